// @ts-check
/**
 * Moves around in place: swaps the tapped page (taps.js) into `main`, from the pack (pack.js) or fetched; the address and
 * the tab's title stay.
 *
 * A swapped page is not a visit to the browser, so the whole visit is one entry in the tab and one line in the history.
 * So this script does what a browser does at a visit: focus, scroll, language, a message for screen readers, a way back.
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
  /** The parts around main, whose words are in one language. */
  const FRAME = [".skip", "#hide-this-page", "header", "#hide-notice", "#way-back", "#travel-status", "#chat-news", "footer"];
  /** @type {Map<string, ParentNode>} those parts in each language that has arrived */
  const frames = new Map();
  /** @typedef {{ nodes: Node[], path: string, language: string, direction: string, style?: string | null }} Page */
  /** @typedef {Page & { name: string, scroll: number, focus: Element | null }} View */
  /** @type {View[]} */
  const past = [];
  const { sheet, textContent: rules } = /** @type {HTMLStyleElement} */ (document.querySelector("style"));
  /** The rules in the page's style sheet: those that its main uses, or all of them, once the pack has brought them. */
  let currentRules = rules;
  let journey = new AbortController();
  /** @type {CloseWatcher | null} */
  let watcher = null;
  let resting = false;

  /** @returns {View} what main shows now */
  function view() {
    const { activeElement } = document;
    const focus = main.contains(activeElement) ? activeElement : null;
    const { path, language } = taps;
    return { nodes: [...main.childNodes], name: heading(), path, language, direction: root.dir, style: currentRules, scroll: scrollY, focus };
  }

  /** @param {string | null | undefined} rules Put them into the existing style sheet: the policy allows only the page's own. */
  function wear(rules) {
    if (!sheet || !rules || rules === currentRules) return;
    while (sheet.cssRules.length) sheet.deleteRule(0);
    sheet.insertRule(`@media all{${rules}}`);
    currentRules = rules;
  }

  /** @param {string} language @param {string} direction Switch the document's language, and the words around main. */
  function speak(language, direction) {
    if (language === taps.language) return;
    if (!frames.has(taps.language)) frames.set(taps.language, /** @type {HTMLElement} */ (document.body.cloneNode(true)));
    taps.language = root.lang = language;
    root.dir = direction;
    for (const name of FRAME) {
      const here = document.querySelector(name);
      const there = frames.get(language)?.querySelector(name)?.cloneNode(true);
      if (!here || !(there instanceof Element)) continue;
      for (const { name, value } of there.attributes) if (/^(data|aria)-/.test(name)) here.setAttribute(name, value);
      // The Hide link stays the same element, wherever it is.
      const link = here.querySelector("#hide-this-page");
      if (link) there.querySelector("#hide-this-page")?.replaceWith(link);
      here.replaceChildren(...there.childNodes);
    }
  }

  /** @param {Page} page */
  function show({ nodes, path: address, language, direction, style }) {
    wear(pack.style() || style);
    // The notice stays under the heading of every page until the reader closes it.
    const notice = document.getElementById("hide-notice");
    if (notice) move(notice, document.body, main);
    main.replaceChildren(...nodes);
    const top = main.querySelector(".top");
    if (notice && top) move(notice, top, null);
    speak(language, direction);
    taps.path = address;
    main.removeAttribute("aria-busy");
    // Not links to a part of the page, and not Hide.
    for (const link of document.querySelectorAll("header a[href^='/']:not(#hide-this-page), footer a[href^='/']")) {
      const here = /** @type {HTMLAnchorElement} */ (link).pathname === address;
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    leadOn(address);
    const before = past[past.length - 1];
    wayBack.hidden = !before;
    for (const place of wayBack.querySelectorAll("[data-name]")) place.textContent = before?.name ?? "";
    watchBack();
    document.dispatchEvent(new Event("sidedoor:arrived"));
  }

  /** @param {string} address Let the language menu lead to the same page, or, for news that a language does not have, to that language's front page. */
  function leadOn(address) {
    const choice = document.getElementById("languages");
    choice?.removeAttribute("open");
    /** @param {string} code */
    const folder = (code) => (code === choice?.dataset.own ? "" : `/${code}`);
    // A page in another form (Easy Read) is in the same language at another address.
    const { as = address.slice(folder(taps.language).length), in: has } = main.querySelector("h1")?.dataset ?? {};
    const rest = as.replace(/^\/$/, "");
    for (const link of choice?.querySelectorAll("a") ?? []) {
      if (!link.hreflang) continue;
      const there = folder(link.hreflang);
      link.href = there + (has && !has.split(" ").includes(link.hreflang) ? "" : rest) || "/";
    }
  }

  /**
   * Move an element, where possible without removing it: a dialog that is inserted again takes Android's next Back for itself.
   * @param {Element} element @param {Element} parent @param {Element | null} before
   */
  function move(element, parent, before) {
    if (parent.moveBefore) parent.moveBefore(element, before);
    else parent.insertBefore(element, before);
  }

  /** Take Android's Back while there is a page to go back to in place; a second press right after the first leaves. */
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

  /** @param {string} hash Go to the part of the page that it names, or to the page's heading. */
  function settle(hash) {
    const target = part(hash);
    if (target) return taps.goTo(target);
    scrollTo({ top: 0, behavior: "instant" });
    const top = main.querySelector("h1") ?? main;
    /** @type {HTMLElement} */ (top).focus({ preventScroll: true });
    say(heading());
  }

  /** @returns {string[]} what a response can leave out: the words around main in these languages, and the style rules */
  function has() {
    return [taps.language, ...frames.keys(), pack.style() && "style"];
  }

  /**
   * Show a page; if that fails, say so and keep the current page.
   * @param {URL} url @param {RequestInit} how @param {Promise<Response>} [answer] where it was requested before this script was here
   */
  async function travel(url, how, answer) {
    if (taps.hidden.signal.aborted) return;
    journey.abort();
    journey = new AbortController();
    const { signal } = journey;
    main.setAttribute("aria-busy", "true");
    // The chat may start on the server before its page or script is here, and the exit has to know.
    if (url.pathname.endsWith("/chat/start")) root.dataset.chat = "running";
    const slow = setTimeout(() => say(status.dataset.slow ?? "", true), SLOW_MS);
    try {
      if (!how.method && !url.search) {
        const asking = pack.renewed(url.pathname);
        // Without an `await`, a fresh page is shown within the same task as the tap.
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
      // A response to a form that is not a page (from a busy server) is a failure: its address cannot be visited.
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

  /** @param {Document} arrived a whole page, or the parts that are swapped in @param {string} address @param {string} hash */
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

  /** @type {HTMLFormElement | null} the form being sent: a second press of Send counts as the same press */
  let sending = null;
  /** @type {Element | null} what was pressed last: Safari before 15.4 does not say which button sends a form */
  let pressed = null;

  /** @param {MouseEvent | SubmitEvent} event a tap (taps.js) @param {Promise<Response>} [answer] where it was requested before this script was here */
  function tapped(event, answer) {
    const { target } = event;
    if (target instanceof HTMLFormElement) return void send(target, /** @type {SubmitEvent} */ (event).submitter ?? pressed);
    const link = /** @type {HTMLAnchorElement} */ (/** @type {Element} */ (target).closest("a"));
    const onlyHash = link.getAttribute("href")?.startsWith("#");
    const place = onlyHash || link.pathname === taps.path ? part(link.hash) : null;
    if (place) taps.goTo(place);
    else if (!onlyHash) void travel(new URL(link.href), {}, answer);
  }

  /** @param {HTMLFormElement} form @param {Element | null} submitter */
  async function send(form, submitter) {
    if (form === sending) return;
    sending = form;
    const fields = [...new FormData(form)].map(([name, value]) => [name, String(value)]);
    const button = submitter instanceof HTMLButtonElement && submitter.form === form ? submitter : null;
    // FormData takes the button itself only in browsers of 2023 and later.
    if (button?.name) fields.push([button.name, button.value]);
    const address = button?.hasAttribute("formaction") ? button.formAction : form.action;
    await travel(new URL(address), { method: "POST", body: new URLSearchParams(fields) });
    sending = null;
  }

  document.addEventListener("click", ({ target }) => {
    pressed = target instanceof Element ? target.closest("button") : null;
  });
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

  /** @param {Event} event a key or button that means Back: taken while there is a page to go back to in place @param {boolean} now */
  function takeBack(event, now) {
    if (!past.length || event.defaultPrevented) return;
    event.preventDefault();
    if (now) back();
  }

  document.addEventListener("keydown", (event) => {
    const { key, altKey, ctrlKey, metaKey, shiftKey } = event;
    // On a Mac, Option and the left arrow move the caret back by one word.
    const altLeft = key === "ArrowLeft" && altKey && !(ctrlKey || metaKey || shiftKey) && !/Mac/.test(navigator.platform);
    if (altLeft || key === "BrowserBack") takeBack(event, true);
  });
  for (const kind of /** @type {const} */ (["mousedown", "mouseup"])) {
    document.addEventListener(kind, (event) => {
      if (event.button === 3) takeBack(event, kind === "mouseup");
    });
  }

  // Abort what is still on its way.
  taps.hidden.signal.addEventListener("abort", () => {
    journey.abort();
    past.length = 0;
    watchBack();
  });

  taps.travel = tapped;
})();
