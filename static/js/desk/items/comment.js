// Comments work without this: a paragraph is chosen from a list, or its words are typed. With it: whoever selects words
// in the page beside the form has them in it. The page in the frame runs no script of its own.
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
