"""Everything there is, as lists need it: by state, with search; what is due; and what goes live when."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sidedoor.desk.items.effects import Standing, of_withdrawal
from sidedoor.desk.items.files import CREDITS, Shelf, change_file
from sidedoor.desk.items.newsroom import standing_of, unfinished
from sidedoor.desk.items.reviews import Reviews
from sidedoor.documents.checks import check_library, due_of
from sidedoor.documents.codes import Code
from sidedoor.documents.document import Document, folder_of, kind_of, slug_of
from sidedoor.documents.front_matter import read_document, read_yaml
from sidedoor.documents.library import Library
from sidedoor.documents.models import Kind
from sidedoor.documents.problems import Level, Problem, Refused
from sidedoor.public.addresses import LINKED

STANDINGS: tuple[Standing, ...] = (
    "broken", "ready", "draft", "scheduled", "published", "withdrawn", "removed", "expired",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One item in a list. `waiting`: the state of the change that waits beside it. `flagged`: published by override.

    `due`: what has to be looked at because of its day.
    """

    kind: Kind
    slug: str
    file: str
    title: str
    standing: Standing
    waiting: str | None
    at: datetime | None
    flagged: bool
    document: Document | None
    due: tuple[Problem, ...] = ()

    @property
    def path(self) -> str:
        """Where the desk shows it."""
        return f"/items/{self.kind}/{self.slug}"

    @property
    def needs_approval(self) -> bool:
        """Whether somebody asked for approval."""
        return "ready" in (self.standing, self.waiting)


def rows(library: Library, shelf: Shelf, reviews: Reviews, now: datetime) -> list[Row]:
    """Every item, those that need somebody first, then the newest first."""
    waiting = {file: _state(shelf, file) for file in shelf.waiting()}
    flagged = {decision.file for decision in reviews.overrides()}
    past = _pictures_past_their_day(library, shelf, now)
    found = [
        Row(
            document.kind, document.slug, document.file, document.title, standing_of(document, now),
            waiting.get(document.file), document.published_at, document.file in flagged, document,
            _due(document, past, now),
        )
        for document in library.documents if not document.folder
    ]  # fmt: skip
    known = {row.file for row in found}
    broken = {one.file for one in library.problems if one.level is Level.ERROR and not folder_of(one.file)}
    for file in sorted(broken - known):
        kind = kind_of(file)
        try:
            slug = slug_of(file)
        except ValueError:
            continue
        if kind and (stored := shelf.read(file)):
            standing, title = unfinished(stored.text), title_in(stored.text) or slug
            found.append(Row(kind, slug, file, title, standing, waiting.get(file), None, file in flagged, None))
    never = datetime.min.replace(tzinfo=now.tzinfo)
    return sorted(found, key=lambda row: (-STANDINGS.index(row.standing), row.at or never, row.slug), reverse=True)


def matching(items: list[Row], words: str, standing: str, kind: str) -> list[Row]:
    """Those with all of `words` in title, slug or text, in this state and of this kind; an empty string is any."""
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
        )
        and (not wanted or has(row))
    ]


def calendar(items: list[Row], now: datetime) -> list[tuple[str, list[tuple[datetime, str, Row]]]]:
    """What happens from `now` on by the clock alone, a list a month, in order."""
    coming = []
    for row in items:
        meta = row.document.meta if row.document else None
        if not meta or row.standing not in ("scheduled", "published"):
            continue
        if meta.publish_at and meta.publish_at > now:
            coming.append((meta.publish_at, "goes live", row))
        if meta.expires_at and meta.expires_at > now:
            coming.append((meta.expires_at, "leaves the site", row))
        if meta.withdrawn and meta.withdrawn.at > now:
            coming.append((meta.withdrawn.at, of_withdrawal(meta.withdrawn), row))
    coming.sort(key=lambda entry: (entry[0], entry[2].slug))
    return [(month, list(entries)) for month, entries in groupby(coming, key=lambda entry: f"{entry[0]:%B %Y}")]


def due(library: Library, shelf: Shelf, now: datetime) -> list[Problem]:
    """What is wrong, then what is due: as `flask content check` says, and pictures past their day."""
    return [*check_library(library, now, LINKED), *_pictures_past_their_day(library, shelf, now)]


def _pictures_past_their_day(library: Library, shelf: Shelf, now: datetime) -> list[Problem]:
    stored = shelf.read(CREDITS)
    try:
        facts = read_yaml(stored.text, CREDITS).values if stored else {}
    except Refused as refused:
        return refused.problems
    today = now.astimezone(library.site.zone).date().isoformat()
    past = {name for name, known in facts.items() if isinstance(known, dict) and "" < known.get("expires", "") < today}
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


def _due(document: Document, past: list[Problem], now: datetime) -> tuple[Problem, ...]:
    if standing_of(document, now) not in ("scheduled", "published", "withdrawn"):
        return ()
    return (*due_of(document, now), *(problem for problem in past if problem.file == document.file))


def title_in(text: str) -> str:
    """The title that a file gives, if it can be read."""
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
