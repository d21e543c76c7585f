// @ts-check
/**
 * “Hide this page”. Put it first in the head, inline, so that it works while the page is still loading and when every
 * other file fails. Without scripts the same link is an ordinary link. It knows nothing about the site it is used on:
 * README.md beside it lists its data- attributes. It has to run in old browsers too, and where a reader has turned parts of a
 * browser off: so its syntax is that of 2018, and no step can stop the steps after it.
 *
 * Leaving a page with location.replace removes it from the tab's Back list, and from Chromium's history page. Where the
 * tab holds several entries of this site, the script rewinds them: it goes to the first, turns it into `redirect`, pushes
 * `redirect` over the rest (which cuts Forward off), and replaces that with the exit. A session cookie then tells every
 * entry that Back can still reach (behind another site's page) to leave at once. Measured: sessionStorage is lost across
 * sites, a cookie is not.
 */
(() => {
  "use strict";

  const {
    exit = "about:blank",
    next,
    redirect = "/",
    title = "Untitled",
    link: links = "#hide-this-page",
    cookie = "w",
    end,
    mark,
  } = /** @type {HTMLElement} */ (/** @type {unknown} */ (document.currentScript)).dataset;
  const root = document.documentElement;
  const { navigation } = window;
  const HIDDEN = `${cookie}=1`;
  const WATCHDOG_MS = 400;
  const SECOND_EXIT_MS = 3000;
  /** The navigation state of an entry that Back or Forward led to. It survives a reload, and adds no visit. */
  const BACK = 1;
  let leaving = false;
  // Whether Back or Forward led here, even before a reload: the script cannot see which entries lie ahead in the tab.
  let back = false;
  /** @type {BroadcastChannel | undefined} */
  let tabs;

  /** Take each step, whatever those before it met: what a browser lacks, and what its reader has turned off, throws.
   * @param {(() => void)[]} steps @returns {boolean} whether the last of them was taken */
  function attempt(...steps) {
    let taken = false;
    for (const step of steps) {
      try {
        step();
        taken = true;
      } catch {
        taken = false;
      }
    }
    return taken;
  }

  function cameBack() {
    back = true;
    navigation.updateCurrentEntry({ state: BACK });
  }

  function cover() {
    // An inline style, because the cover must hold without the style sheet, and in print.
    root.style.setProperty("display", "none", "important");
  }

  function uncover() {
    root.style.removeProperty("display");
  }

  /** @returns {boolean} whether this tab was hidden, and nobody has come here on purpose since */
  function hidden() {
    return document.cookie.split("; ").includes(HIDDEN);
  }

  /**
   * Whether the browser evicted this page from the bfcache because another tab told it to hide. A message does that in
   * Chromium, and this script sends no other message.
   * @param {PerformanceNavigationTiming | undefined} how @returns {boolean}
   */
  function missedHide(how) {
    return JSON.stringify((how && how.notRestoredReasons) || "").includes("broadcastchannel-message");
  }

  /** Cover the page at once, then leave. The cover stays, whatever happens to the navigation. */
  function hide() {
    if (leaving) return;
    leaving = true;
    cover();
    document.title = title;
    if (!attempt(silence, endChat, () => document.dispatchEvent(new Event("sidedoor:hide")), leave)) location.replace(exit);
    // While the first exit hangs, this page stays alive, covered. (An exit that refuses has already replaced it.)
    if (next) setTimeout(() => location.replace(next), SECOND_EXIT_MS);
  }

  function leave() {
    const ours = navigation ? navigation.entries() : [];
    // Without the Navigation API: if a page of ours led here, that page is behind this one.
    const several = back || ours.length > 1 || (!navigation && arrivedFromHere());
    // A short visit leaves three entries: a new tab, a search and this page. Then nothing is stored. With more entries of
    // other sites, one of ours may lie between them, and only the cookie reaches it.
    if (several || history.length - ours.length > 2) document.cookie = `${HIDDEN}; path=/; SameSite=Strict`;
    rewind(ours, several);
  }

  function silence() {
    // Remove the source, so that a headset's key cannot resume playing under the cover while the exit hangs.
    for (const media of document.querySelectorAll("audio, video")) /** @type {HTMLMediaElement} */ (media).src = "";
    speechSynthesis.cancel();
  }

  /**
   * End a running chat by a beacon, and set a cookie in case the beacon never arrives: the server ends the chat at the next
   * request that carries the cookie, and deletes it (see public/hidden_first.py). Every page sends the beacon, because a
   * page reached from another site does not know about a chat.
   */
  function endChat() {
    if (mark && root.dataset.chat === "running") document.cookie = `${mark}=1; path=/; SameSite=Strict`;
    if (!end) return;
    if (navigator.sendBeacon) navigator.sendBeacon(end);
    else fetch(end, { method: "POST", keepalive: true, cache: "no-store" });
  }

  /**
   * @param {NavigationHistoryEntry[]} ours the neighbouring entries of this site, including this one
   * @param {boolean} several whether there may be other entries of ours, or another site's page ahead
   */
  function rewind(ours, several = ours.length > 1) {
    // Without the Navigation API the script cannot tell whether this is the first entry: then the cookie has to be enough.
    if (!several || !navigation) {
      location.replace(exit);
    } else if (index() === 0) {
      history.replaceState(null, "", redirect);
      history.pushState(null, "", redirect);
      location.replace(exit);
    } else {
      // The page at the first entry takes over (see guard), unless this page made that entry too.
      navigation.traverseTo(ours[0].key).finished.then(() => rewind(navigation.entries()), () => {});
      setTimeout(() => location.replace(exit), WATCHDOG_MS);
    }
  }

  /** @returns {number} how many entries of this site are before this one. Throws where the browser does not tell. */
  function index() {
    return /** @type {NavigationHistoryEntry} */ (navigation.currentEntry).index;
  }

  /** @returns {boolean} whether a page of this site led here */
  function arrivedFromHere() {
    return document.referrer !== "" && new URL(document.referrer).origin === location.origin;
  }

  /** Leave again before anything is painted, when Back or Forward led into a visit that was hidden. */
  function guard() {
    cover();
    document.title = title;
    leaving = true;
    if (!attempt(() => rewind(index() ? [] : navigation.entries()))) location.replace(exit);
  }

  function arrive() {
    const [how] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
    if (how ? how.type === "back_forward" : performance.navigation.type === 2) {
      if (hidden() || missedHide(how)) return guard();
      cameBack();
    }
    if (hidden()) document.cookie = `${HIDDEN}; path=/; SameSite=Strict; Max-Age=0`;
    if (/** @type {NavigationHistoryEntry} */ (navigation.currentEntry).getState() === BACK) cameBack();
  }

  function everywhere() {
    if (tabs) tabs.postMessage("hide");
    hide();
  }

  addEventListener(
    "click",
    (event) => {
      const link = event.target instanceof Element && event.target.closest(links);
      if (!link && !leaving) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      everywhere();
    },
    true,
  );
  document.addEventListener("sidedoor:shortcut", everywhere);

  // The bfcache may keep this page and show it again later (no-store does not prevent that), so it goes there covered.
  addEventListener("pagehide", cover);
  addEventListener("pageshow", (event) => {
    if (event.persisted && (leaving || hidden())) return guard();
    if (!leaving) uncover();
    if (event.persisted) attempt(cameBack);
  });

  attempt(arrive, () => {
    tabs = new BroadcastChannel("hide");
    tabs.onmessage = ({ data }) => data === "hide" && hide();
  });
  // The notice is for readers who arrive from outside; the style sheet hides it from those who were here already.
  if (arrivedFromHere()) root.classList.add("inside");
})();
