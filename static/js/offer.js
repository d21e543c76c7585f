// @ts-check
/**
 * A page that somebody arrives at offers the language that their browser asks for first, in that language, if the site
 * speaks it. The server is not told, so the page is the same for everybody; nothing is decided and nothing is kept.
 * Without scripts the choice in the header says the same.
 */
(() => {
  "use strict";

  const place = document.getElementById("offer");
  const links = [...document.querySelectorAll("#languages a")].filter((link) => link instanceof HTMLAnchorElement);
  for (const asked of navigator.languages) {
    const code = asked.toLowerCase();
    /** @param {string} tag */
    const isMeant = (tag) => code === tag || code.startsWith(`${tag}-`);
    if (isMeant(document.documentElement.lang)) return;
    const link = links.find(({ hreflang }) => isMeant(hreflang));
    if (!link || !place) continue;
    const offer = /** @type {HTMLAnchorElement} */ (link.cloneNode(true));
    offer.textContent = offer.dataset.offer || offer.textContent;
    place.append(offer);
    place.hidden = false;
    document.addEventListener("sidedoor:arrived", () => place.remove(), { once: true });
    return;
  }
})();
