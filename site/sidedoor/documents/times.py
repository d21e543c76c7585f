"""Turns wall times, as an editor writes them, into moments.

`zoneinfo` says nothing about a time that a clock change skips or repeats, so we detect both by trying the two folds,
and ask the editor rather than guess (PEP 495).
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Wrong

Clock = Callable[[], datetime]

_WALL_TIME = re.compile(r"(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::(\d{2}))?\s*(Z|[+-]\d{2}:\d{2})?", re.ASCII)


def utc_now() -> datetime:
    """The clock used outside tests: the moment now, in UTC."""
    return datetime.now(UTC)


def parse_wall_time(written: str, zone: ZoneInfo) -> datetime:
    """Turn `2026-11-24 09:30` in `zone` into an aware datetime in UTC.

    An offset after the time (`+01:00`, `Z`) wins over `zone`; editors use it to tell apart the two passes of an hour
    that happens twice. Raises Wrong, for the editor, for a time that is unreadable, never happens or happens twice.
    """
    match = _WALL_TIME.fullmatch(written.strip())
    if not match:
        raise Wrong(Code.NOT_A_TIME, written=written)
    *numbers, offset = match.groups()
    try:
        year, month, day, hour, minute, second = (number or "00" for number in numbers)
        wall = datetime.fromisoformat(f"{year}-{month}-{day}T{hour}:{minute}:{second}")
        if offset:
            aware = datetime.fromisoformat(f"{wall.isoformat()}{offset.replace('Z', '+00:00')}")
            return aware.astimezone(UTC)
        earlier, later = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    except (ValueError, OverflowError):
        raise Wrong(Code.NO_SUCH_TIME, written=written) from None
    if earlier.astimezone(zone).replace(tzinfo=None) != wall:
        raise Wrong(Code.SKIPPED_TIME, written=written)
    if earlier != later:
        choices = {"earlier": _with_offset(earlier, zone), "later": _with_offset(later, zone)}
        times = {"first": choices["earlier"][11:], "second": choices["later"][11:]}
        raise Wrong(Code.REPEATED_TIME, written=written, **choices, **times)
    return earlier


def _with_offset(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone).isoformat(sep=" ")
    return f"{local[:16]}{local[-6:]}"
