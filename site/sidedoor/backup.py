"""One archive of everything that could not be made again: content, history, staff, reviews, log, feedback, secrets.

It is a compressed tar in the format of age (https://age-encryption.org/v1), so `age -d FILE | tar xz` opens it without
this software. Every archive is encrypted. Databases are copied by SQLite's own backup; those on a server are written as
SQLite files, so restoring needs no server (database_moves.py). Everything that a save at the desk changes is read while
the archive holds the shelf's turn, so it shows a single moment although the desk keeps running. Once written, it is
read again and compared, file by file. Conversations are left out by design: they are gone when they end. Their counts
are in it.
"""

import gzip
import hashlib
import io
import json
import os
import re
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, Any, BinaryIO, Protocol, cast

import pyrage

from sidedoor.backup_stamp import note_backup
from sidedoor.chat.sqlite_store import CHATS, counts_alone
from sidedoor.database import copy_into, copy_of, is_database, is_sound
from sidedoor.desk.databases import KEPT
from sidedoor.desk.items.files import CannotSave, Shelf
from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Problem, Refused
from sidedoor.documents.reading import PICTURES, SITE
from sidedoor.home import Home, look
from sidedoor.private import as_its_folder_says, private_folder

ENDING = ".age"
CONTENT, DATA, SITE_DATA = "content", "data", "site-data"
_FORMAT = 1
_MANIFEST, _DIGESTS = "sidedoor-backup.json", "sidedoor-files.json"
_MOST_WITH_A_PASSPHRASE = 512 * 1024 * 1024
_MOST_IN_MEMORY = 32 * 1024 * 1024
_PART = 1024 * 1024
_NAMED_BY_DATE = re.compile(r"sidedoor-\d{4}-\d\d-\d\dT\d{6}Z\.age")
_LEFT_OUT = re.compile(
    # Conversations; files that belong to a database and are in its copy; locks; the search index and the mirror, which
    # are made from the rest; earlier archives.
    r"chat\.sqlite3.*|search\.sqlite3.*|chat-\d+\.key|databases-are-on-a-server|.*\.sqlite3-(wal|shm|journal)|.*\.lock"
    r"|\.?mirror.*|\.(probe|backup)-.*|.*\.age|.*\.age\.part"
)


class CannotBackUp(Refused):
    """Nothing was done, and nothing was left behind; `problems` says why."""

    def __init__(self, code: Code, subject: object = "", **values: object) -> None:
        super().__init__([Problem(str(subject), None, code, {"subject": str(subject), **values})])


class Seal(Protocol):
    """A way to encrypt an archive and to decrypt it again."""

    def close(self, plain: BinaryIO, out: BinaryIO) -> None: ...
    def open(self, closed: BinaryIO, out: "Writes") -> None: ...


class Writes(Protocol):
    """Anything that bytes can be written to."""

    def write(self, raw: bytes, /) -> Any: ...
    def flush(self) -> Any: ...


class ForRecipients:
    """Only holders of the key of one of these age recipients can open it, and nobody on this machine."""

    def __init__(self, recipients: Iterable[str]) -> None:
        try:
            self._recipients = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
        except pyrage.RecipientError:
            raise CannotBackUp(Code.BACKUP_NO_RECIPIENT) from None
        # A key that exists only in this process's memory, so that it can read the archive again.
        self._own_key = pyrage.x25519.Identity.generate()

    def close(self, plain: BinaryIO, out: BinaryIO) -> None:
        """Encrypt for the recipients, and for this process as long as it runs."""
        pyrage.encrypt_io(plain, out, [*self._recipients, self._own_key.to_public()])

    def open(self, closed: BinaryIO, out: Writes) -> None:
        """Decrypt what this object encrypted."""
        pyrage.decrypt_io(closed, out, [self._own_key])


