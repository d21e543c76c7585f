"""Tells the desk's people and the operator's monitor more than the public `/healthz`: files, embargoes, the queue.

Only counts: no page and no person is named. They are on the desk's pages, and at the address in SIDEDOOR_MONITOR as
`/metrics` for Prometheus and `/healthz`. That is a separate port, because these counts reveal that something is being
prepared.
"""

import json
import logging
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sidedoor.backup_stamp import last_backup
from sidedoor.chat.model import StoreDown
from sidedoor.desk.current import Desk
from sidedoor.desk.databases import KEPT
from sidedoor.desk.people.staff import SCHEMA as STAFF
from sidedoor.documents.codes import Code, Where
from sidedoor.documents.fixed_addresses import HEALTH
from sidedoor.documents.problems import Level, Problem
from sidedoor.home import Home, on_server
from sidedoor.web import health as watched
from sidedoor.web.health import Check, Health, as_json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("sidedoor.health")
_OF_FOLDER = (Code.FOLDER_AWAY, Code.SUBFOLDER_UNREADABLE)


def health_of(desk: Desk, home: Home, content: Path) -> Health:
    """Return the health of everything, as the desk sees it."""
    return Health(
        watched.content(desk.live),
        watched.disk(home.data, Where.DATA_FOLDER, make=True),
        watched.database(home, KEPT),
        _one_desk(home),
        watched.disk(content, Where.CONTENT_FOLDER),
        watched.chat_store(desk.chats, desk.clock, lambda: desk.live.library.site.chat is not None),
        _files(desk),
        _queue(desk),
    )


def broken_files(desk: Desk) -> int:
    """Count the files that cannot be used as they are."""
    problems = desk.live.library.problems
    return len(
        {problem.file for problem in problems if problem.level is Level.ERROR and problem.code not in _OF_FOLDER}
    )


def not_live(desk: Desk) -> int:
    """Count the news items that still wait for approval although their time has come."""
    now = desk.clock()
    moments = (item.meta.publish_at for item in desk.live.library.documents if item.meta.state == "ready")
    return sum(1 for moment in moments if moment and moment <= now)


def backup_late(desk: Desk) -> int | None:
    """Return the age of the last backup in hours, if it is too old; None if it is not, or if there never was one."""
    backup_at = last_backup(desk.settings.data)
    age = (desk.clock() - backup_at) / timedelta(hours=1) if backup_at else 0.0
    return int(age) if 0 < desk.settings.backup_hours < age else None


def queue(desk: Desk) -> tuple[int, int, int]:
    """Count those who wait in the chat, those who talk, and present advisers. Raises StoreDown or sqlite3.Error."""
    if desk.live.library.site.chat is None:
        return 0, 0, 0
    now = desk.chats.agreed(desk.clock())
    states = [chat.state for chat in desk.chats.live(now) if not chat.player]
    return states.count("waiting"), states.count("talking"), len(desk.chats.present(now))


def _files(desk: Desk) -> Check:
    def check() -> Iterable[Problem]:
        if count := broken_files(desk):
            yield Problem(Where.CONTENT, None, Code.HEALTH_BROKEN_FILES, {"count": count})
        if count := not_live(desk):
            yield Problem(Where.NEWS, None, Code.HEALTH_EMBARGO_NOT_LIVE, {"count": count})
        if desk.shelf.history.trouble:
            yield Problem(Where.HISTORY, None, Code.HEALTH_NO_HISTORY)
        if (hours := backup_late(desk)) is not None:
            yield Problem(Where.BACKUP, None, Code.HEALTH_BACKUP_LATE, {"hours": hours})
        with suppress(sqlite3.Error, OSError):  # a database that cannot be read is reported by another check
            waits = desk.notices.waiting_letters(desk.clock() - timedelta(hours=1)) if desk.settings.mail_server else 0
            if waits:
                yield Problem(Where.MAIL, None, Code.HEALTH_MAIL_WAITS, {"count": waits})

    return check


def _one_desk(home: Home) -> Check:
    """Reports a second desk on the same database: the two would save without waiting for each other."""
    if not home.server:
        return lambda: ()
    staff = on_server(home.server, STAFF, home.data)

    def check() -> Iterable[Problem]:
        with suppress(sqlite3.Error):  # another check reports that the database is away
            if staff.desks() > 1:
                yield Problem(Where.DESK, None, Code.HEALTH_TWO_DESKS)

    return check


def _queue(desk: Desk) -> Check:
    def check() -> Iterable[Problem]:
        try:
            waiting, _, advisers = queue(desk)
        except (StoreDown, sqlite3.Error, OSError):
            return  # another check reports that the store is down
        if waiting and not advisers:
            yield Problem(Where.CHAT, None, Code.HEALTH_QUEUE_ALONE, {"count": waiting})

    return check


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
