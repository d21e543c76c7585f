"""The steps a translation can take: written beside its original, then approved by somebody who knows the language.

What is approved says who read it and what it was made from; so what is stale later is worked out, not remembered.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sidedoor.desk.audit import Audit
from sidedoor.desk.items.files import Conflict, Stored, change_file
from sidedoor.desk.items.newsroom import WRITERS
from sidedoor.desk.items.workflow import NotAllowed, Subject, Workflow
from sidedoor.desk.people.person import Person
from sidedoor.desk.refusals import Refusal
from sidedoor.documents.checks import check_document
from sidedoor.documents.document import Document
from sidedoor.documents.exchange import from_po, to_po, translation_file
from sidedoor.documents.front_matter import read_document
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.problems import Level, Problem, Refused
from sidedoor.documents.reading import read_file, read_text
from sidedoor.documents.renderer import shared_renderer
from sidedoor.documents.segments import Piece, pieces_of, put_together, side_by_side, whole_of, with_front
from sidedoor.documents.times import Clock
from sidedoor.public.addresses import LINKED


@dataclass(frozen=True)
class Translation:
    """A page in a language: its original, the original's text, its own file and the change that waits, if there are."""

    file: str
    language: str
    original: Document
    text: str
    stored: Stored | None
    change: Stored | None
    form: bool = False
    """Whether it is no translation but another form: it has pieces of its own, so that its words are written whole."""

    @property
    def working(self) -> Stored | None:
        """The version that people write on."""
        return self.change or self.stored

    @property
    def pieces(self) -> list[Piece]:
        """The pieces of its original."""
        return self.pieces_of(self.text)

    def pieces_of(self, text: str) -> list[Piece]:
        """The pieces of a version of either."""
        return whole_of(text) if self.form else pieces_of(text)

    @property
    def said(self) -> dict[str, str]:
        """What the working version says for each piece, by name."""
        return side_by_side(self.pieces, self.pieces_of(self.working.text)) if self.working else {}

    @property
    def state(self) -> str:
        """The state of the working version; empty where there is none."""
        return str(read_document(self.working.text, self.file).values.get("state", "")) if self.working else ""

    @property
    def made_from(self) -> str:
        """The digest of the original that the working version says it was made from; empty where it says none."""
        return str(read_document(self.working.text, self.file).values.get("made_from", "")) if self.working else ""

    @property
    def public(self) -> bool:
        """Whether its own file was approved, or put there by hand."""
        state = read_document(self.stored.text, self.file).values.get("state") if self.stored else ""
        return state in ("published", "withdrawn")


