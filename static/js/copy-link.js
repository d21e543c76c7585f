// @ts-check
/** “Copy link” on a news item: moving around in place leaves the address bar as it was, so the item shows its own. */
(() => {
  "use strict";

  function offer() {
    if (!navigator.clipboard) return;
    for (const button of document.querySelectorAll("[data-copy-link]")) button.removeAttribute("hidden");
  }

  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-copy-link]");
    if (!(button instanceof HTMLElement)) return;
    const status = document.getElementById("travel-status");
    try {
      await navigator.clipboard.writeText(button.dataset.copyLink ?? "");
      if (status) status.textContent = button.dataset.copied ?? "";
    } catch {
      getSelection()?.selectAllChildren(/** @type {Node} */ (button.previousElementSibling));
    }
  });

  offer();
  document.addEventListener("sidedoor:arrived", offer);
})();
