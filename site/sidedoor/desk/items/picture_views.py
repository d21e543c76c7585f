"""The picture library's pages: find a picture, see where it stands, say what it shows and what of it; delete it."""

from flask import Blueprint, Response, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import library, live, picture_library
from sidedoor.desk.items.picture_library import Held, matching
from sidedoor.desk.refusal_words import STOPS, sentence
from sidedoor.documents.pictures import Picture
from sidedoor.documents.sizes import CARD, LIST, cropped
from sidedoor.documents.times import parse_wall_time

blueprint = Blueprint("pictures", __name__, url_prefix="/pictures")
_A_PAGE = 60


@blueprint.get("")
@only("press", "editor")
def everything() -> ResponseReturnValue:
    """Every picture, with search."""
    words, which = (request.args.get(name, "")[:100] for name in ("words", "which"))
    try:
        found, problem = matching(picture_library().held(), words, which), ""
    except STOPS as stopped:
        found, problem = [], sentence(stopped)
    return render_template(
        "desk/items/pictures.html", pictures=found[:_A_PAGE], more=len(found) - _A_PAGE, words=words, which=which,
        problem=problem,
    )  # fmt: skip


@blueprint.get("/<name>")
@only("press", "editor")
def one(name: str) -> ResponseReturnValue:
    """One picture: what is known of it, where it stands, and what of it stays in sight."""
    return _page(_find(name))


@blueprint.post("/<name>")
@only("press", "editor")
def describe(name: str) -> ResponseReturnValue:
    """Change what is known of it."""
    held = _find(name)
    sent = {part: " ".join(request.form.get(part, "").split()) for part in ("shows", "credit", "expires")}
    focus = [request.form.get(part, 50, int) for part in ("across", "down")]
    try:
        if sent["expires"]:
            parse_wall_time(f"{sent['expires']} 00:00", library().site.zone)
        across, down = (min(100, max(0, number)) for number in focus)
        known = {**sent, "focus": "" if (across, down) == (50, 50) else f"{across} {down}"}
        picture_library().describe(current_person(), held.name, known)
    except STOPS as stopped:
        return _page(held, sentence(stopped), sent), 422
    flash("It is saved.")
    return redirect(f"/pictures/{held.name}", 303)


@blueprint.post("/<name>/delete")
@only("press", "editor")
def delete(name: str) -> ResponseReturnValue:
    """Delete it, if it stands nowhere."""
    held = _find(name)
    try:
        picture_library().delete(current_person(), held.name)
    except STOPS as stopped:
        return _page(_find(name), sentence(stopped)), 422
    flash("The picture is deleted. The history of the folder keeps it.")
    return redirect("/pictures", 303)


@blueprint.get(f"/<name>/<any({CARD}, {LIST}):size>")
@only("press", "editor")
def small(name: str, size: str) -> Response:
    """It, cut as readers will see it on a card or in the list of news."""
    picture = library().pictures.get(name)
    if not isinstance(picture, Picture):
        abort(404)
    wanted = cropped(picture, size)
    made = live().size(wanted)
    raw = made if made is not None else live().picture(name)
    return Response(raw, content_type=wanted.content_type) if raw is not None else abort(404)


def _find(name: str) -> Held:
    return picture_library().find(name) or abort(404)


def _page(held: Held, problem: str = "", typed: dict[str, str] | None = None) -> str:
    return render_template("desk/items/picture.html", held=held, problem=problem, typed=typed or {})
