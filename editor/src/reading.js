// Parses a document's Markdown as Python-Markdown will, part by part, and keeps the source of each part.
//
// A part that the two parsers might read differently is not guessed at: it becomes a card that shows its Markdown.
import MarkdownIt from "markdown-it";
import { MarkdownParser } from "prosemirror-markdown";
import { Fragment } from "prosemirror-model";
import { CARDS, LINES, schema } from "./schema.js";

/** What a backslash escapes in Python-Markdown (markdown.core, and its tables). */
const ESCAPED = "\\`*_{}[]()>#+-.!|";

const OPENING = /^ {0,3}(\/{3,})[ ]+([\w-]+)[ ]*(?:\|(.*))?$/;
const CLOSING = /^ {0,3}(\/{3,})[ ]*$/;

const markdown = new MarkdownIt("commonmark", { html: false }).enable("table");
markdown.disable(["html_block", "html_inline", "fence", "lheading", "reference"]);
markdown.validateLink = () => true; // the checks name a link that is not allowed; the editor does not drop it
markdown.normalizeLink = (address) => address;
markdown.normalizeLinkText = (words) => words.replace(/^mailto:/, "");

const { ruler } = markdown.block;
const ruleOf = (name) => ruler.__rules__.find((rule) => rule.name === name).fn;
const lineOf = (state, line) => state.src.slice(state.bMarks[line] + state.tShift[line], state.eMarks[line]);

// A list starts only after an empty line, with a blank and a word after its mark; "1)" starts no list.
const list = ruleOf("list");
ruler.at("list", (state, line, last, silent) => {
  if (!/^([*+-]|\d{1,9}\.)[ ]+[^ \t]/.test(lineOf(state, line))) return false;
  if (silent && state.parentType === "paragraph") return state.listIndent >= 0 && state.sCount[line] - state.blkIndent < 4;
  return list(state, line, last, silent);
}, { alt: ["paragraph", "reference", "blockquote"] });
ruler.at("table", ruleOf("table"), { alt: ["reference"] });

ruler.before("heading", "author_block", (state, line, last, silent) => {
  const opening = OPENING.exec(lineOf(state, line));
  if (!opening || state.sCount[line] - state.blkIndent >= 4) return false;
  const [, slashes, name, argument = ""] = opening;
  const isKnown = name in CARDS || name in LINES || name === "contact";
  if (!isKnown) return false;
  let end = line + 1;
  while (end < last && CLOSING.exec(lineOf(state, end))?.[1] !== slashes) end += 1;
  if (end >= last) return false;
  if (silent) return true;
  const content = state.getLines(line + 1, end, state.blkIndent, false);
  const attrs = { name, argument: argument.trim(), slashes: slashes.length, airy: end > line + 1 && !lineOf(state, line + 1).trim() };
  if (name === "contact") {
    const token = state.push("contact", "", 0);
    token.meta = attrs;
    token.map = [line, end + 1];
    if (content.trim()) token.meta.foreign = true;
  } else if (name in LINES) {
    const open = state.push("line_card_open", "", 1);
    open.meta = attrs;
    open.map = [line, end + 1];
    const inline = state.push("inline", "", 0);
    inline.content = content.trim();
    inline.map = [line + 1, end];
    inline.children = [];
    if (/\n\s*\n/.test(content.trim())) open.meta.foreign = true;
    state.push("line_card_close", "", -1);
  } else {
    const open = state.push("card_open", "", 1);
    open.meta = attrs;
    open.map = [line, end + 1];
    if (/^ {4}/.test(state.getLines(line + 1, line + 2, state.blkIndent, false)) && content.trim()) open.meta.foreign = true; // options
    const { lineMax, parentType } = state;
    state.lineMax = end;
    state.parentType = "root";
    state.md.block.tokenize(state, line + 1, end);
    state.lineMax = lineMax;
    state.parentType = parentType;
    state.push("card_close", "", -1);
  }
  state.line = end + 1;
  return true;
}, { alt: ["paragraph", "reference", "blockquote", "list"] });

markdown.inline.ruler.at("escape", (state, silent) => {
  if (state.src[state.pos] !== "\\") return false;
  const next = state.src[state.pos + 1] || "";
  const escaped = next && ESCAPED.includes(next);
  if (!silent) {
    const token = state.push("text_special", "", 0);
    token.content = escaped ? next : "\\";
    token.markup = escaped ? `\\${next}` : "\\";
    token.info = "escape";
  }
  state.pos += escaped ? 2 : 1;
  return true;
});

