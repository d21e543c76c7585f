"""Serves these checks to the operator's monitor, at SIDEDOOR_MONITOR: `/metrics` for Prometheus, and `/healthz`.

That is a separate port, because these counts reveal that something is being prepared.
"""

import json
import logging
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sidedoor.chat.model import StoreDown
from sidedoor.desk.current import Desk
from sidedoor.desk.health.checks import broken_files, not_live, queue
from sidedoor.documents.codes import Code
from sidedoor.documents.fixed_addresses import HEALTH
from sidedoor.documents.problems import Level, Problem
from sidedoor.web.health import Health, as_json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("sidedoor.health")


class _Metrics(Collector):
    """Every metric, counted when Prometheus asks."""

    def __init__(self, desk: Desk, health: Health, folders: dict[str, Path]) -> None:
        self._desk, self._health, self._folders = desk, health, folders

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metrics to prometheus_client."""
        wrong = {problem.code for problem in self._health.troubles()}
        trouble = GaugeMetricFamily("sidedoor_trouble", "1 while this is wrong, else 0", labels=["code"])
        for code in Code:
            if code.name.startswith("HEALTH_"):
                trouble.add_metric([code.value.removeprefix("health_")], int(code in wrong))
        yield trouble
        library, now = self._desk.live.library, self._desk.clock()
        shown = len(library.public(now).shown)
        documents = GaugeMetricFamily("sidedoor_documents", "Pages and news items", labels=["shown"])
        documents.add_metric(["yes"], shown)
        documents.add_metric(["no"], len(library.documents) - shown)
        yield documents
        yield GaugeMetricFamily("sidedoor_broken_files", "Files that cannot be used", value=broken_files(self._desk))
        yield GaugeMetricFamily(
            "sidedoor_embargoes_not_live", "News past its time, unapproved", value=not_live(self._desk)
        )
        yield GaugeMetricFamily(
            "sidedoor_content_unseen_seconds", "Since the folder was looked at", value=self._desk.live.unseen_for()
        )
        free = GaugeMetricFamily("sidedoor_disk_free_bytes", "Room on the disk", labels=["folder"])
        for name, folder in self._folders.items():
            try:
                free.add_metric([name], shutil.disk_usage(folder).free)
            except OSError:
                continue
        yield free
        try:
            waiting, talking, advisers = queue(self._desk)
        except (StoreDown, sqlite3.Error, OSError):
            return
        chats = GaugeMetricFamily("sidedoor_chats", "Conversations just now", labels=["state"])
        chats.add_metric(["waiting"], waiting)
        chats.add_metric(["talking"], talking)
        yield chats
        yield GaugeMetricFamily("sidedoor_advisers_present", "Advisers whose desks are open", value=advisers)


def monitor(desk: Desk, health: Health, folders: dict[str, Path]) -> "WSGIApplication":
    """Make the application that serves `/metrics` and `/healthz` on a separate port."""
    registry = CollectorRegistry()
    registry.register(_Metrics(desk, health, folders))
    metrics = make_wsgi_app(registry)

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            body: Iterable[bytes] = metrics(environ, start_response)
            return body
        if path != HEALTH:
            start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return []
        troubles = health.troubles()
        raw = json.dumps({"status": "trouble" if troubles else "ok", "trouble": as_json(troubles)}).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(raw)))])
        return [raw]

    return answer


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    timeout = 10

    def log_message(self, *args: Any) -> None:
        """Write no access log."""


def serving(place: str, application: "WSGIApplication") -> Callable[[], None]:
    """Return a function for a separate thread that serves at `place` (`127.0.0.1:5002`) as soon as the port is free."""
    host, _, port = place.rpartition(":")

    def serve() -> None:
        warned = False
        while True:
            try:
                server = make_server(host.strip("[]"), int(port), application, _Server, _QuietHandler)
            except OSError as error:
                if not warned:
                    warned = True
                    reason = {"place": place, "reason": error.strerror}
                    log.warning(
                        "%s", Problem("SIDEDOOR_MONITOR", None, Code.MONITOR_NOT_THERE, reason, level=Level.WARNING)
                    )
                time.sleep(2)  # a desk that is being reloaded still has the port
                continue
            with server:
                server.serve_forever()

    return serve
