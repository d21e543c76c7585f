// @ts-check
/**
 * The shortcut of “Hide this page”: Shift three times, at most five seconds apart, in every field.
 *
 * Not Esc: it stops loading, closes dialogs, and is no user activation. A press counts when Shift goes down and up with
 * nothing else in between, so that typing capitals, selecting and scrolling with Shift held never leave the page. Each of
 * the two Shift keys is counted for itself: fast fingers press the second before they have let go of the first.
 */
(() => {
  "use strict";

  const LONGEST_MS = 5000;
  const NEEDED = 3;
  let presses = 0;
  let last = 0;
  /** @type {Set<string>} the Shift keys that are down, with nothing else pressed since */
  const alone = new Set();
  let on = true;
  let forget = 0;

  /** @param {number} count show and say how far the shortcut is; nothing for 0 */
  function show(count) {
    const link = document.getElementById("hide-this-page");
    const status = document.getElementById("hide-status");
    if (!link || !status) return;
    link.dataset.presses = String(count);
    status.textContent = (count === 1 ? link.dataset.two : count === 2 ? link.dataset.one : "") ?? "";
  }

  function reset() {
    alone.clear();
    if (!presses) return;
    presses = 0;
    clearTimeout(forget);
    show(0);
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
      forget = setTimeout(reset, LONGEST_MS);
    },
    true,
  );

  for (const kind of ["pointerdown", "wheel", "compositionstart", "blur"]) {
    addEventListener(kind, reset, { capture: kind !== "blur", passive: true });
  }

  /** The guide has a box that turns the shortcut off for this visit. Nothing is stored: the page is the visit. */
  function offerSwitch() {
    const box = document.getElementById("shortcut-switch");
    if (!(box instanceof HTMLInputElement)) return;
    box.checked = on;
    box.closest("[hidden]")?.removeAttribute("hidden");
  }

  addEventListener("change", ({ target }) => {
    if (!(target instanceof HTMLInputElement) || target.id !== "shortcut-switch") return;
    on = target.checked;
    reset();
  });

  document.addEventListener("DOMContentLoaded", offerSwitch);
  document.addEventListener("sidedoor:arrived", offerSwitch);
})();
