// Reads [[name, before, after], …] and writes the names of the scripts that do not do the same. TypeScript's parser says
// what each is made of, its checker which declaration each name means; what a script calls its own names is left out.
const ts = require("../node_modules/typescript");

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
  const told = [];
  const meant = (symbol, name) => {
    const [declaration] = symbol?.declarations ?? [];
    const inner = declaration && declaration.getSourceFile() === source && declaration.parent.parent.parent !== source;
    told.push(inner ? ["own", declaration.name ?? declaration] : ["outer", name]);
  };
  const visit = (node) => {
    const { parent } = node;
    if (ts.isShorthandPropertyAssignment(node)) {
      told.push("PropertyAssignment", "Identifier", ["property", node.name.text], "Identifier");
      meant(checker.getShorthandAssignmentValueSymbol(node), node.name.text);
      return;
    }
    told.push(ts.SyntaxKind[node.kind]);
    if (ts.isIdentifier(node)) {
      const key = parent.name === node && (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent));
      if (key || parent.propertyName === node) told.push(["property", node.text]);
      else {
        const inPattern = ts.isBindingElement(parent) && ts.isObjectBindingPattern(parent.parent) && parent.name === node;
        if (inPattern && !parent.propertyName && !parent.dotDotDotToken) told.push(["property", node.text], "Identifier");
        meant(checker.getSymbolAtLocation(node), node.text);
      }
    } else if (ts.isLiteralExpression(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) {
      told.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const places = [...new Set(told.filter((one) => one[0] === "own").map(([, name]) => name.getStart()))].sort((a, b) => a - b);
  return told.map((one) => (one[0] === "own" ? ["own", places.indexOf(one[1].getStart())] : one));
}

const scripts = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const differ = [];
for (const [name, before, after] of scripts) {
  const [one, other] = [facts(before), facts(after)];
  const at = one.findIndex((fact, place) => JSON.stringify(fact) !== JSON.stringify(other[place]));
  if (at >= 0 || one.length !== other.length) differ.push([name, one.slice(at, at + 3), other.slice(at, at + 3)]);
}
console.log(JSON.stringify(differ));
