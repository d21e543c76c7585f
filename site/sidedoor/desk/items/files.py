"""Reads and writes the files of the content folder: completely or not at all, and never over somebody else's words.

A save names the version it was made from (the digest of its bytes) and is refused if the file has changed since.
It is written beside the file, synced, and moved into place in one step, so a power cut leaves either the old version
or the new one.
"""

import errno
import fcntl
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sidedoor.desk.items.history import Author, History
from sidedoor.desk.refusals import HalfDone, Refusal, Stopped
from sidedoor.documents.document import FOLDERS, folder_of, kind_of
from sidedoor.documents.reading import CONTACTS, CREDITS, PICTURES, SITE
from sidedoor.documents.slugs import slug_problem
from sidedoor.private import as_its_folder_says, folder_within, private_file

CHANGES = "changes/"
"""The folder where changes to public files wait for approval; the public site reads nothing in it."""
_LOST = "\ufffd"


class CannotSave(Stopped):
    """The file could not be read or written."""


class Conflict(Stopped):
    """Somebody else changed the file in the meantime. `text` and `digest`: of the file as it is now (None: deleted)."""

    def __init__(self, file: str, text: str | None, digest: str | None) -> None:
        super().__init__(Refusal.CHANGED_MEANWHILE, file=file)
        self.text, self.digest = text, digest


@dataclass(frozen=True)
class Stored:
    """A file as it is on disk. `digest` is the SHA-256 of its bytes, in hex.

    `readable`: it is UTF-8. If it is not, `text` has U+FFFD in place of each bad byte, and nothing accepts such a text
    as a document.
    """

    file: str
    digest: str
    text: str
    readable: bool = True


def change_file(file: str) -> str:
    """Return the name of the file in which a change to the public file `news/first.md` waits."""
    return CHANGES + file


def digest_of(text: str) -> str:
    """Return the digest that identifies a version of a file."""
    return hashlib.sha256(text.encode()).hexdigest()


