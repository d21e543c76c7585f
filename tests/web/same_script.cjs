// Reads [[name, before, after], …] and writes the names of the scripts that do not do the same. TypeScript's parser gives
// the syntax of each script, its checker the declaration of each name; what a script calls its own names does not count.
const ts = require("../node_modules/typescript");

// Brackets around a name, as a JSDoc cast needs them, mean nothing.
const isName = (node) =>
  ts.isIdentifier(node) ||
  (ts.isPropertyAccessExpression(node) && !node.questionDotToken && isName(node.expression)) ||
  (ts.isParenthesizedExpression(node) && isName(node.expression));

function facts(text) {
  const source = ts.createSourceFile("one.js", text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
  const host = {
    getSourceFile: (name) => (name === "one.js" ? source : undefined),
    getDefaultLibFileName: () => "lib.d.ts",
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    fileExists: (name) => name === "one.js",
    readFile: () => undefined,
    writeFile: () => {},
  };
  const program = ts.createProgram(["one.js"], { allowJs: true, noLib: true, noResolve: true }, host);
  if (source.parseDiagnostics.length) return [source.parseDiagnostics[0].messageText];
  const checker = program.getTypeChecker();
  const parts = [];
  const meant = (symbol, name) => {
    const [declaration] = symbol?.declarations ?? [];
    const inner = declaration && declaration.getSourceFile() === source && declaration.parent.parent.parent !== source;
    parts.push(inner ? ["own", declaration.name ?? declaration] : ["outer", name]);
  };
  const visit = (node) => {
    const { parent } = node;
    if (ts.isParenthesizedExpression(node) && isName(node)) return visit(node.expression);
    if (ts.isShorthandPropertyAssignment(node)) {
      parts.push("PropertyAssignment", "Identifier", ["property", node.name.text], "Identifier");
      meant(checker.getShorthandAssignmentValueSymbol(node), node.name.text);
      return;
    }
    parts.push(ts.SyntaxKind[node.kind]);
    if (ts.isIdentifier(node)) {
      const key = parent.name === node && (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent));
      if (key || parent.propertyName === node) parts.push(["property", node.text]);
      else {
        const inPattern = ts.isBindingElement(parent) && ts.isObjectBindingPattern(parent.parent) && parent.name === node;
        if (inPattern && !parent.propertyName && !parent.dotDotDotToken) parts.push(["property", node.text], "Identifier");
        meant(checker.getSymbolAtLocation(node), node.text);
      }
    } else if (ts.isLiteralExpression(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) {
      parts.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const places = [...new Set(parts.filter((part) => part[0] === "own").map(([, name]) => name.getStart()))].sort((a, b) => a - b);
  return parts.map((part) => (part[0] === "own" ? ["own", places.indexOf(part[1].getStart())] : part));
}

const scripts = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const differ = [];
for (const [name, before, after] of scripts) {
  const [old, shortened] = [facts(before), facts(after)];
  const at = old.findIndex((fact, index) => JSON.stringify(fact) !== JSON.stringify(shortened[index]));
  if (at >= 0 || old.length !== shortened.length) differ.push([name, old.slice(at, at + 3), shortened.slice(at, at + 3)]);
}
console.log(JSON.stringify(differ));
