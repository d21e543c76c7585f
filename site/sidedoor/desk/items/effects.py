"""Works out what approving would do to what readers see, as facts. Their words are in `effect_words.py`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto
from typing import Literal

from sidedoor.desk.contacts.file import read_records
from sidedoor.documents.document import Document
from sidedoor.documents.models import Withdrawal

ItemStanding = Literal["draft", "ready", "scheduled", "published", "withdrawn", "removed", "expired", "broken"]


class What(StrEnum):
    """What happens to a page."""

    GOES_LIVE = auto()
    CHANGES_SCHEDULED = auto()
    CHANGES_PUBLIC = auto()
    CHANGES_WITHDRAWN = auto()
    CHANGES_REMOVED = auto()
    CHANGES_EXPIRED = auto()
    BRINGS_BACK = auto()
    TAKES_OFF = auto()
    TAKES_OFF_UNTIL = auto()
    WITHDRAWS = auto()
    REMOVES = auto()
    REPLACES = auto()
    # Only in the calendar
    LEAVES = auto()
    IS_OVERDUE = auto()


@dataclass(frozen=True)
class Effect:
    """What happens to a page. `at`: its moment (aware); None: at once. `replacement`: the page that takes its place."""

    what: What
    at: datetime | None = None
    replacement: str = ""


@dataclass(frozen=True)
class ContactsEffect:
    """The names of the contacts that approving would add, change and take out."""

    adds: tuple[str, ...]
    changes: tuple[str, ...]
    takes_out: tuple[str, ...]


def of_document(document: Document, before: ItemStanding | None, now: datetime) -> Effect:
    """Return how publishing `document` at `now` would change what readers see. `before`: the public version's standing.

    The order of the cases is that of `Document.visibility`.
    """
    meta = document.meta
    if meta.expires_at and now >= meta.expires_at:
        return Effect(What.CHANGES_EXPIRED if before in (None, "expired") else What.TAKES_OFF)
    if meta.publish_at and now < meta.publish_at:
        if before == "scheduled":
            return Effect(What.CHANGES_SCHEDULED, meta.publish_at)
        seen = before in ("published", "withdrawn", "removed")
        return Effect(What.TAKES_OFF_UNTIL if seen else What.GOES_LIVE, meta.publish_at)
    if meta.withdrawn and before in ("withdrawn", "removed") and meta.withdrawn.removed == (before == "removed"):
        return Effect(What.CHANGES_WITHDRAWN if before == "withdrawn" else What.CHANGES_REMOVED)
    if meta.withdrawn:
        return of_withdrawal(meta.withdrawn, now)
    if before in ("withdrawn", "removed", "expired"):
        return Effect(What.BRINGS_BACK)
    return Effect(What.CHANGES_PUBLIC if before == "published" else What.GOES_LIVE)


def of_withdrawal(withdrawn: Withdrawal, now: datetime) -> Effect:
    """Return what a withdrawal does to a page."""
    at = withdrawn.at if withdrawn.at > now else None
    if withdrawn.removed and withdrawn.replacement:
        return Effect(What.REPLACES, at, withdrawn.replacement)
    return Effect(What.REMOVES if withdrawn.removed else What.WITHDRAWS, at)


def of_contacts(public: str, waiting: str) -> ContactsEffect:
    """Return how publishing `waiting` would change the contacts."""
    before = {record["id"]: record for record in read_records(public)}
    after = {record["id"]: record for record in read_records(waiting)}
    names = {contact: str(record.get("name", contact)) for contact, record in (before | after).items()}
    return ContactsEffect(
        adds=tuple(names[contact] for contact in after if contact not in before),
        changes=tuple(names[contact] for contact in after if contact in before and before[contact] != after[contact]),
        takes_out=tuple(names[contact] for contact in before if contact not in after),
    )
