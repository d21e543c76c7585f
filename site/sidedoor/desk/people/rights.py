"""The page of who can do what: people and rights. Each right is read from the mark that guards its view."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Flask

from sidedoor.desk.access import Who, roles_for
from sidedoor.desk.items.steps import WRITERS
from sidedoor.desk.people.person import Person, Role
from sidedoor.documents.models import Kind

_KINDS: tuple[tuple[str, Kind], ...] = (
    ("Write news, and approve what others wrote", "news"),
    ("Write help pages, and approve what others wrote", "help"),
)
_DOORS = (
    ("Publish alone in an emergency", "review.override"),
    ("Change contacts", "contacts.edit"),
    ("Pictures", "pictures.describe"),
    ("Readers' messages", "feedback.step"),
    ("Answer chats", "chats.present"),
    ("Read along in chats", "chats.watch.enter"),
    ("Change settings", "settings.save"),
    ("Approve changed settings", "settings.approve"),
    ("Invite people and change their rights", "people.roles"),
    ("Let somebody back in, as the second person", "people.recover"),
    ("Read the log", "audit.latest"),
)


@dataclass(frozen=True)
class Right:
    """Something that some people may do. `roles`: the roles that may do it."""

    words: str
    roles: frozenset[Who]

    def opens_to(self, person: Person) -> bool:
        """Whether this person may do it."""
        return not self.roles.isdisjoint(person.roles)


def lost_with(person: Person, keeps: frozenset[Role], everybody: Sequence[Person], app: Flask) -> str:
    """Return in words what nobody at the desk can do any more if `person` keeps only the roles `keeps`; empty if
    nothing changes.

    What only a single person can write, nobody can approve.
    """
    after = [replace(other, roles=keeps) if other.id == person.id else other for other in everybody]
    lost, alone = [], []
    for right in rights(app):
        if not right.opens_to(person) or not right.roles.isdisjoint(keeps):
            continue
        left = [other.name for other in after if right.opens_to(other)]
        if not left:
            lost.append(right.words)
        elif len(left) == 1 and right.words in dict(_KINDS):
            alone.append(f"“{right.words}”: only {left[0]}, whose own words nobody can approve.")
    return " ".join([f"Nobody else can do this: {'; '.join(lost)}." if lost else "", *alone]).strip()


def rights(app: Flask) -> Sequence[Right]:
    """Return what people can do at the desk, and in which roles."""
    written = [Right(words, frozenset(WRITERS[kind])) for words, kind in _KINDS]
    return (*written, *(Right(words, roles_for(app, endpoint)) for words, endpoint in _DOORS))
