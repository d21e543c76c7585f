// @ts-check
/**
 * Answers every tap on a link or a form of this site in place, so that no page read here becomes a separate visit.
 *
 * This script holds only what a page needs before the rest has loaded: it takes taps and requests what they lead to. The scripts
 * that show pages (pack.js, travel.js, fold.js) come with the pack, in one quiet request after the first page is shown; they
 * run if their hash is in this page's own policy. An earlier tap fetches those scripts alone, and the tapped page; the request
 * for the pack is aborted, and the scripts make it again. Scripts of another release do not run: then the browser follows the link.
 */
const taps = (() => {
  "use strict";

  const root = document.documentElement;
  // Not what `root` says later: a browser that translates the page writes the reader's own language there.
  const language = root.lang;
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
  /** @typedef {{ direction: string, shared: string[], pages: Record<string, string>, rest: string[], style: string }} Contents */
  /** @typedef {(event: MouseEvent | SubmitEvent, answer?: Promise<Response>) => void} Travel the function in travel.js that answers a tap */
  /** @type {Promise<void> | undefined} */
  let packScript;
  /** @type {Event | undefined} the last tap that is waiting */
  let latestTap;
  /** @type {Set<string>} the text of each script that has run, and the path of each that a page asked for */
  const started = new Set();
  /** @type {Promise<{ response: Response, contents: Contents }> | undefined} */
  let firstPack;

  /** @param {string} [text] what to say @param {boolean} [seen] show it as well */
  function say(text = "", seen = false) {
    status.textContent = text;
    status.classList.toggle("visually-hidden", !seen);
  }

  /** @param {string} text Run a script, once. The policy allows it if its hash is listed there. */
  function run(text) {
    if (started.has(text)) return;
    started.add(text);
    const script = document.createElement("script");
    script.text = policy.createScript(text);
    root.append(script);
    script.remove();
  }

  /** @param {URL | string} url @param {RequestInit} how @param {string} languages those whose header and footer are here already, so that only main is sent @param {Record<string, string>} more headers */
  function ask(url, how = {}, languages = language, more = {}) {
    // The header promises to store nothing; the server then lets the page stay in the bfcache (headers.py).
    return fetch(url, { signal: hidden.signal, ...how, cache: "no-store", headers: { "Sidedoor-In-Place": languages, ...more } });
  }

  /**
   * Fetch a script and run it. It is the same for everybody, so no cookie is sent: a cookie would end a chat that was hidden, and
   * the response that then deletes the cookies might be aborted by Hide (see public/hidden_first.py).
   * @param {string} path
   */
  async function script(path) {
    const response = await ask(path, { credentials: "omit" });
    if (!response.ok) throw new Error();
    run(await response.text());
  }

  /** Fetch the scripts that show pages, without the pages: the first pack of an edition takes some seconds to make. */
  function bringAlone() {
    return (packScript ??= script("/pack.js"));
  }

  /** Fetch the pack of this page's language, once: the scripts that show pages, and the pages. */
  function bringFirst() {
    return (firstPack ??= ask(address, { credentials: "omit", priority: "low", signal: quiet.signal }).then(async (response) => {
      /** @type {[string, Contents]} */
      const [text, contents] = await response.json();
      run(text);
      return { response, contents };
    }));
  }

  /** Fetch scripts that a page needs at once but that are too big to be in it, until they arrive. A chat shows no replies without. */
  function bringNeeded() {
    for (const { dataset } of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-script]"))) {
      const path = dataset.script ?? "";
      if (started.has(path)) continue;
      started.add(path);
      script(path).catch(() => {
        started.delete(path);
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

  /** @param {MouseEvent | SubmitEvent} event a tap on this site @param {HTMLAnchorElement} [link] where it leads */
  async function take(event, link) {
    event.preventDefault();
    if (shared.travel) return shared.travel(event);
    const [, name = ""] = /^#(.+)/.exec(link?.getAttribute("href") ?? "") ?? [];
    const part = document.getElementById(name);
    if (part) return goTo(part);
    latestTap = event;
    quiet.abort();
    const slow = setTimeout(say, SLOW_MS, status.dataset.slow, true);
    try {
      const answer = link && ask(link.href);
      answer?.catch(() => {});
      await bringAlone();
      if (latestTap !== event || hidden.signal.aborted) return;
      if (shared.travel) /** @type {Travel} */ (shared.travel)(event, answer);
      else if (link) location.assign(link.href);
      else /** @type {HTMLFormElement} */ (event.target).submit();
    } catch {
      packScript = undefined;
      if (latestTap === event && !hidden.signal.aborted) say(status.dataset.failed, true);
    }
    clearTimeout(slow);
  }

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a");
    if (!link || event.defaultPrevented || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (!(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)) void take(event, link);
  });

  // The policy (form-action) allows no form to another site; a form that closes a dialog is not sent.
  document.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.method === "post" && !event.defaultPrevented) void take(event);
    if (form.method !== "get") return;
    // Safari before 15.4 knows no dialog: it would send the form that closes one, and load the page again.
    event.preventDefault();
    form.closest("dialog")?.remove();
  });

  // Abort what is still on its way.
  document.addEventListener("sidedoor:hide", () => {
    hidden.abort();
    quiet.abort();
  });
  document.addEventListener("sidedoor:arrived", bringNeeded);
  bringNeeded();

  // On a slow or expensive connection the first tap fetches the pack. The scripts alone come earlier to pages that cannot do
  // without them, and when somebody magnifies the page with two fingers: one of them keeps Hide in view.
  const { saveData, effectiveType = "" } = navigator.connection ?? {};
  const dear = saveData || /2g/.test(effectiveType);
  const quietly = () => void (dear ? bringAlone() : bringFirst()).catch(() => {});
  if (!dear || document.querySelector(".device, #narrow, #plan, #questions, [data-copy-link]")) {
    addEventListener("load", () => setTimeout(quietly));
  } else window.visualViewport?.addEventListener("resize", quietly, { once: true });

  /** @type {{ path: string, language: string, dear?: boolean, policy: typeof policy, hidden: AbortController, say: typeof say, ask: typeof ask, bringFirst: typeof bringFirst, goTo: typeof goTo, travel?: Travel }} */
  const shared = {
    path: location.pathname,
    language,
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
