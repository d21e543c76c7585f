// @ts-check
// Words that an open form keeps in this tab while the desk does not take them (editor.js) are forgotten here: once they
// are saved, once they are thrown away, and in every tab once somebody presses Sign out.
(() => {
  const others = new BroadcastChannel("desk");
  const forget = () => {
    for (const name of Object.keys(sessionStorage)) if (name.startsWith("typed:")) sessionStorage.removeItem(name);
  };
  others.addEventListener("message", forget);
  if (document.querySelector(".said .saved")) sessionStorage.removeItem(`typed:${location.pathname.replace(/\/review$/, "")}`);
  addEventListener("submit", (event) => {
    const action = /** @type {HTMLFormElement} */ (event.target).getAttribute("action") ?? "";
    const [, path] = /(\/items\/.+)\/(?:discard|typing\/forget)$/.exec(action) ?? [];
    if (path) sessionStorage.removeItem(`typed:${path}`);
    if (action !== "/sign-out") return;
    forget();
    others.postMessage("signed out");
  });
})();