class Shelf:
    """The files of the folder `content`. Safe to share between threads and processes, which take turns at saving.

    While the folder is away (not mounted, emptied, or `away` returns True) nothing is read or written: a file saved in
    its place would be hidden once the folder is back, and a file that cannot be seen just now has not been deleted.
    """

    def __init__(self, content: Path, data: Path, away: Callable[[], bool] = lambda: False) -> None:
        self._content = content
        self._away = away
        self._lock_file = data / "shelf.lock"
        self._turn = threading.RLock()
        self._held = 0
        self.history = History(content, data, self.turn)

    def read(self, file: str) -> Stored | None:
        """Return the file as it is now, or None. Raises CannotSave for a name that the desk does not manage."""
        path = self._path(file)
        self._raise_if_away()
        try:
            raw = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise CannotSave(Refusal.UNREADABLE, file=file, reason=_reason(error)) from error
        digest = hashlib.sha256(raw).hexdigest()
        try:
            return Stored(file, digest, raw.decode("utf-8-sig"))
        except UnicodeDecodeError:
            return Stored(file, digest, raw.decode("utf-8", "replace").removeprefix("\ufeff"), readable=False)

    def waiting(self) -> list[str]:
        """Return the public files for which a change waits, sorted."""
        folder = self._content / CHANGES
        files = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
        return sorted(file for file in files if file in (CONTACTS, SITE) or (kind_of(file) and not _is_not_ours(file)))

    def pictures(self) -> list[tuple[str, int]]:
        """Return the names of all pictures and their sizes in bytes, the newest first."""
        self._raise_if_away()
        newest_first = []
        with suppress(FileNotFoundError), os.scandir(self._content / PICTURES) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                    facts = entry.stat()
                    newest_first.append((-facts.st_mtime_ns, entry.name, facts.st_size))
        return [(name, size) for _, name, size in sorted(newest_first)]

    def write(self, file: str, text: str, expected: str | None, author: Author, message: str) -> Stored:
        """Replace the version `expected` (None: there is no file yet) by `text`. Raises Conflict or CannotSave."""
        return self.change({file: (text, expected)}, author, message)[0]

    def change(
        self, changes: dict[str, tuple[str | bytes | None, str | None]], author: Author, message: str
    ) -> list[Stored]:
        """Write several files, or delete those whose text is None, as one commit.

        Every expected digest is checked before the first file is touched. Raises Conflict or CannotSave; HalfDone if a
        file could not be written after another one was.
        """
        with self.turn():
            for file, (text, expected) in changes.items():
                if isinstance(text, str) and _LOST in text:
                    raise CannotSave(Refusal.CHARACTER_LOST, character=_LOST)
                now = self.read(file)
                if now and not now.readable and not file.startswith(PICTURES):
                    raise CannotSave(Refusal.NOT_UTF8, file=file)
                if (now.digest if now else None) != expected:
                    raise Conflict(file, now.text if now else None, now.digest if now else None)
            self.history.note_edits_by_hand(set(changes))
            stored = []
            for place, (file, (text, _)) in enumerate(changes.items()):
                try:
                    self._put(file, text.encode() if isinstance(text, str) else text)
                except CannotSave as stopped:
                    if place == 0:
                        raise
                    reason = stopped.values.get("reason", "no reason given")
                    raise HalfDone(Refusal.HALF_WRITTEN, file=file, reason=reason) from stopped
                if isinstance(text, str):
                    stored.append(Stored(file, digest_of(text), text))
            self.history.commit(set(changes), author, message)
            return stored

    def _raise_if_away(self) -> None:
        if self._away() or not (self._content / SITE).is_file():
            raise CannotSave(Refusal.FOLDER_AWAY)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep every other thread and process from saving while this is held. May be nested. Raises CannotSave."""
        with self._turn:
            if self._held:
                yield
                return
            self._raise_if_away()
            try:
                private_file(self._lock_file)  # a command that root runs must not lock the desk out of this file
                lock = self._lock_file.open("w")
            except OSError as error:
                raise CannotSave(Refusal.NOT_SAVED, reason=_reason(error)) from error
            with lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._held += 1
                try:
                    yield
                finally:
                    self._held -= 1

    def _put(self, file: str, raw: bytes | None) -> None:
        path = self._path(file)
        temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
        try:
            if raw is None:
                path.unlink(missing_ok=True)
            else:
                folder_within(path.parent, self._content)
                with temporary.open("wb") as out:
                    as_its_folder_says(temporary, self._content)
                    out.write(raw)
                    out.flush()
                    os.fsync(out.fileno())
                os.replace(temporary, path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise CannotSave(Refusal.NOT_SAVED, reason=_reason(error)) from error
        finally:
            if raw is not None:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)

    def _path(self, file: str) -> Path:
        if _is_not_ours(file):
            raise CannotSave(Refusal.NOT_OUR_NAME, file=file[:100])
        path = self._content / file
        try:
            inside = path.parent.resolve().is_relative_to(self._content.resolve()) and not path.is_symlink()
        except OSError as error:
            raise CannotSave(Refusal.NOT_SAVED, reason=_reason(error)) from error
        if not inside:
            raise CannotSave(Refusal.OUTSIDE_CONTENT, file=file)
        return path


def _is_not_ours(file: str) -> bool:
    """Whether a name is none of these: a document in its folder, a picture, one of the few other files."""
    name = file.removeprefix(CHANGES)
    if name in (CONTACTS, CREDITS, SITE):
        return False
    language = folder_of(name)
    folder, _, rest = name.removeprefix(f"{language}/" if language else "").partition("/")
    if name.startswith(PICTURES) and file == name:
        stem, _, ending = rest.partition(".")
        return slug_problem(stem.lower()) is not None or ending not in ("jpg", "jpeg", "png", "webp")
    return folder not in FOLDERS or not rest.endswith(".md") or slug_problem(rest.removesuffix(".md")) is not None


def _reason(error: OSError) -> str:
    return os.strerror(error.errno or errno.EIO)
