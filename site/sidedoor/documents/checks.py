"""What `flask content check` looks at once files are read: links, telling words, what is due, how easy it reads."""

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from sidedoor.documents.document import Document, Visibility, path_of
from sidedoor.documents.ledger import NOTICE_DAYS, facts_due, facts_that_hold, pages_of, unlisted
from sidedoor.documents.library import Library
from sidedoor.documents.models import HelpMeta
from sidedoor.documents.problems import Level, Problem
from sidedoor.documents.readability import flesch_kincaid_grade

CONTACT_CHECK_DAYS = 90
REVIEW_DAYS = 365
EXPIRY_NOTICE_DAYS = 14
EASIEST_GRADE_FOR = {"help": 6.0, "page": 9.0, "news": 12.0}
LONGEST_SENTENCE_FOR = {"help": 25, "page": 30, "news": 40}


def check_library(library: Library, now: datetime, places: Collection[str]) -> list[Problem]:
    """Everything wrong (errors) or due (warnings) at `now`, in the order of files and lines.

    `places`: the site's own addresses, beside those of documents, that a link may lead to.
    """
    problems = [*library.problems]
    for document in library.documents:
        problems += check_document(document, library, now, places)
    problems += _site(library)
    problems += _contacts(library)
    problems += _contacts_due(library, now)
    problems += _facts_due(library, now)
    return sorted(set(problems), key=lambda problem: (problem.level, problem.file, problem.line or 0, problem.what))


def check_document(document: Document, library: Library, now: datetime, places: Collection[str]) -> list[Problem]:
    """The same for one document, which may be one that is not in the `library` yet."""
    return [
        *_links(document, library, places),
        *_hidden_links(document, library, now),
        *_telling_words(document, library),
        *_reading(document),
        *_news(document, library),
        *_summary(document),
        *facts_of(document, library),
        *due_of(document, now),
    ]


def reading_age(document: Document) -> int | None:
    """The age, in years, at which a text in English reads with ease; None if it is not in English, or has no words."""
    if not document.language.startswith("en") or not document.sentences:
        return None
    return max(5, round(flesch_kincaid_grade(document.sentences)) + 5)


def long_sentences(sentences: Iterable[str], most: int) -> list[str]:
    """Sentences of more than `most` words."""
    split = (sentence for text in sentences for sentence in re.split(r"(?<=[.!?…])[”’\"')]*\s+", text))
    return [sentence for sentence in split if len(sentence.split()) > most]


def _links(document: Document, library: Library, places: Collection[str]) -> Iterator[Problem]:
    addresses = {*places, *(other.path for other in library.documents)}
    written = [note.link for note in document.meta.updates if note.link]
    for link in (*document.links, *written):
        if link.partition("#")[0] not in addresses:
            yield Problem(
                document.file, None, f"The link {link} leads to no page of this site.", "Correct it, or write the page."
            )
    slugs = {other.slug for other in library.documents if other.kind == "help"}
    for slug in document.meta.related_help:
        if slug not in slugs:
            yield Problem(
                document.file,
                None,
                f"`related_help` names “{slug}”, which is no help page.",
                "Correct it, or delete it.",
            )
    for contact in document.contact_ids:
        if contact not in library.contacts:
            yield Problem(document.file, None, f"There is no contact “{contact}”.", "Use an id of contacts.yaml.")
    for picture in document.pictures:
        if picture not in library.pictures:
            yield Problem(
                document.file,
                None,
                f"The picture {picture} cannot be shown.",
                "Put it in content/images, or correct its name.",
            )


def _hidden_links(document: Document, library: Library, now: datetime) -> Iterator[Problem]:
    """Links to what readers cannot open when this is public: their words stand without a link until they can."""
    opens = max(now, document.meta.publish_at or now)
    hidden = {
        other.path: other for other in library.documents
        if other.visibility(opens) in (Visibility.HIDDEN, Visibility.REMOVED) and other is not document
    }  # fmt: skip
    withdrawn, own = document.meta.withdrawn, (library.site.url or "").rstrip("/")
    addresses = [
        *(link.partition("#")[0] for link in document.links),
        *(note.link for note in document.meta.updates if note.link),
        *(path_of("help", slug) for slug in document.meta.related_help),
        *([withdrawn.replacement] if withdrawn and withdrawn.replacement else []),
        *(path for path in hidden if own and f'"{own}{path}"' in document.html + document.notes_html),
    ]
    for address in dict.fromkeys(addresses):
        if address in hidden and address != document.path:
            starts = hidden[address].meta.publish_at
            published = hidden[address].meta.state in ("published", "withdrawn")
            later = published and starts is not None and starts > opens
            when = f"until {starts.astimezone(library.site.zone):%Y-%m-%d %H:%M}" if later and starts else "now"
            what = f"Readers cannot open {address} {when}."
            instead = "Its words stand without a link until they can; take them out if they tell too much."
            yield Problem(document.file, None, what, instead, Level.WARNING)


