"""What chat.js asks all the time: what is new in its conversation. The answer may be held until something is."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from flask import request

from sidedoor.chat import rules
from sidedoor.chat.model import Conversation
from sidedoor.public.chat.messages import ShownMessage, for_reader, is_new
from sidedoor.public.chat.words import bar_of, standing_of, status_of
from sidedoor.public.current import chat_now, chats, the_site
from sidedoor.web.current import current_edition
from sidedoor.web.held import HELD_KEY, HOLD_KEY, LONGEST_SECONDS, Hold
from sidedoor.web.language import translate as _
from sidedoor.web.numbers import whole_number


def answer_to(conversation: Conversation) -> dict[str, Any]:
    """What came after the message numbered `after` in the question, and where this conversation, which goes on,
    stands."""
    after = request.args.get("after", 0, type=whole_number)
    shown = max(conversation.shown, min(request.args.get("shown", 0, type=whole_number), conversation.newest))
    # Most questions bring nothing new, so the words are not even read.
    since = min(after, conversation.shown)
    newer = for_reader(conversation, since) if conversation.newest > since else []
    # Advisers want to know whether their messages were shown. Readers' own messages need no such note.
    if any(message.number <= shown and is_new(message, conversation.shown) for message in newer):
        chats().show(conversation.id, shown)
    standing = standing_of(conversation)
    status = status_of(conversation, standing)
    if standing == "with you" and request.args.get("was") == "adviser gone":
        status = _("The adviser is back.")
    answer: dict[str, Any] = {
        "state": conversation.state,
        "standing": standing,
        "status": status,
        **_what_is_new(conversation, standing, status, newer, shown),
        "numbers": rules.needs_numbers(standing),
        "there": rules.asks_whether_there(conversation, chat_now()),
        "newest": conversation.newest,
        "now": chat_now().timestamp(),
        "messages": [
            {
                "number": message.number,
                "who": message.who,
                "text": "".join(part.text for part in message.parts),
                "parts": [[part.text, part.href] for part in message.parts] if message.named else None,
                "at": message.at.timestamp(),
                "clock": message.clock,
            }
            for message in newer
            if message.number > after
        ],
    }
    if "draft" in request.args and conversation.has_draft:
        answer["draft"] = chats().kept(conversation.id, "draft")
    answer["told"] = _digest_of(answer)
    digests = {answer["told"]}
    if shown > conversation.shown:  # a page need not be told of what it has just shown
        digests.add(_digest_of({**answer, **_what_is_new(conversation, standing, status, newer, conversation.shown)}))
    knows_all = request.args.get("told") in digests and not answer["messages"]
    answer["held"] = _hold(conversation, knows_all, _next_time(conversation, standing, answer, newer))
    return answer


def _what_is_new(
    conversation: Conversation, standing: rules.Standing, status: str, newer: list[ShownMessage], shown: int
) -> dict[str, Any]:
    first = next((message.number for message in newer if is_new(message, shown) and message.who == "adviser"), 0)
    return {"bar": bar_of(conversation, standing, status, newer, shown), "first": first}


def _digest_of(answer: dict[str, Any]) -> str:
    """A digest of what a page is told. The page sends it with its next question, which waits only if nothing has
    changed since."""
    facts = [answer[name] for name in ("state", "status", "bar", "first", "numbers", "there", "newest")]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def _hold(conversation: Conversation, knows_all: bool, again: Callable[[str], bytes | None] | None) -> bool:
    """Let the question of a page that knows everything wait for news, if the server can do that (see web/held.py).
    Returns whether it waits, or has waited."""
    holds: list[Hold] | None = request.environ.get(HOLD_KEY)
    did = HELD_KEY in request.environ
    if holds is None:
        return did
    known_news = rules.news(
        conversation.newest, conversation.state, conversation.adviser, conversation.adviser_seen, chat_now()
    )
    wait = partial(
        the_site().bell.wait, conversation.id, known_news, rules.held_for(conversation.state).total_seconds()
    )
    waits = knows_all and not did
    holds.append(Hold(wait, waits, again))
    return waits or did


def _next_time(
    conversation: Conversation, standing: rules.Standing, answer: dict[str, Any], newer: list[ShownMessage]
) -> Callable[[str], bytes | None] | None:
    """A function that answers the page's next question from memory while there is no news. Its own result is None
    unless that question says that the page has all of this `answer` and has shown it. Returns None instead of a
    function if more may change than the bell hears of."""
    if standing != "with you" or conversation.watcher or answer["there"] or "draft" in answer:
        return None
    site = the_site()
    edition, newest, settled = current_edition(), conversation.newest, {**answer, "messages": [], "held": True}
    settled |= _what_is_new(conversation, standing, status_of(conversation, standing), newer, newest)
    settled |= {"status": status_of(conversation, standing)}
    settled["told"] = _digest_of(settled)
    last_of_adviser = max(
        (message.number for message in newer if is_new(message, conversation.shown)), default=conversation.shown
    )
    knows = {answer["told"], settled["told"]}
    has_shown = {str(number) for number in range(last_of_adviser, newest + 1)}
    until = min(
        chat_now() + timedelta(seconds=LONGEST_SECONDS), rules.question_at(conversation.state, conversation.quiet_since)
    )

    def again(query: str) -> bytes | None:
        arguments, now = dict(parse_qsl(query, keep_blank_values=True)), site.chat_clock()
        has_all = (
            arguments.get("told") in knows
            and arguments.get("after") == str(newest)
            and arguments.get("shown") in has_shown
        )
        asks_for_more = arguments.get("was") == "adviser gone" or "draft" in arguments
        if not has_all or asks_for_more or now >= until or not site.bell.hears or not site.edition.is_current(edition):
            return None
        site.bell.saw(conversation.id, last_of_adviser)
        return json.dumps({**settled, "now": now.timestamp()}, separators=(",", ":")).encode()

    return again
