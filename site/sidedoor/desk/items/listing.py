"""The contents of the desk's lists: all items by state, with search; and what is due."""

import html
import re
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sidedoor.desk.items.effects import ItemStanding
from sidedoor.desk.items.files import Shelf, change_file
from sidedoor.desk.items.reviews import Reviews
from sidedoor.desk.items.steps import WRITERS, standing_of, unfinished
from sidedoor.desk.people.person import Person
from sidedoor.documents.checks import check_library, due_of
from sidedoor.documents.codes import Code
from sidedoor.documents.document import Document, folder_of, kind_of, slug_of
from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.front_matter import read_document, read_yaml
from sidedoor.documents.library import Library
from sidedoor.documents.models import Kind
from sidedoor.documents.problems import Level, Problem, Refused
from sidedoor.documents.reading import CREDITS

STANDINGS: tuple[ItemStanding, ...] = (
    "broken", "ready", "draft", "scheduled", "published", "withdrawn", "removed", "expired",
)  # fmt: skip
_OUTSIDE = re.compile(r'<a\b[^>]*\bhref="(https?://[^"]+)"')


@dataclass(frozen=True)
class Row:
    """An item in a list. `waiting`: the state of the change that waits beside it. `flagged`: published by override.

    `due`: what has to be looked at because a date in it has come.
    """

    kind: Kind
    slug: str
    file: str
    title: str
    standing: ItemStanding
    waiting: str | None
    at: datetime | None
    flagged: bool
    document: Document | None
    due: tuple[Problem, ...] = ()
    written: datetime | None = None
    """When somebody last wrote on the version that waits."""

    def overdue(self, now: datetime) -> bool:
        """Whether its embargo passed while it waited for approval."""
        at, meta = self.at, self.document.meta if self.document else None
        return bool(at and meta and meta.state == "ready" and self.written and self.written < at <= now)

    @property
    def path(self) -> str:
        """The address of its page at the desk."""
        return f"/items/{self.kind}/{self.slug}"

    @property
    def needs_approval(self) -> bool:
        """Whether somebody asked for approval."""
        return "ready" in (self.standing, self.waiting)


def rows(library: Library, shelf: Shelf, reviews: Reviews, now: datetime, person: Person) -> list[Row]:
    """Return every item that `person` may open: items that need attention first, then the newest first."""
    waiting = {file: _state(shelf, file) for file in shelf.waiting()}
    flagged = {decision.file for decision in reviews.overrides()}
    past = _pictures_past_their_day(library, shelf, now)
    listed = [
        Row(
            document.kind, document.slug, document.file, document.title, standing_of(document, now),
            waiting.get(document.file), document.published_at, document.file in flagged, document,
            _due(document, past, now, library.site.zone),
            reviews.last_written(document.file) if document.meta.state == "ready" else None,
        )
        for document in library.documents if not document.folder
    ]  # fmt: skip
    files = {row.file for row in listed}
    broken = {
        problem.file for problem in library.problems if problem.level is Level.ERROR and not folder_of(problem.file)
    }
    for file in sorted(broken - files):
        kind = kind_of(file)
        try:
            slug = slug_of(file)
        except ValueError:
            continue
        if kind and (stored := shelf.read(file)):
            standing, title = unfinished(stored.text), title_in(stored.text) or slug
            listed.append(Row(kind, slug, file, title, standing, waiting.get(file), None, file in flagged, None))
    never = datetime.min.replace(tzinfo=now.tzinfo)
    listed = [row for row in listed if person.may(*WRITERS[row.kind])]
    return sorted(listed, key=lambda row: (-STANDINGS.index(row.standing), row.at or never, row.slug), reverse=True)


def matching(items: list[Row], words: str, standing: str, kind: str, now: datetime | None = None) -> list[Row]:
    """Return the items with all of `words` in title, slug or text, and with this standing and kind (empty: any)."""
    wanted = words.lower().split()

    def has(row: Row) -> bool:
        text = f"{row.title} {row.slug} {' '.join(row.document.sentences) if row.document else ''}".lower()
        return all(word in text for word in wanted)

    return [
        row
        for row in items
        if (not kind or row.kind == kind)
        and (
            not standing
            or standing in (row.standing, row.waiting)
            or (standing == "flagged" and row.flagged)
            or (standing == "due" and row.due)
            or (standing == "overdue" and now and row.overdue(now))
        )
        and (not wanted or has(row))
    ]


def former_addresses(library: Library) -> list[tuple[str, Document]]:
    """Return every former address and the document it leads to, sorted."""
    former = [
        (f"{document.path.rpartition('/')[0]}/{slug}", document)
        for document in library.documents
        for slug in document.meta.previous_slugs
    ]
    return sorted(former, key=lambda entry: entry[0])


def links_outside(library: Library) -> list[tuple[str, list[tuple[str, list[Document]]]]]:
    """Return every address on other sites that pages link to, with those pages, grouped by host."""
    pages: dict[str, list[Document]] = {}
    for document in library.documents:
        for link in dict.fromkeys(_OUTSIDE.findall(document.html)):
            pages.setdefault(html.unescape(link), []).append(document)
    by_host = groupby(
        sorted(pages.items(), key=lambda entry: (_host(entry[0]), entry[0])), key=lambda entry: _host(entry[0])
    )
    return [(host, list(links)) for host, links in by_host]


def place_of(document: Document) -> str:
    """Return the address at which the desk shows a document: a translation is shown beside its original."""
    translated = f"/translations/{document.file.removesuffix('.md')}"
    return translated if document.folder else f"/items/{document.kind}/{document.slug}"


def _host(link: str) -> str:
    return (urlsplit(link).hostname or "").removeprefix("www.")


def due(library: Library, shelf: Shelf, now: datetime) -> list[Problem]:
    """Return what is wrong, then what is due: all that `flask content check` reports, and pictures past their day."""
    return [*check_library(library, now, LINKED), *_pictures_past_their_day(library, shelf, now)]


def _pictures_past_their_day(library: Library, shelf: Shelf, now: datetime) -> list[Problem]:
    stored = shelf.read(CREDITS)
    try:
        facts = read_yaml(stored.text, CREDITS).values if stored else {}
    except Refused as refused:
        return refused.problems
    today = now.astimezone(library.site.zone).date().isoformat()
    past = {name for name, fact in facts.items() if isinstance(fact, dict) and "" < fact.get("expires", "") < today}
    return [
        Problem(
            document.file,
            None,
            Code.PICTURE_PAST_ITS_DAY,
            {"picture": name, "day": facts[name]["expires"]},
            level=Level.WARNING,
        )
        for document in library.documents
        for name in document.pictures
        if name in past
    ]


def _due(document: Document, past: list[Problem], now: datetime, zone: ZoneInfo) -> tuple[Problem, ...]:
    if standing_of(document, now) not in ("scheduled", "published", "withdrawn"):
        return ()
    return (*due_of(document, now.astimezone(zone)), *(problem for problem in past if problem.file == document.file))


def title_in(text: str) -> str:
    """Return the title in the text of a file; empty if it cannot be read."""
    try:
        title = read_document(text, "").values.get("title")
    except Refused:
        return ""
    return title if isinstance(title, str) else ""


def _state(shelf: Shelf, file: str) -> str:
    change = shelf.read(change_file(file))
    try:
        state = read_document(change.text, file).values.get("state", "draft") if change else "draft"
    except Refused:
        return "ready" if file == "contacts.yaml" else "draft"
    return state if isinstance(state, str) else "draft"
