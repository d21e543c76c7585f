// @ts-check
/** The notice stands under the heading, also of a page that arrives in place while it is open. */
(() => {
  "use strict";

  document.addEventListener("sidedoor:arrived", () => {
    const notice = document.querySelector("#hide-notice[open]");
    if (notice) document.querySelector("main .top")?.append(notice);
  });
})();