class WithKey:
    """Opens with the keys in a file, written as age-keygen does."""

    def __init__(self, file: Path) -> None:
        try:
            lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
            keys = [line for line in lines if line and not line.startswith("#")]
            self._keys = [pyrage.x25519.Identity.from_str(key) for key in keys]
        except (OSError, UnicodeDecodeError, pyrage.IdentityError):
            raise CannotBackUp(Code.BACKUP_NO_KEY, file) from None

    def close(self, plain: BinaryIO, out: BinaryIO) -> None:
        """Encrypt for the holders of these keys."""
        pyrage.encrypt_io(plain, out, [key.to_public() for key in self._keys])

    def open(self, closed: BinaryIO, out: Writes) -> None:
        """Decrypt. Raises pyrage.DecryptError or OSError."""
        pyrage.decrypt_io(closed, out, self._keys)


class WithPassphrase:
    """Anybody who knows the passphrase can open it. It is encrypted in memory, so its size is limited."""

    def __init__(self, passphrase: str) -> None:
        if len(passphrase) < 12:
            raise CannotBackUp(Code.BACKUP_SHORT_PASSPHRASE)
        self._passphrase = passphrase

    def close(self, plain: BinaryIO, out: BinaryIO) -> None:
        """Encrypt. Raises CannotBackUp if it is too big."""
        raw = plain.read(_MOST_WITH_A_PASSPHRASE + 1)
        if len(raw) > _MOST_WITH_A_PASSPHRASE:
            while plain.read(_PART):
                pass
            raise CannotBackUp(Code.BACKUP_TOO_BIG)
        out.write(pyrage.passphrase.encrypt(raw, self._passphrase))

    def open(self, closed: BinaryIO, out: Writes) -> None:
        """Decrypt. Raises pyrage.DecryptError."""
        out.write(pyrage.passphrase.decrypt(closed.read(), self._passphrase))
        out.flush()


def new_key(file: Path) -> str:
    """Write a new key to `file`, as age-keygen does, and return its recipient. Raises CannotBackUp if the file
    exists."""
    if file.exists():
        raise CannotBackUp(Code.BACKUP_KEY_IS_THERE, file)
    key = pyrage.x25519.Identity.generate()
    try:
        out = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(out, "w", encoding="utf-8") as text:  # noqa: PTH123 - its mode is given before a byte is in it
            text.write(f"# public key: {key.to_public()}\n{key}\n")
    except OSError as error:
        raise CannotBackUp(Code.BACKUP_FAILED, file, reason=_reason(error)) from error
    return str(key.to_public())


@dataclass(frozen=True)
class Archive:
    """The archive that was written: where it is, how many files it holds, and its size in bytes."""

    file: Path
    files: int
    size: int


