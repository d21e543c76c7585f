// @ts-check
/**
 * Makes the adviser's chats quicker: one request every two seconds fetches what is new in all of them, and forms are sent in
 * place, so that a form in one chat loses nothing typed in another. Without this script the pages work by loading them again.
 *
 * Messages have numbers, and the request says which are here, so a lost connection neither loses nor doubles any.
 * The focused element is never replaced. No word of a chat gets into the title, a notification or the browser's storage.
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

  const CUT_OFF = "Your desk is cut off.";
  /** @typedef {"Somebody waits." | "There is a reply." | typeof CUT_OFF} Notice */

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
  /** @type {Set<string>} chats that were closed on this page: an answer under way may still contain them */
  const closed = new Set();
  let missed = 0;
  /** The desk's clock at its last answer, because this machine's clock may be wrong. */
  let answeredAt = "";
  /** Whether the adviser said on this page that they are away. */
  let saidAway = false;
  /** How often somebody typed on this page. */
  let typed = 0;
  /** @type {Promise<void> | null} */
  let asking = null;
  let again = false;
  /** @typedef {{ form: HTMLFormElement, fields: FormData }} Press */
  /** @type {Map<Element, Press[]>} the forms sent from a chat, or from outside of one, in order; the first is under way */
  const lines = new Map();
  /** @type {WeakMap<HTMLFormElement, { words: string, once: string }>} a message that may have arrived although its words are back in the box */
  const maybeSent = new WeakMap();
  /** Where the browser keeps whether somebody wants sound: it may, because the choice says nothing about anybody. */
  const SOUND = "chats-sound";
  let sound = localStorage.getItem(SOUND) === "on";
  /** How often an alarm sounds until somebody acknowledges it. */
  const ALARM_MS = 10_000;
  let alarm = "";
  let acknowledged = "";
  let rangAt = 0;
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

  /** Show or hide; a focus inside moves to `instead`. @param {HTMLElement | null} element @param {boolean} shown @param {HTMLElement | null} instead */
  function show(element, shown, instead = null) {
    if (!element || element.hidden === !shown) return;
    const hadFocus = element.contains(document.activeElement);
    element.hidden = !shown;
    if (!shown && hadFocus) instead?.focus();
  }

  /** @param {HTMLElement} element @param {HTMLElement | null} instead */
  function remove(element, instead) {
    const hadFocus = element.contains(document.activeElement);
    element.remove();
    if (hadFocus) instead?.focus();
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
      // A number keeps its order in text that runs from right to left (web/language.py).
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

  /** Show that a chat is over, and remove its words from the page. @param {HTMLElement} place @param {string} why */
  function over(place, why) {
    const open = find("[data-open]", place);
    const status = find("[data-chat-ended]", place);
    lines.get(place)?.splice(1);
    write(status, why);
    for (const name of ["[data-reach]", "[data-there]", "[data-watcher]"]) write(find(name, place), "");
    show(open, false, status);
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

  /** Say whether the adviser's last message has been on the reader's screen, as the reader's page reports. @param {HTMLElement} place */
  function showSeen(place) {
    const mine = /** @type {HTMLElement | undefined} */ ([...place.querySelectorAll("[data-talk] .adviser")].pop());
    const seen = find("[data-shown]", place);
    write(seen, mine && Number(seen?.dataset.shown) >= Number(mine.dataset.number) ? "Your last words have been on their screen." : "");
  }

  /** @param {string} html */
  function parsed(html) {
    const template = document.createElement("template");
    // This HTML comes from the desk, which has escaped the words in it.
    template.innerHTML = own ? own.createHTML(html) : html;
    return template.content;
  }

  /** Show the chats of colleagues whose desks are gone. @param {string} html */
  function renewLeft(html) {
    const place = find("[data-left]");
    // Each answer contains new forms with another token, so compare which chats they are for.
    const names = [...parsed(html).querySelectorAll("li > span")].map((name) => name.textContent).join();
    if (!place || place.dataset.names === names) return;
    place.dataset.names = names;
    const hadFocus = place.contains(document.activeElement);
    place.replaceChildren(parsed(html));
    if (hadFocus) (find("button", place) ?? find("#waiting"))?.focus();
    if (names) notify("Somebody waits.");
  }

  /** @param {Record<string, Chat>} chats @param {Record<string, string>} gone */
  function renewColumns(chats, gone) {
    for (const [id, chat] of Object.entries(chats)) {
      const place = column(id);
      if (place && !chat.html) renew(place, chat);
      else if (!place && chat.html && board && !closed.has(id)) {
        board.append(parsed(chat.html));
        notify("Somebody waits.");
      }
    }
    for (const place of columns()) {
      if (place.dataset.chat && place.dataset.chat in chats) continue;
      const why = gone[place.dataset.chat ?? ""];
      if (find("[data-over]", place)?.hidden) {
        if (!why) continue; // the chat appeared while the request was under way
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
    waiting.forEach((reader, index) => {
      let item = here.get(String(reader.id));
      here.delete(String(reader.id));
      if (!item) {
        item = waiter(reader.id);
        queue.append(item);
        notify("Somebody waits.");
      }
      write(find("span", item), reader.since);
      write(find("[data-unreached]", item), reader.reach);
      write(find("button .visually-hidden", item), ` number ${index + 1}`);
    });
    for (const item of here.values()) remove(item, find("button", queue) ?? find("#waiting"));
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
      // Not while the list has the focus: an option that somebody is about to choose must not move.
      if (!list || list.dataset.names === names || list === document.activeElement) continue;
      const chosen = list.value;
      list.dataset.names = names;
      list.replaceChildren(...others.map((colleague) => new Option(colleague.name, String(colleague.id), false, String(colleague.id) === chosen)));
      show(find("[data-no-others]", place), others.length === 0);
      show(find("[data-others]", place), others.length > 0, find("[data-others]", place)?.closest("details")?.querySelector("summary") ?? null);
    }
  }

  /** @param {{ here: boolean, pause: string, present: string, hours: string }} latest @returns {string[]} what nobody may miss: that readers find no adviser here */
  function renewPresence(latest) {
    const [here, away] = [find("[data-here]"), find("[data-away]")];
    if (here && !here.hidden && !latest.here && !saidAway) awayAlarm = ["You count as away now. If you are here, press “I am present”."];
    if (latest.here || saidAway) awayAlarm = [];
    if (latest.here) saidAway = false;
    // Show the new part before hiding the old one, so that the focus has somewhere to go.
    for (const [part, shown, other] of /** @type {[HTMLElement | null, boolean, HTMLElement | null][]} */ (
      latest.here ? [[here, true, null], [away, false, here]] : [[away, true, null], [here, false, away]]
    )) show(part, shown, other?.querySelector("button") ?? null);
    write(find("[data-pause]"), latest.pause);
    for (const form of document.querySelectorAll("[data-pauses]"))
      show(/** @type {HTMLElement} */ (form), latest.pause !== "", find("[data-here] button"));
    write(find("[data-present]"), latest.present);
    write(find("[data-hours]"), latest.hours);
    return awayAlarm;
  }

  /**
   * Show what nobody may miss, and sound again and again until somebody acknowledges it or it is gone; in a hidden tab too,
   * whose clock runs in a worker. A new alarm sounds even if the last one was acknowledged. @param {string[]} alarms
   * @param {Notice} notice
   */
  function ring(alarms, notice = "Somebody waits.") {
    alarm = alarms.join(" ");
    write(find("[data-alarm]"), alarm);
    if (alarm === "") acknowledged = "";
    const rings = alarm !== "" && alarm !== acknowledged;
    show(find("[data-quiet]"), rings && sound, find("#waiting"));
    if (!rings || Date.now() - rangAt < ALARM_MS) return;
    rangAt = Date.now();
    notify(notice);
  }

  function count() {
    const many = document.querySelectorAll("[data-waiting] > li").length + columns().filter(waitsForUs).length;
    const mark = alarm ? "! " : "";
    document.title = many || mark ? `${mark}(${many}) ${title}` : title; // a number, and no words of a chat
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
  let awayAlarm = [];

  async function look() {
    if (watched) {
      const latest = await ask(`${watched.dataset.watch}?after=${newest(watched)}`);
      add(watched, latest.messages);
      if (!latest.reads && !find("[data-open]", watched)?.hidden) {
        over(watched, latest.over ? "It is over." : "");
        show(find("[data-lapsed]", watched), !latest.over);
      }
      return;
    }
    const [first] = columns();
    const after = columns().map((place) => `${place.dataset.chat}:${newest(place)}`).join(",");
    // At a reload, unsent words may reach the desk only after it has made the new page.
    const unsent = asksForUnsent ? "&unsent=" : "";
    const latest = await ask(`/chats/now?after=${after}${board || !first ? "" : `&one=${first.dataset.chat}`}${unsent}`);
    if (unsent) asksForUnsent = false;
    answeredAt = latest.clock;
    // After a sleep or a lost network: tell the adviser, too, what readers and colleagues were told meanwhile.
    const consequence = "Readers were told that your connection was lost, and a colleague may have taken over.";
    if (latest.silent) write(find("[data-said]"), `This desk gave no sign from ${latest.silent} to ${answeredAt}. ${consequence}`);
    renewColumns(latest.chats, latest.gone);
    for (const place of columns()) {
      const text = box(place);
      const words = latest.chats[String(place.dataset.chat)]?.unsent;
      if (words && text && !text.value && !lines.has(place)) text.value = words;
    }
    renewColleagues(latest.others);
    if (board) {
      renewQueue(latest.waiting);
      const away = renewPresence(latest);
      renewLeft(latest.left);
      write(find("[data-word]"), latest.word);
      ring([...away, ...latest.alarm]);
    }
    count();
  }

  /** Ask what is new. A call during a request waits for the next request, whose answer includes what the caller changed. */
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
        const isSignedOut = error instanceof Error && error.message === "signed out";
        if (missed >= MISSED_BEFORE_SAID || isSignedOut) {
          const reason = isSignedOut ? "You are signed out. Sign in in another tab." : `The desk cannot be reached${answeredAt && ` since ${answeredAt}`}.`;
          write(find("[data-lost-touch]"), `${reason} What you have typed stays here.`);
          // Somebody who is away need not hear it: the tab may stay open all night.
          if (board && find("[data-here]:not([hidden])")) ring([CUT_OFF], CUT_OFF);
          count();
        }
      }
    }
    asking = null;
  }

  /** @param {Element} place @returns {string[]} messages of a chat that have left their box and that the desk has not confirmed */
  const going = (place) => (lines.get(place) ?? []).filter(says).map(({ fields }) => String(fields.get("message")));

  /** @param {HTMLElement} place */
  const showGoing = (place) => write(find("[data-going]", place), going(place).join("\n"));

  /** @param {Press} press */
  const says = ({ form }) => form.matches("[data-say]");

  /** What pressing a button sends; the words leave their box. @param {HTMLFormElement} form @param {HTMLElement | null} submitter @returns {Press[]} */
  function pressed(form, submitter) {
    const place = /** @type {HTMLElement | null} */ (form.closest("[data-chat]"));
    const text = place && form.matches("[data-say]") ? box(place) : null;
    if (!text) return [{ form, fields: new FormData(form, submitter) }];
    const triedMessage = maybeSent.get(form);
    // If the words of a message that may have arrived were changed, send them as a new one; words added below it follow it.
    const again = triedMessage && (text.value === triedMessage.words || text.value.startsWith(`${triedMessage.words}\n`)) ? triedMessage : null;
    const rest = again ? text.value.slice(again.words.length).trimStart() : text.value;
    const parts = again ? [again] : [];
    // Sending an empty box shows a problem, unless somebody only pressed twice in haste.
    if (rest.trim() || (!again && !lines.has(/** @type {HTMLElement} */ (place)))) parts.push({ words: rest, once: crypto.randomUUID() });
    maybeSent.delete(form);
    text.value = "";
    return parts.map((part) => {
      const fields = new FormData(form, submitter);
      fields.set("message", part.words);
      fields.set("once", part.once);
      return { form, fields };
    });
  }

  /** @param {Press} press @param {Press} other whether it repeats the same step */
  const isSame = (press, other) => press.form === other.form && !says(press) && String([...press.fields]) === String([...other.fields]);

  /** Send a form in place, after those sent before it in the same chat. @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
  async function send(form, submitter) {
    const place = /** @type {HTMLElement | null} */ (form.closest("[data-chat]"));
    const presses = pressed(form, submitter);
    const line = lines.get(place ?? form);
    if (line) line.push(...presses.filter((press) => !line.some((other) => isSame(press, other))));
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
    let result = { said: "", problem: "" };
    const goesOnElsewhere = fromNow();
    saidAway ||= fields.get("present") === "no";
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: fields,
        headers: { Accept: "application/json" },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (!answer.headers.get("Content-Type")?.startsWith("application/json")) throw new Error(answer.statusText);
      const json = await answer.json();
      result = json;
      // After signing in again in another tab, the forms of this page need the token of the new session.
      if (json.csrf_token) for (const field of document.querySelectorAll("input[name=csrf_token]")) /** @type {HTMLInputElement} */ (field).value = json.csrf_token;
    } catch {
      result.problem = "That did not get through. What you typed is still here; try again.";
      if (says({ form, fields })) maybeSent.set(form, { words: String(fields.get("message")), once: String(fields.get("once")) });
    }
    const [, id, step] = /\/chats\/(\d+)\/([a-z-]+)$/.exec(form.action) ?? [];
    // This page may close every chat that it shows as over. The desk refuses for one that is a colleague's now.
    if (step === "close") result.problem = "";
    const problem = place && form.isConnected ? find("[data-problem]", place) : null;
    const general = find("[data-said]");
    write(problem, result.problem);
    write(general, problem ? result.said : result.problem || result.said);
    general?.classList.toggle("problem", !problem && result.problem !== "");
    if (result.problem) return false;
    if (place && id && (step === "close" || step === "hand-over")) {
      closed.add(id);
      remove(place, find("#yours"));
    }
    const takes = step === "accept" || step === "take-over";
    if (takes && id) closed.delete(id);
    void refresh().then(() => enter(takes && id && !goesOnElsewhere() ? column(id) : null));
    return true;
  }

  /**
   * @returns {() => boolean} whether, since now, somebody has typed or gone to another field: then a chat that appears must
   * not take the focus, because the rest of a sentence would go to the wrong reader
   */
  function fromNow() {
    const [before, focus] = [typed, document.activeElement];
    const isField = () => document.activeElement?.matches("input, select, textarea");
    return () => typed !== before || (document.activeElement !== focus && Boolean(isField()));
  }

  /** @param {HTMLElement | null | undefined} place */
  function enter(place) {
    if (!place) return;
    (box(place) ?? find("h2, h1", place))?.focus();
    place.scrollIntoView({ block: "nearest" });
  }

  /** The word with a slash before it that ends at the caret. */
  const SLASH = /(?:^|\s)(\/\S*)$/;
  const MOST_CHOICES = 8;

  /** @param {HTMLTextAreaElement} text Offer the ready answers, pages and contacts that match the word after a slash. */
  function offer(text) {
    const place = /** @type {HTMLElement | null} */ (text.closest("[data-chat]"));
    const choices = place ? find("[data-found]", place) : null;
    const typed = SLASH.exec(text.value.slice(0, text.selectionStart))?.[1].toLowerCase();
    const options = place?.querySelectorAll("[data-ready] option") ?? [];
    if (!choices) return;
    const word = typed?.slice(1) ?? "";
    const all = /** @type {HTMLOptionElement[]} */ ([...options]).filter(({ value }) => value);
    const byShortcut = all.filter((option) => option.dataset.shortcut?.toLowerCase().startsWith(typed ?? " "));
    const byLabel = word ? all.filter((option) => !byShortcut.includes(option) && option.label.toLowerCase().includes(word)) : [];
    const fits = typed === undefined ? [] : [...byShortcut, ...byLabel].slice(0, MOST_CHOICES);
    choices.replaceChildren(...fits.map((option, at) => choice(option, `${choices.id}-${at}`, at === 0)));
    choices.role = "listbox";
    choices.ariaLabel = "Ready answers, pages and contacts";
    show(choices, fits.length > 0);
    text.setAttribute("aria-controls", choices.id);
    if (fits.length) text.setAttribute("aria-activedescendant", `${choices.id}-0`);
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

  /** @param {HTMLTextAreaElement} text @param {HTMLElement} item Replace the word after the slash with a choice. */
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
    const choices = place ? find("[data-found]", place) : null;
    if (!(text instanceof HTMLTextAreaElement) || !choices || choices.hidden || event.ctrlKey || event.metaKey) return false;
    const items = /** @type {HTMLElement[]} */ ([...choices.children]);
    const at = items.findIndex((item) => item.ariaSelected === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      items[at].ariaSelected = "false";
      const next = items[(at + step + items.length) % items.length];
      next.ariaSelected = "true";
      text.setAttribute("aria-activedescendant", next.id);
      next.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" || event.key === "Tab") choose(text, items[at]);
    else if (event.key === "Escape") show(choices, false);
    else return false;
    event.preventDefault();
    return true;
  }

  document.addEventListener("input", ({ target }) => {
    typed += 1;
    if (target instanceof HTMLTextAreaElement && target.name === "message" && target.closest("[data-chat]")) offer(target);
  });
  document.addEventListener("click", ({ target }) => {
    const item = /** @type {HTMLElement | null} */ (target instanceof Element ? target.closest("[data-found] li") : null);
    const place = /** @type {HTMLElement | null} */ (item?.closest("[data-chat]") ?? null);
    const text = place ? box(place) : null;
    if (item && text) choose(text, item);
  });

  // Unsent words survive a reload: the desk keeps them sealed, like every word of a chat, until its end.
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

  // A mark or a note counts at once: a laptop may die before somebody presses Note.
  document.addEventListener("change", ({ target }) => {
    const form = target instanceof HTMLInputElement ? target.form : null;
    if (form?.matches("[data-in-place][action$='/mark']")) form.requestSubmit();
  });

  /** The chat that has the focus, or else the first one. */
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
    // On a Mac, Option changes the letter, so there the position of the key counts.
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

  /** Say that there is something new, and never what it is. @param {Notice} body */
  function notify(body) {
    if (!sound) return;
    beep();
    if (document.hidden && "Notification" in window && Notification.permission === "granted")
      new Notification("Sidedoor desk", { body, tag: "sidedoor-desk", silent: true });
  }

  const tick = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-sound]"));
  show(tick?.closest("label") ?? null, true);
  if (tick) tick.checked = sound;
  // After a reload, browsers let a page sound only after a press in it; any press counts.
  for (const kind of ["pointerdown", "keydown"])
    document.addEventListener(kind, () => {
      if (!sound) return;
      audio ??= new AudioContext();
      void audio.resume();
    });
  find("[data-quiet]")?.addEventListener("click", () => {
    acknowledged = alarm;
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
  const clock = "/static/js/desk/chats/tick.js";
  try {
    const worker = new Worker(own ? own.createScriptURL(clock) : clock);
    worker.onmessage = () => void refresh();
    worker.onerror = () => setInterval(refresh, EVERY_MS);
  } catch {
    setInterval(refresh, EVERY_MS);
  }
})();
