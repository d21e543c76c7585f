// @ts-check
/**
 * Keeps “Hide this page” in view while the page is magnified with two fingers. A fixed element keeps its place on the whole
 * page, of which only a part (the visual viewport) is then visible; so this puts it at the same place in that part, at its
 * usual size.
 */
(() => {
  "use strict";

  const viewport = window.visualViewport;
  const links = document.currentScript?.dataset.link ?? "#hide-this-page";
  const link = /** @type {HTMLElement | null} */ (document.querySelector(links));
  if (!viewport || !link) return;

  const place = () => {
    const { scale, offsetLeft, offsetTop } = viewport;
    const magnified = scale > 1.01;
    link.style.transformOrigin = magnified ? `${-link.offsetLeft}px ${-link.offsetTop}px` : "";
    link.style.transform = magnified ? `translate(${offsetLeft}px, ${offsetTop}px) scale(${1 / scale})` : "";
  };

  viewport.addEventListener("resize", place);
  viewport.addEventListener("scroll", place);
  place();
})();
