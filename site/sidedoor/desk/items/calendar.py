"""The calendar: what goes live when, and what leaves the site, without anybody acting."""

from datetime import datetime
from itertools import groupby

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import library, now, reviews, shelf
from sidedoor.desk.items.effects import Effect, What, of_withdrawal
from sidedoor.desk.items.listing import Row, rows

blueprint = Blueprint("calendar", __name__)


@blueprint.get("/calendar")
@only("press", "editor")
def page() -> ResponseReturnValue:
    """Show what will go live, leave or be withdrawn without anybody acting."""
    here = now().astimezone(library().site.zone)
    months = by_month(rows(library(), shelf(), reviews(), here, current_person()), here)
    return render_template("desk/items/calendar.html", months=months, now=now())


def by_month(items: list[Row], now: datetime) -> list[tuple[str, list[tuple[datetime, Effect, Row]]]]:
    """Return what will happen after `now` without anybody acting, in order of time, grouped by month in the zone of
    `now`."""
    coming = []
    for row in items:
        meta = row.document.meta if row.document else None
        if meta and row.overdue(now):
            coming.append((row.at or now, Effect(What.IS_OVERDUE), row))
        if not meta or row.standing not in ("scheduled", "published"):
            continue
        if meta.publish_at and meta.publish_at > now:
            coming.append((meta.publish_at, Effect(What.GOES_LIVE), row))
        if meta.expires_at and meta.expires_at > now:
            coming.append((meta.expires_at, Effect(What.LEAVES), row))
        if meta.withdrawn and meta.withdrawn.at > now:
            coming.append((meta.withdrawn.at, of_withdrawal(meta.withdrawn, now), row))
    coming.sort(key=lambda entry: (entry[0], entry[2].slug))

    def month_of(entry: tuple[datetime, Effect, Row]) -> str:
        return f"{entry[0].astimezone(now.tzinfo):%B %Y}"

    return [(month, list(entries)) for month, entries in groupby(coming, key=month_of)]
