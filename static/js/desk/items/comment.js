// Fills the comment form with the words that somebody selects in the page beside it. Without this script they choose a
// paragraph from a list, or type its words. The page in the frame runs no script of its own.
"use strict";

const frame = /** @type {HTMLIFrameElement | null} */ (document.querySelector("[data-preview]"));
const place = /** @type {HTMLDetailsElement | null} */ (document.querySelector("[data-new-comment]"));

if (frame && place) {
  const passage = /** @type {HTMLInputElement} */ (place.querySelector("[name=passage]"));
  const listen = () => {
    const page = frame.contentDocument;
    page?.addEventListener("selectionchange", () => {
      const words = String(page.getSelection() || "").replace(/\s+/g, " ").trim();
      if (!words) return;
      place.open = true;
      passage.value = words.slice(0, passage.maxLength);
    });
  };
  frame.addEventListener("load", listen);
  listen();
  /** @type {HTMLElement} */ (place.querySelector("[data-select-hint]")).hidden = false;
}
