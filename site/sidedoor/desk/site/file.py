"""site.toml as fields of a form, and back. tomlkit keeps every comment, order and line that nobody changed.

What the form does not show is changed in the file alone. The file stays the truth: nothing of it is kept elsewhere.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import tomlkit
from tomlkit.exceptions import TOMLKitError

from sidedoor.desk.refusals import Refusal, Stopped

Shape = Literal["words", "lines", "hours", "long"]
_HOURS = re.compile(r"((?:[a-z]{3}[ ,]+)+)(\d\d:\d\d)(?: *[-–] *| +)(\d\d:\d\d)")
_TOP: tuple[tuple[str, Shape], ...] = (
    ("name", "words"), ("organisation", "words"), ("must_act", "long"), ("languages", "lines"), ("exit", "lines"),
    ("exit_title", "words"), ("emergency.number", "words"), ("emergency.silent", "long"), ("emergency.text", "long"),
    ("look.accent", "words"), ("look.paper", "words"),
)  # fmt: skip
_CHAT: tuple[tuple[str, Shape], ...] = (
    ("chat.answered_by", "words"), ("chat.confidential", "long"), ("chat.open", "hours"), ("chat.closed_on", "lines"),
)  # fmt: skip
PRESS = ("name", "phone", "email", "url")
NEW = "new"


@dataclass(frozen=True)
class Field:
    """One field: its place in the file (`chat.answered_by`, `press.office.phone`), its shape, and what it holds."""

    place: tuple[str, ...]
    shape: Shape
    value: str

    @property
    def id(self) -> str:
        """Its name in the form."""
        return ".".join(self.place)


def fields_of(text: str) -> list[Field]:
    """What the form shows of a site.toml. Raises Stopped for one that nobody can read."""
    try:
        return list(_fields(tomlkit.parse(text).unwrap()))
    except TOMLKitError as error:
        raise Stopped(Refusal.SITE_UNREADABLE) from error


def with_fields(text: str, form: Mapping[str, str]) -> str:
    """The same file with what a form says. A field that it does not have stays. Raises Stopped."""
    document = tomlkit.parse(text)
    for field in fields_of(text):
        written = _clean(form[field.id]) if field.id in form else field.value
        if written != field.value:
            _put(document, field, written)
    if new := "-".join(re.findall(r"[a-z0-9]+", form.get(f"press.{NEW}.name", "").lower())):
        for name in PRESS:
            if written := _clean(form.get(f"press.{NEW}.{name}", "")):
                _put(document, Field(("press", new, name), "words", ""), written)
    return tomlkit.dumps(document)


def _fields(site: Mapping[str, Any]) -> Iterator[Field]:
    for name, shape in (*_TOP, *(_CHAT if "chat" in site else ())):
        place = tuple(name.split("."))
        value: Any = site
        for part in place:
            value = value.get(part, {}) if isinstance(value, Mapping) else {}
        if isinstance(value, Mapping) and value:  # words by language
            yield from (Field((*place, language), shape, _clean(str(said))) for language, said in value.items())
        else:
            yield Field(place, shape, _text(shape, value))
    for group, answers in site.get("chat", {}).get("ready", {}).items():
        yield Field(("chat", "ready", group), "lines", _text("lines", answers))
    for office, known in site.get("press", {}).items():
        yield from (Field(("press", office, name), "words", str(known.get(name, ""))) for name in PRESS)


def _text(shape: Shape, value: Any) -> str:
    if not value and not isinstance(value, str):
        return ""
    if shape == "hours":
        return "\n".join(f"{' '.join(slot.get('days', ()))} {slot.get('from')}–{slot.get('until')}" for slot in value)
    return "\n".join(map(str, value)) if shape == "lines" else _clean(str(value))


def _put(document: Any, field: Field, written: str) -> None:
    *tables, last = field.place
    table = document
    for name in tables:
        if name not in table:
            table[name] = tomlkit.table()
        table = table[name]
    if not written:
        table.pop(last, None)
    elif field.shape == "hours":
        table[last] = _hours(written)
    elif field.shape == "lines":
        array = tomlkit.array().multiline(written.count("\n") > 1)
        array.extend(written.split("\n"))
        table[last] = array
    else:
        table[last] = written


def _hours(written: str) -> Any:
    slots = tomlkit.aot()
    for line in written.lower().split("\n"):
        match = _HOURS.fullmatch(line)
        if not match:
            raise Stopped(Refusal.NOT_HOURS, line=line[:80])
        slot = tomlkit.table()
        slot["days"], slot["from"], slot["until"] = re.findall(r"[a-z]+", match[1]), match[2], match[3]
        slots.append(slot)
    return slots


def _clean(written: str) -> str:
    lines = (" ".join(line.split()) for line in written.replace("\r\n", "\n").split("\n"))
    return "\n".join(line for line in lines if line)
