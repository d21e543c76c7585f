"""Chats, for advisers: be present, answer whoever has waited longest, have several side by side, leave nothing behind.

Every step is a form that works without scripts. board.js sends the same forms and asks `/chats/now` for what is new.
"""

import logging
import secrets
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session
from flask.typing import ResponseReturnValue

from sidedoor.chat import rules
from sidedoor.chat.model import Adviser, Conversation, Message, NotPossible, StoreDown, Unreadable
from sidedoor.chat.rules import LONGEST_MESSAGE
from sidedoor.chat.store import ChatStore
from sidedoor.desk.access import current_person, only, polled
from sidedoor.desk.chats import practice, statistics, watch
from sidedoor.desk.chats.words import (
    ALARMS,
    COLLEAGUE_HAS_IT,
    ENDS,
    HOURS_OF_A_BLOCK,
    REFUSED,
    UNKNOWN,
    card,
    closed_words,
    emergency_steps,
    lines,
    ready_answers,
)
from sidedoor.desk.current import audit, library, the_desk
from sidedoor.desk.current import chat_now as now
from sidedoor.desk.words import distance_in_words
from sidedoor.web.language import language_name, name_for_staff
from sidedoor.web.numbers import whole_number

blueprint = Blueprint("chats", __name__, url_prefix="/chats")
for part in (watch, practice, statistics):
    blueprint.register_blueprint(part.blueprint)


def is_answered_at_once(path: str) -> bool:
    """Whether boards request this path all the time, or a reader waits for it; such requests have separate threads, so
    that strangers who try to sign in hold nobody up."""
    return path == "/chats/now" or (path.startswith("/chats/") and path.endswith(("/accept", "/say", "/end")))


@dataclass(frozen=True)
class Typed:
    """The words in the boxes of a conversation, and what is wrong with them."""

    number: int = 0
    text: str = ""
    problem: str = ""
    note: str = ""


@blueprint.get("")
@only("adviser", "supervisor")
def everybody() -> ResponseReturnValue:
    """Show who waits, and the adviser's own conversations. Opening this page counts as still being present."""
    return _board(Typed())


@blueprint.get("/now")
@only("adviser", "supervisor")
@polled
def now_() -> ResponseReturnValue:
    """Tell board.js what is new. `after=3:5,7:0` says which messages the page has; `one=3` asks for a single chat;
    `unsent` also asks for the adviser's own unsent words."""
    after, alone = _after(), request.args.get("one", type=whole_number)
    silent = _record_sign_of_life()
    live, present = _see_board()
    me = present.get(current_person().id)
    own = [chat for chat in _own(live) if alone in (None, chat.id)]
    return {
        "clock": _time(now()),
        "silent": _time(silent) if silent else "",
        "alarm": _alarm(live),
        "word": _who_wants_a_word(present),
        "here": me is not None,
        "pause": _time(me.pause_until) if me and me.pause_until and me.pauses(now()) else "",
        "present": _names(present),
        "hours": closed_words(library().site, now()),
        "others": [{"id": adviser.id, "name": adviser.name} for adviser in _others(present)],
        "waiting": _waiting(live),
        "left": _left_chats_html(live),
        "chats": {chat.id: _news_for_page(chat, after, present) for chat in own},
        "gone": _why_gone(set(after) - {chat.id for chat in own}),
    }


@blueprint.get("/here")
@only("adviser", "supervisor")
def here() -> ResponseReturnValue:
    """Show a small page that reloads itself in a separate tab: without scripts, this reports that the desk is open."""
    return render_template("desk/chats/here.html", is_here=current_person().id in _see_board()[1])


@blueprint.post("/present")
@only("adviser")
def present() -> ResponseReturnValue:
    """Be present, or away. The chat is open to readers while somebody is present."""
    person, is_here = current_person(), request.form.get("present") == "yes"
    languages = tuple(language for language in _languages() if language in request.form.getlist("languages"))
    was_here = person.id in _store().present(now())
    with audit().recorded(person.name, "is present" if is_here else "is away", "chat"):
        _store().set_presence(person.id, person.name, is_here, now(), languages)
    if not is_here:
        return _done(_left_behind())
    if not was_here:
        return _done()
    names = ", ".join(map(name_for_staff, languages))
    return _done(f"Readers are told that you write: {names}." if names else "Readers are told no languages of yours.")


@blueprint.post("/pause")
@only("adviser")
def pause() -> ResponseReturnValue:
    """Give the adviser a longer pause after a hard chat and, if they like, tell the others that they want to talk."""
    word = request.form.get("word") == "yes"
    _store().pause(current_person().id, now() + rules.LONG_PAUSE, word)
    return _done("Your colleagues are told that you would like a word." if word else "")


