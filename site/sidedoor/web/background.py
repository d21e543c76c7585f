"""What a server does besides answering. It starts once, with the server, never because a module was imported.

granian starts it with each worker (`__rsgi_init__`, its own protocol); under any other server the first request does. A
command such as `sidedoor check` answers no request, and starts nothing.
"""

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Task = Callable[[], None]


class Background:
    """Tasks that each run in a daemon thread."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks = tuple(tasks)
        self._lock = threading.Lock()
        self._started = False

    def start(self) -> None:
        """Start every task. Calling it again changes nothing."""
        if self._started:
            return
        with self._lock:
            if self._started:
                return
            self._started = True
            for task in self._tasks:
                threading.Thread(target=task, name=task.__qualname__, daemon=True).start()


def start_with_the_server(app: Flask) -> None:
    """Start `app.extensions["background"]` with granian's worker, or else with the first request."""
    background: Background = app.extensions["background"]
    answer: WSGIApplication = app.wsgi_app

    def start_then_answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        background.start()
        return answer(environ, start_response)

    app.wsgi_app = start_then_answer  # type: ignore[method-assign]
    app.__rsgi_init__ = lambda _loop: background.start()  # type: ignore[attr-defined]
