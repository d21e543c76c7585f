"""The owner's settings in a form: an administrator saves a change, and it applies once a second person approves it.

Each setting changes what readers see, so nobody decides on it alone. The checks are the same as for the file.
"""

import re
from collections.abc import Iterable, Mapping

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import audit, library, shelf, workflow
from sidedoor.desk.items.changes import Change
from sidedoor.desk.items.compare import compare
from sidedoor.desk.items.files import CannotSave, Conflict, change_file
from sidedoor.desk.items.workflow import Subject
from sidedoor.desk.refusals import Refusal, Stopped
from sidedoor.desk.site.file import NEW, PRESS, Field, fields_of, with_fields
from sidedoor.desk.step import FIRST_OF_TWO, Done, take
from sidedoor.documents.reading import SITE, read_site

blueprint = Blueprint("settings", __name__, url_prefix="/settings")
LABELS = {
    "name": "Name of the site",
    "organisation": "Who runs it",
    "must_act": "What readers have to know before they write",
    "languages": "Languages, one a line, as codes: cy, pl",
    "exit": "Where “Hide this page” leads, one address a line",
    "exit_title": "The tab's title from then on",
    "emergency.number": "Number to call in danger",
    "emergency.silent": "Who cannot speak",
    "emergency.text": "Who can only text",
    "look.accent": "Colour of links and buttons",
    "look.paper": "Colour of the page",
    "chat.answered_by": "Who answers chats",
    "chat.confidential": "What stays between reader and adviser",
    "chat.open": "Hours of the chat, one a line: Mon–Fri 9am–5pm",
    "chat.closed_on": "Days it is closed, one a line: 2026-12-25",
    "chat.holidays": "Holidays, whose names readers are told, one a line: 2026-12-25 Christmas Day",
}
_SECTIONS = {
    "name": "Names", "organisation": "Names", "must_act": "Names", "languages": "Languages",
    "exit": "Hide this page", "exit_title": "Hide this page", "emergency": "In danger", "look": "Look", "chat": "Chat",
    "press": "Press contacts",
}  # fmt: skip
Shown = tuple[Field, str, str]
"""A field, its label, and the value shown in it."""
_PRESS = {"name": "Name", "phone": "Phone", "email": "Mail", "url": "Page"}


@blueprint.get("")
@only("admin", "editor")
def everything() -> ResponseReturnValue:
    """Show the settings, the change that waits, and every edit, including those by hand."""
    return _page()


@blueprint.post("")
@only("admin")
def save() -> ResponseReturnValue:
    """Save a change, for a second person to approve."""
    typed = {name: value for name, value in request.form.items() if name not in ("csrf_token", "base")}

    def step() -> Done:
        _save(typed, request.form.get("base", ""))
        return Done("It is saved, and waits for a second person.", "/settings")

    return take(step, lambda problem: _page(problem, typed), lambda: "/settings")


@blueprint.post("/approve")
@only("admin", "editor")
def approve() -> ResponseReturnValue:
    """Put the waiting change into effect."""
    seen, person, subject = request.form.get("seen", ""), current_person(), _subject()

    def step() -> Done:
        if not subject.change:
            raise Stopped(Refusal.NOTHING_WAITS)
        read_site(subject.change.text)
        published = workflow().approve(person, subject, seen, subject.change.text)
        return Done("It holds from now on." if published else FIRST_OF_TWO, "/settings")

    return take(step, _page, lambda: "/settings")


@blueprint.post("/discard")
@only("admin", "editor")
def discard() -> ResponseReturnValue:
    """Throw away the waiting change."""

    def step() -> Done:
        if not _subject().change:
            raise Stopped(Refusal.NOTHING_WAITS)
        workflow().discard(current_person(), _subject(), draft=False)
        return Done("It is thrown away. It is in the history.", "/settings")

    return take(step, _page, lambda: "/settings")


def _save(typed: dict[str, str], base: str) -> None:
    person = current_person()
    with shelf().turn():
        subject = _subject()
        if base != subject.working.digest:
            raise Conflict(SITE, subject.working.text, subject.working.digest)
        text = with_fields(subject.working.text, typed)
        read_site(text)
        with audit().recorded(person.name, "changed the settings", SITE):
            workflow().keep(person, subject, text, "Change the settings", aside=True)


def _subject() -> Subject:
    stored = shelf().read(SITE)
    if not stored:
        raise CannotSave(Refusal.SITE_UNREADABLE)
    return Subject(SITE, stored, shelf().read(change_file(SITE)))


