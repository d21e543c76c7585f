"""The ledger: which fact of facts.yaml is on which page, what is due, and which figures have no fact.

A fact is written down once, with its source; a page names the facts it prints (`facts:` in its front matter). So a
change in the law names every page that has to change, and we find a number without a source before a reader does.
"""

from datetime import datetime, timedelta

from sidedoor.documents.document import Document
from sidedoor.documents.figures import figures, holds
from sidedoor.documents.library import Library
from sidedoor.documents.models import Contact, Fact

NOTICE_DAYS = 30
"""How long before its day a check counts as due."""


def unlisted(document: Document, library: Library) -> list[str]:
    """Figures that a help page or a page prints but that neither its facts nor a contact holds, each once, in order.

    A contact holds its numbers wherever they are printed, and everything on its card on a page that shows the card.
    News is dated, so its figures are its own.
    """
    if document.kind == "news":
        return []
    fact_ids = {*document.meta.facts, *(original.meta.facts if (original := library.original_of(document)) else ())}
    facts = [library.facts[name] for name in fact_ids if name in library.facts]
    values = [value for fact in facts for value in fact.values]
    for contact in library.contacts.values():
        values += _printed(contact) if contact.id in document.contact_ids else _numbers(contact)
    texts = [document.title, document.summary, *document.sentences]
    printed = (figure for text in texts for figure in figures(text, document.language))
    return [figure for figure in dict.fromkeys(printed) if not any(holds(value, figure) for value in values)]


def facts_that_hold(figure: str, library: Library) -> list[str]:
    """Ids of the facts that a page printing `figure` may mean."""
    return [fact.id for fact in library.facts.values() if any(holds(value, figure) for value in fact.values)]


def pages_of(fact: Fact, library: Library) -> list[Document]:
    """The documents that say they print `fact`, in the order of their files."""
    pages = [document for document in library.documents if fact.id in document.meta.facts]
    originals = {(document.kind, document.slug) for document in pages if not document.folder}
    pages += [
        page for page in library.documents if page.folder and page not in pages and (page.kind, page.slug) in originals
    ]
    return sorted(pages, key=lambda page: page.file)


def facts_due(library: Library, now: datetime) -> list[Fact]:
    """The printed facts whose check is overdue or due soon, the longest overdue first."""
    day = now.astimezone(library.site.zone).date() + timedelta(days=NOTICE_DAYS)
    printed = {name for document in library.documents for name in document.meta.facts}
    due = (fact for fact in library.facts.values() if fact.id in printed and fact.check_by <= day)
    return sorted(due, key=lambda fact: fact.check_by)


def _numbers(contact: Contact) -> list[str]:
    return [number for number in (contact.phone, contact.text, contact.textphone) if number]


def _printed(contact: Contact) -> list[str]:
    return [value for value in contact.model_dump(exclude={"source", "url"}).values() if isinstance(value, str)]
