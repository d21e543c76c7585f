// @ts-check
// Warns somebody who has the same item open in two tabs, in both of them, before one tab saves over the words of the other.
(() => {
  const warning = document.querySelector("[data-tabs]");
  const form = document.querySelector("[data-editor]");
  if (!(warning instanceof HTMLElement) || !(form instanceof HTMLElement)) return;
  const path = form.dataset.editor;
  const tabs = new BroadcastChannel("desk editor");
  tabs.addEventListener("message", ({ data }) => {
    if (data.path !== path) return;
    warning.hidden = data.what === "closed";
    if (data.what === "opened") tabs.postMessage({ path, what: "here" });
  });
  addEventListener("pagehide", () => tabs.postMessage({ path, what: "closed" }));
  addEventListener("pageshow", () => tabs.postMessage({ path, what: "opened" }));
})();
