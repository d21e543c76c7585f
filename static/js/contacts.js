// @ts-check
/**
 * The contacts page narrows itself down: nothing is asked of the server, and nobody is told of the choice. Without
 * scripts the same form is posted; public/contacts.py says how well a contact fits, and `fit` here says the same.
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
      if (![audience, ...everyone].some((one) => audiences.includes(one))) return null;
      points += audiences[0] === audience ? 4 : audiences.includes(audience) ? 2 : 0;
    }
    if (speaks) {
      const told = dataset.speaks?.split(" ") ?? [];
      if (!told.includes(speaks) && !told.includes("*")) return null;
      points += told.includes(speaks) ? 4 : 0;
    }
    if (area && dataset.near !== undefined) points += dataset.near.split("|").includes(area) ? 8 : -8;
    return points;
  }

  function begin() {
    const form = document.querySelector("form#narrow");
    const list = document.getElementById("helplines");
    const found = document.getElementById("found");
    if (!(form instanceof HTMLFormElement) || !list || !found) return;
    const cards = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("article")]);

    const everyone = list.dataset.everyone?.split(" ") ?? [];

    function narrow() {
      const asked = new FormData(/** @type {HTMLFormElement} */ (form));
      const [place, audience, area, speaks] = ["place", "audience", "area", "speaks"].map((name) => String(asked.get(name) ?? ""));
      const fits = new Map(cards.map((card) => [card, fit(card, place, audience, area, everyone, speaks)]));
      for (const card of cards) card.hidden = fits.get(card) === null;
      const best = cards.filter((card) => !card.hidden).sort((one, two) => (fits.get(two) ?? 0) - (fits.get(one) ?? 0));
      list?.prepend(...best);
      const words = found?.dataset.of?.replace("{found}", String(best.length)) ?? "";
      for (const place of document.querySelectorAll("#found, #found-said")) place.textContent = words;
      for (const row of form?.querySelectorAll("details") ?? []) {
        const told = row.querySelector("[data-chosen]");
        if (told) told.textContent = row.querySelector("input:checked")?.parentElement?.textContent ?? "";
      }
    }

    form.hidden = false;
    form.addEventListener("change", narrow);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      found.focus({ preventScroll: true });
      found.scrollIntoView();
    });
    // What was chosen before this script came.
    if (form.querySelector("input:checked:not([value=''])")) narrow();
  }

  begin();
  document.addEventListener("sidedoor:arrived", begin);
})();
