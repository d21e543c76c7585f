"""A checked document, and whether the public may see it at a given moment."""

import json
import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

from sidedoor.documents.models import (
    HelpMeta,
    Kind,
    Meta,
    NewsMeta,
    PageMeta,
    TranslatedHelp,
    TranslatedNews,
    TranslatedPage,
    TranslationMeta,
    Update,
)
from sidedoor.documents.slugs import slug_problem

KINDS: dict[Kind, type[Meta]] = {"help": HelpMeta, "news": NewsMeta, "page": PageMeta}
_TRANSLATED: dict[Kind, type[Meta]] = {"help": TranslatedHelp, "news": TranslatedNews, "page": TranslatedPage}
FOLDERS: dict[str, Kind] = {"help": "help", "news": "news", "pages": "page"}
_PREFIXES: dict[Kind, str] = {"help": "/help/", "news": "/news/", "page": "/"}
# No first part of an address that is ours or a page's can be taken for a language: each has four letters or more, or
# one.
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*")


class Visibility(Enum):
    """What the public may know of a document."""

    HIDDEN = auto()  # nothing at all, not even that it exists
    SHOWN = auto()
    WITHDRAWN = auto()  # at its address only, with the reason above it
    REMOVED = auto()  # its address answers 410 Gone with the reason


class Schedule(NamedTuple):
    """What decides, together with the clock, what the public may see of a document. `notes`: when each change note
    becomes public."""

    state: str
    publish_at: datetime | None
    expires_at: datetime | None
    withdrawn_at: datetime | None
    removed: bool
    notes: tuple[datetime, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Document:
    """A document as its file gives it, rendered and checked. Times are aware and in UTC.

    `html` may hold contact marks (see `markdown.Rendered`); `file` is its path in the content folder.
    """

    kind: Kind
    slug: str
    file: str
    meta: Meta
    html: str
    notes_html: str
    sentences: tuple[str, ...]
    links: tuple[str, ...]
    pictures: tuple[str, ...]
    contact_ids: tuple[str, ...]
    digest: str = ""
    """A digest of its words: see translations.py."""

    @property
    def path(self) -> str:
        """The address on this site: `/help/money`, `/cy/help/money`."""
        return path_of(self.kind, self.slug, self.folder)

    @property
    def folder(self) -> str:
        """The language folder it is in; empty for a page in the site's own language."""
        return folder_of(self.file)

    @property
    def translation(self) -> TranslationMeta | None:
        """What a translation says about itself; None for a page in the site's own language."""
        return self.meta if isinstance(self.meta, TranslationMeta) else None

    @property
    def title(self) -> str:
        """The page's one top heading."""
        return self.meta.title

    @property
    def tab_title(self) -> str:
        """What the browser's tab and history show: discreet for help, the headline for news."""
        return getattr(self.meta, "tab_title", self.meta.title)

    @property
    def summary(self) -> str:
        """One sentence on what the page is for."""
        return self.meta.summary

    @property
    def language(self) -> str:
        """BCP 47 tag of the page's language."""
        return self.meta.language

    @property
    def group(self) -> str:
        """Its group in the list of help pages; empty if it is in none."""
        return getattr(self.meta, "group", None) or ""

    @property
    def schedule(self) -> Schedule:
        """When the public may see which parts of it."""
        meta = self.meta
        withdrawn_at, removed = (meta.withdrawn.at, meta.withdrawn.removed) if meta.withdrawn else (None, False)
        notes = tuple(note.at for note in meta.updates)
        return Schedule(meta.state, meta.publish_at, meta.expires_at, withdrawn_at, removed, notes)

    @property
    def plain(self) -> bool:
        """Whether only its own front matter and the clock decide where the public sees it (see lean.py)."""
        return False

    @property
    def version(self) -> int:
        """Identifies exactly these words wherever they are kept on disk; 0 if they are not kept."""
        return 0

    @property
    def published_at(self) -> datetime | None:
        """The moment at which it became or will become public."""
        return self.schedule.publish_at

    def to_json(self) -> str:
        """Everything in it as JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(Document)}
        return json.dumps({**values, "meta": self.meta.model_dump(mode="json", by_alias=True)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Document":
        """Read what `to_json` wrote. Raises ValueError, TypeError or KeyError for what another version of this code
        wrote."""
        values = json.loads(text)
        tuples = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(
            **{
                **values,
                **tuples,
                "meta": model_of(values["file"]).model_validate(values["meta"], context={"zone": UTC}),
            }
        )

    def visibility(self, now: datetime) -> Visibility:
        """What the public may know of it at `now` (aware). When in doubt, HIDDEN."""
        state, publish_at, expires_at, withdrawn_at, removed, _ = self.schedule
        if state not in ("published", "withdrawn"):
            return Visibility.HIDDEN
        if (publish_at and now < publish_at) or (expires_at and now >= expires_at):
            return Visibility.HIDDEN
        if state == "withdrawn" and withdrawn_at and now >= withdrawn_at:
            return Visibility.REMOVED if removed else Visibility.WITHDRAWN
        return Visibility.SHOWN

    def updates(self, now: datetime) -> tuple[Update, ...]:
        """The public change notes up to `now`, newest first: change notes can be under embargo, too."""
        if not self.schedule.notes:
            return ()
        return tuple(
            sorted((note for note in self.meta.updates if note.at <= now), key=lambda note: note.at, reverse=True)
        )

    def updated_at(self, now: datetime) -> datetime | None:
        """When it last changed in a way that readers were told about."""
        updates = self.updates(now)
        return updates[0].at if updates else self.published_at

    def transitions(self) -> tuple[datetime, ...]:
        """Every moment at which the clock alone changes what the public may see of it."""
        state, publish_at, expires_at, withdrawn_at, _, notes = self.schedule
        if state not in ("published", "withdrawn"):
            return ()
        if not (expires_at or notes or withdrawn_at):
            return (publish_at,) if publish_at else ()
        return tuple(moment for moment in (publish_at, expires_at, *notes, withdrawn_at) if moment)


def path_of(kind: Kind, slug: str, language: str = "") -> str:
    """The address of the document with this kind, slug and language folder, whether or not it exists."""
    return f"/{language}{_PREFIXES[kind]}{slug}" if language else _PREFIXES[kind] + slug


def folder_of(file: str) -> str:
    """The language folder of a path in the content folder, `cy` in `cy/help/money.md`; empty if there is none."""
    return _place_of(file[: file.rfind("/") + 1])[0]


def kind_of(file: str) -> Kind | None:
    """The kind of document that a file's folder gives it; None if it is not a document."""
    return _place_of(file[: file.rfind("/") + 1])[1] if file.endswith(".md") else None


@lru_cache(maxsize=1000)
def _place_of(folder: str) -> tuple[str, Kind | None]:
    """The language and kind of documents in a folder, `cy/help/`. Remembered, because whoever reads the whole content
    asks about very many files in few folders."""
    first, _, rest = folder.partition("/")
    language = first if first not in FOLDERS and _LANGUAGE.fullmatch(first) else ""
    return language, FOLDERS.get(rest.partition("/")[0] if language else first)


def model_of(file: str) -> type[Meta]:
    """The model for the front matter of a document. Raises KeyError if the file is not one."""
    kind = kind_of(file)
    if kind is None:
        raise KeyError(file)
    return _TRANSLATED[kind] if folder_of(file) else KINDS[kind]


def slug_of(file: str) -> str:
    """The slug in a file's name. Raises problems.Wrong if it cannot be a slug."""
    slug = file.rsplit("/", 1)[-1].removesuffix(".md")
    if problem := slug_problem(slug):
        raise problem
    return slug