// Python-Markdown looks only at blanks around an asterisk, where CommonMark looks at punctuation too: "**Name:**words" is bold.
markdown.inline.State = class extends markdown.inline.State {
  scanDelims(start, canSplitWord) {
    const scanned = super.scanDelims(start, canSplitWord);
    if (!canSplitWord) return scanned;
    const isBlank = (mark) => !mark || /\s/.test(mark);
    return { ...scanned, can_open: !isBlank(this.src[start + scanned.length]), can_close: !isBlank(this.src[start - 1]) };
  }
};

const listIsTight = (tokens, at) => {
  while (++at < tokens.length) if (tokens[at].type !== "list_item_open") return tokens[at].hidden;
  return false;
};
/** A picture's description as it is read out: Python-Markdown takes marks in it as they stand, and resolves what is escaped. */
const described = (words) => words.replace(/\\([\\`*_{}[\]()>#+\-.!|])|&#?\w+;/g, (all, mark) => mark || markdown.utils.unescapeAll(all));
const imageAttrs = (token) => ({ src: token.attrGet("src"), alt: described(token.content), title: token.attrGet("title") || "" });
const cell = (token) => ({ align: /text-align:(\w+)/.exec(token.attrGet("style") || "")?.[1] || null });

const parser = new MarkdownParser(schema, /** @type {any} */ ({ parse: (tokens) => tokens }), {
  paragraph: { block: "paragraph" },
  heading: { block: "heading", getAttrs: (token) => ({ level: Number(token.tag.slice(1)) }) },
  blockquote: { block: "blockquote" },
  list_item: { block: "list_item" },
  bullet_list: { block: "bullet_list", getAttrs: (_, tokens, at) => ({ tight: listIsTight(tokens, at) }) },
  ordered_list: { block: "ordered_list", getAttrs: (token, tokens, at) => ({
    order: Number(token.attrGet("start") ?? 1), tight: listIsTight(tokens, at),
  }) },
  code_block: { block: "code_block", noCloseToken: true },
  hr: { node: "horizontal_rule" },
  card: { block: "card", getAttrs: (token) => token.meta },
  line_card: { block: "line_card", getAttrs: (token) => token.meta },
  contact: { node: "contact", getAttrs: (token) => token.meta },
  picture: { node: "picture", getAttrs: imageAttrs },
  table: { block: "table" },
  thead: { ignore: true },
  tbody: { ignore: true },
  tr: { block: "table_row" },
  th: { block: "table_header", getAttrs: cell },
  td: { block: "table_cell", getAttrs: cell },
  image: { node: "image", getAttrs: imageAttrs },
  hardbreak: { node: "hard_break" },
  em: { mark: "em" },
  strong: { mark: "strong" },
  link: { mark: "link", getAttrs: (token) => ({ href: token.attrGet("href"), title: token.attrGet("title") || null }) },
  code_inline: { mark: "code", noCloseToken: true },
});

/** What Python-Markdown reads differently, and what the site refuses: a card shows it as Markdown. */
const FOREIGN = [
  /^ {0,3}(```|~~~)/m, /\\$/m, /^ {0,3}\[[^\]]+\]:/m, /\S.*\n {0,3}(=+|-+)[ ]*$/m, /^ *(?:(?:[*+-]|\d+\.)[ ]+)*#{1,6}[^#\s]/m, /^ {0,3}(#|#{5,6})[ ]/m,
  /^ *\t/m, /<(?!(?:https?:\/\/|mailto:)?[^\s<>]+[.@][^\s<>]*>)[a-zA-Z/!?]/, /\{:/, /^ {0,3}\*\[[^\]]*\]:/m, /^ *([*+-]|\d+\.)\s*$/m, /[\u0000\u0002\u0003]/,
];

/** @typedef {{ node: import("prosemirror-model").Node, source: string, gap: string }} Part */

