// ProseMirror's schema for the texts of this site: the Markdown that documents/markdown.py allows, and author blocks.
import { Schema } from "prosemirror-model";
import { tableNodes } from "prosemirror-tables";

/** Author blocks that contain blocks of text, with the label of their argument, "" if they have none.
 * @type {Record<string, { name: string, argument: string, sample: string, inside: string }>} */
export const CARDS = {
  callout: { name: "Box: good to know", argument: "Title", sample: "Good to know", inside: "What it says" },
  emergency: { name: "Box: in danger now", argument: "Title", sample: "In danger now", inside: "What to do at once" },
  steps: { name: "Steps", argument: "", sample: "", inside: "The first step" },
  statistic: { name: "Figure", argument: "The figure", sample: "46%", inside: "What the figure means" },
  quote: { name: "Statement", argument: "Who said it, and their role", sample: "Name, role", inside: "What they said" },
  fold: { name: "Part that opens", argument: "Title", sample: "Your accounts", inside: "What it holds" },
  device: { name: "Steps for one browser", argument: "Which browser", sample: "firefox-computer", inside: "The steps" },
  ticks: { name: "List to tick", argument: "", sample: "", inside: "The first thing" },
  write: { name: "Room to write", argument: "Title", sample: "Anything else", inside: "Words above it" },
  question: { name: "Question", argument: "The question", sample: "Are you afraid?", inside: "Pages and lines that fit" },
  audio: { name: "Recording", argument: "File in content/media", sample: "signs.mp3", inside: "Its words" },
  video: { name: "Video", argument: "File in content/media, with captions beside it", sample: "signs.mp4", inside: "Its words, after a picture" },
  idea: { name: "Idea beside a drawing", argument: "Which drawing", sample: "phone", inside: "One idea, in short sentences" },
  place: { name: "Numbers for a place", argument: "Which place", sample: "north", inside: "The numbers" },
};
/** Author blocks that contain one line. @type {Record<string, { name: string, argument: string, sample: string, inside: string }>} */
export const LINES = {
  action: { name: "Big link", argument: "Where it leads", sample: "/help/get-help-now", inside: "Words of the link" },
  call: { name: "Call now", argument: "Contact", sample: "", inside: "Words under the number" },
  number: { name: "Number alone", argument: "Contact", sample: "", inside: "Words beside the number" },
};
export const CONTACT = { name: "Contact", argument: "Contact", sample: "", inside: "" };

const airy = { default: false };

