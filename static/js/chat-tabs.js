// @ts-check
/**
 * Tells every tab whether a chat is running: `data-chat` on the root element says so, and the exit reads it there. chat.js
 * announces each change (`sidedoor:chat`) but loads only with the chat's own pages; this script loads with every page, in the pack.
 *
 * A page in the back/forward cache must not receive messages from other tabs: Chromium would evict it, and it would then look
 * like a page that missed Hide. So it stops listening when it is put away, and asks the server when it is shown again.
 */
(() => {
  "use strict";

  const root = document.documentElement;
  /** @type {BroadcastChannel | null} */
  let tabs = null;

  async function ask() {
    // No message has so high a number, so the answer contains no words.
    const headers = { Accept: "application/json" };
    const answer = await fetch("/chat/messages?after=999999999", { headers, cache: "no-store" });
    const state = answer.ok && (await answer.json()).state !== "ended" ? "running" : "";
    if (state !== (root.dataset.chat ?? "")) root.dataset.chat = state;
  }

  function listen() {
    try {
      tabs = new BroadcastChannel("chat");
    } catch {
      return; // the browser has none, or Firefox was told to block cookies
    }
    tabs.onmessage = ({ data }) => {
      root.dataset.chat = data;
    };
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
