"""A conversation: who waits, who talks, how it ended. No name, no address, nothing of the reader but their words.

Only facts: what follows from them is in rules.py, and the words that people read are made where they are shown.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

State = Literal["waiting", "talking", "ended"]
Reason = Literal["hidden", "reader", "adviser", "quiet", "blocked", "broken"]
"""`broken`: its words could no longer be read."""
Who = Literal["reader", "adviser", "note", "joined", "handed"]
"""A note is for the colleague who takes over; no reader ever gets one. `joined`: a supervisor starts to read along.
`handed`: another adviser takes over. These two have no text, only an author."""
How = Literal["helped", "partly", "not"]
"""How a reader rates it afterwards: one of three, without words."""
Kept = Literal["draft", "answer", "remark"]
"""What a conversation holds besides its messages, sealed like them: the unsent words of the reader (`draft`) and of the
adviser (`answer`), and the adviser's own short note (`remark`)."""
Why = Literal[
    "empty", "long", "often", "over", "pause", "gone", "closed", "here", "full", "network", "blocked", "again"
]
"""Why a step is not possible. `gone`: a colleague was quicker, or it is not this adviser's. `closed`: the desk of the
colleague who should get it gives no sign. `here`: the desk of its adviser still does. `network`: too many from one
network are running."""


@dataclass(frozen=True)
class Message:
    """One message. `number` counts from 1 within its conversation; `at` is aware.

    `author`: the name of the colleague who wrote it, or whom it is about; only for the desk, and empty for readers.
    """

    number: int
    who: Who
    text: str
    at: datetime
    author: str = ""


@dataclass(frozen=True)
class Conversation:
    """One conversation; its times are aware.

    `place` counts from 1 in the queue; it is 0 once somebody answers. `quiet_since`: when somebody last wrote, or said
    that they are still there. `seen`: when the reader's browser last called. `adviser_seen`: when the adviser's desk
    last did. `watcher`: the name of a supervisor who is reading along, else empty. `newest`: the number of the last
    message. `network_known`: whether a block would block anything. `language`: that of the page it was started on, if
    known. `shown`: the number of the last message that the reader's page says it has shown. `unanswered_since`: when
    the reader began to wait for the adviser's next words. `risk`: the adviser's mark. `has_remark`: whether the adviser
    left a note. `has_draft`, `has_answer`: whether the reader, or the adviser, left words unsent. `player`: the
    colleague who plays the reader of a practice conversation, else 0.
    """

    id: int
    state: State
    started: datetime
    quiet_since: datetime
    seen: datetime
    adviser: int | None
    adviser_name: str
    adviser_seen: datetime | None
    watcher: str
    reason: Reason | None
    newest: int
    place: int
    network_known: bool
    language: str = ""
    shown: int = 0
    unanswered_since: datetime | None = None
    risk: bool = False
    has_remark: bool = False
    has_draft: bool = False
    has_answer: bool = False
    player: int = 0


@dataclass(frozen=True)
class Adviser:
    """An adviser who is present. `pause_until` (aware): they take no new conversation until then. `languages`: those
    they can write. `wants_a_word`: they asked for a colleague, after a hard chat."""

    id: int
    name: str
    pause_until: datetime | None
    languages: tuple[str, ...] = ()
    wants_a_word: bool = False

    def pauses(self, now: datetime) -> bool:
        """Whether they are still having a break before the next conversation."""
        return self.pause_until is not None and self.pause_until > now


class NotPossible(Exception):
    """The step is not possible."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class Unreadable(Exception):
    """The words or the key of a running conversation are damaged or lost. It has to end."""

    def __init__(self, conversation: int) -> None:
        super().__init__(f"chat {conversation}")
        self.conversation = conversation


class StoreDown(OSError):
    """The store cannot be reached; nothing was done."""


def hour_of(moment: datetime) -> str:
    """The hour (UTC) under which counts are kept."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0).isoformat()


def whole_minutes(span: timedelta) -> int:
    """A time span in minutes, rounded up."""
    return -int(-span.total_seconds() // 60)
