"""What a store of conversations does, and which one is used: SQLite on one machine, Valkey for several.

Every store passes the same tests (tests/chat/test_stores.py).
"""

import resource
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from sidedoor.chat import rules
from sidedoor.chat.model import Adviser, Conversation, How, Kept, Message, Reason, StoreDown, Who
from sidedoor.chat.sqlite_store import SqliteStore
from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Problem, Refused
from sidedoor.documents.times import Clock

_SWEEP_SECONDS = 30


class ChatStore(Protocol):
    """Conversations, shared between threads, processes and (with Valkey) machines. `now` is aware everywhere."""

    def agreed(self, now: datetime) -> datetime:
        """This moment by the clock that everybody who shares the store goes by; `now`: by the asking machine's own.

        Machines whose clocks differ would else call each other's desks gone, and end chats too soon.
        """

    def end_the_quiet(self, now: datetime) -> None:
        """End what is over by rules.over_at, and forget all that is old: what ended, networks, keys of days, desks that
        gave no sign, counts. Every look does so first; a sweeper does it while nobody looks."""

    def network_keys(self, now: datetime) -> tuple[bytes, ...]:
        """The keys that stand for today and yesterday (UTC) in networks.networks; older ones are forgotten."""

    def start(
        self,
        networks: tuple[str, ...],
        most_waiting: int,
        now: datetime,
        once: str = "",
        most_running: int = rules.MOST_FROM_ONE_NETWORK,
        language: str = "",
        player: int = 0,
    ) -> str:
        """A new conversation's token (256 bits); it waits. `networks`: see networks.networks.

        `language`: of the page it is begun on. `player`: the colleague who plays the reader; then it is a practice
        conversation, which no limit holds for, and which is counted nowhere.

        `once` (random, from the form) makes two Starts of one press one conversation, with the same token.
        Raises NotPossible: `again` (a Start that was seen long before) or what rules.may_start does.
        """

    def find(self, token: str, now: datetime) -> Conversation | None:
        """The reader's conversation, also for a while after it ended. Looking in counts as being there."""

    def looked_in(self, moments: Mapping[int, tuple[datetime, int]]) -> None:
        """The readers of these conversations were there at these moments, their pages having shown so many messages."""

    def stay(self, conversation: int, now: datetime) -> None:
        """The reader says that they are still there: the quiet time starts again."""

    def get(self, conversation: int, now: datetime) -> Conversation | None:
        """A conversation by its number, for the desk."""

    def live(self, now: datetime) -> list[Conversation]:
        """Every conversation that waits or talks, or ended a moment ago; the longest waiting first."""

    def board(self, adviser: int, now: datetime) -> tuple[list[Conversation], Mapping[int, Adviser]]:
        """Of `live`, what one adviser's board shows: who waits, what is theirs, what they play the reader of, and what
        a desk that is gone left alone; and `present`. One question to the store, however many live."""

    def news(self, conversations: Collection[int], now: datetime) -> Mapping[int, rules.News]:
        """The news of each of these that is known. Asked for some times a second, so it is cheap and ends nothing."""

    def say(self, conversation: int, who: Who, text: str, now: datetime, once: str = "", author: str = "") -> int:
        """Add a message; its number. A message whose `once` is there already is not added again.

        `author`: see model.Message; kept as it is, as the name of a conversation's adviser is.
        Raises NotPossible: `empty`, `long`, `often` or `over`; Unreadable where its key is lost.
        """

    def messages(self, conversation: int, after: int = 0) -> list[Message]:
        """Its messages with a number above `after`, in order. None once it has ended.

        Raises Unreadable where it goes on, but one of them is not what was said.
        """

    def keep(self, conversation: int, what: Kept, text: str) -> None:
        """Keep `text` (sealed, until the end) in the place of what was there; an empty one takes it out. Does nothing
        where the conversation has ended."""

    def kept(self, conversation: int, what: Kept) -> str:
        """What was kept; nothing where the conversation has ended. Raises Unreadable as `messages` does."""

    def mark(self, conversation: int, risk: bool) -> None:
        """The adviser's mark that somebody may be in danger, or that nobody is."""

    def show(self, conversation: int, number: int) -> None:
        """The reader's page says that it has shown the messages up to this number."""

    def accept(self, conversation: int, adviser: int, name: str, now: datetime) -> None:
        """Answer somebody who waits. Raises NotPossible: see rules.may_accept."""

    def pass_on(
        self, conversation: int, adviser: int, to: int, name: str, now: datetime, only_if_left: bool = False
    ) -> None:
        """Give a conversation of `adviser` to somebody else. Raises NotPossible: see rules.may_pass."""

    def watch(self, conversation: int, name: str, now: datetime) -> None:
        """A supervisor reads along, for a few seconds from `now`."""

    def end(self, conversation: int, reason: Reason, now: datetime) -> None:
        """End it: the key and every word are destroyed now. Ending it again changes nothing."""

    def block(self, conversation: int, until: datetime, now: datetime) -> bool:
        """End it, and let its network begin none until `until` (at most rules.LONGEST_BLOCK).

        Whether its network is known; where it is not, nothing is blocked.
        """

    def set_presence(
        self, adviser: int, name: str, present: bool, now: datetime, languages: tuple[str, ...] = ()
    ) -> None:
        """An adviser says that they are there, and which languages they can write; or that they no longer are."""

    def sign(self, adviser: int, now: datetime) -> datetime | None:
        """An adviser's desk is open, whether they are present or not. Who is present stays so, if the last sign is not
        older than rules.DESK_RETURNS_WITHIN. Returns that last sign, if one is known."""

    def end_pause(self, adviser: int) -> None:
        """The adviser's pause is over: they take new conversations again, and want no word any more."""

    def pause(self, adviser: int, until: datetime, wants_a_word: bool) -> None:
        """An adviser who is present takes no new conversation until then, and perhaps wants a word with a colleague."""

    def present(self, now: datetime) -> Mapping[int, Adviser]:
        """The advisers who are there now, and whose desks give signs, by id."""

    def usual_wait(self, since: datetime, now: datetime) -> timedelta | None:
        """How long people waited since the hour of `since`, on average; None if nobody was answered."""

    def count(self, what: str, now: datetime) -> None:
        """Count what no other step counts: a start that was refused."""

    def said_how(self, ticket: str, how: How, now: datetime) -> bool:
        """Count how it was for whoever has the `ticket` (sealing.digest of the token) of a conversation that ended.

        Whether it is counted: once, where somebody answered, and while the conversation is remembered.
        """

    def counts(self) -> list[tuple[str, str, int]]:
        """All that is kept: hour (UTC), what, how often."""


