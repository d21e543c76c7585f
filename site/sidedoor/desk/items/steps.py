"""The life of an item: draft, ready, published (at once or at its time), withdrawn; and which role may take which step.

A change to a public item waits as a separate file under changes/. The workflow decides who may approve it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sidedoor.desk.audit.store import Audit
from sidedoor.desk.items.composing import compose
from sidedoor.desk.items.effects import Effect, ItemStanding, of_document
from sidedoor.desk.items.files import Conflict, change_file, digest_of
from sidedoor.desk.items.form import Fields, changed, notes_of, wall_time
from sidedoor.desk.items.reviews import Override
from sidedoor.desk.items.starts import STARTS, prompt_left
from sidedoor.desk.items.workflow import NotAllowed, Subject, Workflow, remembering
from sidedoor.desk.people.person import Person, Role
from sidedoor.desk.refusals import Refusal
from sidedoor.documents.checks import check_document
from sidedoor.documents.codes import Code
from sidedoor.documents.document import FOLDERS, Document, Visibility
from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.front_matter import read_document
from sidedoor.documents.library import Library, PublicLibrary
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.models import Kind
from sidedoor.documents.problems import Level, Problem, Refused
from sidedoor.documents.reading import read_file, read_text
from sidedoor.documents.renderer import shared_renderer
from sidedoor.documents.slugs import slug_from_title, slug_problem
from sidedoor.documents.times import Clock

WRITERS: dict[Kind, tuple[Role, ...]] = {"news": ("press", "editor"), "help": ("editor",), "page": ("editor",)}
"""The roles that may write and approve each kind."""
WORDS = ("title", "tab_title", "summary", "language", "location", "notes_to_editors")
"""The fields with an item's words. Restoring an old version brings back these and the text."""
_COPIED = ("summary", "tab_title", "language", "group", "location", "notes_to_editors", "press_contact", "related_help")
"""What a copy takes from its original besides the text: no date, note, former address or review."""
_FOLDER_OF = {kind: folder for folder, kind in FOLDERS.items()}


@dataclass(frozen=True)
class Item(Subject):
    """A document as the desk sees it: `stored` (public now, public later, or a first draft) and the waiting change."""

    kind: Kind
    slug: str

    def read(self) -> tuple[dict[str, Any], str]:
        """Return front matter and body of the working version. Raises Refused if it cannot be read."""
        written = read_document(self.working.text, self.file)
        return written.values, written.body


@dataclass(frozen=True)
class Assessment:
    """How good a version is: the document it makes, if it makes one, and what must or should be put right."""

    document: Document | None
    problems: tuple[Problem, ...]

    @property
    def stops(self) -> list[Problem]:
        """What must be put right before the version can be published."""
        return [problem for problem in self.problems if problem.level is Level.ERROR]

    @property
    def advice(self) -> list[Problem]:
        """What should be put right, but does not prevent publication."""
        return [problem for problem in self.problems if problem.level is not Level.ERROR]


