"""The checks of `flask content check` after files are read: links, telling words, what is due, how easy pages are to
read."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from html import unescape

from sidedoor.documents.codes import Code
from sidedoor.documents.document import Document, Visibility, path_of
from sidedoor.documents.fidelity import check_fidelity, check_site_fidelity
from sidedoor.documents.fixed_addresses import usual_form
from sidedoor.documents.ledger import NOTICE_DAYS, facts_due, facts_that_hold, pages_of, unlisted
from sidedoor.documents.library import Library
from sidedoor.documents.models import Contact, HelpMeta
from sidedoor.documents.problems import Level, Problem
from sidedoor.documents.readability import flesch_kincaid_grade
from sidedoor.documents.recordings import captions_of, is_captions, is_recording, is_video
from sidedoor.documents.site import in_language
from sidedoor.documents.translations import check_translations

CONTACT_CHECK_DAYS = 90
REVIEW_DAYS = 365
EXPIRY_NOTICE_DAYS = 14
EASIEST_GRADE_FOR = {"help": 6.0, "page": 9.0, "news": 12.0}
_SHORT_NUMBER = re.compile(
    r"\b(?:call(?:ed|s|ing)?|ring|rang|dial|phone|text)\s+(?:to\s+)?(\d{2,4})\b(?![\d.,:%\s-]*\d)", re.IGNORECASE
)
"""A number of two to four digits that a page says to call: numbers for emergencies are that short."""
LONGEST_SENTENCE_FOR = {"help": 25, "page": 30, "news": 40}
LONGEST_SENTENCE_OF_A_FORM = 15
"""The longest that the rules for Easy Read allow."""


def check_library(library: Library, now: datetime, places: Collection[str]) -> list[Problem]:
    """Everything wrong (errors) or due (warnings) at `now`, in the order of files and lines.

    `places`: addresses on the site, besides those of documents, that a link may lead to.
    """
    problems = [*library.problems]
    for document in library.documents:
        problems += check_document(document, library, now, places)
    problems += check_translations(library)
    problems += _site_problems(library)
    problems += _contact_problems(library)
    problems += _fact_problems(library)
    problems += _contacts_due(library, now.astimezone(library.site.zone))
    problems += _facts_due(library, now)
    return sorted(set(problems), key=_order)


def _order(problem: Problem) -> tuple[object, ...]:
    return problem.level, problem.file, problem.line or 0, problem.code, problem.field, repr(problem.values)


def check_document(document: Document, library: Library, now: datetime, places: Collection[str]) -> list[Problem]:
    """Everything wrong or due in one document, which need not be in the `library` yet."""
    return [
        *_broken_links(document, library, places),
        *_links_not_public(document, library, now),
        *_numbers_to_call(document, library),
        *_telling_words(document, library),
        *_hard_reading(document, library),
        *_news_conventions(document, library),
        *_repeated_summary(document),
        *_fidelity(document, library),
        *facts_of(document, library),
        *due_of(document, now.astimezone(library.site.zone)),
    ]


def reading_age(blocks: Sequence[str], language: str) -> int | None:
    """The age, in years, at which a text in English reads with ease; None without words, or in another language."""
    if not language.startswith("en") or not blocks:
        return None
    return max(5, round(flesch_kincaid_grade(blocks)) + 5)


def long_sentences(sentences: Iterable[str], most: int) -> list[str]:
    """Sentences of more than `most` words."""
    split = (sentence for text in sentences for sentence in re.split(r"(?<=[.!?…])[”’\"')]*\s+", text))
    return [sentence for sentence in split if len(sentence.split()) > most]


def _broken_links(document: Document, library: Library, places: Collection[str]) -> Iterator[Problem]:
    addresses = {*places, *(other.path for other in library.documents)}
    written = [note.link for note in document.meta.updates if note.link]
    for link in (*document.links, *written):
        if link.partition("#")[0] not in addresses:
            yield Problem(document.file, None, Code.LINK_TO_NOWHERE, {"link": link})
    slugs = {other.slug for other in library.documents if other.kind == "help" and not other.folder}
    for slug in document.meta.related_help:
        if slug not in slugs:
            yield Problem(document.file, None, Code.UNKNOWN_HELP_PAGE, {"slug": slug}, "related_help")
    for contact in document.contact_ids:
        if contact not in library.contacts:
            yield Problem(document.file, None, Code.UNKNOWN_CONTACT, {"contact": contact})
    for picture in document.pictures:
        if picture not in library.pictures and is_captions(picture):
            video = next(name for name in document.pictures if is_video(name) and captions_of(name) == picture)
            yield Problem(document.file, None, Code.VIDEO_WITHOUT_CAPTIONS, {"recording": video, "captions": picture})
        elif picture not in library.pictures and is_recording(picture):
            yield Problem(document.file, None, Code.RECORDING_OF_OTHERS, {"recording": picture})
        elif picture not in library.pictures:
            yield Problem(document.file, None, Code.UNKNOWN_PICTURE, {"picture": picture})


def _links_not_public(document: Document, library: Library, now: datetime) -> Iterator[Problem]:
    """Links that readers cannot open when the document is public: until they can, the words are shown without a
    link."""
    opens = max(now, document.meta.publish_at or now)
    hidden = {
        other.path: other for other in library.documents
        if library.visibility(other, opens) in (Visibility.HIDDEN, Visibility.REMOVED) and other is not document
    }  # fmt: skip
    withdrawn, site = document.meta.withdrawn, library.site
    whole = re.findall(r'href="(https:[^"]*)"', document.html + document.notes_html)
    here = [path.partition("#")[0] for link in whole if (path := site.path_here(unescape(link)))]
    addresses = [
        *(link.partition("#")[0] for link in document.links),
        *(note.link for note in document.meta.updates if note.link),
        *(path_of("help", slug) for slug in document.meta.related_help),
        *([withdrawn.replacement] if withdrawn and withdrawn.replacement else []),
        *(usual_form(path, site.language) for path in here),
    ]
    for address in dict.fromkeys(addresses):
        if address in hidden and address != document.path:
            starts = hidden[address].meta.publish_at
            published = hidden[address].meta.state in ("published", "withdrawn")
            if published and starts is not None and starts > opens:
                values = {"link": address, "opens": starts.astimezone(library.site.zone)}
                yield Problem(document.file, None, Code.LINK_HIDDEN_UNTIL, values, level=Level.WARNING)
            else:
                yield Problem(document.file, None, Code.LINK_HIDDEN_NOW, {"link": address}, level=Level.WARNING)


def _numbers_to_call(document: Document, library: Library) -> Iterator[Problem]:
    """Short numbers that a page says to call and that this site did not choose: left over from another country."""
    numbers = [library.site.emergency.number] if library.site.emergency else []
    for contact in library.contacts.values():
        numbers += [number for number in (contact.phone, contact.text, contact.textphone) if number]
    chosen = {re.sub(r"\D", "", number) for number in numbers}
    written = " ".join([document.title, document.summary, *document.sentences])
    for number in dict.fromkeys(_SHORT_NUMBER.findall(written)):
        if number not in chosen:
            yield Problem(document.file, None, Code.ANOTHER_EMERGENCY_NUMBER, {"number": number})


def _telling_words(document: Document, library: Library) -> Iterator[Problem]:
    original = library.original_of(document) or document
    if not original.group:
        return
    spoken = library.site.languages.get(document.language)
    telling_words = (*library.site.telling_words, *(spoken.telling_words if spoken else ()))
    for name, text in (("tab_title", document.tab_title), ("title", document.title), ("slug", document.slug)):
        for word in re.findall(r"[^\W\d_]\w*", text.lower()):
            if any(word.startswith(telling.lower()) for telling in telling_words if telling.lower() != telling.upper()):
                yield Problem(document.file, None, Code.TELLING_WORD, {"word": word}, name)
        # Scripts without capitals join other words to it (an article), or do not separate words at all.
        for telling in telling_words:
            if telling.lower() == telling.upper() and _without_marks(telling) in _without_marks(text):
                yield Problem(document.file, None, Code.TELLING_WORD, {"word": telling}, name)


def _without_marks(text: str) -> str:
    """The text in one spelling for each letter, without the marks that Arabic letters may carry or leave out."""
    return re.sub(r"[\u0640\u064b-\u0652]", "", unicodedata.normalize("NFKC", text))


def _hard_reading(document: Document, library: Library) -> Iterator[Problem]:
    if not document.language.startswith("en"):
        return
    # A tool listed among the help pages is read by the same people.
    kind = "help" if document.group else document.kind
    level = Level.ERROR if kind == "help" else Level.WARNING
    grade, most = flesch_kincaid_grade(document.sentences), EASIEST_GRADE_FOR[kind]
    if grade > most:
        yield Problem(document.file, None, Code.HARD_TO_READ, {"grade": grade, "most": most}, level=level)
    longest = LONGEST_SENTENCE_OF_A_FORM if document.folder in library.site.forms else LONGEST_SENTENCE_FOR[kind]
    for sentence in long_sentences(document.sentences, longest):
        start = " ".join(sentence.split()[:6])
        values = {"start": start, "words": len(sentence.split())}
        yield Problem(document.file, None, Code.LONG_SENTENCE, values, level=level)


def _news_conventions(document: Document, library: Library) -> Iterator[Problem]:
    if document.kind != "news":
        return
    if not document.meta.related_help:
        yield Problem(document.file, None, Code.NO_HELP_PAGE, level=Level.WARNING)
    written = " ".join([document.title, document.summary, *document.sentences])
    for words, instead in library.site.words_to_avoid.items():
        if re.search(rf"\b{re.escape(words)}\b", written, re.IGNORECASE):
            values = {"words": words, "instead": instead}
            yield Problem(document.file, None, Code.WORDS_TO_AVOID, values, level=Level.WARNING)


def _repeated_summary(document: Document) -> Iterator[Problem]:
    if document.summary.strip(" .").lower() == document.title.strip(" .").lower():
        yield Problem(document.file, None, Code.SUMMARY_REPEATS, level=Level.WARNING)


def _fidelity(document: Document, library: Library) -> Iterator[Problem]:
    original = library.original_of(document)
    return check_fidelity(document, original, document.folder not in library.site.forms) if original else iter(())


def facts_of(document: Document, library: Library) -> Iterator[Problem]:
    """Facts that a document names but that do not exist; and, if the site keeps a ledger, printed figures without a
    fact."""
    for name in document.meta.facts:
        if name not in library.facts:
            yield Problem(document.file, None, Code.UNKNOWN_FACT, {"fact": name}, "facts")
    for figure in unlisted(document, library) if library.facts else ():
        if fact_ids := facts_that_hold(figure, library):
            values = {"figure": figure, "choices": tuple(fact_ids)}
            yield Problem(document.file, None, Code.FIGURE_NOT_NAMED, values, level=Level.WARNING)
        else:
            yield Problem(document.file, None, Code.FIGURE_WITHOUT_FACT, {"figure": figure}, level=Level.WARNING)


def due_of(document: Document, now: datetime) -> Iterator[Problem]:
    """What somebody has to look at because its day has come: a review, a legal review, an expiry.

    `now` is in the site's zone, whose days these are.
    """

    def due(code: Code, **values: object) -> Problem:
        return Problem(document.file, None, code, values, level=Level.WARNING)

    meta = document.meta
    if isinstance(meta, HelpMeta) and not meta.sources and not document.folder:
        yield Problem(document.file, None, Code.NO_SOURCES)
    if meta.awaiting_review:
        yield due(Code.AWAITS_REVIEW)
    if meta.legal_review_on and meta.legal_review_on <= now.date():
        yield due(Code.LEGAL_REVIEW_DUE, day=meta.legal_review_on)
    if meta.check and not meta.check_by:
        yield Problem(document.file, None, Code.NO_DAY_TO_CHECK)
    if meta.check_by and meta.check_by <= now.date() + timedelta(days=NOTICE_DAYS):
        yield due(Code.CHECK_DUE, day=meta.check_by)
    if meta.expires_at and now <= meta.expires_at < now + timedelta(days=EXPIRY_NOTICE_DAYS):
        yield due(Code.LEAVES_SOON, expires=meta.expires_at.astimezone(now.tzinfo))
    if document.kind == "help" and not meta.reviewed and not document.folder:
        yield due(Code.NEVER_REVIEWED)
    elif meta.reviewed and now.date() - meta.reviewed > timedelta(days=REVIEW_DAYS):
        yield due(Code.REVIEW_DUE, day=meta.reviewed)


def _site_problems(library: Library) -> Iterator[Problem]:
    yield from check_site_fidelity(library.site)
    slugs = {document.slug for document in library.documents if document.kind == "help" and not document.folder}
    for situation in library.site.situations:
        if situation.page not in slugs:
            values = {"says": in_language(situation.says, library.site.language), "slug": situation.page}
            yield Problem("site.toml", None, Code.SITUATION_TO_NOWHERE, values)
    for contact in library.site.chat.instead if library.site.chat else ():
        if contact not in library.contacts:
            yield Problem("site.toml", None, Code.UNKNOWN_CONTACT, {"contact": contact})


def _contact_problems(library: Library) -> Iterator[Problem]:
    """Cards that lead nowhere, chats without an address, and areas that the site does not have."""

    def wrong(code: Code, contact: Contact, **values: object) -> Problem:
        return Problem("contacts.yaml", None, code, {"contact": contact.id, **values})

    areas = [area.name for area in library.site.areas]
    places = {place.id for place in library.site.places}
    audiences = {audience.id for audience in library.site.audiences}
    for contact in library.contacts.values():
        if not (contact.phone or contact.text or contact.email or contact.url or contact.textphone):
            yield wrong(Code.CONTACT_OUT_OF_REACH, contact)
        if contact.webchat and not contact.url:
            yield wrong(Code.CHAT_WITHOUT_ADDRESS, contact)
        if contact.sign_up and not contact.text:
            yield wrong(Code.SIGN_UP_WITHOUT_TEXT, contact)
        for place in set(contact.places) - places:
            yield wrong(Code.CONTACT_IN_UNKNOWN_PLACE, contact, place=place)
        for audience in set(contact.audiences) - audiences:
            yield wrong(Code.CONTACT_FOR_UNKNOWN_AUDIENCE, contact, audience=audience)
        if contact.area and areas and contact.area not in areas:
            yield wrong(Code.CONTACT_IN_UNKNOWN_AREA, contact, area=contact.area)
    for area in library.site.areas:
        for name in area.within:
            if name not in areas:
                values = {"area": area.name, "within": name}
                yield Problem("site.toml", None, Code.AREA_IN_UNKNOWN_AREA, values)


def _fact_problems(library: Library) -> Iterator[Problem]:
    places = {place.id for place in library.site.places}
    for fact in library.facts.values():
        for place in set(fact.places) - places:
            yield Problem("facts.yaml", None, Code.FACT_IN_UNKNOWN_PLACE, {"fact": fact.id, "place": place})


def _contacts_due(library: Library, now: datetime) -> Iterator[Problem]:
    for contact in library.contacts.values():
        values = {"contact": contact.id, "day": contact.checked}
        if not contact.checked:
            yield Problem("contacts.yaml", None, Code.CONTACT_NEVER_CHECKED, values, level=Level.WARNING)
        elif now.date() - contact.checked > timedelta(days=CONTACT_CHECK_DAYS):
            yield Problem("contacts.yaml", None, Code.CONTACT_CHECK_DUE, values, level=Level.WARNING)


def _facts_due(library: Library, now: datetime) -> Iterator[Problem]:
    for fact in facts_due(library, now):
        pages = tuple(page.file for page in pages_of(fact, library))
        values = {"fact": fact.id, "day": fact.check_by, "pages": pages}
        yield Problem("facts.yaml", None, Code.FACT_DUE, values, level=Level.WARNING)
