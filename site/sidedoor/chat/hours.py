"""When the chat is open: slots by weekday in the site's zone, so a clock change moves no opening hour."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sidedoor.documents.models import Chat

_LOOK_AHEAD_DAYS = 14


def is_open(chat: Chat, zone: ZoneInfo, now: datetime) -> bool:
    """Whether `now` (aware) lies in a slot of a day that is not a holiday; without slots, on such a day."""
    local = now.astimezone(zone)
    if not chat.open:
        return local.date() not in chat.closed_on
    return any(start <= local.time() < until for start, until in _slots(chat, local.date()))


def next_opening(chat: Chat, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The start (aware, in `zone`) of the next slot after `now`; None if there is none in the next two weeks."""
    today = now.astimezone(zone).date()
    starts = (
        datetime.combine(day, start, zone)
        for day in (today + timedelta(days=ahead) for ahead in range(_LOOK_AHEAD_DAYS))
        for start, _ in _slots(chat, day)
    )
    return min((start for start in starts if start > now), default=None)


def _slots(chat: Chat, day: date) -> list[tuple[time, time]]:
    if day in chat.closed_on:
        return []
    weekday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()]
    return [(slot.start, slot.until) for slot in chat.open if weekday in slot.days]
