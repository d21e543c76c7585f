"""The edition as a folder: what any web server or static host needs to show the public site without this program.

The folder is a link to a release beside it, and a new release takes its place in one step, so nobody ever sees half of
one. What did not change is the same file as before (a hard link), so copying a mirror elsewhere costs only what
changed.
"""

import fcntl
import gzip
import html
import json
import os
import re
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import brotli
from flask import Flask
from werkzeug.test import TestResponse

from sidedoor.private import for_everybody
from sidedoor.public.addresses import Addresses, is_live
from sidedoor.public.current import live, now, settings
from sidedoor.public.errors import STATUSES_OF_SERVERS
from sidedoor.public.pack import is_pack
from sidedoor.web.edition import MIRROR_KEY
from sidedoor.web.headers import mirror_headers
from sidedoor.web.outermost import ERROR_KEY

MANIFEST = "_mirror.json"
_COMPRESSED = (".html", ".xml", ".json", ".txt")
_SECONDS_TO_ANSWER = 10
_SILENT = frozenset({"script", "style", "template", "head"})


class CannotExport(Exception):
    """Nothing was written. The message says why, in a sentence."""


@dataclass
class Mirror:
    """What a mirror holds: files by public address, and what addresses without a page answer.

    `lent`: where the site shows a page of its own language in the frame of another. Those are most of its addresses and
    add no words, so a mirror redirects them to the page itself.
    """

    pages: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, tuple[int, str]] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    lent: dict[str, str] = field(default_factory=dict)


def write_mirror(app: Flask, folder: Path, live_at: str) -> tuple[int, int]:
    """Write the public site of this moment to `folder`. Search and forms lead to the site at `live_at`.

    Returns how many files are new or changed, and how many there are. Raises CannotExport.
    """
    if folder.exists() and not folder.is_symlink() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotExport(f"{folder} holds something that is not a mirror. Name another folder, or empty it.")
    before = folder.resolve() if folder.is_symlink() else None
    if before and not (before / MANIFEST).is_file():
        raise CannotExport(f"{folder} leads to something that is not a mirror. Name another folder.")
    with for_everybody():
        return _write(app, folder, live_at, before)


def _write(app: Flask, folder: Path, live_at: str, before: Path | None) -> tuple[int, int]:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        release = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        being_written = os.open(release, os.O_RDONLY)
    except OSError as error:
        raise CannotExport(f"{folder} cannot be written: {error.strerror}.") from error
    try:
        with suppress(OSError):  # some file systems of a network lock no folder
            fcntl.flock(being_written, fcntl.LOCK_EX)  # until this process ends, however it does
            _forget_the_unfinished(folder)
        return _fill_and_replace(app, folder, live_at, before, release)
    finally:
        os.close(being_written)


