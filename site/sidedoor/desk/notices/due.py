"""Works out who has to be told of what from the desk's present state, so nothing is lost when a process ends.

What is true now (something waits, a contact is due) is compared with the notices that exist. What happened (approved,
sent back) was recorded in the same step as the decision itself.
"""

from collections.abc import Iterable, Iterator

from sidedoor.desk.contacts.views import contacts_due
from sidedoor.desk.current import Desk
from sidedoor.desk.health.checks import backup_late, broken_files
from sidedoor.desk.items.files import change_file
from sidedoor.desk.items.steps import WRITERS, standing_of
from sidedoor.desk.notices.store import Kind, NewNotice
from sidedoor.desk.people.person import Person, Role
from sidedoor.documents.document import folder_of, kind_of, slug_of
from sidedoor.documents.front_matter import read_document
from sidedoor.documents.problems import Refused
from sidedoor.documents.reading import CONTACTS, SITE

MAY_BE_TOLD: dict[Kind, tuple[Role, ...]] = {
    Kind.WAITS: ("press", "editor", "admin"),
    Kind.ALONE: ("press", "editor"),
    Kind.APPROVED: ("press", "editor", "admin"),
    Kind.LIVE: ("press", "editor"),
    Kind.SENT_BACK: ("press", "editor"),
    Kind.COMMENT: ("press", "editor"),
    Kind.MESSAGE: ("press", "editor"),
    Kind.CONTACTS_DUE: ("editor", "admin"),
    Kind.BROKEN: ("editor", "admin"),
    Kind.BACKUP_LATE: ("admin",),
}
"""The roles that each kind of notice concerns."""
_STANDING = tuple(kind for kind in Kind if kind not in (Kind.APPROVED, Kind.LIVE, Kind.SENT_BACK))


def tell(desk: Desk) -> None:
    """Bring everybody's notices up to date. Raises sqlite3.Error, OSError or Stopped; the next call tries again."""
    people, now = desk.staff.everybody(), desk.clock()
    desk.feedback.delete_older(desk.settings.message_days, now)
    desk.notices.set_current(_STANDING, list(_current_notices(desk, people)), now)
    _tell_writers(desk, {person.id for person in people})
    for gone in set(desk.notices.people()) - {person.id for person in people}:
        desk.notices.forget(gone)


def _current_notices(desk: Desk, people: Iterable[Person]) -> Iterator[NewNotice]:
    people = list(people)
    alone = {override.file for override in desk.reviews.overrides()}
    for file in _files_waiting(desk):
        yield from _to_other_writers(desk, people, Kind.WAITS, file, desk.reviews.writers(file))
    for file in alone:
        yield from _to_other_writers(desk, people, Kind.ALONE, file, desk.reviews.writers(file, "alone"))
    by_id = {person.id: person for person in people}
    for comment in desk.comments.unseen():
        reader, item_kind = by_id.get(comment.person), kind_of(comment.file)
        if reader and item_kind and reader.may(*WRITERS[item_kind]):
            yield NewNotice(
                reader.id,
                Kind.COMMENT,
                f"{comment.number} {comment.file}",
                f"{_path(comment.file)}#comment-{comment.number}",
            )
    for message in desk.feedback.all():
        if not message.taken_by and not message.answered:
            for person in people:
                if person.may(*MAY_BE_TOLD[Kind.MESSAGE]):
                    yield NewNotice(person.id, Kind.MESSAGE, str(message.number), "/messages")
    for kind, applies in (
        (Kind.CONTACTS_DUE, bool(contacts_due(desk.live.library, desk.clock()))),
        (Kind.BROKEN, broken_files(desk) > 0),
        (Kind.BACKUP_LATE, backup_late(desk) is not None),
    ):
        if applies:
            for person in people:
                if person.may(*MAY_BE_TOLD[kind]):
                    yield NewNotice(person.id, kind, kind.value, "/" if person.may("press", "editor") else "/notices")


def _files_waiting(desk: Desk) -> Iterator[str]:
    """Yield the files that have a version waiting for approval."""
    changed = set(desk.shelf.waiting())
    for document in desk.live.library.documents:
        if document.meta.state == "ready" and document.file not in changed:
            yield document.file
    for file in changed:
        if file in (CONTACTS, SITE) or _is_ready(desk, file):
            yield file


def _is_ready(desk: Desk, file: str) -> bool:
    change = desk.shelf.read(change_file(file))
    try:
        return change is not None and read_document(change.text, file).values.get("state") == "ready"
    except Refused:
        return False


def _to_other_writers(
    desk: Desk, people: Iterable[Person], kind: Kind, file: str, writers: Iterable[int]
) -> Iterator[NewNotice]:
    item_kind = kind_of(file)
    roles: tuple[Role, ...] = WRITERS[item_kind] if item_kind else ("admin", "editor") if file == SITE else ("editor",)
    for person in people:
        if person.may(*roles) and person.id not in writers:
            yield NewNotice(person.id, kind, file, _path(file))


def _tell_writers(desk: Desk, people: set[int]) -> None:
    now, documents = desk.clock(), {document.file: document for document in desk.live.library.documents}
    for outcome in desk.reviews.outcomes():
        document = documents.get(outcome.file)
        standing = standing_of(document, now) if document else None
        kind = Kind.SENT_BACK if outcome.verdict == "returned" else Kind.APPROVED
        if outcome.verdict == "scheduled" and standing == "scheduled":
            continue  # the writer knows that it was approved, and it is not live yet
        if outcome.verdict != "returned" and standing == "published":
            kind = Kind.LIVE
        if outcome.writer in people and (outcome.verdict != "scheduled" or kind is Kind.LIVE):
            subject = f"{outcome.number} {outcome.file}"
            desk.notices.give([NewNotice(outcome.writer, kind, subject, _path(outcome.file))], now)
        desk.reviews.mark_told([outcome], until_live=outcome.verdict != "returned" and standing == "scheduled")


def _path(file: str) -> str:
    if folder_of(file):
        return f"/translations/{file.removesuffix('.md')}"
    kind = kind_of(file)
    return f"/items/{kind}/{slug_of(file)}/review" if kind else "/settings" if file == SITE else "/contacts"
