"""How pages and contacts become public: somebody writes, then somebody else approves, or an editor publishes alone.

Only an approval changes what is public, and nobody who wrote part of the waiting version can approve it. The writers
are recorded version by version. A version without a record (it was edited outside the desk; the record is lost, or was
restored from an older backup) counts as written by somebody unknown. Then two people have to approve it: at least one
of them did not write it, and an office of two can still work.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from sidedoor.desk.audit.store import Audit
from sidedoor.desk.items.files import CannotSave, Conflict, Shelf, Stored, change_file, digest_of
from sidedoor.desk.items.history import Author, discarding
from sidedoor.desk.items.reviews import UNKNOWN, Override, Reviews
from sidedoor.desk.people.person import Person
from sidedoor.desk.refusals import HalfDone, Refusal, Stopped
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.times import Clock

Changes = Mapping[str, tuple[str | bytes | None, str | None]]
"""The argument of `Shelf.change`: by file, what to write (None: delete it), and the digest of what it replaces."""


@contextmanager
def remembering() -> Iterator[None]:
    """Wraps what a step records after it has written its files. They stay written, so a failure raises HalfDone."""
    try:
        yield
    except sqlite3.Error as error:
        raise HalfDone(Refusal.NOT_RECORDED) from error


class NotAllowed(Stopped):
    """This person cannot take this step now."""


@dataclass(frozen=True)
class Subject:
    """A file as the desk sees it: `stored` (public now, public later, or a first draft) and the change that waits."""

    file: str
    stored: Stored
    change: Stored | None

    @property
    def working(self) -> Stored:
        """The version that people write on."""
        return self.change or self.stored

    @property
    def working_file(self) -> str:
        """The file of the working version."""
        return self.working.file


@dataclass(frozen=True)
class PublishedAlone:
    """A version to be approved afterwards: `text` is its text, `before` that of the public version it replaced."""

    alone: Override
    seen: str
    text: str
    before: str | None


class Workflow:
    """Every step that decides what is public.

    A step that raises NotAllowed, Conflict, CannotSave or sqlite3.Error did not happen. A step that raises HalfDone
    did happen, but something that should have followed it did not.
    """

    def __init__(self, shelf: Shelf, reviews: Reviews, audit: Audit, live: LiveLibrary, clock: Clock) -> None:
        self.shelf, self.reviews = shelf, reviews
        self._audit, self._live, self._clock = audit, live, clock

    def keep(self, person: Person, subject: Subject, text: str, message: str, aside: bool) -> Stored:
        """Save what a person wrote on the working version. `aside`: it waits beside the public version."""
        file = change_file(subject.file) if aside else subject.file
        before = (subject.change.digest if subject.change else None) if aside else subject.stored.digest
        # A new change starts from the public version, which somebody approved or put there by hand.
        goes_on = subject.change is not None or not aside
        with self.shelf.turn():
            # Record the writer first: then nobody can approve their own words, whatever fails afterwards.
            if goes_on and not self.reviews.knows(subject.file, subject.working.digest):
                self.reviews.wrote(subject.file, UNKNOWN, "somebody unknown", self._clock())
            base = subject.stored.digest if aside and not (goes_on and self.reviews.base(subject.file)) else None
            self.reviews.wrote(subject.file, person.id, person.name, self._clock(), digest_of(text), base)
            changes: dict[str, tuple[str | bytes | None, str | None]] = {file: (text, before)}
            if subject.change and not aside:
                changes[subject.change.file] = (None, subject.change.digest)  # it would hide what is saved here
            return self.write(person, changes, message)[0]

    def begin(self, person: Person, file: str, text: str, message: str) -> Stored:
        """Save a first draft, where there is no file yet."""
        with self.shelf.turn():
            self.reviews.discard(file, draft=True)
            self.reviews.wrote(file, person.id, person.name, self._clock(), digest_of(text))
            return self.write(person, {file: (text, None)}, message)[0]

    def rewrite(self, person: Person, subject: Subject, texts: Mapping[str, str], message: str) -> list[Stored]:
        """Save a change in which nobody wrote a word ("sent back", "checked today"). The writers stay the same."""
        versions = {stored.file: stored for stored in (subject.stored, subject.change) if stored}
        with self.shelf.turn():
            changes = {file: (text, versions[file].digest) for file, text in texts.items()}
            stored = self.write(person, changes, message)
            with remembering():
                for written in stored:
                    self.reviews.rewritten(subject.file, versions[written.file].digest, written.digest)
            return stored

    def write(self, person: Person, changes: Changes, message: str) -> list[Stored]:
        """Write files in a person's name; record nothing else."""
        stored = self.shelf.change(dict(changes), Author(person.name), message)
        self._live.refresh()
        return stored

    def writers(self, subject: Subject) -> list[str]:
        """Return the names of those who wrote the waiting version, without anybody unknown."""
        return [name for number, name in self.reviews.writers(subject.file).items() if number != UNKNOWN]

    def written_by_unknown(self, subject: Subject) -> bool:
        """Whether somebody unknown to the desk wrote part of the waiting version."""
        writers = self.reviews.writers(subject.file)
        return UNKNOWN in writers or not self.reviews.knows(subject.file, subject.working.digest)

    def first_of_two(self, subject: Subject) -> list[str]:
        """Return the names of those who have approved this version already, where two have to."""
        signed = self.reviews.signed(subject.file, subject.working.digest)
        writers = self.reviews.writers(subject.file)
        return [name for number, name in signed.items() if number not in writers]

    def why_not(self, person: Person, subject: Subject) -> Refusal | None:
        """Return why this person cannot approve the waiting version; None if they can."""
        if person.id in self.reviews.writers(subject.file):
            return Refusal.OWN_WORDS
        if self.written_by_unknown(subject) and person.id in self.reviews.signed(subject.file, subject.working.digest):
            return Refusal.SIGNED_ALREADY
        return None

    def overtaken(self, subject: Subject) -> bool:
        """Whether the public version was changed, outside the desk, after the waiting change was made from it."""
        return subject.change is not None and self.reviews.base(subject.file) not in (None, subject.stored.digest)

    def check(self, subject: Subject, seen: str) -> None:
        """Raise NotAllowed unless `seen` is the waiting version, and was made from the present public version."""
        if seen != subject.working.digest:
            raise NotAllowed(Refusal.CHANGED_SINCE_READ)
        if self.overtaken(subject):
            raise NotAllowed(Refusal.PUBLIC_CHANGED)

    def approve(self, person: Person, subject: Subject, seen: str, text: str) -> Stored | None:
        """Make `text` public in place of the waiting version. Or record the first of two approvals, and return None."""
        with self.shelf.turn():
            self.check(subject, seen)
            if why := self.why_not(person, subject):
                raise NotAllowed(why)
            if self.written_by_unknown(subject) and not self.first_of_two(subject):
                with self._audit.recorded(person.name, "approved as the first of two", subject.file):
                    self.reviews.sign(subject.file, seen, person.id, person.name, self._clock())
                return None
            # What cannot be recorded is not done. The approval is recorded after publishing, in the same turn: nobody
            # else can save until then, so `decide` cannot clear the name of a new writer.
            stored = self._publish(person, subject, text, "approved")
            with remembering():
                self.reviews.decide(subject.file, stored.digest, "approved", person.id, person.name, self._clock())
            return stored

    def override(self, person: Person, subject: Subject, seen: str, text: str, reason: str) -> Stored:
        """Make `text` public without a second person. It is flagged before it is public, until somebody approves it."""
        if not person.may("editor"):
            raise NotAllowed(Refusal.ONLY_EDITORS_PUBLISH_ALONE)
        if not (reason := reason.strip()[:500]):
            raise NotAllowed(Refusal.NO_REASON_TO_PUBLISH_ALONE)
        with self.shelf.turn():
            self.check(subject, seen)
            flagged = self.reviews.alone(subject.file)
            alone = Override(
                subject.file, digest_of(text), subject.stored.digest, person.id, person.name, self._clock(), reason
            )
            writers = dict(self.reviews.writers(subject.file))
            if self.written_by_unknown(subject):
                writers[UNKNOWN] = "somebody unknown"
            try:
                stored = self._publish(person, subject, text, "published without a second person", alone, writers)
            except (Conflict, CannotSave):
                if flagged:
                    self.reviews.flag(flagged)
                else:
                    self.reviews.unflag(subject.file)
                raise
            decision = (stored.digest, "override", person.id, person.name, self._clock(), reason)
            with remembering():
                self.reviews.decide(subject.file, *decision)  # type: ignore[arg-type]
            return stored

    def published_alone(self, subject: Subject) -> PublishedAlone | None:
        """Return the version that was published without a second person, with the public version before it."""
        if not (alone := self.reviews.alone(subject.file)):
            return None
        text = self.version(subject, alone.digest)
        if text is None:  # the history is lost, so the present public version is all there is to read
            return PublishedAlone(alone, subject.stored.digest, subject.stored.text, None)
        return PublishedAlone(alone, alone.digest, text, self.version(subject, alone.before))

    def approve_afterwards(self, person: Person, subject: Subject, seen: str) -> bool:
        """Approve exactly the version that was published alone. The writers of what waits now do not matter for it.

        False if that was the first of two approvals, because somebody unknown wrote part of it.
        """
        with self.shelf.turn():
            published = self.published_alone(subject)
            if not published:
                raise NotAllowed(Refusal.NOTHING_TO_APPROVE_AFTERWARDS)
            writers = self.reviews.writers(subject.file, "alone")
            if person.id in writers:
                raise NotAllowed(Refusal.OWN_WORDS)
            if seen != published.seen:
                raise NotAllowed(Refusal.CHANGED_SINCE_READ)
            signed = self.reviews.signed(subject.file, seen)
            if UNKNOWN in writers and not [number for number in signed if number not in (*writers, person.id)]:
                if person.id in signed:
                    raise NotAllowed(Refusal.SIGNED_ALREADY)
                with self._audit.recorded(person.name, "approved afterwards as the first of two", subject.file):
                    self.reviews.sign(subject.file, seen, person.id, person.name, self._clock())
                return False
            with self._audit.recorded(person.name, "approved afterwards", subject.file):
                self.reviews.decide(subject.file, seen, "approved afterwards", person.id, person.name, self._clock())
            return True

    def discard(self, person: Person, subject: Subject, draft: bool) -> None:
        """Discard the waiting version. `draft`: it was never public. Raises NotAllowed if no history keeps it."""
        with self.shelf.turn():
            self.shelf.history.note_edits_by_hand([subject.working_file])
            if self.shelf.history.trouble:
                raise NotAllowed(Refusal.NO_HISTORY_NOW)
            with self._audit.recorded(person.name, "threw away", subject.working_file):
                changes = {subject.working_file: (None, subject.working.digest)}
                self.write(person, changes, discarding(subject.working_file))
                with remembering():
                    self.reviews.discard(subject.file, draft)

    def restoring(self, person: Person, subject: Subject, expected: str) -> AbstractContextManager[None]:
        """Record that the `with` block makes old words the waiting change. Raises NotAllowed if that change is not
        `expected` any more."""
        if expected != subject.working.digest:
            raise NotAllowed(Refusal.CHANGED_SINCE_READ)
        return self._audit.recorded(person.name, "restored old words", subject.file)

    def version(self, subject: Subject, digest: str) -> str | None:
        """Return the version of a file that has this digest; None if it cannot be found any more."""
        matches = (stored.text for stored in (subject.stored, subject.change) if stored and stored.digest == digest)
        return next(matches, None) or self.shelf.history.text_with(digest, subject.file, [change_file(subject.file)])

    def _publish(
        self,
        person: Person,
        subject: Subject,
        text: str,
        verb: str,
        alone: Override | None = None,
        writers: Mapping[int, str] | None = None,
    ) -> Stored:
        names = ", ".join(self.writers(subject)) or "nobody at the desk"
        changes: dict[str, tuple[str | bytes | None, str | None]] = {subject.file: (text, subject.stored.digest)}
        if subject.change:
            changes[subject.change.file] = (None, subject.change.digest)
        with self._audit.recorded(person.name, verb, subject.file, alone.note if alone else ""):
            if alone:
                self.reviews.flag(alone, writers)
            return self.write(person, changes, f"{verb.capitalize()} {subject.file}\n\nWritten by: {names}")[0]
