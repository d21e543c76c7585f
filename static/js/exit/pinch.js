// @ts-check
/**
 * “Hide this page” while the page is magnified with two fingers. A fixed element keeps its place on the whole page, of
 * which then only a part is seen (the visual viewport); so it is put at the same place of that part, in its usual size.
 */
(() => {
  "use strict";

  const seen = window.visualViewport;
  const links = document.currentScript?.dataset.link ?? "#hide-this-page";
  const link = /** @type {HTMLElement | null} */ (document.querySelector(links));
  if (!seen || !link) return;

  const place = () => {
    const { scale, offsetLeft, offsetTop } = seen;
    const magnified = scale > 1.01;
    link.style.transformOrigin = magnified ? `${-link.offsetLeft}px ${-link.offsetTop}px` : "";
    link.style.transform = magnified ? `translate(${offsetLeft}px, ${offsetTop}px) scale(${1 / scale})` : "";
  };

  seen.addEventListener("resize", place);
  seen.addEventListener("scroll", place);
  place();
})();
