// The commands of the toolbar's buttons, under the same keys as in Word.
import { baseKeymap, chainCommands, lift, setBlockType, toggleMark, wrapIn } from "prosemirror-commands";
import { redo, undo } from "prosemirror-history";
import { inputRules, undoInputRule, wrappingInputRule } from "prosemirror-inputrules";
import { Fragment } from "prosemirror-model";
import { liftListItem, sinkListItem, splitListItem, wrapInList } from "prosemirror-schema-list";
import { Selection, TextSelection } from "prosemirror-state";
import { addColumnAfter, addRowAfter, deleteColumn, deleteRow, deleteTable, goToNextCell, isInTable } from "prosemirror-tables";
import { enter } from "./cards.js";
import { CARDS, LINES, schema } from "./schema.js";

const { nodes, marks } = schema;

const heading = (level) => (state, dispatch) => {
  const { parent } = state.selection.$from;
  const off = parent.type === nodes.heading && parent.attrs.level === level;
  return (off ? setBlockType(nodes.paragraph) : setBlockType(nodes.heading, { level }))(state, dispatch);
};

const inList = ($from, type) => {
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    const node = $from.node(depth);
    if (/_list$/.test(node.type.name)) return !type || node.type === type ? depth : 0;
  }
  return 0;
};

const list = (type) => (state, dispatch) => {
  const depth = inList(state.selection.$from);
  if (!depth) return wrapInList(type)(state, dispatch);
  const { $from } = state.selection;
  if ($from.node(depth).type === type) return liftListItem(nodes.list_item)(state, dispatch);
  if (dispatch) dispatch(state.tr.setNodeMarkup($from.before(depth), type, { tight: $from.node(depth).attrs.tight }));
  return true;
};

const quote = (state, dispatch) => {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) if ($from.node(depth).type === nodes.blockquote) return lift(state, dispatch);
  return wrapIn(nodes.blockquote)(state, dispatch);
};

const breakLine = (state, dispatch) => {
  if (isInTable(state) || state.selection.$from.parent.type === nodes.heading || !state.selection.$from.parent.inlineContent) return false;
  if (dispatch) dispatch(state.tr.replaceSelectionWith(nodes.hard_break.create()).scrollIntoView());
  return true;
};

/** Enter in a table goes to the cell below, and makes a row at its end. */
const enterInTable = (state, dispatch, view) => {
  if (!isInTable(state)) return false;
  if (goToNextCell(1)(state, dispatch)) return true;
  return addRowAfter(state, dispatch) && (!view || goToNextCell(1)(view.state, view.dispatch));
};

/** The item whose first or last (`side` -1 or 1) paragraph has the caret at its start or end; null if the caret is elsewhere. */
const edgeOfItem = ({ selection: { $from, empty } }, side) => {
  const item = $from.depth > 1 ? $from.node(-1) : null;
  if (!empty || item?.type !== nodes.list_item || $from.parentOffset !== (side < 0 ? 0 : $from.parent.content.size)) return null;
  return $from.index(-1) === (side < 0 ? 0 : item.childCount - 1) ? item : null;
};

/** Backspace at the start of an item takes its mark away, as in Word. */
const unmark = (state, dispatch) => !!edgeOfItem(state, -1) && liftListItem(nodes.list_item)(state, dispatch);

/** Delete at the end of an item joins the words of the next item to it, as in Word. */
const joinNextItem = (state, dispatch) => {
  if (!edgeOfItem(state, 1)) return false;
  const after = state.selection.$from.after(-1);
  if (state.doc.resolve(after).nodeAfter?.type !== nodes.list_item || state.selection.$from.parent.type !== nodes.paragraph) return false;
  if (dispatch) dispatch(state.tr.join(after, 2).scrollIntoView());
  return true;
};

