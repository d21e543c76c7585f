// @ts-check
/**
 * The pack: all help pages in the reader's language, kept only in this page's memory. With it, moving to another page needs no
 * request, so it takes one frame, works without a network, and reveals to nobody what is read. Hide drops it. An old pack is
 * checked with the server, by its ETag, before it is used. taps.js fetches the pack, and this script with it.
 *
 * Where all help is too much for one response, the pages that few others link to are a second pack. It is fetched whole when
 * the first of them is tapped, so the request does not reveal which page that was.
 */
const pack = (() => {
  "use strict";

  const FRESH_MS = 15 * 60 * 1000;
  const PATIENCE_MS = 4000;
  const root = document.documentElement;
  const own = document.getElementById("languages")?.dataset.own ?? taps.language;
  const REST = "-rest";
  /** @typedef {Awaited<ReturnType<typeof taps.bringFirst>>} Delivery */
  /** @typedef {Delivery["contents"] & { language: string, part: string, tag: string | null, askedAt: number }} Pack */
  /** @type {Map<string, Pack>} by language and part */
  const packs = new Map();
  /** @type {Map<string, Promise<void>>} requests under way, by the same key; the first is the one that brought this script */
  const requests = new Map();

  /**
   * Store a pack when it arrives; a failed request leaves the old one.
   * @param {string} language @param {string} part @param {Promise<Partial<Delivery> & { response: Response }>} bringing
   */
  async function keep(language, part, bringing) {
    const name = language + part;
    try {
      const { response, contents } = await bringing;
      const askedAt = Date.now();
      const before = packs.get(name);
      const none = { direction: "", shared: [], pages: {}, rest: [], style: "" };
      if (response.status === 304 && before) before.askedAt = askedAt;
      // Any other answer means that this language has no pack: an empty one is stored.
      else packs.set(name, { ...none, ...contents, language, part, tag: response.headers.get("ETag"), askedAt });
    } catch {
      // The next page asks again.
    } finally {
      requests.delete(name);
    }
  }

  /** @param {string} language @param {RequestPriority} priority @param {string} part @returns {Promise<Partial<Delivery> & { response: Response }>} */
  async function fetched(language, priority, part) {
    const path = `${language === own ? "" : `/${language}`}/pack${part}`;
    const tag = packs.get(language + part)?.tag;
    const response = await taps.ask(path, { credentials: "omit", priority }, language, tag ? { "If-None-Match": tag } : {});
    return response.ok ? { response, contents: (await response.json())[1] } : { response };
  }

  /** @param {string} language @param {RequestPriority} priority Ask, with only one request for a pack at a time. */
  function ask(language, priority, part = "") {
    const name = language + part;
    const asking = requests.get(name) ?? keep(language, part, fetched(language, priority, part));
    requests.set(name, asking);
    return asking;
  }

  /** Fetch the pack of the page's language, unless it is here. */
  function bring() {
    if (!taps.hidden.signal.aborted && !packs.has(taps.language)) void ask(taps.language, "low");
  }

  /** @param {string} path @returns {Pack | undefined} the pack that holds the page */
  function holder(path) {
    return [...packs.values()].find(({ pages }) => pages[path]);
  }

  /** @param {string} path Before showing a page, check an old pack with the server, or fetch the rest. Without a quick answer, go on with the old pack. */
  function renewed(path) {
    const { language, part, askedAt } = holder(path) ?? [...packs.values()].find(({ rest }) => rest.includes(path)) ?? {};
    if (!language) return;
    const wanted = holder(path) ? part : REST;
    if (packs.has(language + wanted) && Math.abs(Date.now() - Number(askedAt)) < FRESH_MS) return;
    return Promise.race([ask(language, "high", wanted), new Promise((done) => setTimeout(done, PATIENCE_MS))]);
  }

  /** @returns {string} all style rules, once a pack is here */
  function style() {
    return [...packs.values()].find(({ style }) => style)?.style ?? "";
  }

  /** @param {string} path @returns {string | undefined} the `main` of the page, in an `html` element with its language */
  function page(path) {
    const { language, direction, shared, pages } = holder(path) ?? {};
    const main = pages?.[path].replace(/<(\d+)>/g, (_, number) => shared?.[number] ?? "");
    return main && `<html lang="${language}" dir="${direction}">${main}`;
  }

  // On an expensive connection, the first tapped page fetches it instead.
  if (!taps.dear) requests.set(taps.language, keep(taps.language, "", taps.bringFirst()));
  taps.hidden.signal.addEventListener("abort", () => packs.clear());
  // The page was in the bfcache while another tab was hidden: hide-page.js leaves its cover on.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && root.style.display === "none") taps.hidden.abort();
  });

  return { bring, renewed, page, style };
})();
