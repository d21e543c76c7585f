// @ts-check
/**
 * Questions that are answered on the page, and sent to nobody: the ticked ones gather the pages and helplines that fit.
 * The styles hide them at the question; what has to be done at once has no link and stays, as the end is screens away.
 * The form is kept, moved and emptied in the same way as in plan.js.
 */
(() => {
  "use strict";

  /** @type {HTMLFormElement | undefined} */
  let form;

  function begin() {
    const place = document.querySelector("div#questions");
    if (!place) return;
    if (!form) {
      form = document.createElement("form");
      form.id = "questions";
      form.autocomplete = "off";
      form.append(...place.childNodes);
      for (const question of form.querySelectorAll(".question")) ask(question);
      const fits = /** @type {HTMLElement} */ (form.querySelector("#fits"));
      fits.hidden = false;
      [...form.querySelectorAll(".question")].pop()?.after(fits);
      form.addEventListener("change", show);
    }
    // The page that was left keeps an empty place, so that the form can return at Back.
    form.replaceWith(Object.assign(document.createElement("div"), { id: "questions" }));
    place.replaceWith(form);
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
  }

  function show() {
    /** @type {Map<string, Node>} */
    const fitting = new Map();
    for (const input of form?.querySelectorAll("input") ?? []) {
      input.defaultChecked = input.checked;
      const items = input.checked ? (input.closest(".question")?.querySelectorAll("li") ?? []) : [];
      for (const item of items) fitting.set(item.textContent ?? "", item.cloneNode(true));
    }
    form?.querySelector("#fits ul")?.replaceChildren(...fitting.values());
    const nothing = /** @type {HTMLElement} */ (form?.querySelector("[data-empty]"));
    nothing.hidden = fitting.size > 0;
  }

  function empty() {
    for (const input of form?.querySelectorAll("input") ?? []) input.checked = false;
    if (form) show();
  }

  begin();
  document.addEventListener("sidedoor:arrived", begin);
  document.addEventListener("sidedoor:hide", empty);
  addEventListener("pagehide", empty);
})();