class ItemSteps:
    """Every step an item can take. The errors mean the same as in Workflow."""

    def __init__(self, workflow: Workflow, audit: Audit, live: LiveLibrary, clock: Clock) -> None:
        self.workflow, self.shelf, self.reviews = workflow, workflow.shelf, workflow.reviews
        self._audit, self._live, self._clock = audit, live, clock
        self._renderer = shared_renderer()

    def find(self, kind: Kind, slug: str) -> Item | None:
        """Return the item of this kind and slug, or None."""
        if slug_problem(slug):
            return None
        file = file_of(kind, slug)
        stored, change = self.shelf.read(file), self.shelf.read(change_file(file))
        return Item(file, stored, change, kind, slug) if stored else None

    def is_public(self, item: Item) -> bool:
        """Whether the item's own file was approved: it is public, will be, or was."""
        return _state(item.stored.text) in ("published", "withdrawn")

    def standing(self, item: Item) -> ItemStanding:
        """Return the standing of the file itself, whatever change waits beside it."""
        document = self.assess(item.kind, item.slug, item.stored.text).document
        return standing_of(document, self._clock()) if document else unfinished(item.stored.text)

    def assess(self, kind: Kind, slug: str, text: str) -> Assessment:
        """Check a version of a document without saving it."""
        library, file = self._live.library, file_of(kind, slug)
        try:
            document = read_file(read_text(text.encode(), file), file, library.site, self._renderer)
        except Refused as refused:
            return Assessment(None, tuple(refused.problems))
        problems = check_document(document, library, self._clock(), LINKED)
        if prompt := prompt_left(text):
            problems = [Problem(file, None, Code.PROMPT_LEFT, {"prompt": prompt}), *problems]
        return Assessment(document, tuple(problems))

    def start(self, person: Person, kind: Kind, title: str, slug: str = "", like: Item | str = "") -> Item:
        """Start a draft, with a slug made from its title unless `slug` is given.

        `like`: an item to copy the words of, or the name of an entry of STARTS. A title in which no character can be
        part of an address gives a slug with today's date.
        """
        self._may_write(person, kind)
        if not title:
            raise NotAllowed(Refusal.NO_TITLE)
        if slug and (wrong := slug_problem(slug)):
            raise Refused([Problem(file_of(kind, "new"), None, Code.FILE_NAME, {**wrong.values, "why": wrong.code})])
        if slug and self._slug_is_taken(kind, slug):
            raise NotAllowed(Refusal.ADDRESS_TAKEN, slug=slug)
        slug = slug or slug_from_title(title)
        if not slug or slug_problem(slug):
            slug = f"{kind}-{self._clock().astimezone(self._live.library.site.zone):%Y-%m-%d}"
        named = slug
        slug = next(
            name for name in (slug, *(f"{slug[:76]}-{n}" for n in range(2, 99))) if not self._slug_is_taken(kind, name)
        )
        site, file = self._live.library.site, file_of(kind, slug)
        front: dict[str, Any] = {"title": title, "summary": title, "language": site.language, "state": "draft"}
        if kind == "news":
            front |= {"publish_at": wall_time(self._clock(), site.zone), "press_contact": next(iter(site.press), "")}
            front["related_help"] = [situation.page for situation in site.situations[:1]]
        else:
            front["tab_title"] = title[:30]
        if kind == "help" and site.groups:
            front["group"] = site.groups[0].id
        body = STARTS[like].body if isinstance(like, str) and like in STARTS else ""
        if isinstance(like, Item):
            copied, body = like.read()
            front |= {name: copied[name] for name in _COPIED if name in copied}
        text = compose({name: value for name, value in front.items() if value}, body)
        if (same := self.find(kind, named)) and self._begun_alike(person, same, text):
            return same  # the form was sent twice
        with self._audit.recorded(person.name, "started", file):
            stored = self.workflow.begin(person, file, text, f"Start {title}")
        return Item(file, stored, None, kind, slug)

    def _begun_alike(self, person: Person, item: Item, text: str) -> bool:
        """Whether `item` is a draft that this person has begun as `text`, and in which nobody has written since."""
        begun = read_document(text, item.file)
        try:
            front, body = item.read()
        except Refused:
            return False
        same = {**front, "publish_at": ""} == {**begun.values, "publish_at": ""} and body == begun.body
        return same and list(self.reviews.writers(item.file)) == [person.id]

    def save(self, person: Person, item: Item, fields: Fields, expected: str, ready: bool) -> Item:
        """Save what a person wrote on the version `expected`; `ready` also asks for approval."""
        self._may_write(person, item.kind)
        front, body = item.read()
        after, body = changed(fields, front, body, item.kind, self._clock(), self._live.library.site.zone)
        return self.save_text(
            person, item, compose({**after, "state": "ready" if ready else "draft"}, body, item.working.text), expected
        )

    def is_saved(self, item: Item, fields: Fields, expected: str, ready: bool) -> bool:
        """Whether `item` is what `save` made of these fields and the version `expected`: a form that was sent twice."""
        try:
            before = read_document(self.workflow.version(item, expected) or "", item.file)
            front, body = item.read()
        except Refused:
            return False
        zone = self._live.library.site.zone
        after, written = changed(fields, before.values, before.body, item.kind, self._clock(), zone)
        if written.strip("\n") != body.strip("\n") or front.get("state") != ("ready" if ready else "draft"):
            return False
        return _without_moments({**after, "state": ""}) == _without_moments({**front, "state": ""})

    def save_text(self, person: Person, item: Item, text: str, expected: str) -> Item:
        """Save a complete file that a person wrote on the version `expected`. Any state but "ready" becomes "draft"."""
        self._may_write(person, item.kind)
        ready = _state(text) == "ready"
        if ready and (stops := self.assess(item.kind, item.slug, text).stops):
            raise NotAllowed(Refusal.NOT_FIT_TO_SEND, problem=stops[0])
        if _state(text) not in ("draft", "ready"):
            text = _with_state(text, "draft")
        if expected != item.working.digest:
            now = item.working
            raise Conflict(now.file, now.text, now.digest)
        aside = self.is_public(item)
        message = f"{'Ready' if ready else 'Draft'}: {item.file}"
        with self._audit.recorded(person.name, "sent for approval" if ready else "saved", item.file):
            stored = self.workflow.keep(person, item, text, message, aside)
            with remembering():
                self.reviews.forget_typed(item.file, person.id)
        return replace(item, change=stored) if aside else replace(item, stored=stored, change=None)

    def keep_compared_change(self, person: Person, item: Item) -> None:
        """Record that a person compared both versions and still wants the waiting change."""
        self._may_write(person, item.kind)
        with self._audit.recorded(person.name, "goes on after a change outside the desk", item.file):
            self.reviews.wrote(item.file, person.id, person.name, self._clock(), base=item.stored.digest)

    def why_not_approve(self, person: Person, item: Item) -> Refusal | None:
        """Return why this person cannot approve the waiting version; None if they can."""
        if not person.may(*WRITERS[item.kind]):
            return Refusal.ROLE_DOES_NOT_APPROVE
        return self.workflow.why_not(person, item) or self.why_not_ready(item)

    @staticmethod
    def why_not_ready(item: Item) -> Refusal | None:
        """Return why nobody can approve the item now; None if it waits for approval."""
        return None if _state(item.working.text) == "ready" else Refusal.NOT_READY

    def approve(self, person: Person, item: Item, seen: str) -> Item | None:
        """Publish the waiting version, at once or at its time. `seen`: the digest of the version the person read.

        Returns None if that was the first of two approvals.
        """
        if why := self.why_not_approve(person, item):
            last = self.reviews.last(item.file) if why is Refusal.NOT_READY and self.is_public(item) else None
            if last and not item.change and last.verdict in ("approved", "override"):
                raise NotAllowed(Refusal.PUBLISHED_ALREADY, name=last.name)
            raise NotAllowed(why)
        self.workflow.check(item, seen)
        stored = self.workflow.approve(person, item, seen, self._made_public(item))
        return replace(item, stored=stored, change=None) if stored else None

    def override(self, person: Person, item: Item, seen: str, reason: str) -> Item:
        """Publish without a second person. It stays flagged until somebody else approves it."""
        self._may_write(person, item.kind)
        if not item.change and self.is_public(item):
            raise NotAllowed(Refusal.NOTHING_WAITS)
        self.workflow.check(item, seen)
        stored = self.workflow.override(person, item, seen, self._made_public(item), reason)
        return replace(item, stored=stored, change=None)

    def approve_afterwards(self, person: Person, item: Item, seen: str) -> bool:
        """Approve what was published by override. False if that was the first of two approvals."""
        self._may_write(person, item.kind)
        return self.workflow.approve_afterwards(person, item, seen)

    def effect(self, item: Item) -> Effect | None:
        """Return what approving would do; None if the item cannot be read as a page."""
        document = self.assess(item.kind, item.slug, self._as_approved(item)).document
        standing = self.standing(item) if self.is_public(item) else None
        return of_document(document, standing, self._clock()) if document else None

    def send_back(self, person: Person, item: Item, note: str) -> Item:
        """Make the waiting version a draft again, with a note that says why."""
        self._may_write(person, item.kind)
        if _state(item.working.text) != "ready":
            raise NotAllowed(Refusal.DRAFT_ALREADY)
        texts = {item.working_file: _with_state(item.working.text, "draft")}
        with self._audit.recorded(person.name, "sent back", item.file):
            (stored,) = self.workflow.rewrite(person, item, texts, f"Sent back: {item.file}")
            with remembering():
                self.reviews.decide(
                    item.file, stored.digest, "returned", person.id, person.name, self._clock(), note.strip()[:1000]
                )
        return replace(item, change=stored) if item.change else replace(item, stored=stored)

    def unschedule(self, person: Person, item: Item) -> Item:
        """Take an item that is not public yet out of the calendar. It becomes a draft again, with the change that
        waited beside it."""
        self._may_write(person, item.kind)
        if self.standing(item) != "scheduled":
            raise NotAllowed(Refusal.NOT_SCHEDULED)
        change = item.change
        with self._audit.recorded(person.name, "took out of the calendar", item.file), self.shelf.turn():
            changes: dict[str, tuple[str | bytes | None, str | None]] = {
                item.file: (_with_state(item.working.text, "draft"), item.stored.digest)
            }
            if change:
                changes[change.file] = (None, change.digest)
            stored = self.workflow.write(person, changes, f"Unscheduled: {item.file}")[0]
            with remembering():
                # A change is known by its own writers, whoever approved the version before it.
                self.reviews.reopened(item.file, "" if change else item.stored.digest, stored.digest)
                if change:
                    self.reviews.rewritten(item.file, change.digest, stored.digest)
        return replace(item, stored=stored, change=None)

    def restore(self, person: Person, item: Item, text: str, expected: str) -> Item:
        """Make a draft with old words. Everything else stays as it is now: dates, notes, withdrawal, addresses."""
        self._may_write(person, item.kind)
        old, (current, _) = read_document(text, item.file), item.read()
        unchanged = {name: value for name, value in current.items() if name not in WORDS}
        words = {name: value for name, value in old.values.items() if name in WORDS}
        text = compose({**unchanged, **words, "state": "draft"}, old.body, item.working.text)
        with self.workflow.restoring(person, item, expected):
            return self.save_text(person, item, text, expected)

    def bring_from_history(self, person: Person, kind: Kind, slug: str, text: str) -> Item:
        """Bring back a discarded draft."""
        self._may_write(person, kind)
        if self._slug_is_taken(kind, slug):
            raise NotAllowed(Refusal.ADDRESS_TAKEN_SINCE, slug=slug)
        file = file_of(kind, slug)
        draft = _with_state(text, "draft")
        with self._audit.recorded(person.name, "brought back", file):
            stored = self.workflow.begin(person, file, draft, f"Bring back {file}")
        return Item(file, stored, None, kind, slug)

    def withdraw(
        self, person: Person, item: Item, reason: str, removed: bool, replacement: str, with_change: bool = False
    ) -> Item:
        """Write the change that withdraws an item: it stays with the reason shown, is removed, or leads elsewhere.

        `with_change`: a change that waits already goes along. Otherwise it is discarded first, so that a withdrawal
        makes no words public that nobody has approved.
        """
        self._may_write(person, item.kind)
        if not self.is_public(item):
            raise NotAllowed(Refusal.NEVER_PUBLISHED)
        if self.standing(item) == "scheduled":
            raise NotAllowed(Refusal.NOT_SEEN_YET)
        if not reason.strip():
            raise NotAllowed(Refusal.NO_REASON_TO_WITHDRAW)
        if item.change and not with_change:
            self.discard(person, item)
            item = replace(item, change=None)
        front, body = item.read()
        site = self._live.library.site
        front["withdrawn"] = {"at": wall_time(self._clock(), site.zone), "reason": " ".join(reason.split())}
        front["withdrawn"] |= {"removed": "yes"} if removed else {}
        front["withdrawn"] |= {"replacement": replacement.strip()} if replacement.strip() else {}
        return self.save_text(
            person, item, compose({**front, "state": "ready"}, body, item.working.text), item.working.digest
        )

    def bring_back(self, person: Person, item: Item) -> Item:
        """Write the change that undoes a withdrawal."""
        self._may_write(person, item.kind)
        front, body = item.read()
        if not front.pop("withdrawn", None):
            raise NotAllowed(Refusal.NOT_WITHDRAWN)
        return self.save_text(
            person, item, compose({**front, "state": "ready"}, body, item.working.text), item.working.digest
        )

    def discard(self, person: Person, item: Item) -> None:
        """Discard the waiting change, or a draft that was never public. The history keeps it."""
        self._may_write(person, item.kind)
        if not item.change and self.is_public(item):
            raise NotAllowed(Refusal.PUBLIC_IS_NOT_DELETED)
        self.workflow.discard(person, item, draft=not item.change)

    def move(self, person: Person, item: Item, slug: str) -> Item:
        """Give an item another address; its translations go with it. If it is public, its old address leads there, and
        somebody has to approve the move afterwards."""
        self._may_write(person, item.kind)
        if wrong := slug_problem(slug):
            raise Refused([Problem(item.file, None, Code.FILE_NAME, {**wrong.values, "why": wrong.code})])
        if self._slug_is_taken(item.kind, slug):
            raise NotAllowed(Refusal.ADDRESS_TAKEN, slug=slug)
        public = self.is_public(item)
        if public and not person.may("editor"):
            raise NotAllowed(Refusal.ONLY_EDITORS_MOVE)
        file, moves = file_of(item.kind, slug), dict[str, tuple[str | bytes | None, str | None]]()
        rewritten: list[tuple[str, str, str]] = []
        for stored, target in ((item.stored, file), (item.change, change_file(file))):
            if stored:
                text = _with_former_slug(stored.text, item.slug, slug) if public else stored.text
                if stops := [p for p in self.assess(item.kind, slug, text).stops if p.code is Code.TELLING_WORD]:
                    raise Refused(stops[:1])
                moves |= {stored.file: (None, stored.digest), target: (text, None)}
                rewritten.append((file, stored.digest, digest_of(text)))
        with self._audit.recorded(person.name, "moved", item.file, file), self.shelf.turn():
            translations = self._translations(item.file)
            for before in translations:
                after = before.removesuffix(item.file) + file
                for name, target in ((before, after), (change_file(before), change_file(after))):
                    if stored := self.shelf.read(name):
                        text = _with_former_slug(stored.text, item.slug, slug) if public else stored.text
                        moves |= {name: (None, stored.digest), target: (text, None)}
                        rewritten.append((after, stored.digest, digest_of(text)))
            self.workflow.write(person, moves, f"Move {item.file} to {file}")
            moved = self.find(item.kind, slug)
            assert moved
            with remembering():
                for before in (item.file, *translations):
                    self.reviews.move(before, before.removesuffix(item.file) + file)
                for versions in rewritten:
                    self.reviews.rewritten(*versions)
                if public:
                    alone = (file, moved.stored.digest, item.stored.digest, person.id, person.name, self._clock())
                    self.reviews.flag(Override(*alone, f"Moved from {item.slug}"))
        return moved

    def _as_approved(self, item: Item) -> str:
        """Return the text that approving the waiting version would publish now. Raises Refused if it cannot be read."""
        front, body = item.read()
        now, site = self._clock(), self._live.library.site
        front["state"] = "withdrawn" if "withdrawn" in front else "published"
        document = self.assess(item.kind, item.slug, compose(front, body)).document
        never_public = not self.is_public(item)
        if item.kind == "news" and never_public and document and document.published_at and document.published_at < now:
            front["publish_at"] = wall_time(now, site.zone)
        return compose(front, body, item.working.text)

    def _made_public(self, item: Item) -> str:
        text = self._as_approved(item)
        if stops := self.assess(item.kind, item.slug, text).stops:
            raise NotAllowed(Refusal.NOT_FIT_TO_PUBLISH, problem=stops[0])
        return text

    def _translations(self, file: str) -> list[str]:
        """Return the files of the translations and other forms of a document, public or not."""
        site = self._live.library.site
        files = [f"{folder}/{file}" for folder in (*site.languages, *site.forms) if folder != site.language]
        return [name for name in files if self.shelf.read(name) or self.shelf.read(change_file(name))]

    def _slug_is_taken(self, kind: Kind, slug: str) -> bool:
        return self.shelf.read(file_of(kind, slug)) is not None

    @staticmethod
    def _may_write(person: Person, kind: Kind) -> None:
        if not person.may(*WRITERS[kind]):
            raise NotAllowed(Refusal.ROLE_DOES_NOT_WRITE)


