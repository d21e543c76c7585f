// Chooses which part of a picture stays in sight where it is cropped. Two sliders work without this script; it adds pressing
// on the picture, and shows the crops as they change. The browser crops by the same rule as the site (object-position).
"use strict";

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("[data-focus]"))) {
  const whole = /** @type {HTMLImageElement | null} */ (form.querySelector("[data-focus-whole]"));
  if (!whole) continue;
  const [across, down] = ["across", "down"].map((name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name)));
  const outputs = form.querySelectorAll("[data-focus-said]");

  const show = () => {
    for (const [number, name, ends] of /** @type {const} */ ([[across.value, "across", ["x1", "x2"]], [down.value, "down", ["y1", "y2"]]]))
      for (const end of ends) form.querySelector(`[data-focus-${name}]`)?.setAttribute(end, number);
    [across, down].forEach((slider, at) => (outputs[at].textContent = slider.value));
    for (const cut of /** @type {NodeListOf<HTMLImageElement>} */ (form.querySelectorAll("[data-focus-cut]"))) {
      if (cut.src !== whole.src) cut.src = whole.src;
      cut.style.objectPosition = `${across.value}% ${down.value}%`;
    }
  };

  form.addEventListener("input", (event) => {
    if (event.target === across || event.target === down) show();
  });
  whole.parentElement?.addEventListener("click", (event) => {
    const box = whole.getBoundingClientRect();
    across.valueAsNumber = Math.round(((event.clientX - box.left) / box.width) * 100);
    down.valueAsNumber = Math.round(((event.clientY - box.top) / box.height) * 100);
    show();
  });
}
