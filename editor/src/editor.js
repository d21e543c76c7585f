// The editor that shows a text as it will stand on the page. It takes the place of the form's own field, which it fills when
// the form is read: so that saving, keeping and sending are the form's, with this or without.
import { baseKeymap } from "prosemirror-commands";
import { dropCursor } from "prosemirror-dropcursor";
import { gapCursor } from "prosemirror-gapcursor";
import { history } from "prosemirror-history";
import { keymap } from "prosemirror-keymap";
import { DOMParser as Reader, Slice } from "prosemirror-model";
import { EditorState, Plugin, Selection } from "prosemirror-state";
import { tableEditing } from "prosemirror-tables";
import { Decoration, DecorationSet, EditorView } from "prosemirror-view";
import { cards } from "./cards.js";
import { commands, insertBlock, isOn, keys, put, rules } from "./commands.js";
import { read } from "./reading.js";
import { CARDS, LINES, schema } from "./schema.js";
import { startsOf, write } from "./writing.js";

const MODE = "sidedoor-writes-markdown";
const form = /** @type {HTMLFormElement} */ (document.querySelector("form[data-editor]"));
const field = /** @type {HTMLTextAreaElement} */ (document.querySelector("#f-body"));
const visual = /** @type {HTMLElement} */ (document.querySelector("[data-visual]"));

/** @type {EditorView | null} */
let view = null;
/** @type {ReturnType<typeof read>} */
let from;
let changed = false;

/** What an empty place is for. */
const placeholders = new Plugin({
  props: {
    decorations(state) {
      /** @type {Decoration[]} */
      const found = [];
      const sample = (at, node, words) => words && found.push(Decoration.node(at, at + node.nodeSize, { "data-placeholder": words }));
      if (state.doc.childCount === 1 && !state.doc.child(0).content.size && state.doc.child(0).type.name === "paragraph") sample(0, state.doc.child(0), "Write here, or paste from Word.");
      state.doc.descendants((node, at) => {
        // An empty heading of a table is none yet.
        if (node.type.name === "table_header" && !node.textContent) found.push(Decoration.node(at, at + node.nodeSize, { role: "cell" }));
        if (node.type.name === "line_card" && !node.content.size) sample(at, node, LINES[node.attrs.name]?.inside);
        if (node.type.name === "card") {
          let first = node.firstChild;
          let place = at + 1;
          while (first && !first.isTextblock && first.firstChild) { first = first.firstChild; place += 1; }
          if (node.childCount === 1 && first?.isTextblock && !first.content.size) sample(place, first, CARDS[node.attrs.name]?.inside);
        }
        return !node.isTextblock;
      });
      return DecorationSet.create(state.doc, found);
    },
  },
});

function state(doc) {
  return EditorState.create({ doc, plugins: [
    rules, keymap({ ...keys, "Mod-k": () => (openLink(), true) }), keymap(baseKeymap), history(), dropCursor(), gapCursor(), tableEditing(), placeholders,
  ] });
}

function open() {
  from = read(field.value);
  changed = false;
  view = new EditorView(visual.querySelector("[data-surface]"), {
    state: state(from.doc), nodeViews: cards,
    attributes: { id: "visual-text", role: "textbox", "aria-multiline": "true", "aria-label": "Text", "aria-describedby": "h-visual", spellcheck: "true" },
    dispatchTransaction(tr) {
      view.updateState(view.state.apply(tr));
      if (tr.docChanged) {
        changed = true;
        form.dispatchEvent(new Event("input"));
      }
      refresh();
    },
    handleDOMEvents: { paste: (_, event) => paste(event), drop: (_, event) => !!event.dataTransfer?.types.includes("Files") },
  });
  refresh();
}

/** The Markdown of what stands here now; the field's own until something is changed. */
const markdown = () => (view && changed ? write(view.state.doc, from).replace(/^\n+|\n+$/g, "") : field.value);

form.addEventListener("formdata", (event) => {
  if (!view) return;
  field.value = markdown();
  event.formData.set("body", field.value);
});

function show(visually) {
  if (!visually && view) {
    field.value = markdown();
    view.destroy();
    view = null;
  }
  visual.hidden = !visually;
  for (const part of form.querySelectorAll("[data-plain]")) part.toggleAttribute("hidden", visually);
  if (visually && !view) open();
}
for (const button of form.querySelectorAll("[data-mode]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const visually = button.dataset.mode === "visual";
    if (visually) localStorage.removeItem(MODE);
    else localStorage.setItem(MODE, "yes");
    show(visually);
    if (visually) view?.focus();
    else field.focus();
  });
}

