// Reads lines that somebody types from standard input (a JSON list) and writes what the editor stores for each in each place.
import { readFileSync } from "node:fs";
import { read } from "../../../editor/src/reading.js";
import { schema } from "../../../editor/src/schema.js";
import { write } from "../../../editor/src/writing.js";

const { nodes } = schema;
const paragraph = (...inline) => nodes.paragraph.create(null, inline);
const places = {
  paragraph: (text) => [paragraph(text), paragraph(text)],
  line: (text) => [paragraph(schema.text("First"), nodes.hard_break.create(), text)],
  heading: (text) => [nodes.heading.create({ level: 2 }, text)],
  item: (text) => [nodes.bullet_list.create(null, [nodes.list_item.create(null, [paragraph(text)]), nodes.list_item.create(null, [paragraph(text)])])],
  quotation: (text) => [nodes.blockquote.create(null, [paragraph(text)])],
  cell: (text) => [nodes.table.create(null, [
    nodes.table_row.create(null, [nodes.table_header.create(null, paragraph(text)), nodes.table_header.create(null, paragraph(text))]),
    nodes.table_row.create(null, [nodes.table_cell.create(null, paragraph(text)), nodes.table_cell.create(null, paragraph(text))]),
  ])],
  block: (text) => [nodes.card.create({ name: "callout", argument: "Title", slashes: 3 }, [paragraph(text)])],
};
const results = JSON.parse(readFileSync(0, "utf8")).flatMap((line) => Object.entries(places).map(([place, made]) =>
  ({ line, place, stored: write(nodes.doc.create(null, made(schema.text(line))), read("")) })));
process.stdout.write(JSON.stringify(results));
