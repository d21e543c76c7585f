// @ts-check
/**
 * The chat, quicker: replies within two seconds, by asking for what came after the newest message. The page works
 * without this. Asking goes on while other pages are read in place; “Hide this page” tells the server at once.
 */
(() => {
  "use strict";

  const EVERY_MS = 2000;
  const news = document.getElementById("chat-news");
  let newest = 0;
  let asking = 0;

  const list = () => /** @type {HTMLElement | null} */ (document.querySelector("[data-chat]"));

  /** @param {{ number: number, who: string, text: string }} message */
  function add(message) {
    const place = list();
    if (place && !place.querySelector(`[data-number="${message.number}"]`)) {
      const item = document.createElement("li");
      const name = document.createElement("b");
      name.textContent = place.dataset[message.who] ?? "";
      item.className = message.who;
      item.dataset.number = String(message.number);
      item.append(name, ` ${message.text}`);
      place.append(item);
      item.scrollIntoView({ block: "nearest" });
    }
    if (!place && news && message.who === "adviser") news.hidden = false;
    newest = Math.max(newest, message.number);
  }

  async function ask() {
    clearTimeout(asking);
    let over = false;
    try {
      const answer = await fetch(`/chat/messages?after=${newest}`, { headers: { Accept: "application/json" } });
      const told = await answer.json();
      over = !answer.ok || told.state === "ended";
      for (const message of told.messages ?? []) add(message);
      const status = document.getElementById("chat-status");
      if (status && told.status && status.textContent !== told.status) status.textContent = told.status;
      const there = document.getElementById("chat-there");
      if (there) there.hidden = !told.there;
    } catch {
      // A lost network is not the end: the next question asks for everything that came meanwhile.
    }
    if (!over) asking = setTimeout(ask, document.hidden ? 4 * EVERY_MS : EVERY_MS);
  }

  function arrive() {
    const place = list();
    if (!place) return;
    if (news) news.hidden = true;
    newest = Math.max(0, ...[...place.querySelectorAll("[data-number]")].map((item) => Number(/** @type {HTMLElement} */ (item).dataset.number)));
    ask();
  }

  /** @param {HTMLFormElement} form */
  async function send(form) {
    const problem = document.getElementById("chat-problem");
    const box = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("message"));
    const once = /** @type {HTMLInputElement} */ (form.elements.namedItem("once"));
    const text = new URLSearchParams({ message: box.value, once: once.value });
    try {
      const answer = await fetch("/chat/say", { method: "POST", body: text, headers: { Accept: "application/json" } });
      const told = await answer.json();
      if (problem) problem.textContent = told.problem ?? "";
      if (problem) problem.hidden = answer.ok;
      if (!answer.ok) return;
      box.value = "";
      // A message that is sent again because its answer was lost keeps this; the next one gets another.
      once.value = String(Math.random()).slice(2);
    } catch {
      return; // what was typed stays; Send tries again, and nothing is doubled
    }
    ask();
  }

  addEventListener(
    "submit",
    (event) => {
      const form = event.target instanceof HTMLFormElement && event.target.matches("[data-chat-form]") ? event.target : null;
      if (!form) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      send(form);
    },
    true,
  );
  document.addEventListener("sidedoor:arrived", arrive);
  document.addEventListener("sidedoor:hide", () => {
    if (newest || list()) navigator.sendBeacon("/chat/hide");
  });
  arrive();
})();
