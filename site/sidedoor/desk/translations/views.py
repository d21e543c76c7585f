"""Translations: how each page stands in each language; and one beside its original, in pieces, to write and approve."""

from flask import Blueprint, Response, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import library, shelf, translation_steps, workflow
from sidedoor.desk.items.files import Conflict
from sidedoor.desk.items.newsroom import WRITERS
from sidedoor.desk.items.review import FIRST_OF_TWO
from sidedoor.desk.refusal_words import STOPS, in_words, sentence
from sidedoor.desk.translations.steps import Translation, address_of
from sidedoor.documents.document import Document
from sidedoor.documents.drawings import DRAWINGS
from sidedoor.documents.exchange import MOST_BYTES, translation_file
from sidedoor.documents.parts import digest_of_text
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
_PIECE = "said-"


def translations_waiting() -> list[Translation]:
    """Those that wait for somebody who knows the language, by file."""
    drafts = (one.file for one in library().documents if one.folder and one.meta.state == "ready")
    found = (translation_steps().find(file) for file in sorted({*shelf().waiting(), *drafts}))
    return [one for one in found if one and one.state == "ready"]


@blueprint.get("")
@only("press", "editor")
def grid() -> ResponseReturnValue:
    """Every page of the site's own language, and how it stands in every other."""
    site, found = library().site, standings(library())
    languages = [code for code in (*site.languages, *site.forms) if code != site.language]
    return render_template(
        "desk/translations/grid.html",
        rows=sorted(found.items(), key=lambda row: row[0].file),
        languages=[(code, _name(code), spoken.show) for code in languages if (spoken := site.language_settings(code))],
        good={code: sum(row[code] is Standing.GOOD for row in found.values()) for code in languages},
        said=SAID,
        waiting=[(one, address_of(one.original, one.language), _name(one.language)) for one in translations_waiting()],
    )


def _name(code: str) -> str:
    """What its readers call a language, or a form."""
    form = library().site.forms.get(code)
    return form.name if form else language_name(code)


@blueprint.get("/<path:file>.po")
@only("press", "editor")
def words(file: str) -> ResponseReturnValue:
    """A page's words for a translator."""
    found = _found(file)
    if found.form:
        abort(404)
    stands = standing(_document(found), found.original)
    raw = translation_steps().give_out(found, stands in (Standing.STALE, Standing.URGENT))
    answer = Response(raw, content_type="text/x-gettext-translation; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.language}-{found.original.slug}.po"'
    return answer


@blueprint.route("/<path:file>", methods=["GET", "POST"])
@only("press", "editor")
def beside(file: str) -> ResponseReturnValue:
    """A translation and its original, in pieces that belong together; what changed since it was made is marked."""
    found = _found(file)
    if request.method == "GET":
        return _page(found)
    try:
        done = _taken(found, request.form.get("step", ""))
    except STOPS as stopped:
        said = {name.removeprefix(_PIECE): text for name, text in request.form.items() if name.startswith(_PIECE)}
        told = sentence(stopped)
        status = 409 if isinstance(stopped, Conflict) else 422
        return _page(_found(file), told, {name: _even(text) for name, text in said.items()}), status
    flash(done)
    return redirect(address_of(found.original, found.language), 303)


def _taken(found: Translation, step: str) -> str:
    """Take a step, and say that it is taken. Raises one of STOPS where it is not."""
    person, steps, seen = current_person(), translation_steps(), request.form.get("seen", "")
    if step in ("save", "send"):
        said = {one.name: _even(request.form.get(_PIECE + one.name, "")) for one in found.pieces if one.words}
        steps.save(person, found, said, seen, request.form.get("made_from", ""), ready=step == "send")
        return "It is sent: somebody else, who knows the language, approves it." if step == "send" else "It is a draft."
    if step == "take-in" and not found.form:
        sent = request.files.get("po")
        steps.take_in(person, found, sent.read(MOST_BYTES + 1) if sent else b"")
        return "It is a draft now. Look through it, then send it for approval."
    if step == "approve":
        return "It is public, as read by you." if steps.approve(person, found, seen) else FIRST_OF_TWO
    if step == "discard":
        steps.discard(person, found)
        return "It is thrown away. Its words are in the history."
    return abort(400)


def _even(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n"))


def _found(file: str) -> Translation:
    return translation_steps().find(f"{file}.md") or abort(404)


def _document(found: Translation) -> Document | None:
    return next((one for one in library().documents if one.file == found.file), None)


def _page(found: Translation, problem: str = "", typed: dict[str, str] | None = None) -> str:
    steps, person, document = translation_steps(), current_person(), _document(found)
    why_not = steps.why_not_approve(person, found)
    try:
        said = found.said
    except Refused:
        said = {}
    return render_template(
        "desk/translations/beside.html",
        found=found,
        problem=problem,
        said=said | (typed or {}),
        document=document,
        standing=SAID[standing(document, found.original)],
        new=_new(found),
        language=_name(found.language),
        direction=direction(found.language),
        from_right=direction(library().site.language),
        may_write=person.may(*WRITERS[found.original.kind]),
        waiting=found.change is not None or (found.stored is not None and not found.public),
        why_not=in_words(why_not, {"language": _name(found.language)}) if why_not else "",
        writers=workflow().reviews.writers(found.file).values() if found.working else (),
        problems=steps.problems(found),
        drawings=sorted(DRAWINGS),
        po=f"/translations/{translation_file(found.original.file, found.language)[:-3]}.po",
    )


def _new(found: Translation) -> set[str] | None:
    """The pieces of the original that are not in the version that the translation was made from; None where that
    version is not in the history."""
    made_from = found.made_from
    if made_from in (found.original.digest, ""):
        return set()
    for revision in shelf().history.revisions(found.original.file):
        before = shelf().history.text_at(revision.id, revision.file) or ""
        try:
            if digest_of_text(before) == made_from:
                return {one.text for one in found.pieces if one.words} - {one.text for one in found.pieces_of(before)}
        except Refused:
            continue
    return None
