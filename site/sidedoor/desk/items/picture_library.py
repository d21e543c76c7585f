"""The picture library: each picture, where it is used, what pictures.yaml says about it, and the steps it can take."""

import html
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sidedoor.desk.audit.store import Audit
from sidedoor.desk.items.composing import block
from sidedoor.desk.items.files import Shelf
from sidedoor.desk.items.pictures import Picture as TakenIn
from sidedoor.desk.items.reviews import Reviews
from sidedoor.desk.items.steps import standing_of
from sidedoor.desk.items.workflow import Changes, NotAllowed, Workflow
from sidedoor.desk.people.person import Person
from sidedoor.desk.refusals import Refusal
from sidedoor.documents.document import kind_of, slug_of
from sidedoor.documents.front_matter import read_yaml
from sidedoor.documents.library import Library
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.pictures import Picture, focus_of
from sidedoor.documents.reading import CREDITS, PICTURES
from sidedoor.documents.sizes import LIST, Size, cropped
from sidedoor.documents.times import Clock

_SHOWN_IN = re.compile(r"/images/([\w-][\w.-]*)")
_ALT = re.compile(r'<img\b[^>]*\balt="([^"]*)"[^>]*\bsrc="/images/([^"]+)"')


@dataclass(frozen=True)
class Use:
    """A place where a picture is used: a document, a waiting change of one, or words that are not saved."""

    title: str
    path: str
    how: str


@dataclass(frozen=True)
class LibraryPicture:
    """A picture of the library. `picture` is None if its file cannot be shown. `focus`: in hundredths."""

    name: str
    picture: Picture | None
    kilobytes: int
    shows: str
    credit: str
    expires: str
    by: str
    focus: tuple[int, int]
    uses: tuple[Use, ...]
    past: bool

    @property
    def small(self) -> Size | None:
        """The size in which the list of news shows it."""
        return cropped(self.picture, LIST) if self.picture else None

    @property
    def words(self) -> str:
        """The words by which a search finds it."""
        return " ".join((self.name, self.shows, self.credit, self.by, *(use.title for use in self.uses))).lower()


class PictureLibrary:
    """Every step that a picture can take. The errors mean the same as in Workflow."""

    def __init__(self, workflow: Workflow, audit: Audit, live: LiveLibrary, clock: Clock) -> None:
        self._workflow, self._shelf, self._reviews = workflow, workflow.shelf, workflow.reviews
        self._audit, self._live, self._clock = audit, live, clock

    def pictures(self) -> list[LibraryPicture]:
        """Return every picture, the newest first."""
        return library_pictures(self._live.library, self._shelf, self._reviews, self._clock())

    def find(self, name: str) -> LibraryPicture | None:
        """Return the picture with this name, or None."""
        return next((entry for entry in self.pictures() if entry.name == name), None)

    def keep(self, person: Person, picture: TakenIn, shows: str, credit: str, expires: str) -> None:
        """Store a picture, and the facts about it in pictures.yaml. It is public once a page shows it."""
        file = PICTURES + picture.file_name
        with self._audit.recorded(person.name, "added a picture", file), self._shelf.turn():
            if not self._shelf.read(file):
                self._workflow.write(person, {file: (picture.raw, None)}, f"Picture {picture.file_name}")
            facts = {"shows": shows, "credit": credit, "expires": expires, "by": person.name}
            self._note(person, picture.file_name, {name: value for name, value in facts.items() if value})

    def describe(self, person: Person, name: str, facts: Mapping[str, str]) -> None:
        """Change the facts about a picture: what it shows, its credit, its last day, its focus."""
        with self._audit.recorded(person.name, "changed what is known of a picture", PICTURES + name):
            self._note(person, name, facts)

    def delete(self, person: Person, name: str) -> None:
        """Delete a picture that is used nowhere. The history keeps it."""
        file = PICTURES + name
        with self._audit.recorded(person.name, "deleted a picture", file), self._shelf.turn():
            self._live.refresh()
            picture, stored, credits_file = self.find(name), self._shelf.read(file), self._shelf.read(CREDITS)
            if picture and picture.uses:
                raise NotAllowed(
                    Refusal.PICTURE_IN_USE, where=", ".join(f"“{use.title}” ({use.how})" for use in picture.uses)
                )
            facts = facts_of(self._shelf)
            changes: dict[str, tuple[str | bytes | None, str | None]] = {
                file: (None, stored.digest if stored else None)
            }
            if facts.pop(name, None) is not None and credits_file:
                changes[CREDITS] = (_written(facts), credits_file.digest)
            self._workflow.write(person, changes, f"Delete picture {name}")

    def _note(self, person: Person, name: str, new_facts: Mapping[str, str]) -> None:
        with self._shelf.turn():
            stored, facts = self._shelf.read(CREDITS), facts_of(self._shelf)
            facts[name] = {**facts.get(name, {}), **new_facts}
            text = _written(facts)
            if not stored or stored.text != text:
                changes: Changes = {CREDITS: (text, stored.digest if stored else None)}
                self._workflow.write(person, changes, f"What is known of {name}")


