// The editor that shows a text as it will look on the page. It replaces the form's own field, and fills that field when the
// form is read; so saving, keeping and sending are done by the form, with or without this editor.
import { baseKeymap } from "prosemirror-commands";
import { dropCursor } from "prosemirror-dropcursor";
import { gapCursor } from "prosemirror-gapcursor";
import { closeHistory, history } from "prosemirror-history";
import { keymap } from "prosemirror-keymap";
import { DOMParser as Reader, Slice } from "prosemirror-model";
import { EditorState, Plugin, Selection } from "prosemirror-state";
import { isInTable, tableEditing } from "prosemirror-tables";
import { Decoration, DecorationSet, EditorView } from "prosemirror-view";
import { cards, enter } from "./cards.js";
import { commands, insertBlock, isOn, joinNeighbours, keys, put, rules } from "./commands.js";
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

/** Shows in an empty place what belongs there. */
const placeholders = new Plugin({
  props: {
    decorations(state) {
      /** @type {Decoration[]} */
      const decorations = [];
      const sample = (at, node, words) => words && decorations.push(Decoration.node(at, at + node.nodeSize, { "data-placeholder": words }));
      if (state.doc.childCount === 1 && !state.doc.child(0).content.size && state.doc.child(0).type.name === "paragraph") sample(0, state.doc.child(0), "Write here, or paste from Word.");
      state.doc.descendants((node, at) => {
        // An empty table heading is not a heading for screen readers yet.
        if (node.type.name === "table_header" && !node.textContent) decorations.push(Decoration.node(at, at + node.nodeSize, { role: "cell" }));
        if (node.type.name === "line_card" && !node.content.size) sample(at, node, LINES[node.attrs.name]?.inside);
        if (node.type.name === "card") {
          let first = node.firstChild;
          let place = at + 1;
          while (first && !first.isTextblock && first.firstChild) { first = first.firstChild; place += 1; }
          if (node.childCount === 1 && first?.isTextblock && !first.content.size) sample(place, first, CARDS[node.attrs.name]?.inside);
        }
        return !node.isTextblock;
      });
      return DecorationSet.create(state.doc, decorations);
    },
  },
});

/** Shows lists as the page will. A picture of a paste may still come between two of them, so this waits for the dialog. */
const neighbours = new Plugin({
  appendTransaction(transactions, _, state) {
    const waits = transactions.some((tr) => tr.getMeta("pictures to come") || tr.getMeta("history$")) || queue.some((picture) => !picture.done);
    if (waits || !transactions.some((tr) => tr.docChanged || tr.getMeta("pictures done"))) return null;
    const tr = joinNeighbours(state.tr);
    return tr.docChanged ? tr : null;
  },
});

function state(doc) {
  return EditorState.create({ doc, plugins: [
    rules, keymap({ ...keys, "Mod-k": () => (openLink(), true) }), keymap(baseKeymap), history(), dropCursor(), gapCursor(), tableEditing(), placeholders, neighbours,
  ] });
}

function open() {
  from = read(field.value);
  changed = false;
  view = new EditorView(visual.querySelector("[data-surface]"), {
    state: state(from.doc), nodeViews: cards,
    // Keep the caret visible below the checks and the tools, and on a phone above the keyboard.
    get scrollThreshold() { return { top: covered(), right: 0, bottom: 24, left: 0 }; },
    get scrollMargin() { return { top: covered() + 8, right: 0, bottom: 48, left: 0 }; },
    attributes: { id: "visual-text", role: "textbox", "aria-multiline": "true", "aria-label": "Text", "aria-describedby": "h-visual", spellcheck: "true" },
    dispatchTransaction(tr) {
      view.updateState(view.state.apply(tr));
      if (tr.docChanged) {
        changed = true;
        form.dispatchEvent(new Event("input"));
      }
      refresh();
    },
    // Treat what is dragged here from elsewhere as a paste.
    handleDrop(_, event, __, moved) {
      const at = !moved && !view.dragging && view.posAtCoords({ left: event.clientX, top: event.clientY });
      if (!at) return false;
      view.dispatch(view.state.tr.setSelection(Selection.near(view.state.doc.resolve(at.pos))));
      return paste(event, event.dataTransfer);
    },
    handleDOMEvents: { paste: (_, event) => paste(event, event.clipboardData), drop: (_, event) => !!event.dataTransfer?.types.includes("Files") },
  });
  refresh();
}

