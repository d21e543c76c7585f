// @ts-check
/**
 * The pack: all help in the reader's language, brought by one quiet request once the first page is shown, and kept in this
 * page's memory alone. From then on moving around asks nobody, so it takes one frame, goes on without a network, and tells
 * nobody what is read. It is dropped at Hide. One that is old is asked for anew, by its tag, before it is used.
 */
const pack = (() => {
  "use strict";

  const FRESH_MS = 15 * 60 * 1000;
  const PATIENCE_MS = 4000;
  const root = document.documentElement;
  const own = document.currentScript?.dataset.language;
  /** @typedef {{ language: string, direction: string, pages: Record<string, string>, tag: string, asked: number }} Pack */
  /** @type {Map<string, Pack>} by language */
  const held = new Map();
  /** @type {Map<string, Promise<void>>} the same, what is on its way */
  const coming = new Map();
  const stop = new AbortController();

  /** @param {string} language @param {RequestPriority} priority */
  async function fetchPack(language, priority) {
    const before = held.get(language);
    const response = await fetch(language === own ? "/pack" : `/${language}/pack`, {
      cache: "no-store",
      // It is the same for everybody. With a cookie it would end a chat that was left, and its answer, given up at Hide,
      // would be the one that takes the cookies back (see public/hidden_first.py).
      credentials: "omit",
      priority,
      signal: stop.signal,
      headers: { "Sidedoor-In-Place": language, ...(before && { "If-None-Match": before.tag }) },
    });
    const asked = Date.now();
    if (response.status === 304 && before) before.asked = asked;
    // Where the answer is another, there is none here.
    else held.set(language, { ...(response.ok ? await response.json() : { pages: {} }), tag: response.headers.get("ETag"), asked });
  }

  /** @param {string} language @param {RequestPriority} priority Ask, once at a time. What fails leaves what there was. */
  function ask(language, priority) {
    const asking = coming.get(language) ?? fetchPack(language, priority).catch(() => {});
    coming.set(language, asking);
    return asking.finally(() => coming.delete(language));
  }

  /** Bring the pack of the page's language, where it is not here. */
  function bring() {
    if (own && !stop.signal.aborted && !held.has(root.lang)) void ask(root.lang, "low");
  }

  /** @param {string} path @returns {Pack | undefined} the one that holds the page */
  function holder(path) {
    return [...held.values()].find(({ pages }) => pages[path]);
  }

  /** @param {string} path Before an old page is shown: is it still what it was? Where nobody answers soon, it is. */
  function renewed(path) {
    const { language, asked } = holder(path) ?? {};
    if (!language || Math.abs(Date.now() - Number(asked)) < FRESH_MS) return;
    return Promise.race([ask(language, "high"), new Promise((done) => setTimeout(done, PATIENCE_MS))]);
  }

  /** @param {string} path @returns {string | undefined} the page, as far as it goes into this one */
  function page(path) {
    const { language, direction, pages } = holder(path) ?? {};
    return pages && `<html lang="${language}" dir="${direction}">${pages[path]}`;
  }

  function drop() {
    stop.abort();
    held.clear();
  }

  // With a slow or dear connection the first page that is asked for brings it (see travel.js).
  const { saveData, effectiveType = "" } = navigator.connection ?? {};
  if (!saveData && !/2g/.test(effectiveType)) addEventListener("load", () => setTimeout(bring));
  document.addEventListener("sidedoor:hide", drop);
  // Kept whole (bfcache) while another tab was hidden: hide-page.js leaves the cover on.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && root.style.display === "none") drop();
  });

  return { bring, renewed, page };
})();