/** Joins lists, and quotations, with nothing between them: that is what the page makes of them. @param {import("prosemirror-state").Transaction} tr */
export function joinNeighbours(tr) {
  /** @type {number[]} */
  const places = [];
  tr.doc.descendants((node, at, parent, index) => {
    if (index && /_list$|^blockquote$/.test(node.type.name) && parent?.child(index - 1).type === node.type) places.push(at);
    return !node.isTextblock;
  });
  for (const at of places.reverse()) tr.join(at);
  return tr;
}

/** Enter on an empty last line of a block leaves the block. */
const leaveCard = (state, dispatch) => {
  const { $from, empty } = state.selection;
  const card = $from.node(-1);
  if (!empty || $from.parent.content.size || !card || card.type !== nodes.card || card.childCount < 2 || $from.index(-1) !== card.childCount - 1) return false;
  if (dispatch) {
    const tr = state.tr.delete($from.before(), $from.after());
    const after = tr.mapping.map($from.after(-1));
    tr.insert(after, nodes.paragraph.create());
    dispatch(tr.setSelection(TextSelection.near(tr.doc.resolve(after + 1))).scrollIntoView());
  }
  return true;
};

/** Enter in a block of one line starts a new paragraph after it. */
const leaveLine = (state, dispatch) => {
  const { $from } = state.selection;
  if ($from.parent.type !== nodes.line_card) return false;
  if (dispatch) {
    const after = $from.after();
    const tr = state.tr.insert(after, nodes.paragraph.create());
    dispatch(tr.setSelection(TextSelection.near(tr.doc.resolve(after + 1))).scrollIntoView());
  }
  return true;
};

/** Inserts an author block at the caret; selected words become its content. @param {string} name @param {string} argument */
export const insertBlock = (name, argument = "") => (state, dispatch, view) => {
  const { $from, $to, empty } = state.selection;
  const words = !empty && $from.sameParent($to) ? $from.parent.slice($from.parentOffset, $to.parentOffset).content : Fragment.empty;
  const slashes = 3;
  const inside = words.size ? nodes.paragraph.create(null, words) : name === "steps" || name === "ticks"
    ? (name === "steps" ? nodes.ordered_list : nodes.bullet_list).create(null, nodes.list_item.create(null, nodes.paragraph.create()))
    : nodes.paragraph.create();
  const block = name === "contact" ? nodes.contact.create({ argument })
    : name in LINES ? nodes.line_card.create({ name, argument, slashes }, words)
    : nodes.card.create({ name, argument, slashes }, inside);
  return put(block, state, dispatch, view);
};

/** Inserts a block after the caret's block, or in its place if that is empty; it replaces selected words of one paragraph. */
export function put(block, state, dispatch, view) {
  const { $from, $to } = state.selection;
  let depth = $from.depth;
  while (depth > 0 && !($from.node(depth - 1).type === nodes.doc || $from.node(depth - 1).type === nodes.card)) depth -= 1;
  if (!dispatch) return true;
  const parent = $from.node(depth);
  const tr = state.tr;
  // If a whole block is selected, insert the new block after it.
  let at = depth ? $from.after(depth) : $to.pos;
  if (depth && parent.type === nodes.paragraph && $from.sameParent($to)) {
    const before = parent.cut(0, $from.parentOffset);
    const after = parent.cut($to.parentOffset);
    const unlessEmpty = (part) => (part.textContent.trim() ? [part] : []);
    const parts = [...unlessEmpty(before), block, ...unlessEmpty(after)];
    at = $from.before(depth) + (parts[0] === block ? 0 : before.nodeSize);
    if ($from.pos === $to.pos && parent.content.size) {
      at = $from.after(depth);
      tr.insert(at, block);
    } else tr.replaceWith($from.before(depth), $from.after(depth), parts);
  } else tr.insert(at, block);
  // Always leave a paragraph below to go on writing in.
  const end = at + block.nodeSize;
  if (end === tr.doc.content.size) tr.insert(end, nodes.paragraph.create());
  dispatch(tr.setSelection(Selection.near(tr.doc.resolve(Math.min(at + 1, tr.doc.content.size)))).scrollIntoView());
  if (view) enter(view, at);
  return true;
}