def open_store(chosen: str, data: Path) -> ChatStore:
    """The store that SIDEDOOR_CHAT_STORE names: `sqlite:` (in `data`), `sqlite:/folder` or `valkey://host:6379/0`.

    Raises problems.Refused, with what to do, for a store that cannot be used.
    """
    # Words and keys are in this process's memory; none of it may end up in a file because something crashed.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if chosen.startswith("sqlite:"):
        if chosen.startswith("sqlite://"):
            raise _refused(Code.UNKNOWN_CHAT_STORE)
        return SqliteStore(Path(chosen.removeprefix("sqlite:") or data))
    if not _is_valkey(chosen):
        raise _refused(Code.UNKNOWN_CHAT_STORE)
    try:
        from sidedoor.chat.valkey_store import ValkeyStore  # what it needs is an optional extra
    except ImportError as error:
        raise _refused(Code.VALKEY_NOT_INSTALLED) from error
    return ValkeyStore(chosen)


def agreed_clock(store: ChatStore, clock: Clock) -> Clock:
    """The clock that all machines of `store` go by, told by a machine whose own is `clock`."""
    return lambda: store.agreed(clock())


def sweep(store: ChatStore, clock: Clock, wanted: Callable[[], bool]) -> None:
    """For a thread of its own: end the quiet, while it is `wanted`, also in a night in which nobody looks."""
    while True:
        if wanted():
            with suppress(StoreDown, sqlite3.Error):  # it is tried again, and readers are told meanwhile
                store.end_the_quiet(clock())
        time.sleep(_SWEEP_SECONDS)


def _is_valkey(chosen: str) -> bool:
    try:
        parts = urlsplit(chosen)
        number = parts.path.removeprefix("/")
        return (
            parts.scheme in ("valkey", "valkeys")
            and bool(parts.hostname)
            and parts.port != 0
            and (not number or number.isdigit())
        )
    except ValueError:  # not a port
        return False


def _refused(code: Code) -> Refused:
    return Refused([Problem("SIDEDOOR_CHAT_STORE", None, code)])
