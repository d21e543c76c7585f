"""The steps a helpline's record can take. A number can save a life or cost one, so every change takes two editors.

There is one file of records, so there is one change that waits, beside it, as it does for every other file.
"""

from collections.abc import Mapping
from typing import Any

from sidedoor.desk.audit import Audit
from sidedoor.desk.contacts_file import read_records, with_new_record, with_record, without_record
from sidedoor.desk.history import Author
from sidedoor.desk.newsroom import NotAllowed
from sidedoor.desk.people import Person
from sidedoor.desk.reviews import Reviews
from sidedoor.desk.shelf import CannotSave, Shelf, Stored, change_file
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.reading import CONTACTS, read_contacts
from sidedoor.documents.times import Clock

_WAITING = change_file(CONTACTS)
_OWN = "You changed this yourself. Somebody else has to approve it."
_STALE = "Somebody changed the contacts meanwhile. What you typed is below; compare it, and save again."
Values = Mapping[str, str | list[str]]


class Helplines:
    """Each step raises NotAllowed, Conflict, CannotSave or Refused, and then it did not happen."""

    def __init__(self, shelf: Shelf, reviews: Reviews, audit: Audit, live: LiveLibrary, clock: Clock) -> None:
        self._shelf, self._reviews, self._audit, self._live, self._clock = shelf, reviews, audit, live, clock

    def public(self) -> Stored:
        """The file that readers see. Raises CannotSave if there is none."""
        if stored := self._shelf.read(CONTACTS):
            return stored
        raise CannotSave("There is no contacts.yaml. Tell whoever runs this machine.")

    def waiting(self) -> Stored | None:
        """The change that waits for approval."""
        return self._shelf.read(_WAITING)

    def working(self) -> Stored:
        """The version that people write on."""
        return self.waiting() or self.public()

    def record(self, contact: str) -> dict[str, Any] | None:
        """The record of the working version with this id."""
        return next((one for one in read_records(self.working().text) if one.get("id") == contact), None)

    def checked(self, person: Person, contact: str) -> None:
        """Somebody made sure today that it is as it says. No word changes, so nobody has to approve it."""
        today = {"checked": self._clock().date().isoformat()}
        with self._shelf.turn():
            public, waiting = self.public(), self.waiting()
            changes = {CONTACTS: (with_record(public.text, contact, today), public.digest)}
            if waiting and any(one.get("id") == contact for one in read_records(waiting.text)):
                changes[_WAITING] = (with_record(waiting.text, contact, today), waiting.digest)
            self._change(person, changes, f"Checked {contact}")
            if self._reviews.base(CONTACTS) == public.digest:
                self._reviews.rebase(CONTACTS, self.public().digest)
        self._audit.record(person.name, "checked the contact", contact)

    def save(self, person: Person, contact: str, values: Values, expected: str) -> None:
        """Keep a change to a record; it waits for a second editor."""
        self._save(person, with_record(self.working().text, contact, values), expected, f"Change the contact {contact}")

    def add(self, person: Person, values: Values, expected: str) -> None:
        """Keep a new record; it waits for a second editor."""
        self._save(
            person, with_new_record(self.working().text, values), expected, f"Add the contact {values.get('id')}"
        )

    def remove(self, person: Person, contact: str, expected: str) -> None:
        """Take a record out; that waits for a second editor, too. Raises NotAllowed while a page shows it."""
        used = [page.file for page in self._live.library.documents if contact in page.contact_ids]
        if used:
            raise NotAllowed(f"It is shown on {', '.join(used[:3])}. Take it out there first.")
        self._save(person, without_record(self.working().text, contact), expected, f"Remove the contact {contact}")

    def keep(self, person: Person, text: str, expected: str, message: str) -> None:
        """Keep a whole file, an old version say; it waits for a second editor."""
        self._save(person, text, expected, message)

    def approve(self, person: Person, seen: str, override: str = "") -> None:
        """Publish what waits. `override` is the reason for which it cannot wait for a second person."""
        verb = "published without a second person" if override else "approved"
        with self._shelf.turn():
            public, waiting = self.public(), self.waiting()
            if not waiting or waiting.digest != seen:
                raise NotAllowed("It was changed since you read it. Read it again, then decide.")
            if person.id in self._reviews.writers(CONTACTS) and not override:
                raise NotAllowed(_OWN)
            if self._reviews.base(CONTACTS) not in (None, public.digest):
                raise NotAllowed("contacts.yaml was changed outside the desk meanwhile. Make the change anew.")
            read_contacts(waiting.text)
            self._audit.record(person.name, verb, CONTACTS, override)
            if override:
                self._reviews.wrote(CONTACTS, person.id, person.name, self._clock())
                self._reviews.decide(CONTACTS, seen, "override", person.id, person.name, self._clock(), override)
            changes = {CONTACTS: (waiting.text, public.digest), _WAITING: (None, waiting.digest)}
            self._change(person, changes, f"{verb.capitalize()} {CONTACTS}")
            if not override:
                self._reviews.decide(CONTACTS, seen, "approved", person.id, person.name, self._clock())

    def approve_afterwards(self, person: Person) -> None:
        """Stand by what was published without a second person."""
        if person.id in self._reviews.writers(CONTACTS):
            raise NotAllowed(_OWN)
        if all(decision.file != CONTACTS for decision in self._reviews.overrides()):
            raise NotAllowed("There is nothing here to approve afterwards.")
        digest = self.public().digest
        self._reviews.decide(CONTACTS, digest, "approved afterwards", person.id, person.name, self._clock())
        self._audit.record(person.name, "approved afterwards", CONTACTS)

    def discard(self, person: Person) -> None:
        """Throw the waiting change away. The history keeps it."""
        waiting = self.waiting()
        if not waiting:
            raise NotAllowed("There is no change that waits.")
        self._change(person, {_WAITING: (None, waiting.digest)}, "Discard the change to contacts.yaml")
        self._reviews.abandon(CONTACTS)
        self._audit.record(person.name, "threw away", _WAITING)

    def _save(self, person: Person, text: str, expected: str, message: str) -> None:
        read_contacts(text)
        with self._shelf.turn():
            public, waiting = self.public(), self.waiting()
            if (waiting or public).digest != expected:
                raise NotAllowed(_STALE)
            base = None if waiting else public.digest
            self._reviews.wrote(CONTACTS, person.id, person.name, self._clock(), base)
            self._change(person, {_WAITING: (text, waiting.digest if waiting else None)}, message)
        self._audit.record(person.name, "changed the contacts", message)

    def _change(self, person: Person, changes: Mapping[str, tuple[str | None, str | None]], message: str) -> None:
        self._shelf.change(dict(changes), Author(person.name), message)
        self._live.refresh()
