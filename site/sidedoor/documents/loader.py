"""Reads the content folder into a Library, and reads it again when it changes, one changed file at a time.

A file that cannot be used is reported, and its last good version stays: in memory, and in SIDEDOOR_DATA for the next
start. A changed file is read once it has stopped changing, so half a file is never shown. A folder that is away (not
mounted, mistyped, emptied) or is just being replaced deletes nothing: everything keeps its last good version, also if
the program starts just then.

Workers share what they read through the kept copies: one worker reads at a time, on all processors if there is much to
read, and if it dies, the next one takes its turn.
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
    from_text,
    is_content_file,
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
_MOST_CHANGED_PATHS = 1000
"""With more changed paths than this, a look at everything is quicker."""
_WAIT_SECONDS = 0.05
_COPIES_AT_ONCE = 100
"""How many copies are asked for together; if none of them has come yet, the rest need not be asked for."""
_PATIENCE_SECONDS = 20.0
"""How long a worker waits for another's copies that do not come, before it reads the files itself."""
_WORDS_IN_MEMORY = 64
_MOST_MOVED_ONE_BY_ONE = 2000
"""With more moves than this, sorting everything is quicker."""
_VERY_MANY = 100_000
"""From this many objects on, the garbage collector skips what was made on starting: nearly all of it stays, without
cycles, and a full collection would stop every request again."""

Signature = str
"""What the file system says about a file, as one string: a hundred thousand of them never have to be parsed."""
_NEVER_SEEN: Signature = "(-1, -1, -1)"
_UNREADABLE: Signature = "(0, 0, 0)"
log = logging.getLogger("sidedoor.content")


