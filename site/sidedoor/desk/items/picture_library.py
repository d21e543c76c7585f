"""The picture library: what each picture is, where it is used, and what pictures.yaml knows of it; and its steps."""

import html
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sidedoor.desk.audit import Audit
from sidedoor.desk.items.composing import block
from sidedoor.desk.items.files import Shelf
from sidedoor.desk.items.newsroom import standing_of
from sidedoor.desk.items.pictures import Picture as TakenIn
from sidedoor.desk.items.reviews import Reviews
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
    """A place in which a picture stands: a document, a change that waits beside one, or words that are not saved."""

    title: str
    path: str
    how: str


@dataclass(frozen=True)
class Held:
    """A picture of the library. `picture` is None where its file cannot be shown. `focus`: in hundredths."""

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
        """It, as the list of news shows it."""
        return cropped(self.picture, LIST) if self.picture else None

    @property
    def words(self) -> str:
        """What somebody who looks for it may type."""
        return " ".join((self.name, self.shows, self.credit, self.by, *(use.title for use in self.uses))).lower()


class PictureLibrary:
    """Every step that a picture can take; what its errors mean is as for Workflow."""

    def __init__(self, workflow: Workflow, audit: Audit, live: LiveLibrary, clock: Clock) -> None:
        self._workflow, self._shelf, self._reviews = workflow, workflow.shelf, workflow.reviews
        self._audit, self._live, self._clock = audit, live, clock

    def held(self) -> list[Held]:
        """Every picture there is, the newest first."""
        return held(self._live.library, self._shelf, self._reviews, self._clock())

    def find(self, name: str) -> Held | None:
        """One of them."""
        return next((one for one in self.held() if one.name == name), None)

    def keep(self, person: Person, picture: TakenIn, shows: str, credit: str, expires: str) -> None:
        """Put a picture on the shelf, and what is known of it into pictures.yaml. It is public once a page shows it."""
        file = PICTURES + picture.file_name
        with self._audit.recorded(person.name, "added a picture", file), self._shelf.turn():
            if not self._shelf.read(file):
                self._workflow.write(person, {file: (picture.raw, None)}, f"Picture {picture.file_name}")
            known = {"shows": shows, "credit": credit, "expires": expires, "by": person.name}
            self._note(person, picture.file_name, {name: value for name, value in known.items() if value})

    def describe(self, person: Person, name: str, known: Mapping[str, str]) -> None:
        """Change what is known of a picture: what it shows, its credit, its last day, its focus."""
        with self._audit.recorded(person.name, "changed what is known of a picture", PICTURES + name):
            self._note(person, name, known)

    def delete(self, person: Person, name: str) -> None:
        """Delete a picture that stands nowhere. The history keeps it."""
        file = PICTURES + name
        with self._audit.recorded(person.name, "deleted a picture", file), self._shelf.turn():
            self._live.refresh()
            this, stored, credits_ = self.find(name), self._shelf.read(file), self._shelf.read(CREDITS)
            if this and this.uses:
                raise NotAllowed(
                    Refusal.PICTURE_IN_USE, where=", ".join(f"“{use.title}” ({use.how})" for use in this.uses)
                )
            facts = facts_of(self._shelf)
            changes: dict[str, tuple[str | bytes | None, str | None]] = {
                file: (None, stored.digest if stored else None)
            }
            if facts.pop(name, None) is not None and credits_:
                changes[CREDITS] = (_written(facts), credits_.digest)
            self._workflow.write(person, changes, f"Delete picture {name}")

    def _note(self, person: Person, name: str, known: Mapping[str, str]) -> None:
        with self._shelf.turn():
            stored, facts = self._shelf.read(CREDITS), facts_of(self._shelf)
            facts[name] = {**facts.get(name, {}), **known}
            text = _written(facts)
            if not stored or stored.text != text:
                changes: Changes = {CREDITS: (text, stored.digest if stored else None)}
                self._workflow.write(person, changes, f"What is known of {name}")


def held(library: Library, shelf: Shelf, reviews: Reviews, now: datetime) -> list[Held]:
    """Every picture there is, the newest first. Raises CannotSave where the folder is away."""
    facts = facts_of(shelf)
    there = shelf.pictures()
    uses = _uses(library, shelf, reviews, now)
    said = _descriptions(library, {name for name, _ in there if not facts.get(name, {}).get("shows")})
    today = now.astimezone(library.site.zone).date().isoformat()
    found = []
    for name, size in there:
        known, picture = facts.get(name, {}), library.pictures.get(name)
        across, down = focus_of(known)
        found.append(
            Held(
                name, picture if isinstance(picture, Picture) else None, max(1, round(size / 1000)),
                known.get("shows", "") or said.get(name, ""), known.get("credit", ""), known.get("expires", ""),
                known.get("by", ""), (round(across * 100), round(down * 100)), tuple(uses.get(name, ())),
                "" < known.get("expires", "") < today,
            )
        )  # fmt: skip
    return found


def matching(pictures: Iterable[Held], words: str, which: str) -> list[Held]:
    """Those with all of `words`; `which`: unused, past their day, or any."""
    wanted = words.lower().split()
    return [
        one
        for one in pictures
        if all(word in one.words for word in wanted)
        and (not which or (which == "unused" and not one.uses) or (which == "past" and one.past))
    ]


def facts_of(shelf: Shelf) -> dict[str, dict[str, str]]:
    """What pictures.yaml knows, by name. Raises Refused if nobody can read it."""
    stored = shelf.read(CREDITS)
    values: Mapping[str, Any] = read_yaml(stored.text, CREDITS).values if stored else {}
    return {
        name: {one: str(value) for one, value in known.items()}
        for name, known in values.items()
        if isinstance(known, dict)
    }


def _written(facts: Mapping[str, Mapping[str, str]]) -> str:
    """The file that says this."""
    return "".join(block(name, {one: value for one, value in known.items() if value}) for name, known in facts.items())


def _descriptions(library: Library, lacking: Container[str]) -> dict[str, str]:
    """What pages say that a picture shows, for those of which the library does not know it."""
    return {
        name: html.unescape(alt)
        for document in library.documents
        if any(name in lacking for name in document.pictures)
        for alt, name in _ALT.findall(document.html)
        if alt.strip()
    }


def _uses(library: Library, shelf: Shelf, reviews: Reviews, now: datetime) -> dict[str, list[Use]]:
    """Where each picture stands: in what is there, in what waits, in what is broken, in what nobody saved yet."""
    found: dict[str, dict[Use, None]] = {}

    def note(names: Iterable[str], use: Use) -> None:
        for name in names:
            found.setdefault(name, {})[use] = None

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
    return {name: list(uses) for name, uses in found.items()}


def _path(file: str) -> str:
    """Where the desk shows a file; empty for a translation, which it shows nowhere by itself."""
    kind = kind_of(file)
    return f"/items/{kind}/{slug_of(file)}" if kind and file.count("/") == 1 else ""
