"""The content folder, read into a Library, and read again when it changes, one changed file at a time.

A file that cannot be used is reported, and its last good version stays: in memory, and in SIDEDOOR_DATA for the next
start. A changed file is read once it has stopped changing, so half a file is never shown. A folder that is away (not
mounted, mistyped, emptied) deletes nothing: everything stays as it was last good, at a start as well.
"""

import errno
import hashlib
import logging
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from sidedoor.documents.codes import Code
from sidedoor.documents.document import Document, kind_of
from sidedoor.documents.kept import Copy, Kept, reader_version
from sidedoor.documents.library import Library
from sidedoor.documents.models import FactsFile
from sidedoor.documents.problems import Problem, Refused
from sidedoor.documents.reading import (
    PICTURES,
    RECORDINGS,
    SHOWN,
    SITE,
    Contacts,
    Good,
    counts,
    from_text,
    most_bytes,
    read,
    read_site,
    read_text,
    to_text,
)
from sidedoor.documents.recordings import is_recording
from sidedoor.documents.renderer import Renderer, shared_renderer
from sidedoor.documents.site import Site

_PROGRESS_EVERY = 1000

Signature = tuple[int, int, int]
_NEVER_SEEN: Signature = (-1, -1, -1)
log = logging.getLogger("sidedoor.content")


@dataclass(frozen=True)
class _Record:
    """A file as it was when last read. `good` is its last good version, from this reading or an earlier one."""

    signature: Signature
    digest: str
    reader: str
    good: Good | None
    problems: tuple[Problem, ...] = ()