export const schema = new Schema({
  nodes: {
    doc: { content: "block+" },
    paragraph: { content: "inline*", group: "block", parseDOM: [{ tag: "p" }], toDOM: () => ["p", 0] },
    heading: {
      attrs: { level: { default: 2 } }, content: "inline*", group: "block", defining: true,
      parseDOM: [2, 3, 4].map((level) => ({ tag: `h${level}`, attrs: { level } })),
      toDOM: (node) => [`h${node.attrs.level}`, 0],
    },
    bullet_list: {
      attrs: { tight: { default: true } }, content: "list_item+", group: "block",
      parseDOM: [{ tag: "ul" }], toDOM: () => ["ul", 0],
    },
    ordered_list: {
      attrs: { order: { default: 1 }, tight: { default: true } }, content: "list_item+", group: "block",
      parseDOM: [{ tag: "ol", getAttrs: (dom) => ({ order: Number(dom.getAttribute("start")) || 1 }) }],
      toDOM: (node) => (node.attrs.order === 1 ? ["ol", 0] : ["ol", { start: node.attrs.order }, 0]),
    },
    list_item: { content: "paragraph block*", defining: true, parseDOM: [{ tag: "li" }], toDOM: () => ["li", 0] },
    blockquote: { content: "block+", group: "block", defining: true, parseDOM: [{ tag: "blockquote" }], toDOM: () => ["blockquote", 0] },
    code_block: {
      content: "text*", group: "block", code: true, marks: "", defining: true,
      parseDOM: [{ tag: "pre", preserveWhitespace: "full" }], toDOM: () => ["pre", ["code", 0]],
    },
    horizontal_rule: { group: "block", parseDOM: [{ tag: "hr" }], toDOM: () => ["hr"] },
    card: {
      attrs: { name: {}, argument: { default: "" }, slashes: { default: 3 }, airy }, content: "block+", group: "block",
      defining: true, isolating: true,
      parseDOM: [{ tag: "div[data-card]", getAttrs: cardAttrs, contentElement: "[data-inside]" }],
      toDOM: (node) => ["div", written(node), ["div", { "data-inside": "" }, 0]],
    },
    line_card: {
      attrs: { name: {}, argument: { default: "" }, slashes: { default: 3 }, airy }, content: "inline*", group: "block",
      defining: true, isolating: true,
      parseDOM: [{ tag: "div[data-line-card]", getAttrs: cardAttrs, contentElement: "[data-inside]" }],
      toDOM: (node) => ["div", { ...written(node), "data-line-card": node.attrs.name }, ["div", { "data-inside": "" }, 0]],
    },
    contact: {
      attrs: { argument: { default: "" }, slashes: { default: 3 }, airy: { default: true } }, group: "block", atom: true,
      parseDOM: [{ tag: "div[data-contact-card]", getAttrs: cardAttrs }],
      toDOM: (node) => ["div", { ...written(node), "data-contact-card": "" }],
    },
    picture: {
      attrs: { src: {}, alt: { default: "" }, title: { default: "" } }, group: "block", atom: true, draggable: true,
      parseDOM: [{ tag: "figure[data-picture]", getAttrs: (dom) => ({
        src: dom.getAttribute("data-picture"), alt: dom.getAttribute("data-alt") || "", title: dom.getAttribute("data-title") || "",
      }) }],
      toDOM: (node) => ["figure", { "data-picture": node.attrs.src, "data-alt": node.attrs.alt, "data-title": node.attrs.title }],
    },
    source: {
      attrs: { text: { default: "" } }, group: "block", atom: true,
      parseDOM: [{ tag: "pre[data-source]", priority: 60, getAttrs: (dom) => ({ text: dom.getAttribute("data-source") || "" }) }],
      toDOM: (node) => ["pre", { "data-source": node.attrs.text }],
    },
    ...tableNodes({
      tableGroup: "block", cellContent: "paragraph",
      cellAttributes: { align: {
        default: null,
        getFromDOM: (dom) => dom.getAttribute("data-align"),
        setDOMAttr: (value, attrs) => { if (value) attrs["data-align"] = value; },
      } },
    }),
    text: { group: "inline" },
    image: {
      attrs: { src: {}, alt: { default: "" }, title: { default: "" } }, inline: true, group: "inline", draggable: true,
      parseDOM: [{ tag: "img[src^='/images/']", getAttrs: (dom) => ({
        src: dom.getAttribute("src"), alt: dom.getAttribute("alt") || "", title: dom.getAttribute("title") || "",
      }) }],
      toDOM: (node) => ["img", node.attrs],
    },
    hard_break: { inline: true, group: "inline", selectable: false, parseDOM: [{ tag: "br" }], toDOM: () => ["br"] },
  },
  marks: {
    link: {
      attrs: { href: {}, title: { default: null } }, inclusive: false,
      parseDOM: [{ tag: "a[href]", getAttrs: (dom) => ({ href: dom.getAttribute("href"), title: dom.getAttribute("title") }) }],
      toDOM: (mark) => ["a", mark.attrs],
    },
    em: { parseDOM: [{ tag: "i" }, { tag: "em" }], toDOM: () => ["em"] },
    strong: { parseDOM: [{ tag: "b" }, { tag: "strong" }], toDOM: () => ["strong"] },
    code: { parseDOM: [{ tag: "code" }], toDOM: () => ["code"], code: true },
  },
});

function written(node) {
  return { "data-card": node.attrs.name || "contact", "data-argument": node.attrs.argument };
}

function cardAttrs(dom) {
  const name = dom.getAttribute("data-card") || "";
  const argument = dom.getAttribute("data-argument") || "";
  if (dom.hasAttribute("data-contact-card")) return { argument };
  return (dom.hasAttribute("data-line-card") ? name in LINES : name in CARDS) ? { name, argument } : false;
}