@blueprint.post("/ready")
@only("adviser")
def ready() -> ResponseReturnValue:
    """End the adviser's pause."""
    _store().end_pause(current_person().id)
    return _done()


@blueprint.post("/<int:number>/accept")
@only("adviser")
def accept(number: int) -> ResponseReturnValue:
    """Accept a reader who waits."""
    person = current_person()
    if not _store().get(number, now()):
        return _done(problem=UNKNOWN)
    try:
        _store().accept(number, person.id, person.name, now())
    except NotPossible as refused:
        return _done(problem=REFUSED[refused.why])
    return _done(next_page=_place(number))


@blueprint.get("/<int:number>")
@only("adviser", "supervisor")
def chat_page(number: int) -> ResponseReturnValue:
    """Show a single conversation."""
    return _chat_page(_mine(number), Typed())


@blueprint.post("/<int:number>/say")
@only("adviser", "supervisor")
def say(number: int) -> ResponseReturnValue:
    """Send an answer or, without scripts, put a ready answer into the box. Words that were not sent stay in the box."""
    conversation, text = _mine(number), _field("message")
    if "draft" in request.form:
        if conversation.state != "ended" and len(text) <= LONGEST_MESSAGE:
            _store().keep(number, "answer", text)
        return "", 204
    if "put" in request.form:
        text = "\n".join(part for part in (text.rstrip(), _field("ready")) if part)
        return _typed_again(conversation, Typed(number, text))
    try:
        _store().say(number, "adviser", text, now(), _once(text), current_person().name)
    except NotPossible as refused:
        return _typed_again(conversation, Typed(number, text, REFUSED[refused.why]))
    if conversation.has_answer:
        _store().keep(number, "answer", "")
    return _done(next_page=_place(number))


@blueprint.post("/<int:number>/mark")
@only("adviser", "supervisor")
def mark(number: int) -> ResponseReturnValue:
    """Mark that the reader may be in danger, and keep a short note. Only the desk sees both; they end with the chat."""
    conversation, remark = _mine(number), _field("remark").strip()
    if len(remark) > rules.LONGEST_REMARK:
        return _typed_again(
            conversation, Typed(number, problem=f"The note is longer than {rules.LONGEST_REMARK} characters.")
        )
    _store().mark(number, request.form.get("risk") == "yes")
    _store().keep(number, "remark", remark)
    return _done(next_page=_place(number))


@blueprint.post("/<int:number>/end")
@only("adviser", "supervisor")
def end(number: int) -> ResponseReturnValue:
    """End a conversation, which destroys its words."""
    _mine(number)
    _store().end(number, "adviser", now())
    return _done("It is over, and every word of it is deleted.")


@blueprint.post("/<int:number>/block")
@only("adviser", "supervisor")
def block(number: int) -> ResponseReturnValue:
    """End a conversation, and keep its network from starting another for some hours."""
    conversation, hours = _mine(number), request.form.get("hours", 0, type=whole_number)
    if hours not in HOURS_OF_A_BLOCK:
        return _typed_again(conversation, Typed(number, problem="Choose for how long."))
    blocked = False
    if conversation.state != "ended":
        with audit().recorded(current_person().name, "blocks a network", f"chat {number}", f"{hours} h"):
            blocked = _store().block(number, now() + timedelta(hours=hours), now())
    if not blocked:
        return _done("It is over. The network it came from is not known here, so nothing is blocked.")
    return _done(f"It is over. Its network can start none before {_time(now() + timedelta(hours=hours))}.")


@blueprint.post("/<int:number>/hand-over")
@only("adviser", "supervisor")
def hand_over(number: int) -> ResponseReturnValue:
    """Give a conversation to a colleague who is present, with a note that only they see. The reader is told."""
    conversation, person, words = _mine(number), current_person(), _field("note").strip()
    colleague = _store().present(now()).get(request.form.get("to", 0, type=whole_number))
    if not colleague or colleague.id == person.id:
        return _typed_again(conversation, Typed(number, problem="Choose a colleague who is present.", note=words))
    if len(words) > LONGEST_MESSAGE:
        return _typed_again(conversation, Typed(number, problem="The note is too long.", note=words))
    try:
        if words:
            _store().say(number, "note", words, now(), _once(words), person.name)
        _pass_on(conversation, colleague.id, colleague.name)
    except NotPossible as refused:
        return _typed_again(_mine(number), Typed(number, problem=REFUSED[refused.why], note=words))
    return _done(f"{colleague.name} has it now.")


