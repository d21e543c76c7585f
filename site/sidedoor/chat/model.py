"""A conversation: who waits, who talks, how it ended. No name, no address, nothing of the reader but their words."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

LONGEST_MESSAGE = 2000
MOST_MESSAGES_A_MINUTE = 20
MOST_STARTS, STARTS_WITHIN = 6, timedelta(hours=1)
"""So many conversations may one network begin."""
QUESTION_AFTER = timedelta(minutes=10)
OVER_AFTER = timedelta(minutes=15)
"""Quiet for this long: first a question, then the end."""
AWAY_AFTER = timedelta(minutes=5)
"""An adviser whose desk has not called for this long is not present."""
PAUSE = timedelta(minutes=2)
"""After each conversation an adviser has this long to breathe, unless they say that they are ready."""
OUT_OF_REACH_AFTER = timedelta(seconds=75)
"""A reader whose browser has not called for this long is out of reach; without scripts it calls every 30 seconds."""
WATCHED_FOR = timedelta(seconds=20)
"""A supervisor whose desk has not called for this long no longer reads along."""
LOOKS_IN_EVERY = timedelta(seconds=20)
"""That somebody is there is written down no more often than this."""
REMEMBERED = timedelta(minutes=10)
"""For this long an adviser still sees that, and how, a conversation ended; never what was said."""

State = Literal["waiting", "talking", "ended"]
Reason = Literal["hidden", "reader", "adviser", "quiet", "blocked"]
Who = Literal["reader", "adviser", "note"]
"""A note is for the colleague who takes over; no reader ever gets one."""


@dataclass(frozen=True)
class Message:
    """One message. `number` counts from 1 within its conversation; `at` is aware."""

    number: int
    who: Who
    text: str
    at: datetime


@dataclass(frozen=True)
class Conversation:
    """One conversation; its moments are aware.

    `place` counts from 1 in the queue, 0 once somebody answers. `seen`: when the reader's browser last called.
    `watcher`: the name of a supervisor who reads along just now, else empty. `newest`: the number of the last message.
    """

    id: int
    state: State
    started: datetime
    quiet_since: datetime
    seen: datetime
    adviser: int | None
    adviser_name: str
    watcher: str
    reason: Reason | None
    newest: int
    place: int

    def asks_whether_there(self, now: datetime) -> bool:
        """Whether it was quiet for so long that both are asked."""
        return self.state == "talking" and now - self.quiet_since >= QUESTION_AFTER

    def looked_in_long_ago(self, now: datetime) -> bool:
        """Whether it is time to write down again that the reader is there.

        The spans differ between conversations: those that began together would all write at the same moments.
        """
        span = LOOKS_IN_EVERY + timedelta(seconds=self.id % 10)
        return self.state != "ended" and now - self.seen >= span

    def out_of_reach(self, now: datetime) -> bool:
        """Whether the reader's browser has not called for a while: a lost network, or they read with scripts off."""
        return self.state != "ended" and now - self.seen >= OUT_OF_REACH_AFTER


@dataclass(frozen=True)
class Adviser:
    """Somebody who is present. `pause_until` (aware): they take no new conversation until then."""

    id: int
    name: str
    pause_until: datetime | None

    def pauses(self, now: datetime) -> bool:
        """Whether they are to breathe before the next one."""
        return self.pause_until is not None and self.pause_until > now


class NotPossible(Exception):
    """The step cannot be taken. `why` is one word for programs; the message is a sentence for the adviser."""

    def __init__(self, why: str, sentence: str = "") -> None:
        super().__init__(sentence or why)
        self.why = why


class StoreDown(OSError):
    """The store cannot be reached; nothing was done."""


def hour_of(moment: datetime) -> str:
    """The hour (UTC) that counts are kept by."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0).isoformat()


def whole_minutes(span: timedelta) -> int:
    """In minutes, rounded up."""
    return -int(-span.total_seconds() // 60)
