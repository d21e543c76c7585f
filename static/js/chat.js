// @ts-check
/**
 * The chat, quicker: replies come by themselves, by asking for what came after the newest message. A question says what
 * was told last, and the server holds it until there is something else to tell; a page that is not looked at asks now and
 * then instead, so that it takes none of the browser's few connections. Asking goes on while other pages are read in
 * place; where the chat stands is told there in one line. The page works without this.
 *
 * That a chat runs stands in `data-chat` of the root, where the exit finds it, also in the site's other tabs (see
 * chat-tabs.js). Who ends or hides it sees the words gone first; the server is told after that, for as long as it takes
 * (see hide-page.js).
 *
 * Each question says which messages have been on the screen. So the adviser is told, so every page knows how many are
 * new, and whoever comes back lands at the first of them.
 */
(() => {
  "use strict";

  const EVERY_MS = 2000;
  const PATIENCE_MS = 10000;
  const MISSED_BEFORE_SAID = 3;
  const TRIES = 3;
  const NUMBER = /([+(]?\p{Nd}(?:[ ():./-]{0,2}\p{Nd})+)/u;
  /** Whoever types is there: so often it is said. */
  const STAYS_EVERY_MS = 60_000;
  /** So long the server may hold a question (rules.HELD), and so soon the next follows. */
  const HELD_MS = 15_000;
  const AGAIN_MS = 200;
  /** A server that does not answer is asked at least so often. */
  const LATEST_MS = 16_000;
  /** For so long it is told that the adviser is back. */
  const TOLD_FOR_MS = 20_000;
  /** While it is closed, it is looked for an adviser, within the hours. */
  const LOOKS_EVERY_MS = 30_000;
  const root = document.documentElement;
  /** It stands behind main, so on the chat's own page it is not there yet when this runs. */
  const news = () => document.getElementById("chat-news");
  /** @type {Set<Element>} what held words, also on pages that an in-page Back could bring back */
  const held = new Set();
  /** @type {Set<AbortController>} */
  const calls = new Set();
  let running = root.dataset.chat === "running";
  let starting = false;
  let newest = 0;
  let shown = 0;
  let missed = 0;
  let asking = 0;
  let opening = 0;
  /** What was typed and not sent, on whatever page it was. */
  let draft = "";
  /** @type {URLSearchParams[]} what is being sent, in its order, each with what lets it stand once however often it is tried */
  const line = [];
  /** @type {URLSearchParams | undefined} what may have arrived although it is back in the box */
  let unsure;
  /** Whether the server may keep words of a former page. */
  let asksForDraft = true;
  let stayed = -STAYS_EVERY_MS;
  let standing = "";
  /** Whether an adviser was there: nobody else is asked how it was. */
  let answered = false;
  let was = "";
  let changed = 0;
  /** What the server told last, in a word of its own. */
  let known = "";
  /** When that was, by its clock. */
  let asOf = 0;
  /** @type {AbortController | undefined} the question under way */
  let question;

  /** @param {number} time Each page takes a moment of its own: a server that is back is not asked by all at once. */
  const about = (time) => time * (0.5 + Math.random());
  const list = () => /** @type {HTMLElement | null} */ (document.querySelector("[data-chat-words]"));
  const box = () => /** @type {HTMLTextAreaElement | null} */ (document.querySelector("#message"));
  /** @returns {string} where the chat is, in the language of this page */
  const at = () => news()?.querySelector("a")?.pathname ?? "/chat";

  /** @param {boolean} now whether a chat runs: for the exit of every tab */
  function runs(now) {
    running = now;
    const state = now ? "running" : "";
    if ((root.dataset.chat ?? "") === state && !starting) return;
    starting = false;
    root.dataset.chat = state;
    document.dispatchEvent(new Event("sidedoor:chat"));
  }

  /** @param {string} path @param {RequestInit} how Ask the server; a network that hangs is given up. @param {number} held by the server @param {AbortController} stop */
  async function call(path, how = {}, held = 0, stop = new AbortController()) {
    const timer = setTimeout(() => stop.abort(), PATIENCE_MS + held);
    calls.add(stop);
    try {
      // Firefox would note the address of a question that is held on disk until it is answered.
      const asked = { headers: { Accept: "application/json" }, signal: stop.signal };
      const answer = await fetch(at() + path, { ...how, ...asked, cache: "no-store" });
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
      if (body && line[0] !== body) return answer; // that chat is over
    }
  }

  /** @param {string} name @param {string} text @param {boolean} seen */
  function tell(name, text, seen = true) {
    const place = document.getElementById(name);
    if (!place) return;
    if (place.textContent !== text) place.textContent = text;
    place.hidden = !seen;
  }

  /** What stands there already is heard when it is written anew. @param {Element | null | undefined} place */
  function hear(place) {
    const text = place?.textContent;
    if (!place || !text) return;
    place.textContent = "";
    setTimeout(() => (place.textContent ||= text), 100);
  }

  /** The line on pages beside the chat. @param {string} text @param {number} first new message @param {boolean} asks */
  function say(text, first = 0, asks = false) {
    const place = news();
    if (!place) return;
    const [line, link, button] = /** @type {HTMLElement[]} */ ([...place.children]);
    place.toggleAttribute("data-on", text !== "");
    if (line.textContent !== text) line.textContent = text;
    link.hidden = text === "";
    /** @type {HTMLAnchorElement} */ (link).hash = first ? `said-${first}` : "";
    button.hidden = !asks;
  }

  /** @template {keyof HTMLElementTagNameMap} T @param {T} name @param {string} text @returns {HTMLElementTagNameMap[T]} */
  function made(name, text = "") {
    const element = document.createElement(name);
    element.textContent = text;
    return element;
  }

  /** @param {Part} part a piece of a message, and where it leads @param {DOMStringMap} words */
  function piece([text, href], words) {
    // A number keeps its own order among letters that are written from the right (web/language.py).
    if (!href) return text.split(NUMBER).map((one, at) => (at % 2 ? made("bdi", one) : one));
    const link = made("a", text);
    link.dir = "ltr";
    link.href = href;
    if (!href.startsWith("http")) return link;
    // Another site's address is shown whole; the press that opens it is the second one.
    const [all, warning] = [made("details"), made("i", `${words.away} `)];
    link.textContent = words.open ?? "";
    link.rel = "noreferrer nofollow";
    link.target = "_blank";
    warning.append(link);
    all.append(made("summary", text), warning);
    return all;
  }

  /** @returns {number} where the part of the page ends that the box leaves free */
  const free = () => document.querySelector(".chat-box")?.getBoundingClientRect().top ?? innerHeight;

  /** @typedef {[string, string]} Part */
  /** @param {{ number: number, who: string, text: string, parts: Part[] | null, at: number, clock: string }} message */
  function add({ number, who, text, parts, at: moment, clock }) {
    const place = list();
    if (!place || place.querySelector(`[data-number="${number}"]`)) return;
    const last = place.lastElementChild?.getBoundingClientRect().bottom ?? 0;
    const [item, name, time, words] = [made("li"), made("b", `${place.dataset[who] ?? ""} `), made("time", " "), made("span")];
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
    // Whoever reads further up is not moved.
    if (who === "reader" || last < free() + 100) item.scrollIntoView({ block: "nearest" });
  }

  /** Write how long ago each message was. @param {number} now in seconds, by the server's clock */
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

  /** Note what is on the screen. @returns {HTMLElement | undefined} the first message of the adviser that was not yet */
  function see() {
    const items = /** @type {HTMLElement[]} */ ([...(list()?.children ?? [])]);
    for (const item of document.hidden ? [] : items) {
      const { top, bottom } = item.getBoundingClientRect();
      if (bottom > 20 && top < free() - 20) shown = Math.max(shown, Number(item.dataset.number));
    }
    return items.find((item) => Number(item.dataset.number) > shown && item.className === "adviser");
  }

  /** Nothing of it stays here, nor comes any more: not on this page, nor on one that was left. */
  function clear() {
    for (const stop of calls) stop.abort();
    line.length = 0;
    unsure = undefined;
    draft = "";
    guard();
    const open = document.querySelector("[data-chat-open]");
    if (open?.contains(document.activeElement)) document.querySelector("h1")?.focus();
    for (const place of held) place.replaceChildren();
    held.clear();
    open?.remove();
    say("");
  }

  /** @returns {HTMLElement[]} links to the pages and numbers that an adviser named, once each, as new elements */
  function named() {
    const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".chat .adviser a:not([target])"));
    const each = new Map([...links].map((link) => [link.href, link.cloneNode(true)]));
    return /** @type {HTMLElement[]} */ ([...each.values()]);
  }

  /** @param {{ over?: string, bar?: string }} why @param {HTMLElement[]} links */
  function over({ over: words = "", bar = "" }, links = named()) {
    const after = /** @type {HTMLElement | null} */ (document.querySelector("[data-chat-over]"));
    const ran = running;
    runs(false);
    clearTimeout(asking);
    clear();
    document.getElementById("chat-ending")?.remove();
    if (!after) return ran && !document.querySelector("[data-chat-ended]") ? say(bar) : undefined;
    after.hidden = false;
    const parts = [...after.querySelectorAll("[data-chat-why], [data-chat-named], [data-chat-how]")];
    const [reason, names, how] = /** @type {HTMLElement[]} */ (parts);
    reason.textContent = words;
    // No status itself: Orca reads one that has the focus as “statusbar”, without its words.
    const said = /** @type {HTMLElement} */ (after.querySelector("[tabindex]"));
    if (document.activeElement === document.querySelector("h1")) said.focus();
    else hear(said);
    hear(reason);
    how.hidden = !answered;
    if (!links.length) return;
    names.hidden = false;
    for (const link of links) {
      const item = made("li");
      item.append(link);
      names.querySelector("ul")?.append(item);
    }
  }

  async function ask() {
    clearTimeout(asking);
    question?.abort();
    if (!running) return;
    if (!see() && list()) say("");
    const mine = (question = new AbortController());
    const holds = !document.hidden && !missed;
    let after = EVERY_MS;
    const query = new URLSearchParams({ after: `${newest}`, shown: `${shown}`, as: `${asOf}`, was });
    if (asksForDraft && box()) query.set("draft", "");
    if (holds) query.set("told", known);
    try {
      const { ok, told: now } = await call(`/messages?${query}`, {}, holds ? HELD_MS : 0, mine);
      if (!running || mine !== question) return;
      if (!ok) throw new Error();
      if (now.state === "ended") return over(now);
      runs(true);
      missed = 0;
      if (now.held || now.told !== known) after = about(AGAIN_MS);
      known = now.told;
      asOf = Math.trunc(now.now);
      showGoing();
      for (const message of now.messages) add(message);
      newest = Math.max(newest, now.newest);
      tick(now.now);
      if (now.standing !== standing) [was, changed] = [standing, performance.now()];
      else if (performance.now() - changed > TOLD_FOR_MS) was = "";
      standing = now.standing;
      answered ||= now.state === "talking";
      tell("chat-status", now.status);
      for (const name of ["there", "numbers"]) {
        const part = document.getElementById(`chat-${name}`);
        if (!part || part.hidden !== now[name]) continue;
        part.hidden = !now[name];
        if (name === "there") hear(part.querySelector("p"));
      }
      const unseen = see();
      if (!list()) say(now.bar, now.first, now.there);
      else say(unseen && now.first ? now.bar : "", Number(unseen?.dataset.number));
      const field = box();
      if (field && query.has("draft")) {
        asksForDraft = false;
        if (now.draft && !field.value && !line.length) type(now.draft);
      }
      for (const one of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-typed]"))) {
        /** @type {HTMLTextAreaElement} */ (one).value ||= one.dataset.typed ?? "";
        delete one.dataset.typed;
      }
    } catch {
      if (mine !== question) return; // the next one is under way
      // A lost network is not the end: the next question asks for everything that came meanwhile.
      after = about(Math.min(EVERY_MS * 2 ** missed, LATEST_MS));
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

  /** @param {HTMLTextAreaElement} field Where the style sheet cannot let it grow. */
  function grow(field) {
    if (CSS.supports("field-sizing", "content")) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 4}px`;
  }

  const going = () => line.map((one) => one.get("message") ?? "");
  const unsent = () => [...going(), draft].filter(Boolean).join("\n");

  function keep() {
    if (running) navigator.sendBeacon(`${at()}/draft`, new URLSearchParams({ message: unsent() }));
  }

  /** Whoever loads another page finds unsent words again. Only while there are any: the listener may cost the bfcache. */
  function guard() {
    if (unsent()) addEventListener("beforeunload", keep);
    else removeEventListener("beforeunload", keep);
  }

  function arrive() {
    known = ""; // what this page knows is another matter
    document.querySelector("[data-chat-plain]")?.remove();
    if (document.querySelector("[data-chat-ended]")) return over({});
    open();
    const place = list();
    if (!place) return starting ? runs(false) : void ask();
    runs(true);
    held.add(/** @type {Element} */ (place.closest("[data-chat-open]")));
    say("");
    // A page that Back brought here shows what it showed then.
    const last = [...place.querySelectorAll("[data-number]")].at(-1);
    newest = Number(last instanceof HTMLElement ? last.dataset.number : 0);
    const field = box();
    if (field) {
      type(field.value || draft);
      // A phone's keyboard sends; on a computer Ctrl and Enter do.
      if (matchMedia("(pointer: coarse)").matches) field.enterKeyHint = "send";
    }
    // Once the page has settled; what is on the screen before that has not been read.
    setTimeout(() => {
      land();
      if (!standing) hear(document.getElementById("chat-status"));
      void ask();
    });
  }

  /** Come back to the first message that is new, or else to the last. */
  function land() {
    const place = list();
    if (!place || place.contains(document.activeElement)) return;
    const items = /** @type {HTMLElement[]} */ ([...place.children]);
    const first = items.find((item) => "new" in item.dataset && Number(item.dataset.number) > shown);
    const target = first ?? items.at(-1);
    target?.scrollIntoView({ block: first ? "start" : "nearest" });
    if (document.activeElement !== box()) target?.focus({ preventScroll: true });
  }

  /** The page that says it is closed becomes the one that offers Start, as soon as that is true. @param {number} [soon] */
  function open(soon) {
    clearTimeout(opening);
    const closed = /** @type {HTMLElement | null} */ (document.querySelector("[data-chat-closed]"));
    const offer = /** @type {HTMLElement | null} */ (document.querySelector("[data-chat-offer]"));
    if (!closed || closed.hidden || !offer) return;
    const wait = soon ?? (Number(closed.dataset.chatClosed) * 1000 || about(LOOKS_EVERY_MS));
    opening = setTimeout(async () => {
      const now = document.hidden ? null : await call("/open").catch(() => null);
      closed.dataset.chatClosed = now?.told.in ?? "";
      if (!now?.told.open) return open();
      const held = closed.contains(document.activeElement);
      offer.hidden = false;
      closed.hidden = true;
      const said = offer.querySelector("[data-chat-opened]");
      if (said) said.textContent = closed.dataset.opened ?? "";
      if (held) document.querySelector("h1")?.focus();
    }, Math.min(wait, 2 ** 31 - 1));
  }

  /** Show what has left the box and is not in the list yet. */
  function showGoing() {
    const place = document.querySelector("[data-chat-going]");
    if (place) place.textContent = going().join("\n");
  }

  /** Send what is in the box, after what was sent before it. @param {HTMLFormElement} form */
  async function send(form) {
    const { lost = "", refused = "" } = document.getElementById("chat-problem")?.dataset ?? {};
    const field = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("message"));
    const isOnItsWay = line.length > 0;
    const tried = unsure?.get("message") ?? "";
    let words = field.value;
    // Words that were changed are a message of their own; those that stand below it follow it.
    if (unsure && (words === tried || words.startsWith(`${tried}\n`))) {
      line.push(unsure);
      words = words.slice(tried.length).trimStart();
    }
    unsure = undefined;
    const once = crypto.getRandomValues(new Uint32Array(3)).join("");
    // An empty box is told about, but not where somebody pressed twice in haste.
    if (words.trim() || !line.length) line.push(new URLSearchParams({ message: words, once }));
    type("");
    showGoing();
    field.focus();
    if (isOnItsWay) return;
    while (line.length) {
      const [first] = line;
      let problem = "";
      try {
        const { ok, told: now } = await post("/say", first);
        if (!ok) problem = now.problem ?? refused;
      } catch {
        problem = lost;
        unsure = line[0];
      }
      if (line[0] !== first) return; // that chat is over
      tell("chat-problem", problem, problem !== "");
      if (problem) {
        // All of it is in the box again; Send tries again, and nothing is doubled.
        const back = unsent();
        line.length = 0;
        type(back);
        showGoing();
      } else {
        line.shift();
        guard();
        void ask();
      }
    }
  }

  async function end() {
    document.cookie = "left=end; path=/; SameSite=Strict";
    const links = named();
    clear();
    const ending = document.getElementById("chat-ending");
    if (ending) ending.hidden = false;
    try {
      const { ok, told: now } = await post("/end");
      if (ok) return over(now, links);
    } catch {
      // Asking goes on, and the mark ends it.
    }
    tell("chat-ending", ending?.dataset.later ?? "");
    void ask();
  }

  function stay() {
    stayed = performance.now();
    navigator.sendBeacon(`${at()}/here`);
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
      if (event.submitter?.id) stay();
      else void (step === "say" ? send(form) : end());
    },
    true,
  );
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("#chat-news button")) stay();
  });
  document.addEventListener("input", ({ target }) => {
    if (!(target instanceof HTMLTextAreaElement) || target !== box()) return;
    draft = target.value;
    grow(target);
    guard();
    if (draft && performance.now() - stayed > STAYS_EVERY_MS) stay();
  });
  // What has come onto the screen is told at once, and whoever is back is.
  document.addEventListener("scroll", () => {
    const before = shown;
    see();
    if (shown > before) void ask();
  });
  const back = () => {
    if (document.hidden) return;
    void ask();
    open(0); // a device that slept has waited too long
  };
  document.addEventListener("visibilitychange", back);
  addEventListener("online", back);
  // A keyboard that opens must not cover what is answered.
  addEventListener("resize", () => {
    if (document.activeElement === box()) list()?.lastElementChild?.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("beforeinput", (event) => {
    const field = box();
    if (!field?.enterKeyHint || event.target !== field || event.inputType !== "insertLineBreak" || event.isComposing) return;
    event.preventDefault();
    field.form?.requestSubmit();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat || event.target !== box()) return;
    box()?.form?.requestSubmit();
  });
  document.addEventListener("sidedoor:arrived", arrive);
  document.addEventListener("sidedoor:hide", () => {
    running = false;
    clear();
  });
  // A page may be kept whole (bfcache), and the chat be left in another tab meanwhile: it is kept without a word.
  addEventListener("pagehide", () => {
    question?.abort();
    if (unsent()) keep(); // where there is no beforeunload
    for (const place of held) {
      for (const words of place.querySelectorAll("[data-chat-words], [data-chat-going]")) words.replaceChildren();
      const field = place.querySelector("textarea");
      if (field) [field.dataset.typed, field.value] = [field.value, ""];
    }
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    running = true; // perhaps: the answer says so
    arrive();
  });
  // What a reload would scroll to is not where the new words are.
  if (list()) history.scrollRestoration = "manual";
  arrive();
})();
