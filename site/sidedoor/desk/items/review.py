"""Review and publication: read the waiting version beside the public one, then approve, send back or withdraw it."""

from collections.abc import Callable, Mapping

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import comments, item_steps, library, now, previews, reviews, workflow
from sidedoor.desk.items.changes import changes
from sidedoor.desk.items.comments import stands_in
from sidedoor.desk.items.editor import find, path_of, still_goes_live
from sidedoor.desk.items.effect_words import in_approving_words
from sidedoor.desk.items.steps import Item
from sidedoor.desk.items.workflow import NotAllowed, remembering
from sidedoor.desk.notices.seen import comments_seen
from sidedoor.desk.refusals import Refusal
from sidedoor.desk.step import FIRST_OF_TWO, Done, take
from sidedoor.documents.models import Kind
from sidedoor.documents.problems import Refused

_STEPS_IN_WORDS = ("send-back", "withdraw", "override")
"""The steps for which somebody writes words."""
blueprint = Blueprint("review", __name__, url_prefix="/items/<any(news, help, page):kind>/<slug>")


@blueprint.get("/review")
@only("press", "editor")
def review(kind: Kind, slug: str) -> ResponseReturnValue:
    """Show what waits: the real page, the changes word by word, what prevents publication, and buttons to decide."""
    item = find(kind, slug)
    comments_seen([item.file])
    return review_page(item)


@blueprint.post("/approve")
@only("press", "editor")
def approve(kind: Kind, slug: str) -> ResponseReturnValue:
    """Publish the waiting version, at once or at its time."""
    return _step(kind, slug, lambda item: item_steps().approve(current_person(), item, _seen()), _how_it_stands)


@blueprint.post("/override")
@only("editor")
def override(kind: Kind, slug: str) -> ResponseReturnValue:
    """Publish without a second person, in an emergency."""
    reason = request.form.get("reason", "")
    return _step(
        kind, slug, lambda item: item_steps().override(current_person(), item, _seen(), reason), _how_it_stands
    )


@blueprint.post("/approve-afterwards")
@only("press", "editor")
def approve_afterwards(kind: Kind, slug: str) -> ResponseReturnValue:
    """Approve what was published without a second person."""
    message = "You have approved what was published without a second person."

    def step(item: Item) -> Item | None:
        return item if item_steps().approve_afterwards(current_person(), item, _seen()) else None

    return _step(kind, slug, step, message)


@blueprint.post("/send-back")
@only("press", "editor")
def send_back(kind: Kind, slug: str) -> ResponseReturnValue:
    """Make the waiting version a draft again, with a note that says why."""
    note = request.form.get("note", "")
    return _step(kind, slug, lambda item: item_steps().send_back(current_person(), item, note), "It is a draft again.")


@blueprint.post("/compared")
@only("press", "editor")
def compared(kind: Kind, slug: str) -> ResponseReturnValue:
    """Keep the waiting change, although the public version was changed outside the desk."""
    message = "Noted. The change that waits will replace the public version once it is approved."

    def step(item: Item) -> Item:
        item_steps().keep_compared_change(current_person(), item)
        return item

    return _step(kind, slug, step, message)


@blueprint.post("/unschedule")
@only("press", "editor")
def unschedule(kind: Kind, slug: str) -> ResponseReturnValue:
    """Take the item out of the calendar."""
    message = "It is a draft again, and will not go live."
    return _step(kind, slug, lambda item: item_steps().unschedule(current_person(), item), message)


@blueprint.post("/withdraw")
@only("press", "editor")
def withdraw(kind: Kind, slug: str) -> ResponseReturnValue:
    """Ask for a withdrawal, a removal or a replacement."""
    reason, how = request.form.get("reason", ""), request.form.get("how", "withdraw")
    replacement = request.form.get("replacement", "") if how != "remove" else ""

    def step(item: Item) -> Item:
        if how == "replace" and not replacement.strip():
            raise NotAllowed(Refusal.NO_REPLACEMENT)
        along = "with_change" in request.form
        return item_steps().withdraw(current_person(), item, reason, how != "withdraw", replacement, along)

    message = "It waits for a colleague's approval. An editor can do it at once."
    return _step(kind, slug, step, message, "/review")


@blueprint.post("/bring-back")
@only("press", "editor")
def bring_back(kind: Kind, slug: str) -> ResponseReturnValue:
    """Ask to undo a withdrawal."""
    message = "It waits for a colleague's approval."
    return _step(kind, slug, lambda item: item_steps().bring_back(current_person(), item), message, "/review")


