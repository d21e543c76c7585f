// @ts-check
/**
 * Moving around in place: pages of this site are fetched and swapped into `main`; the address and the tab's title stay.
 *
 * A page that is swapped in is never a visit, so a whole visit is one entry in the tab and one line in the history.
 * What a browser would do by itself is done here as well: focus, scroll, a word for screen readers, a way back.
 */
(() => {
  "use strict";

  const SLOW_MS = 700;
  const main = /** @type {HTMLElement} */ (document.getElementById("main"));
  const status = /** @type {HTMLElement} */ (document.getElementById("travel-status"));
  const wayBack = /** @type {HTMLElement} */ (document.getElementById("way-back"));
  const policy = window.trustedTypes?.createPolicy("sidedoor", { createHTML: same, createScript: same });

  /** @param {string} text */
  function same(text) {
    return text;
  }

  /** @typedef {{ nodes: Node[], path: string, language: string, scroll: number, focus: Element | null }} View */
  /** @type {View[]} */
  const past = [];
  let path = location.pathname;
  const started = new Set([...document.scripts].map((script) => script.text));
  let journey = new AbortController();

  /** @param {string} text what to say; `seen`: show it as well */
  function say(text, seen = false) {
    status.textContent = text;
    status.classList.toggle("visually-hidden", !seen);
  }

  /** @returns {View} what main shows now */
  function view() {
    const { activeElement } = document;
    const focus = main.contains(activeElement) ? activeElement : null;
    return { nodes: [...main.childNodes], path, language: main.lang, scroll: scrollY, focus };
  }

  /** @param {Node[]} nodes @param {string} address its path @param {string} language */
  function show(nodes, address, language) {
    // The notice of arrival stays until it is closed, wherever the visit leads.
    const notice = main.querySelector("#hide-notice");
    if (notice) main.before(notice);
    main.replaceChildren(...nodes);
    main.lang = language;
    path = address;
    main.removeAttribute("aria-busy");
    for (const link of document.querySelectorAll("header a, footer a")) {
      const here = /** @type {HTMLAnchorElement} */ (link).pathname === path && link.id !== "hide-this-page";
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const before = past.at(-1);
    wayBack.hidden = !before;
    const name = before?.nodes.map((node) => (node instanceof Element ? heading(node) : "")).find(Boolean);
    for (const place of wayBack.querySelectorAll("[data-name]")) place.textContent = name ?? "";
    document.dispatchEvent(new Event("sidedoor:arrived"));
  }

  /** @param {Element} element @returns {string} the words of its h1 */
  function heading(element) {
    const found = element.matches("h1") ? element : element.querySelector("h1");
    return found?.textContent?.trim() ?? "";
  }

  /** @param {string} hash go to the part of the page it names, or to the page's heading */
  function settle(hash) {
    const target = hash ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;
    if (target) return goTo(target);
    scrollTo({ top: 0, behavior: "instant" });
    const top = main.querySelector("h1") ?? main;
    /** @type {HTMLElement} */ (top).focus({ preventScroll: true });
    say(heading(main));
  }

  /** @param {HTMLElement} target */
  function goTo(target) {
    if (!target.hasAttribute("tabindex")) target.tabIndex = -1;
    target.focus({ preventScroll: true });
    target.scrollIntoView();
  }

  /** @param {URL} url @param {RequestInit} [how] Fetch a page and show it; where that fails, say so and keep this one. */
  async function travel(url, how = {}) {
    journey.abort();
    journey = new AbortController();
    const { signal } = journey;
    main.setAttribute("aria-busy", "true");
    const slow = setTimeout(() => say(status.dataset.slow ?? "", true), SLOW_MS);
    try {
      const response = await fetch(url, { ...how, cache: "no-store", credentials: "same-origin", signal });
      const html = await response.text();
      const isPage = response.headers.get("Content-Type")?.startsWith("text/html");
      const arrived = isPage ? new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html") : null;
      const content = arrived?.getElementById("main");
      if (!arrived || !content) return location.assign(url);
      content.querySelector("#hide-notice")?.remove();
      past.push(view());
      show([...content.childNodes], new URL(response.url).pathname, arrived.documentElement.lang);
      start();
      settle(url.hash);
    } catch {
      if (signal.aborted) return;
      main.removeAttribute("aria-busy");
      say(status.dataset.failed ?? "", true);
    } finally {
      clearTimeout(slow);
    }
  }

  /** A script of a page that arrived in place is inert. Each is started once a visit, if its hash is on the list. */
  function start() {
    for (const inert of main.querySelectorAll("script")) {
      const { text } = inert;
      const script = document.createElement("script");
      script.text = /** @type {string} */ (policy ? policy.createScript(text) : text);
      if (!started.has(text)) inert.replaceWith(script);
      started.add(text);
    }
  }

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || event.defaultPrevented) return;
    if (event.target.closest("#way-back button")) return back();
    const link = event.target.closest("a[href]");
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.origin !== location.origin) return;
    event.preventDefault();
    const target = link.pathname === path && link.hash ? document.getElementById(link.hash.slice(1)) : null;
    const inPage = link.getAttribute("href")?.startsWith("#") ? document.getElementById(link.hash.slice(1)) : target;
    if (inPage) goTo(inPage);
    else void travel(new URL(link.href));
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method === "dialog" || event.defaultPrevented) return;
    const url = new URL(form.action);
    if (url.origin !== location.origin || form.method !== "post") return;
    event.preventDefault();
    const fields = [...new FormData(form, event.submitter)].map(([name, value]) => [name, String(value)]);
    void travel(url, { method: "POST", body: new URLSearchParams(fields) });
  });

  function back() {
    const before = past.pop();
    if (!before) return;
    journey.abort();
    show(before.nodes, before.path, before.language);
    const focus = before.focus ?? main.querySelector("h1") ?? main;
    /** @type {HTMLElement} */ (focus).focus({ preventScroll: true });
    scrollTo({ top: before.scroll, behavior: "instant" });
    say(heading(main));
  }
})();
