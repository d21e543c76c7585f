"""Problems in the words of the desk's forms, and moments in words, so that nobody has to work out an embargo:
“Tuesday 24 November 2026, 00:01 GMT, in 9 hours”.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from babel import Locale
from babel.dates import format_datetime, format_timedelta
from flask import Flask

from sidedoor.documents.problem_words import ProblemWords, form_words
from sidedoor.documents.problems import Problem
from sidedoor.documents.site import Site, in_language
from sidedoor.documents.times import Clock
from sidedoor.web.language import in_dialling_order, language_name

LABELS = {
    "title": "Title", "tab_title": "Title in the browser's tab", "summary": "Summary", "language": "Language",
    "group": "Group", "publish_at": "When it goes live", "expires_at": "Leaves the site on", "location": "Place",
    "legal_review_on": "Legal review on", "reviewed": "Last reviewed", "sources": "Sources",
    "awaiting_review": "A reviewer", "press_contact": "Press contact",
    "notes_to_editors": "Notes to editors", "related_help": "Related help",
    "check_by": "Look again by", "slug": "Last part of its address",
}  # fmt: skip
"""The names of fields in the form of an item."""
CARDS = {
    "callout": "Box: good to know", "emergency": "Box: in danger now", "steps": "Steps", "statistic": "Figure",
    "quote": "Statement", "fold": "Part that opens", "device": "Steps for one browser", "ticks": "List to tick",
    "write": "Room to write", "question": "Question", "audio": "Recording", "video": "Video",
    "idea": "Idea beside a drawing", "place": "Numbers for a place",
    "action": "Big link", "call": "Call now", "number": "Number alone", "contact": "Contact",
}  # fmt: skip
"""The editor's names for author blocks, the same as in editor/src/schema.js."""


def moment_in_words(moment: datetime, site: Site) -> str:
    """Return day and time in the site's zone, with the zone's name: `Tuesday 24 November 2026, 00:01 GMT`."""
    return format_datetime(moment, "EEEE d MMMM y, HH:mm zzz", tzinfo=site.zone, locale=_english(site))


def distance_in_words(moment: datetime, now: datetime) -> str:
    """Return how far off a moment is: `in 9 hours`, `3 days ago`, `just now`."""
    span = moment - now
    if abs(span) < timedelta(minutes=1):
        return "in less than a minute" if span > timedelta() else "just now"
    return format_timedelta(span, add_direction=True, threshold=1.5, locale="en")


def in_form_words(problem: Problem) -> ProblemWords:
    """Return what is wrong with a file in the words of the desk's form: “Summary” for `summary`."""
    block = {"block": CARDS.get(name, name)} if isinstance(name := problem.values.get("block"), str) else {}
    return form_words(problem.code, {**problem.values, **block}, problem.field, LABELS)


def _english(site: Site) -> Locale:
    """The locale for days and zones: the desk is in English, and uses the site's own kind of English if it has one."""
    return site.locale("en")


def speak_plainly(app: Flask, clock: Clock, site: Callable[[], Site]) -> None:
    """Give templates the filters `moment`, `short` (day and time), `distance`, and `said` for the owner's words."""

    app.jinja_env.filters["in_form_words"] = in_form_words
    app.jinja_env.filters["in_dialling_order"] = in_dialling_order
    app.jinja_env.filters["own_name"] = language_name
    app.jinja_env.filters["moment"] = lambda moment: moment_in_words(moment, site())
    app.jinja_env.filters["short"] = lambda moment: format_datetime(
        moment, "d MMM y, HH:mm", tzinfo=site().zone, locale=_english(site())
    )
    app.jinja_env.filters["said"] = lambda wording: in_language(wording, site().language) if wording else ""
    app.jinja_env.filters["distance"] = lambda moment: distance_in_words(moment, clock())
