"""Tells the desk's people and the operator's monitor more than the public `/healthz`: files, embargoes, the queue.

Only counts: no page and no person is named. They are on the desk's pages.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sidedoor.backup_stamp import last_backup
from sidedoor.chat.model import StoreDown
from sidedoor.desk.current import Desk
from sidedoor.desk.databases import KEPT
from sidedoor.desk.people.staff import SCHEMA as STAFF
from sidedoor.documents.codes import Code, Where
from sidedoor.documents.problems import Level, Problem
from sidedoor.home import Home, on_server
from sidedoor.web import health as watched
from sidedoor.web.health import Check, Health

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