class _Record(NamedTuple):
    """A file as it was when last read. `good` is its last good version, from this or an earlier reading."""

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
        with _without_collecting():
            self._copies = dict(self._read_copies()) if self._kept else {}
        self._records: dict[str, _Record] = {}
        self._unsettled: dict[str, Signature] = {}
        self._missing = Missing()
        self._library: Library | None = None
        self._away = False
        self._unreadable_folders: set[str] = set()
        self._unreadable_reported: tuple[Problem, ...] = ()
        self._first: dict[str, str] = {}
        """The file that has each document's address."""
        self._rivals: dict[str, set[str]] = {}
        """All the files that want the same address, where there are several."""
        self._documents: tuple[Document, ...] = ()
        self._touched: set[str] = set()
        """The files whose change `_documents` does not reflect yet."""
        self._shown: set[str] = set()
        """Files of pictures and recordings."""
        self._troubled: set[str] = set()
        self._behind: dict[str, Signature] = {}
        """The files that the first call left, in the order in which they will be read."""
        self._pool: ReadingPool | None = None
        self._cached_words = lru_cache(maxsize=_WORDS_IN_MEMORY)(self._fetch_words)

    def load(
        self, settled: bool = False, changed: Collection[str] | None = None, seconds: float | None = None
    ) -> Library:
        """The folder as it is now; the same Library object if nothing changed since the last call.

        `settled` is for repeated calls: a changed file is read only if it looked the same at the call before.
        `changed`: the only files that may have changed, by their paths in the folder. `seconds`: roughly how long the
        first call may read news; the rest is `behind`, for `read_on`. Raises Refused if there is no usable site.toml,
        neither now nor kept.
        """
        if self._library:
            return self._load(settled, changed, seconds)
        with _without_collecting():
            library = self._load(settled, changed, seconds)
            while self._missing.files and seconds is None:
                time.sleep(_WAIT_SECONDS)
                library = self._load(True, None, None)
        return library

    def _load(self, settled: bool, only: Collection[str] | None, seconds: float | None) -> Library:
        signatures = self._look_at(only)
        whole = signatures is None
        if signatures is None:
            signatures = dict(self._scan())
            if self._is_away(signatures):
                return self._while_away()
            if self._kept:
                self._kept.forget_replaced()
        looked_at = None if whole else set(only or ())
        # Files that the first call left are still to be read, unless they changed again or are gone.
        self._behind = {
            file: seen
            for file, seen in self._behind.items()
            if (looked_at is not None and file not in looked_at) or signatures.get(file) == seen
        }
        changed = {file for file, signature in signatures.items() if self._signature(file) != signature}
        changed -= self._behind.keys()
        if settled:
            changed = self._settled(changed, signatures, looked_at)
        known = self._records.keys() | self._copies.keys() if looked_at is None else self._known_among(looked_at)
        gone = {file for file in known if file not in signatures}
        gone = {file for file in gone if not self._in_unreadable_folder(file)}
        gone = self._missing.deleted(gone, known, signatures, self._inode() if whole else None, settled)
        removed = gone & self._records.keys()
        unreadable = tuple(
            Problem(f"{folder}/", None, Code.SUBFOLDER_UNREADABLE)
            for folder in sorted(self._unreadable_folders)
            if folder
        )
        if self._library and not (changed or removed or self._away or unreadable != self._unreadable_reported):
            return self._library
        self._unreadable_reported = unreadable
        self._away = False
        for file in removed:
            self._put(file, None)
        site = self._read_site(signatures, changed)
        left = self._read_all(_in_order(changed - {SITE}), signatures, site, seconds)
        if left:
            left |= self._behind
            self._behind = {file: left[file] for file in _in_order(left)}
        if whole:
            for file in self._copies.keys() - signatures.keys() - self._records.keys():
                if self._in_unreadable_folder(file) or file in self._missing.files:
                    self._take_from_copy(file)
        if self._kept:
            self._kept.update((), gone)
        return self._new_library(site)

    def read_on(self, seconds: float) -> Library:
        """Read more of the files that the first call left."""
        site = self._library.site if self._library else None
        if not self._library or not site or not self._behind or self._away:
            assert self._library
            return self._library
        self._behind = self._read_all(list(self._behind), self._behind, site, seconds)
        return self._new_library(site)

    def close(self) -> None:
        """End the child processes that still read what the first call left."""
        self._end_the_pool()

    def _new_library(self, site: Site) -> Library:
        self._copies = {file: copy for file, copy in self._copies.items() if file in self._behind}
        self._library = self._assemble(site)
        if not self._behind:
            self._end_the_pool()
        return self._library

    @property
    def waiting(self) -> Collection[str]:
        """The files that are still changing or have just gone, so that another look should follow soon."""
        return self._unsettled.keys() | self._missing.files

    @property
    def behind(self) -> int:
        """How many files are still to be read."""
        return len(self._behind)

    def words(self, document: LeanDocument) -> Words:
        """The words of a kept document. Raises WordsGone."""
        return self._cached_words(document.version, document.file)

    def _fetch_words(self, version: int, file: str) -> Words:
        kept = self._kept.words(version) if self._kept else None
        if kept is not None:
            return Words.from_json(kept)
        # The copies are lost. The file can supply the words as long as it has not changed.
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

    def _look_at(self, changed: Collection[str] | None) -> dict[str, Signature] | None:
        """The signatures of the files that may have changed; None if only a look at everything tells what changed."""
        if (
            changed is None
            or not self._library
            or self._away
            or self._unreadable_folders
            or len(changed) > _MOST_CHANGED_PATHS
        ):
            return None
        if self._missing.replaced:
            return None
        signatures: dict[str, Signature] = {}
        for file in changed:
            if any(part.startswith(".") for part in file.split("/")) or file.rsplit("/", 1)[-1].startswith("~"):
                continue
            path = os.path.join(self.content, file)
            if not is_content_file(file):
                if os.path.isdir(path) or any(known_file.startswith(f"{file}/") for known_file in self._records):
                    return None  # a folder came or went
                continue
            try:
                status = os.stat(path)
                if stat.S_ISDIR(status.st_mode):
                    return None
                signatures[file] = _signature_of(status)
            except FileNotFoundError:
                # One document of many was deleted. Anything else may mean that the folder is away.
                if not (file.endswith(".md") or file.startswith(SHOWN)) or not os.path.exists(
                    os.path.join(self.content, SITE)
                ):
                    return None
            except OSError:
                signatures[file] = _UNREADABLE
        still = len(self._first) - sum(file not in signatures for file in changed)
        return signatures if still > 0 else None

    def _scan(self) -> Iterator[tuple[str, Signature]]:
        """Every content file, by its path in the folder, with its signature."""
        self._unreadable_folders = set()
        waiting = [("", os.fspath(self.content))]
        while waiting:
            prefix, folder = waiting.pop()
            of_documents = kind_of(f"{prefix}any.md") is not None
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        name = entry.name
                        if name.startswith("."):
                            continue
                        file = f"{prefix}{name}"
                        try:
                            if entry.is_dir():
                                if not entry.is_symlink():
                                    waiting.append((f"{file}/", entry.path))
                                continue
                            signature = _signature_of(entry.stat())
                        except OSError:
                            signature = _UNREADABLE
                        wanted = (of_documents and name.endswith(".md")) or is_content_file(file)
                        if wanted and not name.startswith("~"):
                            yield file, signature
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                self._unreadable_folders.add(prefix.removesuffix("/"))

    def _inode(self) -> int:
        try:
            return self.content.stat().st_ino
        except OSError:
            return 0

    def _signature(self, file: str) -> Signature | None:
        record = self._records.get(file)
        return record.signature if record else None

    def _settled(self, changed: set[str], signatures: dict[str, Signature], looked_at: set[str] | None) -> set[str]:
        settled = {file for file in changed if self._unsettled.get(file) == signatures[file]}
        not_looked_at = self._unsettled.keys() - looked_at if looked_at is not None else ()
        others = {file: self._unsettled[file] for file in not_looked_at}
        self._unsettled = {**others, **{file: signatures[file] for file in changed - settled}}
        return settled

    def _known_among(self, files: set[str]) -> set[str]:
        return {file for file in files if file in self._records or file in self._copies}

    def _in_unreadable_folder(self, file: str) -> bool:
        """Whether a file is in a folder that could not be opened: then nobody can tell whether it is gone."""
        return any(file.startswith(f"{folder}/") for folder in self._unreadable_folders)

    def _is_away(self, files: Collection[str]) -> bool:
        """Whether the content is away: site.toml is missing, or there were documents before and now there are none."""
        if SITE not in files:
            return True
        if any(kind_of(file) for file in files):
            return False
        known = [file for file in chain(self._records, self._copies) if kind_of(file)]
        return bool(known) and not any(self._in_unreadable_folder(file) for file in known)

    def _while_away(self) -> Library:
        """The Library while the folder is being replaced or cannot be reached: nothing counts as deleted."""
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
        """Show the kept copy of a file that cannot be looked at; the file is read as soon as it can be."""
        copy = self._copies.get(file)
        if copy and copy.good:
            self._put(file, copy._replace(signature=_NEVER_SEEN))

    def _show_meanwhile(self, file: str, signature: Signature, reader: str) -> None:
        """Show the kept copy of a file that is unchanged, where only the code that reads it has changed."""
        copy = self._copies.get(file)
        if copy and file not in self._records and copy.signature == signature and _same_site(copy.reader, reader):
            self._take_from_copy(file)

    def picture(self, name: str) -> bytes | None:
        """The bytes of a picture or recording; the kept ones, if its file cannot be read. Never raises."""
        try:
            return self.picture_file(name).read_bytes()
        except OSError:
            return self._kept.picture(name) if self._kept else None

    def picture_file(self, name: str) -> Path:
        """Where a picture or recording is, if it can be read."""
        return self.content / (RECORDINGS if is_recording(name) else PICTURES) / name

    def size(self, size: Size) -> bytes | None:
        """The bytes of one size of a picture, made now if necessary; None if that fails. Never raises."""
        name = size.picture.name
        raw = self.picture(name)
        return self._sizes.made(size, raw, lambda: self.picture(name) is not None) if raw is not None else None

    def _read_site(self, signatures: dict[str, Signature], changed: set[str]) -> Site:
        before = self._records.get(SITE)
        if SITE in changed or not before:
            signature = signatures.get(SITE, _UNREADABLE)
            if not self._take_start_copy(SITE, signature, self._reader(None)):
                self._read(SITE, signature, None)
                self._keep((SITE,))
        site = self._records[SITE].good
        if not isinstance(site, Site):
            raise Refused(list(self._records.pop(SITE).problems))
        if before and isinstance(before.good, Site) and self._reader(before.good) != self._reader(site):
            for file, record in self._records.items():
                if kind_of(file):
                    changed.add(file)
                    signatures.setdefault(file, record.signature)
        return site

    def _read_all(
        self, files: list[str], signatures: dict[str, Signature], site: Site, seconds: float | None
    ) -> dict[str, Signature]:
        """Read files, or take the copies of what other workers have read. Returns the files left when time ran out."""
        reader, deadline = self._reader(site), None if seconds is None else time.monotonic() + seconds
        missing = [file for file in files if not self._take_start_copy(file, signatures[file], reader)]
        waited = 0.0
        while missing and not (deadline and time.monotonic() >= deadline and not _is_essential(missing[0])):
            with self._kept.turn() if self._kept else nullcontext(True) as is_my_turn:
                if is_my_turn or waited > _PATIENCE_SECONDS:
                    # While this process waited for its turn, another may have read them.
                    missing = self._without_those_copied(missing, signatures, reader)
                    missing = self._read_batches(missing, signatures, site, deadline)
                    continue
            pause = min(0.5, _WAIT_SECONDS * len(missing))
            time.sleep(pause)
            before = len(missing)
            missing = self._without_those_copied(missing, signatures, reader)
            waited = waited + pause if len(missing) == before else 0.0
        for file in missing:
            self._show_meanwhile(file, signatures[file], reader)
        return {file: signatures[file] for file in missing}

    def _without_those_copied(self, files: list[str], signatures: dict[str, Signature], reader: str) -> list[str]:
        """Take the copies of what another process has read of `files`, and return the others."""
        if not self._kept:
            return files
        left: list[str] = []
        for first in range(0, len(files), _COPIES_AT_ONCE):
            batch = files[first : first + _COPIES_AT_ONCE]
            kept = self._kept.copies_of(batch)
            not_taken = [
                file
                for file in batch
                if file not in kept
                or not self._take_copy(file, _record(kept[file], self.words), signatures[file], reader)
            ]
            left += not_taken
            if len(not_taken) == len(batch):
                return [*left, *files[first + _COPIES_AT_ONCE :]]
        return left

    def _read_batches(
        self, files: list[str], signatures: dict[str, Signature], site: Site, deadline: float | None
    ) -> list[str]:
        are_many = len(list(islice(filter(kind_of, files), WORTH_IT))) == WORTH_IT
        pool = self._pool_for(site) if are_many else None
        running: list[tuple[list[str], Iterator[tuple[str, Answer]]]] = []
        while files and not (deadline and time.monotonic() >= deadline and not _is_essential(files[0])):
            batch = list(takewhile(_is_essential, files[:_BATCH])) or files[:_BATCH]
            files = files[len(batch) :]
            if pool:
                # The children read on while this process keeps what they have already read.
                running.append((batch, pool.read(self._with_known_digests(batch, self._reader(site)))))
                if len(running) > 1:
                    self._take_answers(*running.pop(0), signatures, site)
            else:
                for file in batch:
                    self._read(file, signatures[file], site)
                self._keep(batch)
            if len(signatures) > _BATCH:
                log.info("Reading the content folder: at %s, %s files to go.", batch[-1], len(files))
        for pending in running:
            self._take_answers(*pending, signatures, site)
        return files

    def _pool_for(self, site: Site) -> ReadingPool:
        """Children that read documents of `site`; reused for everything the first call leaves, because they are slow to
        start."""
        if self._pool and self._pool.site != site:
            self._end_the_pool()
        self._pool = self._pool or ReadingPool(self.content, site)
        return self._pool

    def _end_the_pool(self) -> None:
        if self._pool:
            self._pool.close()
            self._pool = None

    def _with_known_digests(self, files: list[str], reader: str) -> list[tuple[str, str]]:
        return [(file, self._known_digest(file, reader)) for file in files if kind_of(file)]

    def _take_answers(
        self, files: list[str], answers: Iterator[tuple[str, Answer]], signatures: dict[str, Signature], site: Site
    ) -> None:
        """Keep what the pool has read of a batch, and read in this process what it could not."""
        reader, copies, read_here = self._reader(site), [], [file for file in files if not kind_of(file)]
        for file, answer in answers:
            if answer and len(answer) == 3:
                copies.append(Copy(file, signatures[file], answer[0], reader, answer[1], answer[2]))
            else:
                read_here.append(file)
        if self._kept and self._kept.update(copies):
            for copy in copies:
                self._put(copy.file, self._record(copy))
        else:
            read_here += [copy.file for copy in copies]
        for file in read_here:
            self._read(file, signatures[file], site)
        self._keep(read_here)

    def _known_digest(self, file: str, reader: str) -> str:
        record, copy = self._records.get(file), self._copies.get(file)
        last_good = record if record and record.good else copy
        return last_good.digest if last_good and last_good.reader == reader else ""

    def _take_start_copy(self, file: str, signature: Signature, reader: str) -> bool:
        """Take the copy that was loaded on starting, if the file has not changed since. Returns whether it did."""
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
                # Only its place or its date changed, as when a copy replaces the whole folder.
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
        """Whether a file needs no kept bytes, or has them: older versions did not keep those of pictures."""
        shown = file.startswith(SHOWN)
        return not shown or self._kept is None or self._kept.has_picture(file.partition("/")[2])

    def _keep(self, files: Iterable[str], gone: Iterable[str] = ()) -> None:
        """Keep what was just read without problems, unless it came from a copy; its words stay on disk only."""
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
        """Replace the record of a file; None: the file is gone."""
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
        problems += self._unreadable_reported
        for address, rivals in self._rivals.items():
            first = self._first[address]
            problems += [Problem(file, None, Code.SAME_NAME, {"other": first}) for file in rivals if file != first]
        contacts = records[CONTACTS].good if CONTACTS in records else None
        facts = records[FACTS].good if FACTS in records else None
        picture_facts = records[CREDITS].good if CREDITS in records else None
        focus = picture_facts.focus if isinstance(picture_facts, PictureFacts) else {}
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
        """The document at each address, in the order of their files."""
        records, touched, self._touched = self._records, self._touched, set()
        if len(touched) > _MOST_MOVED_ONE_BY_ONE:
            self._documents = tuple(records[file].good for file in sorted(self._first.values()))  # type: ignore[misc]
            return self._documents
        gone, new = [], []
        for file in touched:
            place = bisect_left(self._documents, file, key=_file_of)
            gone += [document for document in self._documents[place : place + 1] if document.file == file]
            good = records[file].good if file in records else None
            if isinstance(good, Document) and self._first[good.path] == file:
                new.append(good)
        self._documents = in_order.moved(self._documents, gone, new, _file_of)
        return self._documents

    def _read_copies(self) -> Iterator[tuple[str, _Record]]:
        assert self._kept
        for copy in self._kept.all():
            yield copy.file, _record(copy, self.words)

    def _record(self, copy: Copy | None) -> _Record | None:
        """The record of a copy, with nothing good if today's code cannot read it. None for None."""
        return _record(copy, self.words) if copy else None

    def _reader(self, site: Site | None) -> str:
        """Identifies everything except the file that decides the result of reading it: the code, and the site."""
        if not self._reader_of[1] or self._reader_of[0] is not site:
            site_digest = hashlib.sha256(repr(_reading_depends_on(site)).encode()).hexdigest()[:16]
            self._reader_of = (site, intern(f"{reader_version()} {site_digest}"))
        return self._reader_of[1]


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Switches the garbage collector off: the first reading makes very many objects that all stay, and collecting would
    take half its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] >= _VERY_MANY:
            gc.freeze()
        if was_enabled:
            gc.enable()


