// @ts-check
// Removes the words that an open form keeps in this tab while it cannot send them to the desk (editor.js): when they are
// saved, when they are discarded, and in every tab when somebody presses Sign out.
(() => {
  const others = new BroadcastChannel("desk");
  const forget = () => {
    for (const name of Object.keys(sessionStorage)) if (name.startsWith("typed:")) sessionStorage.removeItem(name);
  };
  others.addEventListener("message", forget);
  if (document.querySelector(".said .saved")) {
    const key = `typed:${location.pathname.replace(/\/review$/, "")}`;
    /** @type {any} */ (window).sidedoorPlace = JSON.parse(sessionStorage.getItem(key) || "{}").place; // where the caret was
    sessionStorage.removeItem(key);
  }
  addEventListener("submit", (event) => {
    const action = /** @type {HTMLFormElement} */ (event.target).getAttribute("action") ?? "";
    const [, path] = /(\/items\/.+)\/(?:discard|typing\/forget)$/.exec(action) ?? [];
    if (path) sessionStorage.removeItem(`typed:${path}`);
    if (action !== "/sign-out") return;
    forget();
    others.postMessage("signed out");
  });
})();
