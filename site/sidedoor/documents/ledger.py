"""The ledger: which fact of facts.yaml stands on which page, what is due, and what a page prints that no fact holds.

A fact is written down once, with its source; a page names the facts it prints (`facts:` in its front matter). So a law
that changes names every page that has to change, and a number without a source is found before a reader finds it.
"""

from datetime import datetime, timedelta

from sidedoor.documents.document import Document
from sidedoor.documents.figures import figures, holds
from sidedoor.documents.library import Library
from sidedoor.documents.models import Contact, Fact

NOTICE_DAYS = 30
"""How long before its day something counts as due."""


def unlisted(document: Document, library: Library) -> list[str]:
    """Figures that a help page or a page prints, and neither its facts nor a contact hold, each once, in order.

    A contact holds its numbers wherever they are printed, and all that its card says on a page that shows the card.
    News is dated and its figures are its own.
    """
    if document.kind == "news":
        return []
    named = {*document.meta.facts, *(original.meta.facts if (original := library.original_of(document)) else ())}
    listed = [library.facts[name] for name in named if name in library.facts]
    values = [value for fact in listed for value in fact.values]
    for contact in library.contacts.values():
        values += _printed(contact) if contact.id in document.contact_ids else _numbers(contact)
    written = [document.title, document.summary, *document.sentences]
    found = (figure for text in written for figure in figures(text, document.language))
    return [figure for figure in dict.fromkeys(found) if not any(holds(value, figure) for value in values)]


def facts_that_hold(figure: str, library: Library) -> list[str]:
    """Ids of the facts that a page which prints `figure` may mean."""
    return [fact.id for fact in library.facts.values() if any(holds(value, figure) for value in fact.values)]


def pages_of(fact: Fact, library: Library) -> list[Document]:
    """The documents that say they print it, by file."""
    found = [document for document in library.documents if fact.id in document.meta.facts]
    originals = {(document.kind, document.slug) for document in found if not document.folder}
    found += [one for one in library.documents if one.folder and one not in found and (one.kind, one.slug) in originals]
    return sorted(found, key=lambda one: one.file)


def facts_due(library: Library, now: datetime) -> list[Fact]:
    """The facts on some page whose day is past or near, the longest overdue first."""
    day = now.astimezone(library.site.zone).date() + timedelta(days=NOTICE_DAYS)
    printed = {name for document in library.documents for name in document.meta.facts}
    due = (fact for fact in library.facts.values() if fact.id in printed and fact.check_by <= day)
    return sorted(due, key=lambda fact: fact.check_by)


def _numbers(contact: Contact) -> list[str]:
    return [number for number in (contact.phone, contact.text, contact.textphone) if number]


def _printed(contact: Contact) -> list[str]:
    return [value for value in contact.model_dump(exclude={"source", "url"}).values() if isinstance(value, str)]
