// @ts-check
// Two tabs of one person: each is told that the same item is open in the other, before one saves over the other's words.
(() => {
  const told = document.querySelector("[data-tabs]");
  const form = document.querySelector("[data-editor]");
  if (!(told instanceof HTMLElement) || !(form instanceof HTMLElement)) return;
  const path = form.dataset.editor;
  const tabs = new BroadcastChannel("desk editor");
  tabs.addEventListener("message", ({ data }) => {
    if (data.path !== path) return;
    told.hidden = data.what === "closed";
    if (data.what === "opened") tabs.postMessage({ path, what: "here" });
  });
  addEventListener("pagehide", () => tabs.postMessage({ path, what: "closed" }));
  addEventListener("pageshow", () => tabs.postMessage({ path, what: "opened" }));
})();
