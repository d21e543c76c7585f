"""The steps of a translation: somebody writes it beside its original, then somebody who knows the language approves it.

An approved translation names its reader and the original it was made from; so whether it is stale is worked out, never
stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sidedoor.desk.audit.store import Audit
from sidedoor.desk.items.files import Conflict, Stored, change_file
from sidedoor.desk.items.steps import WRITERS
from sidedoor.desk.items.workflow import NotAllowed, Subject, Workflow
from sidedoor.desk.people.person import Person
from sidedoor.desk.refusals import Refusal
from sidedoor.documents.checks import check_document
from sidedoor.documents.document import Document
from sidedoor.documents.exchange import from_po, to_po, translation_file
from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.front_matter import read_document
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.problems import Level, Problem, Refused
from sidedoor.documents.reading import read_file, read_text
from sidedoor.documents.renderer import shared_renderer
from sidedoor.documents.segments import Piece, pieces_of, put_together, side_by_side, whole_of, with_front
from sidedoor.documents.times import Clock


@dataclass(frozen=True)
class Translation:
    """A page in another language: its original, the original's text, and its own file and waiting change, if any."""

    file: str
    language: str
    original: Document
    text: str
    stored: Stored | None
    change: Stored | None
    form: bool = False
    """True for another form (such as Easy Read) instead of a translation: it is written as a whole, not in the
    original's pieces."""

    @property
    def working(self) -> Stored | None:
        """The version that people write on."""
        return self.change or self.stored

    @property
    def pieces(self) -> list[Piece]:
        """The pieces of its original."""
        return self.pieces_of(self.text)

    def pieces_of(self, text: str) -> list[Piece]:
        """Return the pieces of a version of the original or of the translation."""
        return whole_of(text) if self.form else pieces_of(text)

    @property
    def words(self) -> dict[str, str]:
        """The words of the working version for each piece, by the piece's name."""
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
    """A step that raises NotAllowed, Conflict, CannotSave, Refused or sqlite3.Error did not happen. A step that raises
    HalfDone did happen, but something that should have followed it did not."""

    def __init__(self, workflow: Workflow, audit: Audit, live: LiveLibrary, clock: Clock) -> None:
        self.workflow, self._shelf = workflow, workflow.shelf
        self._audit, self._live, self._clock = audit, live, clock
        self._renderer = shared_renderer()

    def find(self, file: str) -> Translation | None:
        """Return the translation that `file` is or would be; None if the site has no such page or language."""
        site = self._live.library.site
        language, _, original_file = file.partition("/")
        if language == site.language or site.language_settings(language) is None:
            return None
        original = next(
            (
                document
                for document in self._live.library.documents
                if document.file == original_file and not document.folder
            ),
            None,
        )
        stored = self._shelf.read(original_file) if original else None
        if original is None or stored is None:
            return None
        own = self._shelf.read(file), self._shelf.read(change_file(file))
        return Translation(file, language, original, stored.text, *own, form=language in site.forms)

    def problems(self, translation: Translation) -> list[Problem]:
        """Return what is wrong with the working version, and what could be better."""
        if translation.working is None:
            return []
        library = self._live.library
        try:
            document = read_file(
                read_text(translation.working.text.encode(), translation.file),
                translation.file,
                library.site,
                self._renderer,
            )
        except Refused as refused:
            return list(refused.problems)
        return check_document(document, library, self._clock(), LINKED)

    def save(
        self,
        person: Person,
        translation: Translation,
        words: Mapping[str, str],
        expected: str,
        made_from: str,
        ready: bool,
    ) -> None:
        """Save what a person wrote for each piece, beside the original whose digest is `made_from`. `expected` is the
        digest of the version they started from (empty: none); `ready` also asks for approval."""
        self._may_write(person, translation)
        if made_from != translation.original.digest:
            raise NotAllowed(Refusal.ORIGINAL_CHANGED)
        lacking = [piece.text for piece in translation.pieces if piece.words and not words.get(piece.name)]
        if ready and lacking:
            raise NotAllowed(Refusal.NOT_ALL_TRANSLATED, count=len(lacking), start=lacking[0][:60])
        before = translation.working.text if translation.working else None
        text = put_together(translation.text, words, translation.original.digest, before, translation.form)
        self._keep(person, translation, with_front(text, {"state": "ready"}) if ready else text, expected)

    def take_in(self, person: Person, translation: Translation, raw: bytes) -> None:
        """Make a draft from the PO file that a translator sent back. Raises Refused for a wrong file."""
        self._may_write(person, translation)
        returned = from_po(raw, self._live.library)
        target = self.find(returned.file)
        if target is None or returned.file != translation.file:
            raise NotAllowed(Refusal.OTHER_PAGE, page=returned.file)
        before = translation.working
        text = returned.draft(translation.text, before.text if before else None)
        self._keep(person, translation, text, before.digest if before else "")

    def give_out(self, translation: Translation, doubtful: bool) -> bytes:
        """Return the words of a page as PO, for a translator."""
        before = translation.working.text if translation.working else None
        return to_po(translation.original, translation.text, translation.language, before, doubtful)

    def why_not_approve(self, person: Person, translation: Translation) -> Refusal | None:
        """Return why this person cannot approve the waiting version; None if they can."""
        if not person.may(*WRITERS[translation.original.kind]):
            return Refusal.ROLE_DOES_NOT_APPROVE
        if translation.state != "ready":
            return Refusal.NOT_READY
        if why := self.workflow.why_not(person, self._subject(translation)):
            return why
        return None if translation.language in person.languages else Refusal.LANGUAGE_NOT_KNOWN

    def approve(self, person: Person, translation: Translation, seen: str) -> bool:
        """Publish the waiting version, as read by this person. False if that was the first of two approvals."""
        if why := self.why_not_approve(person, translation):
            raise NotAllowed(why, language=translation.language)
        if stops := [problem for problem in self.problems(translation) if problem.level is Level.ERROR]:
            raise Refused(stops)
        subject = self._subject(translation)
        text = with_front(subject.working.text, {"state": "published", "reviewer": person.name})
        return self.workflow.approve(person, subject, seen, text) is not None

    def discard(self, person: Person, translation: Translation) -> None:
        """Discard the waiting version. The history keeps it."""
        self._may_write(person, translation)
        if translation.working is None or (translation.public and not translation.change):
            raise NotAllowed(Refusal.NOTHING_WAITS)
        self.workflow.discard(person, self._subject(translation), draft=not translation.public)

    def _keep(self, person: Person, translation: Translation, text: str, expected: str) -> None:
        read_file(read_text(text.encode(), translation.file), translation.file, self._live.library.site, self._renderer)
        now = translation.working
        if expected != (now.digest if now else ""):
            raise Conflict(translation.file, now.text if now else None, now.digest if now else None)
        message = f"Translate {translation.file}"
        with self._audit.recorded(person.name, "translated", translation.file):
            if translation.stored is None:
                self.workflow.begin(person, translation.file, text, message)
            else:
                self.workflow.keep(person, self._subject(translation), text, message, aside=translation.public)

    def _subject(self, translation: Translation) -> Subject:
        if translation.stored is None:
            raise NotAllowed(Refusal.NOTHING_WAITS)
        return Subject(translation.file, translation.stored, translation.change)

    def _may_write(self, person: Person, translation: Translation) -> None:
        if not person.may(*WRITERS[translation.original.kind]):
            raise NotAllowed(Refusal.ROLE_DOES_NOT_WRITE)


def address_of(original: Document, language: str) -> str:
    """Return the address of a translation's page at the desk: `/translations/ur/help/money`."""
    return f"/translations/{translation_file(original.file, language)[:-3]}"
