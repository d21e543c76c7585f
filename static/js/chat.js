// @ts-check
/**
 * The chat, quicker: replies come by themselves, by asking for what came after the newest message. Asking goes on while
 * other pages are read in place. The page works without this.
 *
 * That a chat runs stands in `data-chat` of the root, where the exit finds it, also in the site's other tabs (see
 * chat-tabs.js). Who ends or hides it sees the words gone first; the server is told after that, for as long as it takes
 * (see hide-page.js).
 */
(() => {
  "use strict";

  const EVERY_MS = 2000;
  const PATIENCE_MS = 10000;
  const MISSED_BEFORE_SAID = 3;
  const TRIES = 3;
  const root = document.documentElement;
  const news = document.getElementById("chat-news");
  /** @type {Set<Element>} what held words, also on pages that an in-page Back could bring back */
  const held = new Set();
  /** @type {Set<AbortController>} */
  const calls = new Set();
  let running = root.dataset.chat === "running";
  let starting = false;
  let newest = 0;
  let missed = 0;
  let asking = 0;

  const list = () => /** @type {HTMLElement | null} */ (document.querySelector("[data-chat-words]"));

  /** @param {boolean} now whether a chat runs: for the exit of every tab */
  function runs(now) {
    running = now;
    const state = now ? "running" : "";
    if ((root.dataset.chat ?? "") === state && !starting) return;
    starting = false;
    root.dataset.chat = state;
    document.dispatchEvent(new Event("sidedoor:chat"));
  }

  /** @param {string} path @param {RequestInit} how Ask the server; a network that hangs is given up. */
  async function call(path, how = {}) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
    calls.add(stop);
    try {
      const { own } = document.getElementById("languages")?.dataset ?? {};
      // What the server says is then in the language of the page.
      const answer = await fetch(own && own !== root.lang ? `/${root.lang}${path}` : path, { ...how, headers: { Accept: "application/json" }, signal: stop.signal });
      // What the server says before the chat is asked (503) is no JSON.
      const isTold = answer.headers.get("Content-Type")?.startsWith("application/json");
      return { ok: answer.ok && isTold, busy: answer.status === 503, told: isTold ? await answer.json() : {} };
    } finally {
      clearTimeout(timer);
      calls.delete(stop);
    }
  }

  /** @param {string} path @param {URLSearchParams} [body] The same, as a post that a busy server may take later. */
  async function post(path, body) {
    for (let tries = 1; ; tries += 1) {
      const answer = await call(path, { method: "POST", body });
      if (!answer.busy || tries === TRIES) return answer;
      await new Promise((again) => setTimeout(again, EVERY_MS / 2));
    }
  }

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

  /** Nothing of it stays here, nor comes any more: not on this page, nor on one that was left. */
  function clear() {
    for (const stop of calls) stop.abort();
    const open = document.querySelector("[data-chat-open]");
    if (open?.contains(document.activeElement)) document.querySelector("h1")?.focus();
    for (const place of held) place.replaceChildren();
    held.clear();
    open?.remove();
    if (news) news.hidden = true;
  }

  /** @param {string} why */
  function over(why) {
    runs(false);
    clearTimeout(asking);
    clear();
    document.getElementById("chat-ending")?.remove();
    const after = /** @type {HTMLElement | null} */ (document.querySelector("[data-chat-over]"));
    if (!after) return;
    after.hidden = false;
    const reason = after.querySelector("[data-chat-why]");
    if (reason) reason.textContent = why;
  }

  async function ask() {
    clearTimeout(asking);
    if (!running) return;
    try {
      const { ok, told } = await call(`/chat/messages?after=${newest}`);
      if (!running) return;
      if (!ok) throw new Error();
      if (told.state === "ended") return over(told.over);
      runs(true);
      missed = 0;
      for (const message of told.messages) add(message);
      newest = Math.max(newest, told.newest);
      tell("chat-status", told.status);
      for (const name of ["there", "numbers"]) {
        const part = document.getElementById(`chat-${name}`) ?? (told[name] ? news : null);
        if (part) part.hidden = !told[name];
      }
      for (const box of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-typed]"))) {
        /** @type {HTMLTextAreaElement} */ (box).value ||= box.dataset.typed ?? "";
        delete box.dataset.typed;
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
    if (!place) return starting ? runs(false) : undefined;
    runs(true);
    held.add(/** @type {Element} */ (place.closest("[data-chat-open]")));
    if (news) news.hidden = true;
    // A page that Back brought here shows what it showed then.
    const shown = [...place.querySelectorAll("[data-number]")].at(-1);
    newest = Number(shown instanceof HTMLElement ? shown.dataset.number : 0);
    void ask();
  }

  /** @param {HTMLFormElement} form */
  async function send(form) {
    const { lost = "", refused = "" } = document.getElementById("chat-problem")?.dataset ?? {};
    const box = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("message"));
    const once = /** @type {HTMLInputElement} */ (form.elements.namedItem("once"));
    const typed = box.value;
    try {
      const { ok, told } = await post("/chat/say", new URLSearchParams({ message: typed, once: once.value }));
      tell("chat-problem", told.problem ?? refused, !ok);
      if (!ok) return;
      if (box.value.startsWith(typed)) box.value = box.value.slice(typed.length); // they may have typed on
      // The same words sent again keep this, so that they stand once; the next message gets another.
      once.value = crypto.getRandomValues(new Uint32Array(3)).join("");
    } catch {
      return tell("chat-problem", lost); // what was typed stays; Send tries again, and nothing is doubled
    }
    void ask();
  }

  async function end() {
    document.cookie = "left=end; path=/; SameSite=Strict";
    clear();
    const ending = document.getElementById("chat-ending");
    if (ending) ending.hidden = false;
    try {
      if ((await post("/chat/end")).ok) return over("");
    } catch {
      // Asking goes on, and the mark ends it.
    }
    tell("chat-ending", ending?.dataset.later ?? "");
    void ask();
  }

  addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!(form instanceof HTMLFormElement)) return;
      const step = form.dataset.chatForm;
      if (step === "start") {
        starting = true;
        root.dataset.chat = "running"; // it may be running before its page is here
      }
      if (step !== "say" && step !== "end") return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.submitter?.id) navigator.sendBeacon("/chat/here");
      else void (step === "say" ? send(form) : end());
    },
    true,
  );
  document.addEventListener("sidedoor:arrived", arrive);
  document.addEventListener("sidedoor:hide", () => {
    running = false;
    clear();
  });
  // A page may be kept whole (bfcache), and the chat be left in another tab meanwhile: it is kept without a word.
  addEventListener("pagehide", () => {
    for (const place of held) {
      place.querySelector("[data-chat-words]")?.replaceChildren();
      const box = place.querySelector("textarea");
      if (box) [box.dataset.typed, box.value] = [box.value, ""];
    }
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    running = true; // perhaps: the answer says so
    arrive();
    if (!list()) void ask();
  });
  arrive();
  if (running) void ask();
})();
