"""The history of an item: every save, to read, to compare word by word, and to restore; and the discarded drafts."""

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import item_steps, shelf
from sidedoor.desk.items.changes import changes
from sidedoor.desk.items.editor import find, path_of
from sidedoor.desk.items.files import change_file
from sidedoor.desk.items.history import Revision
from sidedoor.desk.items.listing import title_in
from sidedoor.desk.items.steps import WRITERS, Item, file_of
from sidedoor.desk.items.workflow import NotAllowed
from sidedoor.desk.refusal_words import STOPS, sentence
from sidedoor.desk.refusals import Refusal
from sidedoor.desk.step import Done, take
from sidedoor.documents.document import kind_of, slug_of
from sidedoor.documents.models import Kind
from sidedoor.documents.problems import Refused
from sidedoor.documents.slugs import slug_problem

blueprint = Blueprint("revisions", __name__, url_prefix="/items")
_HISTORY = "/<any(news, help, page):kind>/<slug>/history"


@blueprint.get("/thrown-away")
@only("press", "editor")
def discarded() -> ResponseReturnValue:
    """List the discarded drafts, the latest first."""
    return _discarded()


@blueprint.post("/thrown-away/<any(news, help, page):kind>/<slug>")
@only("press", "editor")
def bring_from_history(kind: Kind, slug: str) -> ResponseReturnValue:
    """Turn a discarded draft into a draft again."""
    if not current_person().may(*WRITERS[kind]):
        abort(403)
    if slug_problem(slug):
        abort(404)

    def step() -> Done:
        deleted = next(
            (revision for revision in shelf().history.discarded() if revision.file == file_of(kind, slug)),
            None,
        )
        text = shelf().history.text_at(deleted.id, deleted.file) if deleted else None
        if text is None:
            existing = item_steps().find(kind, slug)
            raise NotAllowed(Refusal.HERE_ALREADY if existing else Refusal.NOT_IN_HISTORY)
        item = item_steps().bring_from_history(current_person(), kind, slug, text)
        return Done("It is a draft again.", path_of(item))

    return take(step, _discarded, lambda: f"/items/{kind}/{slug}")


def _discarded(problem: str = "") -> str:
    drafts = []
    for revision in shelf().history.discarded():
        kind = kind_of(revision.file)
        if kind and current_person().may(*WRITERS[kind]):
            title = title_in(shelf().history.text_at(revision.id, revision.file) or "")
            drafts.append((revision, kind, slug_of(revision.file), title or slug_of(revision.file)))
    return render_template("desk/items/discarded.html", drafts=drafts, problem=problem)


@blueprint.get(_HISTORY)
@only("press", "editor")
def history(kind: Kind, slug: str) -> ResponseReturnValue:
    """List every save, the newest first."""
    item = find(kind, slug)
    shelf().history.note_edits_by_hand([item.file, change_file(item.file)])
    return render_template("desk/items/history.html", item=item, path=path_of(item), revisions=_revisions(item))


@blueprint.get(f"{_HISTORY}/<revision>")
@only("press", "editor")
def show(kind: Kind, slug: str, revision: str) -> ResponseReturnValue:
    """Show a revision compared with another (`with`), or with the version there is now."""
    item = find(kind, slug)
    revisions = _revisions(item)
    text = _text(revisions, revision) or abort(404)
    other = request.args.get("with", "")
    against = (_text(revisions, other) or abort(404)) if other else item.working.text
    chosen = next(candidate for candidate in revisions if candidate.id == revision)
    return render_template(
        "desk/items/revision.html", item=item, path=path_of(item), revision=chosen, revisions=revisions, other=other,
        parts=changes(text, against),
    )  # fmt: skip


@blueprint.post(f"{_HISTORY}/<revision>/restore")
@only("press", "editor")
def restore(kind: Kind, slug: str, revision: str) -> ResponseReturnValue:
    """Make a draft with old words. The public version stays until somebody approves the draft."""
    item = find(kind, slug)
    text = _text(_revisions(item), revision) or abort(404)
    try:
        item_steps().restore(current_person(), item, text, request.form.get("base", ""))
    except STOPS as stopped:
        flash(sentence(stopped), "problem")
        return redirect(f"{path_of(item)}/history", 303)
    flash("The old words are in the draft now.")
    return redirect(path_of(item), 303)


def _revisions(item: Item) -> list[Revision]:
    """The revisions of the file, of the changes that waited beside it, and of its former names."""
    try:
        former = item.read()[0].get("previous_slugs", [])
    except Refused:
        former = []
    files = [item.file, *(file_of(item.kind, slug) for slug in former if isinstance(slug, str))]
    return shelf().history.revisions(item.file, [*files[1:], *(change_file(file) for file in files)])


def _text(revisions: list[Revision], wanted: str) -> str | None:
    revision = next((revision for revision in revisions if revision.id == wanted), None)
    return shelf().history.text_at(revision.id, revision.file) if revision else None
