// What a word processor puts on the clipboard, as the Markdown our documents are written in. Only structure comes along:
// headings, paragraphs, lists, links, tables, quotes, bold, italic. Styles, classes, comments and pictures stay behind.
(() => {
  /** @param {string} text */
  const plain = (text) => text.replace(/[\s\u00a0]+/g, " ").replace(/([\\`*_[\]<>])/g, "\\$1");

  /** A link without what tells who clicked it. @param {string} address */
  const clean = (address) => {
    try {
      const url = new URL(address, "https://here.invalid/");
      if (url.hostname === "www.google.com" && url.pathname === "/url") return clean(url.searchParams.get("q") || "");
      if (/safelinks\.protection\.outlook\.com$/.test(url.hostname)) return clean(url.searchParams.get("url") || "");
      for (const name of [...url.searchParams.keys()]) if (/^(utm_|fbclid|gclid|mc_)/.test(name)) url.searchParams.delete(name);
      if (url.hostname === "here.invalid") return address.startsWith("/") ? address : "";
      return /^(https?|mailto|tel):$/.test(url.protocol) ? url.href : "";
    } catch {
      return "";
    }
  };

  /** Puts a mark around words, and its blanks outside it. @param {string} words @param {string} mark */
  const marked = (words, mark) => {
    const [, before, inner, after] = /** @type {RegExpMatchArray} */ (words.match(/^(\s*)([\s\S]*?)(\s*)$/));
    return inner ? before + mark + inner + mark + after : words;
  };

  /** @param {Element} element */
  const heavy = (element) => {
    const style = element.getAttribute("style") || "";
    if (/(^|[;\s])font-weight:\s*(normal|[1-5]00)/.test(style)) return false;
    return /^(B|STRONG)$/.test(element.tagName) || /font-weight:\s*(bold|[6-9]00)/.test(style);
  };
  /** @param {Element} element */
  const slanted = (element) => {
    const style = element.getAttribute("style") || "";
    if (/(^|[;\s])font-style:\s*normal/.test(style)) return false;
    return /^(I|EM)$/.test(element.tagName) || /font-style:\s*italic/.test(style);
  };
  /** @param {Node} node */
  const hidden = (node) =>
    node.nodeType === Node.COMMENT_NODE ||
    (node instanceof Element && (/^(STYLE|SCRIPT|META|LINK|TITLE|HEAD|IMG|SVG|OBJECT|TEMPLATE|XML)$/i.test(node.tagName) ||
      node.tagName.startsWith("O:P") || /mso-list:\s*ignore|display:\s*none/i.test(node.getAttribute("style") || "")));

  /** @param {Node} node @param {{ heavy?: boolean, slanted?: boolean }} within @returns {string} */
  const inline = (node, within = {}) => {
    if (hidden(node)) return "";
    if (node.nodeType === Node.TEXT_NODE) return plain(node.textContent || "");
    if (!(node instanceof Element)) return "";
    if (node.tagName === "BR") return "  \n";
    const isHeavy = heavy(node) && !within.heavy;
    const isSlanted = slanted(node) && !within.slanted;
    let words = [...node.childNodes].map((child) => inline(child, { heavy: within.heavy || isHeavy, slanted: within.slanted || isSlanted })).join("");
    if (node.tagName === "A") {
      const address = clean(node.getAttribute("href") || "");
      if (address && words.trim()) words = `[${words.trim()}](${address})`;
    }
    if (isSlanted) words = marked(words, "*");
    if (isHeavy) words = marked(words, "**");
    return words;
  };

  const BLOCKS = "P,DIV,H1,H2,H3,H4,H5,H6,UL,OL,LI,TABLE,BLOCKQUOTE,PRE,SECTION,ARTICLE,HR,DL,DT,DD";
  /** @param {Node} node */
  const isBlock = (node) => node instanceof Element && (BLOCKS.split(",").includes(node.tagName) || !!node.querySelector(BLOCKS));

  /** @param {Element} list @param {string} indent @returns {string[]} */
  const items = (list, indent) => {
    /** @type {string[]} */
    const lines = [];
    let number = 0;
    for (const child of list.children) {
      if (/^(UL|OL)$/.test(child.tagName)) {
        lines.push(...items(child, `${indent}    `)); // Google and Word put nested lists beside their items
      } else if (child.tagName === "LI") {
        number += 1;
        const mark = list.tagName === "OL" ? `${number}. ` : "- ";
        const words = [...child.childNodes].filter((node) => !(node instanceof Element && /^(UL|OL)$/.test(node.tagName)));
        lines.push(indent + mark + words.map((node) => inline(node)).join("").replace(/\s+/g, " ").trim());
        for (const nested of child.children) if (/^(UL|OL)$/.test(nested.tagName)) lines.push(...items(nested, `${indent}    `));
      }
    }
    return lines;
  };

  /** @param {Element} table */
  const rows = (table) => {
    const cells = [...table.querySelectorAll("tr")].map((row) =>
      [...row.querySelectorAll("td,th")].map((cell) => inline(cell).replace(/\s+/g, " ").replace(/\|/g, "\\|").trim()));
    if (!cells.length) return "";
    const width = Math.max(...cells.map((row) => row.length));
    const lines = cells.map((row) => `| ${[...row, ...Array(width - row.length).fill("")].join(" | ")} |`);
    lines.splice(1, 0, `|${" --- |".repeat(width)}`);
    return lines.join("\n");
  };

  /** @param {Node} parent @returns {string[]} */
  const blocks = (parent) => {
    /** @type {string[]} */
    const found = [];
    let run = "";
    const flush = () => {
      const words = tidy(run);
      if (words) found.push(words);
      run = "";
    };
    for (const node of parent.childNodes) {
      if (hidden(node)) continue;
      if (!(node instanceof Element) || !isBlock(node)) {
        run += inline(node);
        continue;
      }
      flush();
      const tag = node.tagName;
      const list = /mso-list:\s*l\d+ level(\d)/i.exec(node.getAttribute("style") || "");
      if (list) found.push(wordItem(node, Number(list[1])));
      else if (/^H[1-6]$/.test(tag)) {
        const words = tidy(inline(node)).replace(/\*\*/g, "");
        if (words) found.push(`${"#".repeat(Math.min(Math.max(Number(tag[1]), 2), 4))} ${words}`);
      } else if (tag === "UL" || tag === "OL") found.push(items(node, "").join("\n"));
      else if (tag === "TABLE") found.push(rows(node));
      else if (tag === "BLOCKQUOTE") found.push(blocks(node).join("\n\n").replace(/^/gm, "> "));
      else if (tag === "P" || tag === "PRE" || tag === "DT" || tag === "DD") {
        const words = tidy(inline(node));
        if (words) found.push(words);
      } else if (tag !== "HR") found.push(...blocks(node));
    }
    flush();
    return found;
  };

  /** Word writes list items as paragraphs, their number or bullet in a part marked to be ignored. @param {Element} node @param {number} level */
  const wordItem = (node, level) => {
    const mark = [...node.querySelectorAll("[style*='mso-list']")].find((part) => /ignore/i.test(part.getAttribute("style") || ""));
    const number = /^\s*(\d+)[.)]/.exec(mark?.textContent || "");
    return `\u0000${"    ".repeat(level - 1)}${number ? `${number[1]}. ` : "- "}${tidy(inline(node))}`;
  };

  /** @param {string} words */
  const tidy = (words) => words.replace(/ *\n */g, (gap) => (gap.startsWith("  ") ? "  \n" : "\n")).replace(/^[ \n]+|[ \n]+$/g, "").replace(/^(#+|\d+\.|[-+])(?= )/, "\\$1");

  /** @param {string} html the clipboard's text/html @returns {string} Markdown */
  const paste = (html) => {
    const fragment = html.replace(/^[\s\S]*<!--StartFragment-->|<!--EndFragment-->[\s\S]*$/g, "");
    const parsed = parse(fragment);
    const found = blocks(parsed.body);
    return found.map((block, place) => gap(block, found.slice(0, place)) + block.replace("\u0000", "")).join("");
  };

  /** Items of one list stand line by line; everything else stands apart. @param {string} block @param {string[]} before */
  const gap = (block, before) => {
    const last = before.at(-1);
    if (last === undefined) return "";
    const top = before.findLast((one) => !one.startsWith("\u0000 ")) || "";
    const another = !block.startsWith("\u0000 ") && /^\u0000\d/.test(block) !== /^\u0000\d/.test(top);
    return block.startsWith("\u0000") && last.startsWith("\u0000") && !another ? "\n" : "\n\n";
  };

  const inert = /** @type {any} */ (window).trustedTypes?.createPolicy("sidedoor-paste", { createHTML: (/** @type {string} */ html) => html });
  /** A document of its own, in which no script runs and nothing is fetched. @param {string} html */
  const parse = (html) => new DOMParser().parseFromString(inert ? inert.createHTML(html) : html, "text/html");

  /** @type {any} */ (window).sidedoorPaste = paste;
})();