def _telling_words(document: Document, library: Library) -> Iterator[Problem]:
    if not document.group:
        return
    for name, text in (("tab_title", document.tab_title), ("title", document.title), ("slug", document.slug)):
        for word in re.findall(r"[a-z]+", text.lower()):
            if any(word.startswith(telling) for telling in library.site.telling_words):
                yield Problem(
                    document.file, None, f"The {name} gives the page away: “{word}”.",
                    "Choose words that anybody may read over a shoulder.",
                )  # fmt: skip


def _reading(document: Document) -> Iterator[Problem]:
    if not document.language.startswith("en"):
        return
    # A tool that stands among the help pages is read by the same people.
    kind = "help" if document.group else document.kind
    level = Level.ERROR if kind == "help" else Level.WARNING
    grade, most = flesch_kincaid_grade(document.sentences), EASIEST_GRADE_FOR[kind]
    if grade > most:
        yield Problem(
            document.file,
            None,
            f"It reads at grade {grade:.1f}; {most:g} is the most.",
            "Use shorter sentences and words.",
            level,
        )
    for sentence in long_sentences(document.sentences, LONGEST_SENTENCE_FOR[kind]):
        start = " ".join(sentence.split()[:6])
        yield Problem(
            document.file, None, f"The sentence “{start} …” has {len(sentence.split())} words.", "Make it two.", level
        )


def _news(document: Document, library: Library) -> Iterator[Problem]:
    if document.kind != "news":
        return
    if not document.meta.related_help:
        what, instead = "It names no help page.", "Add related_help: with the slugs of pages its readers may need."
        yield Problem(document.file, None, what, instead, Level.WARNING)
    written = " ".join([document.title, document.summary, *document.sentences])
    for words, instead in library.site.words_to_avoid.items():
        if re.search(rf"\b{re.escape(words)}\b", written, re.IGNORECASE):
            yield Problem(document.file, None, f"It says “{words}”.", instead, Level.WARNING)


def _summary(document: Document) -> Iterator[Problem]:
    if document.summary.strip(" .").lower() == document.title.strip(" .").lower():
        what, instead = "The summary only repeats the title.", "Say in a sentence what is new."
        yield Problem(document.file, None, what, instead, Level.WARNING)


def facts_of(document: Document, library: Library) -> Iterator[Problem]:
    """Facts it names that are not there; and, where the site keeps a ledger, figures it prints that no fact holds."""
    for name in document.meta.facts:
        if name not in library.facts:
            what = f"`facts` names “{name}”, which is not in facts.yaml."
            yield Problem(document.file, None, what, "Correct it, or add the fact with its source.")
    for figure in unlisted(document, library) if library.facts else ():
        what = f"It prints “{figure}”, and no fact it lists holds that."
        known = facts_that_hold(figure, library)
        instead = (
            f"If it is one of these, name it in `facts`: {', '.join(known)}."
            if known
            else "Write the fact into facts.yaml with its source, and its id into `facts`; or take it out."
        )
        yield Problem(document.file, None, what, instead, Level.WARNING)


