"""Moments in words, so that nobody has to work out an embargo: “Tuesday 24 November 2026, 00:01 GMT, in 9 hours”."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta
from flask import Flask

from sidedoor.documents.times import Clock

_FORM_WORDS = {
    "title": "Title", "tab_title": "Title in the browser's tab", "summary": "Summary", "language": "Language",
    "group": "Group", "publish_at": "When it goes live", "expires_at": "Leaves the site on", "location": "Place",
    "legal_review_on": "Legal review on", "reviewed": "Last reviewed", "sources": "Sources",
    "awaiting_review": "A reviewer", "press_contact": "Press contact",
    "notes_to_editors": "Notes to editors", "related_help": "Related help",
    "check_by": "Look again by",
}  # fmt: skip
_PHRASES = {
    "Add a line that starts `": "Fill in `",
    ", or delete the line": "",
    "delete awaiting_review": "say so in awaiting_review",
    "Add related_help: with the slugs of pages": "Tick under related_help: the pages",
}
_NAMES = "|".join(_FORM_WORDS)
_WITH_UNDERSCORE = "|".join(name for name in _FORM_WORDS if "_" in name)
# Between `backticks`, before a colon (“Add sources:, one line …”), or with an underscore, which no other word has.
_FILE_WORDS = re.compile(rf"`({_NAMES}):?`|\b({_NAMES}):(?=[ ,.])|\b({_WITH_UNDERSCORE})\b")


def moment_in_words(moment: datetime, zone: ZoneInfo) -> str:
    """A day and a time of day in `zone`, with the zone's name: `Tuesday 24 November 2026, 00:01 GMT`."""
    return format_datetime(moment, "EEEE d MMMM y, HH:mm zzz", tzinfo=zone, locale="en_GB")


def distance_in_words(moment: datetime, now: datetime) -> str:
    """How far off it is: `in 9 hours`, `3 days ago`, `just now`."""
    span = moment - now
    if abs(span) < timedelta(minutes=1):
        return "in less than a minute" if span > timedelta() else "just now"
    return format_timedelta(span, add_direction=True, threshold=1.5, locale="en_GB")


def in_form_words(text: str) -> str:
    """What is said about a file, said about the desk's form instead: “Summary” for `summary`."""
    for of_a_file, of_a_form in _PHRASES.items():
        text = text.replace(of_a_file, of_a_form)
    return _FILE_WORDS.sub(lambda found: f"“{_FORM_WORDS[found[found.lastindex or 0]]}”", text)


def speak_plainly(app: Flask, clock: Clock, zone: Callable[[], ZoneInfo]) -> None:
    """Give templates the filters `moment`, `short` (day and time) and `distance`."""

    app.jinja_env.filters["in_form_words"] = in_form_words
    app.jinja_env.filters["moment"] = lambda moment: moment_in_words(moment, zone())
    app.jinja_env.filters["short"] = lambda moment: format_datetime(
        moment, "d MMM y, HH:mm", tzinfo=zone(), locale="en_GB"
    )
    app.jinja_env.filters["distance"] = lambda moment: distance_in_words(moment, clock())
