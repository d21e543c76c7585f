// What a word processor puts on the clipboard, as what our documents have: headings, paragraphs, lists, links, tables, quotes,
// bold, italic. Styles and classes stay behind. What was struck, deleted or remarked on is left out, and said.
(() => {
  /** @typedef {{ comments: number, deleted: number, pictures: string[] }} Left */

  /** A link without what tells who clicked it. @param {string} address @returns {string} */
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

  /** @param {Element} element */
  const style = (element) => element.getAttribute("style") || "";
  /** @param {Element} element */
  const heavy = (element) => {
    if (/(^|[;\s])font-weight:\s*(normal|[1-5]00)/.test(style(element))) return false;
    return /^(B|STRONG)$/.test(element.tagName) || /font-weight:\s*(bold|[6-9]00)/.test(style(element));
  };
  /** @param {Element} element */
  const slanted = (element) => {
    if (/(^|[;\s])font-style:\s*normal/.test(style(element))) return false;
    return /^(I|EM)$/.test(element.tagName) || /font-style:\s*italic/.test(style(element));
  };
  /** @param {Node} node */
  const hidden = (node) =>
    node.nodeType === Node.COMMENT_NODE ||
    (node instanceof Element && (/^(STYLE|SCRIPT|META|LINK|TITLE|HEAD|SVG|OBJECT|TEMPLATE|XML)$/i.test(node.tagName) ||
      node.tagName.startsWith("O:P") || /mso-list:\s*ignore|display:\s*none|mso-hide:\s*all/i.test(style(node))));

  // First, what is left out.
  const REMARK = "[style*='mso-special-character:comment' i], .MsoCommentReference, [class*='CommentReference'], [class*='CommentAnchor'], a[href^='#_msocom'], a[href^='#cmnt']:not([href^='#cmnt_ref'])";
  const DELETED = "del, s, strike, [class*='TrackChangeTextDeletion' i], [class*='TrackedDeletion' i], [class*='DeletedText' i], [style*='line-through' i]";

  /** @param {Element} body @param {Left} left */
  const takeOut = (body, left) => {
    let bodies = 0;
    for (const remark of body.querySelectorAll("[style*='mso-element:comment' i], [class*='CommentContent' i], comment, annotation")) {
      if (/comment-list/i.test(style(remark)) || !body.contains(remark)) continue;
      bodies += 1;
      remark.remove();
    }
    for (const back of body.querySelectorAll("a[href^='#cmnt_ref']")) {
      bodies += 1;
      (back.closest("div") || back.closest("p") || back).remove();
    }
    let marks = 0;
    for (const mark of body.querySelectorAll(REMARK)) {
      if (!body.contains(mark)) continue;
      const inner = mark.querySelector(REMARK);
      if (!inner) marks += 1;
      (inner ? mark : mark.closest("sup") && mark.closest("sup")?.textContent === mark.textContent ? /** @type {Element} */ (mark.closest("sup")) : mark).remove();
      if (inner) marks += 1;
    }
    left.comments = bodies || marks;
    for (const list of body.querySelectorAll("[style*='comment-list' i]")) list.remove();
    for (const gone of body.querySelectorAll(DELETED)) {
      if (!body.contains(gone)) continue;
      const before = gone.previousSibling;
      if (gone.textContent?.trim() && !(before instanceof Element && before.hasAttribute("data-gone"))) left.deleted += 1;
      // A mark stays until all are counted, so that one passage in three pieces is one.
      const mark = body.ownerDocument.createElement("wbr");
      mark.setAttribute("data-gone", "");
      gone.replaceWith(mark);
    }
    for (const mark of body.querySelectorAll("[data-gone]")) mark.remove();
    footnotes(body);
    for (const picture of body.querySelectorAll("img")) {
      const alt = picture.getAttribute("alt") || "";
      if (alt && /^\p{Extended_Pictographic}/u.test(alt)) picture.replaceWith(alt);
      else {
        if (!/^(1|0)(px)?$/.test(picture.getAttribute("width") || "")) left.pictures.push(alt.trim());
        picture.remove();
      }
    }
  };

  /** Word, Google Docs and LibreOffice alike: a mark that leads to a note, which leads back. @param {Element} body */
  const footnotes = (body) => {
    const links = [...body.querySelectorAll("a[href^='#']")];
    for (const mark of links) {
      const names = [mark.getAttribute("name"), mark.id].filter(Boolean);
      const back = links.find((one) => one !== mark && names.includes((one.getAttribute("href") || "").slice(1)) &&
        mark.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
      if (!back || !body.contains(mark)) continue;
      const note = back.closest("[style*='mso-element:footnote' i], [id^='sdfootnote'], [id^='sdendnote'], li, p, div");
      if (!note || note === body || note.contains(mark)) continue;
      back.remove();
      const words = (note.textContent || "").replace(/[\s\u00a0]+/g, " ").replace(/^[\s\[\]\d↑]*(?=\S)/, "").trim();
      note.remove();
      const sup = mark.closest("sup");
      (sup && sup.textContent === mark.textContent ? sup : mark).replaceWith(words ? ` (${words})` : "");
    }
  };

  // Then, what stays, made anew of plain elements.
  const BLOCKS = /^(P|DIV|H[1-6]|UL|OL|LI|TABLE|BLOCKQUOTE|PRE|SECTION|ARTICLE|HR|DL|DT|DD|HEADER|FOOTER|MAIN|CENTER)$/;

  /** Which elements have a block in them; asked once, from the leaves up. @param {Element} body */
  const holders = (body) => {
    const found = new Set();
    for (const block of body.querySelectorAll("*")) {
      if (!BLOCKS.test(block.tagName)) continue;
      for (let one = block.parentElement; one && !found.has(one); one = one.parentElement) found.add(one);
    }
    return found;
  };

  /** @param {Element} body @returns {Element} */
  const rebuilt = (body) => {
    const page = body.ownerDocument;
    const holds = holders(body);
    const target = page.createElement("div");
    /** @param {Node} node */
    const isBlock = (node) => node instanceof Element && (BLOCKS.test(node.tagName) || holds.has(node));

    /** @param {Node} node @param {Element} into @param {{ heavy?: boolean, slanted?: boolean, link?: boolean, plain?: boolean }} within */
    const inline = (node, into, within) => {
      if (hidden(node)) return;
      if (node.nodeType === Node.TEXT_NODE) return into.append((node.textContent || "").replace(/[\s\u00a0]+/g, " ").replace(/[\u200b\ufeff]/g, ""));
      if (!(node instanceof Element)) return;
      if (node.tagName === "BR") return into.append(page.createElement("br"));
      if (/mso-tab-count/.test(style(node))) return into.append(" ");
      const isHeavy = heavy(node) && !within.heavy && !within.plain;
      const isSlanted = slanted(node) && !within.slanted;
      const address = node.tagName === "A" && !within.link ? clean(node.getAttribute("href") || "") : "";
      let inner = into;
      for (const [wanted, tag] of /** @type {[unknown, string][]} */ ([[address, "a"], [isHeavy, "strong"], [isSlanted, "em"]])) {
        if (!wanted) continue;
        const made = page.createElement(tag);
        if (tag === "a") made.setAttribute("href", address);
        inner.append(made);
        inner = made;
      }
      const deeper = { ...within, heavy: within.heavy || isHeavy, slanted: within.slanted || isSlanted, link: within.link || !!address };
      for (const child of node.childNodes) {
        // Parts that stood apart keep a blank between them.
        if (isBlock(child) && inner.textContent && !/\s$/.test(inner.textContent)) inner.append(" ");
        inline(child, inner, deeper);
        if (isBlock(child)) inner.append(" ");
      }
    };

    /** @type {Element | null} the list that Word's next item may belong to */
    let running = null;

    /** An item that says its own level, as Word's do. @param {Element} into @param {number} level @param {string} tag @param {number} number @param {Element} node */
    const item = (into, level, tag, number, node) => {
      let list = running;
      if (!list || (level === 1 && (list.tagName !== tag || (tag === "OL" && number === 1)))) {
        list = page.createElement(tag);
        if (number > 1) list.setAttribute("start", String(number));
        into.append(list);
        running = list;
      }
      for (let deep = 1; deep < level; deep += 1) {
        const last = /** @type {Element} */ (list.lastElementChild || list.appendChild(page.createElement("li")));
        const inner = /** @type {Element | null} */ (last.lastElementChild);
        list = inner && /^[UO]L$/.test(inner.tagName) ? inner : last.appendChild(page.createElement(deep + 1 === level ? tag : "UL"));
      }
      const made = page.createElement("li");
      for (const child of node.childNodes) inline(child, made, {});
      list.append(made);
    };

    /** @param {Element} list @param {Element} into */
    const listed = (list, into) => {
      const made = page.createElement(list.tagName);
      if (list.getAttribute("start") && list.getAttribute("start") !== "1") made.setAttribute("start", list.getAttribute("start") || "1");
      into.append(made);
      for (const child of list.children) {
        if (/^[UO]L$/.test(child.tagName)) listed(child, made.lastElementChild || made.appendChild(page.createElement("li")));
        else if (child.tagName === "LI" || child.textContent?.trim()) {
          const one = made.appendChild(page.createElement("li"));
          for (const part of child.childNodes) {
            if (part instanceof Element && /^[UO]L$/.test(part.tagName)) listed(part, one);
            else inline(part, one, {});
            if (isBlock(part)) one.append(" ");
          }
        }
      }
    };

    /** @param {Element} table @param {Element} into */
    const rows = (table, into) => {
      const made = page.createElement("table");
      const found = [...table.querySelectorAll("tr")].filter((row) => row.closest("table") === table);
      const width = Math.max(0, ...found.map((row) => row.children.length));
      if (!width || !table.textContent?.trim()) return;
      if (width === 1 && found.length === 1) return build(/** @type {Element} */ (found[0].children[0]), into); // a frame, not a table
      found.forEach((row, at) => {
        const line = made.appendChild(page.createElement("tr"));
        for (let place = 0; place < width; place += 1) {
          const cell = line.appendChild(page.createElement(at ? "td" : "th"));
          for (const child of row.children[place]?.childNodes || []) {
            inline(child, cell, {});
            if (isBlock(child)) cell.append(" ");
          }
        }
      });
      into.append(made);
    };

    /** @param {Element} parent @param {Element} into */
    const build = (parent, into) => {
      /** @type {Element | null} */
      let run = null;
      for (const node of parent.childNodes) {
        if (hidden(node)) continue;
        if (!(node instanceof Element) || !isBlock(node)) {
          if (!run && !node.textContent?.trim()) continue;
          run ||= into.appendChild(page.createElement("p"));
          running = null;
          inline(node, run, {});
          continue;
        }
        run = null;
        const tag = node.tagName;
        const word = /mso-list:\s*l\d+ level(\d)/i.exec(style(node));
        const level = Number(node.getAttribute("aria-level") || 0);
        const web = /^[UO]L$/.test(tag) && node.closest(".ListContainerWrapper");
        if (word) {
          const mark = [...node.querySelectorAll("[style*='mso-list']")].find((part) => /ignore/i.test(style(part)));
          const number = /^\s*(\d+)[.)]/.exec(mark?.textContent || "");
          const lettered = /^\s*([a-z]|[ivx]+)[.)]/i.test(mark?.textContent || "") && Number(word[1]) > 1;
          item(into, Number(word[1]), number || lettered ? "OL" : "UL", Number(number?.[1] || 1), node);
          continue;
        }
        if (web) {
          for (const one of node.children) {
            const deep = Number(one.getAttribute("data-aria-level") || one.getAttribute("aria-level") || 1);
            item(into, deep, tag, Number(node.getAttribute("start") || 1), one);
          }
          continue;
        }
        if (!/^(DIV|SPAN)$/.test(tag) || !node.querySelector(".ListContainerWrapper, ul, ol, p[style*='mso-list']")) running = null;
        const heading = /^H[1-6]$/.test(tag) ? Number(tag[1]) : node.getAttribute("role") === "heading" ? level || 2 : /MsoTitle/.test(node.className) ? 1 : 0;
        if (heading) inlineBlock(node, into, `h${Math.min(Math.max(heading, 2), 4)}`, { plain: true });
        else if (/^[UO]L$/.test(tag)) listed(node, into);
        else if (tag === "TABLE") rows(node, into);
        else if (tag === "BLOCKQUOTE") build(node, into.appendChild(page.createElement("blockquote")));
        else if (!holds.has(node) && tag !== "HR") inlineBlock(node, into, "p", {});
        else if (tag !== "HR") build(node, into);
      }
    };

    /** @param {Element} node @param {Element} into @param {string} tag @param {{ plain?: boolean }} within */
    const inlineBlock = (node, into, tag, within) => {
      const made = page.createElement(tag);
      for (const child of node.childNodes) inline(child, made, within);
      if (made.textContent?.trim()) into.append(made);
    };

    build(body, target);
    return tidied(target);
  };

  /** One blank between words, none at an end; nothing empty. @param {Element} target */
  const tidied = (target) => {
    for (const block of target.querySelectorAll("p, h2, h3, h4, li, td, th")) {
      const walker = target.ownerDocument.createTreeWalker(block, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
      let blank = true;
      /** @type {Text | null} */
      let last = null;
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node instanceof Element) {
          if (/^(BR|UL|OL)$/.test(node.tagName)) {
            if (last) last.data = last.data.replace(/ +$/, "");
            blank = true;
            last = null;
          }
          if (/^(UL|OL)$/.test(node.tagName)) break;
          continue;
        }
        const text = /** @type {Text} */ (node);
        text.data = blank ? text.data.replace(/^ +/, "") : text.data;
        if (text.data) {
          blank = text.data.endsWith(" ");
          last = text;
        }
      }
      if (last) last.data = last.data.replace(/ +$/, "");
      while (block.lastChild instanceof Element && block.lastChild.tagName === "BR") block.lastChild.remove();
      while (block.firstChild instanceof Element && block.firstChild.tagName === "BR") block.firstChild.remove();
    }
    for (const one of [...target.querySelectorAll("strong, em, a, p, li, blockquote")].reverse()) if (!one.textContent?.trim()) one.replaceWith(...one.childNodes);
    return target;
  };

  // As Markdown, for the plain field.
  /** @param {string} text */
  const plain = (text) => text.replace(/([\\`*_[\]<>])/g, "\\$1");
  /** Puts a mark around words, and its blanks outside it. @param {string} words @param {string} mark */
  const marked = (words, mark) => {
    const [, before, inner, after] = /** @type {RegExpMatchArray} */ (words.match(/^(\s*)([\s\S]*?)(\s*)$/));
    return inner ? before + mark + inner + mark + after : words;
  };
  /** @param {Node} node @returns {string} */
  const inlineText = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return plain(node.textContent || "");
    if (!(node instanceof Element)) return "";
    if (node.tagName === "BR") return "  \n";
    const words = [...node.childNodes].map(inlineText).join("");
    if (node.tagName === "A") return words.trim() ? `[${words.trim()}](${node.getAttribute("href")})` : words;
    return node.tagName === "STRONG" ? marked(words, "**") : node.tagName === "EM" ? marked(words, "*") : words;
  };
  /** @param {Element} node */
  const line = (node) => [...node.childNodes].map(inlineText).join("").trim().replace(/^(#+|\d+\.|[-+])(?= )/, "\\$1").replace(/^#(?=\S)/, "\\#");
  /** @param {Element} list @param {string} indent @returns {string[]} */
  const items = (list, indent) => {
    const first = Number(list.getAttribute("start") || 1);
    return [...list.children].flatMap((one, at) => {
      const nested = [...one.children].filter((child) => /^[UO]L$/.test(child.tagName));
      const copy = /** @type {Element} */ (one.cloneNode(true));
      for (const child of [...copy.children]) if (/^[UO]L$/.test(child.tagName)) child.remove();
      const mark = list.tagName === "OL" ? `${first + at}. ` : "- ";
      return [indent + mark + line(copy).replace(/\s*\n\s*/g, " "), ...nested.flatMap((child) => items(child, `${indent}    `))];
    });
  };
  /** @param {Element} table */
  const cells = (table) => {
    const lines = [...table.children].map((row) => `| ${[...row.children].map((cell) => line(cell).replace(/\s*\n\s*/g, " ").replace(/\|/g, "\\|")).join(" | ")} |`);
    lines.splice(1, 0, `|${" --- |".repeat(table.children[0].children.length)}`);
    return lines.join("\n");
  };
  /** @param {Element} body @returns {string[]} */
  const blocks = (body) => [...body.children].map((one) =>
    /^H\d$/.test(one.tagName) ? `${"#".repeat(Number(one.tagName[1]))} ${line(one)}`
    : /^[UO]L$/.test(one.tagName) ? items(one, "").join("\n")
    : one.tagName === "TABLE" ? cells(one)
    : one.tagName === "BLOCKQUOTE" ? blocks(one).join("\n\n").replace(/^/gm, "> ")
    : line(one)).filter(Boolean);

  const inert = /** @type {any} */ (window).trustedTypes?.createPolicy("sidedoor-paste", { createHTML: (/** @type {string} */ html) => html });
  /** A document of its own, in which no script runs and nothing is fetched. @param {string} html */
  const parse = (html) => new DOMParser().parseFromString(inert ? inert.createHTML(html) : html, "text/html");

  /** The clipboard's text/html as plain elements; and what was left out. @param {string} html @returns {{ body: Element, left: string }} */
  const cleaned = (html) => {
    const parsed = parse(html.replace(/^[\s\S]*<!--StartFragment-->|<!--EndFragment-->[\s\S]*$/g, ""));
    /** @type {Left} */
    const left = { comments: 0, deleted: 0, pictures: [] };
    takeOut(parsed.body, left);
    return { body: rebuilt(parsed.body), left: said(left) };
  };

  /** @param {Left} left */
  const said = ({ comments, deleted, pictures }) => {
    const names = pictures.filter(Boolean).map((name) => `“${name}”`).join(", ");
    /** @param {number} count @param {string} what */
    const some = (count, what) => (count ? [`${count} ${what}${count > 1 ? "s" : ""}`] : []);
    const parts = [...some(comments, "comment"), ...some(deleted, "deleted passage"), ...some(pictures.length, "picture").map((part) => (names ? `${part} (${names})` : part))];
    if (!parts.length) return "";
    const listed = parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : parts[0];
    const more = pictures.length ? " Add what is wanted of the pictures with “Picture”." : "";
    return `${listed} ${comments + deleted + pictures.length > 1 ? "were" : "was"} left out.${more}`;
  };

  /** Plain text: an empty line parts paragraphs; lines that a page's width has broken are joined again. @param {string} text @returns {Element} */
  const fromText = (text) => {
    const page = parse("");
    const target = page.createElement("div");
    for (const part of text.replace(/\r\n?/g, "\n").split(/\n[ \t]*\n+/)) {
      const lines = part.split("\n").map((one) => one.trim()).filter(Boolean);
      if (!lines.length) continue;
      if (lines.every((one) => /^[•◦‣▪·–-]\s+/.test(one))) {
        const list = target.appendChild(page.createElement("ul"));
        for (const one of lines) list.appendChild(page.createElement("li")).append(one.replace(/^\S+\s+/, ""));
        continue;
      }
      const wrapped = lines.length > 1 && lines.slice(0, -1).every((one) => one.length >= 45);
      if (wrapped) target.appendChild(page.createElement("p")).append(lines.join(" "));
      else for (const one of lines) target.appendChild(page.createElement("p")).append(one);
    }
    return target;
  };

  /** Says in one sentence what was left out. @param {string} sentence */
  const tell = (sentence) => {
    const place = document.querySelector("[data-left]");
    if (place) place.textContent = sentence;
  };

  const paste = (/** @type {string} */ html) => blocks(cleaned(html).body).join("\n\n");
  /** @type {any} */ (window).sidedoorPaste = Object.assign(paste, { clean: cleaned, plain: fromText, tell });
})();
