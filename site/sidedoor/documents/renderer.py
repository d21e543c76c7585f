"""Renders Markdown in a child process that may die, so that no document can hang the site or use up its memory.

A body of nothing but prose takes one quick check, and no child is asked.
"""

import threading
from functools import cache, lru_cache
from types import TracebackType
from typing import Self

from sidedoor.documents.child import Child
from sidedoor.documents.markdown import Rendered, render_prose

# The child limits its own processor time; this limit is for a machine so busy that the child gets none.
PATIENCE_SECONDS = 30.0
REMEMBERED = 128
"""How many of the latest bodies are remembered instead of rendered again."""


class RenderingFailed(Exception):
    """The document took too much time or memory, or broke the renderer."""


class Renderer:
    """One child process, started when first needed and again after it has died. Safe to share between threads."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._lock = threading.Lock()
        # An editor who saves a text and then reads it through renders the same body again and again.
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._render)

    def render(self, body: str) -> Rendered:
        """Render `body`. Raises RenderingFailed; the next call works again."""
        return render_prose(body) or self._remembered(body)

    def _render(self, body: str) -> Rendered:
        with self._lock:
            self._child = self._child or Child("sidedoor.documents.render_child")
            answer = self._child.ask(body, PATIENCE_SECONDS)
            if answer is None:
                self._stop()
                raise RenderingFailed
            return Rendered.from_json(answer)

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _stop(self) -> None:
        if self._child:
            self._child.end()
            self._child = None


@cache
def shared_renderer() -> Renderer:
    """The renderer that this process shares; its child ends with the process."""
    return Renderer()
