// @ts-check
/**
 * The contacts page narrows itself down: nothing is asked of the server, and nobody is told of the choice. Without
 * scripts the same form is posted; public/contacts.py says how well a contact fits, and `fit` here says the same.
 */
(() => {
  "use strict";

  /** @param {HTMLElement} card @param {string} nation @param {string} audience @param {string} area */
  function fit({ dataset }, nation, audience, area) {
    const nations = dataset.nations?.split(" ").filter(Boolean) ?? [];
    const audiences = dataset.audiences?.split(" ") ?? [];
    let points = 0;
    if (nation && nations.length) {
      if (!nations.includes(nation)) return null;
      points += nations.length === 1 ? 2 : 1;
    }
    if (audience) {
      if (!audiences.includes(audience) && !audiences.includes("everyone")) return null;
      points += audiences[0] === audience ? 4 : audiences.includes(audience) ? 2 : 0;
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

    function narrow() {
      const asked = new FormData(/** @type {HTMLFormElement} */ (form));
      const [nation, audience, area] = ["nation", "audience", "area"].map((name) => String(asked.get(name) ?? ""));
      const fits = new Map(cards.map((card) => [card, fit(card, nation, audience, area)]));
      for (const card of cards) card.hidden = fits.get(card) === null;
      const best = cards.filter((card) => !card.hidden).sort((one, two) => (fits.get(two) ?? 0) - (fits.get(one) ?? 0));
      list?.prepend(...best);
      if (found) found.textContent = found.dataset.of?.replace("{found}", String(best.length)) ?? "";
      for (const row of form?.querySelectorAll("details") ?? []) {
        const words = row.querySelector("input:checked")?.closest("label")?.textContent?.trim() ?? "";
        const place = row.querySelector("[data-chosen]");
        if (place) place.textContent = words;
      }
    }

    form.hidden = false;
    form.addEventListener("change", narrow);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      found.focus({ preventScroll: true });
      found.scrollIntoView();
    });
  }

  begin();
  document.addEventListener("sidedoor:arrived", begin);
})();
