"""The content folder, read into a Library, and read again when it changes, one changed file at a time.

A file that cannot be used is reported, and its last good version stays: in memory, and in SIDEDOOR_DATA for the next
start. A changed file is read once it has stopped changing, so half a file is never shown. A folder that is away (not
mounted, mistyped, emptied) or is just being replaced deletes nothing: everything stays as it was last good, at a start
as well.

What one worker has read, the others take from the copies: one reads at a time, on all processors where there is much to
read, and whoever dies leaves the turn to the next.
"""

import gc
import hashlib
import logging
import os
import stat
import time
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import lru_cache
from itertools import chain, islice, takewhile
from pathlib import Path
from sys import intern
from typing import NamedTuple

from sidedoor.documents import in_order
from sidedoor.documents.codes import Code
from sidedoor.documents.document import Document, kind_of
from sidedoor.documents.kept import Copy, Kept, reader_version
from sidedoor.documents.lean import Fetch, LeanDocument, Words, WordsGone, version_of, words_of
from sidedoor.documents.library import Library
from sidedoor.documents.missing import Missing
from sidedoor.documents.models import FactsFile
from sidedoor.documents.pictures import Picture, PictureFacts
from sidedoor.documents.problems import Problem, Refused
from sidedoor.documents.reading import (
    CONTACTS,
    CREDITS,
    FACTS,
    PICTURES,
    RECORDINGS,
    SHOWN,
    SITE,
    Good,
    counts,
    from_text,
    read,
    read_bytes,
    read_site,
    read_text,
    to_text,
)
from sidedoor.documents.reading_child import Answer
from sidedoor.documents.reading_pool import WORTH_IT, ReadingPool
from sidedoor.documents.recordings import is_recording
from sidedoor.documents.renderer import Renderer, shared_renderer
from sidedoor.documents.site import Site
from sidedoor.documents.sizes import Size, Sizes

_BATCH = 400
_MOST_TOLD = 1000
"""So many changed paths at once are better found by a look at everything."""
_WAIT_SECONDS = 0.05
_ASKED_FOR = 100
"""So many files are asked for together; where no copy of them has come yet, the rest need not be."""
_PATIENCE_SECONDS = 20.0
"""How long a worker waits for another's copies that do not come, before it reads for itself."""
_WORDS_IN_MEMORY = 64
_MOST_MOVED = 2000
"""So many at once are put in order quicker all together."""
_VERY_MANY = 100_000
"""Objects of which as good as none will ever go, and no circle: to look them through would stop everybody again."""

Signature = str
"""What the file system says of a file, as it is kept: of a hundred thousand, none has to be taken apart."""
_NEVER_SEEN: Signature = "(-1, -1, -1)"
_UNREADABLE: Signature = "(0, 0, 0)"
log = logging.getLogger("sidedoor.content")


