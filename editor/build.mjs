// Builds static/js/desk/built/editor.js from src/ and the packages in the lock file, and writes their licences beside it.
import { build } from "esbuild";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const here = new URL(".", import.meta.url);
const result = await build({
  absWorkingDir: here.pathname, entryPoints: ["src/editor.js"], outfile: "../static/js/desk/built/editor.js",
  bundle: true, minify: true, format: "iife", target: "es2022", legalComments: "none", metafile: true,
});
const packages = [...new Set(Object.keys(result.metafile.inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]))].filter(Boolean).sort();
const licences = packages.map((name) => {
  const folder = new URL(`node_modules/${name}/`, here);
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  return `${name} ${JSON.parse(readFileSync(new URL("package.json", folder), "utf8")).version}\n\n${file ? readFileSync(new URL(file, folder), "utf8") : ""}`;
});
writeFileSync(new URL("../static/js/desk/built/LICENCES.txt", here), licences.join("\n\n----\n\n"));