// Pasting: paste.js makes of it what this site has, and says what it left out.
function paste(event) {
  const data = event.clipboardData;
  const html = data?.getData("text/html") || "";
  const files = [...(data?.files || [])].filter((file) => file.type.startsWith("image/"));
  if (files.length && !html) {
    event.preventDefault();
    openPicture(files[0]);
    return true;
  }
  const text = data?.getData("text/plain") || "";
  if (!html && !text) return false;
  if (/data-pm-slice/.test(html)) {
    window.sidedoorPaste.tell("");
    return false; // from here: ProseMirror knows its own
  }
  event.preventDefault();
  const cleaned = window.sidedoorPaste.taken(html, text);
  insertClean(cleaned.body);
  window.sidedoorPaste.tell(cleaned.left);
  return true;
}

function insertClean(body) {
  const reader = Reader.fromSchema(schema);
  const one = body.children.length === 1 && body.firstElementChild.tagName === "P" && body.childNodes.length === 1;
  const slice = one ? reader.parseSlice(body) : new Slice(reader.parse(body).content, 0, 0);
  const tr = view.state.tr;
  const { $from, empty } = view.state.selection;
  if (!one && empty && $from.depth === 1 && !$from.parent.content.size) tr.replaceWith($from.before(), $from.after(), slice.content);
  else tr.replaceSelection(one ? slice : Slice.maxOpen(slice.content));
  view.dispatch(tr.scrollIntoView().setMeta("paste", true).setMeta("uiEvent", "paste"));
}

// The toolbar: one stop of the Tab key, arrows within it.
const toolbar = /** @type {HTMLElement} */ (visual.querySelector("[role=toolbar]"));
const tools = /** @type {HTMLElement[]} */ ([...toolbar.querySelectorAll("button, select")]);
tools.forEach((tool, at) => { tool.tabIndex = at ? -1 : 0; });
toolbar.addEventListener("keydown", (event) => {
  const at = tools.indexOf(/** @type {HTMLElement} */ (event.target));
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tools.length - 1 }[event.key];
  if (to === undefined || (/** @type {HTMLElement} */ (event.target).tagName === "SELECT" && /Home|End/.test(event.key))) return;
  event.preventDefault();
  const next = tools[(to + tools.length) % tools.length];
  for (const tool of tools) tool.tabIndex = tool === next ? 0 : -1;
  next.focus();
});
toolbar.addEventListener("mousedown", (event) => { if (/** @type {Element} */ (event.target).closest("button")) event.preventDefault(); });
toolbar.addEventListener("click", (event) => {
  const name = /** @type {Element} */ (event.target).closest("button")?.dataset.command;
  if (!name || !view) return;
  if (name === "link") return openLink();
  if (name === "picture") return openPicture();
  const taken = commands[name](view.state, view.dispatch, view);
  if (taken && !/statement|table/.test(name)) view.focus();
});
const menu = /** @type {HTMLSelectElement} */ (toolbar.querySelector("select"));
menu.addEventListener("change", () => {
  const name = menu.value;
  menu.value = "";
  if (name && view) insertBlock(name)(view.state, view.dispatch, view);
});
function refresh() {
  if (!view) return;
  for (const tool of tools) {
    const on = isOn[tool.dataset.command];
    if (on) tool.setAttribute("aria-pressed", String(on(view.state)));
  }
}

