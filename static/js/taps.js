// @ts-check
/**
 * Every tap on a link or a form of this site is answered in place: so no page that is read here is a visit of its own.
 *
 * Here is only what a page needs before the rest of it has come: taps are taken, and asked for. How a page is shown (pack.js,
 * travel.js, fold.js) comes with the pack, which one quiet request brings once the first page is shown: it runs if its hash
 * is on this page's own list. Whoever taps earlier asks for it alone, and for what was tapped; the pack gives way, and is asked
 * for again by what came. Where it is of another release, the browser goes by itself.
 */
const taps = (() => {
  "use strict";

  const root = document.documentElement;
  const address = document.currentScript?.dataset.pack ?? "/pack";
  const status = /** @type {HTMLElement} */ (document.getElementById("travel-status"));
  /** @param {string} text */
  const same = (text) => text;
  const rules = { createHTML: same, createScript: same };
  const policy = window.trustedTypes?.createPolicy("sidedoor", rules) ?? rules;
  const hidden = new AbortController();
  const quiet = new AbortController();
  const SLOW_MS = 700;
  const AGAIN_MS = 2000;
  /** @typedef {{ direction: string, shared: string[], pages: Record<string, string>, rest: string[], style: string }} Told */
  /** @typedef {(event: MouseEvent | SubmitEvent, answer?: Promise<Response>) => void} Travel what answers a tap, once it is here */
  /** @type {Promise<void> | undefined} */
  let alone;
  /** @type {Event | undefined} the last of those that wait */
  let latest;
  /** @type {Set<string>} the scripts that were begun, and those that pages need */
  const begun = new Set();
  /** @type {Promise<{ response: Response, told: Told }> | undefined} */
  let first;

  /** @param {string} [text] what to say @param {boolean} [seen] show it as well */
  function say(text = "", seen = false) {
    status.textContent = text;
    status.classList.toggle("visually-hidden", !seen);
  }

  /** @param {string} text Run a script, once, if its hash is on the list. */
  function run(text) {
    if (begun.has(text)) return;
    begun.add(text);
    const script = document.createElement("script");
    script.text = policy.createScript(text);
    root.append(script);
    script.remove();
  }

  /** @param {URL | string} url @param {RequestInit} how @param {string} languages those whose words are here, so that main comes alone @param {Record<string, string>} more headers */
  function ask(url, how = {}, languages = root.lang, more = {}) {
    // The header promises that nothing is stored here; the answer then lets the page stay in the bfcache (headers.py).
    return fetch(url, { signal: hidden.signal, ...how, cache: "no-store", headers: { "Sidedoor-In-Place": languages, ...more } });
  }

  /**
   * A script, and run it. It is the same for everybody: with a cookie it would end a chat that was left, and its answer, given
   * up at Hide, would be the one that takes the cookies back (see public/hidden_first.py).
   * @param {string} path
   */
  async function script(path) {
    const response = await ask(path, { credentials: "omit" });
    if (!response.ok) throw new Error();
    run(await response.text());
  }

  /** What shows pages, without the pages: an edition's first pack is some seconds in the making. */
  function bringAlone() {
    return (alone ??= script("/pack.js"));
  }

  /** The pack of this page's language, once: the script that shows pages, and the pages. */
  function bringFirst() {
    return (first ??= ask(address, { credentials: "omit", priority: "low", signal: quiet.signal }).then(async (response) => {
      /** @type {[string, Told]} */
      const [text, told] = await response.json();
      run(text);
      return { response, told };
    }));
  }

  /** What a page needs at once and does not hold, for its size: asked for until it is here. A chat says nothing without it. */
  function bringNeeded() {
    for (const { dataset } of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-script]"))) {
      const path = dataset.script ?? "";
      if (begun.has(path)) continue;
      begun.add(path);
      script(path).catch(() => {
        begun.delete(path);
        if (!hidden.signal.aborted) setTimeout(bringNeeded, AGAIN_MS);
      });
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

  /** @param {MouseEvent | SubmitEvent} event a tap, which is answered here @param {HTMLAnchorElement} [link] where it leads */
  async function take(event, link) {
    event.preventDefault();
    if (shared.travel) return shared.travel(event);
    const [, name = ""] = /^#(.+)/.exec(link?.getAttribute("href") ?? "") ?? [];
    const part = document.getElementById(name);
    if (part) return goTo(part);
    latest = event;
    quiet.abort();
    const slow = setTimeout(say, SLOW_MS, status.dataset.slow, true);
    try {
      const answer = link && ask(link.href);
      answer?.catch(() => {});
      await bringAlone();
      if (latest !== event || hidden.signal.aborted) return;
      if (shared.travel) /** @type {Travel} */ (shared.travel)(event, answer);
      else if (link) location.assign(link.href);
      else /** @type {HTMLFormElement} */ (event.target).submit();
    } catch {
      alone = undefined;
      if (latest === event && !hidden.signal.aborted) say(status.dataset.failed, true);
    }
    clearTimeout(slow);
  }

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a");
    if (!link || event.defaultPrevented || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (!(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)) void take(event, link);
  });

  // Every form is of this site (form-action); one that closes a dialog is not sent.
  document.addEventListener("submit", (event) => {
    const { method } = /** @type {HTMLFormElement} */ (event.target);
    if (method === "post" && !event.defaultPrevented) void take(event);
  });

  // Whatever is still on its way comes too late.
  document.addEventListener("sidedoor:hide", () => {
    hidden.abort();
    quiet.abort();
  });
  document.addEventListener("sidedoor:arrived", bringNeeded);
  bringNeeded();

  // With a slow or dear connection the first page that is asked for brings it. What some pages alone have to do comes to
  // them all the same, and what keeps Hide in view of who magnifies with two fingers.
  const { saveData, effectiveType = "" } = navigator.connection ?? {};
  const dear = saveData || /2g/.test(effectiveType);
  const quietly = () => void (dear ? bringAlone() : bringFirst()).catch(() => {});
  if (!dear || document.querySelector(".device, #narrow, #plan, #questions, [data-copy-link]")) {
    addEventListener("load", () => setTimeout(quietly));
  } else window.visualViewport?.addEventListener("resize", quietly, { once: true });

  /** @type {{ path: string, dear?: boolean, policy: typeof policy, hidden: AbortController, say: typeof say, ask: typeof ask, bringFirst: typeof bringFirst, goTo: typeof goTo, travel?: Travel }} */
  const shared = {
    path: location.pathname,
    dear,
    policy,
    hidden,
    say,
    ask,
    bringFirst,
    goTo,
  };
  return shared;
})();