def library_pictures(library: Library, shelf: Shelf, reviews: Reviews, now: datetime) -> list[LibraryPicture]:
    """Return every picture, the newest first. Raises CannotSave while the folder is away."""
    facts = facts_of(shelf)
    files = shelf.pictures()
    uses = _uses(library, shelf, reviews, now)
    descriptions = _descriptions(library, {name for name, _ in files if not facts.get(name, {}).get("shows")})
    today = now.astimezone(library.site.zone).date().isoformat()
    entries = []
    for name, size in files:
        about, picture = facts.get(name, {}), library.pictures.get(name)
        across, down = focus_of(about)
        entries.append(
            LibraryPicture(
                name, picture if isinstance(picture, Picture) else None, max(1, round(size / 1000)),
                about.get("shows", "") or descriptions.get(name, ""), about.get("credit", ""), about.get("expires", ""),
                about.get("by", ""), (round(across * 100), round(down * 100)), tuple(uses.get(name, ())),
                "" < about.get("expires", "") < today,
            )
        )  # fmt: skip
    return entries


def matching(entries: Iterable[LibraryPicture], words: str, which: str) -> list[LibraryPicture]:
    """Return the pictures with all of `words`; `which`: "unused", "past" (their last day is over), or empty for any."""
    wanted = words.lower().split()
    return [
        entry
        for entry in entries
        if all(word in entry.words for word in wanted)
        and (not which or (which == "unused" and not entry.uses) or (which == "past" and entry.past))
    ]


def facts_of(shelf: Shelf) -> dict[str, dict[str, str]]:
    """Return what pictures.yaml says about each picture, by name. Raises Refused if the file cannot be read."""
    stored = shelf.read(CREDITS)
    values: Mapping[str, Any] = read_yaml(stored.text, CREDITS).values if stored else {}
    return {
        name: {fact: str(value) for fact, value in facts.items()}
        for name, facts in values.items()
        if isinstance(facts, dict)
    }


def _written(facts_by_name: Mapping[str, Mapping[str, str]]) -> str:
    """The text of pictures.yaml with these facts."""
    return "".join(
        block(name, {fact: value for fact, value in values.items() if value}) for name, values in facts_by_name.items()
    )


def _descriptions(library: Library, lacking: Container[str]) -> dict[str, str]:
    """Descriptions from the pages, by name, for the pictures in `lacking`, which have none in the library."""
    return {
        name: html.unescape(alt)
        for document in library.documents
        if any(name in lacking for name in document.pictures)
        for alt, name in _ALT.findall(document.html)
        if alt.strip()
    }


def _uses(library: Library, shelf: Shelf, reviews: Reviews, now: datetime) -> dict[str, list[Use]]:
    """Where each picture is used: in documents, waiting changes, broken files, and words that are not saved yet."""
    uses: dict[str, dict[Use, None]] = {}

    def note(names: Iterable[str], use: Use) -> None:
        for name in names:
            uses.setdefault(name, {})[use] = None

    for document in library.documents:
        if document.pictures:
            note(document.pictures, Use(document.title, _path(document.file), standing_of(document, now)))
    for file in shelf.waiting():
        if change := shelf.read(f"changes/{file}"):
            note(_SHOWN_IN.findall(change.text), Use(file, _path(file), "a change that waits"))
    for file in {problem.file for problem in library.problems if kind_of(problem.file)}:
        if stored := shelf.read(file):
            note(_SHOWN_IN.findall(stored.text), Use(file, _path(file), "cannot be read"))
    for file, name, fields in reviews.all_typed():
        note(_SHOWN_IN.findall(fields), Use(file, _path(file), f"typed by {name}, not saved"))
    return {name: list(uses_here) for name, uses_here in uses.items()}


def _path(file: str) -> str:
    """The address at which the desk shows a file; empty for a translation, which has no page here by itself."""
    kind = kind_of(file)
    return f"/items/{kind}/{slug_of(file)}" if kind and file.count("/") == 1 else ""
