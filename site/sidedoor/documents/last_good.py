"""The last good version of every file, kept in SIDEDOOR_DATA, so that a broken edit survives a restart harmlessly."""

import contextlib
import os
import tempfile
from pathlib import Path


class LastGood:
    """Copies of files under `folder`. A disk that is full or read-only costs the copies, never the site."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, file: str, text: str) -> None:
        """Remember `text` as the last good version of `file`."""
        path = self.folder / file
        with contextlib.suppress(OSError):
            if path.is_file() and path.read_text("utf-8") == text:
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
                    out.write(text)
                os.replace(temporary, path)
            except OSError:
                os.unlink(temporary)

    def get(self, file: str) -> str | None:
        """The last good version of `file`, if there was one."""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return (self.folder / file).read_text("utf-8")
        return None

    def forget(self, file: str) -> None:
        """The file was deleted on purpose: it must not come back."""
        with contextlib.suppress(OSError):
            (self.folder / file).unlink()