/** @param {string} text @returns {{ doc: import("prosemirror-model").Node, parts: Part[], lead: string }} */
export function read(text) {
  const lines = text.split("\n");
  const groups = grouped(markdown.parse(text, {}), lines);
  /** @type {Part[]} */
  const parts = [];
  groups.forEach((group, at) => {
    const from = group.from;
    let to = at + 1 < groups.length ? groups[at + 1].from : lines.length;
    const next = to;
    while (to > from && !lines[to - 1].trim()) to -= 1;
    const source = lines.slice(from, to).join("\n");
    const gap = next < lines.length ? `\n${lines.slice(to, next).map((line) => `${line}\n`).join("")}` : lines.slice(to).map((line) => `\n${line}`).join("");
    parts.push({ node: nodeOf(group, source, lines), source, gap });
  });
  const lead = lines.slice(0, groups[0]?.from ?? lines.length).map((line) => `${line}\n`).join("");
  if (!parts.length) return { doc: schema.node("doc", null, [schema.node("paragraph")]), parts: [], lead: text };
  return { doc: schema.node("doc", null, parts.map((part) => part.node)), parts, lead };
}

/** The tokens of each part. Parts that Python-Markdown reads as one, or that touch a list, stay together. */
function grouped(tokens, lines) {
  const groups = [];
  let depth = 0;
  for (const token of tokens) {
    if (depth === 0 && token.nesting >= 0) groups.push({ from: token.map[0], to: token.map[1], tokens: [], foreign: false });
    groups[groups.length - 1].tokens.push(token);
    depth += token.nesting;
  }
  const merged = [];
  for (const group of groups) {
    const last = merged[merged.length - 1];
    const type = group.tokens[0].type;
    const before = last?.tokens[0].type;
    const touching = last && lines[group.from - 1]?.trim() && !(before === "heading_open" && type === "paragraph_open");
    const oneList = last && /_list_open$/.test(type) && /_list_open$/.test(before) && (touching || type === before);
    const oneQuote = type === "blockquote_open" && before === "blockquote_open";
    const coded = type === "code_block" && /_list_open|^code_block/.test(before || "");
    if (oneList || oneQuote || coded || (touching && [type, before].some((kind) => /list|hr|paragraph|quote|code|table/.test(kind)))) {
      last.tokens.push(...group.tokens);
      last.foreign = !(oneQuote && !touching) || last.foreign;
      last.quotes = oneQuote;
    } else merged.push(group);
  }
  return merged;
}

/** Whether Python-Markdown reads two neighbouring parts inside another part as one, or as something else. */
function crowded(tokens, lines) {
  const stack = [{ type: "", before: "" }];
  for (const token of tokens) {
    const top = stack[stack.length - 1];
    const type = token.type.replace(/_(open|close)$/, "");
    if (token.nesting < 0) stack.pop();
    else if (token.map && !/^(list_item|tr|t[hd]|thead|tbody|inline)$/.test(type)) {
      const touching = top.before && lines[token.map[0] - 1]?.replace(/^(?: {0,3}>[ ]?)+/, "").trim();
      const usual = top.before === "heading" && type === "paragraph" || top.type === "list_item" && top.before === "paragraph" && /_list$/.test(type) ||
        /^(card|line_card|contact)$/.test(type) && /^(card|line_card|contact)$/.test(top.before);
      const pair = `${top.before} ${type}`;
      if (touching && !usual) return true;
      if (stack.length > 1 && /_list \w+_list|blockquote blockquote|(_list|code_block) code_block/.test(pair)) return true;
      top.before = type;
    }
    if (token.nesting > 0) stack.push({ type, before: "" });
  }
  return false;
}

function nodeOf(group, source, lines) {
  const { tokens } = group;
  const bare = source.replace(/^(?: {0,3}>[ ]?)+/gm, "");
  const plain = outsideCode(bare);
  const odd = group.foreign || FOREIGN.some((pattern) => pattern.test(plain)) || tokens.some(unread) || oddList(tokens, bare) || crowded(tokens, lines);
  if (!odd) {
    try {
      const doc = parser.parse(/** @type {any} */ (joined(withCells(withPictures(tokens)))));
      doc.check();
      if (doc.childCount === 1 && wordsOfDocument(doc) === wordsOfTokens(tokens)) return withFirstStep(doc.child(0));
    } catch {
      // ProseMirror's schema has no place for it: show it as Markdown.
    }
  }
  return schema.node("source", { text: source });
}

/** Whether an unknown or unclosed author block was read as words. */
const unread = (token) => token.meta?.foreign || (token.type === "inline" && /^ *\/{3,}/m.test(token.content));
const outsideCode = (source) => source.replace(/(`+)(?!`)[^\n]*?[^`]\1(?!`)/g, "``");

