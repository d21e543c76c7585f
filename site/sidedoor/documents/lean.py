"""A document whose words stay on disk: in memory is only what lists, and the question who may see it, need.

A hundred thousand news items fit so. Their words are fetched by `version`, which stands for exactly these words of
exactly this file: a version that a later one replaced never answers in its place.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from sys import intern
from typing import Any

from sidedoor.documents.document import KINDS, Document, Schedule
from sidedoor.documents.models import Meta, NewsMeta

_ON_DISK = ("html", "notes_html", "sentences")
_LIGHT = tuple(field.name for field in fields(Document) if field.name not in ("meta", *_ON_DISK))
_OF_ITSELF = frozenset(
    (
        "title", "summary", "language", "state", "publish_at", "expires_at", "withdrawn", "related_help", "reviewed",
        "legal_review_on", "sources", "check", "check_by", "facts", "awaiting_review", "search_words", "location",
        "notes_to_editors", "press_contact",
    )
)  # fmt: skip
"""What news may say without any list, any other page or any former address having to know it."""


class WordsGone(LookupError):
    """The words of a document are neither kept nor to be read again."""


@dataclass(frozen=True, slots=True)
class Words:
    """What of a document stays on disk."""

    html: str
    notes_html: str
    sentences: tuple[str, ...]

    def to_json(self) -> str:
        """For `kept.Kept`."""
        return json.dumps([self.html, self.notes_html, self.sentences], ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Words":
        """The way back. Raises ValueError or TypeError."""
        html, notes_html, sentences = json.loads(text)
        return cls(html, notes_html, tuple(sentences))


class LeanDocument(Document):
    """A Document that was kept. `fetch` brings the words of a version of a file; it may raise WordsGone."""

    __slots__ = ("_fetch", "_meta", "_path", "_plain", "_schedule", "_title", "_version")
    _fetch: "Fetch"
    _meta: Meta | str
    _path: str
    _plain: bool
    _schedule: Schedule
    _title: str
    _version: int

    @classmethod
    def of(cls, head: str, version: int, fetch: "Fetch") -> "LeanDocument":
        """What `head_of` made a head of. Raises ValueError, TypeError or KeyError for another version's."""
        known = json.loads(head)
        made, put = cls.__new__(cls), object.__setattr__
        for name in _LIGHT:
            value = known[name]
            put(made, name, tuple(value) if isinstance(value, list) else value)
        state, publish_at, expires_at, withdrawn_at, removed, notes = known["schedule"]
        days = (_moment(publish_at), _moment(expires_at), _moment(withdrawn_at))
        put(made, "kind", intern(made.kind))
        put(made, "_schedule", Schedule(intern(state), *days, removed, tuple(map(datetime.fromisoformat, notes))))
        put(made, "_plain", known["plain"])
        put(made, "_title", known["title"])
        put(made, "_version", version)
        put(made, "_fetch", fetch)
        # What lists ask for more than title and days has its front matter at hand; that of the others is read anew.
        put(made, "_meta", known["meta"] if known["plain"] else _meta(made, known["meta"]))
        put(made, "_path", Document.path.fget(made))  # type: ignore[attr-defined]
        return made

    @property
    def path(self) -> str:
        return self._path

    @property
    def title(self) -> str:
        return self._title

    @property
    def schedule(self) -> Schedule:
        return self._schedule

    @property
    def plain(self) -> bool:
        return self._plain

    @property
    def version(self) -> int:
        return self._version

    @property
    def meta(self) -> Meta:
        return _meta(self, self._meta) if isinstance(self._meta, str) else self._meta

    @property
    def html(self) -> str:
        return self._fetch(self).html

    @property
    def notes_html(self) -> str:
        return self._fetch(self).notes_html

    @property
    def sentences(self) -> tuple[str, ...]:
        return self._fetch(self).sentences


Fetch = Callable[[LeanDocument], Words]


def head_of(document: Document) -> str:
    """Everything of a document but its words, as JSON."""
    schedule = document.schedule
    *moments, removed, notes = schedule[1:]
    return json.dumps(
        {
            **{name: getattr(document, name) for name in _LIGHT},
            "title": document.title,
            "schedule": [schedule.state, *map(_written, moments), removed, [note.isoformat() for note in notes]],
            "plain": _is_plain(document),
            "meta": document.meta.model_dump_json(by_alias=True, exclude_defaults=True),
        },
        ensure_ascii=False,
    )


def words_of(document: Document) -> Words:
    """The words of a document."""
    return Words(document.html, document.notes_html, document.sentences)


def version_of(file: str, digest: str, reader: str) -> int:
    """What stands for the words that `reader` makes of bytes with this `digest`: 63 bits, as SQLite can hold them."""
    made_of = f"{file}\0{digest}\0{reader}".encode()
    return int.from_bytes(hashlib.sha256(made_of).digest()[:8]) >> 1 or 1


def _is_plain(document: Document) -> bool:
    if type(document.meta) is not NewsMeta or document.group:
        return False
    defaults = NewsMeta.model_fields
    said = {name for name in defaults if getattr(document.meta, name) != defaults[name].get_default()}
    return said <= _OF_ITSELF


def _meta(document: Document, text: str) -> Meta:
    return KINDS[document.kind].model_validate_json(text, context={"zone": UTC})


def _written(moment: Any) -> str | None:
    return moment.isoformat() if isinstance(moment, datetime) else None


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