def _label(place: tuple[str, ...]) -> str:
    name = ".".join(place)
    if name in LABELS:
        return LABELS[name]
    if place[0] == "press":
        return f"{_PRESS[place[2]]} of {'a further press contact' if place[1] == NEW else place[1]}"
    if place[:3] == ("chat", "ready", NEW):
        return {"name": "A further group of ready answers", "answers": "Its answers, one a line"}[place[3]]
    if place[:2] == ("chat", "ready"):
        return f"Ready answers, one a line: {place[2]}"
    if place[:2] == ("chat", "ready_in"):
        return f"Ready answers, one a line: {place[3]} ({place[2]})"
    if place[0] == "languages":
        words = {
            "show": "Pages that are shown: all, or reviewed",
            "telling_words": "Words no title may hold, one a line",
        }
        return f"{words[place[2]]} ({place[1]})"
    return f"{LABELS.get('.'.join(place[:-1]), name)} ({place[-1]})"


def _changes(before: str, after: str) -> list[Change]:
    """The differences in the form's words; and line by line if there are some that only the file shows."""
    was = {field.place: field.value for field in fields_of(before)}
    is_ = {field.place: field.value for field in fields_of(after)}
    changes = [
        Change(_label(place), compare(was.get(place, ""), is_.get(place, "")))
        for place in dict.fromkeys((*is_, *was))
        if was.get(place, "") != is_.get(place, "")
    ]
    same = {".".join(place): value for place, value in is_.items()}
    return (
        changes
        if changes and not _changes_more_than_the_form(before, after, same)
        else [*changes, Change(SITE, compare(before, after))]
    )


def _changes_more_than_the_form(before: str, after: str, fields: dict[str, str]) -> bool:
    return (
        with_fields(before, fields) != after
        and with_fields(before, {**fields, **_values_of_new_fields(before, after)}) != after
    )


def _values_of_new_fields(before: str, after: str) -> dict[str, str]:
    """The values that the form's fields for another press contact and group of answers had, read from the change."""
    known_places, values = {field.place for field in fields_of(before)}, dict[str, str]()
    for field in fields_of(after):
        if field.place not in known_places and field.place[0] == "press":
            values[f"press.{NEW}.{field.place[2]}"] = field.value
        elif field.place not in known_places and field.place[:2] == ("chat", "ready"):
            values |= {f"chat.ready.{NEW}.name": field.place[2], f"chat.ready.{NEW}.answers": field.value}
    return values


def _by_section(fields: Iterable[Field], typed: Mapping[str, str]) -> dict[str, tuple[list[Shown], list[Shown]]]:
    """The fields by heading: those in the site's own language, and those in others."""
    sections: dict[str, tuple[list[Shown], list[Shown]]] = {name: ([], []) for name in _SECTIONS.values()}
    own = library().site.language
    for field in fields:
        label = _label(field.place)
        elsewhere = (code := re.search(r"\(([a-z]{2,3}(?:-[a-z0-9]+)*)\)$", label)) is not None and code[1] != own
        sections[_SECTIONS[field.place[0]]][elsewhere].append((field, label, typed.get(field.id, field.value)))
    return {name: both for name, both in sections.items() if any(both)}


def _page(problem: str = "", typed: dict[str, str] | None = None) -> str:
    subject, flow = _subject(), workflow()
    shelf().history.note_edits_by_hand([SITE, change_file(SITE)])
    revisions = shelf().history.revisions(SITE, [change_file(SITE)])
    wanted = request.args.get("revision", "")
    chosen = next(
        (revision for revision in revisions if re.fullmatch(r"[0-9a-f]{40}", wanted) and revision.id == wanted), None
    )
    old_text = shelf().history.text_at(chosen.id, chosen.file) if chosen else None
    fields = fields_of(subject.working.text)
    new = [Field(("press", NEW, name), "words", "") for name in PRESS]
    if any(field.place[0] == "chat" for field in fields):
        new += [
            Field(("chat", "ready", NEW, "name"), "words", ""),
            Field(("chat", "ready", NEW, "answers"), "lines", ""),
        ]
    return render_template(
        "desk/site/settings.html",
        problem=problem,
        sections=_by_section((*fields, *new), typed or {}),
        base=subject.working.digest,
        waiting=subject.change,
        parts=_changes(subject.stored.text, subject.change.text) if subject.change else [],
        why_not=flow.why_not(current_person(), subject),
        writers=flow.writers(subject),
        unknown=flow.written_by_unknown(subject),
        first_of_two=flow.first_of_two(subject),
        overtaken=flow.overtaken(subject),
        revisions=revisions[:20],
        chosen=chosen,
        chosen_parts=_changes(old_text, subject.working.text) if old_text else [],
    )