@blueprint.post("/<int:number>/take-over")
@only("adviser", "supervisor")
def take_over(number: int) -> ResponseReturnValue:
    """Take over from a colleague: a supervisor may at any time, others only once the colleague's desk is silent."""
    person, conversation = current_person(), _store().get(number, now())
    supervises = person.may("supervisor")
    if conversation and not supervises and not rules.left_alone(conversation, now()):
        abort(403)
    if not conversation or conversation.state != "talking" or conversation.adviser in (None, person.id):
        return _done(
            problem="There is no adviser to take it over from.", next_page="/chats/watch" if supervises else "/chats"
        )
    try:
        with audit().recorded(person.name, "takes over a chat", f"chat {number}"):
            _store().sign(person.id, now())
            _pass_on(conversation, person.id, person.name, only_if_left=not supervises)
    except NotPossible as refused:
        return _done(problem=REFUSED[refused.why], next_page="/chats/watch" if supervises else "/chats")
    session["closed"] = [old for old in session.get("closed", []) if old != number]
    return _done(next_page=_place(number))


@blueprint.post("/<int:number>/close")
@only("adviser", "supervisor")
def close(number: int) -> ResponseReturnValue:
    """Hide an ended conversation from the board. The store forgets it a little later."""
    if _mine(number).state == "ended":
        # Drop the numbers of conversations that the store has forgotten.
        live_ids = {chat.id for chat in _store().live(now())}
        session["closed"] = [*(old for old in session.get("closed", []) if old in live_ids and old != number), number]
    return _done()


@blueprint.errorhandler(Unreadable)
def words_are_lost(error: Unreadable) -> ResponseReturnValue:
    """End a conversation whose words cannot be read. The reader's page learns of it at its next request."""
    _end_the_broken(error)
    return _done(problem=ENDS["broken"])


@blueprint.errorhandler(StoreDown)
@blueprint.errorhandler(sqlite3.Error)
def store_is_down(error: Exception) -> ResponseReturnValue:
    """Say that the store is down, without losing what was typed."""
    logging.getLogger("sidedoor.chat").error("The chat's store cannot be used: %s", type(error).__name__)
    if not _wants_page():
        return {"problem": "The chat does not work just now. What you wrote was not sent; it is still here."}, 503
    return render_template("desk/chats/down.html", text=_field("message") or _field("note")), 503


def _store() -> ChatStore:
    return the_desk().chats


def _mine(number: int) -> Conversation:
    """Return a conversation of this adviser. Aborts with 403 if it is a colleague's, so that nobody reads along unseen;
    with 404, giving back what was typed, if it is no longer known."""
    conversation = _store().get(number, now())
    if not conversation:
        typed = _field("message") or _field("note")
        as_json = ({"said": "", "problem": UNKNOWN}, 404)
        page = render_template("desk/chats/down.html", text=typed, why=UNKNOWN) if _wants_page() else ""
        abort(current_app.make_response((page, 404) if page else as_json))
    if conversation.adviser != current_person().id:
        abort(403)
    return conversation


def _pass_on(conversation: Conversation, to: int, name: str, only_if_left: bool = False) -> None:
    """Raises NotPossible."""
    assert conversation.adviser is not None
    _store().pass_on(conversation.id, conversation.adviser, to, name, now(), only_if_left)
    with suppress(NotPossible):  # it may have ended just now
        _store().say(conversation.id, "handed", "", now(), author=name)


def _end_the_broken(error: Unreadable) -> None:
    logging.getLogger("sidedoor.chat").error("The words of a chat could not be read, so it was ended.")
    _store().end(error.conversation, "broken", now())


def _readable(chat: Conversation, after: int = 0) -> tuple[Conversation, list[Message]]:
    """Return a chat and its messages. If they cannot be read, end it, so that the other chats on the board go on."""
    try:
        return chat, _store().messages(chat.id, after)
    except Unreadable as error:
        _end_the_broken(error)
        return _store().get(chat.id, now()) or chat, []


def _own(live: list[Conversation]) -> list[Conversation]:
    closed, person = session.get("closed", []), current_person()
    return [chat for chat in live if chat.adviser == person.id and chat.id not in closed]


def _waiting(live: list[Conversation]) -> list[dict[str, Any]]:
    """The readers who wait, the longest wait first, marked if out of reach or practice. People cannot answer their own
    practice, so it is left out."""
    person = current_person()
    return [
        {"id": chat.id, "since": _waiting_words(chat), "reach": _out_of_reach_words(chat)}
        for chat in live
        if chat.state == "waiting" and chat.player != person.id
    ]


