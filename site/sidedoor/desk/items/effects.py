"""Says what approving would do, in words that follow “Approve:”. A button has to say exactly what it does."""

from datetime import datetime
from typing import Literal

from sidedoor.desk.contacts.file import read_records
from sidedoor.desk.words import moment_in_words
from sidedoor.documents.document import Document
from sidedoor.documents.models import Withdrawal
from sidedoor.documents.site import Site

ItemStanding = Literal["draft", "ready", "scheduled", "published", "withdrawn", "removed", "expired", "broken"]
_MOST_NAMED = 3


def of_document(document: Document, before: ItemStanding | None, now: datetime, site: Site) -> str:
    """Say how publishing `document` at `now` would change what readers see. `before`: the public version's standing.

    The order of the cases is that of `Document.visibility`.
    """
    meta = document.meta
    if meta.expires_at and now >= meta.expires_at:
        return "changes what is off the site" if before in (None, "expired") else "takes it off the site now"
    if meta.publish_at and now < meta.publish_at:
        moment = moment_in_words(meta.publish_at, site)
        if before == "scheduled":
            return f"changes what goes live {moment}"
        seen = before in ("published", "withdrawn", "removed")
        return f"takes it off the site now, until {moment}" if seen else f"goes live {moment}"
    if meta.withdrawn and before in ("withdrawn", "removed") and _same_way(meta.withdrawn, before):
        return "changes the text of the withdrawn page now" if before == "withdrawn" else "changes the removed page now"
    if meta.withdrawn:
        verb, ending = _withdrawing(meta.withdrawn, ("withdraws it", "removes it", "replaces it"))
        at = meta.withdrawn.at
        return f"{verb} {moment_in_words(at, site) if at > now else 'now'}{ending}"
    if before in ("withdrawn", "removed", "expired"):
        return "brings it back now"
    return "changes the public text now" if before == "published" else "goes live now"


def of_withdrawal(withdrawn: Withdrawal) -> str:
    """Say what happens to a page at the moment of its withdrawal."""
    return "".join(_withdrawing(withdrawn, ("is withdrawn", "is removed", "is replaced")))


def of_contacts(public: str, waiting: str) -> str:
    """Say how publishing `waiting` would change the contacts."""
    before = {record["id"]: record for record in read_records(public)}
    after = {record["id"]: record for record in read_records(waiting)}
    ways = {
        "adds": [after[contact] for contact in after if contact not in before],
        "changes": [after[contact] for contact in after if contact in before and before[contact] != after[contact]],
        "takes out": [before[contact] for contact in before if contact not in after],
    }
    effects = [f"{verb} {_named(records)}" for verb, records in ways.items() if records]
    return f"{', '.join(effects)} now" if effects else "changes no contact"


def _named(records: list[dict[str, str]]) -> str:
    if len(records) > _MOST_NAMED:
        return f"{len(records)} contacts"
    return " and ".join(str(record.get("name", record["id"])) for record in records)


def _same_way(withdrawn: Withdrawal, before: ItemStanding) -> bool:
    return withdrawn.removed == (before == "removed")


def _withdrawing(withdrawn: Withdrawal, words: tuple[str, str, str]) -> tuple[str, str]:
    """The verb, and the words that follow it and its moment."""
    if withdrawn.removed and withdrawn.replacement:
        return f"{words[2]} with {withdrawn.replacement}", ""
    return (words[1], "") if withdrawn.removed else (words[0], ", under its reason")
