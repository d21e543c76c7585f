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
        """The time by the clock that all machines with this store share; `now`: the time by this machine's own clock.

        If each went by its own, machines whose clocks differ would think each other's desks gone, and end chats too
        soon.
        """

    def end_the_quiet(self, now: datetime) -> None:
        """End what is over by rules.over_at, and delete what is old: ended conversations, networks, daily keys, silent
        desks, counts. Every look does this first; a sweeper does it while nobody looks."""

    def network_keys(self, now: datetime) -> tuple[bytes, ...]:
        """The keys of today and yesterday (UTC) for networks.networks; older ones are deleted."""

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
        """Start a conversation, which waits. Returns its token (256 bits). `networks`: see networks.networks.

        `language`: that of the page it is started on. `player`: the colleague who plays the reader of a practice
        conversation, which has no limits and is not counted.

        Two Starts with the same `once` (random, from the form) make one conversation, with the same token.
        Raises NotPossible: `again` (this Start came long ago), or as rules.may_start does.
        """

    def find(self, token: str, now: datetime) -> Conversation | None:
        """The reader's conversation, also for a while after it ended. This counts as a sign that they are there."""

    def looked_in(self, moments: Mapping[int, tuple[datetime, int]]) -> None:
        """Note when the readers of these conversations were there, and how many messages their pages had shown."""

    def stay(self, conversation: int, now: datetime) -> None:
        """The reader says that they are still there: the quiet time starts again."""

    def get(self, conversation: int, now: datetime) -> Conversation | None:
        """A conversation by its number, for the desk."""

    def live(self, now: datetime) -> list[Conversation]:
        """Every conversation that waits or talks, or ended a moment ago; the longest waiting first."""

    def board(self, adviser: int, now: datetime) -> tuple[list[Conversation], Mapping[int, Adviser]]:
        """What one adviser's board shows of `live` (who waits, their own, practice in which they play the reader, those
        whose adviser's desk is gone), and `present`. One request to the store, however many are live."""

    def news(self, conversations: Collection[int], now: datetime) -> Mapping[int, rules.News]:
        """The news of each of these that exists. Called several times a second, so it is cheap and ends nothing."""

    def say(self, conversation: int, who: Who, text: str, now: datetime, once: str = "", author: str = "") -> int:
        """Add a message. Returns its number. A message whose `once` is known already is not added again.

        `author`: see model.Message; stored unsealed, like the name of a conversation's adviser.
        Raises NotPossible: `empty`, `long`, `often` or `over`; Unreadable if its key is lost.
        """

    def messages(self, conversation: int, after: int = 0) -> list[Message]:
        """Its messages with a number above `after`, in order; none once it has ended.

        Raises Unreadable if it is running, but one of them is lost or damaged.
        """

    def keep(self, conversation: int, what: Kept, text: str) -> None:
        """Store `text` (sealed, until the end) in place of what was there; an empty text removes it. Does nothing once
        the conversation has ended."""

    def kept(self, conversation: int, what: Kept) -> str:
        """What `keep` stored; empty once the conversation has ended. Raises Unreadable as `messages` does."""

    def mark(self, conversation: int, risk: bool) -> None:
        """Set the adviser's mark that somebody may be in danger, or take it away."""

    def show(self, conversation: int, number: int) -> None:
        """Note that the reader's page has shown the messages up to this number."""

    def accept(self, conversation: int, adviser: int, name: str, now: datetime) -> None:
        """Answer a reader who waits. Raises NotPossible: see rules.may_accept."""

    def pass_on(
        self, conversation: int, adviser: int, to: int, name: str, now: datetime, only_if_left: bool = False
    ) -> None:
        """Give a conversation of `adviser` to the colleague `to`. Raises NotPossible: see rules.may_pass."""

    def watch(self, conversation: int, name: str, now: datetime) -> None:
        """Note that a supervisor reads along, for a few seconds from `now`."""

    def end(self, conversation: int, reason: Reason, now: datetime) -> None:
        """End it: the key and every word are destroyed now. Ending it again changes nothing."""

    def block(self, conversation: int, until: datetime, now: datetime) -> bool:
        """End it, and let its network start no other until `until` (at most rules.LONGEST_BLOCK).

        Returns whether its network is known; if not, nothing is blocked.
        """

    def set_presence(
        self, adviser: int, name: str, present: bool, now: datetime, languages: tuple[str, ...] = ()
    ) -> None:
        """Note whether an adviser is `present` and, if so, which languages they can write."""

    def sign(self, adviser: int, now: datetime) -> datetime | None:
        """Note that an adviser's desk is open, whether they are present or not. They stay present if the last sign is
        not older than rules.DESK_RETURNS_WITHIN. Returns that last sign, if there was any."""

    def end_pause(self, adviser: int) -> None:
        """End an adviser's pause: they take new conversations again, and no longer want a word with a colleague."""

    def pause(self, adviser: int, until: datetime, wants_a_word: bool) -> None:
        """Give a present adviser a pause from new conversations, and note whether they want a word with a colleague."""

    def present(self, now: datetime) -> Mapping[int, Adviser]:
        """The advisers who are there now, and whose desks give signs, by id."""

    def usual_wait(self, since: datetime, now: datetime) -> timedelta | None:
        """The average wait since the hour of `since`; None if nobody was answered."""

    def count(self, what: str, now: datetime) -> None:
        """Count what no other step counts, such as a start that was refused."""

    def said_how(self, ticket: str, how: How, now: datetime) -> bool:
        """Count the rating of the reader who has the `ticket` (sealing.digest of the token) of an ended conversation.

        Returns whether it was counted: once, if somebody had answered, and while the conversation is remembered.
        """

    def counts(self) -> list[tuple[str, str, int]]:
        """All counts: hour (UTC), what, how often."""


def open_store(chosen: str, data: Path) -> ChatStore:
    """The store that SIDEDOOR_CHAT_STORE names: `sqlite:` (in `data`), `sqlite:/folder` or `valkey://host:6379/0`.

    Raises problems.Refused, with what to do, for a store that cannot be used.
    """
    # This process holds words and keys in memory: a crash must not write them to a file.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if chosen.startswith("sqlite:"):
        if chosen.startswith("sqlite://"):
            raise _refused(Code.UNKNOWN_CHAT_STORE)
        return SqliteStore(Path(chosen.removeprefix("sqlite:") or data))
    if not _is_valkey(chosen):
        raise _refused(Code.UNKNOWN_CHAT_STORE)
    try:
        from sidedoor.chat.valkey_store import ValkeyStore  # needs an optional extra
    except ImportError as error:
        raise _refused(Code.VALKEY_NOT_INSTALLED) from error
    return ValkeyStore(chosen)


def agreed_clock(store: ChatStore, clock: Clock) -> Clock:
    """The clock that all machines of `store` share, for a machine whose own is `clock`."""
    return lambda: store.agreed(clock())


def sweep(store: ChatStore, clock: Clock, wanted: Callable[[], bool]) -> None:
    """End quiet conversations while `wanted` says so, even at night when nobody looks. Never returns: call it in a
    separate thread."""
    while True:
        if wanted():
            with suppress(StoreDown, sqlite3.Error):  # the next round tries again, and readers are told meanwhile
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
