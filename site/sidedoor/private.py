"""Who may read what the software writes: its owner alone, unless the operator gave the folder to a group.

The one rule: a folder with the set-group-ID bit (`chmod 2770`, or `2750` where the group only reads) is shared with its
group, because the public site and the desk run as two users of that group; every other folder is its owner's alone.
Nobody else reads either. The folder decides, never the umask of whoever starts a program.
"""

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def keep_to_the_owner() -> None:
    """From now on this process makes every file for its owner alone, even where a third-party library makes it."""
    os.umask(0o077)


def file_mode(folder: Path) -> int:
    """The mode of the files in `folder`. Raises OSError if there is no such folder."""
    mode = folder.stat().st_mode
    if not mode & stat.S_ISGID:
        return 0o600
    return 0o660 if mode & stat.S_IWGRP else 0o640


def private_folder(folder: Path) -> None:
    """Make `folder`, if need be, and take away what its mode allows beyond the rule. Raises OSError.

    A user who does not own the folder cannot change its mode, and leaves it as it is.
    """
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _give_to_the_owner_of(folder.parent, folder)
    _limit(folder, 0o2770 if folder.stat().st_mode & stat.S_ISGID else 0o700)


def private_file(path: Path) -> None:
    """Make an empty file at `path`, if need be, with the mode that its folder says, or give it that mode.

    Raises OSError if it cannot be made.
    """
    private_folder(path.parent)
    mode = file_mode(path.parent)
    with suppress(FileExistsError):
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.fchmod(made, mode)
        _give_to_the_owner_of(path.parent, made)
        os.close(made)
        return
    _limit(path, mode)


def secret_file(path: Path, fresh: bytes) -> bytes:
    """What the secret file `path` holds; it is made with `fresh`, if need be. Raises OSError.

    It is there whole or not at all, even if two processes make it at the same moment.
    """
    with suppress(FileNotFoundError):
        return path.read_bytes()
    private_folder(path.parent)
    whole = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    private_file(whole)
    try:
        with whole.open("wb") as out:
            out.write(fresh)
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):
            os.link(whole, path)
    finally:
        whole.unlink()
    return path.read_bytes()


def private_tree(folder: Path) -> None:
    """Bring `folder` and everything in it under the rule: what an older version or a person left open to others.

    What cannot be changed stays as it is. Folders whose name begins with a dot are left out: those are mirrors.
    """
    with suppress(OSError):
        private_folder(folder)
        allowed = file_mode(folder)
        for path, folders, files in os.walk(folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in folders:
                _limit(Path(path, name), _folder_mode(allowed))
            for name in files:
                _limit(Path(path, name), allowed)


def as_its_folder_says(path: Path, folder: Path) -> None:
    """Give a file or folder that was just made somewhere in `folder` the mode that `folder` says. Raises OSError."""
    mode = file_mode(folder)
    path.chmod(_folder_mode(mode) if path.is_dir() else mode)
    _give_to_the_owner_of(folder, path)


@contextmanager
def for_everybody() -> Iterator[None]:
    """What the block writes may be read by everybody: the mirror, which is public. For commands, not for servers."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def _folder_mode(file: int) -> int:
    shared = 0o2000 if file & 0o040 else 0
    return shared | file | (file & 0o440) >> 2


def _give_to_the_owner_of(folder: Path, made: Path | int) -> None:
    """A command that the superuser runs leaves nothing that the service, whose folder it is, could not write."""
    if os.geteuid() == 0:
        known = folder.stat()
        # By its descriptor where there is one: the owner could put another file in its place meanwhile.
        os.chown(made, known.st_uid, known.st_gid, follow_symlinks=isinstance(made, int))


def _limit(path: Path, allowed: int) -> None:
    with suppress(FileNotFoundError, PermissionError):
        known = path.lstat()
        mode = stat.S_IMODE(known.st_mode)
        if not stat.S_ISLNK(known.st_mode) and mode & ~allowed and known.st_uid == os.geteuid():
            path.chmod(mode & allowed)
