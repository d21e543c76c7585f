"""Translations: a table of each page's state in each language, and a page to write and approve one piece by piece."""

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import library, shelf, translation_steps, workflow
from sidedoor.desk.items.steps import WRITERS
from sidedoor.desk.refusal_words import in_words
from sidedoor.desk.step import FIRST_OF_TWO, Done, take
from sidedoor.desk.translations.steps import Translation, address_of
from sidedoor.documents.document import Document
from sidedoor.documents.drawings import DRAWINGS
from sidedoor.documents.exchange import MOST_BYTES, translation_file
from sidedoor.documents.parts import digest_of_text
from sidedoor.documents.problems import Refused
from sidedoor.documents.translations import TranslationStanding, standing, standings
from sidedoor.web.language import direction, language_name

blueprint = Blueprint("translations", __name__, url_prefix="/translations")
STANDING_WORDS = {
    TranslationStanding.MISSING: "missing",
    TranslationStanding.ORPHANED: "no original",
    TranslationStanding.URGENT: "wrong where it matters",
    TranslationStanding.STALE: "stale",
    TranslationStanding.AWAITS_REVIEW: "awaits a reader",
    TranslationStanding.GOOD: "good",
}
_PIECE = "said-"


def translations_waiting() -> list[Translation]:
    """Return the translations that wait for the approval of somebody who knows the language, sorted by file."""
    drafts = (document.file for document in library().documents if document.folder and document.meta.state == "ready")
    translations = (translation_steps().find(file) for file in sorted({*shelf().waiting(), *drafts}))
    return [translation for translation in translations if translation and translation.state == "ready"]


@blueprint.get("")
@only("press", "editor")
def grid() -> ResponseReturnValue:
    """Show every page of the site's own language, and its state in every other language."""
    site, standings_of = library().site, standings(library())
    languages = [code for code in (*site.languages, *site.forms) if code != site.language]
    return render_template(
        "desk/translations/grid.html",
        rows=sorted(standings_of.items(), key=lambda row: row[0].file),
        languages=[(code, _name(code), spoken.show) for code in languages if (spoken := site.language_settings(code))],
        good={code: sum(row[code] is TranslationStanding.GOOD for row in standings_of.values()) for code in languages},
        standing_words=STANDING_WORDS,
        waiting=[
            (translation, address_of(translation.original, translation.language), _name(translation.language))
            for translation in translations_waiting()
        ],
    )


def _name(code: str) -> str:
    """Return what readers call a language or a form in that language."""
    form = library().site.forms.get(code)
    return form.name if form else language_name(code)


@blueprint.get("/<path:file>.po")
@only("press", "editor")
def words(file: str) -> ResponseReturnValue:
    """Send a page's words as a PO file for a translator."""
    translation = _translation_or_404(file)
    if translation.form:
        abort(404)
    stands = standing(_document(translation), translation.original)
    raw = translation_steps().give_out(translation, stands in (TranslationStanding.STALE, TranslationStanding.URGENT))
    answer = Response(raw, content_type="text/x-gettext-translation; charset=utf-8")
    answer.headers["Content-Disposition"] = (
        f'attachment; filename="{translation.language}-{translation.original.slug}.po"'
    )
    return answer


@blueprint.route("/<path:file>", methods=["GET", "POST"])
@only("press", "editor")
def beside(file: str) -> ResponseReturnValue:
    """Show a translation and its original side by side, piece by piece. What changed in the original is marked."""
    translation = _translation_or_404(file)
    if request.method == "GET":
        return _page(translation)
    here = address_of(translation.original, translation.language)

    def again(problem: str) -> str:
        typed = {name.removeprefix(_PIECE): text for name, text in request.form.items() if name.startswith(_PIECE)}
        return _page(_translation_or_404(file), problem, {name: _tidy(text) for name, text in typed.items()})

    return take(lambda: Done(_take_step(translation, request.form.get("step", "")), here), again, lambda: here)


def _take_step(translation: Translation, step: str) -> str:
    """Take a step, and return the sentence that says so. Raises one of STOPS if it cannot be taken."""
    person, steps, seen = current_person(), translation_steps(), request.form.get("seen", "")
    if step in ("save", "send"):
        words = {
            piece.name: _tidy(request.form.get(_PIECE + piece.name, "")) for piece in translation.pieces if piece.words
        }
        steps.save(person, translation, words, seen, request.form.get("made_from", ""), ready=step == "send")
        return "It is sent: somebody else, who knows the language, approves it." if step == "send" else "It is a draft."
    if step == "take-in" and not translation.form:
        sent = request.files.get("po")
        steps.take_in(person, translation, sent.read(MOST_BYTES + 1) if sent else b"")
        return "It is a draft now. Look through it, then send it for approval."
    if step == "approve":
        return "It is public, as read by you." if steps.approve(person, translation, seen) else FIRST_OF_TWO
    if step == "discard":
        steps.discard(person, translation)
        return "It is thrown away. Its words are in the history."
    return abort(400)


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n"))


def _translation_or_404(file: str) -> Translation:
    return translation_steps().find(f"{file}.md") or abort(404)


def _document(translation: Translation) -> Document | None:
    return next((document for document in library().documents if document.file == translation.file), None)


def _page(translation: Translation, problem: str = "", typed: dict[str, str] | None = None) -> str:
    steps, person, document = translation_steps(), current_person(), _document(translation)
    why_not = steps.why_not_approve(person, translation)
    try:
        words = translation.words
    except Refused:
        words = {}
    return render_template(
        "desk/translations/beside.html",
        translation=translation,
        problem=problem,
        words=words | (typed or {}),
        document=document,
        standing=STANDING_WORDS[standing(document, translation.original)],
        new=_pieces_changed_since(translation),
        language=_name(translation.language),
        direction=direction(translation.language),
        from_right=direction(library().site.language),
        may_write=person.may(*WRITERS[translation.original.kind]),
        waiting=translation.change is not None or (translation.stored is not None and not translation.public),
        why_not=in_words(why_not, {"language": _name(translation.language)}) if why_not else "",
        writers=workflow().reviews.writers(translation.file).values() if translation.working else (),
        problems=steps.problems(translation),
        drawings=sorted(DRAWINGS),
        po=f"/translations/{translation_file(translation.original.file, translation.language)[:-3]}.po",
    )


def _pieces_changed_since(translation: Translation) -> set[str] | None:
    """Return the pieces of the original that are not in the version the translation was made from; None if the
    history does not hold that version."""
    made_from = translation.made_from
    if made_from in (translation.original.digest, ""):
        return set()
    for revision in shelf().history.revisions(translation.original.file):
        before = shelf().history.text_at(revision.id, revision.file) or ""
        try:
            if digest_of_text(before) == made_from:
                return {piece.text for piece in translation.pieces if piece.words} - {
                    piece.text for piece in translation.pieces_of(before)
                }
        except Refused:
            continue
    return None