def _forget_the_unfinished(folder: Path) -> None:
    """Delete what a killed export left: a mirror is written every minute, and a disk would soon be full of halves."""
    mine = re.compile(rf"\.{re.escape(folder.name)}\.[a-z0-9_]{{8}}")  # as mkdtemp names them
    for path in folder.parent.iterdir():
        if not mine.fullmatch(path.name) or path.is_symlink() or not path.is_dir():
            continue
        with suppress(OSError):
            half = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(half, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if folder.resolve() != path.resolve():  # asked now: another export may have finished since
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(half)


def _fill_and_replace(app: Flask, folder: Path, live_at: str, before: Path | None, release: Path) -> tuple[int, int]:
    try:
        release.chmod(0o755)
        written = _Release(release, before)
        _fill(written, app, live_at)
        if before and not written.changed and written.files == _files_of(before):
            shutil.rmtree(release)
            return 0, len(written.files)
        _take_place(release, folder)
    except OSError as error:
        shutil.rmtree(release, ignore_errors=True)
        raise CannotExport(f"The mirror was not written; the previous one stays: {error.strerror}.") from error
    except BaseException:
        shutil.rmtree(release, ignore_errors=True)
        raise
    if before:
        shutil.rmtree(before, ignore_errors=True)
    return written.changed, len(written.files)


def _take_place(release: Path, folder: Path) -> None:
    link = folder.with_name(f".{folder.name}.link")
    link.unlink(missing_ok=True)
    link.symlink_to(release.name)
    if folder.is_dir() and not folder.is_symlink():
        folder.rmdir()
    os.replace(link, folder)


class _Release:
    """A folder being filled, which takes unchanged files from the previous one."""

    def __init__(self, folder: Path, before: Path | None) -> None:
        self._folder, self._before = folder, before
        self.files: set[str] = set()
        self.changed = 0

    def add(self, name: str, content: bytes) -> None:
        """Add a file and, for text, its compressed twins."""
        twins = [".br", ".gz"] if name.endswith(_COMPRESSED) and not name.startswith("_") else []
        self.files |= {name, *(name + twin for twin in twins)}
        target = self._folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        old = self._before / name if self._before else None
        if old and old.is_file() and old.read_bytes() == content:
            for twin in ("", *twins):
                os.link(f"{old}{twin}", f"{target}{twin}")
            return
        self.changed += 1
        target.write_bytes(content)
        for twin in twins:
            small = brotli.compress(content) if twin == ".br" else gzip.compress(content, 9, mtime=0)
            Path(f"{target}{twin}").write_bytes(small)


def _fill(release: _Release, app: Flask, live_at: str) -> None:
    mirror = Mirror()
    with app.app_context():
        public, https = live().library.public(now()), settings().https
    client = app.test_client()
    # The request comes from this machine, by the scheme that readers use, so that nothing is redirected.
    base_url = f"{urlsplit(live_at).scheme or 'http'}://localhost"
    of_mirror = {MIRROR_KEY: live_at.rstrip("/")}
    addresses = Addresses(public)
    for path in addresses.mirrored():
        _add(release, mirror, path, client.get(path, base_url=base_url, environ_overrides=of_mirror))
    mirror.lent = {path: document.path for path, document in addresses.borrowed()}
    for code in (404, *STATUSES_OF_SERVERS):
        page = client.get("/-", base_url=base_url, environ_overrides={**of_mirror, ERROR_KEY: code})
        release.add("404.html" if code == 404 else f"_errors/{code}.html", page.data)
    release.add(MANIFEST, json.dumps(vars(mirror), indent=1, sort_keys=True).encode())
    release.add("_redirects", _redirects(mirror).encode())
    release.add("_headers", _headers(mirror_headers(https)).encode())
    release.add("_moved.map", _moved(mirror).encode())


def _add(release: _Release, mirror: Mirror, path: str, answer: TestResponse) -> None:
    if answer.status_code in (301, 303):
        mirror.redirects[path] = (answer.status_code, answer.headers["Location"])
    elif answer.status_code == 410:
        mirror.gone[path] = f"_gone{path}.html"
        release.add(mirror.gone[path], answer.data)
    elif answer.status_code == 200:
        named = "." in path.rsplit("/", 1)[-1]
        ending = "json" if is_pack(path) else "html"
        name = "index.html" if path == "/" else path[1:] if named else f"{path[1:]}.{ending}"
        release.add(name, answer.data)
        mirror.pages[path] = name
        mirror.types[path] = answer.headers["Content-Type"]
    else:
        raise CannotExport(f"{path} answered {answer.status_code}, so nothing was written.")


def _redirects(mirror: Mirror) -> str:
    """Redirects as Netlify, Cloudflare Pages and others read them."""
    lines = [f"{path} {target} {status}" for path, (status, target) in sorted(mirror.redirects.items())]
    lines += [f"{path} {target} 302" for path, target in sorted(mirror.lent.items())]
    lines += [f"{path} /{file} 200" for path, file in sorted(mirror.pages.items()) if is_pack(path)]
    return "\n".join([*lines, *(f"{path} /{file} 410" for path, file in sorted(mirror.gone.items())), ""])


def _headers(policy: Mapping[str, str]) -> str:
    """The policy as the same hosts read it."""
    return "/*\n" + "".join(f"  {name}: {value}\n" for name, value in policy.items())


def _moved(mirror: Mirror) -> str:
    """Where former and lent addresses lead, as an nginx `map` reads it: for times without an application to ask."""
    lines = ["# Written by `sidedoor export`. nginx reads it when it starts and when it is reloaded."]
    # A dollar sign would begin a variable, and nothing escapes it.
    leads = mirror.lent | {path: target for path, (_, target) in mirror.redirects.items()}
    lines += [f'{path} "{target.replace("$", "%24")}";' for path, target in sorted(leads.items())]
    return "\n".join([*lines, ""])


def _files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def drift(folder: Path, url: str) -> list[str]:
    """How a mirror and the site at `url` differ, a sentence each. Raises CannotExport if it is no mirror."""
    try:
        mirror = Mirror(**json.loads((folder / MANIFEST).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise CannotExport(f"{folder} is not a mirror: it holds no {MANIFEST} that can be read.") from error
    differences: list[str] = []
    for path, file in sorted(mirror.pages.items()):
        if is_live(path):
            continue
        status, _, body = _fetch(url + path)
        if status != 200:
            differences.append(f"{path}: the mirror has it, the site answers {status}.")
        elif not same_words((folder / file).read_bytes(), body, file):
            differences.append(f"{path}: the words differ.")
    for path, (status, target) in sorted(mirror.redirects.items()):
        answered, location, _ = _fetch(url + path)
        if (answered, location) != (status, target):
            differences.append(
                f"{path}: the mirror leads to {target}, the site answers {answered} {location}".rstrip() + "."
            )
    for path in sorted(mirror.gone):
        status, _, _ = _fetch(url + path)
        if status != 410:
            differences.append(f"{path}: removed in the mirror, the site answers {status}.")
    listed = _listed(url, "/sitemap.xml")
    listed += [page for path in listed if path.endswith(".xml") for page in _listed(url, path)]
    differences += [f"{path}: the site has it, the mirror does not." for path in listed if path not in mirror.pages]
    return differences


def _listed(url: str, path: str) -> list[str]:
    """What a sitemap lists: pages, or other sitemaps."""
    _, _, sitemap = _fetch(f"{url}{path}")
    addresses = re.findall(r"<loc>([^<]+)</loc>", sitemap.decode("utf-8", "replace"))
    return [urlsplit(html.unescape(address)).path for address in addresses]


def same_words(mirrored: bytes, live: bytes, name: str) -> bool:
    """Whether a mirror's file and the site's answer say the same to a reader.

    Two packs do if each page that both have says the same. Which pages fit into a pack depends on their sizes, and a
    page of a mirror is a few bytes longer or shorter.
    """
    if is_pack(f"/{name.removesuffix('.json')}"):
        with suppress(ValueError, KeyError, AttributeError, IndexError):
            ours, theirs = _pages_of_pack(mirrored), _pages_of_pack(live)
            return all(ours[path] == theirs[path] for path in ours.keys() & theirs.keys())
    return visible_text(mirrored, name) == visible_text(live, name)


def _pages_of_pack(content: bytes) -> dict[str, str]:
    """Addresses with the words of their pages."""
    pack = json.loads(content)[1]
    whole = {
        path: re.sub(r"<(\d+)>", lambda match: str(pack["shared"][int(match[1])]), main)
        for path, main in pack["pages"].items()
    }
    return {path: visible_text(main.encode(), "page.html") for path, main in whole.items()}


def visible_text(content: bytes, name: str) -> str:
    """The words of a page, spaces evened out, or the text of another file; without host names, which may differ."""
    text = re.sub(r"https?://[^/\s<\"]+", "", content.decode("utf-8", "replace"))
    if not name.endswith(".html"):
        return text
    reader = _Words()
    reader.feed(text)
    return " ".join(" ".join(reader.words).split())


class _Words(HTMLParser):
    """Gathers what a reader sees of a page, live or in a mirror. A form that only the live page has is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = 0
        self._live_only = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        self._live_only |= tag == "form" and ("data-live-only", None) in attrs

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT
        self._live_only &= tag != "form"

    def handle_data(self, data: str) -> None:
        if not self._silent and not self._live_only:
            self.words.append(data)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def _fetch(url: str) -> tuple[int, str, bytes]:
    """Status, Location and body. Raises CannotExport if nobody answers."""
    try:
        with urllib.request.build_opener(_NoRedirect).open(url, timeout=_SECONDS_TO_ANSWER) as answer:
            return answer.status, "", answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Location", ""), error.read()
    except (OSError, ValueError) as error:
        raise CannotExport(f"{url} does not answer.") from error