def back_up(
    content: Path, data: Path, file: Path, seal: Seal, site_data: Path | None = None, server: str = ""
) -> Archive:
    """Write everything to `file`, and read it again. If `file` is a folder, the archive in it is named by the moment.

    `site_data`: the public site's own data folder, if it has one. `server`: the address of the databases' server, if
    there is one. Raises CannotBackUp, and then nothing is left.
    """
    if file.is_dir():
        file = file / f"sidedoor-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}{ENDING}"
    if file.exists():
        raise CannotBackUp(Code.BACKUP_IS_THERE, file)
    _must_be_a_site(content)
    home = Home(data, server)
    look(home, KEPT)
    part = file.with_name(f".{file.name}.part")
    try:
        # The folder may be anybody's; only the file has to be private.
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:  # noqa: PTH123
            digests = _write(content, home, site_data, seal, out)
            out.flush()
            os.fsync(out.fileno())
        _compare(part, seal, digests)
        os.replace(part, file)
    except (OSError, sqlite3.Error, pyrage.EncryptError, pyrage.DecryptError, tarfile.TarError, CannotSave) as error:
        raise _failed(Code.BACKUP_FAILED, file, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    note_backup(data, datetime.now(UTC))
    return Archive(file, len(digests), file.stat().st_size)


def prune(folder: Path, most: int) -> list[Path]:
    """Delete all but the newest `most` of the archives named by their moment, and return the deleted ones."""
    dated = sorted(path for path in folder.iterdir() if _NAMED_BY_DATE.fullmatch(path.name))
    old = dated[: max(0, len(dated) - most)]
    for path in old:
        path.unlink()
    return old


def restore(file: Path, folder: Path, seal: Seal) -> int:
    """Restore `file` into `folder`, which is empty or does not exist yet, and return how many files there were.

    Everything gets the owner of `folder`. Raises CannotBackUp, and then `folder` is as it was.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotBackUp(Code.BACKUP_NOT_EMPTY, folder)
    was_there = folder.exists()
    try:
        private_folder(folder)
        with file.open("rb") as closed:
            digests = _Reading(seal, closed).each(lambda name, member, source: _put(folder, name, member, source))
        for path in sorted(folder.rglob("*"), reverse=True):
            if not path.is_symlink():
                executable = path.is_file() and path.stat().st_mode & 0o100
                as_its_folder_says(path, folder)
                if executable:
                    path.chmod(path.stat().st_mode | 0o100)
    except BaseException as error:
        for path in sorted(folder.rglob("*"), reverse=True) if folder.is_dir() else ():
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        if not was_there:
            with suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError | pyrage.DecryptError | tarfile.TarError | EOFError | gzip.BadGzipFile):
            raise _failed(Code.RESTORE_FAILED, file, error) from error
        raise
    return len(digests)


def _must_be_a_site(content: Path) -> None:
    if not (content / SITE).is_file():
        raise CannotBackUp(Code.BACKUP_OF_NOTHING, content.resolve())


def _write(content: Path, home: Home, site_data: Path | None, seal: Seal, out: BinaryIO) -> dict[str, str]:
    """Write the archive, and return the digests of its files, by name."""
    reading, writing = os.pipe()
    digests: dict[str, str] = {}
    trouble: list[BaseException] = []

    def fill() -> None:
        try:
            with open(writing, "wb") as pipe, gzip.GzipFile(fileobj=pipe, mode="wb", compresslevel=6, mtime=0) as plain:  # noqa: PTH123
                _fill(cast(BinaryIO, plain), content, home, site_data, digests)
        except BaseException as error:
            trouble.append(error)

    filling = threading.Thread(target=fill, daemon=True)
    with open(reading, "rb") as plain:  # noqa: PTH123
        filling.start()
        try:
            seal.close(plain, out)
        except pyrage.EncryptError:
            pass  # the cause is in `trouble`, or shows when the archive is read again
        finally:
            # Otherwise the filling thread would never stop waiting for somebody to read.
            with suppress(OSError):
                plain.close()
            filling.join()
    if trouble and not isinstance(trouble[0], BrokenPipeError):
        raise trouble[0]
    return digests


def _fill(plain: BinaryIO, content: Path, home: Home, site_data: Path | None, digests: dict[str, str]) -> None:
    with tarfile.open(fileobj=plain, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        manifest = {"format": _FORMAT, "made": datetime.now(UTC).isoformat(timespec="seconds")}
        _add(tar, _MANIFEST, json.dumps(manifest).encode())
        places = {CONTENT: content, DATA: home.data} | ({SITE_DATA: site_data} if site_data else {})
        later: list[tuple[str, Path]] = []
        # During this turn nobody saves. Files that never change can wait until after it: git's objects, and pictures,
        # which are named by their content.
        with Shelf(content, home.data).turn():
            served = _served(home)
            for name, raw in served.items():
                _add(tar, f"{DATA}/{name}", raw, None, digests)
            for place, folder in places.items():
                if place != CONTENT and (chats := folder / CHATS).is_file():
                    with suppress(sqlite3.Error):  # the rest matters more
                        _add(tar, f"{place}/{CHATS}", counts_alone(chats), None, digests)
                for name, path in _files(place, folder):
                    if place != CONTENT and path.parent == folder and path.name in served:
                        continue  # left from the time before the databases moved to a server
                    if "/objects/" in name or name.startswith(f"{CONTENT}/{PICTURES}"):
                        later.append((name, path))
                    else:
                        _add_file(tar, name, path, digests)
        for name, path in later:
            _add_file(tar, name, path, digests)
        _add(tar, _DIGESTS, json.dumps(digests).encode())


def _served(home: Home) -> dict[str, bytes]:
    """The databases on the server, as SQLite files by name."""
    if not home.server:
        return {}
    from sidedoor.database_moves import as_files  # psycopg is an optional extra

    return as_files(home.server, KEPT)


def _files(place: str, folder: Path) -> Iterator[tuple[str, Path]]:
    def raised(error: OSError) -> None:
        raise error

    if place != CONTENT and not folder.exists():
        return
    for path_of_folder, folders, names in os.walk(folder, onerror=raised):
        relative = PurePosixPath(place, Path(path_of_folder).relative_to(folder).as_posix())
        if place != CONTENT and path_of_folder == os.fspath(folder):
            folders[:] = [name for name in folders if not _LEFT_OUT.fullmatch(name)]
            names = [name for name in names if not _LEFT_OUT.fullmatch(name)]
        links = [name for name in folders if Path(path_of_folder, name).is_symlink()]
        for name in sorted((*names, *links)):
            path = Path(path_of_folder, name)
            if place != CONTENT and _LEFT_OUT.fullmatch(name):
                continue
            if path.is_symlink() or stat.S_ISREG(path.lstat().st_mode):
                yield str(relative / name), path
        if not (folders or names):
            yield f"{relative}/", Path(path_of_folder)


def _add_file(tar: tarfile.TarFile, name: str, path: Path, digests: dict[str, str]) -> None:
    try:
        status = path.lstat()
        if name.endswith("/"):
            member = _member(name, status)
            member.type = tarfile.DIRTYPE
            tar.addfile(member)
            digests[name] = ""
        elif stat.S_ISLNK(status.st_mode):
            member = _member(name, status)
            member.type, member.linkname = tarfile.SYMTYPE, os.readlink(path)
            tar.addfile(member)
            digests[name] = f"link {member.linkname}"
        elif is_database(path) and status.st_size > _MOST_IN_MEMORY:
            with TemporaryDirectory(prefix=".backup-", dir=path.parent) as aside:
                copy_into(path, copy := Path(aside, path.name))
                _add_big(tar, name, copy, copy.stat(), digests)
        elif is_database(path):
            _add(tar, name, copy_of(path), status, digests)
        elif status.st_size <= _MOST_IN_MEMORY:
            _add(tar, name, path.read_bytes(), status, digests)
        else:
            _add_big(tar, name, path, status, digests)
    except FileNotFoundError:
        return  # deleted meanwhile


def _add_big(tar: tarfile.TarFile, name: str, path: Path, status: os.stat_result, digests: dict[str, str]) -> None:
    with path.open("rb") as source:
        hashing = _Hashing(source)
        tar.addfile(_member(name, status), cast(IO[bytes], hashing))
        digests[name] = hashing.digest()


def _add(
    tar: tarfile.TarFile,
    name: str,
    raw: bytes,
    status: os.stat_result | None = None,
    digests: dict[str, str] | None = None,
) -> None:
    member = _member(name, status)
    member.size = len(raw)
    tar.addfile(member, io.BytesIO(raw))
    if digests is not None:
        digests[name] = hashlib.sha256(raw).hexdigest()


def _member(name: str, status: os.stat_result | None) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name.rstrip("/"))
    member.mode = 0o600
    if status:
        member.mode |= status.st_mode & 0o100
        member.size, member.mtime = status.st_size if stat.S_ISREG(status.st_mode) else 0, int(status.st_mtime)
    return member


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self._hash = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        part = self._source.read(size)
        self._hash.update(part)
        return part

    def digest(self) -> str:
        return self._hash.hexdigest()


_Use = Callable[[str, tarfile.TarInfo, IO[bytes] | None], None]


class _Reading:
    """An archive that is read from start to end."""

    def __init__(self, seal: Seal, closed: BinaryIO) -> None:
        self._seal, self._closed = seal, closed

    def each(self, use: _Use) -> dict[str, str]:
        """Hand each file to `use`, then make sure that these are all that was written; return the digests by name.

        Raises CannotBackUp, OSError, tarfile.TarError or pyrage.DecryptError otherwise.
        """
        digests: dict[str, str] = {}
        written_digests: dict[str, str] | None = None
        manifest: dict[str, Any] | None = None
        with self._plain() as plain, tarfile.open(fileobj=plain, mode="r|gz") as tar:
            for member in tar:
                source = tar.extractfile(member) if member.isreg() else None
                if member.name == _MANIFEST and source:
                    manifest = json.loads(source.read())
                    if manifest.get("format") != _FORMAT:
                        raise CannotBackUp(Code.BACKUP_IS_NEWER)
                elif member.name == _DIGESTS and source:
                    written_digests = json.loads(source.read())
                elif manifest is None:
                    raise CannotBackUp(Code.BACKUP_IS_NONE)
                else:
                    self._use_member(member, source, use, digests)
        if written_digests is None or digests != written_digests:
            raise CannotBackUp(Code.BACKUP_NOT_WHOLE)
        return digests

    @staticmethod
    def _use_member(member: tarfile.TarInfo, source: IO[bytes] | None, use: _Use, digests: dict[str, str]) -> None:
        if source:
            hashing = _Hashing(source)
            use(member.name, member, cast(IO[bytes], hashing))
            while hashing.read(_PART):
                pass
            digests[member.name] = hashing.digest()
        else:
            use(member.name, member, None)
            digests[member.name if member.issym() else f"{member.name}/"] = (
                f"link {member.linkname}" if member.issym() else ""
            )

    @contextmanager
    def _plain(self) -> Iterator[IO[bytes]]:
        """The content, while a thread decrypts it. Errors in that thread are raised here."""
        reading, writing = os.pipe()
        trouble: list[BaseException] = []

        def decrypt() -> None:
            try:
                with open(writing, "wb") as pipe:  # noqa: PTH123
                    self._seal.open(self._closed, pipe)
            except BaseException as error:
                trouble.append(error)

        opening = threading.Thread(target=decrypt, daemon=True)
        with ExitStack() as stack:
            plain = stack.enter_context(open(reading, "rb"))  # noqa: PTH123
            opening.start()
            stack.callback(opening.join)
            try:
                yield plain
                while plain.read(_PART):  # padding after the end of the tar
                    pass
            except (tarfile.TarError, EOFError, OSError):
                plain.close()
                opening.join()
                if trouble and not isinstance(trouble[0], BrokenPipeError):
                    raise trouble[0] from None
                raise
            finally:
                plain.close()
        if trouble:
            raise trouble[0]


def _compare(file: Path, seal: Seal, digests: dict[str, str]) -> None:
    """Read the archive again: every file has to be as it was, every database sound. Raises CannotBackUp."""

    def look(name: str, member: tarfile.TarInfo, source: IO[bytes] | None) -> None:
        if source and name.endswith(".sqlite3") and member.size <= _MOST_IN_MEMORY and not is_sound(source.read()):
            raise CannotBackUp(Code.BACKUP_DATABASE_DAMAGED, name)

    with file.open("rb") as closed:
        if _Reading(seal, closed).each(look) != digests:
            raise CannotBackUp(Code.BACKUP_DIFFERS)


def _put(folder: Path, name: str, member: tarfile.TarInfo, source: IO[bytes] | None) -> None:
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts or place.parts[0] not in (CONTENT, DATA, SITE_DATA):
        raise CannotBackUp(Code.BACKUP_STRANGE_NAME, name)
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise CannotBackUp(Code.BACKUP_STRANGE_NAME, name)
    if member.issym():
        path.symlink_to(member.linkname)
    elif source is None:
        path.mkdir(exist_ok=True)
    else:
        with path.open("xb") as out:
            while part := source.read(_PART):
                out.write(part)
        path.chmod(member.mode & 0o700)
        os.utime(path, (member.mtime, member.mtime))


def _failed(code: Code, file: Path, error: BaseException) -> CannotBackUp:
    if isinstance(error, CannotSave):
        return CannotBackUp(Code.BACKUP_OF_NOTHING, file)
    if isinstance(error, pyrage.DecryptError):
        return CannotBackUp(Code.BACKUP_DOES_NOT_OPEN, file)
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        return CannotBackUp(Code.BACKUP_DATABASE_DAMAGED, file)
    if isinstance(error, tarfile.TarError | EOFError) or (isinstance(error, OSError) and not error.errno):
        return CannotBackUp(Code.BACKUP_NOT_WHOLE, file)
    return CannotBackUp(code, file, reason=_reason(error))


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
