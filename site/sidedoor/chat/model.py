"""A conversation: who waits, who talks, how it ended. No name, no address, nothing of the reader but their words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

LONGEST_MESSAGE = 2000
MOST_MESSAGES_A_MINUTE = 20
QUESTION_AFTER = timedelta(minutes=10)
OVER_AFTER = timedelta(minutes=15)
"""Quiet for this long: first a question, then the end."""
AWAY_AFTER = timedelta(minutes=5)
"""An adviser whose desk has not called for this long is not present."""
REMEMBERED = timedelta(minutes=10)
"""For this long an adviser still sees that, and how, a conversation ended; never what was said."""

State = Literal["waiting", "talking", "ended"]
Reason = Literal["hidden", "reader", "adviser", "quiet"]
Who = Literal["reader", "adviser"]


@dataclass(frozen=True)
class Message:
    """One message. `number` counts from 1 within its conversation; `at` is aware."""

    number: int
    who: Who
    text: str
    at: datetime


@dataclass(frozen=True)
class Conversation:
    """One conversation. `place` counts from 1 in the queue, 0 once somebody answers; `quiet_since` is aware."""

    id: int
    state: State
    started: datetime
    quiet_since: datetime
    adviser: int | None
    adviser_name: str
    reason: Reason | None
    place: int

    def asks_whether_there(self, now: datetime) -> bool:
        """Whether it was quiet for so long that both are asked."""
        return self.state == "talking" and now - self.quiet_since >= QUESTION_AFTER


class NotPossible(Exception):
    """The step cannot be taken; the message is a sentence that says why."""
