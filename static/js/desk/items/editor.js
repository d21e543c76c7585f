// Adds to the editor's form, which works without it: a toolbar and shortcuts, clean pasting, dropped pictures; and every few
// seconds it sends what was typed to the desk, which keeps it, checks it, and says who else is editing the item.
(() => {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-editor]"));
  const body = /** @type {HTMLTextAreaElement | null} */ (document.querySelector("#f-body"));
  if (!form || !body) return;
  const path = form.dataset.editor || "";
  const toolbar = /** @type {HTMLElement} */ (form.querySelector("[data-plain-toolbar]"));
  const panel = /** @type {HTMLElement} */ (document.querySelector("[data-panel]"));
  const saved = /** @type {HTMLElement} */ (form.querySelector("[data-saved]"));
  const others = /** @type {HTMLElement} */ (document.querySelector("[data-others]"));
  const names = /** @type {HTMLElement} */ (document.querySelector("[data-others-names]"));
  const preview = /** @type {HTMLIFrameElement | null} */ (document.querySelector("[data-preview]"));
  const ownHtml = /** @type {any} */ (window).trustedTypes?.createPolicy("sidedoor-desk", { createHTML: (/** @type {string} */ html) => html });
  let typed = false;
  let sending = false;
  /** When the words were sent that the desk has not confirmed yet. @type {number} */
  let sentAt = 0;
  let leaving = false;
  let troubled = false;
  const PATIENCE = 12_000; // milliseconds
  toolbar.hidden = false;

  let isKeptSaid = false;
  /** Say something below the text. A screen reader reads it out, but not again after every few words. @param {string} words @param {boolean} [aloud] */
  const say = (words, aloud = true) => {
    if (saved.textContent?.trim() === words) return false;
    saved.setAttribute("aria-live", aloud ? "polite" : "off");
    saved.textContent = words && ` ${words}`;
    return true;
  };

  // The summary of a new item starts as a copy of its title: select it, so that typing replaces it.
  const summary = /** @type {HTMLInputElement | null} */ (form.querySelector("#f-summary[autofocus]"));
  if (summary && [document.body, summary].includes(/** @type {any} */ (document.activeElement))) {
    summary.focus({ preventScroll: true });
    summary.select();
  }

  // Enter in a field moves to the next field, which may be the text; only a button or Ctrl+Enter sends.
  form.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing || event.defaultPrevented || !(field instanceof HTMLInputElement) || /^(checkbox|radio|file)$/.test(field.type)) return;
    event.preventDefault();
    const all = [...form.querySelectorAll("input, select, textarea, [contenteditable=true], .buttons button")];
    const next = all.slice(all.indexOf(field) + 1).find((control) => control instanceof HTMLElement && control.offsetParent && control.getAttribute("tabindex") !== "-1" && !control.closest("[role=toolbar]"));
    /** @type {HTMLElement | undefined} */ (next)?.focus();
    if (next instanceof HTMLInputElement && next.type === "text") next.select(); // as Tab does
  });

  // Pressing a check goes to its place in the text; in one column, the list of checks then closes to make room. Alt+F7 goes to the next check, as in Word.
  const checks = /** @type {HTMLDetailsElement} */ (document.querySelector("[data-checks]"));
  const oneColumn = matchMedia("(max-width: 63.99rem)");
  checks.open = !oneColumn.matches;
  oneColumn.addEventListener("change", () => { checks.open = !oneColumn.matches; });
  const count = () => {
    const place = /** @type {HTMLElement} */ (checks.querySelector("[data-count]"));
    const counted = panel.querySelector("[data-counted]")?.textContent || "";
    if (place.textContent !== counted) place.textContent = counted;
  };
  count();
  panel.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (link) {
      event.preventDefault();
      leadTo(link);
    }
  });
  /** @param {HTMLAnchorElement} link */
  const leadTo = (link) => {
    checks.open = !oneColumn.matches;
    const line = Number(link.dataset.line);
    if (!line) {
      const field = form.querySelector(link.hash);
      const around = field?.closest("details");
      if (around) around.open = true;
      return /** @type {HTMLElement | null} */ (field)?.focus();
    }
    if (/** @type {any} */ (window).sidedoorShowLine?.(line)) return;
    const start = body.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    const end = body.value.indexOf("\n", start);
    body.focus({ preventScroll: true });
    body.setSelectionRange(start, end < 0 ? body.value.length : end);
    // No browser scrolls a field to its selection. A copy of the words before it has the right height, so scroll by that.
    const copy = /** @type {HTMLTextAreaElement} */ (body.cloneNode());
    copy.removeAttribute("id");
    copy.value = body.value.slice(0, body.selectionEnd);
    Object.assign(copy.style, { position: "absolute", visibility: "hidden", height: "0", width: `${body.offsetWidth}px` });
    body.after(copy);
    body.scrollTop = copy.scrollHeight - body.clientHeight / 2;
    copy.remove();
    body.scrollIntoView({ block: "center" });
  };
  /** The check led to last. Two checks may be alike, so its place counts until the list changes. */
  let last = { check: /** @type {string | undefined} */ (""), place: -1 };
  addEventListener("keydown", (event) => {
    if (event.key !== "F7" || !event.altKey) return;
    event.preventDefault();
    const links = [...panel.querySelectorAll("a")];
    if (!links.length) return;
    const isLast = (/** @type {HTMLElement | undefined} */ link) => link?.dataset.check === last.check;
    const place = ((isLast(links[last.place]) ? last.place : links.findIndex(isLast)) + 1) % links.length;
    const next = links[place];
    last = { check: next.dataset.check, place };
    leadTo(next);
    say((next.parentElement?.firstChild?.textContent || "").trim());
  });

  // Typing. All changes go through insertText, so that the browser's own undo works.
  /** @param {string} text */
  const insert = (text) => {
    body.focus();
    // Browsers take ten seconds to insert 100 kB in this way. So for long texts, keep the former text for Ctrl+Z ourselves.
    if (text.length > 20_000 || !document.execCommand("insertText", false, text)) {
      const { value, selectionStart, selectionEnd } = body;
      body.setRangeText(text, selectionStart, selectionEnd, "end");
      before = { value, selectionStart, selectionEnd, after: body.value };
    }
    noteTyping();
  };
  /** @type {{ value: string, selectionStart: number, selectionEnd: number, after: string } | null} */
  let before = null;
  const takeBack = () => {
    if (!before) return;
    body.value = before.value;
    body.setSelectionRange(before.selectionStart, before.selectionEnd);
    before = null;
    noteTyping();
  };

  /** @param {string} mark */
  const wrap = (mark) => {
    const { selectionStart: start, selectionEnd: end, value } = body;
    const words = value.slice(start, end);
    const inside = words.startsWith(mark) && words.endsWith(mark) && words.length > 2 * mark.length;
    const [, before, inner, after] = /** @type {RegExpMatchArray} */ (words.match(/^(\s*)([\s\S]*?)(\s*)$/));
    insert(inside ? words.slice(mark.length, -mark.length) : `${before}${mark}${inner}${mark}${after}`);
    if (!inner) body.setSelectionRange(start + mark.length, start + mark.length);
  };

  /** @param {string} mark */
  const begin = (mark) => {
    const first = body.value.lastIndexOf("\n", body.selectionStart - 1) + 1;
    const last = body.value.indexOf("\n", body.selectionEnd);
    body.setSelectionRange(first, last < 0 ? body.value.length : last);
    const lines = body.value.slice(body.selectionStart, body.selectionEnd).split("\n");
    const all = lines.every((line) => line.startsWith(mark));
    insert(lines.map((line) => (all ? line.slice(mark.length) : mark + line.replace(/^(#+|-) /, ""))).join("\n"));
  };

  const link = () => {
    const words = body.value.slice(body.selectionStart, body.selectionEnd) || "words of the link";
    const at = body.selectionStart + words.length + 3;
    insert(`[${words}](/help/)`);
    body.setSelectionRange(at, at + 6);
  };

  /** @param {string} block */
  const insertBlock = (block) => {
    const before = body.value.slice(0, body.selectionStart);
    const gap = !before || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
    insert(`${gap}${block}\n\n`);
  };

  toolbar.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    if (button.dataset.wrap) wrap(button.dataset.wrap);
    else if (button.dataset.line) begin(button.dataset.line);
    else link();
  });
  const menu = /** @type {HTMLSelectElement} */ (toolbar.querySelector("[data-insert]"));
  menu.addEventListener("change", () => {
    if (menu.value) insertBlock(menu.value);
    menu.value = "";
  });

  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    const inBody = document.activeElement === body;
    /** @type {(() => void) | undefined} */
    const action =
      key === "s" && !event.shiftKey ? () => /** @type {HTMLButtonElement} */ (form.querySelector("[value=draft]")).click()
      : key === "enter" && event.target instanceof Node && form.contains(event.target) ? () => /** @type {HTMLButtonElement} */ (form.querySelector("[value=ready]")).click()
      // Browsers show the page's source for Ctrl+U.
      : key === "u" && event.target instanceof Node && form.contains(event.target) ? () => say("Underlined words look like links, so there are none here. Bold stands out: Ctrl+B.")
      : !inBody ? undefined
      : key === "z" && !event.shiftKey && before?.after === body.value ? takeBack
      : key === "b" ? () => wrap("**")
      : key === "i" ? () => wrap("*")
      : key === "k" ? link
      : event.altKey && event.code === "Digit2" ? () => begin("## ")
      : event.shiftKey && event.code === "Digit8" ? () => begin("- ")
      : undefined;
    if (!action) return;
    event.preventDefault();
    action();
  });

  // Pasting from Word, Google Docs and the like; Ctrl+Shift+V pastes plain text, as everywhere.
  body.addEventListener("paste", (event) => {
    const paste = /** @type {any} */ (window).sidedoorPaste;
    const html = event.clipboardData?.getData("text/html") || "";
    const text = event.clipboardData?.getData("text/plain") || "";
    const files = event.clipboardData?.files;
    if (files?.length && !html && !text && files[0].type.startsWith("image/")) {
      event.preventDefault();
      return describe(files);
    }
    if (!html && (!text || paste.isMarkdown(text))) return paste.tell();
    event.preventDefault();
    const { body: pasted, left } = paste.taken(html, text);
    insert(paste.markdown(pasted));
    paste.tell(left);
  });

  // Pictures may be dropped anywhere on the page; otherwise the browser would leave the page to show them. What is in the
  // fields about pictures is sent with them.
  const pictures = /** @type {HTMLDetailsElement} */ (form.querySelector("[data-pictures]"));
  const chosen = /** @type {HTMLInputElement} */ (form.querySelector("#f-picture"));
  for (const name of ["dragover", "dragleave", "drop"]) {
    addEventListener(name, (event) => {
      const files = /** @type {DragEvent} */ (event).dataTransfer?.files;
      const types = /** @type {DragEvent} */ (event).dataTransfer?.types || [];
      if (!types.includes("Files")) return;
      event.preventDefault();
      form.classList.toggle("dropping", name === "dragover");
      if (name !== "drop" || !files?.length || /** @type {any} */ (window).sidedoorPictures?.(files)) return;
      describe(files);
    });
  }
  /** Put the first picture into the form, which has room for one, and ask what it shows. @param {FileList} files */
  const describe = (files) => {
    const transfer = new DataTransfer();
    transfer.items.add(files[0]);
    chosen.files = transfer.files;
    pictures.open = true;
    /** @type {HTMLElement} */ (form.querySelector("#f-picture_alt")).focus();
  };

  // A picture from the library goes in at the caret at once; without scripts, at the end when the form is saved.
  const library = /** @type {HTMLSelectElement | null} */ (form.querySelector("[data-insert-picture]"));
  library?.addEventListener("change", () => {
    const written = library.selectedOptions[0]?.dataset.markdown;
    library.value = "";
    if (written) insertBlock(written);
  });

  // Saving what is typed.
  const noteTyping = () => {
    typed = true;
    if (!troubled) say("", false);
  };
  form.addEventListener("input", noteTyping);

  // Reload the preview, and keep its scroll position.
  const renew = () => {
    const shown = preview?.contentWindow;
    if (!preview || !shown) return;
    const { scrollX: x, scrollY: y } = shown;
    preview.addEventListener("load", () => preview.contentWindow?.scrollTo({ left: x, top: y, behavior: "instant" }), { once: true });
    shown.location.replace(`${path}/preview?typed`);
  };

  // Keep words in this tab alone, and only until the desk has them, so that loading the page again loses nothing (kept.js).
  const storageKey = `typed:${path}`;
  const me = document.querySelector(".me a")?.textContent;
  let signedOut = false;
  const keep = () => {
    const words = [...new FormData(form)].filter(([name, value]) => name !== "csrf_token" && typeof value === "string");
    const field = document.activeElement;
    const isField = (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) && form.contains(field);
    const place = isField ? { id: field.id, at: field.selectionStart } : /** @type {any} */ (window).sidedoorCaret?.();
    if (!signedOut) sessionStorage.setItem(storageKey, JSON.stringify({ me, words, place }));
  };
  new BroadcastChannel("desk").addEventListener("message", () => {
    signedOut = true; // on purpose, in this tab or another one
  });

  const restore = () => {
    /** @type {{ me?: string, words: [string, string][] }} */
    const stored = JSON.parse(sessionStorage.getItem(storageKey) || '{"words":[]}');
    // The words are somebody else's, or the desk has just shown them again itself.
    if (stored.me !== me || "again" in form.dataset) return sessionStorage.removeItem(storageKey);
    const words = stored.words;
    for (const field of form.elements) {
      const isControl = field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement || field instanceof HTMLInputElement;
      if (!isControl || field.name === "csrf_token" || field.type === "file") continue;
      const values = words.filter(([name]) => name === field.name).map(([, value]) => value);
      if (field instanceof HTMLInputElement && field.type === "checkbox") field.checked = values.includes(field.value);
      else if (values.length) field.value = /** @type {string} */ (values[0]);
    }
    noteTyping();
  };

  /** Put the token of the new session into the forms of this page, if the session is the same person's. @param {{ person: string, csrf_token: string }} session */
  const renewToken = (session) => {
    if (session.person !== me) throw new Error("401");
    for (const field of document.querySelectorAll("input[name=csrf_token]")) /** @type {HTMLInputElement} */ (field).value = session.csrf_token;
  };

  /** @param {boolean} whole */
  const send = async (whole) => {
    if (sending || leaving) return;
    sending = true;
    const all = new FormData(form);
    all.delete("picture");
    const here = new FormData();
    for (const name of ["csrf_token", "base"]) here.set(name, String(all.get(name)));
    typed = typed && !whole;
    if (whole) sentAt = Date.now();
    // In a tunnel a request may wait for minutes without failing.
    const hanging = new AbortController();
    const patience = setTimeout(() => hanging.abort(), PATIENCE);
    try {
      const answer = await fetch(`${path}/typing${whole ? "" : "/here"}`, {
        method: "POST",
        body: new URLSearchParams(/** @type {any} */ (whole ? all : here)),
        headers: { Accept: "application/json" },
        signal: hanging.signal,
      });
      if (answer.status === 400) renewToken(await answer.json());
      if (!answer.ok) throw new Error(String(answer.status));
      const json = await answer.json();
      const open = json.others.join(", ");
      if (names.textContent !== open) names.textContent = open;
      const [openWith, savedSince] = /** @type {HTMLElement[]} */ ([...others.querySelectorAll("span")]);
      openWith.hidden = !open;
      savedSince.hidden = !json.changed;
      others.hidden = !open && !json.changed;
      if (!whole && troubled && !typed) {
        troubled = false;
        say("The desk can be reached again.");
      }
      if (whole) {
        panel.innerHTML = ownHtml ? ownHtml.createHTML(json.panel) : json.panel;
        count();
        // A newer message (a check, a shortcut) stays, and newer words are not kept yet.
        if (troubled || (!typed && !saved.textContent)) isKeptSaid = say("What you typed is kept.", troubled || !isKeptSaid) || isKeptSaid;
        troubled = false;
        sentAt = 0;
        renew();
        if (!typed) sessionStorage.removeItem(storageKey);
      }
      signedOut = false;
    } catch (error) {
      typed = typed || whole;
      if (whole) sentAt = 0;
      troubled = true;
      const status = error instanceof Error ? error.message : "";
      // After 400 the page already has the new token, and tries again in three seconds.
      if (status === "401") {
        const words = "You are signed out. Your words are still here.";
        if (!saved.textContent?.includes(words) && say(words)) saved.append(" ", Object.assign(document.createElement("a"), { href: "/sign-in", target: "_blank", textContent: "Sign in in a new tab, then go on here" }));
      } else if (status !== "400") say("The desk cannot be reached just now. Your words are still here: keep this page open.");
      if (typed) keep();
    }
    clearTimeout(patience);
    sending = false;
  };
  /** Whether somebody typed before this script had loaded, as on a slow network. */
  const typedBefore = () =>
    [...form.elements].some((field) => {
      if (field instanceof HTMLSelectElement) return field.selectedOptions[0] !== ([...field.options].find((option) => option.defaultSelected) ?? field.options[0]);
      if (field instanceof HTMLInputElement && /^(checkbox|radio)$/.test(field.type)) return field.checked !== field.defaultChecked;
      if (field instanceof HTMLInputElement && /^(file|hidden)$/.test(field.type)) return false;
      return (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) && field.value !== field.defaultValue;
    });
  // After a save the caret is where it was (built/editor.js does the same for the text as on the page).
  /** @type {{ id: string, at: number | null } | undefined} */
  const place = /** @type {any} */ (window).sidedoorPlace;
  const field = document.getElementById(place?.id || "");
  if (place && (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) {
    field.focus();
    if (place.at !== null) field.setSelectionRange(place.at, place.at);
    say("Saved.");
  }
  if (sessionStorage.getItem(storageKey)) restore();
  else if (typedBefore()) noteTyping();
  let ticks = 0;
  setInterval(() => {
    ticks += 1;
    if (typed) send(true);
    else if (ticks % 7 === 0) send(false);
  }, 3000);
  // What was sent may never arrive: kept.js forgets the words when the desk says that they are saved.
  form.addEventListener("submit", () => {
    leaving = true;
    submittedAt = Date.now();
    keep();
  });
  let submittedAt = 0;
  form.addEventListener("input", () => {
    if (Date.now() - submittedAt > PATIENCE / 4) leaving = false; // somebody has stopped the page from loading, and writes on
  });
  const handOver = () => {
    if ((!typed && !sentAt) || leaving) return;
    const all = new FormData(form);
    all.delete("picture");
    // A browser takes no more than 64 kB in this way, and nothing tells whether it arrives.
    const taken = navigator.sendBeacon(`${path}/typing`, new URLSearchParams(/** @type {any} */ (all)));
    const late = sentAt && Date.now() - sentAt > PATIENCE / 4;
    if (!taken || !navigator.onLine || late || sessionStorage.getItem(storageKey)) keep();
  };
  addEventListener("pagehide", handOver);
  // A phone or tablet may end a page in the background without a further event.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") handOver();
  });
})();