def _waiting_words(chat: Conversation) -> str:
    practice, language = "Practice. " if chat.player else "", _language(chat)
    return f"{practice}{_since(chat.started)}{f', in {language}' if language else ''}"


def _language(chat: Conversation) -> str:
    """The language of the page where a chat was started; empty if it is the site's own."""
    site = library().site
    return name_for_staff(chat.language) if chat.language and chat.language != site.language else ""


def _languages() -> tuple[str, ...]:
    """The languages that an adviser can tick as ones they write."""
    site = library().site
    return (site.chat.languages if site.chat else ()) or tuple(site.languages)


def _alarm(live: list[Conversation]) -> list[str]:
    """What nobody at this board may miss, in sentences that reveal nothing about any person."""
    person, open_ = current_person(), [chat for chat in live if chat.state != "ended" and not chat.player]
    own = [chat for chat in open_ if chat.adviser == person.id]
    counts = {
        "waiting": sum(chat.state == "waiting" and not rules.out_of_reach(chat, now()) for chat in open_),
        "unanswered": sum(rules.unanswered(chat, now()) for chat in own),
        "out of reach": sum(rules.out_of_reach(chat, now()) for chat in own),
        "left": sum(rules.left_alone(chat, now()) and chat.adviser != person.id for chat in open_),
    }
    return [ALARMS[alarm][number != 1].format(number) for alarm, number in counts.items() if number]


def _who_wants_a_word(present: Mapping[int, Adviser]) -> str:
    names = [adviser.name for adviser in _others(present) if adviser.wants_a_word]
    return f"{', '.join(names)} would like a word with a colleague." if names else ""


def _out_of_reach_words(chat: Conversation) -> str:
    return f"Out of reach since {_time(chat.seen)}." if rules.out_of_reach(chat, now()) else ""


def _left_chats_html(live: list[Conversation]) -> str:
    """The part of the board with the chats of colleagues whose desks are silent."""
    person = current_person()
    left = [
        (chat, _time(chat.adviser_seen) if chat.adviser_seen else "")
        for chat in live
        if rules.left_alone(chat, now()) and chat.adviser != person.id
    ]
    return render_template("desk/chats/left.html", left=left) if left else ""


def _why_gone(numbers: set[int]) -> dict[int, str]:
    """Why chats are gone that a page still shows as its own, by number."""
    closed, reasons = session.get("closed", []), {}
    for number in numbers.difference(closed):
        chat = _store().get(number, now())
        if not chat or chat.adviser is None:
            reasons[number] = UNKNOWN
        elif chat.adviser != current_person().id:
            reasons[number] = COLLEAGUE_HAS_IT
    return reasons


def _record_sign_of_life() -> datetime | None:
    """Record that this desk is open. Return since when it was silent, if readers were told so (a laptop slept, say)."""
    person = current_person()
    if not the_desk().signs.is_due(person.id, now()):
        return None
    last = _store().sign(person.id, now())
    return last if last and rules.desk_is_gone(last, now()) else None


def _see_board() -> tuple[list[Conversation], Mapping[int, Adviser]]:
    """Return what this board shows, and who is present, by id. This also records that the desk is open."""
    _record_sign_of_life()
    return _store().board(current_person().id, now())


def _others(present: Mapping[int, Adviser]) -> list[Adviser]:
    return [adviser for adviser in present.values() if adviser.id != current_person().id]


def _left_behind() -> str:
    """What somebody who goes away should know of those whom they leave: their own chats, and who waits for nobody."""
    person = current_person()
    live, present = _store().board(person.id, now())
    own = sum(chat.state == "talking" and chat.adviser == person.id for chat in live)
    waiting = sum(chat.state == "waiting" and not chat.player for chat in live)
    words = []
    if own:
        words.append(
            f"You still have {own} chat{'s' if own > 1 else ''}: hand over or end each before you close this page."
        )
    if waiting and not present:
        who = "Somebody waits and is" if waiting == 1 else f"{waiting} people wait and are"
        words.append(f"{who} told that nobody can answer just now: no colleague is present.")
    return " ".join(words)


def _names(present: Mapping[int, Adviser]) -> str:
    return ", ".join(adviser.name for adviser in present.values()) or "nobody; the chat is closed to readers"


def _time(moment: datetime) -> str:
    return moment.astimezone(library().site.zone).strftime("%H:%M")


def _since(moment: datetime) -> str:
    return f"Since {_time(moment)}, {distance_in_words(moment, now())}"


def _after() -> dict[int, int]:
    after = {}
    for pair in request.args.get("after", "")[:2000].split(","):
        number, _, newest = pair.partition(":")
        with suppress(ValueError):
            after[whole_number(number)] = whole_number(newest)
    return after


