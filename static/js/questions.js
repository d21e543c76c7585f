// @ts-check
/**
 * Questions that are answered on the page and sent to nobody: what is ticked gathers the pages and lines that fit.
 * Kept, moved around with and emptied as plan.js does it.
 */
(() => {
  "use strict";

  /** @type {HTMLFormElement | undefined} */
  let kept;

  function begin() {
    const place = document.querySelector("div#questions");
    if (!place) return;
    if (!kept) {
      kept = document.createElement("form");
      kept.id = "questions";
      kept.autocomplete = "off";
      kept.append(...place.childNodes);
      for (const question of kept.querySelectorAll(".question")) ask(question);
      const fits = /** @type {HTMLElement} */ (kept.querySelector("#fits"));
      fits.hidden = false;
      [...kept.querySelectorAll(".question")].at(-1)?.after(fits);
      kept.addEventListener("change", show);
    }
    // A page that was left keeps its place, so that Back finds it.
    kept.replaceWith(Object.assign(document.createElement("div"), { id: "questions" }));
    place.replaceWith(kept);
  }

  /** @param {Element} question */
  function ask(question) {
    const label = document.createElement("label");
    label.className = "box";
    label.append(
      Object.assign(document.createElement("input"), { type: "checkbox" }),
      question.firstElementChild?.textContent ?? "",
    );
    question.firstElementChild?.replaceWith(label);
    for (const list of question.querySelectorAll("ul")) list.hidden = true;
  }

  function show() {
    /** @type {Map<string, Node>} */
    const found = new Map();
    for (const input of kept?.querySelectorAll("input") ?? []) {
      input.defaultChecked = input.checked;
      const items = input.checked ? (input.closest(".question")?.querySelectorAll("li") ?? []) : [];
      for (const item of items) found.set(item.textContent ?? "", item.cloneNode(true));
    }
    kept?.querySelector("#fits ul")?.replaceChildren(...found.values());
    const none = /** @type {HTMLElement} */ (kept?.querySelector("[data-empty]"));
    none.hidden = found.size > 0;
  }

  function empty() {
    for (const input of kept?.querySelectorAll("input") ?? []) input.checked = false;
    if (kept) show();
  }

  begin();
  document.addEventListener("sidedoor:arrived", begin);
  document.addEventListener("sidedoor:hide", empty);
  addEventListener("pagehide", empty);
})();
