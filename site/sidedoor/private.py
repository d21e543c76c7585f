"""Who may read the files that the software writes: only their owner, unless the operator shared the folder with a
group.

The rule: a folder with the set-group-ID bit (`chmod 2770`, or `2750` if the group only reads) is shared with its group,
because the public site and the desk run as two users of that group; every other folder is its owner's alone. Nobody
else reads either. The folder decides, never the umask of the person who starts a program.
"""

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def keep_to_the_owner() -> None:
    """Make every file of this process private to its owner, even files that a third-party library makes."""
    os.umask(0o077)


def file_mode(folder: Path) -> int:
    """The mode of the files in `folder`. Raises OSError if there is no such folder."""
    mode = folder.stat().st_mode
    if not mode & stat.S_ISGID:
        return 0o600
    return 0o660 if mode & stat.S_IWGRP else 0o640


def private_folder(folder: Path) -> None:
    """Make `folder` if necessary, and remove what its mode allows beyond the rule. Raises OSError.

    A user who does not own the folder cannot change its mode, and leaves it as it is.
    """
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _give_to_the_owner_of(folder.parent, folder)
    _limit(folder, 0o2770 if folder.stat().st_mode & stat.S_ISGID else 0o700)


def private_file(path: Path) -> None:
    """Make an empty file at `path` if necessary, and give it the mode that its folder decides.

    It is closed before it appears there: closing a database's file gives up the locks of the whole process on it, also
    those of a thread that has opened it meanwhile (https://sqlite.org/howtocorrupt.html, 2.2). Raises OSError if it
    cannot be made.
    """
    private_folder(path.parent)
    if path.exists():
        _limit(path, file_mode(path.parent))
        return
    temporary = new_beside(path)
    with suppress(FileExistsError):
        os.link(temporary, path)
    temporary.unlink()


def new_beside(path: Path) -> Path:
    """An empty file of this thread's own, in the folder of `path` and with the mode that the folder decides.

    Fill it, then move it to `path`, which so never shows half of its content. Raises OSError if it cannot be made.
    """
    private_folder(path.parent)
    made = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    descriptor = os.open(made, os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, file_mode(path.parent))
        _give_to_the_owner_of(path.parent, descriptor)
    finally:
        os.close(descriptor)
    return made


def secret_file(path: Path, fresh: bytes) -> bytes:
    """The content of the secret file `path`, which is first made with `fresh` if necessary. Raises OSError.

    The file appears complete or not at all, even if two processes make it at the same moment.
    """
    with suppress(FileNotFoundError):
        return path.read_bytes()
    temporary = new_beside(path)
    try:
        with temporary.open("wb") as out:
            out.write(fresh)
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()
    return path.read_bytes()


def private_tree(folder: Path) -> None:
    """Bring `folder` and everything in it under the rule: an older version or a person may have left it open to others.

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
    """Give a new file or folder anywhere in `folder` the mode that `folder` decides. Raises OSError."""
    mode = file_mode(folder)
    path.chmod(_folder_mode(mode) if path.is_dir() else mode)
    _give_to_the_owner_of(folder, path)


def folder_within(folder: Path, root: Path) -> None:
    """Make `folder`, and what is missing between `root` and it, each with the mode that `root` decides.

    Raises OSError.
    """
    between = (path for path in (folder, *folder.parents) if path != root and path.is_relative_to(root))
    missing = [path for path in between if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        as_its_folder_says(path, root)


@contextmanager
def for_everybody() -> Iterator[None]:
    """Let everybody read what the block writes: the mirror, which is public. For commands, not for servers."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def _folder_mode(file: int) -> int:
    shared = 0o2000 if file & 0o040 else 0
    return shared | file | (file & 0o440) >> 2


def _give_to_the_owner_of(folder: Path, new: Path | int) -> None:
    """Give what the superuser's commands make to the folder's owner, because the service could not write it
    otherwise."""
    if os.geteuid() == 0:
        owner = folder.stat()
        # By its descriptor if there is one: the owner could put another file in its place meanwhile.
        os.chown(new, owner.st_uid, owner.st_gid, follow_symlinks=isinstance(new, int))


def _limit(path: Path, allowed: int) -> None:
    with suppress(FileNotFoundError, PermissionError):
        status = path.lstat()
        mode = stat.S_IMODE(status.st_mode)
        if not stat.S_ISLNK(status.st_mode) and mode & ~allowed and status.st_uid == os.geteuid():
            path.chmod(mode & allowed)
