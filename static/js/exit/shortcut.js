// @ts-check
/**
 * The shortcut for “Hide this page”: Shift three times, at most five seconds apart, in every field.
 *
 * Not Esc, which stops loading, closes dialogs, and does not count as user activation. A press counts when Shift goes down
 * and up with nothing else in between, so that typing capitals, selecting and scrolling with Shift held never leave the page.
 * The two Shift keys are tracked separately, because fast fingers press the second before they release the first.
 */
(() => {
  "use strict";

  const {
    link: links = "#hide-this-page",
    status: place = "#hide-status",
    switch: box = "#shortcut-switch",
  } = /** @type {HTMLElement} */ (/** @type {unknown} */ (document.currentScript)).dataset;
  const LONGEST_MS = 5000;
  const NEEDED = 3;
  let presses = 0;
  let last = 0;
  /** @type {Set<string>} the Shift keys that are down, with nothing else pressed since */
  const alone = new Set();
  let on = true;
  let forget = 0;

  /** @param {number} count presses so far: show and announce them @param {string} [instead] what to announce for 0 */
  function show(count, instead = "") {
    const link = document.querySelector(links);
    if (!(link instanceof HTMLElement)) return;
    link.dataset.presses = String(count);
    const status = document.querySelector(place);
    if (status) status.textContent = [instead, link.dataset.two, link.dataset.one][count] || "";
  }

  /** @param {string} [why] what to announce */
  function reset(why) {
    alone.clear();
    if (!presses) return;
    presses = 0;
    clearTimeout(forget);
    show(0, why);
  }

  const interrupted = () => reset();

  function runOut() {
    const link = document.querySelector(links);
    reset(link instanceof HTMLElement ? link.dataset.late : "");
  }

  addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Shift" || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) reset();
      else if (event.repeat) alone.clear();
      else alone.add(event.code);
    },
    true,
  );

  addEventListener(
    "keyup",
    (event) => {
      if (event.key !== "Shift" || !on) return;
      if (!alone.delete(event.code) || event.isComposing) return reset();
      const now = Date.now();
      presses = now - last > LONGEST_MS ? 1 : presses + 1;
      last = now;
      clearTimeout(forget);
      if (presses >= NEEDED) {
        document.dispatchEvent(new Event("sidedoor:shortcut"));
        return;
      }
      show(presses);
      forget = setTimeout(runOut, LONGEST_MS);
    },
    true,
  );

  for (const kind of ["pointerdown", "wheel", "compositionstart", "blur"]) {
    addEventListener(kind, interrupted, { capture: kind !== "blur", passive: true });
  }

  /** A tick box turns the shortcut off for this visit. Nothing is stored: the visit lasts as long as the page. */
  function offerSwitch() {
    const input = document.querySelector(box);
    if (!(input instanceof HTMLInputElement)) return;
    input.checked = on;
    const part = input.closest("[hidden]");
    if (part) part.removeAttribute("hidden");
  }

  addEventListener("change", ({ target }) => {
    if (!(target instanceof HTMLInputElement) || !target.matches(box)) return;
    on = target.checked;
    reset();
  });

  document.addEventListener("DOMContentLoaded", offerSwitch);
  document.addEventListener("sidedoor:arrived", offerSwitch);
})();
