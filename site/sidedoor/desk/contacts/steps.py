"""The steps a contact's record can take. A number can save a life or cost one, so every change takes two editors.

All records are in one file, so there is only one waiting change, in a file beside it as for every other file.
"""

from collections.abc import Mapping
from typing import Any

from sidedoor.desk.audit.store import Audit
from sidedoor.desk.contacts.file import read_records, with_new_record, with_record, without_record
from sidedoor.desk.items.effects import ContactsEffect, of_contacts
from sidedoor.desk.items.files import CannotSave, Stored, change_file
from sidedoor.desk.items.workflow import NotAllowed, Subject, Workflow
from sidedoor.desk.people.person import Person
from sidedoor.desk.refusals import Refusal
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.reading import CONTACTS, read_contacts
from sidedoor.documents.times import Clock

_WAITING = change_file(CONTACTS)
Values = Mapping[str, str | list[str]]


class ContactSteps:
    """A step that raises NotAllowed, Conflict, CannotSave, Refused or sqlite3.Error did not happen. A step that raises
    HalfDone did happen, but something that should have followed it did not."""

    def __init__(self, workflow: Workflow, audit: Audit, live: LiveLibrary, clock: Clock) -> None:
        self.workflow, self._shelf = workflow, workflow.shelf
        self._audit, self._live, self._clock = audit, live, clock

    def subject(self) -> Subject:
        """Return the file as it is now, and the change that waits. Raises CannotSave if there is no file."""
        return Subject(CONTACTS, self.public(), self.waiting())

    def public(self) -> Stored:
        """Return the file that readers see. Raises CannotSave if there is none."""
        if stored := self._shelf.read(CONTACTS):
            return stored
        raise CannotSave(Refusal.NO_CONTACTS)

    def waiting(self) -> Stored | None:
        """Return the change that waits for approval, or None."""
        return self._shelf.read(_WAITING)

    def working(self) -> Stored:
        """Return the version that people write on."""
        return self.waiting() or self.public()

    def record(self, contact: str) -> dict[str, Any] | None:
        """Return the record with this id in the working version, or None."""
        return next((record for record in read_records(self.working().text) if record.get("id") == contact), None)

    def mark_checked(self, person: Person, contact: str) -> None:
        """Record that a person checked the record today. No word changes, so nobody has to approve it."""
        zone = self._live.library.site.zone
        today = {"checked": self._clock().astimezone(zone).date().isoformat()}
        with self._audit.recorded(person.name, "checked the contact", contact), self._shelf.turn():
            subject = self.subject()
            texts = {CONTACTS: with_record(subject.stored.text, contact, today)}
            waiting = subject.change
            if waiting and any(record.get("id") == contact for record in read_records(waiting.text)):
                texts[_WAITING] = with_record(waiting.text, contact, today)
            self.workflow.rewrite(person, subject, texts, f"Checked {contact}")

    def save(self, person: Person, contact: str, values: Values, expected: str) -> None:
        """Save a change to a record. It waits for a second editor."""
        self._save(person, with_record(self.working().text, contact, values), expected, f"Change the contact {contact}")

    def add(self, person: Person, values: Values, expected: str) -> None:
        """Save a new record. It waits for a second editor."""
        self._save(
            person, with_new_record(self.working().text, values), expected, f"Add the contact {values.get('id')}"
        )

    def remove(self, person: Person, contact: str, expected: str) -> None:
        """Remove a record. That waits for a second editor, too. Raises NotAllowed while a page shows the contact."""
        pages = [page.file for page in self._live.library.documents if contact in page.contact_ids]
        if pages:
            raise NotAllowed(Refusal.CONTACT_IS_SHOWN, pages=tuple(pages[:3]))
        self._save(person, without_record(self.working().text, contact), expected, f"Remove the contact {contact}")

    def restore(self, person: Person, text: str, expected: str, message: str) -> None:
        """Make old words the change that waits. A record with the same words keeps the day it was last checked."""
        for current in read_records(self.working().text):
            old = next((record for record in read_records(text) if record.get("id") == current.get("id")), None)
            if old and _without_check_day(old) == _without_check_day(current) and current.get("checked"):
                text = with_record(text, str(current["id"]), {"checked": str(current["checked"])})
        with self.workflow.restoring(person, self.subject(), expected):
            self._save(person, text, expected, message)

    def effect(self) -> ContactsEffect | None:
        """Return what approving would do; None if nothing waits."""
        waiting = self.waiting()
        return of_contacts(self.public().text, waiting.text) if waiting else None

    def approve(self, person: Person, seen: str) -> bool:
        """Publish the waiting change. False if that was the first of two approvals."""
        subject = self._ready()
        return self.workflow.approve(person, subject, seen, subject.working.text) is not None

    def override(self, person: Person, seen: str, reason: str) -> None:
        """Publish the waiting change without a second person, for a reason."""
        subject = self._ready()
        self.workflow.override(person, subject, seen, subject.working.text, reason)

    def approve_afterwards(self, person: Person, seen: str) -> bool:
        """Approve what was published without a second person. False if that was the first of two approvals."""
        return self.workflow.approve_afterwards(person, self.subject(), seen)

    def discard(self, person: Person) -> None:
        """Discard the waiting change. The history keeps it."""
        self.workflow.discard(person, self._waiting_subject(), draft=False)

    def _waiting_subject(self) -> Subject:
        subject = self.subject()
        if not subject.change:
            raise NotAllowed(Refusal.NOTHING_WAITS)
        return subject

    def _ready(self) -> Subject:
        subject = self._waiting_subject()
        read_contacts(subject.working.text)
        return subject

    def _save(self, person: Person, text: str, expected: str, message: str) -> None:
        read_contacts(text)
        with self._shelf.turn():
            subject = self.subject()
            if subject.working.digest != expected:
                raise NotAllowed(Refusal.CONTACTS_CHANGED)
            with self._audit.recorded(person.name, "changed the contacts", message):
                self.workflow.keep(person, subject, text, message, aside=True)


def _without_check_day(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "checked"}
