"""Whether one machine stands in front of everybody without our knowing: then no reader is told from another.

A content network, or one proxy more than SIDEDOOR_PROXIES counts, hands over every request with an entry of its own in
X-Forwarded-For. What we take for the reader's network is the edge's then, and six people would use up what one may do.
One reader can forge such an entry; so it counts only where everybody has one, and whoever comes without ends it.
"""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import current_app, request

from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Level, Problem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

IN_A_ROW = 200
"""So many requests one after another, by each worker's own count."""


class Edge:
    """Counts how many requests in a row came through more proxies than `proxies`."""

    def __init__(self, proxies: int) -> None:
        self._proxies = proxies
        self._lock = threading.Lock()
        self._row = 0

    def see(self, environ: "WSGIEnvironment") -> None:
        """Count one more request. A monitor of this machine itself comes through none, and is not counted."""
        if environ.get("PATH_INFO") == "/healthz":
            return
        written = environ.get("HTTP_X_FORWARDED_FOR", "")
        surplus = len([part for part in written.split(",") if part.strip()]) > self._proxies
        with self._lock:
            self._row = self._row + 1 if surplus else 0

    @property
    def in_front(self) -> bool:
        """Whether there is one."""
        return self._row >= IN_A_ROW

    def check(self) -> Iterable[Problem]:
        """For health and log."""
        if self.in_front:
            yield Problem("SIDEDOOR_PROXIES", None, Code.HEALTH_ONE_EDGE, level=Level.WARNING)

    def counting(self, application: "WSGIApplication") -> "WSGIApplication":
        """The application, with every request that reaches it counted."""

        def counted(environ: "WSGIEnvironment", start_response: "StartResponse") -> Any:
            self.see(environ)
            return application(environ, start_response)

        return counted


def address_of_reader() -> str:
    """What limits tell networks apart by; none where it would be one machine's, in front of everybody."""
    edge: Edge = current_app.extensions["edge"]
    return "" if edge.in_front else request.remote_addr or ""