class _Record(NamedTuple):
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
        self._sizes = self._kept.sizes if self._kept else Sizes(None)
        self._reader_of: tuple[Site | None, str] = (None, "")
        with _making_what_stays():
            self._copies = dict(self._read_before()) if self._kept else {}
        self._records: dict[str, _Record] = {}
        self._unsettled: dict[str, Signature] = {}
        self._missing = Missing()
        self._library: Library | None = None
        self._away = False
        self._closed: set[str] = set()
        self._closed_told: tuple[Problem, ...] = ()
        self._first: dict[str, str] = {}
        """Each document's address, and the file that has it."""
        self._rivals: dict[str, set[str]] = {}
        """The same where several files want it."""
        self._documents: tuple[Document, ...] = ()
        self._touched: set[str] = set()
        """The files by which `_documents` is no longer what it should be."""
        self._shown: set[str] = set()
        """Pictures and recordings."""
        self._troubled: set[str] = set()
        self._behind: dict[str, Signature] = {}
        """In the order in which they are read."""
        self._pool: ReadingPool | None = None
        self._known_words = lru_cache(maxsize=_WORDS_IN_MEMORY)(self._words)

    def load(self, settled: bool = False, told: Collection[str] | None = None, seconds: float | None = None) -> Library:
        """The folder as it is now; the very same Library if nothing changed since the last call.

        `settled` is for calls that are repeated: a changed file is read when it looked the same at the call before.
        `told`: the only files that may have changed, by their paths in the folder. `seconds`: about how long the first
        call reads news; what is left is `behind`, for `read_on`.
        Raises Refused if there is no usable site.toml, neither now nor kept.
        """
        if self._library:
            return self._load(settled, told, seconds)
        with _making_what_stays():
            library = self._load(settled, told, seconds)
            while self._missing.files and seconds is None:
                time.sleep(_WAIT_SECONDS)
                library = self._load(True, None, None)
        return library

    def _load(self, settled: bool, told: Collection[str] | None, seconds: float | None) -> Library:
        found = self._look_at(told)
        whole = found is None
        if found is None:
            found = dict(self._scan())
            if self._is_away(found):
                return self._while_away()
            if self._kept:
                self._kept.forget_replaced()
        looked_at = None if whole else set(told or ())
        # What the start has left is still to be read, unless it changed again or is gone.
        self._behind = {
            file: seen
            for file, seen in self._behind.items()
            if (looked_at is not None and file not in looked_at) or found.get(file) == seen
        }
        changed = {file for file, signature in found.items() if self._signature(file) != signature}
        changed -= self._behind.keys()
        if settled:
            changed = self._settled(changed, found, looked_at)
        known = self._records.keys() | self._copies.keys() if looked_at is None else self._known_of(looked_at)
        gone = {file for file in known if file not in found}
        gone = {file for file in gone if not self._behind_a_closed_door(file)}
        gone = self._missing.deleted(gone, known, found, self._inode() if whole else None, settled)
        removed = gone & self._records.keys()
        closed = tuple(
            Problem(f"{folder}/", None, Code.SUBFOLDER_UNREADABLE) for folder in sorted(self._closed) if folder
        )
        if self._library and not (changed or removed or self._away or closed != self._closed_told):
            return self._library
        self._closed_told = closed
        self._away = False
        for file in removed:
            self._put(file, None)
        site = self._read_site(found, changed)
        left = self._read_all(_in_order(changed - {SITE}), found, site, seconds)
        if left:
            left |= self._behind
            self._behind = {file: left[file] for file in _in_order(left)}
        if whole:
            for file in self._copies.keys() - found.keys() - self._records.keys():
                if self._behind_a_closed_door(file) or file in self._missing.files:
                    self._take_from_copy(file)
        if self._kept:
            self._kept.update((), gone)
        return self._made(site)

    def read_on(self, seconds: float) -> Library:
        """Read more of what the first call left."""
        site = self._library.site if self._library else None
        if not self._library or not site or not self._behind or self._away:
            assert self._library
            return self._library
        self._behind = self._read_all(list(self._behind), self._behind, site, seconds)
        return self._made(site)

    def close(self) -> None:
        """End the children that a start which is not over has left."""
        self._end_the_pool()

    def _made(self, site: Site) -> Library:
        self._copies = {file: copy for file, copy in self._copies.items() if file in self._behind}
        self._library = self._assemble(site)
        if not self._behind:
            self._end_the_pool()
        return self._library

    @property
    def waiting(self) -> Collection[str]:
        """The files that are still changing or just went, so that another look should come soon."""
        return self._unsettled.keys() | self._missing.files

    @property
    def behind(self) -> int:
        """How many files are still to be read."""
        return len(self._behind)

    def words(self, document: LeanDocument) -> Words:
        """The words of a document that was kept. Raises WordsGone."""
        return self._known_words(document.version, document.file)

    def _words(self, version: int, file: str) -> Words:
        kept = self._kept.words(version) if self._kept else None
        if kept is not None:
            return Words.from_json(kept)
        # The copies are lost. The file serves as long as it is the same.
        record, site = self._records.get(file), self._library.site if self._library else None
        try:
            raw = read_bytes(self.content, file)
            if record and version_of(file, hashlib.sha256(raw).hexdigest(), record.reader) == version:
                good = read(raw, file, site, self._renderer)
                assert isinstance(good, Document)
                return words_of(good)
        except Refused:
            pass
        raise WordsGone

    def _look_at(self, told: Collection[str] | None) -> dict[str, Signature] | None:
        """The signatures of the files that may have changed; None if only a look at everything tells what changed."""
        if told is None or not self._library or self._away or self._closed or len(told) > _MOST_TOLD:
            return None
        if self._missing.replaced:
            return None
        found: dict[str, Signature] = {}
        for file in told:
            if any(part.startswith(".") for part in file.split("/")) or file.rsplit("/", 1)[-1].startswith("~"):
                continue
            path = os.path.join(self.content, file)
            if not counts(file):
                if os.path.isdir(path) or any(known.startswith(f"{file}/") for known in self._records):
                    return None  # a folder came or went
                continue
            try:
                status = os.stat(path)
                if stat.S_ISDIR(status.st_mode):
                    return None
                found[file] = _signature_of(status)
            except FileNotFoundError:
                # Of a document, of one of many, that was deleted. All else may be a folder that is away.
                if not (file.endswith(".md") or file.startswith(SHOWN)) or not os.path.exists(
                    os.path.join(self.content, SITE)
                ):
                    return None
            except OSError:
                found[file] = _UNREADABLE
        still = len(self._first) - sum(file not in found for file in told)
        return found if still > 0 else None

    def _scan(self) -> Iterator[tuple[str, Signature]]:
        """Every file that counts, by its path in the folder, with what tells one version of it from another."""
        self._closed = set()
        waiting = [("", os.fspath(self.content))]
        while waiting:
            inside, folder = waiting.pop()
            of_documents = kind_of(f"{inside}any.md") is not None
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        name = entry.name
                        if name.startswith("."):
                            continue
                        file = f"{inside}{name}"
                        try:
                            if entry.is_dir():
                                if not entry.is_symlink():
                                    waiting.append((f"{file}/", entry.path))
                                continue
                            signature = _signature_of(entry.stat())
                        except OSError:
                            signature = _UNREADABLE
                        known = (of_documents and name.endswith(".md")) or counts(file)
                        if known and not name.startswith("~"):
                            yield file, signature
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                self._closed.add(inside.removesuffix("/"))

    def _inode(self) -> int:
        try:
            return self.content.stat().st_ino
        except OSError:
            return 0

    def _signature(self, file: str) -> Signature | None:
        record = self._records.get(file)
        return record.signature if record else None

    def _settled(self, changed: set[str], found: dict[str, Signature], looked_at: set[str] | None) -> set[str]:
        settled = {file for file in changed if self._unsettled.get(file) == found[file]}
        not_looked_at = self._unsettled.keys() - looked_at if looked_at is not None else ()
        others = {file: self._unsettled[file] for file in not_looked_at}
        self._unsettled = {**others, **{file: found[file] for file in changed - settled}}
        return settled

    def _known_of(self, files: set[str]) -> set[str]:
        return {file for file in files if file in self._records or file in self._copies}

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
        self._away = self._missing.replaced = True
        self._library = replace(self._library, problems=(away, *self._library.problems))
        return self._library

    def _take_from_copy(self, file: str) -> None:
        """Show what was kept of a file that cannot be looked at; it is read again as soon as it can be."""
        copy = self._copies.get(file)
        if copy and copy.good:
            self._put(file, copy._replace(signature=_NEVER_SEEN))

    def _show_meanwhile(self, file: str, signature: Signature, reader: str) -> None:
        """The same of a file that is as it was, where only the code that reads it is another."""
        copy = self._copies.get(file)
        if copy and file not in self._records and copy.signature == signature and _same_site(copy.reader, reader):
            self._take_from_copy(file)

    def picture(self, name: str) -> bytes | None:
        """The bytes of a picture or recording; those that were kept, where its file cannot be read. Never raises."""
        try:
            return (self.content / (RECORDINGS if is_recording(name) else PICTURES) / name).read_bytes()
        except OSError:
            return self._kept.picture(name) if self._kept else None

    def size(self, size: Size) -> bytes | None:
        """The bytes of one size of a picture, made if they are not there; None if they cannot be. Never raises."""
        name = size.picture.name
        raw = self.picture(name)
        return self._sizes.made(size, raw, lambda: self.picture(name) is not None) if raw is not None else None

    def _read_site(self, found: dict[str, Signature], changed: set[str]) -> Site:
        before = self._records.get(SITE)
        if SITE in changed or not before:
            signature = found.get(SITE, _UNREADABLE)
            if not self._take(SITE, signature, self._reader(None)):
                self._read(SITE, signature, None)
                self._keep((SITE,))
        site = self._records[SITE].good
        if not isinstance(site, Site):
            raise Refused(list(self._records.pop(SITE).problems))
        if before and isinstance(before.good, Site) and self._reader(before.good) != self._reader(site):
            for file, record in self._records.items():
                if kind_of(file):
                    changed.add(file)
                    found.setdefault(file, record.signature)
        return site

    def _read_all(
        self, files: list[str], found: dict[str, Signature], site: Site, seconds: float | None
    ) -> dict[str, Signature]:
        """Read files, or take what others have read. Returns those that were left because the time was over."""
        reader, over = self._reader(site), None if seconds is None else time.monotonic() + seconds
        missing = [file for file in files if not self._take(file, found[file], reader)]
        waited = 0.0
        while missing and not (over and time.monotonic() >= over and not _is_essential(missing[0])):
            with self._kept.turn() if self._kept else nullcontext(True) as mine:
                if mine or waited > _PATIENCE_SECONDS:
                    # While this process waited for its turn, another may have read them.
                    missing = self._without_those_read(missing, found, reader)
                    missing = self._read_batches(missing, found, site, over)
                    continue
            pause = min(0.5, _WAIT_SECONDS * len(missing))
            time.sleep(pause)
            before = len(missing)
            missing = self._without_those_read(missing, found, reader)
            waited = waited + pause if len(missing) == before else 0.0
        for file in missing:
            self._show_meanwhile(file, found[file], reader)
        return {file: found[file] for file in missing}

    def _without_those_read(self, files: list[str], found: dict[str, Signature], reader: str) -> list[str]:
        """Take what another process has read of these; the others are left."""
        if not self._kept:
            return files
        left: list[str] = []
        for first in range(0, len(files), _ASKED_FOR):
            some = files[first : first + _ASKED_FOR]
            kept = self._kept.some(some)
            missed = [
                file
                for file in some
                if file not in kept or not self._take_copy(file, _record(kept[file], self.words), found[file], reader)
            ]
            left += missed
            if len(missed) == len(some):
                return [*left, *files[first + _ASKED_FOR :]]
        return left

    def _read_batches(self, files: list[str], found: dict[str, Signature], site: Site, over: float | None) -> list[str]:
        many = len(list(islice(filter(kind_of, files), WORTH_IT))) == WORTH_IT
        pool = self._pool_for(site) if many else None
        begun: list[tuple[list[str], Iterator[tuple[str, Answer]]]] = []
        while files and not (over and time.monotonic() >= over and not _is_essential(files[0])):
            batch = list(takewhile(_is_essential, files[:_BATCH])) or files[:_BATCH]
            files = files[len(batch) :]
            if pool:
                # The children go on while this process keeps what they have read.
                begun.append((batch, pool.read(self._asked(batch, self._reader(site)))))
                if len(begun) > 1:
                    self._take_answers(*begun.pop(0), found, site)
            else:
                for file in batch:
                    self._read(file, found[file], site)
                self._keep(batch)
            if len(found) > _BATCH:
                log.info("Reading the content folder: at %s, %s files to go.", batch[-1], len(files))
        for last in begun:
            self._take_answers(*last, found, site)
        return files

    def _pool_for(self, site: Site) -> ReadingPool:
        """Children that read documents of `site`; the same for all that a start leaves: each takes a while to begin."""
        if self._pool and self._pool.site != site:
            self._end_the_pool()
        self._pool = self._pool or ReadingPool(self.content, site)
        return self._pool

    def _end_the_pool(self) -> None:
        if self._pool:
            self._pool.close()
            self._pool = None

    def _asked(self, files: list[str], reader: str) -> list[tuple[str, str]]:
        return [(file, self._known_digest(file, reader)) for file in files if kind_of(file)]

    def _take_answers(
        self, files: list[str], answers: Iterator[tuple[str, Answer]], found: dict[str, Signature], site: Site
    ) -> None:
        """Keep what the pool has read of a batch, and read by ourselves what it could not."""
        reader, copies, alone = self._reader(site), [], [file for file in files if not kind_of(file)]
        for file, answer in answers:
            if answer and len(answer) == 3:
                copies.append(Copy(file, found[file], answer[0], reader, answer[1], answer[2]))
            else:
                alone.append(file)
        if self._kept and self._kept.update(copies):
            for copy in copies:
                self._put(copy.file, self._record(copy))
        else:
            alone += [copy.file for copy in copies]
        for file in alone:
            self._read(file, found[file], site)
        self._keep(alone)

    def _known_digest(self, file: str, reader: str) -> str:
        record, copy = self._records.get(file), self._copies.get(file)
        known = record if record and record.good else copy
        return known.digest if known and known.reader == reader else ""

    def _take(self, file: str, signature: Signature, reader: str) -> bool:
        """Take the copy that was there at the start, if it is of the file as it is. Whether it was."""
        copy = self._copies.get(file)
        return copy is not None and self._take_copy(file, copy, signature, reader)

    def _take_copy(self, file: str, copy: _Record, signature: Signature, reader: str) -> bool:
        if not copy.good or copy.signature != signature or copy.reader != reader or not self._has_picture(file):
            return False
        self._put(file, copy)
        return True

    def _read(self, file: str, signature: Signature, site: Site | None) -> None:
        copy, before = self._copies.get(file), self._records.get(file)
        reader, digest = self._reader(site), ""
        try:
            raw = read_bytes(self.content, file)
            digest = hashlib.sha256(raw).hexdigest()
            if before and (before.digest, before.reader) == (digest, reader):
                # Only its place or its date changed, as when the whole folder is replaced by a copy.
                self._put(file, before._replace(signature=signature))
                return
            same = copy and (copy.digest, copy.reader) == (digest, reader)
            good = (copy.good if copy and same else None) or read(raw, file, site, self._renderer)
            self._put(file, _Record(signature, digest, reader, good))
            if self._kept and isinstance(good, Picture | str):
                self._kept.keep_picture(_name_of(good), raw)
        except Refused as refused:
            last = None if file.startswith(SHOWN) else before or copy
            problems = tuple(refused.problems)
            self._put(file, _Record(signature, digest, reader, last.good if last else None, problems))

    def _has_picture(self, file: str) -> bool:
        """Whether a file is not one that pages show, or is kept with its bytes, as older versions did not do."""
        shown = file.startswith(SHOWN)
        return not shown or self._kept is None or self._kept.has_picture(file.partition("/")[2])

    def _keep(self, files: Iterable[str], gone: Iterable[str] = ()) -> None:
        """Keep what was just read and found good, unless it came from what was kept; leave the words of it on disk."""
        if not self._kept:
            return
        good = [(file, record) for file in files if (record := self._records[file]).good and not record.problems]
        copies = [
            Copy(
                file, record.signature, record.digest, record.reader, to_text(record.good),
                words_of(record.good).to_json() if type(record.good) is Document else "",
            )
            for file, record in good
            if record.good
        ]  # fmt: skip
        if self._kept.update(copies, gone):
            for copy in copies:
                if copy.words:
                    self._put(copy.file, self._record(copy))

    def _put(self, file: str, record: _Record | None) -> None:
        """Know this of a file from now on; None: that it is gone."""
        before = self._records.pop(file, None)
        self._touched.add(file)
        self._shown.discard(file)
        if before and isinstance(before.good, Document):
            self._give_up(before.good.path, file)
        self._troubled.discard(file)
        if record is None:
            return
        self._records[file] = record
        if record.problems:
            self._troubled.add(file)
        if file.startswith(SHOWN):
            self._shown.add(file)
        if isinstance(record.good, Document):
            self._claim(record.good.path, file)

    def _claim(self, address: str, file: str) -> None:
        first = self._first.setdefault(address, file)
        if first != file:
            rivals = self._rivals.setdefault(address, {first})
            rivals.add(file)
            self._touched |= rivals
            self._first[address] = min(rivals)

    def _give_up(self, address: str, file: str) -> None:
        rivals = self._rivals.get(address)
        if rivals:
            rivals.discard(file)
            self._touched |= rivals
            self._first[address] = min(rivals)
            if len(rivals) == 1:
                del self._rivals[address]
        else:
            self._first.pop(address, None)

    def _assemble(self, site: Site) -> Library:
        records = self._records
        problems = [problem for file in self._troubled for problem in records[file].problems]
        problems += self._closed_told
        for address, rivals in self._rivals.items():
            first = self._first[address]
            problems += [Problem(file, None, Code.SAME_NAME, {"other": first}) for file in rivals if file != first]
        contacts = records[CONTACTS].good if CONTACTS in records else None
        facts = records[FACTS].good if FACTS in records else None
        of_pictures = records[CREDITS].good if CREDITS in records else None
        focus = of_pictures.focus if isinstance(of_pictures, PictureFacts) else {}
        return Library(
            site=site,
            contacts=contacts if isinstance(contacts, dict) else {},
            facts={fact.id: fact for fact in facts.facts} if isinstance(facts, FactsFile) else {},
            documents=self._documents_now(),
            pictures={
                _name_of(good): replace(good, focus=focus[good.name])
                if isinstance(good, Picture) and good.name in focus
                else good
                for file in sorted(self._shown)
                if isinstance(good := records[file].good, (Picture, str))
            },
            problems=tuple(sorted(problems, key=lambda problem: (problem.file, problem.line or 0))),
        )

    def _documents_now(self) -> tuple[Document, ...]:
        """The document of each address, in the order of their files."""
        records, touched, self._touched = self._records, self._touched, set()
        if len(touched) > _MOST_MOVED:
            self._documents = tuple(records[file].good for file in sorted(self._first.values()))  # type: ignore[misc]
            return self._documents
        gone, come = [], []
        for file in touched:
            place = bisect_left(self._documents, file, key=_file_of)
            gone += [document for document in self._documents[place : place + 1] if document.file == file]
            good = records[file].good if file in records else None
            if isinstance(good, Document) and self._first[good.path] == file:
                come.append(good)
        self._documents = in_order.moved(self._documents, gone, come, _file_of)
        return self._documents

    def _read_before(self) -> Iterator[tuple[str, _Record]]:
        assert self._kept
        for copy in self._kept.all():
            yield copy.file, _record(copy, self.words)

    def _record(self, copy: Copy | None) -> _Record | None:
        """What was good when it was kept; nothing good, if today's code cannot read it. None of none."""
        return _record(copy, self.words) if copy else None

    def _reader(self, site: Site | None) -> str:
        """Stands for everything but the file itself that decides what is read from it: the code, and the site."""
        if not self._reader_of[1] or self._reader_of[0] is not site:
            known = hashlib.sha256(repr(_reading_depends_on(site)).encode()).hexdigest()[:16]
            self._reader_of = (site, intern(f"{reader_version()} {known}"))
        return self._reader_of[1]


