"""When the last backup was made: the command that made it notes it, and the desk reads it and warns if it is late."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sidedoor.private import private_file

_NAME = "last-backup"


def note_backup(data: Path, now: datetime) -> None:
    """Note a backup in `data`. If the note cannot be written, the backup is still good."""
    with suppress(OSError):
        private_file(data / _NAME)
        (data / _NAME).write_text(now.isoformat(), "utf-8")


def last_backup(data: Path) -> datetime | None:
    """When it was made (aware); None if none is known."""
    try:
        moment = datetime.fromisoformat((data / _NAME).read_text("utf-8").strip())
    except (OSError, ValueError):
        return None
    return moment if moment.tzinfo else None
