"""What is wrong with how a site is set up, each fault in a sentence: owners, address, proxies, disk, stores, time.

It only looks, except for a probe file that it writes and deletes.
"""

import ctypes
import errno
import http.client
import json
import os
import sqlite3
import ssl
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from sidedoor.chat.model import StoreDown
from sidedoor.chat.store import open_store
from sidedoor.database import copy_of, is_database, is_sound
from sidedoor.desk.databases import KEPT
from sidedoor.desk.items.editor import VISUAL
from sidedoor.desk.people.staff import SCHEMA as STAFF
from sidedoor.documents.codes import Code, Where
from sidedoor.documents.fixed_addresses import HEALTH
from sidedoor.documents.loader import usable_site
from sidedoor.documents.problems import Level, Problem, Refused
from sidedoor.documents.site import Site
from sidedoor.documents.times import Clock
from sidedoor.example import EXAMPLE
from sidedoor.home import look, on_server
from sidedoor.public.feedback_store import SCHEMA as FEEDBACK
from sidedoor.schema import SETTING
from sidedoor.settings import Settings, in_address, unknown_names
from sidedoor.web import health

_LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")
_PATIENCE_SECONDS = 5
_MOST_FILES = 20_000
_MOST_BYTES = 64 * 1024 * 1024
_SLOWEST_CLOCK = 3.0
_UNSYNCHRONISED = 5
"""TIME_ERROR from adjtimex(2): nothing synchronises the kernel's clock."""


def faults(settings: Settings, clock: Clock) -> list[Problem]:
    """Everything that is wrong (errors) or looks odd (warnings)."""
    problems = unknown_names()
    try:
        site = usable_site(settings.content, settings.data)
    except Refused as refused:
        return [*problems, *refused.problems]
    if not (settings.content / "site.toml").is_file():
        problems.append(Problem("SIDEDOOR_CONTENT", None, Code.HEALTH_CONTENT_AWAY))
    problems += [*_owners(settings), *_addresses(settings, site), *_running(settings)]
    problems += [*_stores(settings, clock), *_server(settings), *_time(settings)]
    if settings.database or os.path.isfile(settings.data / STAFF.file):  # inside a closed folder, Path's own raises
        problems += editor(VISUAL, VISUAL.parents[4] / "editor/src")
    for folder, setting in _folders(settings).items():
        if os.path.exists(folder):
            problems += health.disk(folder, setting)()
        elif folder != settings.content:
            problems += _cannot_be_made(folder, setting)
    return list(dict.fromkeys(problems))


def _folders(settings: Settings) -> dict[Path, str]:
    """The folders that the site and the desk work in, each with the setting that names it."""
    scheme, _, chats = settings.chat_store.partition(":")
    folders = {settings.data: "SIDEDOOR_DATA", settings.content: "SIDEDOOR_CONTENT"}
    if settings.messages:
        folders.setdefault(settings.messages, "SIDEDOOR_MESSAGES")
    if scheme == "sqlite" and chats:
        folders.setdefault(Path(chats), "SIDEDOOR_CHAT_STORE")
    return folders


def _cannot_be_made(folder: Path, setting: str) -> Iterator[Problem]:
    """The first start makes a missing folder, if it may."""
    above = next(path for path in folder.absolute().parents if os.path.exists(path))
    if not os.access(above, os.W_OK | os.X_OK):
        values = {"folder": str(folder), "reason": os.strerror(errno.EACCES)}
        yield Problem(setting, None, Code.DATA_NOT_OURS, values)


def _owners(settings: Settings) -> Iterator[Problem]:
    """Check that everything in a folder belongs to the folder's owner, and that nobody else can read it."""
    for folder, name in _folders(settings).items():
        if not os.path.isdir(folder) or folder == EXAMPLE:  # a part of the program
            continue
        owner = folder.stat()
        if owner.st_mode & 0o007:
            yield Problem(name, None, Code.DOCTOR_OPEN_TO_ALL, {"folder": str(folder)}, level=Level.WARNING)
        for path in islice(folder.rglob("*"), _MOST_FILES):
            with suppress(FileNotFoundError):
                status = path.lstat()
                all_write = (
                    owner.st_mode & stat.S_ISGID and owner.st_mode & stat.S_IWGRP and status.st_gid == owner.st_gid
                )
                if status.st_uid != owner.st_uid and not all_write:
                    yield Problem(name, None, Code.DOCTOR_OTHER_OWNER, {"path": str(path), "folder": str(folder)})
                    break
        if os.geteuid() not in (0, owner.st_uid) and not os.access(folder, os.R_OK | os.X_OK):
            yield Problem(name, None, Code.DOCTOR_NOT_OURS, {"folder": str(folder)})


def _addresses(settings: Settings, site: Site) -> Iterator[Problem]:
    """Check that url, TLS and proxies fit together, and that this site answers at the url."""
    secure = (site.url or "").startswith("https://")
    if secure and not settings.https:
        yield Problem("SIDEDOOR_HTTPS", None, Code.DOCTOR_HTTPS_OFF, {"url": site.url})
    if settings.https and not secure:
        yield Problem("site.toml", None, Code.DOCTOR_URL_WITHOUT_TLS, {"url": site.url or ""})
    if settings.https and not settings.proxies:
        yield Problem("SIDEDOOR_PROXIES", None, Code.DOCTOR_PROXIES_UNCOUNTED, level=Level.WARNING)
    desk = urlsplit(settings.desk_url)
    if desk.scheme != "https" and desk.hostname not in _LOOPBACK:
        yield Problem("SIDEDOOR_DESK_URL", None, Code.DOCTOR_DESK_WITHOUT_TLS, {"url": settings.desk_url})
    if site.url and urlsplit(site.url).hostname not in _LOOPBACK:
        try:
            if "edition_age" not in _fetch_json(f"{site.url.rstrip('/')}{HEALTH}"):
                yield Problem("site.toml", None, Code.DOCTOR_URL_OF_OTHERS, {"url": site.url})
        except (OSError, ValueError, http.client.HTTPException) as error:
            values = {"url": site.url, "reason": _why_silent(error)}
            yield Problem("site.toml", None, Code.DOCTOR_URL_SILENT, values, level=Level.WARNING)