def _news_for_page(chat: Conversation, after: dict[int, int], present: Mapping[int, Adviser]) -> dict[str, Any]:
    if chat.id not in after:
        return {"html": _column(chat, Typed(), present, level=2)}
    # Most polls bring nothing new, so then the words are not even read.
    chat, newer = _readable(chat, after[chat.id]) if chat.newest > after[chat.id] else (chat, [])
    return {
        "ended": ENDS.get(chat.reason or "", ""),
        "out_of_reach": _time(chat.seen) if rules.out_of_reach(chat, now()) else "",
        "there": rules.asks_whether_there(chat, now()),
        "watcher": chat.watcher,
        "unanswered": _unanswered(chat),
        "shown": chat.shown,
        "risk": chat.risk,
        "unsent": _store().kept(chat.id, "answer") if chat.has_answer and "unsent" in request.args else "",
        "messages": [
            {"number": line.number, "who": line.who, "name": line.name, "text": line.text}
            for line in lines(newer, current_person().name)
        ],
    }


def _board(typed: Typed) -> str:
    live, present = _see_board()
    me = present.get(current_person().id)
    return render_template(
        "desk/chats/board.html",
        waiting=_waiting(live),
        left=_left_chats_html(live),
        columns=[_column(chat, typed if chat.id == typed.number else Typed(), present, level=2) for chat in _own(live)],
        present=_names(present),
        hours=closed_words(library().site, now()),
        is_here=me is not None,
        pause=_time(me.pause_until) if me and me.pause_until and me.pauses(now()) else "",
        offered=library().site.chat is not None,
        alarm=_alarm(live),
        word=_who_wants_a_word(present),
        languages=[
            (language, language_name(language), bool(me and language in me.languages)) for language in _languages()
        ],
        played=[chat for chat in live if chat.player == current_person().id and chat.state != "ended"],
    )


def _unanswered(chat: Conversation) -> str:
    return _time(chat.unanswered_since) if rules.unanswered(chat, now()) and chat.unanswered_since else ""


def _chat_page(conversation: Conversation, typed: Typed) -> str:
    column = _column(conversation, typed, _see_board()[1], level=1)
    return render_template("desk/chats/chat.html", chat=conversation, column=column)


def _column(chat: Conversation, typed: Typed, present: Mapping[int, Adviser], level: int) -> str:
    chat, messages = _readable(chat)
    answer = _store().kept(chat.id, "answer") if chat.has_answer and not typed.text else ""
    return render_template(
        "desk/chats/column.html",
        chat=chat,
        level=level,
        lines=lines(messages, current_person().name),
        ended=ENDS.get(chat.reason or "", ""),
        out_of_reach=_time(chat.seen) if rules.out_of_reach(chat, now()) else "",
        began=_time(chat.started),
        there=rules.asks_whether_there(chat, now()),
        typed=replace(typed, text=answer) if answer else typed,
        unanswered=_unanswered(chat),
        language=_language(chat),
        spoken=chat.language or library().site.language,
        remark=_store().kept(chat.id, "remark") if chat.has_remark else "",
        once=secrets.token_urlsafe(9),
        others=_others(present),
        hours=HOURS_OF_A_BLOCK,
        ready=ready_answers(library().site, chat.language),
        emergency_steps=emergency_steps(library().site),
        help_pages=library().public(now()).help,
        cards=[
            (contact.name, card(contact)) for contact in library().contacts.values() if contact.phone or contact.text
        ],
    )


def _once(text: str) -> str:
    return rules.once_of(request.form.get("once", ""), text)


def _field(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n")


def _wants_page() -> bool:
    return "application/json" not in request.headers.get("Accept", "")


def _place(number: int) -> str:
    """The address of the page where the button of this conversation was pressed."""
    return f"/chats#chat-{number}" if request.form.get("from") == "board" else f"/chats/{number}"


def _done(message: str = "", problem: str = "", next_page: str = "/chats") -> ResponseReturnValue:
    if not _wants_page():
        return {"said": message, "problem": problem}, 422 if problem else 200
    if message or problem:
        flash(message or problem, "problem" if problem else "message")
    return redirect(next_page, 303)


def _typed_again(conversation: Conversation, typed: Typed) -> ResponseReturnValue:
    """Show the page again with what was typed."""
    if not _wants_page():
        return {"said": "", "problem": typed.problem}, 422
    page = _board(typed) if request.form.get("from") == "board" else _chat_page(conversation, typed)
    return page, 422 if typed.problem else 200
