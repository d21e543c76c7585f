"""All rules of a conversation: its limits, who is told what and when, when it ends, what one network may do.

Pure functions of facts and a time (aware). The stores fetch the facts, ask here inside their transaction, and write.
"""

import hashlib
import secrets
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

from sidedoor.chat.model import Conversation, How, NotPossible, State, Who, whole_minutes

LONGEST_MESSAGE = 10_000
"""No box has this as its `maxlength`: a browser would cut off, without a word, what somebody pastes."""
MOST_MESSAGES_A_MINUTE, LATELY = 20, timedelta(minutes=1)
"""From each side of a conversation, within that time."""
MOST_FROM_ONE_NETWORK = 6
"""How many conversations of one network may run at once, unless site.toml says otherwise."""
STARTS_TO_EACH_PLACE, STARTS_WITHIN = 10, timedelta(hours=1)
"""A network may start ten times as many within an hour: ended conversations free their places, but a program that
starts and ends them all day is stopped."""
START_AGAIN_WITHIN = timedelta(minutes=1)
"""A Start that comes again within this time is a double click or a lost answer, and gets the same conversation."""

QUESTION_AFTER = timedelta(minutes=10)
OVER_AFTER = timedelta(minutes=15)
"""After this long without a message: first a question, then the end. A reader who waits loses their place."""
PLACE_QUESTION_AFTER = timedelta(minutes=20)
PLACE_OVER_AFTER = timedelta(minutes=30)
"""The same for readers who wait: their browser only calls."""
OUT_OF_REACH_AFTER = timedelta(seconds=60)
"""A reader whose browser has not called for this long is out of reach, and others do not queue behind them."""
LOOKS_IN_EVERY = timedelta(seconds=20)
WAITS_IN_EVERY = timedelta(seconds=10)
"""How often the store notes that a reader is still there, or still waits."""

DESK_GONE_AFTER = timedelta(seconds=80)
"""An adviser's desk that has given no sign for this long is gone: readers are told, and colleagues may take its chats.

A hidden desk does not count as gone: its timer runs in a worker, which browsers do not slow down. Without a worker,
Chromium runs a hidden page's timer once a minute, and a sign takes no more than ten seconds.
"""
DESK_SIGNS_EVERY = timedelta(seconds=10)
"""How often a sign is stored, so a desk counts as gone after 70 to 80 seconds of silence."""
DESK_RETURNS_WITHIN = timedelta(minutes=5)
"""An adviser whose desk comes back within this time is present as before. After that they have to say so: nobody
becomes present by opening a laptop the next morning."""
PAUSE = timedelta(minutes=2)
"""An adviser's break after each conversation, unless they say that they are ready."""
WATCHED_FOR = timedelta(seconds=20)
"""A supervisor whose desk has not called for this long no longer reads along."""

LONG_PAUSE = timedelta(minutes=15)
"""The break after a hard conversation, for an adviser who asks for it."""
UNANSWERED_AFTER = timedelta(seconds=60)
"""The desk points out a reader who has waited this long for the adviser's next words."""
QUICKLY = timedelta(minutes=1)
"""A first answer within this time counts as quick."""
LONGEST_REMARK = 200
RANDOM_RATING_ONE_IN = 4
"""One rating in four is replaced by a random one of the three."""

REMEMBERED = timedelta(minutes=10)
"""For this long an adviser can still see that a conversation ended, and how; never what was said."""
LONGEST_BLOCK = timedelta(days=1)
"""After that the key of the network's hash is deleted, so nobody could recognise the network."""
_NETWORK_KEY_DAYS = 2
NETWORK_KEY_LASTS = timedelta(days=_NETWORK_KEY_DAYS)
"""The key of networks' hashes changes every day, and is kept that day and the next; so is what stands under a hash."""
DESK_REMEMBERED = timedelta(days=1)
COUNTS_KEPT = timedelta(days=400)
"""How long the counts of each hour are kept: long enough to compare a year with the one before."""

HELD, PLACE_HELD = timedelta(seconds=15), timedelta(seconds=5)
"""How long a page's question is held while there is nothing new (static/js/chat.js knows, too); shorter for readers who
wait, because their place changes when others move. Far below OUT_OF_REACH_AFTER: each question is a sign that the
reader is there."""

