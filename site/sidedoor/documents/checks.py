"""What `flask content check` looks at once files are read: links, telling words, what is due, how easy it reads."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import textstat

from sidedoor.documents.document import Document
from sidedoor.documents.library import Library
from sidedoor.documents.models import HelpMeta
from sidedoor.documents.problems import Level, Problem

CONTACT_CHECK_DAYS = 90
REVIEW_DAYS = 365
EXPIRY_NOTICE_DAYS = 14
EASIEST_GRADE_FOR = {"help": 6.0, "page": 9.0, "news": 12.0}
LONGEST_SENTENCE_FOR = {"help": 25, "page": 30, "news": 40}
_OWN_ADDRESSES = {"/", "/help", "/contacts", "/news", "/search", "/feedback", "/chat"}


def check_library(library: Library, now: datetime) -> list[Problem]:
    """Everything wrong (errors) or due (warnings) at `now`, in the order of files and lines."""
    problems = [*library.problems]
    for document in library.documents:
        problems += check_document(document, library, now)
    problems += _site(library)
    problems += _contacts_due(library, now)
    return sorted(set(problems), key=lambda problem: (problem.level, problem.file, problem.line or 0, problem.what))


def check_document(document: Document, library: Library, now: datetime) -> list[Problem]:
    """The same for one document, which may be one that is not in the `library` yet."""
    return [
        *_links(document, library),
        *_telling_words(document, library),
        *_reading(document),
        *_news(document, library),
        *_summary(document),
        *due_of(document, now),
    ]


def flesch_kincaid_grade(sentences: Iterable[str]) -> float:
    """US school grade of a text given block by block, each a sentence or more. The age is the grade plus five."""
    blocks = [text if text[-1] in ".!?:…" else f"{text}." for text in sentences if re.search(r"[^\W\d]", text)]
    return float(textstat.flesch_kincaid_grade("\n".join(blocks))) if blocks else 0.0


def reading_age(document: Document) -> int | None:
    """The age, in years, at which a text in English reads with ease; None if it is not in English, or has no words."""
    if not document.language.startswith("en") or not document.sentences:
        return None
    return max(5, round(flesch_kincaid_grade(document.sentences)) + 5)


def long_sentences(sentences: Iterable[str], most: int) -> list[str]:
    """Sentences of more than `most` words."""
    split = (sentence for text in sentences for sentence in re.split(r"(?<=[.!?…])[”’\"')]*\s+", text))
    return [sentence for sentence in split if len(sentence.split()) > most]


def _links(document: Document, library: Library) -> Iterator[Problem]:
    addresses = _OWN_ADDRESSES | {other.path for other in library.documents}
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


def _telling_words(document: Document, library: Library) -> Iterator[Problem]:
    if document.kind != "help":
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
    level = Level.ERROR if document.kind == "help" else Level.WARNING
    grade, most = flesch_kincaid_grade(document.sentences), EASIEST_GRADE_FOR[document.kind]
    if grade > most:
        yield Problem(
            document.file,
            None,
            f"It reads at grade {grade:.1f}; {most:g} is the most.",
            "Use shorter sentences and words.",
            level,
        )
    for sentence in long_sentences(document.sentences, LONGEST_SENTENCE_FOR[document.kind]):
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
