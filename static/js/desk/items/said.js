// @ts-check
// Puts the focus on what the desk answers to a step. A screen reader is silent about a live region that a page comes with, and
// without this begins with the menu.
(() => {
  const answers = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("main [role=alert], .said[role=status]"));
  const said = [...answers].find((answer) => answer.textContent?.trim() && answer.offsetParent);
  if (!said) return;
  said.tabIndex = -1;
  said.focus();
})();
