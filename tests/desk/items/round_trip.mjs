// Reads documents from standard input (a JSON list) and writes for each what the editor makes of it.
import { readFileSync } from "node:fs";
import { read } from "../../../editor/src/reading.js";
import { typed, write, written } from "../../../editor/src/writing.js";

/** The text with a word added at the beginning of its last paragraph. */
const changed = (from) => {
  let place = -1;
  from.doc.descendants((node, at) => {
    if (node.type.name === "paragraph" && node.content.size) place = at + 1;
  });
  return place < 0 ? null : write(typed(from.doc, place, "Oh "), from);
};

const results = JSON.parse(readFileSync(0, "utf8")).map((text) => {
  const from = read(text);
  const rewritten = from.lead + from.parts.map((part) => (part.node.type.name === "source" ? part.source : written(part.node)) + part.gap).join("");
  const cards = from.parts.filter((part) => part.node.type.name === "source").length;
  return { same: write(from.doc, from), rewritten, cards, changed: changed(from) };
});
process.stdout.write(JSON.stringify(results));
