"""A document whose words stay on disk. Only what lists need, and what decides who may see it, is in memory.

So a hundred thousand news items fit. Their words are fetched by `version`, which identifies exactly these words of
exactly this file: a replaced version never answers in place of its successor.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json

from sidedoor.documents.document import Document, Schedule, folder_of, model_of, path_of
from sidedoor.documents.models import Kind, Meta, NewsMeta, TranslationMeta

_FIELDS_OF_PLAIN_NEWS = frozenset(
    (
        "title", "summary", "language", "state", "publish_at", "expires_at", "withdrawn", "related_help", "reviewed",
        "legal_review_on", "sources", "check", "check_by", "facts", "awaiting_review", "search_words", "location",
        "notes_to_editors", "press_contact",
    )
)  # fmt: skip
"""Front matter of news that no list, other page or former address needs to know."""

_as_json = json.JSONEncoder(ensure_ascii=False).encode


class WordsGone(LookupError):
    """The words of a document are not kept, and its file can no longer supply them."""


@dataclass(frozen=True, slots=True)
class Words:
    """The part of a document that stays on disk."""

    html: str
    notes_html: str
    sentences: tuple[str, ...]

    def to_json(self) -> str:
        """For `kept.Kept`."""
        return _as_json([self.html, self.notes_html, self.sentences])

    @classmethod
    def from_json(cls, text: str) -> "Words":
        """Read what `to_json` wrote. Raises ValueError or TypeError."""
        html, notes_html, sentences = json.loads(text)
        return cls(html, notes_html, tuple(sentences))


class LeanDocument(Document):
    """A Document read from its kept copy. `fetch` brings the words of a version of a file; it may raise WordsGone."""

    __slots__ = ("_fetch", "_head", "_made_from", "_meta", "_path", "_schedule", "_title")
    _fetch: "Fetch"
    _head: str
    _made_from: tuple[str, str]
    _meta: Meta | None
    _path: str
    _schedule: Schedule
    _title: str

    @classmethod
    def of(cls, head: str, file: str, kind: Kind, made_from: tuple[str, str], fetch: "Fetch") -> "LeanDocument":
        """Make a document of its `head`, written by `head_of`; `made_from` as for `version_of`.

        Raises ValueError, TypeError or KeyError for a head that another version of this code wrote.

        A program that starts makes one for every kept document, so whatever can wait stays unread in `_head`.
        """
        if head.startswith("{"):
            head = _converted_head(json.loads(head))
        first_line = from_json(head[: head.index("\n")])
        plain, title, state, publish_at, expires_at, withdrawn_at, removed, notes, pictures = first_line
        slug = file[file.rindex("/") + 1 : -3]
        publish_at = publish_at and datetime.fromisoformat(publish_at)
        if expires_at or withdrawn_at or notes:
            expires_at = expires_at and datetime.fromisoformat(expires_at)
            withdrawn_at = withdrawn_at and datetime.fromisoformat(withdrawn_at)
            notes = map(datetime.fromisoformat, notes)
        document, set_field = cls.__new__(cls), object.__setattr__
        set_field(document, "kind", kind)
        set_field(document, "slug", slug)
        set_field(document, "file", file)
        set_field(document, "pictures", tuple(pictures))
        set_field(document, "_schedule", Schedule(state, publish_at, expires_at, withdrawn_at, removed, tuple(notes)))
        set_field(document, "_title", title)
        set_field(document, "_path", path_of(kind, slug, folder_of(file)))
        set_field(document, "_made_from", made_from)
        set_field(document, "_fetch", fetch)
        set_field(document, "_head", head)
        # Lists read more than title and days of some documents: their front matter is in memory. That of plain ones is
        # read again from `_head` whenever it is needed.
        set_field(document, "_meta", None)
        if not plain:
            set_field(document, "_meta", document._read_meta())
        return document

    def _second_line(self) -> tuple[str, list[str], list[str], str]:
        digest, links, contact_ids, meta = from_json(self._head.partition("\n")[2])
        return digest, links, contact_ids, meta

    def _read_meta(self) -> Meta:
        return model_of(self.file).model_validate_json(self._second_line()[3], context={"zone": UTC})

    @property
    def digest(self) -> str:
        return self._second_line()[0]

    @property
    def links(self) -> tuple[str, ...]:
        return tuple(self._second_line()[1])

    @property
    def contact_ids(self) -> tuple[str, ...]:
        return tuple(self._second_line()[2])

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
        return self._meta is None

    @property
    def translation(self) -> TranslationMeta | None:
        return None if self._meta is None else Document.translation.fget(self)  # type: ignore[attr-defined]

    @property
    def group(self) -> str:
        return "" if self._meta is None else Document.group.fget(self)  # type: ignore[attr-defined]

    @property
    def version(self) -> int:
        return version_of(self.file, *self._made_from)

    @property
    def meta(self) -> Meta:
        return self._read_meta() if self._meta is None else self._meta

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
    """Everything in a document except its file and its words: a line of JSON with what is needed to start, then the
    rest."""
    state, *moments, removed, notes = document.schedule
    schedule = [state, *map(_as_text, moments), removed, [note.isoformat() for note in notes]]
    meta = document.meta.model_dump_json(by_alias=True, exclude_defaults=True)
    more = (document.digest, document.links, document.contact_ids, meta)
    return _head((_is_plain(document), document.title, *schedule, document.pictures), more)


def _head(first_line: Sequence[object], more: Sequence[object]) -> str:
    return f"{_as_json(first_line)}\n{_as_json(more)}"


def _converted_head(old_head: dict[str, Any]) -> str:
    """Convert a head from earlier releases, which wrote it as one JSON object on one line."""
    first_line = (old_head["plain"], old_head["title"], *old_head["schedule"], old_head["pictures"])
    return _head(first_line, (old_head["digest"], old_head["links"], old_head["contact_ids"], old_head["meta"]))


def words_of(document: Document) -> Words:
    """The words of a document."""
    return Words(document.html, document.notes_html, document.sentences)


def version_of(file: str, digest: str, reader: str) -> int:
    """A number that identifies the words that `reader` makes of bytes with this `digest`: 63 bits, as SQLite can hold
    them."""
    identity = f"{file}\0{digest}\0{reader}".encode()
    return int.from_bytes(hashlib.sha256(identity).digest()[:8]) >> 1 or 1


def _is_plain(document: Document) -> bool:
    if type(document.meta) is not NewsMeta or document.group:
        return False
    if document.meta.model_fields_set <= _FIELDS_OF_PLAIN_NEWS:
        return True
    defaults = NewsMeta.model_fields
    filled_in = {name for name in defaults if getattr(document.meta, name) != defaults[name].get_default()}
    return filled_in <= _FIELDS_OF_PLAIN_NEWS


def _as_text(moment: Any) -> str | None:
    return moment.isoformat() if isinstance(moment, datetime) else None
