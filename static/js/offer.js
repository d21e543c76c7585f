// @ts-check
/**
 * On the page where a visit begins, offers the reader's first browser language that the site has, in that language. The
 * server does not take part, so the page is the same for everybody; nothing is decided and nothing is stored.
 * Without scripts the language menu in the header offers the same choice.
 */
(() => {
  "use strict";

  const place = document.getElementById("offer");
  const links = [...document.querySelectorAll("#languages a")].filter((link) => link instanceof HTMLAnchorElement);
  for (const preferred of navigator.languages) {
    const code = preferred.toLowerCase();
    /** @param {string} tag */
    const matches = (tag) => code === tag || code.startsWith(`${tag}-`);
    if (matches(document.documentElement.lang)) return;
    const link = links.find(({ hreflang }) => matches(hreflang));
    if (!link || !place) continue;
    const offer = /** @type {HTMLAnchorElement} */ (link.cloneNode(true));
    offer.textContent = offer.dataset.offer || offer.textContent;
    place.append(offer);
    place.hidden = false;
    document.addEventListener("sidedoor:arrived", () => place.remove(), { once: true });
    return;
  }
})();
