"""The state of each translation. It is worked out from its file and its original's, never typed.

A page says what it was made from (the digest of its original), who made it and who reviewed it. So a translation is
behind as soon as its original changes, and no earlier statement about it can hide that.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum, auto

from sidedoor.documents.codes import Code
from sidedoor.documents.digest import urgent_half
from sidedoor.documents.document import Document
from sidedoor.documents.library import Library, is_reviewed
from sidedoor.documents.problems import Level, Problem


class TranslationStanding(StrEnum):
    """The state of a page's translation, the worst first."""

    MISSING = auto()
    ORPHANED = auto()  # it has no original
    URGENT = auto()  # what to do in danger, or a number, has changed in the original since
    STALE = auto()  # other words have changed since, or nobody recorded what it was made from
    AWAITS_REVIEW = auto()
    GOOD = auto()


def standing(translation: Document | None, original: Document | None) -> TranslationStanding:
    """The state of a translation beside the page it was made from."""
    if translation is None or translation.translation is None:
        return TranslationStanding.MISSING
    if original is None:
        return TranslationStanding.ORPHANED
    made_from = translation.translation.made_from or ""
    if made_from and urgent_half(made_from) != urgent_half(original.digest):
        return TranslationStanding.URGENT
    if made_from != original.digest:
        return TranslationStanding.STALE
    return TranslationStanding.GOOD if is_reviewed(translation) else TranslationStanding.AWAITS_REVIEW


def standings(library: Library) -> Mapping[Document, Mapping[str, TranslationStanding]]:
    """The page × language grid: for each page in the site's own language, its state in every other language and
    form."""
    translations = {(page.folder, page.kind, page.slug): page for page in library.documents if page.folder}
    languages = [code for code in (*library.site.languages, *library.site.forms) if code != library.site.language]
    pages = [page for page in library.documents if not page.folder and page.kind != "news"]
    return {
        page: {code: standing(translations.get((code, page.kind, page.slug)), page) for code in languages}
        for page in pages
    }


def check_translations(library: Library) -> Iterator[Problem]:
    """Report what is stale, orphaned, or waits for somebody who knows the language, each file once."""
    codes = {
        TranslationStanding.ORPHANED: (Code.TRANSLATION_ORPHANED, Level.WARNING),
        TranslationStanding.URGENT: (Code.TRANSLATION_BEHIND_IN_DANGER, Level.ERROR),
        TranslationStanding.STALE: (Code.TRANSLATION_STALE, Level.WARNING),
        TranslationStanding.AWAITS_REVIEW: (Code.TRANSLATION_UNREAD, Level.WARNING),
    }
    for document in library.documents:
        if not document.folder:
            continue
        original = library.original_of(document)
        verdict = codes.get(standing(document, original))
        if verdict:
            values = {"original": original.file if original else f"{document.kind}/{document.slug}"}
            yield Problem(document.file, None, verdict[0], values, level=verdict[1])
