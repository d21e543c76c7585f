"""When the chat is open: slots by weekday in the site's zone, so opening hours stay when the clocks change."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sidedoor.documents.site import Chat

_LOOK_AHEAD_DAYS = 14
_ANNOUNCED_AHEAD_DAYS = 28
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def is_open(chat: Chat, zone: ZoneInfo, now: datetime) -> bool:
    """Whether it is open at `now` (aware): in a slot of a day that is no holiday; without slots, on any such day."""
    local = now.astimezone(zone)
    if not chat.open:
        return not chat.is_closed_on(local.date())
    minute = 60 * local.hour + local.minute
    return any(start <= minute < until for start, until in _slots(chat, local.date()))


def open_until(chat: Chat, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The end (aware, in `zone`) of the opening hours around `now`. Slots that touch, also at midnight, are joined.

    None if it is closed, or if no end is in sight.
    """
    if not chat.open or not is_open(chat, zone, now):
        return None
    until = now
    for start, end in sorted(_spans(chat, zone, now)):
        if start <= until < end:
            until = end
    in_sight = until < now + timedelta(days=_LOOK_AHEAD_DAYS - 1)
    return until.astimezone(zone) if in_sight else None


def next_opening(chat: Chat, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The start (aware, in `zone`) of the next slot; while it is open, of the next one after it closes.

    None if there is none in the next two weeks.
    """
    if is_open(chat, zone, now):
        until = open_until(chat, zone, now)
        if until is None:
            return None
        now = until
    start = min((start for start, _ in _spans(chat, zone, now) if start > now), default=None)
    return start.astimezone(zone) if start else None


def week(chat: Chat) -> list[tuple[int, list[tuple[int, int]]]]:
    """Each weekday (0 is Monday) with its slots, in minutes since midnight (wall time); slots that touch are joined.
    Empty if the site promises no hours."""
    return [(number, _joined(chat, day)) for number, day in enumerate(_DAYS)] if chat.open else []


def closed_days(chat: Chat, zone: ZoneInfo, now: datetime) -> list[date]:
    """The days within the next four weeks that are closed although their weekday has opening hours."""
    today = now.astimezone(zone).date()
    days = (today + timedelta(days=ahead) for ahead in range(_ANNOUNCED_AHEAD_DAYS))
    slots = {_DAYS.index(day) for slot in chat.open for day in slot.days} if chat.open else set(range(7))
    return [day for day in days if chat.is_closed_on(day) and day.weekday() in slots]


def _joined(chat: Chat, day: str) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, until in sorted((slot.start, slot.until) for slot in chat.open if day in slot.days):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(until, joined[-1][1]))
        else:
            joined.append((start, until))
    return joined


def _spans(chat: Chat, zone: ZoneInfo, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The slots of the next days, in UTC: Python compares two times of one zone by what the clock on the wall shows."""
    today = now.astimezone(zone).date()
    for ahead in range(_LOOK_AHEAD_DAYS):
        day = today + timedelta(days=ahead)
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        for start, until in _slots(chat, day):
            yield tuple((midnight + timedelta(minutes=minute)).astimezone(UTC) for minute in (start, until))  # type: ignore[misc]


def _slots(chat: Chat, day: date) -> list[tuple[int, int]]:
    if chat.is_closed_on(day):
        return []
    weekday = _DAYS[day.weekday()]
    return [(slot.start, slot.until) for slot in chat.open if weekday in slot.days]