@blueprint.post("/discard")
@only("press", "editor")
def discard(kind: Kind, slug: str) -> ResponseReturnValue:
    """Throw away the waiting change, or a draft."""
    change = find(kind, slug).change

    def step(item: Item) -> Item:
        item_steps().discard(current_person(), item)
        return item

    message = (
        "It is thrown away. Its words are in the history." if change else "It is thrown away. Here it can come back."
    )
    return _step(kind, slug, step, message, gone_to="" if change else "/items/thrown-away")


@blueprint.post("/address")
@only("press", "editor")
def address(kind: Kind, slug: str) -> ResponseReturnValue:
    """Give the item another address."""
    wanted = request.form.get("slug", "").strip()
    message, gone_to = "It has a new address.", f"/items/{kind}/{wanted}"
    return _step(kind, slug, lambda item: item_steps().move(current_person(), item, wanted), message, gone_to=gone_to)


def _step(
    kind: Kind,
    slug: str,
    step: Callable[[Item], Item | None],
    words: str | Callable[[Item], str],
    next_page: str = "",
    gone_to: str = "",
) -> ResponseReturnValue:
    """Take a step. It returns the item as it is then, or None if it was the first of two approvals.

    `gone_to`: the page to go on with if the step leaves nothing at the item's address.
    """
    item = find(kind, slug)

    def taken() -> Done:
        after = step(item)
        if after is None:
            return Done(FIRST_OF_TWO, f"{path_of(item)}/review")
        if item_steps().is_public(after):
            with remembering():
                previews().void(after.file)
        return Done(words if isinstance(words, str) else words(after), gone_to or path_of(after) + next_page)

    def how_it_stands() -> str:
        still_here = item_steps().find(kind, slug)
        return f"{path_of(still_here)}/review" if still_here else gone_to or "/items"

    def again(problem: str) -> str:
        return review_page(find(kind, slug), problem, refused={request.path.rpartition("/")[2]: request.form})

    return take(taken, again, how_it_stands)


def _how_it_stands(item: Item) -> str:
    sentences = {
        "scheduled": "It is approved, and goes live at its time.",
        "published": "It is live.",
        "withdrawn": "It is withdrawn.",
        "removed": "It is removed.",
        "expired": "It is off the site.",
    }
    return sentences.get(item_steps().standing(item), "It is done.")


def _effect(item: Item) -> str:
    try:
        return in_approving_words(item_steps().effect(item), library().site)
    except Refused:
        return ""


def _seen() -> str:
    return request.form.get("seen", "")


def passages_of(item: Item) -> list[str]:
    """Return what people may comment on: title, summary and each paragraph of the working version, in reading order."""
    document = item_steps().assess(item.kind, item.slug, item.working.text).document
    if document:
        return [document.title, document.summary, *document.sentences]
    try:
        front, body = item.read()
    except Refused:
        return []
    blocks = [front.get("title", ""), front.get("summary", ""), *body.split("\n\n")]
    return [" ".join(block.split()) for block in blocks if isinstance(block, str) and block.strip()]


def review_page(
    item: Item,
    problem: str = "",
    typed: Mapping[str, object] | None = None,
    refused: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """Render the page.

    `typed`: the fields of a comment that could not be saved. `refused`: the fields of a form that asked for a step that
    was not possible, by the step's name.
    """
    passages, all_comments = passages_of(item), comments().of(item.file)
    steps, person = item_steps(), current_person()
    public, flow = steps.is_public(item), workflow()
    alone = flow.published_alone(item)
    assessment = steps.assess(item.kind, item.slug, item.working.text)
    going_live = assessment.document.published_at if assessment.document else None
    return render_template(
        "desk/items/review.html",
        item=item,
        path=path_of(item),
        problem=problem,
        standing=steps.standing(item),
        public=public,
        waiting=bool(item.change) or not public,
        ready=not steps.why_not_ready(item),
        why_not=steps.why_not_approve(person, item),
        effect=_effect(item),
        writers=flow.writers(item),
        unknown=flow.written_by_unknown(item),
        first_of_two=flow.first_of_two(item),
        last=reviews().last(item.file),
        published_alone=alone,
        alone_parts=changes(alone.before, alone.text) if alone and alone.before is not None else None,
        overtaken=flow.overtaken(item),
        still_goes_live=still_goes_live(item),
        parts=changes(item.stored.text, item.change.text) if item.change else None,
        stops=assessment.stops,
        advice=assessment.advice,
        going_live=going_live if item.kind == "news" else None,
        in_future=bool(going_live and going_live > now()),
        links=previews().of(item.file, now()),
        comments=all_comments,
        open_comments=sum(not comment.closed_by for comment in all_comments),
        standing_comments=[comment for comment in all_comments if stands_in(comment.passage, passages)],
        passages=passages,
        typed=typed or {},
        refused={step: {} for step in _STEPS_IN_WORDS} | dict(refused or {}),
    )