const covered = () => (parseFloat(getComputedStyle(toolbar).top) || 0) + toolbar.offsetHeight;
visualViewport?.addEventListener("resize", () => {
  if (view?.hasFocus()) view.dispatch(view.state.tr.scrollIntoView());
  else if (view?.dom.contains(document.activeElement)) document.activeElement.scrollIntoView({ block: "nearest" });
});

/** The Markdown of the current text; the field's own until something is changed. */
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

// Pasting: paste.js converts the clipboard into what this site supports, and says what it left out. A dialog then asks about each picture in turn.
function paste(event, data) {
  const html = data?.getData("text/html") || "";
  const text = data?.getData("text/plain") || "";
  const files = [...(data?.files || [])].filter((candidate) => candidate.type.startsWith("image/"));
  if (!html && !text && !files.length) return false;
  if (/data-pm-slice/.test(html)) {
    window.sidedoorPaste.tell();
    return false; // copied from this editor: ProseMirror pastes that itself
  }
  event.preventDefault();
  const brought = [];
  const cleaned = window.sidedoorPaste.taken(html, text, brought);
  // Office programs add a picture of the words that are copied; without words, the picture itself was copied.
  const alone = files.length && !cleaned.body.textContent.replace(MARKED, "").trim();
  if (alone) askFor(files.map((file) => ({ file, alt: brought[0]?.alt || cleaned.left.pictures[0] || "" })));
  else {
    const places = insertClean(cleaned.body);
    window.sidedoorPaste.tell(cleaned.left);
    askFor(brought.map((picture, at) => ({ ...picture, place: places[at + 1] })), cleaned.left);
  }
  return true;
}
// The mark of a picture, with one of the blanks around it, so that removing it never joins the words on both sides.
const MARKED = / ?\ue000(\d+)\ue001(?=\s|$)|\ue000(\d+)\ue001/g;

/** Inserts the pasted content at the caret. @param {Element} body @returns {number[]} the position of each picture marked in it */
function insertClean(body) {
  const reader = Reader.fromSchema(schema);
  const isOneParagraph = body.children.length === 1 && body.firstElementChild.tagName === "P" && body.childNodes.length === 1;
  if (isInTable(view.state) && !isOneParagraph) return insertInTable(body);
  if (!isOneParagraph) asItems(body);
  const slice = isOneParagraph ? reader.parseSlice(body) : new Slice(reader.parse(body).content, 0, 0);
  const tr = view.state.tr;
  const { $from, empty } = view.state.selection;
  if (!isOneParagraph && empty && $from.depth === 1 && !$from.parent.content.size) tr.replaceWith($from.before(), $from.after(), slice.content);
  else tr.replaceSelection(isOneParagraph ? slice : Slice.maxOpen(slice.content));
  return dispatchPaste(tr);
}

/** Makes items of paragraphs that are pasted into an item of a list. @param {Element} body */
function asItems(body) {
  const { $from } = view.state.selection;
  const around = Array.from({ length: $from.depth }, (_, at) => $from.node($from.depth - at).type.name).find((name) => /_list$|card/.test(name));
  if (!/_list$/.test(around || "") || ![...body.children].every((part) => /^(P|H\d|[UO]L)$/.test(part.tagName))) return;
  const page = body.ownerDocument;
  const list = page.createElement(around === "ordered_list" ? "ol" : "ul");
  for (const part of [...body.children]) {
    if (/^[UO]L$/.test(part.tagName)) list.append(...part.children);
    else list.appendChild(page.createElement("li")).append(...part.childNodes);
  }
  body.replaceChildren(list);
}

