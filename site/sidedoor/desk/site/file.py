"""Turns site.toml into fields of a form, and back. tomlkit keeps the comments, the order and every unchanged line.

What the form does not show can be changed only in the file. The file is the only place where settings are stored.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import tomlkit
from tomlkit.exceptions import TOMLKitError

from sidedoor.desk.items.wall_clock import time_of_day
from sidedoor.desk.refusals import Refusal, Stopped

Shape = Literal["words", "lines", "hours", "days", "long"]
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(\D+?)\s+((?:\d|noon|midnight).*?)\s*(?:[-–]|\bto\b|\buntil\b)\s*((?:\d|noon|midnight).*)")
_HOLIDAY = re.compile(r"(\d{4}-\d\d-\d\d)[ :,–-]+(.+)")
_TOP: tuple[tuple[str, Shape], ...] = (
    ("name", "words"), ("organisation", "words"), ("must_act", "long"), ("languages", "lines"), ("exit", "lines"),
    ("exit_title", "words"), ("emergency.number", "words"), ("emergency.silent", "long"), ("emergency.text", "long"),
    ("look.accent", "words"), ("look.paper", "words"),
)  # fmt: skip
_CHAT: tuple[tuple[str, Shape], ...] = (
    ("chat.answered_by", "words"), ("chat.confidential", "long"), ("chat.open", "hours"), ("chat.closed_on", "lines"),
    ("chat.holidays", "days"),
)  # fmt: skip
PRESS = ("name", "phone", "email", "url")
NEW = "new"


@dataclass(frozen=True)
class Field:
    """A field: its place in the file (`chat.answered_by`, `press.office.phone`), its shape, and its value."""

    place: tuple[str, ...]
    shape: Shape
    value: str

    @property
    def id(self) -> str:
        """Its name in the form."""
        return ".".join(self.place)


def fields_of(text: str) -> list[Field]:
    """Return the fields that the form shows of a site.toml. Raises Stopped if the file cannot be read."""
    try:
        return list(_fields(tomlkit.parse(text).unwrap()))
    except TOMLKitError as error:
        raise Stopped(Refusal.SITE_UNREADABLE) from error


def with_fields(text: str, form: Mapping[str, str]) -> str:
    """Return the file with the values of a form. Fields that the form does not have stay. Raises Stopped."""
    document = tomlkit.parse(text)
    for field in fields_of(text):
        written = _clean(form[field.id]) if field.id in form else field.value
        if written != field.value:
            _put(document, field, written)
    group, answers = (_clean(form.get(f"chat.ready.{NEW}.{part}", "")) for part in ("name", "answers"))
    if group and answers:
        _put(document, Field(("chat", "ready", group), "lines", ""), answers)
    if new := "-".join(re.findall(r"[a-z0-9]+", form.get(f"press.{NEW}.name", "").lower())):
        for name in PRESS:
            if written := _clean(form.get(f"press.{NEW}.{name}", "")):
                _put(document, Field(("press", new, name), "words", ""), written)
    return tomlkit.dumps(document)


def _fields(site: Mapping[str, Any]) -> Iterator[Field]:
    spoken = (site.get("language", "en"), *site.get("languages", ()))
    for name, shape in (*_TOP, *(_CHAT if "chat" in site else ())):
        place = tuple(name.split("."))
        value: Any = site
        for part in place:
            value = value.get(part, {}) if isinstance(value, Mapping) else {}
        if name == "languages" and isinstance(value, Mapping):  # a table each
            yield Field(place, "lines", "\n".join(value))
            for language, options in value.items():
                yield Field((*place, language, "show"), "words", str(options.get("show", "")))
                yield Field((*place, language, "telling_words"), "lines", _text("lines", options.get("telling_words")))
        elif isinstance(value, Mapping) and value:  # words by language
            for language in dict.fromkeys((*value, *spoken)):
                yield Field((*place, language), shape, _clean(str(value.get(language, ""))))
        else:
            yield Field(place, shape, _text(shape, value))
    chat = site.get("chat", {})
    for group, answers in chat.get("ready", {}).items():
        yield Field(("chat", "ready", group), "lines", _text("lines", answers))
    for language, groups in chat.get("ready_in", {}).items():
        for group, answers in groups.items():
            yield Field(("chat", "ready_in", language, group), "lines", _text("lines", answers))
    for office, contact in site.get("press", {}).items():
        yield from (Field(("press", office, name), "words", str(contact.get(name, ""))) for name in PRESS)


def _text(shape: Shape, value: Any) -> str:
    if not value and not isinstance(value, str):
        return ""
    if shape == "hours":
        return "\n".join(f"{' '.join(slot.get('days', ()))} {slot.get('from')}–{slot.get('until')}" for slot in value)
    if shape == "days":
        return "\n".join(f"{holiday.get('day')} {_named(holiday.get('name'))}" for holiday in value)
    return "\n".join(map(str, value)) if shape == "lines" else _clean(str(value))


def _named(name: Any) -> str:
    """A holiday's name, in one language or in several: `cy: Dydd Nadolig; en: Christmas Day`."""
    return "; ".join(f"{code}: {word}" for code, word in name.items()) if isinstance(name, Mapping) else str(name)


def _put(document: Any, field: Field, written: str) -> None:
    *tables, last = field.place
    table = document
    for name in tables:
        if name not in table:
            table[name] = tomlkit.table()
        table = table[name]
    if field.id == "languages" and not isinstance(table.get(last, []), list):
        wanted = written.split()
        for gone in set(table[last]) - set(wanted):
            table[last].pop(gone)
        for language in wanted:
            if language not in table[last]:
                table[last][language] = tomlkit.table()
    elif not written:
        table.pop(last, None)
    elif field.shape == "days":
        table[last] = _holidays(written)
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
        days = _days(match[1]) if match else []
        if not match or not days:
            raise Stopped(Refusal.NOT_HOURS, line=line[:80])
        slot = tomlkit.table()
        start, end = time_of_day(match[2]), time_of_day(match[3])
        slot["days"], slot["from"], slot["until"] = days, start, "24:00" if end == "00:00" else end
        slots.append(slot)
    return slots


def _days(written: str) -> list[str]:
    """`Mon tue`, `Monday, Tuesday` and `mon–fri` as days; an empty list if a word is not a day."""
    days = list[str]()
    for first, last in re.findall(r"([a-z]+)(?:\s*[-–]\s*([a-z]+))?", written.lower()):
        if first[:3] not in _DAYS or (last or first)[:3] not in _DAYS:
            return []
        start, end = _DAYS.index(first[:3]), _DAYS.index((last or first)[:3])
        days += _DAYS[start : end + 1] if start <= end else (*_DAYS[start:], *_DAYS[: end + 1])
    return list(dict.fromkeys(days))


def _holidays(written: str) -> Any:
    days = tomlkit.aot()
    for line in written.split("\n"):
        match = _HOLIDAY.fullmatch(line)
        if not match:
            raise Stopped(Refusal.NOT_A_HOLIDAY, line=line[:80])
        day = tomlkit.table()
        names = dict(re.findall(r"\s*([a-z]{2,3}(?:-[a-z0-9]+)*):\s*([^;]+?)\s*(?:;|$)", match[2]))
        day["day"], day["name"] = match[1], names or match[2]
        days.append(day)
    return days


def _clean(written: str) -> str:
    lines = (" ".join(line.split()) for line in written.replace("\r\n", "\n").split("\n"))
    return "\n".join(line for line in lines if line)
