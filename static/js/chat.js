// @ts-check
/**
 * Makes the chat quicker: replies appear without loading the page again. The script asks the server for messages newer than
 * the newest it has (long polling): each question names the state that the server last reported, and the server holds the
 * question until that changes. A hidden page asks now and then instead, so that it holds none of the browser's few
 * connections. Asking goes on while other pages are read in place, which show the state of the chat in one line. The page
 * works without this script.
 *
 * While a chat runs, `data-chat` on the root element says so: the exit reads it there, in the site's other tabs too (see
 * chat-tabs.js). When readers end or hide the chat, its words vanish first; the server is told afterwards, however long that
 * takes (see hide-page.js).
 *
 * Each question also says which messages have been on the screen. So the adviser knows, every page can count the new ones,
 * and a returning reader lands at the first of them.
 */
(() => {
  "use strict";

  const EVERY_MS = 2000;
  const PATIENCE_MS = 10000;
  const MISSED_BEFORE_SAID = 3;
  const TRIES = 3;
  const NUMBER = /([+(]?\p{Nd}(?:[ ():./-]{0,2}\p{Nd})+)/u;
  /** A reader who types is still there: tell the server at most this often. */
  const STAYS_EVERY_MS = 60_000;
  /** How long the server may hold a question (rules.HELD), and how soon the next one follows. */
  const HELD_MS = 15_000;
  const AGAIN_MS = 200;
  /** The longest pause before asking a server again that does not answer. */
  const LATEST_MS = 16_000;
  /** How long the page says that the adviser is back. */
  const TOLD_FOR_MS = 20_000;
  /** How often a closed chat asks, within its hours, whether an adviser has come. */
  const LOOKS_EVERY_MS = 30_000;
  const root = document.documentElement;
  /** The line about the chat comes after main, so on the chat's own page it is not parsed yet when this script runs. */
  const news = () => document.getElementById("chat-news");
  /** @type {Set<Element>} elements that held words of the chat, also on former pages that an in-page Back could show again */
  const wordPlaces = new Set();
  /** @type {Set<AbortController>} */
  const calls = new Set();
  let running = root.dataset.chat === "running";
  let starting = false;
  let newest = 0;
  let newestSeen = 0;
  let missed = 0;
  let asking = 0;
  let opening = 0;
  /** What was typed but not sent; it survives moving to another page. */
  let draft = "";
  /** @type {URLSearchParams[]} messages being sent, in order; each has an id, so that trying again never doubles it */
  const outbox = [];
  /** @type {URLSearchParams | undefined} a message that may have arrived although its words are back in the box */
  let maybeSent;
  /** Whether the server may still hold unsent words from before the page was loaded again. */
  let asksForDraft = true;
  let lastSign = -STAYS_EVERY_MS;
  let standing = "";
  /** Whether an adviser answered: only then is the reader asked how the chat was. */
  let answered = false;
  let formerStanding = "";
  let changed = 0;
  /** The state that the server last reported, as an opaque word. */
  let reported = "";
  /** When that was, by the server's clock. */
  let asOf = 0;
  /** @type {AbortController | undefined} the question under way */
  let question;

  /** @param {number} time Vary the time, so that not all pages ask at once when the server is back. */
  const varied = (time) => time * (0.5 + Math.random());
  const list = () => /** @type {HTMLElement | null} */ (document.querySelector("[data-chat-words]"));
  const box = () => /** @type {HTMLTextAreaElement | null} */ (document.querySelector("#message"));
  /** @returns {string} where the chat is, in the language of this page */
  const chatPath = () => news()?.querySelector("a")?.pathname ?? "/chat";

  /** @param {boolean} isRunning whether a chat runs: tell the exit, in every tab */
  function setRunning(isRunning) {
    running = isRunning;
    const state = isRunning ? "running" : "";
    if ((root.dataset.chat ?? "") === state && !starting) return;
    starting = false;
    root.dataset.chat = state;
    document.dispatchEvent(new Event("sidedoor:chat"));
  }

  /** @param {string} path @param {RequestInit} how Ask the server, with a time limit for a network that hangs. @param {number} heldMs how long the server may hold the question @param {AbortController} stop */
  async function call(path, how = {}, heldMs = 0, stop = new AbortController()) {
    const timer = setTimeout(() => stop.abort(), PATIENCE_MS + heldMs);
    calls.add(stop);
    try {
      // Without no-store, Firefox notes on disk the address of a held question until it is answered.
      const common = { headers: { Accept: "application/json" }, signal: stop.signal };
      const answer = await fetch(chatPath() + path, { ...how, ...common, cache: "no-store" });
      // An answer that comes before the chat's own code runs (503) is not JSON.
      const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
      return { ok: answer.ok && isJson, busy: answer.status === 503, body: isJson ? await answer.json() : {} };
    } finally {
      clearTimeout(timer);
      calls.delete(stop);
    }
  }

  /** @param {string} path @param {URLSearchParams} [body] Post, and try again while the server is busy. */
  async function post(path, body) {
    for (let tries = 1; ; tries += 1) {
      const answer = await call(path, { method: "POST", body });
      if (!answer.busy || tries === TRIES) return answer;
      await new Promise((again) => setTimeout(again, EVERY_MS / 2));
      if (body && outbox[0] !== body) return answer; // that chat is over
    }
  }

  /** @param {string} name @param {string} text @param {boolean} visible */
  function tell(name, text, visible = true) {
    const place = document.getElementById(name);
    if (!place) return;
    if (place.textContent !== text) place.textContent = text;
    place.hidden = !visible;
  }

  /** Screen readers announce text when it changes, so write it again. @param {Element | null | undefined} place */
  function announce(place) {
    const text = place?.textContent;
    if (!place || !text) return;
    place.textContent = "";
    setTimeout(() => (place.textContent ||= text), 100);
  }

  /** The line about the chat on other pages. @param {string} text @param {number} first new message @param {boolean} asks */
  function say(text, first = 0, asks = false) {
    const place = news();
    if (!place) return;
    const [words, link, button] = /** @type {HTMLElement[]} */ ([...place.children]);
    place.toggleAttribute("data-on", text !== "");
    if (words.textContent !== text) words.textContent = text;
    link.hidden = text === "";
    /** @type {HTMLAnchorElement} */ (link).hash = first ? `said-${first}` : "";
    button.hidden = !asks;
  }

  /** @template {keyof HTMLElementTagNameMap} T @param {T} name @param {string} text @returns {HTMLElementTagNameMap[T]} */
  function create(name, text = "") {
    const element = document.createElement(name);
    element.textContent = text;
    return element;
  }

  /** @param {Part} part a piece of a message, and the address it links to @param {DOMStringMap} words */
  function piece([text, href], words) {
    // A number keeps its order in text that runs from right to left (web/language.py).
    if (!href) return text.split(NUMBER).map((part, index) => (index % 2 ? create("bdi", part) : part));
    const link = create("a", text);
    link.dir = "ltr";
    link.href = href;
    if (!href.startsWith("http")) return link;
    // An address of another site is shown in full, and opened only by a second press.
    const [all, warning] = [create("details"), create("i", `${words.away} `)];
    link.textContent = words.open ?? "";
    link.rel = "noreferrer nofollow";
    link.target = "_blank";
    warning.append(link);
    all.append(create("summary", text), warning);
    return all;
  }

  /** @returns {number} the bottom of the visible part of the page, above the box */
  const free = () => document.querySelector(".chat-box")?.getBoundingClientRect().top ?? innerHeight;

  /** @typedef {[string, string]} Part */
  /** @param {{ number: number, who: string, text: string, parts: Part[] | null, at: number, clock: string }} message */
  function add({ number, who, text, parts, at: moment, clock }) {
    const place = list();
    if (!place || place.querySelector(`[data-number="${number}"]`)) return;
    const last = place.lastElementChild?.getBoundingClientRect().bottom ?? 0;
    const [item, name, time, words] = [create("li"), create("b", `${place.dataset[who] ?? ""} `), create("time", " "), create("span")];
    item.className = who;
    item.id = `said-${number}`;
    item.tabIndex = -1;
    Object.assign(item.dataset, { number });
    time.ariaLive = "off";
    Object.assign(time.dataset, { at: moment, clock });
    name.append(time);
    words.dir = "auto";
    words.append(...(parts ?? [/** @type {Part} */ ([text, ""])]).flatMap((part) => piece(part, place.dataset)));
    item.append(name, words);
    place.append(item);
    // Do not scroll for a reader who is further up.
    if (who === "reader" || last < free() + 100) item.scrollIntoView({ block: "nearest" });
  }

  /** Show how long ago each message was sent. @param {number} now in seconds, by the server's clock */
  function tick(now) {
    const known = Intl.RelativeTimeFormat?.supportedLocalesOf(root.lang).length;
    const words = known ? new Intl.RelativeTimeFormat(root.lang) : null;
    for (const time of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".chat time"))) {
      const minutes = Math.floor((now - Number(time.dataset.at)) / 60);
      const text = minutes < 1 ? list()?.dataset.now : minutes < 60 ? words?.format(-minutes, "minute") : "";
      const node = /** @type {Text} */ (time.firstChild);
      if (node.data !== (text || time.dataset.clock)) node.data = (text || time.dataset.clock) ?? "";
    }
  }

  /** Note which messages are on the screen. @returns {HTMLElement | undefined} the adviser's first message that has not been there yet */
  function see() {
    const items = /** @type {HTMLElement[]} */ ([...(list()?.children ?? [])]);
    for (const item of document.hidden ? [] : items) {
      const { top, bottom } = item.getBoundingClientRect();
      if (bottom > 20 && top < free() - 20) newestSeen = Math.max(newestSeen, Number(item.dataset.number));
    }
    return items.find((item) => Number(item.dataset.number) > newestSeen && item.className === "adviser");
  }

  /** Remove every word of the chat from this page and former ones, and stop those still on their way. */
  function clear() {
    for (const stop of calls) stop.abort();
    outbox.length = 0;
    maybeSent = undefined;
    draft = "";
    guard();
    const open = document.querySelector("[data-chat-open]");
    if (open?.contains(document.activeElement)) document.querySelector("h1")?.focus();
    for (const place of wordPlaces) place.replaceChildren();
    wordPlaces.clear();
    open?.remove();
    say("");
  }

  /** @returns {HTMLElement[]} copies of the links to pages and numbers that an adviser sent, each once */
  function namedLinks() {
    const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".chat .adviser a:not([target])"));
    const each = new Map([...links].map((link) => [link.href, link.cloneNode(true)]));
    return /** @type {HTMLElement[]} */ ([...each.values()]);
  }

  /** @param {{ over?: string, bar?: string }} why @param {HTMLElement[]} links */
  function over({ over: words = "", bar = "" }, links = namedLinks()) {
    const after = /** @type {HTMLElement | null} */ (document.querySelector("[data-chat-over]"));
    const wasRunning = running;
    setRunning(false);
    clearTimeout(asking);
    clear();
    document.getElementById("chat-ending")?.remove();
    if (!after) return wasRunning && !document.querySelector("[data-chat-ended]") ? say(bar) : undefined;
    after.hidden = false;
    const parts = [...after.querySelectorAll("[data-chat-why], [data-chat-named], [data-chat-how]")];
    const [reason, names, how] = /** @type {HTMLElement[]} */ (parts);
    reason.textContent = words;
    // Not a status element: Orca reads a focused one as “statusbar”, without its words.
    const place = /** @type {HTMLElement} */ (after.querySelector("[tabindex]"));
    if (document.activeElement === document.querySelector("h1")) place.focus();
    else announce(place);
    announce(reason);
    how.hidden = !answered;
    if (!links.length) return;
    names.hidden = false;
    for (const link of links) {
      const item = create("li");
      item.append(link);
      names.querySelector("ul")?.append(item);
    }
  }

  async function ask() {
    clearTimeout(asking);
    question?.abort();
    if (!running) return;
    if (!see() && list()) say("");
    const thisQuestion = (question = new AbortController());
    const holds = !document.hidden && !missed;
    let after = EVERY_MS;
    const query = new URLSearchParams({ after: `${newest}`, shown: `${newestSeen}`, as: `${asOf}`, was: formerStanding });
    if (asksForDraft && box()) query.set("draft", "");
    if (holds) query.set("told", reported);
    try {
      const { ok, body: now } = await call(`/messages?${query}`, {}, holds ? HELD_MS : 0, thisQuestion);
      if (!running || thisQuestion !== question) return;
      if (!ok) throw new Error();
      if (now.state === "ended") return over(now);
      setRunning(true);
      missed = 0;
      if (now.held || now.told !== reported) after = varied(AGAIN_MS);
      reported = now.told;
      asOf = Math.trunc(now.now);
      showGoing();
      for (const message of now.messages) add(message);
      newest = Math.max(newest, now.newest);
      tick(now.now);
      if (now.standing !== standing) [formerStanding, changed] = [standing, performance.now()];
      else if (performance.now() - changed > TOLD_FOR_MS) formerStanding = "";
      standing = now.standing;
      answered ||= now.state === "talking";
      tell("chat-status", now.status);
      for (const name of ["there", "numbers"]) {
        const part = document.getElementById(`chat-${name}`);
        if (!part || part.hidden !== now[name]) continue;
        part.hidden = !now[name];
        if (name === "there") announce(part.querySelector("p"));
      }
      const unseen = see();
      if (!list()) say(now.bar, now.first, now.there);
      else say(unseen && now.first ? now.bar : "", Number(unseen?.dataset.number));
      const field = box();
      if (field && query.has("draft")) {
        asksForDraft = false;
        if (now.draft && !field.value && !outbox.length) type(now.draft);
      }
      for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-typed]"))) {
        /** @type {HTMLTextAreaElement} */ (place).value ||= place.dataset.typed ?? "";
        delete place.dataset.typed;
      }
    } catch {
      if (thisQuestion !== question) return; // the next question is under way
      // A lost network loses nothing: the next question asks for everything since.
      after = varied(Math.min(EVERY_MS * 2 ** missed, LATEST_MS));
      missed += 1;
      const lost = document.getElementById("chat-status")?.dataset.lost ?? "";
      if (missed >= MISSED_BEFORE_SAID) tell("chat-status", lost);
    }
    asking = setTimeout(ask, document.hidden ? Math.max(after, 4 * EVERY_MS) : after);
  }

  /** @param {string} text Put words into the box. */
  function type(text) {
    const field = box();
    draft = text;
    guard();
    if (!field) return;
    field.value = text;
    grow(field);
  }

  /** @param {HTMLTextAreaElement} field Let it grow, where the browser does not support that in CSS. */
  function grow(field) {
    if (CSS.supports("field-sizing", "content")) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 4}px`;
  }

  /** @param {HTMLFormElement | null | undefined} form Press its button: only browsers of 2022 and later have requestSubmit. */
  const press = (form) => /** @type {HTMLElement | null | undefined} */ (form?.querySelector("[type=submit]"))?.click();
  const going = () => outbox.map((message) => message.get("message") ?? "");
  const unsent = () => [...going(), draft].filter(Boolean).join("\n");

  function keep() {
    if (running) navigator.sendBeacon?.(`${chatPath()}/draft`, new URLSearchParams({ message: unsent() }));
  }

  /** Keep unsent words while another page loads. Listens only while there are any: the listener may cost the bfcache. */
  function guard() {
    if (unsent()) addEventListener("beforeunload", keep);
    else removeEventListener("beforeunload", keep);
  }

  function arrive() {
    reported = ""; // a new page has shown nothing of it yet
    document.querySelector("[data-chat-plain]")?.remove();
    if (document.querySelector("[data-chat-ended]")) return over({});
    open();
    const place = list();
    if (!place) return starting ? setRunning(false) : void ask();
    setRunning(true);
    wordPlaces.add(/** @type {Element} */ (place.closest("[data-chat-open]")));
    say("");
    // A page that Back restored shows the messages of that time.
    const last = [...place.querySelectorAll("[data-number]")].pop();
    newest = Number(last instanceof HTMLElement ? last.dataset.number : 0);
    const field = box();
    if (field) {
      type(field.value || draft);
      // On a phone, Enter on the keyboard sends; on a computer, Ctrl and Enter do.
      if (matchMedia("(pointer: coarse)").matches) field.enterKeyHint = "send";
    }
    // Wait until the page has settled: what is on the screen before has not been read.
    setTimeout(() => {
      land();
      if (!standing) announce(document.getElementById("chat-status"));
      void ask();
    });
  }

  /** Scroll to the first new message, or else to the last one. */
  function land() {
    const place = list();
    if (!place || place.contains(document.activeElement)) return;
    const items = /** @type {HTMLElement[]} */ ([...place.children]);
    const first = items.find((item) => "new" in item.dataset && Number(item.dataset.number) > newestSeen);
    const target = first ?? items[items.length - 1];
    target?.scrollIntoView({ block: first ? "start" : "nearest" });
    if (document.activeElement !== box()) target?.focus({ preventScroll: true });
  }

  /** Turn the page that says the chat is closed into the one that offers Start, as soon as it opens. @param {number} [soon] */
  function open(soon) {
    clearTimeout(opening);
    const closed = /** @type {HTMLElement | null} */ (document.querySelector("[data-chat-closed]"));
    const offer = /** @type {HTMLElement | null} */ (document.querySelector("[data-chat-offer]"));
    if (!closed || closed.hidden || !offer) return;
    const wait = soon ?? (Number(closed.dataset.chatClosed) * 1000 || varied(LOOKS_EVERY_MS));
    opening = setTimeout(async () => {
      const now = document.hidden ? null : await call("/open").catch(() => null);
      closed.dataset.chatClosed = now?.body.in ?? "";
      if (!now?.body.open) return open();
      const hadFocus = closed.contains(document.activeElement);
      offer.hidden = false;
      closed.hidden = true;
      const place = offer.querySelector("[data-chat-opened]");
      if (place) place.textContent = closed.dataset.opened ?? "";
      if (hadFocus) document.querySelector("h1")?.focus();
    }, Math.min(wait, 2 ** 31 - 1));
  }

  /** Show messages that have left the box and are not in the list yet. */
  function showGoing() {
    const place = document.querySelector("[data-chat-going]");
    if (place) place.textContent = going().join("\n");
  }

  /** Send what is in the box, after the messages before it. @param {HTMLFormElement} form */
  async function send(form) {
    const { lost = "", refused = "" } = document.getElementById("chat-problem")?.dataset ?? {};
    const field = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("message"));
    const isOnItsWay = outbox.length > 0;
    const triedWords = maybeSent?.get("message") ?? "";
    let words = field.value;
    // If the words of a message that may have arrived were changed, send them as a new one; words added below it follow it.
    if (maybeSent && (words === triedWords || words.startsWith(`${triedWords}\n`))) {
      outbox.push(maybeSent);
      words = words.slice(triedWords.length).trimStart();
    }
    maybeSent = undefined;
    const once = crypto.getRandomValues(new Uint32Array(3)).join("");
    // Sending an empty box shows a problem, unless somebody only pressed twice in haste.
    if (words.trim() || !outbox.length) outbox.push(new URLSearchParams({ message: words, once }));
    type("");
    showGoing();
    field.focus();
    if (isOnItsWay) return;
    while (outbox.length) {
      const [first] = outbox;
      let problem = "";
      try {
        const { ok, body: now } = await post("/say", first);
        if (!ok) problem = now.problem ?? refused;
      } catch {
        problem = lost;
        maybeSent = outbox[0];
      }
      if (outbox[0] !== first) return; // that chat is over
      tell("chat-problem", problem, problem !== "");
      if (problem) {
        // Everything goes back into the box; Send tries again, and nothing is doubled.
        const back = unsent();
        outbox.length = 0;
        type(back);
        showGoing();
      } else {
        outbox.shift();
        guard();
        void ask();
      }
    }
  }

  async function end() {
    document.cookie = "left=end; path=/; SameSite=Strict";
    const links = namedLinks();
    clear();
    const ending = document.getElementById("chat-ending");
    if (ending) ending.hidden = false;
    try {
      const { ok, body: now } = await post("/end");
      if (ok) return over(now, links);
    } catch {
      // The `left` cookie makes the server end the chat at the next request.
    }
    tell("chat-ending", ending?.dataset.later ?? "");
    void ask();
  }

  function stay() {
    lastSign = performance.now();
    call("/here", { method: "POST" }).catch(() => {});
  }

  addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!(form instanceof HTMLFormElement)) return;
      const step = form.dataset.chatForm;
      if (step === "start") {
        starting = true;
        root.dataset.chat = "running"; // the chat may run before its page is here
      }
      if (step !== "say" && step !== "end") return;
      event.preventDefault();
      event.stopImmediatePropagation();
      void (step === "say" ? send(form) : end());
    },
    true,
  );
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element && event.target.closest("#chat-news button, #chat-here"))) return;
    event.preventDefault();
    stay();
  });
  document.addEventListener("input", ({ target }) => {
    if (!(target instanceof HTMLTextAreaElement) || target !== box()) return;
    draft = target.value;
    grow(target);
    guard();
    if (draft && performance.now() - lastSign > STAYS_EVERY_MS) stay();
  });
  // Tell the server at once which messages came onto the screen, and that the reader is back.
  document.addEventListener("scroll", () => {
    const before = newestSeen;
    see();
    if (newestSeen > before) void ask();
  });
  const back = () => {
    if (document.hidden) return;
    void ask();
    open(0); // a device that slept has missed its timer
  };
  document.addEventListener("visibilitychange", back);
  addEventListener("online", back);
  // A keyboard that opens must not cover the message that the reader answers.
  addEventListener("resize", () => {
    if (document.activeElement === box()) list()?.lastElementChild?.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("beforeinput", (event) => {
    const field = box();
    if (!field?.enterKeyHint || event.target !== field || event.inputType !== "insertLineBreak" || event.isComposing) return;
    event.preventDefault();
    press(field.form);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat || event.target !== box()) return;
    press(box()?.form);
  });
  document.addEventListener("sidedoor:arrived", arrive);
  document.addEventListener("sidedoor:hide", () => {
    running = false;
    clear();
  });
  // A page in the bfcache keeps no words, because the chat may end in another tab meanwhile.
  addEventListener("pagehide", () => {
    question?.abort();
    if (unsent()) keep(); // for browsers without beforeunload
    for (const place of wordPlaces) {
      for (const words of place.querySelectorAll("[data-chat-words], [data-chat-going]")) words.replaceChildren();
      const field = place.querySelector("textarea");
      if (field) [field.dataset.typed, field.value] = [field.value, ""];
    }
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    running = true; // perhaps: the server's answer tells
    arrive();
  });
  // A reload would restore an old scroll position, not that of the new messages.
  if (list()) history.scrollRestoration = "manual";
  arrive();
})();
