"""A site.toml with every key, and a parser for the table of its keys in docs/settings.md."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from sidedoor.documents.site import Site
from tests.conftest import PROJECT

WHOLE: dict[str, Any] = {
    "name": "Side Street", "organisation": "A charity", "must_act": "We must act on some things.",
    "language": "en", "languages": {"cy": {"show": "all", "telling_words": ["trais"]}}, "dates": {"en": "en-CA"},
    "forms": {"en-simple": {"name": "Easy Read", "show": "all", "telling_words": []}}, "timezone": "America/Toronto",
    "exit": ["https://weather.example/"], "exit_title": "Untitled", "url": "https://www.example.org",
    "hosts": ["www.example.org"], "telling_words": ["abus"], "words_to_avoid": {"tackling": "Say what is done."},
    "words": {"en": {"Menu": "All pages"}},
    "emergency": {"number": "000", "silent": "Press a key.", "text": {"en": "Text 000.", "cy": "Tecstiwch 000."}},
    "look": {"accent": "#7a1f5c", "paper": "#f4f8ff", "mark": '<svg xmlns="http://www.w3.org/2000/svg"/>'},
    "menu": {"pages": ["/help"], "names": {"/help": "Help"}},
    "situations": [{"says": "I need help now", "page": "get-help-now", "icon": "phone"}],
    "groups": [{"id": "now", "title": "Right now"}], "places": [{"id": "north", "name": "The north"}],
    "audiences": [{"id": "everyone", "name": "Everyone", "everyone": True}],
    "areas": [{"name": "A town", "within": []}],
    "press": {"press": {"name": "Press office", "phone": "555 0100", "email": "press@example.org", "url": "/feedback"}},
    "security": {"contact": "/feedback"},
    "chat": {
        "answered_by": "people", "confidential": "Ask first.", "instead": [], "ready": {"To begin": ["Hello."]},
        "open": [{"days": ["mon"], "from": "10:00", "until": "13:00"}], "closed_on": ["2026-12-25"],
        "ready_in": {"cy": {"I ddechrau": ["Helo."]}}, "languages": ["en", "ur"],
        "holidays": [{"day": "2026-12-25", "name": {"en": "Christmas Day"}}],
        "most_waiting": 10, "most_from_one_network": 6,
    },
}  # fmt: skip
ANY = {"languages", "forms", "press", "words", "ready", "ready_in", "names", "words_to_avoid", "dates"}
"""Tables in which the owner of a site chooses the names."""


@dataclass(frozen=True)
class Raw:
    """TOML as somebody wrote it."""

    text: str


def toml(value: Any) -> str:
    """A value as TOML, in one line."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {toml(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def written(site: Mapping[str, Any]) -> str:
    """A whole site.toml."""
    return "".join(f"{name} = {toml(value)}\n" for name, value in site.items())


def with_value(key: tuple[str, ...], value: object) -> str:
    """The whole site.toml with another value at `key`; ("situations", "says") means that of the first situation."""
    copy = json.loads(json.dumps(WHOLE))
    place = copy
    for part in key[:-1]:
        place = place[part] if part != "*" else next(iter(place.values()))
        place = place[0] if isinstance(place, list) else place
    if key[-1] == "*":
        place[next(iter(place))] = value
    else:
        place[key[-1]] = value
    return written(copy)


@dataclass(frozen=True)
class Row:
    """A row of the table: the key, a wrong value, and the error that it gets."""

    key: tuple[str, ...]
    wrong: str
    says: str


def rows() -> Iterator[Row]:
    """The rows of the table in docs/settings.md."""
    text = (PROJECT / "docs/settings.md").read_text("utf-8").partition("## site.toml")[2]
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 4 and cells[0].startswith("`"):
            key = tuple(part.strip("[]") for part in re.findall(r"`([^`]+)`", cells[0]))
            key = tuple(piece for part in key for piece in part.split("."))
            yield Row(key, cells[2].strip("`").replace("\\|", "|"), cells[3].replace("\\|", "|"))


def keys(model: type[BaseModel] = Site, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key that site.toml can have, from the models; `*` stands for a name that the owner chooses."""
    for name, field in model.model_fields.items():
        key = (*before, field.alias or name)
        inner = _model_in(field.annotation)
        if inner is None:
            yield (*key, "*") if name in ANY and "Mapping" in str(field.annotation) else key
        elif name in ANY:
            yield from keys(inner, (*key, "*"))
        else:
            yield from keys(inner, key)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for inner in get_args(annotation) if (model := _model_in(inner))), None)
