// @ts-check
/**
 * Whether a chat runs is known in every tab: it stands in `data-chat` of the root, where the exit finds it. chat.js says
 * when it changes (`sidedoor:chat`), and comes only with the chat's own pages; this comes to every page, with the pack.
 *
 * A page that is kept whole (bfcache) hears nothing of other tabs: Chromium throws one out that would, and it could not
 * be told from a page that missed Hide. So it stops listening, and asks the server when it is shown again.
 */
(() => {
  "use strict";

  const root = document.documentElement;
  /** @type {BroadcastChannel | null} */
  let tabs = null;

  async function ask() {
    // No message has such a number, so no word is sent.
    const headers = { Accept: "application/json" };
    const answer = await fetch("/chat/messages?after=999999999", { headers, cache: "no-store" });
    const state = answer.ok && (await answer.json()).state !== "ended" ? "running" : "";
    if (state !== (root.dataset.chat ?? "")) root.dataset.chat = state;
  }

  function listen() {
    tabs = "BroadcastChannel" in window ? new BroadcastChannel("chat") : null;
    tabs?.addEventListener("message", ({ data }) => {
      root.dataset.chat = data;
    });
  }

  if (!document.getElementById("chat-news")) return;
  listen();
  document.addEventListener("sidedoor:chat", () => tabs?.postMessage(root.dataset.chat));
  addEventListener("pagehide", () => {
    tabs?.close();
    tabs = null;
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    listen();
    ask().catch(() => {});
  });
})();