def _why_silent(error: Exception) -> str:
    """Why nothing could be fetched: the certificate's fault, the name's, or the network's."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    return (cause.strerror if isinstance(cause, OSError) else "") or str(cause) or type(cause).__name__


def _running(settings: Settings) -> Iterator[Problem]:
    """The problems that the running site reports about itself."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared, not bound
    place = f"{in_address(host)}:{settings.port}"
    try:
        report = _fetch_json(f"http://{place}{HEALTH}")
    except (OSError, ValueError, http.client.HTTPException):
        yield Problem(Where.HOST_AND_PORT, None, Code.DOCTOR_NOT_RUNNING, {"place": place}, level=Level.WARNING)
        return
    for trouble in report.get("trouble", ()) if isinstance(report, dict) else ():
        with suppress(ValueError, KeyError, TypeError):
            yield Problem(Where.RUNNING_SITE, None, Code(trouble["code"]))


def _fetch_json(url: str) -> dict[str, list[dict[str, str]]]:
    """Fetch JSON from a web address. Raises OSError or ValueError."""
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 - http or https
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310
            content = json.loads(answer.read(100_000))
    except urllib.error.HTTPError as error:
        with error:
            content = json.loads(error.read(100_000))
    return content if isinstance(content, dict) else {}


def _stores(settings: Settings, clock: Clock) -> Iterator[Problem]:
    """Check that the chat's store answers, and that every database is whole.

    No database is opened to work with, because that would bring it up to date under an older program that still runs.
    """
    try:
        store = open_store(settings.chat_store, settings.data)
        if not settings.chat_store.startswith("sqlite:"):
            store.present(clock())
    except Refused as refused:
        yield from refused.problems
    except (StoreDown, sqlite3.Error, OSError):
        yield Problem("SIDEDOOR_CHAT_STORE", None, Code.HEALTH_CHAT_DOWN)
    holding_data = (folder for folder in _folders(settings) if folder != settings.content)
    for path in sorted(path for folder in filter(os.path.isdir, holding_data) for path in folder.rglob("*.sqlite3")):
        with suppress(OSError):
            if not path.stat().st_size or path.stat().st_size > _MOST_BYTES or not os.access(path, os.R_OK):
                continue
            try:
                sound = is_database(path) and is_sound(copy_of(path))
            except sqlite3.DatabaseError:
                sound = False
            if not sound:
                yield Problem("SIDEDOOR_DATA", None, Code.BACKUP_DATABASE_DAMAGED, {"subject": str(path)})


def _server(settings: Settings) -> Iterator[Problem]:
    """Check that the databases' server can be used, and that nobody can read the traffic on the way."""
    if not settings.database:
        return
    try:
        state = on_server(settings.database, FEEDBACK).look()
        if abs(state.ahead) > _SLOWEST_CLOCK:
            difference = {"seconds": round(abs(state.ahead))}
            yield Problem(Where.CLOCK, None, Code.DOCTOR_CLOCK_OF_DATABASE, difference)
        if state.in_clear:
            yield Problem(SETTING, None, Code.DOCTOR_DATABASE_WITHOUT_TLS, level=Level.WARNING)
    except Refused as refused:
        yield from refused.problems
        return
    try:
        look(settings.home, KEPT)
    except Refused as refused:  # the public site's user should only see feedback, so missing rights are fine
        yield from (problem for problem in refused.problems if problem.code is not Code.DATABASE_RIGHTS)


def editor(built: Path, sources: Path) -> Iterator[Problem]:
    """Check that the desk's visual editor exists and, if its sources are here, that it was built from them."""
    if not built.is_file():
        yield Problem(Where.DESK, None, Code.DOCTOR_EDITOR_AWAY, {"path": str(built)}, level=Level.WARNING)
    elif any(path.stat().st_mtime > built.stat().st_mtime for path in sources.glob("*.js")):
        yield Problem(Where.DESK, None, Code.DOCTOR_EDITOR_OLD, level=Level.WARNING)


def _time(settings: Settings) -> Iterator[Problem]:
    """Check that the clock is synchronised, and that the disk's agrees with it: embargoes lift by it."""
    with suppress(OSError, AttributeError):
        timex = ctypes.create_string_buffer(512)  # modes = 0: it only reads
        if ctypes.CDLL(None).adjtimex(timex) == _UNSYNCHRONISED:
            yield Problem(Where.CLOCK, None, Code.DOCTOR_CLOCK_UNSET, level=Level.WARNING)
    probe = settings.data / f".probe-{os.getpid()}-time"
    with suppress(OSError):
        try:
            probe.touch()
            apart = abs(probe.stat().st_mtime - time.time())
        finally:
            probe.unlink(missing_ok=True)
        if apart > _SLOWEST_CLOCK:
            yield Problem(Where.CLOCK, None, Code.DOCTOR_CLOCKS_DIFFER, {"seconds": round(apart)})