@contextmanager
def _making_what_stays() -> Iterator[None]:
    """A start makes very many objects that all stay: to look for waste among them again and again is half its time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] >= _VERY_MANY:
            gc.freeze()
        if collects:
            gc.enable()


def usable_site(content: Path, data: Path) -> Site:
    """site.toml as it is, or as it was kept: without it there is no start. Reads nothing else. Raises Refused."""
    try:
        return read_site(read_text((content / SITE).read_bytes(), SITE))
    except OSError:
        refused = Refused([Problem(SITE, None, Code.NO_SITE, {"folder": str(content.resolve())})])
    except Refused as unusable:
        refused = unusable
    copy = Kept(data).one(SITE)
    kept = _record(copy, _no_words).good if copy else None
    if not isinstance(kept, Site):
        raise refused
    return kept


def _record(copy: Copy, fetch: Fetch) -> _Record:
    reader = intern(copy.reader)
    try:
        good: Good | None = from_text(copy.file, copy.value, (copy.digest, reader), fetch)
    except (ValueError, TypeError, KeyError):
        return _Record(_NEVER_SEEN, copy.digest, reader, None)
    return _Record(copy.signature, copy.digest, reader, good)


def _signature_of(status: os.stat_result) -> Signature:
    return f"({status.st_mtime_ns}, {status.st_size}, {status.st_ino})"


def _no_words(_: LeanDocument) -> Words:
    raise WordsGone


def _is_essential(file: str) -> bool:
    """Whether no page can do without it: anything but news."""
    return kind_of(file) != "news"


def _in_order(files: Collection[str]) -> list[str]:
    """What the site cannot be without is read first."""
    news = [file for file in files if not _is_essential(file)]
    return [*sorted(set(files).difference(news)), *sorted(news)]


def _file_of(document: Document) -> str:
    return document.file


def _name_of(shown: Picture | str) -> str:
    return shown.name if isinstance(shown, Picture) else shown


def _same_site(one: str, other: str) -> bool:
    return one.partition(" ")[2] == other.partition(" ")[2]


def _reading_depends_on(site: Site | None) -> object:
    """What of site.toml decides whether a document is well-formed, and when it is public."""
    return site and (
        site.timezone,
        site.language,
        tuple(site.languages),
        site.groups,
        dict(site.press),
        # What a site does not use is left out, so that a release that adds something reads nobody's news anew.
        *(value for value in (tuple(site.forms),) if value),
    )
