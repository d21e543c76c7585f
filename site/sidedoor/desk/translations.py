"""Translations: how each page stands in each language, and a page beside its original, part by part."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import only
from sidedoor.desk.current import library, shelf
from sidedoor.documents.document import Document, folder_of
from sidedoor.documents.parts import digest_of_text, pairs, parts_of
from sidedoor.documents.problems import Refused
from sidedoor.documents.translations import Standing, standing, standings
from sidedoor.web.language import direction, language_name

blueprint = Blueprint("translations", __name__, url_prefix="/translations")
SAID = {
    Standing.MISSING: "missing",
    Standing.ORPHANED: "no original",
    Standing.URGENT: "wrong where it matters",
    Standing.STALE: "stale",
    Standing.AWAITS_REVIEW: "awaits a reader",
    Standing.GOOD: "good",
}


@blueprint.get("")
@only("press", "editor")
def grid() -> ResponseReturnValue:
    """Every page of the site's own language, and how it stands in every other."""
    site, found = library().site, standings(library())
    languages = [code for code in site.languages if code != site.language]
    return render_template(
        "desk/translations.html",
        rows=sorted(found.items(), key=lambda row: row[0].file),
        languages=[(code, language_name(code), site.languages[code].show) for code in languages],
        good={code: sum(row[code] is Standing.GOOD for row in found.values()) for code in languages},
        said=SAID,
    )


@blueprint.get("/<path:file>")
@only("press", "editor")
def beside(file: str) -> ResponseReturnValue:
    """A translation and its original, in parts that belong together; what changed since it was made is marked."""
    found = {document.file: document for document in library().documents if folder_of(document.file)}
    translation = found.get(f"{file}.md") or abort(404)
    original = library().original_of(translation) or abort(404)
    return render_template(
        "desk/translation.html",
        translation=translation,
        original=original,
        standing=SAID[standing(translation, original)],
        parts=pairs(_parts(original), _parts(translation)),
        new=_new(original, translation),
        language=language_name(translation.language),
        direction=direction(translation.language),
    )


def _parts(document: Document) -> list[str]:
    stored = shelf().read(document.file)
    return parts_of(stored.text) if stored else []


def _new(original: Document, translation: Document) -> set[str] | None:
    """The parts of the original that are not in the version that the translation was made from; None where that version
    is not in the history."""
    made_from = translation.translation.made_from if translation.translation else None
    if made_from == original.digest:
        return set()
    for revision in shelf().history.revisions(original.file):
        before = shelf().history.text_at(revision.id, revision.file) or ""
        try:
            if made_from and digest_of_text(before) == made_from:
                return set(_parts(original)) - set(parts_of(before))
        except Refused:
            continue
    return None