class TranslationSteps:
    """Each step raises NotAllowed, Conflict, CannotSave or Refused, and then it did not happen."""

    def __init__(self, workflow: Workflow, audit: Audit, live: LiveLibrary, clock: Clock) -> None:
        self.workflow, self._shelf = workflow, workflow.shelf
        self._audit, self._live, self._clock = audit, live, clock
        self._renderer = shared_renderer()

    def find(self, file: str) -> Translation | None:
        """The translation that `file` is or would be; None where the site has no such page or language."""
        site = self._live.library.site
        language, _, rest = file.partition("/")
        if language == site.language or site.language_settings(language) is None:
            return None
        original = next((one for one in self._live.library.documents if one.file == rest and not one.folder), None)
        stored = self._shelf.read(rest) if original else None
        if original is None or stored is None:
            return None
        own = self._shelf.read(file), self._shelf.read(change_file(file))
        return Translation(file, language, original, stored.text, *own, form=language in site.forms)

    def problems(self, found: Translation) -> list[Problem]:
        """What is wrong with the working version, or would be better."""
        if found.working is None:
            return []
        library = self._live.library
        try:
            document = read_file(
                read_text(found.working.text.encode(), found.file), found.file, library.site, self._renderer
            )
        except Refused as refused:
            return list(refused.problems)
        return check_document(document, library, self._clock(), LINKED)

    def save(
        self, person: Person, found: Translation, said: Mapping[str, str], expected: str, made_from: str, ready: bool
    ) -> None:
        """Keep what a person wrote for each piece, on the version `expected` (empty: none), beside the original whose
        digest is `made_from`; `ready` also asks for approval."""
        self._may_write(person, found)
        if made_from != found.original.digest:
            raise NotAllowed(Refusal.ORIGINAL_CHANGED)
        lacking = [one.text for one in found.pieces if one.words and not said.get(one.name)]
        if ready and lacking:
            raise NotAllowed(Refusal.NOT_ALL_TRANSLATED, count=len(lacking), start=lacking[0][:60])
        before = found.working.text if found.working else None
        text = put_together(found.text, said, found.original.digest, before, found.form)
        self._keep(person, found, with_front(text, {"state": "ready"}) if ready else text, expected)

    def take_in(self, person: Person, found: Translation, raw: bytes) -> None:
        """Make a draft of what a translator sent back as PO. Raises Refused for a wrong file."""
        self._may_write(person, found)
        returned = from_po(raw, self._live.library)
        there = self.find(returned.file)
        if there is None or returned.file != found.file:
            raise NotAllowed(Refusal.OTHER_PAGE, page=returned.file)
        before = found.working
        text = returned.draft(found.text, before.text if before else None)
        self._keep(person, found, text, before.digest if before else "")

    def give_out(self, found: Translation, doubtful: bool) -> bytes:
        """Its words as PO, for a translator."""
        before = found.working.text if found.working else None
        return to_po(found.original, found.text, found.language, before, doubtful)

    def why_not_approve(self, person: Person, found: Translation) -> Refusal | None:
        """Why this person cannot approve what waits; None if they can."""
        if not person.may(*WRITERS[found.original.kind]):
            return Refusal.ROLE_DOES_NOT_APPROVE
        if found.state != "ready":
            return Refusal.NOT_READY
        if why := self.workflow.why_not(person, self._subject(found)):
            return why
        return None if found.language in person.languages else Refusal.LANGUAGE_NOT_KNOWN

    def approve(self, person: Person, found: Translation, seen: str) -> bool:
        """Publish what waits, as read by this person. False where that was the first of two approvals."""
        if why := self.why_not_approve(person, found):
            raise NotAllowed(why, language=found.language)
        if stops := [problem for problem in self.problems(found) if problem.level is Level.ERROR]:
            raise Refused(stops)
        subject = self._subject(found)
        text = with_front(subject.working.text, {"state": "published", "reviewer": person.name})
        return self.workflow.approve(person, subject, seen, text) is not None

    def discard(self, person: Person, found: Translation) -> None:
        """Throw away what waits. The history keeps it."""
        self._may_write(person, found)
        if found.working is None or (found.public and not found.change):
            raise NotAllowed(Refusal.NOTHING_WAITS)
        self.workflow.discard(person, self._subject(found), draft=not found.public)

    def _keep(self, person: Person, found: Translation, text: str, expected: str) -> None:
        read_file(read_text(text.encode(), found.file), found.file, self._live.library.site, self._renderer)
        now = found.working
        if expected != (now.digest if now else ""):
            raise Conflict(found.file, now.text if now else None, now.digest if now else None)
        message = f"Translate {found.file}"
        with self._audit.recorded(person.name, "translated", found.file):
            if found.stored is None:
                self.workflow.begin(person, found.file, text, message)
            else:
                self.workflow.keep(person, self._subject(found), text, message, aside=found.public)

    def _subject(self, found: Translation) -> Subject:
        if found.stored is None:
            raise NotAllowed(Refusal.NOTHING_WAITS)
        return Subject(found.file, found.stored, found.change)

    def _may_write(self, person: Person, found: Translation) -> None:
        if not person.may(*WRITERS[found.original.kind]):
            raise NotAllowed(Refusal.ROLE_DOES_NOT_WRITE)


def address_of(original: Document, language: str) -> str:
    """The desk's page of a translation: `/translations/ur/help/money`."""
    return f"/translations/{translation_file(original.file, language)[:-3]}"
