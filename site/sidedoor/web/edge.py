"""Notices if all requests come through a machine that we were not told of: then readers cannot be told apart.

A content network, or one proxy more than SIDEDOOR_PROXIES counts, adds an entry to every request's X-Forwarded-For.
Then the network of that machine looks like every reader's, and six people would use up what one network may do. A
single reader can forge such an entry, so entries count only while every request has one.
"""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import current_app, request

from sidedoor.documents.codes import Code
from sidedoor.documents.fixed_addresses import HEALTH
from sidedoor.documents.problems import Level, Problem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

IN_A_ROW = 200
"""This many requests one after another, by each worker's own count."""


class Edge:
    """Counts how many requests in a row came through more proxies than `proxies`."""

    def __init__(self, proxies: int) -> None:
        self._proxies = proxies
        self._lock = threading.Lock()
        self._row = 0

    def see(self, environ: "WSGIEnvironment") -> None:
        """Count one more request. A monitor on this machine comes through no proxy and is not counted."""
        if environ.get("PATH_INFO") == HEALTH:
            return
        written = environ.get("HTTP_X_FORWARDED_FOR", "")
        surplus = len([part for part in written.split(",") if part.strip()]) > self._proxies
        with self._lock:
            self._row = self._row + 1 if surplus else 0

    @property
    def in_front(self) -> bool:
        """Whether there is such a machine."""
        return self._row >= IN_A_ROW

    def check(self) -> Iterable[Problem]:
        """Report it, for health and the log."""
        if self.in_front:
            yield Problem("SIDEDOOR_PROXIES", None, Code.HEALTH_ONE_EDGE, level=Level.WARNING)

    def counting(self, application: "WSGIApplication") -> "WSGIApplication":
        """The application, with every request to it counted."""

        def counted(environ: "WSGIEnvironment", start_response: "StartResponse") -> Any:
            self.see(environ)
            return application(environ, start_response)

        return counted


def address_of_reader() -> str:
    """The address by which limits tell networks apart; empty if it would be that of a machine in front of everybody."""
    edge: Edge = current_app.extensions["edge"]
    return "" if edge.in_front else request.remote_addr or ""
