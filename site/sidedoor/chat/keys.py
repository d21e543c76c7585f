"""The key of each conversation on one machine: a file of 32 bytes, overwritten with zeros before it is removed.

Keys stay out of the database on purpose. A database writes everything a second time, to its write-ahead log, and the
blocks of a truncated log stay on the disk as they are, so a deleted key could be read back from there.
"""

import os
import secrets
from pathlib import Path

from sidedoor.private import file_mode

_BYTES = 32


class Keys:
    """The keys in the folder `folder`, by conversation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, conversation: int, key: bytes) -> None:
        """Store a new conversation's key. Raises OSError if that fails; then the conversation must not start."""
        self._overwrite(self._path(conversation), key, os.O_CREAT)

    def find(self, conversation: int) -> bytes | None:
        """The key; None once it is destroyed."""
        try:
            key = self._path(conversation).read_bytes()
        except FileNotFoundError:
            return None
        return key if len(key) == _BYTES and any(key) else None

    def destroy(self, conversation: int) -> None:
        """Overwrite the key in place, then remove its file. A key that is gone already is no error."""
        path = self._path(conversation)
        try:
            for filling in (secrets.token_bytes(_BYTES), bytes(_BYTES)):
                self._overwrite(path, filling, 0)
            path.unlink()
        except FileNotFoundError:
            pass

    def all(self) -> list[int]:
        """The conversations that have a key."""
        return sorted(int(path.stem.removeprefix("chat-")) for path in self._folder.glob("chat-*.key"))

    def _path(self, conversation: int) -> Path:
        return self._folder / f"chat-{conversation}.key"

    @staticmethod
    def _overwrite(path: Path, raw: bytes, flags: int) -> None:
        # The file is not truncated first: the zeros have to land on the blocks that hold the key.
        file = os.open(path, os.O_WRONLY | flags, 0o600)
        try:
            if flags:
                os.fchmod(file, file_mode(path.parent))
            os.write(file, raw)
            os.fsync(file)
        finally:
            os.close(file)
