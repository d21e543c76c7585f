"""When the last backup was made: noted by the command that made it, read by the desk, which says so if it is late."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sidedoor.private import private_file

_NAME = "last-backup"


def note_backup(data: Path, now: datetime) -> None:
    """Note in `data` that one was made. The backup is good all the same where that cannot be written."""
    with suppress(OSError):
        private_file(data / _NAME)
        (data / _NAME).write_text(now.isoformat(), "utf-8")


def last_backup(data: Path) -> datetime | None:
    """When (aware), or None where none is known of."""
    try:
        made = datetime.fromisoformat((data / _NAME).read_text("utf-8").strip())
    except (OSError, ValueError):
        return None
    return made if made.tzinfo else None