class Loader:
    """Reads the folder `content`. `data` keeps last good versions across restarts; None keeps them in memory only."""

    def __init__(self, content: Path, data: Path | None = None, renderer: Renderer | None = None) -> None:
        self.content = content
        self._renderer = renderer or shared_renderer()
        self._kept = Kept(data) if data else None
        self._copies = self._kept.all() if self._kept else {}
        self._records: dict[str, _Record] = {}
        self._unsettled: dict[str, Signature] = {}
        self._library: Library | None = None
        self._away = False
        self._closed: set[str] = set()
        self._closed_told: tuple[Problem, ...] = ()

    def load(self, settled: bool = False) -> Library:
        """The folder as it is now; the very same Library if nothing changed since the last call.

        `settled` is for calls that are repeated: a changed file is read when it looked the same at the call before.
        Raises Refused if there is no usable site.toml, neither now nor kept.
        """
        found = dict(self._scan())
        if self._is_away(found):
            return self._while_away()
        changed = {file for file, signature in found.items() if self._signature(file) != signature}
        if settled:
            changed = self._settled(changed, found)
        removed = {file for file in self._records.keys() - found.keys() if not self._behind_a_closed_door(file)}
        closed = tuple(
            Problem(f"{folder}/", None, Code.SUBFOLDER_UNREADABLE) for folder in sorted(self._closed) if folder
        )
        if self._library and not (changed or removed or self._away or closed != self._closed_told):
            return self._library
        self._closed_told = closed
        self._away = False
        for file in removed:
            del self._records[file]
        site = self._read_site(found, changed)
        self._read_all(sorted(changed - {SITE}), found, site)
        for file in self._copies.keys() - found.keys() - self._records.keys():
            if self._behind_a_closed_door(file):
                self._take_from_copy(file)
        gone = {*removed, *(self._copies.keys() - found.keys() - self._records.keys())}
        self._keep((SITE,) if SITE in changed else (), gone)
        self._copies.clear()
        self._library = self._assemble(site)
        return self._library

    @property
    def waiting(self) -> bool:
        """Whether a file is still changing, so that another look should come soon."""
        return bool(self._unsettled)

    def _scan(self) -> Iterator[tuple[str, Signature]]:
        """Every file that counts, by its path in the folder, with what tells one version of it from another."""
        start = len(os.fspath(self.content)) + 1
        self._closed = set()

        def closed(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError | NotADirectoryError):
                self._closed.add(os.fspath(error.filename)[start:].replace(os.sep, "/"))

        for folder, folders, names in os.walk(self.content, onerror=closed):
            folders[:] = [name for name in folders if not name.startswith(".")]
            inside = folder[start:].replace(os.sep, "/")
            for name in names:
                file = f"{inside}/{name}" if inside else name
                if name.startswith((".", "~")) or not counts(file):
                    continue
                try:
                    status = os.stat(os.path.join(folder, name))
                    yield file, (status.st_mtime_ns, status.st_size, status.st_ino)
                except OSError:
                    yield file, (0, 0, 0)

    def _signature(self, file: str) -> Signature | None:
        record = self._records.get(file)
        return record.signature if record else None

    def _settled(self, changed: set[str], found: dict[str, Signature]) -> set[str]:
        settled = {file for file in changed if self._unsettled.get(file) == found[file]}
        self._unsettled = {file: found[file] for file in changed - settled}
        return settled

    def _behind_a_closed_door(self, file: str) -> bool:
        """Whether a file is in a folder that could not be looked into: then nobody knows that it is gone."""
        return any(file.startswith(f"{folder}/") for folder in self._closed)

    def _is_away(self, found: Collection[str]) -> bool:
        """Whether what is there is no site: no site.toml, or not one of the documents of before, or of any others."""
        if SITE not in found:
            return True
        if any(kind_of(file) for file in found):
            return False
        known = [file for file in chain(self._records, self._copies) if kind_of(file)]
        return bool(known) and not any(self._behind_a_closed_door(file) for file in known)

    def _while_away(self) -> Library:
        """The folder is being replaced or cannot be reached: nothing in it counts as deleted."""
        if self._library and self._away:
            return self._library
        away = Problem(SITE, None, Code.FOLDER_AWAY, {"folder": str(self.content.resolve())})
        if not self._library:
            for file in self._copies:
                self._take_from_copy(file)
            site = self._records[SITE].good if SITE in self._records else None
            if not isinstance(site, Site):
                self._records.clear()
                raise Refused([replace(away, code=Code.NO_SITE)])
            self._library = self._assemble(site)
        self._away = True
        self._library = replace(self._library, problems=(away, *self._library.problems))
        return self._library

    def _take_from_copy(self, file: str) -> None:
        """Show what was kept of a file that cannot be looked at; it is read again as soon as it can be."""
        if good := _good(copy := self._copies.get(file)):
            assert copy
            self._records[file] = _Record(_NEVER_SEEN, copy.digest, copy.reader, good)

    def picture(self, name: str) -> bytes | None:
        """The bytes of a picture or recording; those that were kept, where its file cannot be read. Never raises."""
        try:
            return (self.content / (RECORDINGS if is_recording(name) else PICTURES) / name).read_bytes()
        except OSError:
            return self._kept.picture(name) if self._kept else None

    def _read_site(self, found: dict[str, Signature], changed: set[str]) -> Site:
        before = self._records.get(SITE)
        if SITE in changed or not before:
            self._read(SITE, found.get(SITE, (0, 0, 0)), None)
        site = self._records[SITE].good
        if not isinstance(site, Site):
            raise Refused(list(self._records.pop(SITE).problems))
        if before and before.good != site:
            changed |= {file for file in found if kind_of(file)}
        return site

    def _read_all(self, files: list[str], found: dict[str, Signature], site: Site) -> None:
        done = []
        for file in files:
            self._read(file, found[file], site)
            done.append(file)
            if len(done) == _PROGRESS_EVERY:
                log.info("Reading the content folder: at %s, %s files in all.", file, len(found))
                self._keep(done)
                done = []
        self._keep(done)

    def _read(self, file: str, signature: Signature, site: Site | None) -> None:
        copy, before = self._copies.get(file), self._records.get(file)
        reader, digest = _reader(site), ""
        if (
            copy
            and self._has_picture(file)
            and (copy.signature, copy.reader) == (repr(signature), reader)
            and (good := _good(copy))
        ):
            self._records[file] = _Record(signature, copy.digest, reader, good)
            return
        try:
            raw = self._bytes(file)
            digest = hashlib.sha256(raw).hexdigest()
            if before and (before.digest, before.reader) == (digest, reader):
                # Only its place or its date changed, as when the whole folder is replaced by a copy.
                self._records[file] = replace(before, signature=signature)
                return
            same = copy and (copy.digest, copy.reader) == (digest, reader)
            good = (_good(copy) if same else None) or read(raw, file, site, self._renderer)
            self._records[file] = _Record(signature, digest, reader, good)
            if self._kept and isinstance(good, str):
                self._kept.keep_picture(good, raw)
        except Refused as refused:
            good = None if file.startswith(SHOWN) else before.good if before else _good(copy)
            self._records[file] = _Record(signature, digest, reader, good, tuple(refused.problems))

    def _has_picture(self, file: str) -> bool:
        """Whether a file is not one that pages show, or is kept with its bytes, as older versions did not do."""
        shown = file.startswith(SHOWN)
        return not shown or self._kept is None or self._kept.has_picture(file.partition("/")[2])

    def _bytes(self, file: str) -> bytes:
        try:
            # Opening a named pipe or a device would wait for ever, or worse.
            with open(os.open(self.content / file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as source:  # noqa: PTH123
                if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
                    raise OSError(errno.EINVAL, "")
                return source.read(most_bytes(file) + 1)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "no reason given"
            raise Refused([Problem(file, None, Code.FILE_UNREADABLE, {"reason": reason})]) from None

    def _keep(self, files: Iterable[str], gone: Iterable[str] = ()) -> None:
        """Keep what was just read and found good, unless it came from what was kept."""
        if not self._kept:
            return
        records = [(file, self._records[file]) for file in files]
        self._kept.update(
            [
                Copy(file, repr(record.signature), record.digest, record.reader, to_text(record.good))
                for file, record in records
                if record.good and not record.problems and not _same(record, self._copies.get(file))
            ],
            gone,
        )

    def _assemble(self, site: Site) -> Library:
        documents: dict[tuple[str, str], Document] = {}
        pictures: set[str] = set()
        contacts: Contacts = {}
        facts = FactsFile(facts=())
        problems = [problem for record in self._records.values() for problem in record.problems]
        problems += self._closed_told
        for file, record in sorted(self._records.items()):
            match record.good:
                case Document() as document:
                    first = documents.setdefault((document.kind, document.slug), document)
                    if first is not document:
                        problems.append(Problem(file, None, Code.SAME_NAME, {"other": first.file}))
                case dict() as contacts:
                    pass
                case FactsFile() as facts:
                    pass
                case str() as picture:
                    pictures.add(picture)
        return Library(
            site=site,
            contacts=contacts,
            facts={fact.id: fact for fact in facts.facts},
            documents=tuple(documents.values()),
            pictures=frozenset(pictures),
            problems=tuple(sorted(problems, key=lambda problem: (problem.file, problem.line or 0))),
        )


def usable_site(content: Path, data: Path) -> Site:
    """site.toml as it is, or as it was kept: without it there is no start. Reads nothing else. Raises Refused."""
    try:
        return read_site(read_text((content / SITE).read_bytes(), SITE))
    except OSError:
        refused = Refused([Problem(SITE, None, Code.NO_SITE, {"folder": str(content.resolve())})])
    except Refused as unusable:
        refused = unusable
    kept = _good(Kept(data).one(SITE))
    if not isinstance(kept, Site):
        raise refused
    return kept


def _good(copy: Copy | None) -> Good | None:
    """What was good before this process started; None if there is none that today's code can read."""
    try:
        return from_text(copy.file, copy.value) if copy else None
    except (ValueError, TypeError, KeyError):
        return None


def _same(record: "_Record", copy: Copy | None) -> bool:
    written = (repr(record.signature), record.digest, record.reader)
    return copy is not None and written == (copy.signature, copy.digest, copy.reader)


def _reading_depends_on(site: Site | None) -> object:
    """What of site.toml decides whether a document is well-formed, and when it is public."""
    return site and (site.timezone, site.languages, site.groups, dict(site.press))


def _reader(site: Site | None) -> str:
    """Stands for everything but the file itself that decides what is read from it."""
    return f"{reader_version()} {_reading_depends_on(site)}"
