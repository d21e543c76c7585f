// @ts-check
/** “Copy link” on a news item: pages change in place without changing the address bar, so the item offers its own address. */
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