/** Joins quotations that have only an empty line between them. */
function joined(tokens) {
  const depths = [];
  let depth = 0;
  return tokens.filter((token, at) => {
    depths[at] = depth;
    depth += token.nesting;
    const inner = tokens[at + 1]?.type === "blockquote_open" && token.type === "blockquote_close" && depth === 0;
    const second = token.type === "blockquote_open" && at > 0 && tokens[at - 1].type === "blockquote_close" && depth === 1;
    return !inner && !second;
  });
}

/** Turns a paragraph that contains only a picture into a picture. */
function withPictures(tokens) {
  const result = [];
  const inside = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const [open, inline] = [tokens[at], tokens[at + 1]];
    const alone = open.type === "paragraph_open" && inline.children.length === 1 && inline.children[0].type === "image";
    if (alone && inside.every((type) => type === "card_open")) {
      const token = inline.children[0];
      token.type = "picture";
      result.push(token);
      at += 2;
      continue;
    }
    if (open.nesting > 0) inside.push(open.type);
    if (open.nesting < 0) inside.pop();
    result.push(open);
  }
  return result;
}

/** A block of steps in which there is nothing yet has room for the first step. */
function withFirstStep(node) {
  const { name } = node.attrs;
  if (!/^(steps|ticks)$/.test(name) || node.textContent || node.childCount > 1 || node.child(0).type.name !== "paragraph") return node;
  const list = schema.node(name === "steps" ? "ordered_list" : "bullet_list", null, schema.node("list_item", null, schema.node("paragraph")));
  return node.copy(Fragment.from(list));
}

/** Puts the words of each cell of a table into a paragraph, as in the editor's schema. */
function withCells(tokens) {
  const [open, close] = [{ type: "paragraph_open", nesting: 1 }, { type: "paragraph_close", nesting: -1 }];
  return tokens.flatMap((token) => (/^t[hd]_open$/.test(token.type) ? [token, open] : /^t[hd]_close$/.test(token.type) ? [close, token] : [token]));
}

/** Whether Python-Markdown might read a list differently: it nests only by four blanks, and makes each item loose by itself. */
function oddList(tokens, source) {
  if (!tokens.some((token) => /_list_open$/.test(token.type))) return false;
  const marked = source.split("\n").map((line) => /^( *)([*+-]|\d+\.)[ ]+\S/.exec(line)).filter((mark) => mark);
  if (marked.some((mark) => mark[1].length % 4)) return true;
  if (tokens.some((token) => token.type === "code_block" || token.type === "hr")) return true;
  const marks = new Set(marked.map((match) => match[2]).filter((mark) => /\D$/.test(mark) && !/\d/.test(mark)));
  if (marks.size > 1 || marked.some((mark) => mark[2].length > 3)) return true;
  const opens = tokens.map((token, at) => ({ token, at })).filter(({ token }) => /_list_open$/.test(token.type));
  const loose = opens.filter(({ at }) => !listIsTight(tokens, at));
  // A loose list is read the same if nothing is nested in it and its items are paragraphs, all set apart by empty lines.
  return loose.length > 0 && (opens.length > 1 || !everyParagraphIsApart(tokens, source));
}

const everyParagraphIsApart = (tokens, source) => {
  const lines = source.split("\n");
  const starts = lines.map((line, at) => (/^([*+-]|\d+\.)[ ]+\S/.test(line) ? at : -1)).filter((at) => at > 0);
  const isMore = (line, at) => !/^ +\S/.test(line) || (/^ {4}\S/.test(line) && !lines[at - 1].trim());
  return starts.every((at) => !lines[at - 1].trim()) && lines.every(isMore) && lines.length > 1 &&
    tokens.every((token) => /_list_|^list_item_|^paragraph_|^inline$/.test(token.type));
};

const wordsOfTokens = (tokens) => tokens.map((token) =>
  token.type === "code_block" ? token.content.replace(/\s+/g, "") : token.type === "inline" ? wordsOfInline(token.children) : /picture|contact/.test(token.type) ? "\ufffc" : "").join("");
const wordsOfInline = (children) => children.map((child) =>
  /image|picture/.test(child.type) ? "\ufffc" : child.type === "text" || child.type === "code_inline" ? child.content.replace(/\s+/g, "") : "").join("");
const wordsOfDocument = (doc) => {
  let words = "";
  doc.descendants((node) => {
    if (node.isText) words += node.text.replace(/\s+/g, "");
    else if (/^(image|picture|contact)$/.test(node.type.name)) words += "\ufffc";
  });
  return words;
};
