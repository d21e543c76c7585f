// @ts-check
/**
 * Every tap on a link or a form of this site is answered in place: so no page that is read here is a visit of its own.
 *
 * How that is done (pack.js, travel.js, fold.js) comes with the pack, which one quiet request brings once the first page is
 * shown: it runs if its hash is on this page's own list. Whoever taps earlier asks for it alone, and for what was tapped.
 * Where it is of another release, the browser goes by itself.
 */
const taps = (() => {
  "use strict";

  const root = document.documentElement;
  const own = document.currentScript?.dataset.language;
  const status = /** @type {HTMLElement} */ (document.getElementById("travel-status"));
  const wide = matchMedia("(min-width: 60rem)");
  const rules = { createHTML: same, createScript: same };
  const policy = window.trustedTypes?.createPolicy("sidedoor", rules) ?? rules;
  const hidden = new AbortController();
  /** @typedef {(url: URL, how: RequestInit, answer?: Promise<Response>) => Promise<void>} Travel */
  /** @type {Travel | undefined} what shows a page, once it is here */
  let travel;
  /** @type {(nothing: void) => void} */
  let begun;
  /** @type {Promise<void>} */
  const here = new Promise((resolve) => {
    begun = resolve;
  });
  /** @typedef {{ direction: string, shared: string[], pages: Record<string, string>, rest: string[] }} Told */
  /** @typedef {{ response: Response, asked: number, told?: Told }} Brought */
  /** @type {Promise<Brought> | undefined} */
  let first;
  /** @type {Promise<void> | undefined} */
  let alone;
  let latest = 0;
  /** @type {HTMLFormElement | null} the form whose answer is awaited: a second press of Send is the same press */
  let sending = null;

  /** @param {string} text */
  function same(text) {
    return text;
  }

  /** @param {string} [text] what to say @param {boolean} [seen] show it as well */
  function say(text = "", seen = false) {
    status.textContent = text;
    status.classList.toggle("visually-hidden", !seen);
  }

  /** @param {string} text Run a script, if its hash is on the list. */
  function run(text) {
    const script = document.createElement("script");
    script.text = policy.createScript(text);
    root.append(script);
    script.remove();
  }

  /** @param {URL | string} url @param {RequestInit} how @param {string} languages those whose words are here, so that main comes alone */
  function ask(url, how, languages, signal = hidden.signal) {
    // The header promises that nothing is stored here; the answer then lets the page stay in the bfcache (headers.py).
    const headers = { "Sidedoor-In-Place": languages };
    return fetch(url, { ...how, headers, cache: "no-store", signal });
  }

  /**
   * @param {RequestPriority} priority @param {string} [language] @param {string} [part] "" or "-rest" @param {string | null} [tag]
   * @returns {Promise<Brought>} a pack
   */
  async function bring(priority, language = root.lang, part = "", tag) {
    const response = await fetch(`${language === own ? "" : `/${language}`}/pack${part}`, {
      cache: "no-store",
      // It is the same for everybody. With a cookie it would end a chat that was left, and its answer, given up at Hide,
      // would be the one that takes the cookies back (see public/hidden_first.py).
      credentials: "omit",
      priority,
      signal: hidden.signal,
      headers: { "Sidedoor-In-Place": language, ...(tag && { "If-None-Match": tag }) },
    });
    const asked = Date.now();
    if (!response.ok || !response.body) return { response, asked };
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    let text = "";
    for (;;) {
      const { value } = await reader.read();
      if (!value) return { response, asked, told: JSON.parse(text)[1] };
      text += decoder.decode(value, { stream: true });
      // The script is the first line. It need not wait for the pages.
      const end = text.indexOf("\n");
      if (!travel && end > 0) run(JSON.parse(text.slice(1, end - 1)));
    }
  }

  /** The pack of this page's language, once. */
  function bringFirst() {
    return (first ??= bring("low"));
  }

  /** What shows pages, without the pages: an edition's first pack is some seconds in the making. */
  async function bringAlone() {
    const response = await ask("/pack.js", { credentials: "omit" }, root.lang);
    const text = await response.text();
    if (!travel) run(text);
  }

  /** @param {URL} url @param {RequestInit} how @param {() => void} leave how the browser goes there by itself */
  async function go(url, how, leave) {
    if (hidden.signal.aborted) return;
    if (travel) return travel(url, how);
    const turn = ++latest;
    const slow = setTimeout(() => say(status.dataset.slow, true), 700);
    try {
      const answer = ask(url, how, root.lang);
      answer.catch(() => {});
      alone ??= bringAlone();
      await Promise.race([here, alone]);
      if (turn !== latest || hidden.signal.aborted) return;
      if (travel) await /** @type {Travel} */ (travel)(url, how, answer);
      else leave();
    } catch {
      alone = undefined;
      if (turn === latest && !hidden.signal.aborted) say(status.dataset.failed, true);
    }
    clearTimeout(slow);
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

  /** @param {HTMLElement} target a part of the page, which may be folded */
  function goTo(target) {
    const fold = target.closest("details");
    if (fold) fold.open = true;
    if (!target.hasAttribute("tabindex")) target.tabIndex = -1;
    target.focus({ preventScroll: true });
    target.scrollIntoView();
  }

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a");
    if (!link || event.defaultPrevented || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const onlyHash = link.getAttribute("href")?.startsWith("#");
    const target = onlyHash || link.pathname === shared.path ? part(link.hash) : null;
    if (target) goTo(target);
    else if (!onlyHash) void go(new URL(link.href), {}, () => location.assign(link.href));
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post" || event.defaultPrevented) return;
    const url = new URL(form.action);
    if (url.origin !== location.origin) return;
    event.preventDefault();
    if (form === sending) return;
    sending = form;
    const fields = [...new FormData(form, event.submitter)].map(([name, value]) => [name, String(value)]);
    void go(url, { method: "POST", body: new URLSearchParams(fields) }, () => form.submit()).finally(() => {
      sending = null;
    });
  });

  // Whatever is still on its way comes too late.
  document.addEventListener("sidedoor:hide", () => hidden.abort());

  /** A wide screen shows at once what has room there. */
  function spread() {
    /** @type {NodeListOf<HTMLDetailsElement>} */
    const folds = document.querySelectorAll("[data-open-wide]");
    for (const fold of folds) fold.open = wide.matches;
  }
  spread();
  wide.onchange = spread;

  // With a slow or dear connection the first page that is asked for brings it. What some pages alone have to do comes to
  // them all the same.
  const { saveData, effectiveType = "" } = navigator.connection ?? {};
  const dear = saveData || /2g/.test(effectiveType);
  if (!dear || document.querySelector(".device, #narrow, #plan, #questions, [data-copy-link]")) {
    addEventListener("load", () => setTimeout(() => void (dear ? (alone ??= bringAlone()) : bringFirst()).catch(() => {})));
  }

  const shared = {
    path: location.pathname,
    dear,
    policy,
    hidden,
    say,
    run,
    ask,
    bring,
    bringFirst,
    part,
    goTo,
    spread,
    /** @param {Travel} how what shows a page is here */
    begin(how) {
      travel = how;
      begun();
    },
  };
  return shared;
})();
