"""When the chat is open: slots by weekday in the site's zone, so opening hours stay when the clocks change.

In the night in which they change, a time that the clock skips counts as if it had not been put forward yet, and a time
that comes twice is the first of the two (RFC 5545, section 3.3.5). Everything here goes by the same spans, so the page
never says an end or a beginning that does not come.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sidedoor.documents.site import Chat

_LOOK_AHEAD_DAYS = 14
_ANNOUNCED_AHEAD_DAYS = 28
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def is_open(chat: Chat, zone: ZoneInfo, now: datetime) -> bool:
    """Whether it is open at `now` (aware): in a slot of a day that is no holiday; without slots, on any such day."""
    if not chat.open:
        return not chat.is_closed_on(now.astimezone(zone).date())
    return any(start <= now < end for start, end in _spans(chat, zone, now, days=1))


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
    in_sight = until < _moment(now.astimezone(zone).date(), 24 * 60 * _LOOK_AHEAD_DAYS, zone)
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


def _spans(
    chat: Chat, zone: ZoneInfo, now: datetime, days: int = _LOOK_AHEAD_DAYS
) -> Iterator[tuple[datetime, datetime]]:
    """The slots of yesterday, which may last beyond midnight if the clocks change, and of the next days, in UTC: Python
    compares two times of one zone by what the clock on the wall shows."""
    today = now.astimezone(zone).date()
    for ahead in range(-1, days):
        day = today + timedelta(days=ahead)
        for slot in _slots(chat, day):
            start, until = (_moment(day, minutes, zone) for minutes in slot)
            if start < until:  # not if the clock skips all of it
                yield start, until


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The moment (UTC) at which the clock on the wall shows a time, in minutes since the midnight of `day`."""
    return (datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minutes)).astimezone(UTC)


def _slots(chat: Chat, day: date) -> list[tuple[int, int]]:
    if chat.is_closed_on(day):
        return []
    weekday = _DAYS[day.weekday()]
    return [(slot.start, slot.until) for slot in chat.open if weekday in slot.days]
