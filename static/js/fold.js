// @ts-check
/**
 * Opens folded parts: on a wide screen those that have room there, on paper all of them. Without scripts readers open them
 * themselves.
 */
(() => {
  "use strict";

  const wide = matchMedia("(min-width: 60rem)");

  function spread() {
    /** @type {NodeListOf<HTMLDetailsElement>} */
    const folds = document.querySelectorAll("[data-open-wide]");
    for (const fold of folds) fold.open = wide.matches;
  }

  function offer() {
    spread();
    for (const button of document.querySelectorAll("[data-print-page]")) button.removeAttribute("hidden");
  }

  document.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("[data-print-page]")) print();
  });
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("main details:not([open]):not(.print):not(.sources)")) {
      fold.setAttribute("open", "");
      fold.setAttribute("data-for-paper", "");
    }
  });
  addEventListener("afterprint", () => {
    for (const fold of document.querySelectorAll("[data-for-paper]")) {
      fold.removeAttribute("open");
      fold.removeAttribute("data-for-paper");
    }
  });
  wide.onchange = spread;
  document.addEventListener("sidedoor:arrived", offer);
  offer();
})();
