// Shows author blocks, pictures and raw Markdown as cards with labelled fields inside the text.
import { redo, undo } from "prosemirror-history";
import { NodeSelection, TextSelection } from "prosemirror-state";
import { CARDS, CONTACT, LINES } from "./schema.js";

let idsUsed = 0;

/** An element with attributes and children. @param {string} tag @param {Record<string, string>} attributes @param {(Node | string)[]} children */
export function element(tag, attributes = {}, ...children) {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, value);
  created.append(...children);
  return created;
}

class Card {
  constructor(node, view, getPos) {
    Object.assign(this, { node, view, getPos });
    const about = { ...CARDS, ...LINES }[node.attrs.name] || (node.type.name === "contact" ? CONTACT : null);
    this.dom = element("section", { class: `block ${node.attrs.name || node.type.name}` });
    this.fields = element("div", { class: "block-fields", contenteditable: "false" });
    this.dom.append(this.fields);
    if (about) this.author(about);
    else if (node.type.name === "picture") this.picture();
    else this.source();
    this.show();
  }

  author(about) {
    const { name } = this.node.attrs;
    this.dom.setAttribute("aria-label", about.name);
    this.fields.append(element("p", { class: "block-name" }, about.name), this.remove());
    if (["call", "number"].includes(name) || this.node.type.name === "contact") this.field(about.argument, "argument", this.choice());
    else if (about.argument) {
      const attributes = { placeholder: about.sample, autocomplete: "off", ...(name === "action" ? { list: "own-pages" } : {}) };
      this.field(about.argument, "argument", element("input", attributes));
    }
    if (this.node.type.isAtom) return;
    this.contentDOM = element("div", { class: "block-inside", "data-inside": "" });
    this.dom.append(this.contentDOM);
  }

  /** A list of the contacts, which the page holds. */
  choice() {
    const select = element("select", {}, element("option", { value: "" }, "Choose …"));
    for (const option of document.querySelectorAll("#own-contacts option")) select.append(option.cloneNode(true));
    if (this.node.attrs.argument && ![...select.options].some((option) => option.value === this.node.attrs.argument)) {
      select.append(element("option", { value: this.node.attrs.argument }, this.node.attrs.argument));
    }
    return select;
  }

  picture() {
    this.dom.setAttribute("aria-label", "Picture");
    this.image = element("img", { alt: "" });
    this.fields.append(this.image, this.remove());
    this.field("What it shows, for those who cannot see it", "alt", element("input", { maxlength: "255" }));
    this.field("Words under it", "title", element("input", { placeholder: "Credit, or nothing" }));
  }

  source() {
    this.dom.setAttribute("aria-label", "Markdown");
    this.fields.append(element("p", { class: "block-name" }, "Markdown"), this.remove());
    this.field("As it is written", "text", element("textarea", { rows: "4" }));
  }

  remove() {
    const button = element("button", { type: "button", class: "plain" }, "Take out");
    button.addEventListener("click", () => {
      const at = this.getPos();
      this.view.dispatch(this.view.state.tr.delete(at, at + this.node.nodeSize));
      this.view.focus();
    });
    return button;
  }

  field(label, name, control) {
    const id = `block-${++idsUsed}`;
    control.id = id;
    control.dataset.attribute = name;
    control.addEventListener("input", () => {
      const at = this.getPos();
      const value = control.tagName === "TEXTAREA" ? control.value : control.value.replace(/\s+/g, " ");
      this.view.dispatch(this.view.state.tr.setNodeMarkup(at, null, { ...this.node.attrs, [name]: value }));
    });
    control.addEventListener("keydown", (event) => this.key(event, control));
    this.fields.append(element("label", { for: id }, label), control);
  }

  /** Enter moves from the field into the text, and never submits; undo is the text's, so that one history covers everything. */
  key(event, control) {
    const ctrl = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (ctrl && (key === "z" || key === "y")) {
      event.preventDefault();
      (key === "y" || event.shiftKey ? redo : undo)(this.view.state, this.view.dispatch);
    } else if (event.key === "Enter" && control.tagName === "INPUT") {
      event.preventDefault();
      const inside = this.contentDOM ? this.getPos() + 1 : this.getPos() + this.node.nodeSize;
      this.view.dispatch(this.view.state.tr.setSelection(TextSelection.near(this.view.state.doc.resolve(inside), 1)).scrollIntoView());
      this.view.focus();
    }
  }

  show() {
    for (const control of this.fields.querySelectorAll("[data-attribute]")) {
      const value = this.node.attrs[control.dataset.attribute];
      if (control.value.replace(/\s+/g, " ").trim() !== value.replace(/\s+/g, " ").trim()) control.value = value;
    }
    this.image?.setAttribute("src", /^\/images\/[\w.-]+$/.test(this.node.attrs.src) ? this.node.attrs.src : "");
  }

  update(node) {
    if (node.type !== this.node.type || node.attrs.name !== this.node.attrs.name) return false;
    this.node = node;
    this.show();
    return true;
  }

  stopEvent(event) {
    return this.fields.contains(event.target);
  }

  ignoreMutation(change) {
    return change.type !== "selection" && (!this.contentDOM || !this.contentDOM.contains(change.target));
  }
}

const make = (node, view, getPos) => new Card(node, view, getPos);
export const cards = { card: make, line_card: make, contact: make, picture: make, source: make };

/** Puts the caret into the first field of the block at `at`, or into its words. */
export function enter(view, at) {
  const dom = view.nodeDOM(at);
  const first = dom?.querySelector?.(".block-fields input, .block-fields select, .block-fields textarea");
  if (first) return first.focus();
  view.focus();
  const place = view.state.doc.resolve(at + 1);
  view.dispatch(view.state.tr.setSelection(place.parent.inlineContent || !place.nodeAfter?.isAtom ? TextSelection.near(place, 1) : NodeSelection.create(view.state.doc, at)));
}
