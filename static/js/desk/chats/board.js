// @ts-check
/**
 * The chats, quicker: one question every two seconds tells what is new in all of them, and forms are sent in place, so
 * that nothing typed in one chat is lost over another. The pages work without this, by loading them again.
 *
 * Messages have numbers, and the question says which are here: a lost connection loses nothing and doubles nothing.
 * What has the focus is never replaced. No word of anybody gets into the title, a notification or the browser's storage.
 */
(() => {
  "use strict";

  /** @typedef {{ number: number, who: string, name: string, text: string }} Message */
  /**
   * @typedef {{ html?: string, ended: string, out_of_reach: string, there: boolean, watcher: string, unanswered: string,
   *   shown: number, risk: boolean, messages: Message[] }} Chat
   */
  /** @typedef {{ id: number, since: string, reach: string }} Waiter */
  /** @typedef {{ id: number, name: string }} Colleague */

  const EVERY_MS = 2000;
  const PATIENCE_MS = 10000;
  const MISSED_BEFORE_SAID = 3;
  const NUMBER = /([+(]?\p{Nd}(?:[ ():./-]{0,2}\p{Nd})+)/u;
  const own = /** @type {any} */ (window).trustedTypes?.createPolicy("sidedoor-desk", {
    createHTML: (/** @type {string} */ html) => html,
    createScriptURL: (/** @type {string} */ url) => url,
  });
  const board = find("[data-board]");
  const watched = find("[data-watch]");
  const title = document.title;
  /** @type {Set<string>} chats that were closed here: an answer on its way may still hold them */
  const closed = new Set();
  let missed = 0;
  /** The desk's own clock when it last answered: this machine's may be wrong. */
  let answeredAt = "";
  /** Whether the adviser said here that they are away. */
  let left = false;
  /** @type {Promise<void> | null} */
  let asking = null;
  let again = false;
  /** @typedef {{ form: HTMLFormElement, fields: FormData }} Press */
  /** @type {Map<Element, Press[]>} what was pressed in a chat, or a form outside of one, in its order; the first is on its way */
  const lines = new Map();
  /** @type {WeakMap<HTMLFormElement, { words: string, once: string }>} what may have arrived although it is back in its box */
  const unsure = new WeakMap();
  /** Whether somebody wants to hear it: a choice, and nothing of anybody's, so this browser may keep it. */
  const SOUND = "chats-sound";
  let sound = localStorage.getItem(SOUND) === "on";
  /** So often an alarm sounds until it is heard. */
  const ALARM_MS = 10_000;
  let alarm = "";
  let heard = "";
  let rang = 0;
  /** @type {AudioContext | undefined} */
  let audio;

  /** @param {string} selector @param {ParentNode} within @returns {HTMLElement | null} */
  function find(selector, within = document) {
    return within.querySelector(selector);
  }

  /** @param {HTMLElement | null} element @param {string} text */
  function write(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  /** Show or hide; the focus goes to `instead` if it was inside. @param {HTMLElement | null} element @param {boolean} shown @param {HTMLElement | null} instead */
  function show(element, shown, instead = null) {
    if (!element || element.hidden === !shown) return;
    const held = element.contains(document.activeElement);
    element.hidden = !shown;
    if (!shown && held) instead?.focus();
  }

  /** @param {HTMLElement} element @param {HTMLElement | null} instead */
  function remove(element, instead) {
    const held = element.contains(document.activeElement);
    element.remove();
    if (held) instead?.focus();
  }

  const columns = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-chat]")]);
  /** @param {string | number} id */
  const column = (id) => find(`[data-chat="${id}"]`);
  /** @param {HTMLElement} place */
  const box = (place) => /** @type {HTMLTextAreaElement | null} */ (find("textarea[name=message]", place));
  /** @param {HTMLElement} place */
  const lastLine = (place) => /** @type {HTMLElement | null} */ (find("[data-talk] li:last-child", place));
  /** @param {HTMLElement} place */
  const newest = (place) => Number(lastLine(place)?.dataset.number ?? 0);
  /** @param {HTMLElement} place */
  const waitsForUs = (place) => lastLine(place)?.className === "reader";

  /** @param {HTMLElement} place @param {Message[]} messages */
  function add(place, messages) {
    const talk = find("[data-talk]", place);
    if (!talk) return;
    for (const message of messages) {
      if (message.number <= newest(place)) continue;
      const item = document.createElement("li");
      const name = document.createElement("b");
      const words = document.createElement("span");
      item.className = message.who;
      words.dir = "auto";
      item.dataset.number = String(message.number);
      name.textContent = message.name;
      // A number keeps its own order among letters that are written from the right (web/language.py).
      for (const [at, part] of message.text.split(NUMBER).entries()) {
        const isolated = document.createElement("bdi");
        isolated.dir = "ltr";
        isolated.textContent = part;
        words.append(at % 2 ? isolated : part);
      }
      item.append(name, words);
      talk.append(item);
      if (message.who === "reader") notify("There is a reply.");
    }
  }

  /** It is over: nothing of it stays here either. @param {HTMLElement} place @param {string} why */
  function over(place, why) {
    const open = find("[data-open]", place);
    const said = find("[data-chat-ended]", place);
    lines.get(place)?.splice(1);
    write(said, why);
    for (const name of ["[data-reach]", "[data-there]", "[data-watcher]"]) write(find(name, place), "");
    show(open, false, said);
    open?.replaceChildren();
    show(find("[data-over]", place), true);
  }

  /** @param {HTMLElement} place @param {Chat} chat */
  function renew(place, chat) {
    if (chat.ended) return over(place, chat.ended);
    add(place, chat.messages);
    write(find("[data-reach]", place), chat.out_of_reach ? `Out of reach since ${chat.out_of_reach}; a lost network is not leaving.` : "");
    write(find("[data-there]", place), chat.there ? "It has been quiet for ten minutes. In five more it ends by itself." : "");
    write(find("[data-watcher]", place), chat.watcher ? `${chat.watcher} reads along.` : "");
    write(find("[data-unanswered]", place), chat.unanswered ? `Waits for your words since ${chat.unanswered}.` : "");
    place.toggleAttribute("data-risk", chat.risk);
    const seen = find("[data-shown]", place);
    if (seen) seen.dataset.shown = String(chat.shown);
    showSeen(place);
  }

  /** Whether the adviser's last words have been on the reader's screen, as their page says. @param {HTMLElement} place */
  function showSeen(place) {
    const mine = /** @type {HTMLElement | undefined} */ ([...place.querySelectorAll("[data-talk] .adviser")].at(-1));
    const seen = find("[data-shown]", place);
    write(seen, mine && Number(seen?.dataset.shown) >= Number(mine.dataset.number) ? "Your last words have been on their screen." : "");
  }

  /** @param {string} html */
  function made(html) {
    const template = document.createElement("template");
    // The desk's own page, whose words the server has escaped.
    template.innerHTML = own ? own.createHTML(html) : html;
    return template.content;
  }

  /** The chats of colleagues whose desks are gone. @param {string} html */
  function renewLeft(html) {
    const place = find("[data-left]");
    // Each answer brings new forms, with another token; what counts is which chats they are.
    const names = [...made(html).querySelectorAll("li > span")].map((one) => one.textContent).join();
    if (!place || place.dataset.names === names) return;
    place.dataset.names = names;
    const held = place.contains(document.activeElement);
    place.replaceChildren(made(html));
    if (held) (find("button", place) ?? find("#waiting"))?.focus();
    if (names) notify("Somebody waits.");
  }

  /** @param {Record<string, Chat>} chats @param {Record<string, string>} gone */
  function renewColumns(chats, gone) {
    for (const [id, chat] of Object.entries(chats)) {
      const place = column(id);
      if (place && !chat.html) renew(place, chat);
      else if (!place && chat.html && board && !closed.has(id)) {
        board.append(made(chat.html));
        notify("Somebody waits.");
      }
    }
    for (const place of columns()) {
      if (place.dataset.chat && place.dataset.chat in chats) continue;
      const why = gone[place.dataset.chat ?? ""];
      if (find("[data-over]", place)?.hidden) {
        if (!why) continue; // it came while the question was under way
        over(place, why);
      }
      else if (board && !place.dataset.kept) remove(place, find("#yours"));
      place.dataset.kept = "yes";
    }
    show(find("[data-none]"), columns().length === 0);
  }

  /** @param {Waiter[]} waiting */
  function renewQueue(waiting) {
    const queue = find("[data-waiting]");
    if (!queue) return;
    const here = new Map([...queue.children].map((item) => [/** @type {HTMLElement} */ (item).dataset.id, /** @type {HTMLElement} */ (item)]));
    show(queue, waiting.length > 0, find("#waiting"));
    waiting.forEach((one, index) => {
      let item = here.get(String(one.id));
      here.delete(String(one.id));
      if (!item) {
        item = waiter(one.id);
        queue.append(item);
        notify("Somebody waits.");
      }
      write(find("span", item), one.since);
      write(find("[data-unreached]", item), one.reach);
      write(find("button .visually-hidden", item), ` number ${index + 1}`);
    });
    for (const gone of here.values()) remove(gone, find("button", queue) ?? find("#waiting"));
    show(find("[data-nobody]"), waiting.length === 0);
  }

  /** @param {number} id */
  function waiter(id) {
    const pattern = /** @type {HTMLTemplateElement | null} */ (document.querySelector("[data-waiter]"));
    const item = /** @type {HTMLElement} */ (pattern?.content.firstElementChild?.cloneNode(true) ?? document.createElement("li"));
    item.dataset.id = String(id);
    item.querySelector("form")?.setAttribute("action", `/chats/${id}/accept`);
    write(find("[data-answer]", item), "Answer");
    if (!pattern) {
      item.append(document.createElement("span"), " ", document.createElement("b"));
      find("b", item)?.setAttribute("data-unreached", "");
    }
    return item;
  }

  /** @param {Colleague[]} others */
  function renewColleagues(others) {
    const names = JSON.stringify(others);
    for (const place of columns()) {
      const list = /** @type {HTMLSelectElement | null} */ (find("select[name=to]", place));
      // Not while it is open: what somebody is about to choose must not move.
      if (!list || list.dataset.names === names || list === document.activeElement) continue;
      const chosen = list.value;
      list.dataset.names = names;
      list.replaceChildren(...others.map((one) => new Option(one.name, String(one.id), false, String(one.id) === chosen)));
      show(find("[data-no-others]", place), others.length === 0);
      show(find("[data-others]", place), others.length > 0, find("[data-others]", place)?.closest("details")?.querySelector("summary") ?? null);
    }
  }

  /** @param {{ here: boolean, pause: string, present: string }} told @returns {string[]} what nobody may miss: readers find no one */
  function renewPresence(told) {
    const [here, away] = [find("[data-here]"), find("[data-away]")];
    if (here && !here.hidden && !told.here && !left) fell = ["You count as away now. If you are here, press “I am present”."];
    if (told.here || left) fell = [];
    if (told.here) left = false;
    // What comes is shown before what goes is hidden, so that the focus has somewhere to go.
    for (const [one, shown, other] of /** @type {[HTMLElement | null, boolean, HTMLElement | null][]} */ (
      told.here ? [[here, true, null], [away, false, here]] : [[away, true, null], [here, false, away]]
    )) show(one, shown, other?.querySelector("button") ?? null);
    write(find("[data-pause]"), told.pause);
    for (const form of document.querySelectorAll("[data-pauses]"))
      show(/** @type {HTMLElement} */ (form), told.pause !== "", find("[data-here] button"));
    write(find("[data-present]"), told.present);
    return fell;
  }

  /**
   * What nobody may miss is shown, and sounds again and again until it is heard or gone; in a hidden tab as well, whose
   * clock runs in a worker. What is new sounds although the last one was heard. @param {string[]} told
   */
  function ring(told) {
    alarm = told.join(" ");
    write(find("[data-alarm]"), alarm);
    if (alarm === "") heard = "";
    const rings = alarm !== "" && alarm !== heard;
    show(find("[data-quiet]"), rings && sound, find("#waiting"));
    if (!rings || Date.now() - rang < ALARM_MS) return;
    rang = Date.now();
    notify("Somebody waits.");
  }

  function count() {
    const many = document.querySelectorAll("[data-waiting] > li").length + columns().filter(waitsForUs).length;
    const mark = alarm ? "! " : "";
    document.title = many || mark ? `${mark}(${many}) ${title}` : title; // a number, and nothing of anybody's
  }

  /** @param {string} address */
  async function ask(address) {
    const answer = await fetch(address, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.redirected) throw new Error("signed out");
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.json();
  }

  let asksForUnsent = true;
  /** @type {string[]} */
  let fell = [];

  async function look() {
    if (watched) {
      const told = await ask(`${watched.dataset.watch}?after=${newest(watched)}`);
      add(watched, told.messages);
      if (!told.reads && !find("[data-open]", watched)?.hidden) {
        over(watched, told.over ? "It is over." : "");
        show(find("[data-lapsed]", watched), !told.over);
      }
      return;
    }
    const [first] = columns();
    const after = columns().map((place) => `${place.dataset.chat}:${newest(place)}`).join(",");
    // What was unsent when the page was loaded anew may reach the desk after the page was made.
    const unsent = asksForUnsent ? "&unsent=" : "";
    const told = await ask(`/chats/now?after=${after}${board || !first ? "" : `&one=${first.dataset.chat}`}${unsent}`);
    if (unsent) asksForUnsent = false;
    answeredAt = told.clock;
    // After a sleep or a lost network: what was told meanwhile to the others is told here, too.
    const what = "Readers were told that your connection was lost, and a colleague may have taken over.";
    if (told.silent) write(find("[data-said]"), `This desk gave no sign from ${told.silent} to ${answeredAt}. ${what}`);
    renewColumns(told.chats, told.gone);
    for (const place of columns()) {
      const text = box(place);
      const words = told.chats[String(place.dataset.chat)]?.unsent;
      if (words && text && !text.value && !lines.has(place)) text.value = words;
    }
    renewColleagues(told.others);
    if (board) {
      renewQueue(told.waiting);
      const away = renewPresence(told);
      renewLeft(told.left);
      write(find("[data-word]"), told.word);
      ring([...away, ...told.alarm]);
    }
    count();
  }

  /** Ask what is new. Who calls while a question is under way waits for the next one, which knows what they did. */
  function refresh() {
    again = true;
    asking ??= askUntilNothingNew();
    return asking;
  }

  async function askUntilNothingNew() {
    while (again) {
      again = false;
      try {
        await look();
        missed = 0;
        write(find("[data-lost-touch]"), "");
      } catch (error) {
        missed += 1;
        const out = error instanceof Error && error.message === "signed out";
        if (missed >= MISSED_BEFORE_SAID || out) {
          const what = out ? "You are signed out. Sign in in another tab." : `The desk cannot be reached${answeredAt && ` since ${answeredAt}`}.`;
          write(find("[data-lost-touch]"), `${what} What you have typed stays here.`);
        }
      }
    }
    asking = null;
  }

  /** @param {Element} place @returns {string[]} words of a chat that have left their box and are not known to be sent */
  const going = (place) => (lines.get(place) ?? []).filter(says).map(({ fields }) => String(fields.get("message")));

  /** @param {HTMLElement} place */
  const showGoing = (place) => write(find("[data-going]", place), going(place).join("\n"));

  /** @param {Press} press */
  const says = ({ form }) => form.matches("[data-say]");

  /** What a press sends. Words leave their box with it. @param {HTMLFormElement} form @param {HTMLElement | null} submitter @returns {Press[]} */
  function pressed(form, submitter) {
    const place = /** @type {HTMLElement | null} */ (form.closest("[data-chat]"));
    const text = place && form.matches("[data-say]") ? box(place) : null;
    if (!text) return [{ form, fields: new FormData(form, submitter) }];
    const tried = unsure.get(form);
    // Words that were changed are a message of their own; those that stand below it follow it.
    const again = tried && (text.value === tried.words || text.value.startsWith(`${tried.words}\n`)) ? tried : null;
    const rest = again ? text.value.slice(again.words.length).trimStart() : text.value;
    const parts = again ? [again] : [];
    // An empty box is told about, but not where somebody pressed twice in haste.
    if (rest.trim() || (!again && !lines.has(/** @type {HTMLElement} */ (place)))) parts.push({ words: rest, once: crypto.randomUUID() });
    unsure.delete(form);
    text.value = "";
    return parts.map((one) => {
      const fields = new FormData(form, submitter);
      fields.set("message", one.words);
      fields.set("once", one.once);
      return { form, fields };
    });
  }

  /** @param {Press} one @param {Press} other whether it is the same step once more */
  const isSame = (one, other) => one.form === other.form && !says(one) && String([...one.fields]) === String([...other.fields]);

  /** Send a form where it stands, after what was pressed before in the same chat. @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
  async function send(form, submitter) {
    const place = /** @type {HTMLElement | null} */ (form.closest("[data-chat]"));
    const presses = pressed(form, submitter);
    const line = lines.get(place ?? form);
    if (line) line.push(...presses.filter((one) => !line.some((other) => isSame(one, other))));
    else lines.set(place ?? form, presses);
    if (place) showGoing(place);
    if (line) return;
    while (presses.length && (await isDone(presses[0], place))) {
      presses.shift();
      if (place) showGoing(place);
    }
    const back = place ? going(place) : [];
    lines.delete(place ?? form);
    if (!place) return;
    showGoing(place);
    const text = box(place);
    if (text && back.length) text.value = [...back, text.value].filter(Boolean).join("\n");
  }

  /** @param {Press} press @param {HTMLElement | null} place @returns {Promise<boolean>} whether the desk took it */
  async function isDone({ form, fields }, place) {
    let told = { said: "", problem: "" };
    left ||= fields.get("present") === "no";
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: fields,
        headers: { Accept: "application/json" },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (!answer.headers.get("Content-Type")?.startsWith("application/json")) throw new Error(answer.statusText);
      const got = await answer.json();
      told = got;
      // Signed in again in another tab: the forms of this page need the token of the new session.
      if (got.csrf_token) for (const field of document.querySelectorAll("input[name=csrf_token]")) /** @type {HTMLInputElement} */ (field).value = got.csrf_token;
    } catch {
      told.problem = "That did not get through. What you typed is still here; try again.";
      if (says({ form, fields })) unsure.set(form, { words: String(fields.get("message")), once: String(fields.get("once")) });
    }
    const [, id, step] = /\/chats\/(\d+)\/([a-z-]+)$/.exec(form.action) ?? [];
    const said = place && form.isConnected ? find("[data-problem]", place) : null;
    const general = find("[data-said]");
    write(said, told.problem);
    write(general, said ? told.said : told.problem || told.said);
    general?.classList.toggle("problem", !said && told.problem !== "");
    if (told.problem && step !== "close") return false;
    if (place && id && (step === "close" || step === "hand-over")) {
      closed.add(id);
      remove(place, find("#yours"));
    }
    const takes = step === "accept" || step === "take-over";
    if (takes && id) closed.delete(id);
    void refresh().then(() => enter(takes && id ? column(id) : null));
    return true;
  }

  /** @param {HTMLElement | null | undefined} place */
  function enter(place) {
    if (!place) return;
    (box(place) ?? find("h2, h1", place))?.focus();
    place.scrollIntoView({ block: "nearest" });
  }

  /** What was typed after the last slash, at the end of the box. */
  const SLASH = /(?:^|\s)(\/\S*)$/;
  const MOST_FOUND = 8;

  /** @param {HTMLTextAreaElement} text Offer what fits the word after a slash: ready answers, pages, contacts. */
  function offer(text) {
    const place = /** @type {HTMLElement | null} */ (text.closest("[data-chat]"));
    const found = place ? find("[data-found]", place) : null;
    const typed = SLASH.exec(text.value.slice(0, text.selectionStart))?.[1].toLowerCase();
    const options = place?.querySelectorAll("[data-ready] option") ?? [];
    if (!found) return;
    const word = typed?.slice(1) ?? "";
    const all = /** @type {HTMLOptionElement[]} */ ([...options]).filter(({ value }) => value);
    const named = all.filter((one) => one.dataset.shortcut?.toLowerCase().startsWith(typed ?? " "));
    const held = word ? all.filter((one) => !named.includes(one) && one.label.toLowerCase().includes(word)) : [];
    const fits = typed === undefined ? [] : [...named, ...held].slice(0, MOST_FOUND);
    found.replaceChildren(...fits.map((one, at) => choice(one, `${found.id}-${at}`, at === 0)));
    found.role = "listbox";
    found.ariaLabel = "Ready answers, pages and contacts";
    show(found, fits.length > 0);
    text.setAttribute("aria-controls", found.id);
    if (fits.length) text.setAttribute("aria-activedescendant", `${found.id}-0`);
    else text.removeAttribute("aria-activedescendant");
  }

  /** @param {HTMLOptionElement} option @param {string} id @param {boolean} chosen */
  function choice(option, id, chosen) {
    const item = document.createElement("li");
    item.id = id;
    item.role = "option";
    item.ariaSelected = String(chosen);
    item.textContent = option.label;
    item.dataset.value = option.value;
    return item;
  }

  /** @param {HTMLTextAreaElement} text @param {HTMLElement} item Put a choice in the place of the word after the slash. */
  function choose(text, item) {
    const end = text.selectionStart;
    const begin = end - (SLASH.exec(text.value.slice(0, end))?.[1].length ?? 0);
    text.setRangeText(item.dataset.value ?? "", begin, end, "end");
    offer(text);
    text.focus();
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was for the choices under the box */
  function chooses(event) {
    const text = event.target;
    const place = text instanceof HTMLTextAreaElement ? /** @type {HTMLElement | null} */ (text.closest("[data-chat]")) : null;
    const found = place ? find("[data-found]", place) : null;
    if (!(text instanceof HTMLTextAreaElement) || !found || found.hidden || event.ctrlKey || event.metaKey) return false;
    const items = /** @type {HTMLElement[]} */ ([...found.children]);
    const at = items.findIndex((item) => item.ariaSelected === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      items[at].ariaSelected = "false";
      const next = items[(at + step + items.length) % items.length];
      next.ariaSelected = "true";
      text.setAttribute("aria-activedescendant", next.id);
      next.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" || event.key === "Tab") choose(text, items[at]);
    else if (event.key === "Escape") show(found, false);
    else return false;
    event.preventDefault();
    return true;
  }

  document.addEventListener("input", ({ target }) => {
    if (target instanceof HTMLTextAreaElement && target.name === "message" && target.closest("[data-chat]")) offer(target);
  });
  document.addEventListener("click", ({ target }) => {
    const item = /** @type {HTMLElement | null} */ (target instanceof Element ? target.closest("[data-found] li") : null);
    const place = /** @type {HTMLElement | null} */ (item?.closest("[data-chat]") ?? null);
    const text = place ? box(place) : null;
    if (item && text) choose(text, item);
  });

  // Unsent words are there again after a reload: sealed as every word is, and gone at the end.
  addEventListener("beforeunload", () => {
    for (const place of columns()) {
      const [form, text] = [/** @type {HTMLFormElement | null} */ (find("[data-say]", place)), box(place)];
      const words = text ? [...going(place), text.value].filter(Boolean).join("\n") : "";
      if (!form || !text || !(words || text.dataset.kept)) continue;
      const fields = new FormData(form);
      fields.set("message", words);
      fields.set("draft", "yes");
      navigator.sendBeacon(form.action, fields);
    }
  });

  /** @param {HTMLElement} place */
  function putIn(place) {
    const answers = /** @type {HTMLSelectElement | null} */ (find("[data-ready]", place));
    const text = box(place);
    if (!answers || !text) return;
    if (answers.value) text.value = [text.value.trimEnd(), answers.value].filter(Boolean).join("\n");
    answers.value = "";
    text.focus();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.matches("[data-in-place]")) return;
    event.preventDefault();
    const place = /** @type {HTMLElement | null} */ (form.closest("[data-chat]"));
    if (place && event.submitter instanceof HTMLButtonElement && event.submitter.name === "put") putIn(place);
    else void send(form, event.submitter);
  });

  /** The chat somebody is in, or else the first. */
  function current() {
    return /** @type {HTMLElement | undefined} */ (document.activeElement?.closest("[data-chat]") ?? columns()[0]);
  }

  /** @type {Record<string, () => void>} */
  const keys = {
    a: () => {
      const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-waiting] li")]);
      const first = all.find((item) => !find("[data-unreached]", item)?.textContent) ?? all[0];
      first?.querySelector("button")?.click();
    },
    n: () => {
      const all = columns();
      const at = all.findIndex((place) => place.contains(document.activeElement)) + 1;
      enter([...all.slice(at), ...all.slice(0, at)].find(waitsForUs));
    },
    r: () => find("[data-ready]", current() ?? document)?.focus(),
    9: () => {
      const steps = find("[data-danger]", current() ?? document);
      if (steps instanceof HTMLDetailsElement) steps.open = true;
      steps?.querySelector("summary")?.focus();
    },
  };
  for (let number = 1; number <= 8; number += 1) keys[number] = () => enter(columns()[number - 1]);

  document.addEventListener("keydown", (event) => {
    if (chooses(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const text = event.target;
      const form = text instanceof HTMLTextAreaElement && text.name === "message" ? text.form : null;
      if (form && !event.repeat) form.requestSubmit();
      return;
    }
    if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.repeat || watched) return;
    // With Option, a Mac's letters are others: there the place of the key counts.
    const key = /^[a-z0-9]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace(/^(Key|Digit)/, "").toLowerCase();
    const step = keys[key];
    if (!step) return;
    event.preventDefault();
    step();
  });

  function beep() {
    if (!audio) return;
    const tone = new OscillatorNode(audio, { frequency: 660 });
    const loudness = new GainNode(audio, { gain: 0.08 });
    loudness.gain.linearRampToValueAtTime(0, audio.currentTime + 0.18);
    tone.connect(loudness).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.2);
  }

  /** That there is something, and never what. @param {"Somebody waits." | "There is a reply."} body */
  function notify(body) {
    if (!sound) return;
    beep();
    if (document.hidden && "Notification" in window && Notification.permission === "granted")
      new Notification("Sidedoor desk", { body, tag: "sidedoor-desk", silent: true });
  }

  const tick = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-sound]"));
  show(tick?.closest("label") ?? null, true);
  if (tick) tick.checked = sound;
  // After a reload a browser lets a page sound only once somebody has pressed something in it: whatever that is, it counts.
  for (const kind of ["pointerdown", "keydown"])
    document.addEventListener(kind, () => {
      if (!sound) return;
      audio ??= new AudioContext();
      void audio.resume();
    });
  find("[data-quiet]")?.addEventListener("click", () => {
    heard = alarm;
    show(find("[data-quiet]"), false, find("#waiting"));
  });
  tick?.addEventListener("change", () => {
    sound = tick.checked;
    localStorage.setItem(SOUND, sound ? "on" : "");
    if (!sound) return;
    audio ??= new AudioContext();
    beep();
    if ("Notification" in window && Notification.permission === "default") void Notification.requestPermission();
  });

  for (const place of columns()) showSeen(place);
  count();
  if (!watched && !board && columns().length === 0) return;
  const clock = "/static/js/desk/tick.js";
  try {
    const worker = new Worker(own ? own.createScriptURL(clock) : clock);
    worker.onmessage = () => void refresh();
    worker.onerror = () => setInterval(refresh, EVERY_MS);
  } catch {
    setInterval(refresh, EVERY_MS);
  }
})();