def file_of(kind: Kind, slug: str) -> str:
    """Return the file of the document of this kind and slug: `news/first.md`."""
    return f"{_FOLDER_OF[kind]}/{slug}.md"


def unfinished(text: str) -> ItemStanding:
    """Return the standing of a file that makes no document yet: a draft that lacks something, or a broken file."""
    return "draft" if _state(text) in ("draft", "ready") else "broken"


def standing_of(document: Document, now: Any) -> ItemStanding:
    """Return the standing of a document at `now` (aware)."""
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


def as_if_public(
    document: Document, library: Library, now: datetime, outside: bool
) -> tuple[Library, PublicLibrary, datetime]:
    """Return what a preview needs: the library with `document` published, the public library at a moment when it is
    public, and that moment.

    A person `outside` the desk sees nothing else that is hidden now, even if it is public at that moment.
    """
    meta = document.meta
    moments = [now, meta.publish_at, *(note.at for note in meta.updates), meta.withdrawn.at if meta.withdrawn else None]
    state = "withdrawn" if meta.withdrawn else "published"
    shown = replace(document, meta=meta.model_copy(update={"state": state, "expires_at": None}))
    other_documents = tuple(other for other in library.documents if other.path != document.path)
    whole, moment = replace(library, documents=(*other_documents, shown)), max(moment for moment in moments if moment)
    public = whole.public(moment)
    if outside:
        today = replace(library, documents=other_documents).public(now)
        parts = {name: getattr(today, name) for name in ("shown", "withdrawn", "removed")}
        for name in parts:
            parts[name] = (*parts[name], *(page for page in getattr(public, name) if page is shown))
        public = replace(public, **parts)
    return whole, public, moment


def _state(text: str) -> str:
    try:
        state = read_document(text, "").values.get("state", "draft")
    except Refused:
        return "broken"
    return state if isinstance(state, str) else "broken"


def _without_moments(front: dict[str, Any]) -> dict[str, Any]:
    """The front matter without the moments of its notes, which two saves of a form may differ in."""
    notes = [{**note, "at": ""} for note in notes_of(front)]
    return {**front, "updates": notes} if notes else front


def _with_state(text: str, state: str) -> str:
    written = read_document(text, "")
    return compose({**written.values, "state": state}, written.body, text)


def _with_former_slug(text: str, former: str, slug: str) -> str:
    written = read_document(text, "")
    slugs = [name for name in written.values.get("previous_slugs", []) if name not in (slug, former)]
    return compose({**written.values, "previous_slugs": [*slugs, former]}, written.body, text)
