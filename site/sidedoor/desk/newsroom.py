"""The way of an item: draft, ready, published (at once or at its time), withdrawn; and who may take which step.

What is public is changed by approval alone. So a change to it waits as a file of its own under changes/, and whoever
had a hand in it since the last approval cannot be the one who approves it. An editor may override in an emergency; that
is flagged until somebody else has approved it afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sidedoor.desk.audit import Audit
from sidedoor.desk.composing import block, compose
from sidedoor.desk.editing import Fields, changed, wall_time
from sidedoor.desk.history import Author
from sidedoor.desk.people import Person, Role
from sidedoor.desk.pictures import Picture
from sidedoor.desk.reviews import Reviews, Verdict
from sidedoor.desk.shelf import CREDITS, CannotSave, Conflict, Shelf, Stored, change_file, digest_of
from sidedoor.documents.checks import check_document
from sidedoor.documents.document import FOLDERS, Document, Visibility
from sidedoor.documents.front_matter import read_document, read_yaml
from sidedoor.documents.library import Library
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.models import Kind
from sidedoor.documents.problems import Level, Problem, Refused
from sidedoor.documents.reading import PICTURES, read_file, read_text
from sidedoor.documents.renderer import Renderer
from sidedoor.documents.slugs import slug_from_title, slug_problem
from sidedoor.documents.times import Clock
from sidedoor.public.addresses import LINKED

WRITERS: dict[Kind, tuple[Role, ...]] = {"news": ("press", "editor"), "help": ("editor",), "page": ("editor",)}
"""Who may write and approve which kind."""
Standing = Literal["draft", "ready", "scheduled", "published", "withdrawn", "removed", "expired", "broken"]
_FOLDER_OF = {kind: folder for folder, kind in FOLDERS.items()}


class NotAllowed(Exception):
    """This person cannot take this step now; the message is a sentence that says why."""


@dataclass(frozen=True)
class Item:
    """A document as the desk sees it: what is public (or will be, or is a first draft), and the change that waits."""

    kind: Kind
    slug: str
    file: str
    stored: Stored
    change: Stored | None

    @property
    def working(self) -> Stored:
        """The version that people write on."""
        return self.change or self.stored

    @property
    def working_file(self) -> str:
        """Its file."""
        return self.working.file

    def read(self) -> tuple[dict[str, Any], str]:
        """Front matter and body of the working version. Raises Refused if nobody can read it."""
        written = read_document(self.working.text, self.file)
        return written.values, written.body


@dataclass(frozen=True)
class Assessment:
    """What a version is like: the document it makes, if it makes one, and what stands in its way or would be better."""

    document: Document | None
    problems: tuple[Problem, ...]

    @property
    def stops(self) -> list[Problem]:
        """What has to be put right before it can be published."""
        return [problem for problem in self.problems if problem.level is Level.ERROR]

    @property
    def advice(self) -> list[Problem]:
        """What would be better another way."""
        return [problem for problem in self.problems if problem.level is not Level.ERROR]


class Newsroom:
    """Every step an item can take. One that raises NotAllowed, shelf.Conflict or shelf.CannotSave did not happen."""

    def __init__(self, shelf: Shelf, reviews: Reviews, audit: Audit, live: LiveLibrary, clock: Clock) -> None:
        self.shelf, self.reviews = shelf, reviews
        self._audit, self._live, self._clock = audit, live, clock
        self._renderer = Renderer()

    def close(self) -> None:
        """End the rendering process."""
        self._renderer.close()

    def find(self, kind: Kind, slug: str) -> Item | None:
        """An item; None if there is none."""
        if slug_problem(slug):
            return None
        file = file_of(kind, slug)
        stored, change = self.shelf.read(file), self.shelf.read(change_file(file))
        return Item(kind, slug, file, stored, change) if stored else None

    def is_public(self, item: Item) -> bool:
        """Whether its own file was approved: it is public, or will be, or was."""
        return _state(item.stored.text) in ("published", "withdrawn")

    def standing(self, item: Item) -> Standing:
        """Where the file itself stands, whatever change waits beside it."""
        document = self.assess(item.kind, item.slug, item.stored.text).document
        return standing_of(document, self._clock()) if document else unfinished(item.stored.text)

    def assess(self, kind: Kind, slug: str, text: str) -> Assessment:
        """Look at a version of a document without saving it."""
        library, file = self._live.library, file_of(kind, slug)
        try:
            document = read_file(read_text(text.encode(), file), file, library.site, self._renderer)
        except Refused as refused:
            return Assessment(None, tuple(refused.problems))
        problems = check_document(document, library, self._clock(), LINKED)
        return Assessment(document, tuple(problems))

    def start(self, person: Person, kind: Kind, title: str) -> Item:
        """A new draft, named after its title."""
        self._may_write(person, kind)
        slug = slug_from_title(title)
        if not slug or slug_problem(slug):
            raise NotAllowed("The title needs a few words of letters from a to z, to make an address of.")
        slug = next(name for name in (slug, *(f"{slug[:76]}-{n}" for n in range(2, 99))) if not self._taken(kind, name))
        site, file = self._live.library.site, file_of(kind, slug)
        front: dict[str, Any] = {"title": title, "summary": title, "language": site.language, "state": "draft"}
        if kind == "news":
            front |= {"publish_at": wall_time(self._clock(), site.zone), "press_contact": next(iter(site.press), "")}
            front["related_help"] = [situation.page for situation in site.situations[:1]]
        else:
            front["tab_title"] = title[:30]
        if kind == "help" and site.groups:
            front["group"] = site.groups[0].id
        stored = self._write(
            person, file, compose({name: value for name, value in front.items() if value}, ""), None, f"Start {title}"
        )
        self.reviews.wrote(file, person.id, person.name, self._clock())
        self._audit.record(person.name, "started", file)
        return Item(kind, slug, file, stored, None)

    def save(self, person: Person, item: Item, fields: Fields, expected: str, ready: bool) -> Item:
        """Keep what a person wrote on the version `expected`; `ready` also asks for approval."""
        self._may_write(person, item.kind)
        front, body = item.read()
        after, body = changed(fields, front, body, item.kind, self._clock(), self._live.library.site.zone)
        return self.save_text(
            person, item, compose({**after, "state": "ready" if ready else "draft"}, body, item.working.text), expected
        )

    def save_text(self, person: Person, item: Item, text: str, expected: str) -> Item:
        """The same for a whole file; its state is draft or ready, whatever it says."""
        self._may_write(person, item.kind)
        ready = _state(text) == "ready"
        if ready and (stops := self.assess(item.kind, item.slug, text).stops):
            raise NotAllowed(f"It is saved as a draft only once this is put right: {stops[0].what} {stops[0].instead}")
        if _state(text) not in ("draft", "ready"):
            text = _with_state(text, "draft")
        if expected != item.working.digest:
            self._write(person, item.working_file, text, expected, "")  # raises Conflict, with the words of now
        aside = self.is_public(item)
        file = change_file(item.file) if aside else item.file
        before = item.change.digest if item.change else None if aside else item.stored.digest
        message = f"{'Ready' if ready else 'Draft'}: {item.file}"
        with self.shelf.turn():
            # Remembered first: whatever fails after it, nobody becomes a stranger to their own words.
            base = None if not aside or self.reviews.base(item.file) else item.stored.digest
            self.reviews.wrote(item.file, person.id, person.name, self._clock(), base)
            stored = self._write(person, file, text, before, message)
        self.reviews.saved(item.file, person.id)
        self._audit.record(person.name, "sent for approval" if ready else "saved", item.file)
        return replace(item, change=stored) if aside else replace(item, stored=stored)

    def version(self, item: Item, digest: str) -> str | None:
        """The version of an item that has this digest; None if it is known no more."""
        here = (stored.text for stored in (item.stored, item.change) if stored and stored.digest == digest)
        return next(here, None) or self.shelf.history.text_with(digest, item.file, [change_file(item.file)])

    def overtaken(self, item: Item) -> bool:
        """Whether the public version was changed, outside the desk, after the waiting change was made from it."""
        return item.change is not None and self.reviews.base(item.file) not in (None, item.stored.digest)

    def compared(self, person: Person, item: Item) -> None:
        """Somebody looked at both and wants the waiting change all the same."""
        self._may_write(person, item.kind)
        self.reviews.wrote(item.file, person.id, person.name, self._clock(), item.stored.digest)

    def why_not_approve(self, person: Person, item: Item) -> str | None:
        """Why this person cannot approve what waits, in a sentence; None if they can."""
        if not person.may(*WRITERS[item.kind]):
            return "Your role does not approve this kind of page."
        if person.id in self.reviews.writers(item.file):
            return "You wrote or changed this yourself. Somebody else has to approve it."
        return self.why_not_ready(item)

    @staticmethod
    def why_not_ready(item: Item) -> str | None:
        """Why nobody can approve it, in a sentence; None if it waits for somebody."""
        ready = _state(item.working.text) == "ready"
        return None if ready else "It is not ready yet: nobody has sent it for approval."

    def approve(self, person: Person, item: Item, seen: str) -> Item:
        """Publish what waits, at once or at its time. `seen` is the digest of the version the person read."""
        if why := self.why_not_approve(person, item):
            raise NotAllowed(why)
        return self._publish(person, item, seen, override=False)

    def override(self, person: Person, item: Item, seen: str, reason: str) -> Item:
        """Publish without a second person. Editors only; it stays flagged until somebody else approves it."""
        self._may_write(person, item.kind)
        if not person.may("editor"):
            raise NotAllowed("Only an editor may publish without a second person.")
        if not reason.strip():
            raise NotAllowed("Write why this cannot wait for a second person.")
        if not item.change and self.is_public(item):
            raise NotAllowed("There is nothing here that waits.")
        return self._publish(person, item, seen, override=True, note=reason.strip()[:500])

    def approve_afterwards(self, person: Person, item: Item, seen: str) -> None:
        """Look at what was published by override, and stand by it."""
        self._may_write(person, item.kind)
        if item.file not in {decision.file for decision in self.reviews.overrides()}:
            raise NotAllowed("There is nothing here to approve afterwards.")
        if person.id in self.reviews.writers(item.file):
            raise NotAllowed("You wrote or changed this yourself. Somebody else has to approve it.")
        if seen != item.stored.digest:
            raise NotAllowed("It was changed since you read it. Read it again.")
        self.reviews.decide(item.file, seen, "approved afterwards", person.id, person.name, self._clock())
        self._audit.record(person.name, "approved afterwards", item.file)

    def send_back(self, person: Person, item: Item, note: str) -> Item:
        """Make what waits a draft again, with a word on why."""
        self._may_write(person, item.kind)
        if _state(item.working.text) != "ready":
            raise NotAllowed("It is a draft already.")
        stored = self._write(
            person,
            item.working_file,
            _with_state(item.working.text, "draft"),
            item.working.digest,
            f"Sent back: {item.file}",
        )
        self.reviews.decide(
            item.file, stored.digest, "returned", person.id, person.name, self._clock(), note.strip()[:1000]
        )
        self._audit.record(person.name, "sent back", item.file)
        return replace(item, change=stored) if item.change else replace(item, stored=stored)

    def unschedule(self, person: Person, item: Item) -> Item:
        """Take an item that is not public yet out of the calendar; it becomes a draft."""
        self._may_write(person, item.kind)
        if self.standing(item) != "scheduled":
            raise NotAllowed("Only what is not public yet can be taken out of the calendar.")
        stored = self._write(
            person, item.file, _with_state(item.stored.text, "draft"), item.stored.digest, f"Unscheduled: {item.file}"
        )
        self.reviews.wrote(item.file, person.id, person.name, self._clock())
        self._audit.record(person.name, "took out of the calendar", item.file)
        return replace(item, stored=stored)

    def restore(self, person: Person, item: Item, text: str, expected: str) -> Item:
        """Make a draft of an old version. It is never public or withdrawn by that alone."""
        written = read_document(text, item.file)
        front = {name: value for name, value in written.values.items() if name != "withdrawn"}
        return self.save_text(person, item, compose({**front, "state": "draft"}, written.body, text), expected)

    def withdraw(self, person: Person, item: Item, reason: str, removed: bool, replacement: str) -> Item:
        """Write the change that withdraws an item: it stays under its reason, or is removed, or leads elsewhere."""
        self._may_write(person, item.kind)
        if not self.is_public(item):
            raise NotAllowed("Only what was published can be withdrawn. A draft can be deleted.")
        if not reason.strip():
            raise NotAllowed("Write the reason. Readers will see it.")
        front, body = item.read()
        site = self._live.library.site
        front["withdrawn"] = {"at": wall_time(self._clock(), site.zone), "reason": " ".join(reason.split())}
        front["withdrawn"] |= {"removed": "yes"} if removed else {}
        front["withdrawn"] |= {"replacement": replacement.strip()} if replacement.strip() else {}
        return self.save_text(
            person, item, compose({**front, "state": "ready"}, body, item.working.text), item.working.digest
        )

    def bring_back(self, person: Person, item: Item) -> Item:
        """Write the change that takes a withdrawal back."""
        self._may_write(person, item.kind)
        front, body = item.read()
        if not front.pop("withdrawn", None):
            raise NotAllowed("It is not withdrawn.")
        return self.save_text(
            person, item, compose({**front, "state": "ready"}, body, item.working.text), item.working.digest
        )

    def discard(self, person: Person, item: Item) -> None:
        """Throw the waiting change away, or a draft that never was public. The history keeps it."""
        self._may_write(person, item.kind)
        if not item.change and self.is_public(item):
            raise NotAllowed("What is public cannot be deleted here. Withdraw it.")
        self._change(person, {item.working_file: (None, item.working.digest)}, f"Discard {item.working_file}")
        if item.change:
            self.reviews.abandon(item.file)
        else:
            self.reviews.forget(item.file)
        self._audit.record(person.name, "threw away", item.working_file)

    def move(self, person: Person, item: Item, slug: str) -> Item:
        """Give an item another address. The former one of what is public leads to it; somebody approves afterwards."""
        self._may_write(person, item.kind)
        if problem := slug_problem(slug):
            raise NotAllowed(problem)
        if self._taken(item.kind, slug):
            raise NotAllowed(f"There is an item named {slug} already.")
        public = self.is_public(item)
        if public and not person.may("editor"):
            raise NotAllowed("Only an editor can change the address of what is public.")
        file, moves = file_of(item.kind, slug), dict[str, tuple[str | bytes | None, str | None]]()
        for stored, target in ((item.stored, file), (item.change, change_file(file))):
            if stored:
                text = _with_former_slug(stored.text, item.slug, slug) if public else stored.text
                if stops := [p for p in self.assess(item.kind, slug, text).stops if "gives the page away" in p.what]:
                    raise NotAllowed(f"{stops[0].what} {stops[0].instead}")
                moves |= {stored.file: (None, stored.digest), target: (text, None)}
        self._change(person, moves, f"Move {item.file} to {file}")
        self.reviews.forget(item.file, moved_to=file)
        moved = self.find(item.kind, slug)
        assert moved
        if public:
            base = moved.stored.digest if moved.change else None
            self.reviews.wrote(file, person.id, person.name, self._clock(), base)
            self.reviews.decide(
                file, moved.stored.digest, "override", person.id, person.name, self._clock(), f"Moved from {item.slug}"
            )
        self._audit.record(person.name, "moved", item.file, file)
        return moved

    def keep_picture(self, person: Person, picture: Picture, credit: str, expires: str) -> None:
        """Put a picture on the shelf, and what is known of it into pictures.yaml. It is public once a page shows it."""
        file = PICTURES + picture.file_name
        with self.shelf.turn():
            if not self.shelf.read(file):
                self._change(person, {file: (picture.raw, None)}, f"Picture {picture.file_name}")
            facts = {"credit": credit, "expires": expires, "by": person.name}
            known = self.shelf.read(CREDITS)
            credits_ = read_yaml(known.text, CREDITS).values if known else {}
            credits_[picture.file_name] = {name: value for name, value in facts.items() if value}
            text = "".join(block(name, value) for name, value in credits_.items())
            self._change(person, {CREDITS: (text, known.digest if known else None)}, f"Credit of {picture.file_name}")
        self._audit.record(person.name, "added a picture", file)

    def _publish(self, person: Person, item: Item, seen: str, override: bool, note: str = "") -> Item:
        if seen != item.working.digest:
            raise NotAllowed("It was changed since you read it. Read it again, then decide.")
        if self.overtaken(item):
            raise NotAllowed("The public version was changed outside the desk meanwhile. Compare the two first.")
        front, body = item.read()
        now, site = self._clock(), self._live.library.site
        front["state"] = "withdrawn" if "withdrawn" in front else "published"
        document = self.assess(item.kind, item.slug, compose(front, body)).document
        never_public = not self.is_public(item)
        if item.kind == "news" and never_public and document and document.published_at and document.published_at < now:
            front["publish_at"] = wall_time(now, site.zone)
        text = compose(front, body, item.working.text)
        if stops := self.assess(item.kind, item.slug, text).stops:
            raise NotAllowed(f"This has to be put right first: {stops[0].what} {stops[0].instead}")
        verb = "published without a second person" if override else "approved"
        writers = ", ".join(self.reviews.writers(item.file).values())
        changes: dict[str, tuple[str | bytes | None, str | None]] = {item.file: (text, item.stored.digest)}
        if item.change:
            changes[item.change.file] = (None, item.change.digest)
        verdict: Verdict = "override" if override else "approved"
        with self.shelf.turn():
            # What is not logged is not done, and an override is flagged before it is public. An approval is remembered
            # after it, in the same turn: until then nobody else can save, whose name it would forget.
            self._audit.record(person.name, verb, item.file, note)
            decision = (item.file, digest_of(text), verdict, person.id, person.name, now, note)
            if override:
                self.reviews.wrote(item.file, person.id, person.name, now)
                self.reviews.decide(*decision)
            try:
                message = f"{verb.capitalize()} {item.file}\n\nWritten by: {writers or 'nobody at the desk'}"
                stored = self._change(person, changes, message)[0]
            except (Conflict, CannotSave):
                self._audit.record(person.name, "did not get through", item.file, verb)
                raise
            if not override:
                self.reviews.decide(*decision)
        return replace(item, stored=stored, change=None)

    def _write(self, person: Person, file: str, text: str, expected: str | None, message: str) -> Stored:
        return self._change(person, {file: (text, expected)}, message)[0]

    def _change(
        self, person: Person, changes: Mapping[str, tuple[str | bytes | None, str | None]], message: str
    ) -> list[Stored]:
        stored = self.shelf.change(dict(changes), Author(person.name), message)
        self._live.refresh()
        return stored

    def _taken(self, kind: Kind, slug: str) -> bool:
        return self.shelf.read(file_of(kind, slug)) is not None

    @staticmethod
    def _may_write(person: Person, kind: Kind) -> None:
        if not person.may(*WRITERS[kind]):
            raise NotAllowed("Your role does not write this kind of page.")


def file_of(kind: Kind, slug: str) -> str:
    """The file of the document of this kind and slug: `news/first.md`."""
    return f"{_FOLDER_OF[kind]}/{slug}.md"


def unfinished(text: str) -> Standing:
    """Where a file stands that makes no document yet: a draft that lacks something, or one that is broken."""
    return "draft" if _state(text) in ("draft", "ready") else "broken"


def standing_of(document: Document, now: Any) -> Standing:
    """Where a document stands at `now` (aware)."""
    meta = document.meta
    if meta.state in ("draft", "ready"):
        return "ready" if meta.state == "ready" else "draft"
    if meta.expires_at and now >= meta.expires_at:
        return "expired"
    match document.visibility(now):
        case Visibility.HIDDEN:
            return "scheduled"
        case Visibility.WITHDRAWN:
            return "withdrawn"
        case Visibility.REMOVED:
            return "removed"
        case _:
            return "published"


def as_if_public(document: Document, library: Library, now: Any) -> tuple[Library, Any]:
    """The library in which `document` is published, and a moment at which it is: what a preview is made from."""
    meta = document.meta
    moments = [now, meta.publish_at, *(note.at for note in meta.updates), meta.withdrawn.at if meta.withdrawn else None]
    state = "withdrawn" if meta.withdrawn else "published"
    shown = replace(document, meta=meta.model_copy(update={"state": state, "expires_at": None}))
    others = tuple(other for other in library.documents if (other.kind, other.slug) != (document.kind, document.slug))
    return replace(library, documents=(*others, shown)), max(moment for moment in moments if moment)


def _state(text: str) -> str:
    try:
        state = read_document(text, "").values.get("state", "draft")
    except Refused:
        return "broken"
    return state if isinstance(state, str) else "broken"


def _with_state(text: str, state: str) -> str:
    written = read_document(text, "")
    return compose({**written.values, "state": state}, written.body, text)


def _with_former_slug(text: str, former: str, slug: str) -> str:
    written = read_document(text, "")
    slugs = [name for name in written.values.get("previous_slugs", []) if name not in (slug, former)]
    return compose({**written.values, "previous_slugs": [*slugs, former]}, written.body, text)
