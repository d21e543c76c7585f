// @ts-check
/**
 * The pack: all help in the reader's language, kept in this page's memory alone. From then on moving around asks nobody, so
 * it takes one frame, goes on without a network, and tells nobody what is read. It is dropped at Hide. One that is old is
 * asked for anew, by its tag, before it is used. What fetches it, and this with it, is taps.js.
 *
 * Where all help is too much for one answer, the pages that few others lead to are a second one, asked for whole when the
 * first of them is tapped: so nobody is told which of them it was.
 */
const pack = (() => {
  "use strict";

  const FRESH_MS = 15 * 60 * 1000;
  const PATIENCE_MS = 4000;
  const root = document.documentElement;
  const own = document.getElementById("languages")?.dataset.own ?? root.lang;
  const REST = "-rest";
  /** @typedef {Awaited<ReturnType<typeof taps.bringFirst>>} Brought */
  /** @typedef {Brought["told"] & { language: string, part: string, tag: string | null, asked: number }} Pack */
  /** @type {Map<string, Pack>} by language, with the part */
  const held = new Map();
  /** @type {Map<string, Promise<void>>} the same, what is on its way; at first, the one that brought this */
  const coming = new Map();

  /**
   * Keep what comes; what fails leaves what there was.
   * @param {string} language @param {string} part @param {Promise<Partial<Brought> & { response: Response }>} bringing
   */
  async function keep(language, part, bringing) {
    const name = language + part;
    try {
      const { response, told } = await bringing;
      const asked = Date.now();
      const before = held.get(name);
      const none = { direction: "", shared: [], pages: {}, rest: [], style: "" };
      if (response.status === 304 && before) before.asked = asked;
      // Where the answer is another, there is none here.
      else held.set(name, { ...none, ...told, language, part, tag: response.headers.get("ETag"), asked });
    } catch {
      // Asked for again at the next page.
    } finally {
      coming.delete(name);
    }
  }

  /** @param {string} language @param {RequestPriority} priority @param {string} part @returns {Promise<Partial<Brought> & { response: Response }>} */
  async function fetched(language, priority, part) {
    const path = `${language === own ? "" : `/${language}`}/pack${part}`;
    const tag = held.get(language + part)?.tag;
    const response = await taps.ask(path, { credentials: "omit", priority }, language, tag ? { "If-None-Match": tag } : {});
    return response.ok ? { response, told: (await response.json())[1] } : { response };
  }

  /** @param {string} language @param {RequestPriority} priority Ask, once at a time. */
  function ask(language, priority, part = "") {
    const name = language + part;
    const asking = coming.get(name) ?? keep(language, part, fetched(language, priority, part));
    coming.set(name, asking);
    return asking;
  }

  /** Bring the pack of the page's language, where it is not here. */
  function bring() {
    if (!taps.hidden.signal.aborted && !held.has(root.lang)) void ask(root.lang, "low");
  }

  /** @param {string} path @returns {Pack | undefined} the one that holds the page */
  function holder(path) {
    return [...held.values()].find(({ pages }) => pages[path]);
  }

  /** @param {string} path Before an old page is shown: is it still what it was? Where nobody answers soon, it is. Or: the rest. */
  function renewed(path) {
    const { language, part, asked } = holder(path) ?? [...held.values()].find(({ rest }) => rest.includes(path)) ?? {};
    if (!language) return;
    const wanted = holder(path) ? part : REST;
    if (held.has(language + wanted) && Math.abs(Date.now() - Number(asked)) < FRESH_MS) return;
    return Promise.race([ask(language, "high", wanted), new Promise((done) => setTimeout(done, PATIENCE_MS))]);
  }

  /** @returns {string} every rule of style there is, once it is here */
  function style() {
    return [...held.values()].find(({ style }) => style)?.style ?? "";
  }

  /** @param {string} path @returns {string | undefined} the page, as far as it goes into this one */
  function page(path) {
    const { language, direction, shared, pages } = holder(path) ?? {};
    const main = pages?.[path].replace(/<(\d+)>/g, (_, number) => shared?.[number] ?? "");
    return main && `<html lang="${language}" dir="${direction}">${main}`;
  }

  // Else the first page that is tapped brings it.
  if (!taps.dear) coming.set(root.lang, keep(root.lang, "", taps.bringFirst()));
  taps.hidden.signal.addEventListener("abort", () => held.clear());
  // Kept whole (bfcache) while another tab was hidden: hide-page.js leaves the cover on.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && root.style.display === "none") taps.hidden.abort();
  });

  return { bring, renewed, page, style };
})();
