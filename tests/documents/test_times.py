"""Local times become points in time, and the times that clock changes make impossible or ambiguous are refused."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sidedoor.documents.times import parse_wall_time

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-24 09:30", datetime(2026, 11, 24, 9, 30, tzinfo=UTC)),
        ("2014-07-08T09:30", datetime(2014, 7, 8, 8, 30, tzinfo=UTC)),
        ("2026-07-01 00:00:01", datetime(2026, 6, 30, 23, 0, 1, tzinfo=UTC)),
        ("2026-10-25 01:30 +01:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25 01:30Z", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_local_time_becomes_a_point_in_time(written: str, moment: datetime) -> None:
    assert parse_wall_time(written, LONDON) == moment


def test_a_time_that_the_clocks_skip_is_refused() -> None:
    with pytest.raises(ValueError, match="never happens"):
        parse_wall_time("2026-03-29 01:30", LONDON)


def test_a_time_that_happens_twice_is_refused_with_both_possible_answers() -> None:
    with pytest.raises(ValueError, match="happens twice") as refused:
        parse_wall_time("2026-10-25 01:30", LONDON)
    answers = list(str(refused.value).split("Write ")[1].rstrip(".").split(" or "))
    assert [parse_wall_time(answer, LONDON).hour for answer in answers] == [0, 1]


@pytest.mark.parametrize(
    "written",
    [
        "",
        "tomorrow",
        "12:30",
        "750",
        "2026-02-30 09:00",
        "2026-11-24 25:00",
        "24/11/2026 09:00",
        "９９９９-01-01 00:00",
    ],
)
def test_text_that_is_not_a_time_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(ValueError, match=r"2026-11-24 09:30"):
        parse_wall_time(written, LONDON)
