// @ts-check
/**
 * Shows the steps for the reader's own browser first in the guide to using the internet.
 * The browser is recognised by navigator.userAgent, on the page itself; the result is sent to nobody.
 */
(() => {
  "use strict";

  /** The order matters: each of these also claims the names of those after it. */
  const BROWSERS = [
    ["samsung", /SamsungBrowser/],
    ["edge-phone", /Edg(?:A|iOS)\//],
    ["edge-computer", /Edge?\//],
    ["firefox-iphone", /FxiOS/],
    ["firefox-android", /Android.*Firefox/],
    ["firefox-computer", /Firefox/],
    ["chrome-iphone", /CriOS/],
    ["chrome-android", /Android.*Chrome/],
    ["chrome-computer", /Chrome/],
    ["safari-iphone", /iPhone|iPad/],
    ["safari-mac", /Macintosh.*Safari/],
  ];

  /** @returns {string} the id of the device block, without `device-`; empty when unknown */
  function ownBrowser() {
    const agent = navigator.userAgent;
    const match = BROWSERS.find(([, name]) => /** @type {RegExp} */ (name).test(agent));
    const id = match ? String(match[0]) : "";
    // An iPad says that it is a Mac; only its touch screen gives it away.
    return id === "safari-mac" && navigator.maxTouchPoints > 1 ? "safari-iphone" : id;
  }

  function showOwnFirst() {
    const first = document.querySelector(".device");
    const own = document.getElementById(`device-${ownBrowser()}`);
    if (!first || !own || own.classList.contains("yours")) return;
    own.classList.add("yours");
    own.querySelector("details")?.setAttribute("open", "");
    if (own !== first) first.before(own);
  }

  showOwnFirst();
  document.addEventListener("sidedoor:arrived", showOwnFirst);
})();
