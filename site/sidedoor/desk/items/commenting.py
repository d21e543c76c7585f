"""The steps of comments: writing on the review page, with or without scripts, answering, closing and opening again."""

from collections.abc import Callable

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import audit, comments, now
from sidedoor.desk.items.comments import CannotComment, stands_in
from sidedoor.desk.items.editor import find, path_of
from sidedoor.desk.items.review import passages_of, review_page
from sidedoor.desk.items.steps import Item
from sidedoor.desk.refusals import Refusal
from sidedoor.desk.step import Done, take
from sidedoor.documents.models import Kind

blueprint = Blueprint("comments", __name__, url_prefix="/items/<any(news, help, page):kind>/<slug>/comments")


@blueprint.post("")
@only("press", "editor")
def say(kind: Kind, slug: str) -> ResponseReturnValue:
    """Comment on a passage that is quoted or chosen from the list of paragraphs; without either, on the whole item."""
    chosen, quoted, words = (request.form.get(name, "") for name in ("paragraph", "passage", "words"))

    def step(item: Item) -> None:
        passage = " ".join((quoted.strip() or chosen).split())
        if passage and not stands_in(passage, passages_of(item)):
            raise CannotComment(Refusal.NOT_A_PASSAGE)
        with audit().recorded(current_person().name, "commented on", item.file):
            comments().say(item.file, passage, words, current_person().id, current_person().name, now())

    return _step(kind, slug, step, "Your comment is there. Nobody outside the desk sees it.")


@blueprint.post("/<int:number>/answer")
@only("press", "editor")
def answer(kind: Kind, slug: str, number: int) -> ResponseReturnValue:
    """Answer a comment."""

    def step(item: Item) -> None:
        words = request.form.get("words", "")
        with audit().recorded(current_person().name, "answered a comment on", item.file):
            comments().answer(item.file, number, words, current_person().id, current_person().name, now())

    return _step(kind, slug, step, "Your answer is there.")


@blueprint.post("/<int:number>/close")
@only("press", "editor")
def close(kind: Kind, slug: str, number: int) -> ResponseReturnValue:
    """Close a comment because it is dealt with; with `again` in the form, open it again."""
    again = "again" in request.form

    def step(item: Item) -> None:
        action = "opened a comment again on" if again else "closed a comment on"
        with audit().recorded(current_person().name, action, item.file):
            if again:
                comments().open_again(item.file, number, current_person().id)
            else:
                comments().close(item.file, number, current_person().name)

    return _step(kind, slug, step, "The comment is open again." if again else "The comment is closed.")


def _step(kind: Kind, slug: str, step: Callable[[Item], None], words: str) -> ResponseReturnValue:
    item = find(kind, slug)
    comments_of_item = f"{path_of(item)}/review#comments"

    def taken() -> Done:
        step(item)
        return Done(words, comments_of_item)

    def again(problem: str) -> str:
        typed = {name: request.form.get(name, "") for name in ("paragraph", "passage", "words")}
        view = request.view_args or {}
        return review_page(item, problem, {**typed, "number": view.get("number", 0)})

    return take(taken, again, lambda: comments_of_item)
