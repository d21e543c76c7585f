"""Questions that a view has nothing to tell to yet: they wait, and the next one need not reach the view.

A page asks again and again for what is new. Where the view says what it would answer to whoever knows what it has just
told, the next question of the same page (every byte of its headers is the same) is held at once: no thread, no
template, no look at a store. What is remembered is named by a digest, lasts a minute and goes with the first news.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

HOLD_KEY, HELD_KEY = "sidedoor.hold", "sidedoor.held"
"""A view may put a Hold into the list that is in its environ at HOLD_KEY, where there is one. Where that waits, the
question is held; once there is something new, the view is asked again, once, with HELD_KEY, and where there is not,
what it answered first is sent."""
Wait = Callable[[], Awaitable[bool]]
Answer = tuple[int, list[tuple[str, str]], bytes]
LONGEST_SECONDS = 60
_MOST = 4096


@dataclass(frozen=True)
class Hold:
    """What a view hands over. `wait`: whether there is something new, once that is known. `waits`: whether this
    question is to wait for it. `again`: given the query of the next one, the body of the answer if it is to wait, too,
    and nothing new comes; None where the view has to be asked."""

    wait: Wait
    waits: bool
    again: Callable[[str], bytes | None] | None = None


@dataclass(frozen=True)
class _Standing:
    hold: Hold
    answer: Answer
    since: float


class Standing:
    """What would be answered to the next question of each page. For one event loop alone."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, _Standing] = OrderedDict()

    def find(self, page: bytes, query: str) -> tuple[Hold, Answer] | None:
        """The hold of a page's next question, and its answer if nothing new comes."""
        self._forget_the_old()
        known = self._known.get(page)
        body = known.hold.again(query) if known and known.hold.again else None
        if known is None or body is None:
            return None
        status, headers, _ = known.answer
        fitting = [pair for pair in headers if pair[0].lower() != "content-length"]
        return known.hold, (status, [*fitting, ("Content-Length", str(len(body)))], body)

    def remember(self, page: bytes, hold: Hold, answer: Answer) -> None:
        """Let what the hold says stand for the page that got this answer."""
        self.forget(page)
        if hold.again:
            self._known[page] = _Standing(hold, answer, time.monotonic())

    def forget(self, page: bytes) -> None:
        """There is something new."""
        self._known.pop(page, None)

    def _forget_the_old(self) -> None:
        since = time.monotonic() - LONGEST_SECONDS
        while self._known and (len(self._known) > _MOST or next(iter(self._known.values())).since < since):
            self._known.popitem(last=False)


def page_of(scope: Any) -> bytes:
    """What tells one page's questions from another's: whoever sends exactly this is answered alike."""
    parts = (scope.scheme, scope.path, *(part for pair in scope.headers.items() for part in pair))
    return hashlib.sha256("\n".join(parts).encode()).digest()
