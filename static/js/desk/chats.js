// Keeps the list of chats and the open chat fresh. Without it the pages work by loading them again.
(() => {
  const EVERY_MS = 2000;
  const ownHtml = /** @type {any} */ (window).trustedTypes?.createPolicy("sidedoor-desk", { createHTML: (/** @type {string} */ html) => html });
  const list = /** @type {HTMLElement | null} */ (document.querySelector("[data-chats]"));
  const talk = /** @type {HTMLElement | null} */ (document.querySelector("[data-talk]"));
  const ended = /** @type {HTMLElement | null} */ (document.querySelector("[data-chat-ended]"));
  const title = document.title;

  async function refresh() {
    try {
      if (list && !list.contains(document.activeElement)) {
        const told = await (await fetch("/chats/now")).json();
        list.innerHTML = ownHtml ? ownHtml.createHTML(told.html) : told.html;
        document.title = told.waiting ? `(${told.waiting}) ${title}` : title; // a number, and nothing of anybody's
      }
      if (talk) {
        const newest = talk.querySelector("li:last-child");
        const after = newest instanceof HTMLElement ? newest.dataset.number : 0;
        const told = await (await fetch(`${talk.dataset.talk}?after=${after}`)).json();
        for (const message of told.messages) {
          const item = document.createElement("li");
          const name = document.createElement("b");
          name.textContent = message.who === "adviser" ? "You" : "Reader";
          item.className = message.who;
          item.dataset.number = String(message.number);
          item.append(name, ` ${message.text}`);
          talk.append(item);
        }
        if (told.state === "ended" && ended) {
          ended.textContent = told.ended;
          ended.hidden = false;
          talk.replaceChildren(); // nothing of it stays, here neither
          document.querySelector("[data-say]")?.remove();
          return;
        }
      }
    } catch {
      // The next look finds out whether the desk is back.
    }
    setTimeout(refresh, EVERY_MS);
  }

  const canned = /** @type {HTMLSelectElement | null} */ (document.querySelector("[data-canned]"));
  const box = /** @type {HTMLTextAreaElement | null} */ (document.querySelector("#message"));
  canned?.addEventListener("change", () => {
    if (box && canned.value) box.value = `${box.value}${box.value ? " " : ""}${canned.value}`;
    canned.value = "";
    box?.focus();
  });
  box?.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) box.form?.requestSubmit();
  });
  setTimeout(refresh, EVERY_MS);
})();