def due_of(document: Document, now: datetime) -> Iterator[Problem]:
    """What somebody has to look at because of its day: a review, a legal review, an end."""
    meta = document.meta
    if isinstance(meta, HelpMeta) and not meta.sources:
        yield Problem(document.file, None, "No sources are named.", "Add sources:, one line for each.")
    if meta.awaiting_review:
        yield Problem(
            document.file,
            None,
            "This awaits a reviewer's eyes.",
            "Have it read; then delete awaiting_review.",
            Level.WARNING,
        )
    if meta.legal_review_on and meta.legal_review_on <= now.date():
        yield Problem(
            document.file,
            None,
            f"Its legal review was due on {meta.legal_review_on}.",
            "Ask whether it may stay; then change or delete legal_review_on.",
            Level.WARNING,
        )
    if meta.check and not meta.check_by:
        what, instead = "Nobody has said by when its facts are to be looked at again.", "Add check_by: with a day."
        yield Problem(document.file, None, what, instead)
    if meta.check_by and meta.check_by <= now.date() + timedelta(days=NOTICE_DAYS):
        yield Problem(
            document.file,
            None,
            f"Its facts are to be looked at again by {meta.check_by}.",
            "Look each one up at its source; then change check_by.",
            Level.WARNING,
        )
    if meta.expires_at and now <= meta.expires_at < now + timedelta(days=EXPIRY_NOTICE_DAYS):
        yield Problem(
            document.file,
            None,
            f"It leaves the site on {meta.expires_at:%Y-%m-%d}.",
            "Let it go, or change expires_at.",
            Level.WARNING,
        )
    if document.kind == "help" and not meta.reviewed:
        yield Problem(
            document.file,
            None,
            "Nobody has said when this was reviewed.",
            "Review it and add reviewed:.",
            Level.WARNING,
        )
    elif meta.reviewed and now.date() - meta.reviewed > timedelta(days=REVIEW_DAYS):
        yield Problem(
            document.file,
            None,
            f"It was last reviewed on {meta.reviewed}.",
            "Review it and change reviewed:.",
            Level.WARNING,
        )


def _site(library: Library) -> Iterator[Problem]:
    slugs = {document.slug for document in library.documents if document.kind == "help"}
    for situation in library.site.situations:
        if situation.page not in slugs:
            yield Problem(
                "site.toml",
                None,
                f"“{situation.says}” leads to no help page.",
                f"Write help/{situation.page}.md, or choose another.",
            )
    for contact in library.site.chat.instead if library.site.chat else ():
        if contact not in library.contacts:
            yield Problem("site.toml", None, f"There is no contact “{contact}”.", "Use an id of contacts.yaml.")


def _contacts(library: Library) -> Iterator[Problem]:
    """A card that leads nowhere, a chat without an address, and areas that the site does not have."""

    def wrong(what: str, instead: str) -> Problem:
        return Problem("contacts.yaml", None, what, instead)

    areas = [area.name for area in library.site.areas]
    for contact in library.contacts.values():
        if not (contact.phone or contact.text or contact.email or contact.url or contact.textphone):
            yield wrong(
                f"Nobody can reach “{contact.id}” from its card.", "Add a phone, text, email or url, or take it out."
            )
        if contact.webchat and not contact.url:
            yield wrong(f"“{contact.id}” has a chat, but not where it is.", "Add its url, or delete webchat.")
        if contact.sign_up and not contact.text:
            yield wrong(f"“{contact.id}” has a sign_up, but no text.", "Add the number to text, or delete sign_up.")
        if contact.area and areas and contact.area not in areas:
            yield wrong(
                f"“{contact.id}” is in an area that site.toml does not list: “{contact.area}”.",
                "Add it to areas, or correct it.",
            )
    for area in library.site.areas:
        for name in area.within:
            if name not in areas:
                what = f"“{area.name}” lies within “{name}”, which is no area."
                yield Problem("site.toml", None, what, "Add it to areas, or correct it.")


def _contacts_due(library: Library, now: datetime) -> Iterator[Problem]:
    for contact in library.contacts.values():
        if not contact.checked:
            what = f"“{contact.id}” was never checked."
        elif now.date() - contact.checked > timedelta(days=CONTACT_CHECK_DAYS):
            what = f"“{contact.id}” was last checked on {contact.checked}."
        else:
            continue
        yield Problem(
            "contacts.yaml", None, what, "Ring or visit it, then write today's date in checked:.", Level.WARNING
        )


def _facts_due(library: Library, now: datetime) -> Iterator[Problem]:
    for fact in facts_due(library, now):
        pages = ", ".join(page.file for page in pages_of(fact, library)) or "no page"
        what = f"“{fact.id}” is to be looked up again by {fact.check_by}; it stands on {pages}."
        yield Problem("facts.yaml", None, what, "Look at its source, then change check_by.", Level.WARNING)
