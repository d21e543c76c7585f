"""The history of an item: every save, read, compared word by word, and restored."""

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.compare import compare
from sidedoor.desk.current import newsroom, shelf
from sidedoor.desk.history import Revision
from sidedoor.desk.newsroom import Item, NotAllowed, file_of
from sidedoor.desk.shelf import CannotSave, Conflict, change_file
from sidedoor.desk.writing import find, path_of, sentence
from sidedoor.documents.models import Kind
from sidedoor.documents.problems import Refused

blueprint = Blueprint("revisions", __name__, url_prefix="/items/<any(news, help, page):kind>/<slug>/history")


@blueprint.get("")
@only("press", "editor")
def history(kind: Kind, slug: str) -> ResponseReturnValue:
    """Every save, the newest first."""
    item = find(kind, slug)
    shelf().history.note_edits_by_hand([item.file, change_file(item.file)])
    return render_template("desk/history.html", item=item, path=path_of(item), revisions=_revisions(item))


@blueprint.get("/<revision>")
@only("press", "editor")
def one(kind: Kind, slug: str, revision: str) -> ResponseReturnValue:
    """One revision, compared with another (`with`), or with what there is now."""
    item = find(kind, slug)
    revisions = _revisions(item)
    text = _text(revisions, revision) or abort(404)
    other = request.args.get("with", "")
    against = (_text(revisions, other) or abort(404)) if other else item.working.text
    chosen = next(one for one in revisions if one.id == revision)
    return render_template(
        "desk/revision.html", item=item, path=path_of(item), revision=chosen, revisions=revisions, other=other,
        parts=compare(text, against),
    )  # fmt: skip


@blueprint.post("/<revision>/restore")
@only("press", "editor")
def restore(kind: Kind, slug: str, revision: str) -> ResponseReturnValue:
    """Make a draft of an old revision. What is public stays until somebody approves."""
    item = find(kind, slug)
    text = _text(_revisions(item), revision) or abort(404)
    try:
        newsroom().restore(current_person(), item, text, request.form.get("base", ""))
    except (NotAllowed, CannotSave, Conflict, Refused) as refused:
        flash(sentence(refused), "problem")
        return redirect(f"{path_of(item)}/history", 303)
    flash("The old words are in the draft now.")
    return redirect(path_of(item), 303)


def _revisions(item: Item) -> list[Revision]:
    """Those of the file, of the changes that waited beside it, and of the names it had before."""
    try:
        former = item.read()[0].get("previous_slugs", [])
    except Refused:
        former = []
    files = [item.file, *(file_of(item.kind, slug) for slug in former if isinstance(slug, str))]
    return shelf().history.revisions(item.file, [*files[1:], *(change_file(file) for file in files)])


def _text(revisions: list[Revision], wanted: str) -> str | None:
    revision = next((one for one in revisions if one.id == wanted), None)
    return shelf().history.text_at(revision.id, revision.file) if revision else None
