// @ts-check
/** The chat, quicker: replies come by themselves, also while other pages are read in place. It works without this. */
(() => {
  "use strict";

  const EVERY_MS = 2000;
  const MISSED_BEFORE_SAID = 3;
  const TRIES = 3;
  const news = document.getElementById("chat-news");
  /** @type {Set<Element>} what held words, also on pages that an in-page Back could bring back */
  const held = new Set();
  let running = news !== null && "running" in news.dataset;
  let newest = 0;
  let missed = 0;
  let asking = 0;

  const list = () => /** @type {HTMLElement | null} */ (document.querySelector("[data-chat]"));

  /** @param {string} name @param {string} text @param {boolean} shown */
  function tell(name, text, shown = true) {
    const place = document.getElementById(name);
    if (!place) return;
    if (place.textContent !== text) place.textContent = text;
    place.hidden = !shown;
  }

  /** @param {{ number: number, who: string, text: string }} message */
  function add(message) {
    const place = list();
    if (place && !place.querySelector(`[data-number="${message.number}"]`)) {
      const item = document.createElement("li");
      const name = document.createElement("b");
      name.textContent = place.dataset[message.who] ?? "";
      item.className = message.who;
      item.dataset.number = String(message.number);
      const words = document.createElement("span");
      words.textContent = message.text;
      item.append(name, words);
      place.append(item);
      item.scrollIntoView({ block: "nearest" });
    }
    if (!place && news && message.who !== "reader") news.hidden = false;
  }

  /** Nothing of it stays here either: not on this page, nor on one that was left. @param {string} why */
  function over(why) {
    running = false;
    clearTimeout(asking);
    for (const place of held) place.replaceChildren();
    held.clear();
    if (news) news.hidden = true;
    const after = /** @type {HTMLElement | null} */ (document.querySelector("[data-chat-over]"));
    if (!after) return;
    const open = document.querySelector("[data-chat-open]");
    if (open?.contains(document.activeElement)) document.querySelector("h1")?.focus();
    open?.remove();
    after.hidden = false;
    const reason = after.querySelector("[data-chat-why]");
    if (reason) reason.textContent = why;
  }

  async function ask() {
    clearTimeout(asking);
    if (!running) return;
    try {
      const answer = await fetch(`/chat/messages?after=${newest}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.statusText);
      const told = await answer.json();
      if (told.state === "ended") return over(told.over);
      missed = 0;
      for (const message of told.messages) add(message);
      newest = Math.max(newest, told.newest);
      tell("chat-status", told.status);
      for (const name of ["there", "numbers"]) {
        const part = document.getElementById(`chat-${name}`) ?? (told[name] ? news : null);
        if (part) part.hidden = !told[name];
      }
    } catch {
      // A lost network is not the end: the next question asks for everything that came meanwhile.
      missed += 1;
      if (missed >= MISSED_BEFORE_SAID) tell("chat-status", document.getElementById("chat-status")?.dataset.lost ?? "");
    }
    asking = setTimeout(ask, document.hidden ? 4 * EVERY_MS : EVERY_MS);
  }

  function arrive() {
    if (document.querySelector("[data-chat-ended]")) return over("");
    const place = list();
    if (!place) return;
    running = true;
    held.add(/** @type {Element} */ (place.closest("[data-chat-open]")));
    if (news) news.hidden = true;
    // A page that Back brought here shows what it showed then.
    const shown = [...place.querySelectorAll("[data-number]")].at(-1);
    newest = Number(shown instanceof HTMLElement ? shown.dataset.number : 0);
    void ask();
  }

  /** @param {HTMLFormElement} form */
  async function send(form) {
    const lost = document.getElementById("chat-problem")?.dataset.lost ?? "";
    const box = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("message"));
    const once = /** @type {HTMLInputElement} */ (form.elements.namedItem("once"));
    const typed = box.value;
    const body = new URLSearchParams({ message: typed, once: once.value });
    try {
      let answer;
      for (let tries = 0; !answer || (answer.status === 503 && tries < TRIES); tries += 1) {
        if (tries) await new Promise((again) => setTimeout(again, EVERY_MS / 2));
        answer = await fetch("/chat/say", { method: "POST", body, headers: { Accept: "application/json" } });
      }
      const told = await answer.json();
      tell("chat-problem", told.problem ?? "", !answer.ok);
      if (!answer.ok) return;
      if (box.value === typed) box.value = "";
      // A message that is sent again keeps this, so that it stands once; the next one gets another.
      once.value = crypto.getRandomValues(new Uint32Array(3)).join("");
    } catch {
      return tell("chat-problem", lost); // what was typed stays; Send tries again, and nothing is doubled
    }
    void ask();
  }

  addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!(form instanceof HTMLFormElement) || !form.matches("[data-chat-form]")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.submitter?.id) navigator.sendBeacon("/chat/here");
      else void send(form);
    },
    true,
  );
  document.addEventListener("sidedoor:arrived", arrive);
  document.addEventListener("sidedoor:hide", () => {
    if (running) navigator.sendBeacon("/chat/hide");
  });
  arrive();
  if (running) void ask();
})();
