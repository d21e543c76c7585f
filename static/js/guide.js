// @ts-check
/**
 * The guide to using the internet shows the steps for the reader's own browser first.
 * The browser is told by its own name for itself (navigator.userAgent), here on the page; nobody is sent the answer.
 */
(() => {
  "use strict";

  /** In this order: each of these also calls itself by the names of those after it. */
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
    const found = BROWSERS.find(([, name]) => /** @type {RegExp} */ (name).test(agent));
    const id = found ? String(found[0]) : "";
    // An iPad says that it is a Mac; only its touch screen tells.
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
