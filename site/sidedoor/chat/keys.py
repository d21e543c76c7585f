"""The key of each conversation on one machine: a file of 32 bytes, overwritten with zeros before it is removed.

Keys stay out of the database on purpose. A database writes what it holds a second time, to its write-ahead log, and
the blocks of a log that is cut stay on the disk as they are; then a deleted key could be read back from there.
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
        """Keep a new conversation's key. Raises OSError where it cannot be written; then there is no conversation."""
        self._overwrite(self._path(conversation), key, os.O_CREAT)

    def find(self, conversation: int) -> bytes | None:
        """The key; None once it is destroyed."""
        try:
            key = self._path(conversation).read_bytes()
        except FileNotFoundError:
            return None
        return key if len(key) == _BYTES and any(key) else None

    def destroy(self, conversation: int) -> None:
        """Overwrite the key where it lies, then remove it. A key that is gone already raises nothing."""
        path = self._path(conversation)
        try:
            for last in (secrets.token_bytes(_BYTES), bytes(_BYTES)):
                self._overwrite(path, last, 0)
            path.unlink()
        except FileNotFoundError:
            pass

    def all(self) -> list[int]:
        """The conversations that have a key."""
        return sorted(int(path.stem.removeprefix("chat-")) for path in self._folder.glob("chat-*.key"))

    def _path(self, conversation: int) -> Path:
        return self._folder / f"chat-{conversation}.key"

    @staticmethod
    def _overwrite(path: Path, raw: bytes, more: int) -> None:
        # Not truncated first: the zeros have to land on the blocks that hold the key.
        out = os.open(path, os.O_WRONLY | more, 0o600)
        try:
            if more:
                os.fchmod(out, file_mode(path.parent))
            os.write(out, raw)
            os.fsync(out)
        finally:
            os.close(out)
