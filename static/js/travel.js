// @ts-check
/**
 * Moving around in place: the page that was tapped (taps.js) is swapped into `main`, from the pack (pack.js) or fetched; the
 * address and the tab's title stay.
 *
 * A page that is swapped in is never a visit, so a whole visit is one entry in the tab and one line in the history.
 * What a browser would do by itself is done here as well: focus, scroll, language, a word for screen readers, a way back.
 */
(() => {
  "use strict";

  const SLOW_MS = 700;
  const QUICK_MS = 800;
  // Android's Back is a close request. Elsewhere Esc is one, and Esc belongs to the browser.
  const closeRequestIsBack = "CloseWatcher" in window && /Android/.test(navigator.userAgent);
  const root = document.documentElement;
  const main = /** @type {HTMLElement} */ (document.getElementById("main"));
  const status = /** @type {HTMLElement} */ (document.getElementById("travel-status"));
  const { policy, say } = taps;
  const wayBack = /** @type {HTMLElement} */ (document.getElementById("way-back"));
  /** What stands around main, in words of one language. */
  const FRAME = [".skip", "#hide-this-page", "header", "#hide-notice", "#way-back", "#travel-status", "#chat-news", "footer"];
  /** @type {Map<string, ParentNode>} it in each language that came here */
  const frames = new Map();
  /** @typedef {{ nodes: Node[], path: string, language: string, direction: string, style?: string | null }} Page */
  /** @typedef {Page & { name: string, scroll: number, focus: Element | null }} View */
  /** @type {View[]} */
  const past = [];
  const { sheet, textContent: rules } = /** @type {HTMLStyleElement} */ (document.querySelector("style"));
  /** The rules that are in the page's sheet: those that its main uses, or all, once the pack has brought them. */
  let worn = rules;
  let journey = new AbortController();
  /** @type {CloseWatcher | null} */
  let watcher = null;
  let resting = false;

  /** @returns {View} what main shows now */
  function view() {
    const { activeElement } = document;
    const focus = main.contains(activeElement) ? activeElement : null;
    const { lang: language, dir: direction } = root;
    return { nodes: [...main.childNodes], name: heading(), path: taps.path, language, direction, style: worn, scroll: scrollY, focus };
  }

  /** @param {string | null | undefined} rules Put them into the sheet that is there: the policy lists the page's own alone. */
  function wear(rules) {
    if (!sheet || !rules || rules === worn) return;
    while (sheet.cssRules.length) sheet.deleteRule(0);
    sheet.insertRule(`@media all{${rules}}`);
    worn = rules;
  }

  /** @param {string} language @param {string} direction Let the whole document follow, with the words around main. */
  function speak(language, direction) {
    if (language === root.lang) return;
    if (!frames.has(root.lang)) frames.set(root.lang, /** @type {HTMLElement} */ (document.body.cloneNode(true)));
    root.lang = language;
    root.dir = direction;
    for (const name of FRAME) {
      const here = document.querySelector(name);
      const there = frames.get(language)?.querySelector(name)?.cloneNode(true);
      if (!here || !(there instanceof Element)) continue;
      for (const { name, value } of there.attributes) if (/^(data|aria)-/.test(name)) here.setAttribute(name, value);
      // The link that hides stays the same element, wherever it stands.
      const link = here.querySelector("#hide-this-page");
      if (link) there.querySelector("#hide-this-page")?.replaceWith(link);
      here.replaceChildren(...there.childNodes);
    }
  }

  /** @param {Page} page */
  function show({ nodes, path: address, language, direction, style }) {
    wear(pack.style() || style);
    // The notice of arrival stays under the heading until it is closed, wherever the visit leads.
    const notice = document.getElementById("hide-notice");
    if (notice) move(notice, document.body, main);
    main.replaceChildren(...nodes);
    const top = main.querySelector(".top");
    if (notice && top) move(notice, top, null);
    speak(language, direction);
    taps.path = address;
    main.removeAttribute("aria-busy");
    // Not the links to a part of the page, nor the way out.
    for (const link of document.querySelectorAll(":is(header, footer) a[href^='/']:not(#hide-this-page)")) {
      const here = /** @type {HTMLAnchorElement} */ (link).pathname === address;
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    leadOn(address);
    const before = past.at(-1);
    wayBack.hidden = !before;
    for (const place of wayBack.querySelectorAll("[data-name]")) place.textContent = before?.name ?? "";
    watchBack();
    document.dispatchEvent(new Event("sidedoor:arrived"));
  }

  /** @param {string} address The choice of language leads on to the same page, or where its news is its own to its start. */
  function leadOn(address) {
    const choice = document.getElementById("languages");
    choice?.removeAttribute("open");
    /** @param {string} code */
    const folder = (code) => (code === choice?.dataset.own ? "" : `/${code}`);
    // A page in another form (Easy Read) is in the same language, at another address.
    const { as = address.slice(folder(root.lang).length), in: has } = main.querySelector("h1")?.dataset ?? {};
    const rest = as.replace(/^\/$/, "");
    for (const link of choice?.querySelectorAll("a") ?? []) {
      if (!link.hreflang) continue;
      const there = folder(link.hreflang);
      link.href = there + (has && !has.split(" ").includes(link.hreflang) ? "" : rest) || "/";
    }
  }

  /**
   * Where the browser can, without taking it out: a dialog that is put in again takes Android's next Back for itself.
   * @param {Element} element @param {Element} parent @param {Element | null} before
   */
  function move(element, parent, before) {
    if (parent.moveBefore) parent.moveBefore(element, before);
    else parent.insertBefore(element, before);
  }

  /** Take Android's Back for as long as there is something to go back to in place; one press right after another leaves. */
  function watchBack() {
    if (!past.length) {
      watcher?.destroy();
      watcher = null;
    } else if (closeRequestIsBack && !watcher && !resting) {
      watcher = new CloseWatcher();
      watcher.addEventListener("close", () => {
        watcher = null;
        resting = true;
        setTimeout(() => {
          resting = false;
          watchBack();
        }, QUICK_MS);
        back();
      });
    }
  }

  /** @returns {string} the words of the page's heading */
  function heading() {
    return main.querySelector("h1")?.textContent?.trim() ?? "";
  }

  /** @param {string} hash @returns {HTMLElement | null} the part of the page it names, percent-encoded or not (HTML, 7.4.6.4) */
  function part(hash) {
    const name = hash.slice(1);
    try {
      return document.getElementById(name) ?? document.getElementById(decodeURIComponent(name));
    } catch {
      // A stray % encodes nothing.
      return null;
    }
  }

  /** @param {string} hash go to the part of the page it names, or to the page's heading */
  function settle(hash) {
    const target = part(hash);
    if (target) return taps.goTo(target);
    scrollTo({ top: 0, behavior: "instant" });
    const top = main.querySelector("h1") ?? main;
    /** @type {HTMLElement} */ (top).focus({ preventScroll: true });
    say(heading());
  }

  /** @returns {string[]} what an answer need not bring: the words around main in these languages, and the rules of style */
  function has() {
    return [root.lang, ...frames.keys(), pack.style() && "style"];
  }

  /**
   * Show a page; where that fails, say so and keep this one.
   * @param {URL} url @param {RequestInit} how @param {Promise<Response>} [answer] where it was asked for before this was here
   */
  async function travel(url, how, answer) {
    if (taps.hidden.signal.aborted) return;
    journey.abort();
    journey = new AbortController();
    const { signal } = journey;
    main.setAttribute("aria-busy", "true");
    // It may be running before its page, or its script, is here: so much the exit has to know.
    if (url.pathname.endsWith("/chat/start")) root.dataset.chat = "running";
    const slow = setTimeout(() => say(status.dataset.slow ?? "", true), SLOW_MS);
    try {
      if (!how.method && !url.search) {
        const asking = pack.renewed(url.pathname);
        // A page that is fresh is shown within the tap.
        if (asking) await asking;
        const html = pack.page(url.pathname);
        if (signal.aborted) return;
        if (html) return arrive(parse(html), url.pathname, url.hash);
      }
      const response = await (answer ?? taps.ask(url, { ...how, signal }, has().join(" ")));
      const html = await response.text();
      if (signal.aborted) return;
      const isPage = response.headers.get("Content-Type")?.startsWith("text/html");
      const arrived = parse(isPage ? html : "");
      // A form's answer that is no page (a busy server's) is a failure; its address is nothing to go to.
      if (arrived.getElementById("main")) arrive(arrived, new URL(response.url).pathname, url.hash);
      else if (how.method) throw new Error();
      else location.assign(url);
    } catch {
      if (signal.aborted) return;
      main.removeAttribute("aria-busy");
      say(status.dataset.failed ?? "", true);
    } finally {
      clearTimeout(slow);
    }
  }

  /** @param {string} html @returns {Document} */
  function parse(html) {
    return new DOMParser().parseFromString(policy.createHTML(html), "text/html");
  }

  /** @param {Document} arrived a page, or what of it goes in here @param {string} address @param {string} hash */
  function arrive(arrived, address, hash) {
    const { lang: language, dir: direction } = arrived.documentElement;
    if (arrived.querySelector("header")) frames.set(language, /** @type {HTMLElement} */ (arrived.body.cloneNode(true)));
    const style = arrived.querySelector("style")?.textContent;
    arrived.querySelector("#hide-notice")?.remove();
    const nodes = [.../** @type {HTMLElement} */ (arrived.getElementById("main")).childNodes];
    past.push(view());
    show({ nodes, path: address, language, direction, style });
    settle(hash);
    pack.bring();
  }

  /** @type {HTMLFormElement | null} the form whose answer is awaited: a second press of Send is the same press */
  let sending = null;

  /** @param {MouseEvent | SubmitEvent} event a tap (taps.js) @param {Promise<Response>} [answer] where it was asked for before this was here */
  function tapped(event, answer) {
    const { target } = event;
    if (target instanceof HTMLFormElement) return void send(target, /** @type {SubmitEvent} */ (event).submitter);
    const link = /** @type {HTMLAnchorElement} */ (/** @type {Element} */ (target).closest("a"));
    const onlyHash = link.getAttribute("href")?.startsWith("#");
    const place = onlyHash || link.pathname === taps.path ? part(link.hash) : null;
    if (place) taps.goTo(place);
    else if (!onlyHash) void travel(new URL(link.href), {}, answer);
  }

  /** @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
  async function send(form, submitter) {
    if (form === sending) return;
    sending = form;
    const fields = [...new FormData(form, submitter)].map(([name, value]) => [name, String(value)]);
    await travel(new URL(form.action), { method: "POST", body: new URLSearchParams(fields) });
    sending = null;
  }

  wayBack.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("button")) back();
  });

  function back() {
    const before = past.pop();
    if (!before) return;
    journey.abort();
    show(before);
    const focus = before.focus ?? main.querySelector("h1") ?? main;
    /** @type {HTMLElement} */ (focus).focus({ preventScroll: true });
    scrollTo({ top: before.scroll, behavior: "instant" });
    say(heading());
  }

  /** @param {Event} event what asks for Back: ours while there is something to go back to in place @param {boolean} now */
  function takeBack(event, now) {
    if (!past.length || event.defaultPrevented) return;
    event.preventDefault();
    if (now) back();
  }

  document.addEventListener("keydown", (event) => {
    const { key, altKey, ctrlKey, metaKey, shiftKey } = event;
    // On a Mac, Option and left goes one word back.
    const altLeft = key === "ArrowLeft" && altKey && !(ctrlKey || metaKey || shiftKey) && !/Mac/.test(navigator.platform);
    if (altLeft || key === "BrowserBack") takeBack(event, true);
  });
  for (const kind of /** @type {const} */ (["mousedown", "mouseup"])) {
    document.addEventListener(kind, (event) => {
      if (event.button === 3) takeBack(event, kind === "mouseup");
    });
  }

  // Whatever is still on its way comes too late.
  taps.hidden.signal.addEventListener("abort", () => {
    journey.abort();
    past.length = 0;
    watchBack();
  });

  taps.travel = tapped;
})();