News = tuple[int, State, int, bool]
"""What a page is told at once: how many messages there are, the state, who the adviser is, whether they are gone."""

Standing = Literal["with you", "adviser gone", "next", "behind", "nobody", "closed"]


def once_of(form: str, text: str) -> str:
    """A digest that recognises a message sent twice: the same form, known by its random part, with the same words.

    Changed words are another message. The form's part is stored nowhere, so the digest says nothing about the words.
    """
    return hashlib.sha256(f"{form[:40]} {text}".encode()).hexdigest() if form else ""


def over_at(state: State, quiet_since: datetime, seen: datetime) -> datetime:
    """When a running conversation ends by itself if nothing happens before."""
    if state == "waiting":
        return min(quiet_since + PLACE_OVER_AFTER, seen + OVER_AFTER)
    return quiet_since + OVER_AFTER


def earliest_over(now: datetime) -> datetime:
    """A conversation that began, had a message or was seen after this time cannot be over yet."""
    return now - min(OVER_AFTER, PLACE_OVER_AFTER)


def question_at(state: State, quiet_since: datetime) -> datetime:
    """When the reader of a running conversation is asked whether they are still there, if nothing happens before."""
    return quiet_since + (PLACE_QUESTION_AFTER if state == "waiting" else QUESTION_AFTER)


def asks_whether_there(conversation: Conversation, now: datetime) -> bool:
    """Whether it has been quiet for so long that the reader is asked if they are still there."""
    return conversation.state != "ended" and now >= question_at(conversation.state, conversation.quiet_since)


def looked_in_long_ago(conversation: Conversation, now: datetime) -> bool:
    """Whether it is time to note again that the reader is there.

    The span differs between conversations; otherwise those that began together would all write at the same times.
    """
    span = (
        WAITS_IN_EVERY if conversation.state == "waiting" else LOOKS_IN_EVERY + timedelta(seconds=conversation.id % 10)
    )
    return conversation.state != "ended" and now - conversation.seen >= span


def out_of_reach(conversation: Conversation, now: datetime) -> bool:
    """Whether the reader's browser has not called for a while: a lost network, or they read with scripts off."""
    gone = conversation.seen <= out_of_reach_since(now)
    return conversation.state != "ended" and not conversation.player and gone


def out_of_reach_since(now: datetime) -> datetime:
    """A reader who was last seen at this time, or earlier, is out of reach."""
    return now - OUT_OF_REACH_AFTER


def desk_is_gone(seen: datetime | None, now: datetime) -> bool:
    """Whether an adviser's desk, whose last sign came at `seen`, has been silent for too long."""
    return seen is None or now - seen >= DESK_GONE_AFTER


def is_counted_before_others(conversation: Conversation, now: datetime) -> bool:
    """Whether later readers queue behind it: it waits, its reader is in reach, and it is no practice."""
    return conversation.state == "waiting" and not conversation.player and not out_of_reach(conversation, now)


def pause_after(before: datetime | None, now: datetime) -> datetime:
    """Until when an adviser has a break after a conversation that ends now. `before`: the end of the break that they
    already had, which is never made shorter."""
    after = now + PAUSE
    return max(before, after) if before else after


def counted_at_answer(waited: timedelta) -> tuple[tuple[str, int], ...]:
    """What to count, and how much of it, when a reader who has `waited` is answered."""
    counted = (("answered", 1), ("minutes waited", whole_minutes(waited)))
    return (*counted, ("answered within a minute", 1)) if waited <= QUICKLY else counted


def with_noise(how: How) -> How:
    """The rating to count: now and then a random one of the three (randomized response, Warner 1965), so that no count
    says what any one person pressed."""
    return secrets.choice(get_args(How)) if secrets.randbelow(RANDOM_RATING_ONE_IN) == 0 else how


def news(newest: int, state: State, adviser: int | None, adviser_seen: datetime | None, now: datetime) -> News:
    """The news of a conversation with these facts."""
    return newest, state, adviser or 0, state == "talking" and desk_is_gone(adviser_seen, now)


def held_for(state: State) -> timedelta:
    """How long a page's question may be held."""
    return PLACE_HELD if state == "waiting" else HELD


def left_alone(conversation: Conversation, now: datetime) -> bool:
    """Whether its adviser's desk is gone, so that the reader is told, and anybody at the board may take it over."""
    return conversation.state == "talking" and desk_is_gone(conversation.adviser_seen, now)