const table = (state, dispatch, view) => {
  const cell = (type) => type.create(null, nodes.paragraph.create());
  const row = (type) => nodes.table_row.create(null, [cell(type), cell(type)]);
  return put(nodes.table.create(null, [row(nodes.table_header), row(nodes.table_cell), row(nodes.table_cell)]), state, dispatch, view);
};

/** Removes bold and italic from the selection. */
const plain = (state, dispatch) => {
  const { from, to, empty } = state.selection;
  if (empty) return false;
  if (dispatch) dispatch(state.tr.removeMark(from, to, marks.strong).removeMark(from, to, marks.em));
  return true;
};

/** The commands, by the name in a button's data-command. */
export const commands = {
  undo, redo,
  strong: toggleMark(marks.strong), em: toggleMark(marks.em),
  paragraph: setBlockType(nodes.paragraph), heading2: heading(2), heading3: heading(3), heading4: heading(4),
  bullets: list(nodes.bullet_list), numbers: list(nodes.ordered_list), quote, table,
  statement: insertBlock("quote"),
  row: addRowAfter, column: addColumnAfter, "no-row": deleteRow, "no-column": deleteColumn, "no-table": deleteTable,
};

/** Whether a button shows as pressed. */
export const isOn = {
  strong: (state) => hasMark(state, marks.strong), em: (state) => hasMark(state, marks.em), link: (state) => hasMark(state, marks.link),
  heading2: (state) => isHeading(state, 2), heading3: (state) => isHeading(state, 3),
  bullets: (state) => !!inList(state.selection.$from, nodes.bullet_list), numbers: (state) => !!inList(state.selection.$from, nodes.ordered_list),
};
const hasMark = (state, mark) => {
  const { from, to, empty, $from } = state.selection;
  return empty ? !!mark.isInSet(state.storedMarks || $from.marks()) : state.doc.rangeHasMark(from, to, mark);
};
const isHeading = ({ selection: { $from: { parent } } }, level) => parent.type === nodes.heading && parent.attrs.level === level;

let leaving = false; // Tab leaves a list or a table after Escape
const unless = (command) => (state, dispatch, view) => {
  if (!leaving) return command(state, dispatch, view);
  leaving = false;
  return false;
};

export const keys = {
  "Mod-z": undo, "Mod-y": redo, "Shift-Mod-z": redo, Backspace: chainCommands(undoInputRule, unmark), Delete: joinNextItem,
  "Mod-b": commands.strong, "Mod-i": commands.em,
  "Mod-Alt-1": heading(2), "Mod-Alt-2": heading(2), "Mod-Alt-3": heading(3), "Mod-Alt-4": heading(4), "Mod-Alt-0": commands.paragraph, "Mod-Shift-n": commands.paragraph,
  "Mod-Space": plain, "Mod-m": sinkListItem(nodes.list_item), "Mod-Shift-m": liftListItem(nodes.list_item),
  "Mod-Shift-l": commands.bullets, "Mod-Shift-8": commands.bullets, "Mod-Shift-7": commands.numbers,
  "Shift-Enter": breakLine,
  Enter: chainCommands(enterInTable, leaveLine, splitListItem(nodes.list_item), leaveCard, baseKeymap.Enter),
  Escape: () => { leaving = true; return false; },
  Tab: unless(chainCommands(goToNextCell(1), sinkListItem(nodes.list_item))),
  "Shift-Tab": unless(chainCommands(goToNextCell(-1), liftListItem(nodes.list_item))),
};

export const rules = inputRules({ rules: [
  wrappingInputRule(/^\s*-\s$/, nodes.bullet_list),
  wrappingInputRule(/^1\.\s$/, nodes.ordered_list),
] });

export const blockNames = { ...CARDS, ...LINES };
