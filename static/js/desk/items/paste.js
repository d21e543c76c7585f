// Converts what a word processor, a mail, a chat or a PDF puts on the clipboard into what our documents can hold: headings,
// paragraphs, lists, links, tables, quotes, bold, italic. Styles and classes are dropped. Struck or deleted words and comments are
// left out, and the editor says so. The visual editor and the plain field both use `sidedoorPaste.taken`; tests/desk/items/pastes has
// real clipboards of these programs.
(() => {
  /** @typedef {{ file: File, alt: string }} Brought a picture pasted with the words, with the description from its program */
  /** @typedef {{ comments: number, deleted: number, pictures: string[] }} Left */

  /** A link without the parts that track who clicked it. @param {string} address @returns {string} */
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
  const NO_WORDS = /^(STYLE|SCRIPT|META|LINK|TITLE|HEAD|SVG|OBJECT|TEMPLATE|XML|IFRAME|NOSCRIPT|AUDIO|VIDEO|CANVAS|SELECT|TEXTAREA|BUTTON|DATALIST)$/i;
  /** @param {Node} node */
  const hidden = (node) =>
    node.nodeType === Node.COMMENT_NODE ||
    (node instanceof Element && (NO_WORDS.test(node.tagName) || node.tagName.startsWith("O:P") || node.hasAttribute("hidden") ||
      node.getAttribute("aria-hidden") === "true" || /mso-list:\s*ignore|display:\s*none|visibility:\s*hidden|mso-hide:\s*all|font-size:\s*0(px|pt)?\s*(;|$)/i.test(style(node))));

  /** Copy those rules of the paste's style sheet that matter to the elements themselves: Pages, TextEdit and Notes strike words by a class. @param {string} html @param {Element} body */
  const dressed = (html, body) => {
    const sheets = [...html.matchAll(/<style[^>]*>([\s\S]*?)<\/style>/gi)].map((match) => match[1]).join("\n").slice(0, 200_000);
    let rules = 0;
    for (const [, names, rule] of sheets.matchAll(/([^{}@;]+)\{([^{}]*)\}/g)) {
      const wanted = rule.match(/(text-decoration[\w-]*:[^;]*line-through|display:\s*none|mso-hide:\s*all|font-weight:\s*(bold|[6-9]00)|font-style:\s*italic|white-space:\s*pre[\w-]*)/gi);
      const name = names.replace(/<!--|-->|\/\*[\s\S]*?\*\//g, "").trim();
      if (!wanted || !/^[\w-]*\.[\w-]+(\s*,\s*[\w-]*\.[\w-]+)*$/.test(name) || (rules += 1) > 200) continue;
      for (const element of body.querySelectorAll(name)) element.setAttribute("style", `${wanted.join(";")};${style(element)}`);
    }
  };

  // First step: remove what is left out.
  const REMARK = "[style*='mso-special-character:comment' i], .MsoCommentReference, [class*='CommentReference'], [class*='CommentAnchor'], a[href^='#_msocom'], a[href^='#cmnt']:not([href^='#cmnt_ref'])";
  const DELETED = "del, s, strike, .msoDel, [class*='TextDeletion' i], [class*='TrackedDeletion' i], [class*='DeletedText' i], [style*='line-through' i]";

  /** The file of a picture whose bytes are in the paste itself. @param {Element} picture @returns {File | null} */
  const carried = (picture) => {
    const [, type, bytes] = /^data:(image\/(?:png|jpe?g|gif|webp|avif|hei[cf]|tiff|bmp));base64,([\w+/=\s]+)$/i.exec(picture.getAttribute("src") || "") || [];
    if (!bytes) return null;
    try {
      const letters = atob(bytes);
      const raw = new Uint8Array(letters.length);
      for (let at = 0; at < letters.length; at += 1) raw[at] = letters.charCodeAt(at);
      return new File([raw], "pasted", { type });
    } catch {
      return null;
    }
  };

  /** @param {Element} body @param {Left} left @param {Brought[]} [brought] collects pictures, where they can be used: a mark replaces each in the text */
  const takeOut = (body, left, brought) => {
    let bodies = 0;
    for (const remark of body.querySelectorAll("[style*='mso-element:comment' i], [class*='CommentContent' i], comment, annotation")) {
      if (/comment-list/i.test(style(remark)) || !body.contains(remark)) continue;
      bodies += 1;
      remark.remove();
    }
    for (const back of body.querySelectorAll("a[href^='#cmnt_ref']")) {
      bodies += 1;
      const box = back.closest("div");
      const alone = box && box !== body && ![...box.querySelectorAll("a[href^='#cmnt']:not([href^='#cmnt_ref'])")].length && box.textContent.length < 5_000;
      ((alone ? box : null) || back.closest("p") || back).remove();
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
      // A mark stays until all are counted, so that a passage in three pieces counts as one.
      const mark = body.ownerDocument.createElement("wbr");
      mark.setAttribute("data-gone", "");
      gone.replaceWith(mark);
    }
    for (const mark of body.querySelectorAll("[data-gone]")) mark.remove();
    footnotes(body);
    for (const picture of body.querySelectorAll("img")) {
      // Word marks its own guesses at what a picture shows by a sentence: cut that off.
      const alt = (picture.getAttribute("alt") || "").replace(/\s*(Description automatically generated|AI-generated content may be incorrect\.?)[^]*$/i, "").replace(/\s+/g, " ");
      if (alt && /^\p{Extended_Pictographic}/u.test(alt)) picture.replaceWith(alt);
      else if (/^(1|0)(px)?$/.test(picture.getAttribute("width") || "")) picture.remove();
      else {
        const file = brought && carried(picture);
        if (file) picture.replaceWith(`\ue000${brought.push({ file, alt: alt.trim() })}\ue001`);
        else {
          left.pictures.push(alt.trim());
          picture.remove();
        }
      }
    }
  };

  /** Put footnotes into brackets. Word, Google Docs and LibreOffice all give a mark that links to a note, which links back. @param {Element} body */
  const footnotes = (body) => {
    const links = [...body.querySelectorAll("a[href^='#']")];
    for (const mark of links) {
      const names = [mark.getAttribute("name"), mark.id].filter(Boolean);
      const back = links.find((link) => link !== mark && names.includes((link.getAttribute("href") || "").slice(1)) &&
        mark.compareDocumentPosition(link) & Node.DOCUMENT_POSITION_FOLLOWING);
      if (!back || !body.contains(mark)) continue;
      const own = back.closest("[style*='mso-element:footnote' i]:not([style*='-list']), [style*='mso-element:endnote' i]:not([style*='-list']), div[id^='sdfootnote'], div[id^='sdendnote']");
      const note = own || back.closest("li, p, div");
      if (!note || note === body || note.contains(mark)) continue;
      back.remove();
      for (const part of note.querySelectorAll("p, br")) part.prepend(" ");
      const words = (note.textContent || "").replace(/[\s\u00a0]+/g, " ").replace(/^[\s\[\]\d↑]*(?=\S)/, "").trim();
      note.remove();
      const sup = mark.closest("sup");
      (sup && sup.textContent === mark.textContent ? sup : mark).replaceWith(words ? ` (${words})` : "");
    }
  };

  // Second step: build what stays again out of plain elements.
  const BLOCKS = /^(P|DIV|H[1-6]|UL|OL|LI|TABLE|T[RDH]|CAPTION|BLOCKQUOTE|PRE|SECTION|ARTICLE|HR|DL|DT|DD|HEADER|FOOTER|MAIN|CENTER|ADDRESS|ASIDE|NAV|FIGURE|FIGCAPTION|FORM|FIELDSET|LEGEND|DETAILS|SUMMARY|OPTION)$/;
  /** @param {Element} element */
  const block = (element) => BLOCKS.test(element.tagName) || /display:\s*(block|flex|grid|table|list-item)/i.test(style(element));
  const DEEPEST = 5; // levels of lists: nobody's text has more

  /** Letters of the font Wingdings that Outlook inserts by itself, for smileys and arrows. @type {Record<string, string>} */
  const WINGDINGS = { J: "☺", K: "😐", L: "☹", "à": "→", "ß": "←", "ü": "✓", "û": "✗", "\uf04a": "☺", "\uf0e0": "→", "\uf0fc": "✓" };
  const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const LOWERED = "₀₁₂₃₄₅₆₇₈₉";

  /** Turn line ends within the text into `br`, where the program displays them. @param {Element} body */
  const lineEnds = (body) => {
    const page = body.ownerDocument;
    const texts = page.createTreeWalker(body, NodeFilter.SHOW_TEXT);
    const withLineEnds = [];
    for (let text = texts.nextNode(); text; text = texts.nextNode()) if (text.textContent?.includes("\n")) withLineEnds.push(/** @type {Text} */ (text));
    for (const text of withLineEnds) {
      const shown = text.parentElement?.closest("pre, [style*='white-space' i], .copyable-text, .selectable-text");
      const asIs = shown && (/white-space(-collapse)?:\s*(pre|break-spaces)/i.test(style(shown)) || !/white-space/i.test(style(shown)));
      const between = !text.data.trim() && [text.previousSibling, text.nextSibling].some((sibling) => !sibling || (sibling instanceof Element && block(sibling)));
      if (!asIs || between) continue;
      text.replaceWith(...text.data.split(/\r?\n/).flatMap((line, at) => (at ? [page.createElement("br"), line] : [line])));
    }
  };

  /** The elements that have a block inside; worked out once, from the leaves up. @param {Element} body */
  const holders = (body) => {
    const holding = new Set();
    for (const inner of body.querySelectorAll("*")) {
      if (!block(inner)) continue;
      for (let outer = inner.parentElement; outer && !holding.has(outer); outer = outer.parentElement) holding.add(outer);
    }
    return holding;
  };

  /** @param {Element} body @returns {Element} */
  const rebuilt = (body) => {
    const page = body.ownerDocument;
    const holds = holders(body);
    const target = page.createElement("div");
    /** @param {Node} node */
    const isBlock = (node) => node instanceof Element && (block(node) || holds.has(node));
    // A single heading of the first level is the document's title; where there are several, lower headings stay below them.
    const tops = [...body.querySelectorAll("h1, [role=heading][aria-level='1']")].filter((heading) => !/MsoTitle/.test(heading.className) && heading.textContent?.trim());
    const lower = tops.length > 1 ? 1 : 0;

    /** @param {Node} node @param {Element} into @param {{ heavy?: boolean, slanted?: boolean, link?: boolean, plain?: boolean }} within */
    const inline = (node, into, within) => {
      if (hidden(node)) return;
      if (node.nodeType === Node.TEXT_NODE) return into.append(words(node.textContent || "", node.parentElement));
      if (!(node instanceof Element)) return;
      if (node.tagName === "BR") return into.append(page.createElement("br"));
      if (/mso-tab-count/.test(style(node))) return into.append(" ");
      const raised = node.tagName === "SUP" || /vertical-align:\s*super/i.test(style(node)) ? RAISED : node.tagName === "SUB" || /vertical-align:\s*sub\b/i.test(style(node)) ? LOWERED : "";
      const digits = raised && /^\s*[\[(]?(\d{1,3})[\])]?\s*$/.exec(node.textContent || "");
      if (digits) return into.append([...digits[1]].map((digit) => raised[Number(digit)]).join(""));
      if (node.tagName === "Q") into.append("“");
      const isHeavy = heavy(node) && !within.heavy && !within.plain;
      const isSlanted = slanted(node) && !within.slanted;
      const address = node.tagName === "A" && !within.link ? clean(node.getAttribute("href") || "") : "";
      let inner = into;
      for (const [wanted, tag] of /** @type {[unknown, string][]} */ ([[address, "a"], [isHeavy, "strong"], [isSlanted, "em"]])) {
        if (!wanted) continue;
        const wrapper = page.createElement(tag);
        if (tag === "a") wrapper.setAttribute("href", address);
        inner.append(wrapper);
        inner = wrapper;
      }
      const deeper = { ...within, heavy: within.heavy || isHeavy, slanted: within.slanted || isSlanted, link: within.link || !!address };
      for (const child of node.childNodes) {
        // Keep a blank between parts that were separate blocks.
        if (isBlock(child) && inner.textContent && !/\s$/.test(inner.textContent)) inner.append(" ");
        inline(child, inner, deeper);
        if (isBlock(child)) inner.append(" ");
      }
      if (node.tagName === "Q") into.append("”");
    };

    /** @param {string} text @param {Element | null} around */
    const words = (text, around) => {
      if (text.trim().length === 1 && around && /wingdings/i.test(style(around))) text = text.replace(/\S/, (mark) => WINGDINGS[mark] || mark);
      return text.replace(/[\s\u00a0]+/g, " ").replace(/[\u200b\ufeff\u00ad\u0000-\u001f\ufffe]/g, "");
    };

    /** @type {Element | null} the list that Word's next item may continue */
    let running = null;

    /** Add an item that states its own level, as Word's do. @param {Element} into @param {number} level @param {string} tag @param {number} number @param {Element} node */
    const item = (into, level, tag, number, node) => {
      let list = running;
      if (!list || (level === 1 && (list.tagName !== tag || (tag === "OL" && number === 1)))) {
        list = page.createElement(tag);
        if (number > 1) list.setAttribute("start", String(number));
        into.append(list);
        running = list;
      }
      for (let deep = 1; deep < Math.min(level, DEEPEST); deep += 1) {
        const last = /** @type {Element} */ (list.lastElementChild || list.appendChild(page.createElement("li")));
        const inner = /** @type {Element | null} */ (last.lastElementChild);
        list = inner && /^[UO]L$/.test(inner.tagName) ? inner : last.appendChild(page.createElement(deep + 1 === level ? tag : "UL"));
      }
      const added = page.createElement("li");
      for (const child of node.childNodes) inline(child, added, {});
      removeMark(added);
      list.append(added);
    };

    /** Removes a bullet that a program has written as text before an item. @param {Element} item */
    const removeMark = (item) => {
      const first = page.createTreeWalker(item, NodeFilter.SHOW_TEXT);
      for (let text = first.nextNode(); text; text = first.nextNode()) {
        const bare = (text.textContent || "").replace(BULLET, "");
        if (bare !== text.textContent) text.textContent = bare;
        if (bare.trim()) break;
      }
    };

    /** Add only the words of blocks, where blocks are not possible. @param {Element} parent @param {Element} into */
    const flat = (parent, into) => {
      for (const child of parent.childNodes) {
        if (isBlock(child)) into.append(" ");
        inline(child, into, {});
        if (isBlock(child)) into.append(" ");
      }
    };

    /** @param {Element} list @param {Element} into @param {number} [deep] */
    const listed = (list, into, deep = 1) => {
      if (deep > DEEPEST) return flat(list, into);
      const copy = page.createElement(list.tagName);
      if (list.getAttribute("start") && list.getAttribute("start") !== "1") copy.setAttribute("start", list.getAttribute("start") || "1");
      into.append(copy);
      for (const child of list.children) {
        if (hidden(child)) continue;
        if (/^[UO]L$/.test(child.tagName)) listed(child, copy.lastElementChild || copy.appendChild(page.createElement("li")), deep + 1);
        else if (child.tagName === "LI" || child.textContent?.trim()) {
          const added = copy.appendChild(page.createElement("li"));
          for (const part of child.childNodes) {
            if (part instanceof Element && /^[UO]L$/.test(part.tagName)) listed(part, added, deep + 1);
            else inline(part, added, {});
            if (isBlock(part)) added.append(" ");
          }
          removeMark(added);
        }
      }
    };

    /** @param {Element} table @param {Element} into */
    const rows = (table, into) => {
      const copy = page.createElement("table");
      const tableRows = [...table.querySelectorAll("tr")].filter((row) => row.closest("table") === table);
      if (!table.textContent?.trim()) return;
      const caption = [...table.children].find((part) => part.tagName === "CAPTION");
      if (caption) inlineBlock(caption, into, "p", {});
      // Mails use tables for layout: those are not kept as tables.
      const frame = table.querySelector("table, h1, h2, h3") || table.getAttribute("role") === "presentation" || (tableRows.length === 1 && tableRows[0].children.length === 1);
      if (frame) {
        for (const row of tableRows) for (const cell of row.children) build(cell, into);
        return;
      }
      /** @type {(Element | null)[][]} each cell at its first place; further places that it spans stay empty */
      const grid = [];
      tableRows.slice(0, 2_000).forEach((row, at) => {
        const line = (grid[at] ||= []);
        let place = 0;
        for (const cell of row.children) {
          while (line[place] !== undefined) place += 1;
          const [wide, high] = ["colspan", "rowspan"].map((name) => Math.min(Math.max(Number(cell.getAttribute(name)) || 1, 1), 50));
          for (let down = 0; down < high && at + down < tableRows.length; down += 1) for (let right = 0; right < wide; right += 1) (grid[at + down] ||= [])[place + right] = down || right ? null : cell;
          place += wide;
        }
      });
      const width = Math.max(...grid.map((line) => line.length));
      grid.forEach((cells, at) => {
        const line = copy.appendChild(page.createElement("tr"));
        for (let place = 0; place < width; place += 1) {
          const cell = line.appendChild(page.createElement(at ? "td" : "th"));
          for (const child of cells[place]?.childNodes || []) {
            inline(child, cell, {});
            if (isBlock(child)) cell.append(" ");
          }
        }
      });
      into.append(copy);
    };

    /** @param {Element} parent @param {Element} into */
    const build = (parent, into) => {
      /** @type {Element | null} */
      let run = null;
      /** @type {Element | null} items of a list whose start was not copied */
      let loose = null;
      for (const node of parent.childNodes) {
        if (hidden(node)) continue;
        if (node instanceof Element && node.tagName === "LI" && !/mso-list/i.test(style(node))) {
          loose ||= page.createElement("ul");
          loose.append(node.cloneNode(true));
          const next = [...loose.children].length && node.nextElementSibling;
          if (next && next.tagName === "LI") continue;
          body.append(loose);
          for (const inner of holders(loose)) holds.add(inner);
          listed(loose, into);
          loose.remove();
          loose = run = running = null;
          continue;
        }
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
        const heading = /^H[1-6]$/.test(tag) ? Number(tag[1]) : node.getAttribute("role") === "heading" ? level || 2 : /MsoTitle/.test(node.className) ? -1 : 0;
        if (word && !heading) {
          const mark = [...node.querySelectorAll("[style*='mso-list']")].find((part) => /ignore/i.test(style(part)));
          const number = /^\s*\(?(\d+)[.)]/.exec(mark?.textContent || "");
          const lettered = /^\s*\(?([a-z]|[ivxl]+)[.)]/i.test(mark?.textContent || "");
          item(into, Number(word[1]), number || lettered ? "OL" : "UL", Number(number?.[1] || 1), node);
          continue;
        }
        if (web) {
          for (const entry of node.children) {
            const deep = Number(entry.getAttribute("data-aria-level") || entry.getAttribute("aria-level") || 1);
            item(into, deep, tag, Number(node.getAttribute("start") || 1), entry);
          }
          continue;
        }
        if (!heading && !holds.has(node) && /^(P|DIV)$/.test(tag)) {
          const typed = typedItem(node);
          if (typed) {
            item(into, 1, typed.tag, typed.number, node);
            continue;
          }
        }
        if (!/^(DIV|SPAN)$/.test(tag) || !node.querySelector(".ListContainerWrapper, ul, ol, p[style*='mso-list']")) running = null;
        if (heading) inlineBlock(numbered(node), into, `h${Math.min(Math.max(heading + lower, 2), 4)}`, { plain: true });
        else if (/^[UO]L$/.test(tag)) listed(node, into);
        else if (tag === "TABLE") rows(node, into);
        else if (tag === "BLOCKQUOTE") build(node, into.closest("blockquote") ? into : into.appendChild(page.createElement("blockquote")));
        else if (/Mso(Intense)?Quote/.test(node.className) && !holds.has(node)) inlineBlock(node, into.appendChild(page.createElement("blockquote")), "p", {});
        else if (!holds.has(node) && tag !== "HR") inlineBlock(node, into, "p", {});
        else if (tag !== "HR") build(node, into);
      }
    };

    /** Show the number of a heading, which Word stores as the mark of a list. @param {Element} node */
    const numbered = (node) => {
      for (const mark of node.querySelectorAll("[style*='mso-list' i]")) {
        if (!/\d|[a-z][.)]/i.test(mark.textContent || "")) continue;
        mark.setAttribute("style", "");
        mark.append(" ");
      }
      return node;
    };

    /** Recognise a paragraph that a program writes as an item of a list: a bullet, or a number and a tab. @param {Element} node */
    const typedItem = (node) => {
      const text = node.textContent || "";
      if (/^\s*[•◦‣▪●■∙⁃·\uf0b7\uf0a7]\s*\S/.test(text)) return { tag: "UL", number: 1 };
      const number = /^\s*(\d{1,2})[.)](\t|[\s\u00a0]{3,})\s*\S/.exec(text);
      if (!number) return null;
      const first = page.createTreeWalker(node, NodeFilter.SHOW_TEXT);
      for (let text = first.nextNode(); text; text = first.nextNode()) {
        const bare = (text.textContent || "").replace(/^\s*\d{1,2}[.)]\s*/, "");
        if (bare !== text.textContent) {
          text.textContent = bare;
          break;
        }
        if (bare.trim()) break;
      }
      return { tag: "OL", number: Number(number[1]) };
    };

    /** @param {Node} node @param {Element} into @param {string} tag @param {{ plain?: boolean }} within */
    const inlineBlock = (node, into, tag, within) => {
      const created = page.createElement(tag);
      for (const child of node.childNodes) inline(child, created, within);
      if (created.textContent?.trim()) into.append(created);
    };

    build(body, target);
    parted(target);
    return tidied(target);
  };

  // Lines. If most lines are as wide as the page, the program has broken them itself: join them again.
  const BULLET = /^\s*[•◦‣▪●■∙⁃·\uf0b7\uf0a7]\s*/;
  const ENDS = /[.!?:;][”’"')\]]*$/;
  /** First parts of words that keep their hyphen: "well-known" is never "wellknown". */
  const HALVES = /^(well|self|long|short|high|low|non|ex|co|anti|mid|part|full|half|cross|face|life|year|day|first|second|third|multi|all|ill|so|one|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|post|pre|pro|semi|vice|then|far|hard|old|new|user|child|age|drug|law|trauma|victim|survivor|police|community|government|council|court|decision|policy|fact|follow|check|drop|sign|stand|step|walk|front|back|home|work|time|place|large|small|wide|open|closed|free|early|late|best|better|much|ever|still|non|over|under|in|on|up|by|to|of)$/i;

  /** @typedef {"join" | "glue" | "glue-hyphen" | "keep" | "part"} Between what goes between two lines: a blank, nothing, a hyphen, a line end, or a new paragraph */

  /** @param {string[]} lines @param {string} whole @returns {Between[]} */
  const flow = (lines, whole) => {
    const width = Math.max(0, ...lines.map((line) => line.length));
    const first = (/** @type {string} */ line) => /^\S*/.exec(line)?.[0].length || 0;
    const full = lines.slice(0, -1).map((line, at) => line.length >= 40 && line.length + 1 + first(lines[at + 1]) > width * 0.9);
    const goesOn = full.map((isFull, at) => isFull && (/^[\p{Ll}]/u.test(lines[at + 1]) || /[\p{Ll}]-$/u.test(lines[at])));
    const filled = full.filter(Boolean).length;
    const broken = width >= 40 && width <= 130 && filled > 0 && goesOn.filter(Boolean).length * 2 >= filled;
    return lines.slice(0, -1).map((line, at) => {
      const next = lines[at + 1];
      if (!broken) return "keep";
      if (listMark(next)) return "part";
      const halves = /([\p{L}]+)[-\u00ad\u2010\ufffe\u0002]$/u.exec(line);
      if (halves && /^\p{Ll}/u.test(next)) {
        const rest = /^\p{L}+/u.exec(next)?.[0] || "";
        if (whole.includes(`${halves[1]}-${rest}`)) return "glue-hyphen";
        return HALVES.test(halves[1]) && !whole.includes(halves[1] + rest) ? "glue-hyphen" : "glue";
      }
      if (/[-\u2010]$/.test(line) && /^\S/.test(next) && /\S-$/.test(line)) return "glue-hyphen";
      if (/^\p{Ll}/u.test(next)) return "join";
      const shorter = line.length < width * 0.85;
      return full[at] && !(shorter && ENDS.test(line)) ? "join" : "part";
    });
  };
  /** @param {string} line */
  const listMark = (line) => /^([•◦‣▪●■∙⁃·\uf0b7\uf0a7]|[-–*](?=\s)|o\t|\(?\d{1,2}[.)](?=\s))\s*/.exec(line)?.[0] || "";

  /** Start a new paragraph at two line ends; join lines that were broken at a page's width. @param {Element} target */
  const parted = (target) => {
    const page = target.ownerDocument;
    for (const lineEnd of target.querySelectorAll("h2 br, h3 br, h4 br, td br, th br")) lineEnd.replaceWith(" ");
    // A line end is always outside of bold, italic and links: split those around it.
    for (const lineEnd of target.querySelectorAll("strong br, em br, a br")) {
      for (let mark = /** @type {Element} */ (lineEnd.parentElement); /^(STRONG|EM|A)$/.test(mark.tagName); mark = /** @type {Element} */ (lineEnd.parentElement)) {
        const rest = /** @type {Element} */ (mark.cloneNode(false));
        while (lineEnd.nextSibling) rest.append(lineEnd.nextSibling);
        mark.after(lineEnd, rest);
      }
    }
    for (const paragraph of target.querySelectorAll("p")) {
      if (![...paragraph.children].some((child) => child.tagName === "BR")) continue;
      /** @type {Node[][]} */
      const lines = [[]];
      for (const node of [...paragraph.childNodes]) {
        if (node instanceof Element && node.tagName === "BR") lines.push([]);
        else lines[lines.length - 1].push(node);
      }
      const wordsOf = (/** @type {Node[]} */ line) => line.map((node) => node.textContent).join("").trim();
      /** @type {Node[][][]} */
      const groups = [[]];
      for (const line of lines) {
        if (wordsOf(line)) groups[groups.length - 1].push(line);
        else if (groups[groups.length - 1].length) groups.push([]);
      }
      const whole = paragraph.textContent || "";
      const parts = groups.filter((group) => group.length).flatMap(/** @returns {Element[]} */ (group) => {
        const between = flow(group.map(wordsOf), whole);
        if (group.length > 1 && group.every((line) => BULLET.test(wordsOf(line)))) {
          const list = page.createElement("ul");
          for (const line of group) {
            const item = list.appendChild(page.createElement("li"));
            item.append(...line);
            const text = page.createTreeWalker(item, NodeFilter.SHOW_TEXT).nextNode();
            if (text) text.textContent = (text.textContent || "").replace(BULLET, "");
          }
          return [list];
        }
        const all = [page.createElement("p")];
        group.forEach((line, at) => {
          const last = all[all.length - 1];
          last.append(...line);
          const end = between[at];
          if (end === "part") all.push(page.createElement("p"));
          else if (end === "keep") last.append(page.createElement("br"));
          else if (end === "join") last.append(" ");
          else if (end) glued(last, end === "glue");
        });
        return all;
      });
      paragraph.replaceWith(...parts);
    }
  };
  /** Removes blanks, and the hyphen, from the end of a line. @param {Element} block @param {boolean} hyphen */
  const glued = (block, hyphen) => {
    const texts = block.ownerDocument.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    let last = null;
    for (let text = texts.nextNode(); text; text = texts.nextNode()) if (text.textContent?.trim()) last = text;
    if (last) last.textContent = (last.textContent || "").replace(hyphen ? /[-\u00ad\u2010\ufffe\u0002]?\s*$/ : /\s*$/, "");
  };

  /** Leave one blank between words, none at an end, and no empty elements. @param {Element} target */
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
    for (const element of [...target.querySelectorAll("strong, em, a, p, li, blockquote")].reverse()) if (!element.textContent?.trim()) element.replaceWith(...element.childNodes);
    // On the page, lists with nothing between them are one list.
    for (const list of target.querySelectorAll("ul, ol, blockquote")) {
      const before = list.previousElementSibling;
      if (before?.tagName !== list.tagName || list.previousSibling !== before) continue;
      list.prepend(...before.childNodes);
      if (before.getAttribute("start")) list.setAttribute("start", before.getAttribute("start") || "");
      else list.removeAttribute("start");
      before.remove();
    }
    return target;
  };

  // Third step: Markdown, for the plain field.
  /** As in the editor's writing.js: a backslash where Python-Markdown knows it, and HTML entities for the rest. @param {string} text */
  const plain = (text) => text.replace(/([\\`*[\]])/g, "\\$1").replace(/(?<![\p{L}\d])_|_(?![\p{L}\d])/gu, "\\_")
    .replace(/&(?=#?\w+;)/g, "&amp;").replace(/<(?=[a-zA-Z/!?])/g, "&lt;").replace(/\{(?=:)/g, "&#123;");
  /** Puts a mark around words, with their outer blanks outside it. @param {string} words @param {string} mark */
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
    if (node.tagName === "A") return words.trim() ? `[${words.trim()}](${(node.getAttribute("href") || "").replace(/[\s()<>]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)})` : words;
    return node.tagName === "STRONG" ? marked(words, "**") : node.tagName === "EM" ? marked(words, "*") : words;
  };
  /** @param {Element} node */
  const line = (node) => [...node.childNodes].map(inlineText).join("").trim().split("\n").map(safe).join("\n");
  /** Escapes what would have another meaning at the start of a line. @param {string} words */
  const safe = (words) => words.replace(/^([>#])/, "\\$1").replace(/^([-+])(?=\s|$)/, "\\$1").replace(/^(\d+)\.(?=\s|$)/, "$1\\.")
    .replace(/^-(?=--+\s*$)/, "-\\").replace(/^=(?==*\s*$)/, "&#61;").replace(/^\/(?=\/\/)/, "&#47;").replace(/^~(?=~~)/, "&#126;").replace(/^[\s|:-]*\|[\s|:-]*$/, (rule) => rule.replace(/\\?\|/g, "\\|"));
  /** @param {Element} list @param {string} indent @returns {string[]} */
  const items = (list, indent) => {
    const first = Number(list.getAttribute("start") || 1);
    return [...list.children].flatMap((item, at) => {
      const nested = [...item.children].filter((child) => /^[UO]L$/.test(child.tagName));
      const copy = /** @type {Element} */ (item.cloneNode(true));
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
  const blocks = (body) => [...body.children].map((element) =>
    /^H\d$/.test(element.tagName) ? `${"#".repeat(Number(element.tagName[1]))} ${line(element)}`
    : /^[UO]L$/.test(element.tagName) ? items(element, "").join("\n")
    : element.tagName === "TABLE" ? cells(element)
    : element.tagName === "BLOCKQUOTE" ? blocks(element).join("\n\n").replace(/^/gm, "> ")
    : line(element)).filter(Boolean);

  const inert = /** @type {any} */ (window).trustedTypes?.createPolicy("sidedoor-paste", { createHTML: (/** @type {string} */ html) => html });
  /** A separate document, in which no script runs and nothing is fetched. @param {string} html */
  const parse = (html) => new DOMParser().parseFromString(inert ? inert.createHTML(html) : html, "text/html");

  /** What was copied, without what was around it. A copy from Excel starts inside its table. @param {string} html */
  const fragment = (html) => {
    const cut = html.replace(/^Version:[\d.]+\s[\s\S]*?(?=<)/, "").replace(/^[\s\S]*<!--\s*StartFragment\s*-->|<!--\s*EndFragment\s*-->[\s\S]*$/g, "");
    return /^\s*<(tr|t[dh]|tbody|thead|col|colgroup)[\s>]/i.test(cut) ? `<table>${cut}</table>` : cut;
  };

  /** Turns the clipboard's text/html into plain elements, and says what was left out. @param {string} html @param {Brought[]} [brought] */
  const cleaned = (html, brought) => {
    const { body } = parse(fragment(html));
    // A PDF in Firefox: each line is an element.
    if (body.querySelector("br[role=presentation]")) {
      for (const end of body.querySelectorAll("br")) end.replaceWith("\n");
      return { body: fromText(body.textContent || ""), left: nothing() };
    }
    const left = nothing();
    dressed(html, body);
    takeOut(body, left, brought);
    if (/<meta[^>]+generator[^>]+(Libre|Open)Office/i.test(html)) left.comments += writersRemarks(body);
    lineEnds(body);
    return { body: rebuilt(body), left };
  };

  /** @returns {Left} */
  const nothing = () => ({ comments: 0, deleted: 0, pictures: [] });

  /** LibreOffice Writer gives its comments as HTML comments. @param {Element} body */
  const writersRemarks = (body) => {
    const walker = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_COMMENT);
    let remarks = 0;
    while (walker.nextNode()) if (walker.currentNode.textContent?.trim()) remarks += 1;
    return remarks;
  };

  /** Converts a paste from any program, for both fields. Pictures are added to `brought`; without it, they are left out. @param {string} html @param {string} text @param {Brought[]} [brought] */
  const taken = (html, text, brought) => {
    if (!html) return { body: fromText(text), left: nothing() };
    try {
      const result = cleaned(html, brought);
      if (said(result.left) || result.body.textContent?.trim() || !text.trim()) return result;
    } catch (error) {
      console.error(error); // the words are pasted as plain text all the same
      brought?.splice(0);
    }
    return { body: fromText(text), left: nothing() };
  };

  /** @param {string} name */
  const short = (name) => (name.length > 90 ? `${name.slice(0, 89).replace(/\s+\S*$/, "")} …` : name);
  /** Says in one sentence what was left out. @param {Left} left */
  const said = ({ comments, deleted, pictures }) => {
    const names = pictures.filter(Boolean).map((name) => `“${short(name)}”`).join(", ");
    /** @param {number} count @param {string} noun */
    const some = (count, noun) => (count ? [`${count} ${noun}${count > 1 ? "s" : ""}`] : []);
    const parts = [...some(comments, "comment"), ...some(deleted, "deleted passage"), ...some(pictures.length, "picture").map((part) => (names ? `${part} (${names})` : part))];
    if (!parts.length) return "";
    const listed = parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.slice(-1)[0]}` : parts[0];
    const more = pictures.length ? " Add what is wanted of the pictures with “Picture”." : "";
    return `${listed} ${comments + deleted + pictures.length > 1 ? "were" : "was"} left out.${more}`;
  };

  /** Converts plain text: an empty line separates paragraphs; lines that were broken at a page's width are joined again. @param {string} text @returns {Element} */
  const fromText = (text) => {
    const page = parse("");
    const target = page.createElement("div");
    /** @type {{ words: string, gap: boolean }[]} */
    const lines = [];
    let gap = true;
    for (const raw of text.replace(/\u2029/g, "\n\n").replace(/\r\n?|[\u2028\v\f]/g, "\n").split("\n")) {
      const words = raw.replace(/[\u200b\ufeff]/g, "").replace(/\u00ad(?=.)/g, "").trim();
      if (words) lines.push({ words, gap });
      gap = !words;
    }
    const between = flow(lines.map((line) => line.words), text);
    // The lines of one sentence or item, joined again.
    /** @type {{ words: string, gap: boolean }[]} */
    const whole = [];
    lines.forEach((line, at) => {
      const end = at ? between[at - 1] : "part";
      const last = whole[whole.length - 1];
      const overPage = line.gap && /^\p{Ll}/u.test(line.words) && !ENDS.test(last?.words || ".");
      if (!last || end === "keep" || end === "part" || (line.gap && !overPage)) whole.push({ ...line });
      else if (end === "join") last.words += ` ${line.words}`;
      else last.words = (end === "glue" ? last.words.replace(/[-\u00ad\u2010\ufffe\u0002]$/, "") : last.words) + line.words;
    });
    for (let at = 0; at < whole.length; at += 1) {
      let end = at;
      const ordered = /^\(?1[.)]\s/.test(whole[at].words);
      const mark = (/** @type {number} */ place) => (whole[place] ? listMark(whole[place].words) : "");
      const goesOn = (/** @type {number} */ place) => (ordered ? new RegExp(`^\\(?${place - at + 1}[.)]\\s`).test(whole[place]?.words || "") : !!mark(place) && !/^\(?\d/.test(mark(place)));
      while (goesOn(end)) end += 1;
      if (end - at > 1 || (end - at === 1 && BULLET.test(whole[at].words))) {
        const list = target.appendChild(page.createElement(ordered ? "ol" : "ul"));
        for (; at < end; at += 1) list.appendChild(page.createElement("li")).append(shown(whole[at].words.slice(mark(at).length)));
        at -= 1;
      } else target.appendChild(page.createElement("p")).append(shown(whole[at].words));
    }
    return target;
  };
  /** @param {string} words */
  const shown = (words) => words.replace(/[\u0000-\u0008\u000e-\u001f\ufffe]/g, "").replace(/[\s\u00a0]+/g, " ").trim();

  /** Whether somebody pastes Markdown into the field for Markdown, or an address into a link. @param {string} text */
  const isMarkdown = (text) => !/\s/.test(text.trim()) || /^(#{1,6} \S|\/{3,}|> |\|.*\|\s*$)|\*\*\S|\]\(\S/m.test(text);

  /** Says what was left out. @param {Left} [left] */
  const tell = (left = nothing()) => {
    const place = document.querySelector("[data-left]");
    if (place) place.textContent = said(left);
  };

  const markdown = (/** @type {Element} */ body) => blocks(body).join("\n\n");
  /** @type {any} */ (window).sidedoorPaste = { taken, markdown, isMarkdown, said, tell };
})();