def standing(conversation: Conversation, is_open: bool, somebody_present: bool, now: datetime) -> Standing:
    """What the reader of a running conversation is told. `is_open`: whether it is within the opening hours."""
    if conversation.state == "talking":
        return "adviser gone" if left_alone(conversation, now) else "with you"
    if not is_open:
        return "closed"
    if not somebody_present:
        return "nobody"
    return "behind" if conversation.place > 1 else "next"


def needs_numbers(standing: Standing) -> bool:
    """Whether phone numbers are shown with it, because nobody can promise an answer here."""
    return standing in ("adviser gone", "nobody", "closed")


def unanswered(conversation: Conversation, now: datetime) -> bool:
    """Whether the reader has waited too long for the adviser's next words."""
    since = conversation.unanswered_since
    return conversation.state == "talking" and since is not None and now - since >= UNANSWERED_AFTER


def waits_for_words(before: datetime | None, who: Who, now: datetime) -> datetime | None:
    """Since when the reader has waited for the adviser's words, now that `who` has written. `before`: what this was
    until now."""
    if who == "adviser":
        return None
    return before or now if who == "reader" else before


def is_a_sign_of_life(who: Who) -> bool:
    """Whether a message from `who` restarts the quiet time. Reading along and taking over do not."""
    return who in ("reader", "adviser")


def may_start(blocked: bool, running: int, started: int, waiting: int, most_waiting: int, most_running: int) -> None:
    """Check whether one more may start. `running`, `started` (within STARTS_WITHIN): how many of its network are
    running, and were started; `waiting`: how many readers wait in reach.

    Raises NotPossible: `blocked`, `network`, `often` or `full`.
    """
    if blocked:
        raise NotPossible("blocked")
    if running >= most_running:
        raise NotPossible("network")
    if started >= most_running * STARTS_TO_EACH_PLACE:
        raise NotPossible("often")
    if waiting >= most_waiting:
        raise NotPossible("full")


def days_with_keys(now: datetime) -> tuple[date, ...]:
    """The days, in UTC and today's first, whose key of networks' hashes is kept."""
    today = now.astimezone(UTC).date()
    return tuple(today - timedelta(days=ago) for ago in range(_NETWORK_KEY_DAYS))


def may_start_again(state: State, started: datetime, now: datetime) -> None:
    """Check whether a Start that was seen before gets its conversation again. Raises NotPossible: `again`."""
    if state == "ended" or now - started >= START_AGAIN_WITHIN:
        raise NotPossible("again")


def message_text(who: Who, text: str) -> str:
    """A message's text as it is stored. Raises NotPossible: `empty` or `long`."""
    text = text.strip()
    if who in ("joined", "handed"):
        return ""
    if not text or len(text) > LONGEST_MESSAGE:
        raise NotPossible("empty" if not text else "long")
    return text


def lately_since(now: datetime) -> datetime:
    """The messages that a side sent after this time count against MOST_MESSAGES_A_MINUTE."""
    return now - LATELY


def may_say(state: State | None, lately: int) -> None:
    """Check whether a side that sent `lately` (see lately_since) may send one more. Raises NotPossible: `over` or
    `often`."""
    if state not in ("waiting", "talking"):
        raise NotPossible("over")
    if lately >= MOST_MESSAGES_A_MINUTE:
        raise NotPossible("often")


def may_accept(state: State | None, pauses: bool) -> None:
    """Check whether an adviser may answer. Raises NotPossible: `pause` or `gone`."""
    if pauses:
        raise NotPossible("pause")
    if state != "waiting":
        raise NotPossible("gone")


def may_pass(
    state: State | None,
    is_theirs: bool,
    from_seen: datetime | None,
    to_seen: datetime | None,
    only_if_left: bool,
    now: datetime,
) -> None:
    """Check whether it may go to another adviser. `is_theirs`: it still belongs to the adviser it is taken from.
    `from_seen`, `to_seen`: the last sign of each desk. `only_if_left`: only if the first desk is gone.

    Raises NotPossible: `gone`, `here` or `closed`.
    """
    if state != "talking" or not is_theirs:
        raise NotPossible("gone")
    if only_if_left and not desk_is_gone(from_seen, now):
        raise NotPossible("here")
    if desk_is_gone(to_seen, now):
        raise NotPossible("closed")
