// @ts-check
/**
 * My plan: ticks and words that live only in this page's memory. No field has a name, nothing is sent, and a browser has
 * nothing to restore: neither in a form (autocomplete is off, and each tick is its own default) nor in a page from the bfcache
 * (it is emptied before). The plan stays while the reader moves around in place, and is gone at “Hide this page”.
 */
(() => {
  "use strict";

  /** @type {HTMLFormElement | undefined} */
  let form;

  function begin() {
    const place = document.querySelector("div#plan");
    if (!place) return;
    if (!form) {
      // Chromium decides by the form, and Firefox by each field, whether it may store what is in them.
      form = document.createElement("form");
      form.id = "plan";
      form.autocomplete = "off";
      form.append(...place.childNodes);
      for (const item of form.querySelectorAll(".ticks li")) tick(item);
      for (const box of form.querySelectorAll(".write")) write(box);
      part("#plan-page").hidden = false;
      form.addEventListener("input", show);
      form.addEventListener("submit", (event) => event.preventDefault());
      form.addEventListener("click", press);
    }
    // The page that was left keeps an empty place, so that the form can return at Back.
    form.replaceWith(Object.assign(document.createElement("div"), { id: "plan" }));
    place.replaceWith(form);
  }

  /** @param {string} css @returns {HTMLElement} */
  function part(css) {
    return /** @type {HTMLElement} */ (form?.querySelector(css));
  }

  /** @param {Element} item */
  function tick(item) {
    const label = document.createElement("label");
    label.className = "box";
    const words = document.createElement("span");
    words.append(...item.childNodes);
    label.append(Object.assign(document.createElement("input"), { type: "checkbox" }), words);
    item.append(label);
  }

  /** @param {Element} box */
  function write(box) {
    const title = /** @type {Element} */ (box.firstElementChild);
    const label = document.createElement("label");
    label.append(...title.childNodes);
    // Some browsers send the text to their maker to correct or complete it: hence spellcheck and writingsuggestions.
    const area = Object.assign(document.createElement("textarea"), { rows: 3, autocomplete: "off", spellcheck: false });
    area.setAttribute("writingsuggestions", "false");
    label.append(area);
    title.replaceWith(label);
  }

  /** @returns {[string, string[]][]} each heading, with what was ticked and written under it */
  function chosen() {
    /** @type {[string, string[]][]} */
    const parts = [];
    for (const item of form?.querySelectorAll("#plan > h2, .ticks input, textarea") ?? []) {
      const label = item.closest("label")?.textContent?.trim() ?? "";
      if (item instanceof HTMLInputElement) {
        item.defaultChecked = item.checked;
        if (item.checked) parts[parts.length - 1]?.[1].push(label);
      } else if (item instanceof HTMLTextAreaElement) {
        if (item.value.trim()) parts[parts.length - 1]?.[1].push(`${label}: ${item.value.trim()}`);
      } else parts.push([item.textContent ?? "", []]);
    }
    return parts.filter(([, words]) => words.length);
  }

  function show() {
    const parts = chosen().flatMap(([title, words]) => {
      const list = document.createElement("ul");
      list.append(...words.map((text) => make("li", text)));
      return [make("h3", title), list];
    });
    part("[data-words]").replaceChildren(...parts);
    part("[data-empty]").hidden = parts.length > 0;
  }

  /** @param {string} name @param {string} text */
  function make(name, text) {
    return Object.assign(document.createElement(name), { textContent: text });
  }

  function empty() {
    for (const tick of form?.querySelectorAll("input") ?? []) tick.checked = tick.defaultChecked = false;
    for (const area of form?.querySelectorAll("textarea") ?? []) area.value = "";
    if (form) show();
  }

  /** @param {Event} event */
  async function press(event) {
    const button = event.target instanceof HTMLElement ? event.target : part("button");
    if ("print" in button.dataset) print();
    if ("clear" in button.dataset) empty();
    if (!("copy" in button.dataset)) return;
    const text = chosen().map(([title, words]) => [title, ...words.map((word) => `- ${word}`)].join("\n"));
    const status = document.getElementById("travel-status");
    try {
      await navigator.clipboard.writeText(text.join("\n\n"));
      if (status) status.textContent = button.dataset.copied ?? "";
      status?.classList.remove("visually-hidden");
    } catch {
      getSelection()?.selectAllChildren(part("[data-words]"));
    }
  }

  begin();
  document.addEventListener("sidedoor:arrived", begin);
  document.addEventListener("sidedoor:hide", empty);
  addEventListener("pagehide", empty);
})();
