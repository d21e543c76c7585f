// Reads texts of the editor from standard input (a JSON list of ProseMirror's own JSON), and writes for each what is stored, and
// the text that the editor shows when it is opened again.
import { readFileSync } from "node:fs";
import { read } from "../../../editor/src/reading.js";
import { schema } from "../../../editor/src/schema.js";
import { write } from "../../../editor/src/writing.js";

/** @param {import("prosemirror-model").Node} doc */
const told = (doc) => {
  let words = doc.toString();
  doc.descendants((node) => { words += node.attrs.alt ? ` ${node.attrs.alt}` : ""; });
  return words;
};
const results = JSON.parse(readFileSync(0, "utf8")).map((content) => {
  const doc = schema.nodeFromJSON({ type: "doc", content });
  doc.check();
  const stored = write(doc, read(""));
  const again = read(stored);
  return { stored, shown: told(doc), again: told(again.doc), stable: write(again.doc, again) === stored };
});
process.stdout.write(JSON.stringify(results));