def usable_site(content: Path, data: Path) -> Site:
    """site.toml as it is, or its kept copy: nothing can start without it. Reads nothing else. Raises Refused."""
    try:
        return read_site(read_text((content / SITE).read_bytes(), SITE))
    except OSError as error:
        folder = {"folder": str(content.resolve())}
        if isinstance(error, PermissionError):
            refused = Refused([Problem("SIDEDOOR_CONTENT", None, Code.DOCTOR_NOT_OURS, folder)])
        else:
            refused = Refused([Problem(SITE, None, Code.NO_SITE, folder)])
    except Refused as unusable:
        refused = unusable
    copy = Kept(data).copy_of(SITE)
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
    """Whether pages need the file: true of everything but news."""
    return kind_of(file) != "news"


def _in_order(files: Collection[str]) -> list[str]:
    """The files in reading order: what the site needs first, then news."""
    news = [file for file in files if not _is_essential(file)]
    return [*sorted(set(files).difference(news)), *sorted(news)]


def _file_of(document: Document) -> str:
    return document.file


def _name_of(shown: Picture | str) -> str:
    return shown.name if isinstance(shown, Picture) else shown


def _same_site(reader: str, other_reader: str) -> bool:
    return reader.partition(" ")[2] == other_reader.partition(" ")[2]


def _reading_depends_on(site: Site | None) -> object:
    """The parts of site.toml that decide whether a document is well-formed, and when it is public."""
    return site and (
        site.timezone,
        site.language,
        tuple(site.languages),
        site.groups,
        dict(site.press),
        # Settings that a site does not use are left out, so that a release that adds one does not make every site read
        # its news again.
        *(value for value in (tuple(site.forms),) if value),
    )
