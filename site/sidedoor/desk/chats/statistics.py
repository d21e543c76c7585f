"""Counts of chats, for those who pay for the chat: by hour and day, and never about a person.

Only counts of each hour exist (ChatStore.counts). They are shown rounded, so that no row gives a person away: a number
below five as "fewer than 5", any other to the nearest five.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import only
from sidedoor.desk.current import chat_now as now
from sidedoor.desk.current import library, the_desk
from sidedoor.web.language import name_for_staff
from sidedoor.web.numbers import whole_number

blueprint = Blueprint("statistics", __name__)
ROUNDED_TO = 5
SPANS = (7, 30, 90, 365)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ROWS = (
    ("started", "Started"),
    ("answered", "Answered"),
    ("answered within a minute", "Answered within a minute"),
    ("ended: hidden", "Ended by “Hide this page”"),
    ("ended: reader", "Ended by the reader"),
    ("ended: adviser", "Ended by the adviser"),
    ("ended: quiet", "Ended because it was quiet"),
    ("ended: blocked", "Ended by a block"),
    ("refused: full", "Refused: too many waited"),
    ("refused: network", "Refused: too many from one network"),
    ("refused: often", "Refused: too many begun within an hour"),
    ("refused: blocked", "Refused: blocked"),
    ("how: helped", "Said that it helped"),
    ("how: partly", "Said that it helped a little"),
    ("how: not", "Said that it did not help"),
)


@dataclass(frozen=True)
class Table:
    """A heading, and rows of a name and a rounded number."""

    name: str
    rows: tuple[tuple[str, str], ...]


@blueprint.get("/statistics")
@only("supervisor", "admin")
def page() -> ResponseReturnValue:
    """Show the counts of the last days, up to now."""
    days = _chosen()
    return render_template("desk/chats/statistics.html", tables=_tables(days), days=days, spans=SPANS)


@blueprint.get("/statistics.csv")
@only("supervisor", "admin")
def as_csv() -> ResponseReturnValue:
    """Send the same counts for a spreadsheet."""
    days, out = _chosen(), io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["table", "what", "number"])
    rows.writerows((table.name, row_name, number) for table in _tables(days) for row_name, number in table.rows)
    response = Response(out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="chats-{days}-days.csv"'
    return response


def rounded(number: int) -> str:
    """Return a count as it is shown."""
    if 0 < number < ROUNDED_TO:
        return f"fewer than {ROUNDED_TO}"
    return str(ROUNDED_TO * ((2 * number + ROUNDED_TO) // (2 * ROUNDED_TO)))


def tables(counts: Iterable[tuple[str, str, int]], since: datetime, zone: ZoneInfo) -> tuple[Table, ...]:
    """Return the store's counts, added up for each table; hours and days are by the clock in `zone`."""
    sums: Counter[str] = Counter()
    by_hour: Counter[int] = Counter()
    by_day: Counter[int] = Counter()
    for hour, counted, number in counts:
        moment = datetime.fromisoformat(hour)
        if moment < since:
            continue
        sums[counted] += number
        if counted == "started":
            local = moment.astimezone(zone)
            by_hour[local.hour] += number
            by_day[local.weekday()] += number
    waited = sums["minutes waited"] / sums["answered"] if sums["answered"] >= ROUNDED_TO else None
    languages = sorted(counted.removeprefix("language: ") for counted in sums if counted.startswith("language: "))
    return (
        Table("All", tuple((name, rounded(sums[counted])) for counted, name in _ROWS)),
        Table(
            "Minutes that people waited, on average", (("Wait", f"{waited:.0f}" if waited is not None else "too few"),)
        ),
        Table("Started, by weekday", tuple((_DAYS[day], rounded(by_day[day])) for day in range(7))),
        Table(
            "Started, by hour", tuple((f"{hour:02}:00", rounded(by_hour[hour])) for hour in range(24) if by_hour[hour])
        ),
        Table(
            "Started, by language",
            tuple((name_for_staff(code), rounded(sums[f"language: {code}"])) for code in languages),
        ),
    )


def _tables(days: int) -> tuple[Table, ...]:
    return tables(the_desk().chats.counts(), now() - timedelta(days=days), library().site.zone)


def _chosen() -> int:
    days = request.args.get("days", SPANS[1], type=whole_number)
    return days if days in SPANS else SPANS[1]
