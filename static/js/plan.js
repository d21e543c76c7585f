// @ts-check
/**
 * My plan: ticks and words that live in this page's memory and nowhere else. No field has a name, nothing is sent, and
 * no browser is left anything to restore: not of a form (autocomplete off, ticks that are their own default), not of a
 * page put away whole (emptied before). It moves with the reader in place, and is gone at “Hide this page”.
 */
(() => {
  "use strict";

  /** @type {HTMLFormElement | undefined} */
  let kept;

  function begin() {
    const place = document.querySelector("div#plan");
    if (!place) return;
    if (!kept) {
      // Chromium asks the form, Firefox the field, whether it may write down what is in it.
      kept = document.createElement("form");
      kept.id = "plan";
      kept.autocomplete = "off";
      kept.append(...place.childNodes);
      for (const item of kept.querySelectorAll(".ticks li")) tick(item);
      for (const box of kept.querySelectorAll(".write")) write(box);
      part("#plan-page").hidden = false;
      kept.addEventListener("input", show);
      kept.addEventListener("submit", (event) => event.preventDefault());
      kept.addEventListener("click", press);
    }
    // A page that was left keeps its place, so that Back finds it.
    kept.replaceWith(Object.assign(document.createElement("div"), { id: "plan" }));
    place.replaceWith(kept);
  }

  /** @param {string} css @returns {HTMLElement} */
  function part(css) {
    return /** @type {HTMLElement} */ (kept?.querySelector(css));
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
    // Some browsers send what is written to their maker, to mend or to finish it: spellcheck, writingsuggestions.
    const area = Object.assign(document.createElement("textarea"), { rows: 3, autocomplete: "off", spellcheck: false });
    area.setAttribute("writingsuggestions", "false");
    label.append(area);
    title.replaceWith(label);
  }

  /** @returns {[string, string[]][]} each heading, and what was ticked and written under it */
  function chosen() {
    /** @type {[string, string[]][]} */
    const parts = [];
    for (const one of kept?.querySelectorAll("#plan > h2, .ticks input, textarea") ?? []) {
      const label = one.closest("label")?.textContent?.trim() ?? "";
      if (one instanceof HTMLInputElement) {
        one.defaultChecked = one.checked;
        if (one.checked) parts.at(-1)?.[1].push(label);
      } else if (one instanceof HTMLTextAreaElement) {
        if (one.value.trim()) parts.at(-1)?.[1].push(`${label}: ${one.value.trim()}`);
      } else parts.push([one.textContent ?? "", []]);
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
    for (const tick of kept?.querySelectorAll("input") ?? []) tick.checked = tick.defaultChecked = false;
    for (const area of kept?.querySelectorAll("textarea") ?? []) area.value = "";
    if (kept) show();
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
