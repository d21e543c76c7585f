// Writes a text back as Markdown. Unchanged parts keep their source, byte for byte; changed parts keep as much of it as possible.
import { MarkdownSerializerState } from "prosemirror-markdown";
import { Fragment } from "prosemirror-model";
import { Transform } from "prosemirror-transform";
import { read } from "./reading.js";

class State extends MarkdownSerializerState {
  /** Escapes with a backslash what Python-Markdown lets one escape, and the rest with HTML entities. @param {string} text */
  esc(text, startOfLine = false) {
    let words = text.replace(/\u0000|\u0002|\u0003/g, "").replace(/[\\`*[\]]/g, "\\$&");
    words = words.replace(/_/g, (mark, at) => (/[^\W_]/.test(words[at - 1] || "") && /[^\W_]/.test(words[at + 1] || "") ? mark : `\\${mark}`));
    words = words.replace(/&(?=#?\w+;)/g, "&amp;").replace(/<(?=[a-zA-Z/!?])/g, "&lt;").replace(/\{(?=:)/g, "&#123;").replace(/\t/g, " ");
    if (this.inCell) words = words.replace(/\|/g, "\\|");
    if (!startOfLine && !/  \n[ >]*$/.test(this.out.slice(-200))) return words;
    return words.replace(/^[ \t]+/, "").replace(/^([>#])/, "\\$1").replace(/^([-+])(?=\s|$)/, "\\$1").replace(/^--\s*$/, "–").replace(/^-(?=--+\s*$)/, "-\\").replace(/^(\d+)\.(?=\s|$)/, "$1\\.")
      .replace(/^\/(?=\/\/)/, "&#47;").replace(/^~(?=~~)/, "&#126;").replace(/^[\s|:-]*\|[\s|:-]*$/, (rule) => rule.replace(/\\?\|/g, "\\|")).replace(/^=(?==*\s*$)/, "&#61;");
  }
}

const address = (/** @type {string} */ href) => {
  const safe = href.replace(/\s/g, "%20").replace(/[<>"]/g, encodeURIComponent);
  let open = 0;
  for (const mark of safe) if (mark === "(") open += 1; else if (mark === ")" && --open < 0) break;
  return open ? safe.replace(/\(/g, "%28").replace(/\)/g, "%29") : safe;
};
const title = (/** @type {string | null} */ words) => (words ? ` "${words.replace(/"/g, "&quot;")}"` : "");
const image = (state, node) => {
  const alt = state.esc(node.attrs.alt || "").replace(/\n/g, " ");
  return `![${alt}](${address(node.attrs.src)}${title(node.attrs.title)})`;
};

/** Three slashes, or one more than the deepest block inside has. */
const slashesOf = (node) => {
  let inner = 0;
  node.forEach((child) => child.descendants((block) => { if (block.attrs.slashes) inner = Math.max(inner, block.attrs.slashes); return true; }));
  node.forEach((child) => { if (child.attrs.slashes) inner = Math.max(inner, slashesOf(child)); });
  return inner >= node.attrs.slashes ? inner + 1 : node.attrs.slashes;
};
const head = (node, name) => `${"/".repeat(slashesOf(node))} ${name}${node.attrs.argument ? ` | ${node.attrs.argument.replace(/\s+/g, " ")}` : ""}`;

const isList = (/** @type {import("prosemirror-model").Node} */ node) => /_list$/.test(node.type.name);
const isBare = (/** @type {import("prosemirror-model").Node} */ node) => !node.textContent.trim() && !written(node).trim();
/** The items of a list that can be written. An empty one shows nothing: Markdown would take its mark for a line under the words
 * above, which makes a heading of them. @returns {import("prosemirror-model").Node[]} */
const itemsOf = (node) => node.children.flatMap((item) => {
  if (!isBare(item.child(0))) return [item];
  const rest = item.children.slice(1).filter((part) => !isBare(part));
  if (!rest.length) return [];
  return isList(rest[0]) ? [...itemsOf(rest[0]), ...rest.slice(1).filter(isList).flatMap(itemsOf)] : [item.copy(Fragment.from(rest))];
});
const list = (state, node, mark) => {
  const items = itemsOf(node);
  if (!items.length) return;
  // Paragraphs of one item are told apart by empty lines, and then so are all items.
  const apart = items.some((item) => item.children.some((part, at) => at > 0 && !isList(part)));
  state.renderList(node.type.create({ ...node.attrs, tight: node.attrs.tight && !apart }, items), "    ", mark);
};

const NODES = {
  paragraph(state, node) {
    if (!node.childCount || !node.textContent.trim() && node.children.every((child) => child.isText || child.type.name === "hard_break")) return;
    state.renderInline(node);
    state.out = state.out.replace(/ +$/, ""); // blanks at the end show nothing
    state.closeBlock(node);
  },
  heading(state, node) {
    if (!node.textContent.trim()) return;
    state.write(`${"#".repeat(node.attrs.level)} `);
    const before = state.out.length;
    state.renderInline(node, false);
    const words = state.out.slice(before).trim().replace(/#(?=#*$)/, "\\#");
    state.out = state.out.slice(0, before) + words;
    state.closeBlock(node);
  },
  bullet_list: (state, node) => list(state, node, () => "- "),
  ordered_list: (state, node) => list(state, node, (at) => `${node.attrs.order + at}. `),
  list_item: (state, node) => state.renderContent(node),
  blockquote: (state, node) => state.wrapBlock("> ", null, node, () => state.renderContent(node)),
  code_block(state, node) {
    state.wrapBlock("    ", null, node, () => state.text(node.textContent, false));
  },
  horizontal_rule(state, node) {
    state.write("---");
    state.closeBlock(node);
  },
  card(state, node) {
    state.write(`${head(node, node.attrs.name)}\n`);
    if (node.attrs.airy) state.out += `${state.delim.trimEnd()}\n`;
    const tight = state.inTightList;
    state.inTightList = false;
    state.renderContent(node);
    state.inTightList = tight;
    if (state.closed) state.flushClose(node.attrs.airy ? 2 : 1);
    state.write("/".repeat(slashesOf(node)));
    state.closeBlock(node);
  },
  line_card(state, node) {
    state.write(`${head(node, node.attrs.name)}\n`);
    state.write();
    state.renderInline(node);
    state.ensureNewLine();
    state.write("/".repeat(node.attrs.slashes));
    state.closeBlock(node);
  },
  contact(state, node) {
    state.write(`${head(node, "contact")}\n`);
    if (node.attrs.airy) state.out += `${state.delim.trimEnd()}\n`;
    state.write("/".repeat(node.attrs.slashes));
    state.closeBlock(node);
  },
  picture(state, node) {
    state.write(image(state, node));
    state.closeBlock(node);
  },
  source(state, node) {
    state.text(node.attrs.text, false);
    state.closeBlock(node);
  },
  table(state, node) {
    const width = Math.max(...node.children.map((row) => row.childCount));
    node.children.forEach((row, at) => {
      state.write("|");
      for (let place = 0; place < width; place += 1) {
        const cell = place < row.childCount ? row.child(place) : null;
        state.out += " ";
        state.inCell = true;
        const before = state.out.length;
        const { delim } = state;
        cell?.forEach((paragraph) => state.renderInline(paragraph, false));
        state.delim = delim;
        state.inCell = false;
        state.out = state.out.slice(0, before) + state.out.slice(before).replace(/\s*\n\s*/g, " ").trim();
        state.out += " |";
      }
      state.ensureNewLine();
      if (at) return;
      state.write("|");
      for (let place = 0; place < width; place += 1) {
        const align = row.maybeChild(place)?.attrs.align;
        state.out += ` ${{ left: ":--", right: "--:", center: ":-:" }[align] || "---"} |`;
      }
      state.ensureNewLine();
    });
    state.out = state.out.replace(/\n$/, "");
    state.closeBlock(node);
  },
  text: (state, node) => state.text(node.text, true),
  image: (state, node) => state.write(image(state, node)),
  hard_break(state, node, parent, at) {
    // A break at the end of a paragraph shows nothing.
    if (parent.children.slice(at + 1).every((after) => after.type === node.type || !(after.text || "x").trim())) return;
    if (state.inCell) state.write(" ");
    else {
      state.out = state.out.replace(/ +$/, "");
      state.write("  \n");
      state.atBlockStart = true;
    }
  },
};

const MARKS = {
  em: { open: "*", close: "*", mixable: true, expelEnclosingWhitespace: true },
  strong: { open: "**", close: "**", mixable: true, expelEnclosingWhitespace: true },
  link: {
    open: "[", close: (_, mark) => `](${address(mark.attrs.href)}${title(mark.attrs.title)})`,
    mixable: true,
  },
  code: {
    open: (_, mark, parent, at) => ticks(parent.child(at).text, -1),
    close: (_, mark, parent, at) => ticks(parent.child(at - 1).text, 1),
    escape: false,
  },
};
const ticks = (text, side) => {
  const longest = Math.max(0, ...(text.match(/`+/g) || []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = /^`|`$/.test(text) ? " " : "";
  return side < 0 ? fence + pad : pad + fence;
};

const remembered = new WeakMap();
/** A part as this editor writes it. @param {import("prosemirror-model").Node} node @returns {string} */
export function written(node) {
  const before = remembered.get(node);
  if (before !== undefined) return before;
  const state = new State(/** @type {any} */ (NODES), /** @type {any} */ (MARKS), { tightLists: true });
  state.render(node, node, 0);
  const text = state.out.replace(/\n+$/, "");
  remembered.set(node, text);
  return text;
}

/** The whole text. @param {import("prosemirror-model").Node} doc @param {ReturnType<typeof read>} from @returns {string} */
export function write(doc, from) {
  const { parts, lead } = from;
  if (doc.eq(from.doc)) return parts.length ? lead + parts.map((part) => part.source + part.gap).join("") : lead;
  const pieces = piecesOf(doc, from).filter((piece) => piece.text);
  return (pieces[0]?.at === 0 ? lead : "") + pieces.map((piece, place) => piece.text + gapAfter(piece, pieces[place + 1], parts)).join("");
}

/** The line, from 1, on which each part of `doc` begins. @returns {number[]} */
export function startsOf(doc, from) {
  const pieces = piecesOf(doc, from);
  let line = 1;
  return pieces.map((piece, place) => {
    const start = line;
    const next = pieces.slice(place + 1).find((later) => later.text);
    if (piece.text) line += (piece.text + gapAfter(piece, next, from.parts)).split("\n").length - 1;
    return start;
  });
}

function piecesOf(doc, { parts }) {
  const matched = alignment(doc.children, parts);
  return doc.children.map((node, place) => {
    const at = matched[place];
    const part = at === undefined ? null : parts[at];
    const text = !part ? written(node) : part.node.eq(node) ? part.source : grafted(part, node);
    return { text: text.trim() ? text : "", at: at ?? -1 };
  });
}

function gapAfter(piece, next, parts) {
  const gap = parts[piece.at]?.gap;
  if (next) return piece.at >= 0 && next.at === piece.at + 1 && gap ? gap : "\n\n";
  return parts.at(-1)?.gap || "";
}

/** For each node, the index of its part of the source, unchanged or changed. @returns {(number | undefined)[]} */
function alignment(nodes, parts) {
  /** @type {(number | undefined)[]} */
  const matches = Array(nodes.length).fill(undefined);
  let start = 0;
  while (start < nodes.length && start < parts.length && parts[start].node.eq(nodes[start])) matches[start] = start++;
  let end = 0;
  while (end < nodes.length - start && end < parts.length - start && parts[parts.length - 1 - end].node.eq(nodes[nodes.length - 1 - end])) {
    matches[nodes.length - 1 - end] = parts.length - 1 - end;
    end += 1;
  }
  const places = new Map();
  for (let at = parts.length - end - 1; at >= start; at -= 1) {
    const key = written(parts[at].node);
    places.set(key, [at, ...(places.get(key) || [])]);
  }
  let least = start;
  for (let place = start; place < nodes.length - end; place += 1) {
    const at = (places.get(written(nodes[place])) || []).find((/** @type {number} */ index) => index >= least);
    if (at === undefined || !parts[at].node.eq(nodes[place])) continue;
    matches[place] = at;
    least = at + 1;
  }
  // Between two unchanged parts, nodes of the same kind are taken to be changed parts, in order.
  let before = start - 1;
  for (let place = start; place < nodes.length - end; place += 1) {
    if (matches[place] !== undefined) { before = /** @type {number} */ (matches[place]); continue; }
    const after = matches.slice(place).find((index) => index !== undefined) ?? parts.length;
    for (let at = before + 1; at < after; at += 1) {
      if (parts[at].node.type !== nodes[place].type) continue;
      matches[place] = at;
      before = at;
      break;
    }
  }
  return matches;
}

/** The source of a part with the change made in it, if that is certain to be right; else the part as this editor writes it. */
function grafted(part, node) {
  const changed = node.type.name === "table" ? rowsGrafted(part, node) : wordsGrafted(part, node);
  if (!changed) return written(node);
  const again = read(changed);
  return again.parts.length === 1 && again.doc.child(0).eq(node) ? changed : written(node);
}

/** The source of a table: unchanged rows keep their lines, and so does the line below the heads. */
function rowsGrafted(part, node) {
  const [before, now] = [part.source.split("\n"), written(node).split("\n")];
  const lines = node.children.map((row, at) => {
    const was = part.node.children.findIndex((other) => other.eq(row));
    return was < 0 ? now[at && at + 1] : before[was && was + 1];
  });
  return [lines[0], before[1], ...lines.slice(1)].join("\n");
}

function wordsGrafted(part, node) {
  const now = written(node);
  const was = written(part.node);
  if (part.source === was) return now;
  const [head, tail] = [sharedStart(was, now), sharedEnd(was, now)];
  const start = Math.min(head, was.length - Math.min(tail, was.length - head));
  const end = Math.min(tail, was.length - start, now.length - start);
  const from = place(part.source, was, start);
  const back = place(reversed(part.source), reversed(was), end);
  if (from < 0 || back < 0 || from + back > part.source.length) return "";
  return part.source.slice(0, from) + now.slice(start, now.length - end) + part.source.slice(part.source.length - back);
}

const sharedStart = (text, other) => {
  let at = 0;
  while (at < text.length && at < other.length && text[at] === other[at]) at += 1;
  return at;
};
const sharedEnd = (text, other) => sharedStart(reversed(text), reversed(other));
const reversed = (text) => Array.from({ length: text.length }, (_, at) => text[text.length - 1 - at]).join("");

/** Where the first `length` characters of `was` end in `source`, if both agree up to there except in blanks and marks; else -1. */
function place(source, was, length) {
  let [at, done] = [0, 0];
  const alike = (mark, other) => mark === other || ("*+-".includes(mark) && "*+-".includes(other)) || ("*_".includes(mark) && "*_".includes(other));
  while (done < length) {
    if (/\s/.test(was[done]) && /\s/.test(source[at] || "")) {
      while (done < length && /\s/.test(was[done])) done += 1;
      while (/\s/.test(source[at] || "")) at += 1;
    } else if (at < source.length && alike(source[at], was[done])) {
      at += 1;
      done += 1;
    } else return -1;
  }
  return at;
}

/** The text after somebody typed `words` at `place`. */
export const typed = (doc, place, words) => new Transform(doc).insert(place, doc.type.schema.text(words)).doc;
