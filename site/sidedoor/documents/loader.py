"""The content folder, read into a Library, and read again when it changes, one changed file at a time.

A file that cannot be used is reported, and its last good version stays: in memory, and in SIDEDOOR_DATA for the next
start. A changed file is read once it has stopped changing, so half a file is never shown.
"""

import errno
import hashlib
import logging
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sidedoor.documents.codes import Code
from sidedoor.documents.document import Document, kind_of
from sidedoor.documents.kept import Copy, Kept, reader_version
from sidedoor.documents.library import Library
from sidedoor.documents.models import FactsFile
from sidedoor.documents.problems import Problem, Refused
from sidedoor.documents.reading import PICTURES, SITE, Contacts, Good, counts, from_text, most_bytes, read, to_text
from sidedoor.documents.renderer import Renderer, shared_renderer
from sidedoor.documents.site import Site

_AWAY = Problem(SITE, None, Code.FOLDER_AWAY)
_PROGRESS_EVERY = 1000

Signature = tuple[int, int, int]
log = logging.getLogger("sidedoor.content")


@dataclass(frozen=True)
class _Record:
    """A file as it was when last read. `good` is its last good version, of this reading or an earlier one."""

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

    def load(self, settled: bool = False) -> Library:
        """The folder as it is now; the very same Library if nothing changed since the last call.

        `settled` is for calls that are repeated: a changed file is read when it looked the same at the call before.
        Raises Refused if there is no usable site.toml, neither now nor kept.
        """
        found = dict(self._scan())
        if self._library and SITE not in found:
            return self._while_away(self._library)
        changed = {file for file, signature in found.items() if self._signature(file) != signature}
        if settled:
            changed = self._settled(changed, found)
        removed = self._records.keys() - found.keys()
        if self._library and not (changed or removed or self._away):
            return self._library
        self._away = False
        for file in removed:
            del self._records[file]
        site = self._read_site(found, changed)
        self._read_all(sorted(changed - {SITE}), found, site)
        gone = {*removed, *(self._copies.keys() - found.keys())}
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
        for folder, folders, names in os.walk(self.content):
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

    def _while_away(self, library: Library) -> Library:
        """The folder is being replaced or cannot be reached: nothing in it counts as deleted."""
        if not self._away:
            self._away = True
            self._library = replace(library, problems=(_AWAY, *library.problems))
        return self._library or library

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
        if copy and (copy.signature, copy.reader) == (repr(signature), reader) and (good := _good(copy)):
            self._records[file] = _Record(signature, copy.digest, reader, good)
            return
        try:
            raw = self._bytes(file)
            digest = hashlib.sha256(raw).hexdigest()
            if before and (before.digest, before.reader) == (digest, reader):
                # Only its place or its date changed, as when the whole folder is put in place anew.
                self._records[file] = replace(before, signature=signature)
                return
            same = copy and (copy.digest, copy.reader) == (digest, reader)
            good = (_good(copy) if same else None) or read(raw, file, site, self._renderer)
            self._records[file] = _Record(signature, digest, reader, good)
        except Refused as refused:
            good = None if file.startswith(PICTURES) else before.good if before else _good(copy)
            self._records[file] = _Record(signature, digest, reader, good, tuple(refused.problems))

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
