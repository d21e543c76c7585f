// @ts-check
/**
 * Filters the contacts page in the browser: no request is made, so nobody learns what was chosen. Without scripts the same
 * form is posted. `fit` gives the same points as the function in public/contacts.py.
 */
(() => {
  "use strict";

  /** @param {HTMLElement} card @param {string} place @param {string} audience @param {string} area @param {string[]} everyone @param {string} speaks */
  function fit({ dataset }, place, audience, area, everyone, speaks) {
    const places = dataset.places?.split(" ").filter(Boolean) ?? [];
    const audiences = dataset.audiences?.split(" ") ?? [];
    let points = 0;
    if (place && places.length) {
      if (!places.includes(place)) return null;
      points += places.length === 1 ? 2 : 1;
    }
    if (audience) {
      if (![audience, ...everyone].some((group) => audiences.includes(group))) return null;
      points += audiences[0] === audience ? 4 : audiences.includes(audience) ? 2 : 0;
    }
    if (speaks) {
      const languages = dataset.speaks?.split(" ") ?? [];
      if (!languages.includes(speaks) && !languages.includes("*")) return null;
      points += languages.includes(speaks) ? 4 : 0;
    }
    if (area && dataset.near !== undefined) points += dataset.near.split("|").includes(area) ? 8 : -8;
    return points;
  }

  function begin() {
    const form = document.querySelector("form#narrow");
    const list = document.getElementById("helplines");
    const result = document.getElementById("found");
    if (!(form instanceof HTMLFormElement) || !list || !result) return;
    const cards = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("article")]);

    const everyone = list.dataset.everyone?.split(" ") ?? [];

    function narrow() {
      const answers = new FormData(/** @type {HTMLFormElement} */ (form));
      const [place, audience, area, speaks] = ["place", "audience", "area", "speaks"].map((name) => String(answers.get(name) ?? ""));
      const fits = new Map(cards.map((card) => [card, fit(card, place, audience, area, everyone, speaks)]));
      for (const card of cards) card.hidden = fits.get(card) === null;
      const best = cards.filter((card) => !card.hidden).sort((left, right) => (fits.get(right) ?? 0) - (fits.get(left) ?? 0));
      list?.prepend(...best);
      const words = result?.dataset.of?.replace("{found}", String(best.length)) ?? "";
      for (const place of document.querySelectorAll("#found, #found-said")) place.textContent = words;
      for (const row of form?.querySelectorAll("details") ?? []) {
        const choice = row.querySelector("[data-chosen]");
        if (choice) choice.textContent = row.querySelector("input:checked")?.parentElement?.textContent ?? "";
      }
    }

    form.hidden = false;
    form.addEventListener("change", narrow);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      result.focus({ preventScroll: true });
      result.scrollIntoView();
    });
    // The reader may have chosen something before this script loaded.
    if (form.querySelector("input:checked:not([value=''])")) narrow();
  }

  begin();
  document.addEventListener("sidedoor:arrived", begin);
})();