/** Inserts what does not fit into a cell: its words, as one paragraph; a table comes after the table. @param {Element} body */
function insertInTable(body) {
  const { $from } = view.state.selection;
  let depth = $from.depth;
  while ($from.node(depth).type !== schema.nodes.table) depth -= 1;
  const tr = view.state.tr;
  if (body.querySelector("table")) tr.insert($from.after(depth), Reader.fromSchema(schema).parse(body).content);
  else {
    const inline = (element) => [...element.childNodes].flatMap((part) => (part.nodeName === "BR" ? [" "] : /^(P|H\d|[UO]L|LI|BLOCKQUOTE)$/.test(part.nodeName) ? [" ", ...inline(part)] : [part]));
    const words = body.ownerDocument.createElement("div");
    words.appendChild(body.ownerDocument.createElement("p")).append(...inline(body));
    tr.replaceSelection(Reader.fromSchema(schema).parseSlice(words));
  }
  return dispatchPaste(tr);
}

function dispatchPaste(tr) {
  const places = withoutMarks(joinNeighbours(tr));
  view.dispatch(closeHistory(tr).scrollIntoView().setMeta("paste", true).setMeta("uiEvent", "paste").setMeta("pictures to come", Object.keys(places).length > 0));
  return places;
}

/** Removes the marks of pictures. A picture's position is after the block that its mark was in, or in place of the block if that is empty now. */
function withoutMarks(tr) {
  const marks = [];
  tr.doc.descendants((node, at) => {
    for (const match of node.isText ? node.text.matchAll(MARKED) : []) marks.push({ number: Number(match[1] || match[2]), from: at + match.index, to: at + match.index + match[0].length });
  });
  const places = [];
  const steps = tr.steps.length;
  const rest = (at) => tr.mapping.slice(steps).map(at);
  for (const { number, from, to } of marks) {
    tr.delete(rest(from), rest(to));
    const $at = tr.doc.resolve(rest(from));
    const bare = $at.depth === 1 && !$at.parent.content.size && tr.doc.childCount > 1;
    places.push([number, tr.steps.length, bare ? $at.before(1) : $at.after(1)]);
    if (bare) {
      places.at(-1)[1] += 1;
      tr.delete($at.before(1), $at.after(1));
    }
  }
  return Object.fromEntries(places.map(([number, after, place]) => [number, tr.mapping.slice(after).map(place)]));
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
/** The range of the link at the caret, or of the selection. */
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
const titleOf = (href) => [...document.querySelectorAll("#own-pages option")].find((option) => option.value === href)?.label || href.replace(/^(https?:\/\/|mailto:)/, "");

// Pictures go in at the caret, after a dialog that asks what they show. A refused picture loses no words: only the picture is sent.
const picturing = /** @type {HTMLDialogElement} */ (document.querySelector("[data-picture-dialog]"));
const problem = /** @type {HTMLElement} */ (picturing.querySelector("[role=alert]"));
function openPicture(pasted) {
  problem.textContent = "";
  picturing.querySelector("form").reset();
  file.required = true;
  if (pasted) {
    const transfer = new DataTransfer();
    transfer.items.add(pasted.file);
    file.files = transfer.files;
    picturing.querySelector("[name=picture_alt]").value = pasted.alt || "";
  }
  picturing.querySelector("h2").textContent = queue.length > 1 ? `Picture ${queue.indexOf(pasted) + 1} of ${queue.length}` : "Put in a picture";
  picturing.showModal();
  if (pasted) picturing.querySelector("[name=picture_alt]").focus();
}

// Pasted or dropped pictures that the dialog asks about in turn, each with its position. Cancelled ones are named as left out.
let queue = [];
let leftOut = null;
function askFor(pictures, left = { comments: 0, deleted: 0, pictures: [] }) {
  if (!pictures.length) return;
  [queue, leftOut] = [pictures, left];
  openPicture(queue[0]);
}
picturing.addEventListener("close", () => {
  const current = queue.find((picture) => !picture.done);
  if (!current) return;
  current.done = true;
  if (!current.node) leftOut.pictures.push(current.alt);
  else if (current.place === undefined) put(current.node, view.state, view.dispatch);
  else {
    view.dispatch(closeHistory(view.state.tr.insert(current.place, current.node)).scrollIntoView());
    for (const later of queue) if (later.place >= current.place) later.place += current.node.nodeSize;
  }
  const next = queue.find((picture) => !picture.done);
  if (next) return openPicture(next);
  window.sidedoorPaste.tell(leftOut);
  queue = [];
  view.dispatch(view.state.tr.setMeta("pictures done", true));
  view.focus();
});
/** Puts the dialog's picture into the text, at the caret or where it was pasted. */
function putIn(node) {
  const current = queue.find((picture) => !picture.done);
  if (current) current.node = node;
  picturing.close();
  if (current) return;
  view.focus();
  put(node, view.state, view.dispatch);
}
// A picture from the library brings its description, which can be changed for this page.
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
    return putIn(schema.nodes.picture.create({ src: `/images/${here.value}`, alt, title }));
  }
  const sent = new FormData(event.target);
  sent.set("csrf_token", form.querySelector("[name=csrf_token]").value);
  const answer = await fetch(`${form.dataset.editor}/picture`, { method: "POST", body: sent, headers: { Accept: "application/json" } }).catch(() => null);
  const reply = answer ? await answer.json().catch(() => ({})) : {};
  if (!reply.name) {
    problem.textContent = reply.problem || "The desk cannot be reached just now. Your words are still here: try again.";
    return;
  }
  putIn(schema.nodes.picture.create({ src: `/images/${reply.name}`, alt: reply.alt, title: reply.credit }));
});
/** For static/js/desk/items/editor.js, when pictures are dropped. */
window.sidedoorPictures = (files) => {
  if (!view) return false;
  if (picturing.open) file.files = files;
  else askFor([...files].map((dropped) => ({ file: dropped, alt: "" })));
  return true;
};