// Links.
const linking = /** @type {HTMLDialogElement} */ (document.querySelector("[data-link-dialog]"));
const [address, words] = ["address", "words"].map((name) => /** @type {HTMLInputElement} */ (linking.querySelector(`[name=${name}]`)));
function openLink() {
  const { from: start, to: end, $from, empty } = view.state.selection;
  const link = schema.marks.link.isInSet($from.marks()) || (empty ? null : schema.marks.link.isInSet(view.state.doc.resolve(Math.min(start + 1, end)).marks()));
  address.value = link?.attrs.href || "";
  words.value = view.state.doc.textBetween(start, end, " ");
  words.closest(".field").hidden = !empty || !!link;
  linking.querySelector("[value=none]").hidden = !link;
  linking.returnValue = "";
  linking.showModal();
}
/** The words that one link is on, at the caret. */
function around(type) {
  const { $from, from: start, to: end, empty } = view.state.selection;
  if (!empty) return [start, end];
  let [first, last] = [$from.pos, $from.pos];
  $from.parent.forEach((node, at) => {
    const place = $from.start() + at;
    if (type.isInSet(node.marks) && place <= $from.pos && place + node.nodeSize >= $from.pos) [first, last] = [place, place + node.nodeSize];
  });
  return [first, last];
}
linking.addEventListener("close", () => {
  view.focus();
  const chosen = linking.returnValue;
  const href = address.value.trim();
  if (!/^(set|none)$/.test(chosen)) return;
  const type = schema.marks.link;
  const [start, end] = around(type);
  const tr = view.state.tr.removeMark(start, end, type);
  if (chosen === "set" && href) {
    const full = /^(\/|#|https?:|mailto:|tel:)/.test(href) ? href : /^[^\s@/]+@[^\s@/]+$/.test(href) ? `mailto:${href}` : `https://${href}`;
    const mark = type.create({ href: full });
    if (start === end) tr.insert(start, schema.text(words.value.trim() || titleOf(full), [mark]));
    else tr.addMark(start, end, mark);
  }
  view.dispatch(tr.scrollIntoView());
});
const titleOf = (href) => [...document.querySelectorAll("#own-pages option")].find((one) => one.value === href)?.label || href.replace(/^(https?:\/\/|mailto:)/, "");

// Pictures, at the caret, with what they show asked first. A refused one costs no word: nothing of the page is sent with it.
const picturing = /** @type {HTMLDialogElement} */ (document.querySelector("[data-picture-dialog]"));
const said = /** @type {HTMLElement} */ (picturing.querySelector("[role=alert]"));
function openPicture(given) {
  said.textContent = "";
  picturing.querySelector("form").reset();
  picturing.querySelector("[name=picture]").required = true;
  if (given) {
    const one = new DataTransfer();
    one.items.add(given);
    picturing.querySelector("[name=picture]").files = one.files;
  }
  picturing.showModal();
}
// One of the library: its description comes along, and can be changed for this page.
const file = /** @type {HTMLInputElement} */ (picturing.querySelector("[name=picture]"));
const chosen = () => /** @type {HTMLInputElement | null} */ (picturing.querySelector("[name=picture_here]:checked"));
picturing.addEventListener("change", (event) => {
  if (event.target === file) chosen() && (chosen().checked = false);
  else if (event.target.name === "picture_here") {
    file.value = "";
    picturing.querySelector("[name=picture_alt]").value = event.target.dataset.shows;
    picturing.querySelector("[name=picture_credit]").value = event.target.dataset.credit;
  }
  file.required = !chosen();
});
picturing.addEventListener("input", (event) => {
  if (!event.target.matches("[data-library-words]")) return;
  const words = event.target.value.toLowerCase().split(/\s+/);
  for (const label of picturing.querySelectorAll(".choices label")) label.hidden = !words.every((word) => label.textContent.toLowerCase().includes(word));
});
picturing.querySelector("form").addEventListener("submit", async (event) => {
  if (event.submitter?.value === "cancel") return;
  event.preventDefault();
  const here = chosen();
  if (here) {
    const [alt, title] = ["alt", "credit"].map((name) => picturing.querySelector(`[name=picture_${name}]`).value.trim());
    picturing.close();
    view.focus();
    put(schema.nodes.picture.create({ src: `/images/${here.value}`, alt, title }), view.state, view.dispatch);
    return;
  }
  const sent = new FormData(event.target);
  sent.set("csrf_token", form.querySelector("[name=csrf_token]").value);
  const answer = await fetch(`${form.dataset.editor}/picture`, { method: "POST", body: sent, headers: { Accept: "application/json" } }).catch(() => null);
  const told = answer ? await answer.json().catch(() => ({})) : {};
  if (!told.name) {
    said.textContent = told.problem || "The desk cannot be reached just now. Your words are still here: try again.";
    return;
  }
  picturing.close();
  view.focus();
  put(schema.nodes.picture.create({ src: `/images/${told.name}`, alt: told.alt, title: told.credit }), view.state, view.dispatch);
});
/** editor.js asks when a picture is dropped. */
window.sidedoorPicture = (file) => !!view && (openPicture(file), true);

/** Leads to a line of the text, which a check named. */
window.sidedoorShowLine = (line) => {
  if (!view) return false;
  const starts = startsOf(view.state.doc, from);
  let [at, place] = [0, 0];
  view.state.doc.forEach((node, offset, index) => { if (starts[index] <= line) [at, place] = [offset, index]; });
  view.focus();
  view.dispatch(view.state.tr.setSelection(Selection.near(view.state.doc.resolve(Math.min(at + 1, view.state.doc.content.size)))).scrollIntoView());
  return place >= 0;
};

show(localStorage.getItem(MODE) !== "yes");
