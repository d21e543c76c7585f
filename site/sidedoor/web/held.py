"""Holds a page's questions until there is news, so that most of them never reach the view.

A page asks for news again and again. With its answer, the view can say what it would answer next, once the page knows
all of this. Then the page's next question (every byte of its headers is the same) is held at once: it needs no thread,
no template and no look at a store. What is remembered is found by a digest, lasts a minute, and is dropped at the first
news.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

HOLD_KEY, HELD_KEY = "sidedoor.hold", "sidedoor.held"
"""A view may put a Hold into the list in its environ at HOLD_KEY, if there is one. If that Hold waits, the question is
held. Once there is news, the view is asked again, once, with HELD_KEY; if none comes, its first answer is sent."""
Wait = Callable[[], Awaitable[bool]]
Answer = tuple[int, list[tuple[str, str]], bytes]
LONGEST_SECONDS = 60
_MOST = 4096


@dataclass(frozen=True)
class Hold:
    """What a view says about a question. `wait` waits for news, and returns whether any came. `waits`: whether this
    question should be held. `again` takes the query of the page's next question. It returns the body to answer with if
    no news comes; or None, if the view itself has to answer that question."""

    wait: Wait
    waits: bool
    again: Callable[[str], bytes | None] | None = None


@dataclass(frozen=True)
class _NextAnswer:
    hold: Hold
    answer: Answer
    since: float


class NextAnswers:
    """The answer to the next question of each page, ready to be sent. Belongs to one event loop."""

    def __init__(self) -> None:
        self._by_page: OrderedDict[bytes, _NextAnswer] = OrderedDict()

    def find(self, page: bytes, query: str) -> tuple[Hold, Answer] | None:
        """The hold of a page's next question, and its answer if no news comes."""
        self._forget_old_answers()
        next_answer = self._by_page.get(page)
        body = next_answer.hold.again(query) if next_answer and next_answer.hold.again else None
        if next_answer is None or body is None:
            return None
        status, headers, _ = next_answer.answer
        fitting = [pair for pair in headers if pair[0].lower() != "content-length"]
        return next_answer.hold, (status, [*fitting, ("Content-Length", str(len(body)))], body)

    def remember(self, page: bytes, hold: Hold, answer: Answer) -> None:
        """Remember the next answer, which the hold gives, for the page that got this one."""
        self.forget(page)
        if hold.again:
            self._by_page[page] = _NextAnswer(hold, answer, time.monotonic())

    def forget(self, page: bytes) -> None:
        """There is news for this page."""
        self._by_page.pop(page, None)

    def _forget_old_answers(self) -> None:
        since = time.monotonic() - LONGEST_SECONDS
        while self._by_page and (len(self._by_page) > _MOST or next(iter(self._by_page.values())).since < since):
            self._by_page.popitem(last=False)


def page_of(scope: Any) -> bytes:
    """A digest that tells the questions of one page from those of another: whoever sends exactly this gets the same
    answer."""
    parts = (scope.scheme, scope.path, *(part for pair in scope.headers.items() for part in pair))
    return hashlib.sha256("\n".join(parts).encode()).digest()