/** Moves the caret to a line of the text that a check named. */
window.sidedoorShowLine = (line) => {
  if (!view) return false;
  const starts = startsOf(view.state.doc, from);
  let [at, place] = [0, 0];
  view.state.doc.forEach((node, offset, index) => { if (starts[index] <= line) [at, place] = [offset, index]; });
  view.focus();
  view.dispatch(view.state.tr.setSelection(Selection.near(view.state.doc.resolve(Math.min(at + 1, view.state.doc.content.size)))).scrollIntoView());
  const node = view.state.doc.nodeAt(at);
  if (node?.isAtom || (/card/.test(node?.type.name) && !node.attrs.argument.trim())) enter(view, at);
  return place >= 0;
};

// For static/js/desk/items/editor.js: where the caret is, after so many letters of the text. After a save it is there again.
window.sidedoorCaret = () => (view?.hasFocus() ? { id: "visual-text", at: view.state.doc.textBetween(0, view.state.selection.head).length } : undefined);
function takePlace({ id, at }) {
  if (id !== "visual-text" || !view) return;
  let [left, place] = [at, 0];
  view.state.doc.descendants((node, start) => {
    if (!node.isText || left < 0) return;
    place = start + Math.min(left, node.nodeSize);
    left = left <= node.nodeSize ? -1 : left - node.nodeSize;
  });
  view.focus();
  view.dispatch(view.state.tr.setSelection(Selection.near(view.state.doc.resolve(place))).scrollIntoView());
  form.querySelector("[data-saved]").textContent = " Saved.";
}

show(localStorage.getItem(MODE) !== "yes");
takePlace(window.sidedoorPlace || {});
