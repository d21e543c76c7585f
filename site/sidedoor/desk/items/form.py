"""Turns a document into the fields of the editor's form, each a string, and back. Nothing that was typed is lost."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sidedoor.desk.items.wall_clock import time_of_day
from sidedoor.documents.document import KINDS
from sidedoor.documents.models import Kind
from sidedoor.documents.reading import CONTROLS

Fields = dict[str, str]
NOTE_KINDS = {"update": "Update", "correction": "Correction", "clarification": "Clarification"}
_SIMPLE = (
    "title",
    "tab_title",
    "summary",
    "language",
    "group",
    "location",
    "press_contact",
    "legal_review_on",
    "reviewed",
    "awaiting_review",
)
_LINES = ("related_help", "sources")
_MOMENTS = {"publish_at": "publish", "expires_at": "expires"}


def fields_of(front: Mapping[str, Any], body: str) -> Fields:
    """Return the form's fields of a document. A list has one item per line; a moment is split into day and time."""
    fields = {name: _text(front.get(name)) for name in _SIMPLE}
    fields |= {name: "\n".join(map(_text, front.get(name) or [])) for name in _LINES}
    for name, prefix in _MOMENTS.items():
        day, _, time = _text(front.get(name)).replace("T", " ").partition(" ")
        fields |= {f"{prefix}_date": day, f"{prefix}_time": time.strip()}
    fields["notes_to_editors"] = _text(front.get("notes_to_editors")).strip("\n")
    fields["body"] = body.strip("\n")
    for number, note in enumerate(notes_of(front)):
        fields |= {
            f"note_{number}": _text(note.get("note")),
            f"note_{number}_kind": _text(note.get("kind")) or "update",
        }
    return fields


def notes_of(front: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the public notes of changes in the front matter."""
    notes = front.get("updates")
    return [note for note in notes if isinstance(note, dict)] if isinstance(notes, list) else []


def from_form(form: Mapping[str, str], lists: Mapping[str, list[str]]) -> Fields:
    """Return what a form sent, without control characters, which no keyboard types. `lists`: the ticked boxes."""
    fields = {name: _clean(value) for name, value in form.items()}
    return fields | {name: "\n".join(values) for name, values in lists.items()}


def changed(
    fields: Fields, front: Mapping[str, Any], body: str, kind: Kind, now: datetime, zone: ZoneInfo
) -> tuple[dict[str, Any], str]:
    """Return front matter and body with the values of `fields`. What the form does not show stays as in `front`."""
    model_fields, after, was = KINDS[kind].model_fields, dict(front), fields_of(front, body)

    def put(name: str, value: Any) -> None:
        if value:
            after[name] = value
        else:
            after.pop(name, None)

    for name in _SIMPLE:
        if name in fields and name in model_fields and fields[name].strip() != was[name].strip():
            put(name, fields[name].strip())
    for name in _LINES:
        if name in fields and fields[name].split("\n") != was[name].split("\n"):
            put(name, [line.strip() for line in fields[name].split("\n") if line.strip()])
    for name, prefix in _MOMENTS.items():
        parts = (f"{prefix}_date", f"{prefix}_time")
        if parts[0] in fields and any(fields.get(part, "") != was[part] for part in parts):
            put(name, f"{fields.get(parts[0], '').strip()} {time_of_day(fields.get(parts[1], '').strip())}".strip())
    notes = fields.get("notes_to_editors", was["notes_to_editors"]).strip("\n")
    if notes != was["notes_to_editors"] and "notes_to_editors" in model_fields:
        put("notes_to_editors", notes)
    put("updates", _notes(fields, front, now, zone))
    written = fields.get("body", body).strip("\n")
    return after, body if written == was["body"] else written + "\n"


def with_insertion(body: str, fields: Mapping[str, str]) -> str:
    """Return the body with the figure or statement from the form's fields for them added at its end."""
    blocks = []
    if fields.get("figure", "").strip():
        blocks.append(_block("statistic", fields["figure"], fields.get("figure_means", "")))
    if fields.get("statement", "").strip():
        blocks.append(_block("quote", fields.get("statement_by", ""), fields["statement"]))
    return "\n\n".join([body.rstrip("\n"), *blocks]) if blocks else body


def _block(name: str, argument: str, content: str) -> str:
    # A line that begins with /// would end the block early.
    content = content.replace("\n///", "\n\\///").strip()
    return f"/// {name} | {' '.join(argument.split())}\n{content}\n///"


def _notes(fields: Fields, front: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    notes = []
    for number, note in enumerate(notes_of(front)):
        text = fields.get(f"note_{number}", _text(note.get("note"))).strip()
        kind = fields.get(f"note_{number}_kind", note.get("kind") or "update")
        same = text == _text(note.get("note")).strip() and kind == (note.get("kind") or "update")
        if same:
            notes.append(note)
        elif text:
            notes.append({**note, "kind": kind, "note": text})
    if new := fields.get("new_note", "").strip():
        kind = fields.get("new_note_kind", "update")
        notes.append({"at": wall_time(now, zone), "kind": kind if kind in NOTE_KINDS else "update", "note": new})
    return notes


def wall_time(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as front matter writes it; with its offset in the hour that happens twice."""
    local = moment.astimezone(zone)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    offset = local.isoformat()[-6:] if twice else ""
    return f"{local:%Y-%m-%d %H:%M}{offset}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _clean(value: str) -> str:
    text = value.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    return CONTROLS.sub("", text)
