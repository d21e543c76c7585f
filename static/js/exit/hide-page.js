// @ts-check
/**
 * “Hide this page”. Stands first in the head, inline, so that it works while the page is still arriving and when every
 * other file fails. Without scripts the same link is an ordinary link. It knows nothing of the site that it stands on:
 * README.md beside it lists its data- attributes.
 *
 * A page that is left with location.replace goes from the tab's Back list, and from Chromium's history page. Where the
 * tab holds several entries of this site, they are rewound: go to the first, turn it into `redirect`, push `redirect`
 * over the rest (which cuts Forward off), replace that with the exit. A session cookie then tells every entry that is
 * still come back to (behind another site's page) to leave at once. Measured: sessionStorage is lost across sites, a
 * cookie is not.
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
  } = document.currentScript?.dataset ?? {};
  const root = document.documentElement;
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("hide") : null;
  const HIDDEN = `${cookie}=1`;
  const WATCHDOG_MS = 400;
  const SECOND_EXIT_MS = 3000;
  /** The state of an entry that Back or Forward led to. It outlives a reload, and is no visit. */
  const BACK = 1;
  let leaving = false;
  // Back or Forward led here, also before a reload: what lies ahead in the tab is not seen from here.
  let back = false;

  function cameBack() {
    back = true;
    window.navigation?.updateCurrentEntry({ state: BACK });
  }

  function cover() {
    // A style of its own: it must hold when the style sheet is missing, and in print.
    root.style.setProperty("display", "none", "important");
  }

  function uncover() {
    root.style.removeProperty("display");
  }

  /** @returns {boolean} whether this tab was hidden and nobody came here on purpose since */
  function hidden() {
    return document.cookie.split("; ").includes(HIDDEN);
  }

  /**
   * Whether this page was kept whole (bfcache), and thrown out because another tab told it to hide meanwhile. A message
   * does that in Chromium; nothing here sends another one.
   * @param {PerformanceNavigationTiming | undefined} how @returns {boolean}
   */
  function missedHide(how) {
    return JSON.stringify(how?.notRestoredReasons ?? "").includes("broadcastchannel-message");
  }

  /** Cover the page at once, then leave. The cover never comes off again, whatever becomes of the navigation. */
  function hide() {
    if (leaving) return;
    leaving = true;
    cover();
    document.title = title;
    // Without a source, a headset's key cannot play on under the cover where the exit hangs.
    for (const media of document.querySelectorAll("audio, video")) /** @type {HTMLMediaElement} */ (media).src = "";
    window.speechSynthesis?.cancel();
    endChat();
    document.dispatchEvent(new Event("sidedoor:hide"));
    const ours = window.navigation?.entries() ?? [];
    // Without the Navigation API, a page that was reached from a page of ours has that one behind it.
    const several = back || ours.length > 1 || (!window.navigation && arrivedFromHere());
    // A new tab, a search and this page are what a short visit leaves: then nothing is stored. With more entries of
    // other sites, one of ours may lie between them, where only the cookie reaches it.
    if (several || history.length - ours.length > 2) document.cookie = `${HIDDEN}; path=/; SameSite=Strict`;
    rewind(ours, several);
    // An exit that hangs leaves this page alive, covered. (One that refuses has already taken its place.)
    if (next) setTimeout(() => location.replace(next), SECOND_EXIT_MS);
  }

  /**
   * A running chat ends: by a beacon, and by a mark for when that never arrives (the server ends the chat at the next
   * request that carries it, and takes it back; see public/hidden_first.py). The beacon is sent from every page: one that
   * was reached from another site does not know of a chat.
   */
  function endChat() {
    if (mark && root.dataset.chat === "running") document.cookie = `${mark}=1; path=/; SameSite=Strict`;
    if (end) navigator.sendBeacon(end);
  }

  /**
   * @param {NavigationHistoryEntry[]} ours the entries of this site that lie next to each other, this one among them
   * @param {boolean} several whether there may be others of ours, or another site's page ahead
   */
  function rewind(ours, several = ours.length > 1) {
    // Without the Navigation API nobody can tell whether this is the first: then the cookie alone has to do.
    if (!several || !window.navigation) {
      location.replace(exit);
    } else if (window.navigation.currentEntry?.index === 0) {
      history.replaceState(null, "", redirect);
      history.pushState(null, "", redirect);
      location.replace(exit);
    } else {
      // Another page takes over at the first entry (see below), unless that entry is this same page's.
      window.navigation.traverseTo(ours[0].key).finished.then(() => rewind(window.navigation.entries()), () => {});
      setTimeout(() => location.replace(exit), WATCHDOG_MS);
    }
  }

  /** @returns {boolean} whether a page of this site led here */
  function arrivedFromHere() {
    return document.referrer !== "" && new URL(document.referrer).origin === location.origin;
  }

  /** Leave again, before anything is painted, where Back or Forward led into a visit that was hidden. */
  function guard() {
    cover();
    document.title = title;
    leaving = true;
    if (window.navigation?.currentEntry?.index === 0) rewind(window.navigation.entries());
    else location.replace(exit);
  }

  const [how] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  if (how?.type === "back_forward") {
    if (hidden() || missedHide(how)) guard();
    else cameBack();
  } else {
    if (window.navigation?.currentEntry?.getState() === BACK) cameBack();
    if (hidden()) document.cookie = `${HIDDEN}; path=/; SameSite=Strict; Max-Age=0`;
  }
  // The notice greets whoever arrives from outside; the style sheet hides it from those who were here already.
  if (arrivedFromHere()) root.classList.add("inside");

  // A page may be kept whole and shown again later (bfcache; no-store does not prevent it), so it is put away covered.
  addEventListener("pagehide", cover);
  addEventListener("pageshow", (event) => {
    if (event.persisted && (leaving || hidden())) return guard();
    if (event.persisted) cameBack();
    if (!leaving) uncover();
  });

  tabs?.addEventListener("message", ({ data }) => data === "hide" && hide());

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

  function everywhere() {
    tabs?.postMessage("hide");
    hide();
  }

  document.addEventListener("sidedoor:shortcut", everywhere);
})();
