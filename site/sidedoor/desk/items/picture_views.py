"""The picture library's pages: find a picture, see where it is used, describe it, choose its focus, delete it."""

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import library, live, picture_library
from sidedoor.desk.items.picture_library import LibraryPicture, matching
from sidedoor.desk.refusal_words import STOPS, sentence
from sidedoor.desk.step import Done, take
from sidedoor.documents.pictures import Picture
from sidedoor.documents.sizes import CARD, LIST, cropped
from sidedoor.documents.times import parse_wall_time

blueprint = Blueprint("pictures", __name__, url_prefix="/pictures")
_A_PAGE = 60


@blueprint.get("")
@only("press", "editor")
def everything() -> ResponseReturnValue:
    """List every picture, with search."""
    words, which = (request.args.get(name, "")[:100] for name in ("words", "which"))
    try:
        matches, problem = matching(picture_library().pictures(), words, which), ""
    except STOPS as stopped:
        matches, problem = [], sentence(stopped)
    return render_template(
        "desk/items/pictures.html", pictures=matches[:_A_PAGE], more=len(matches) - _A_PAGE, words=words, which=which,
        problem=problem,
    )  # fmt: skip


@blueprint.get("/<name>")
@only("press", "editor")
def show(name: str) -> ResponseReturnValue:
    """Show a picture: the facts about it, where it is used, and which part stays visible when it is cut."""
    return _page(_find(name))


@blueprint.post("/<name>")
@only("press", "editor")
def describe(name: str) -> ResponseReturnValue:
    """Change the facts about a picture."""
    entry, here = _find(name), f"/pictures/{name}"
    sent = {part: " ".join(request.form.get(part, "").split()) for part in ("shows", "credit", "expires")}
    focus = [request.form.get(part, 50, int) for part in ("across", "down")]

    def step() -> Done:
        if sent["expires"]:
            parse_wall_time(f"{sent['expires']} 00:00", library().site.zone)
        across, down = (min(100, max(0, number)) for number in focus)
        facts = {**sent, "focus": "" if (across, down) == (50, 50) else f"{across} {down}"}
        picture_library().describe(current_person(), entry.name, facts)
        return Done("It is saved.", here)

    return take(step, lambda problem: _page(entry, problem, sent), lambda: here)


@blueprint.post("/<name>/delete")
@only("press", "editor")
def delete(name: str) -> ResponseReturnValue:
    """Delete a picture, if it is used nowhere."""
    entry = _find(name)

    def step() -> Done:
        picture_library().delete(current_person(), entry.name)
        return Done("The picture is deleted. The history of the folder keeps it.", "/pictures")

    return take(step, lambda problem: _page(_find(name), problem), lambda: "/pictures")


@blueprint.get(f"/<name>/<any({CARD}, {LIST}):size>")
@only("press", "editor")
def small(name: str, size: str) -> Response:
    """Send a picture cut as readers will see it on a card or in the list of news."""
    picture = library().pictures.get(name)
    if not isinstance(picture, Picture):
        abort(404)
    wanted = cropped(picture, size)
    cut = live().size(wanted)
    raw = cut if cut is not None else live().picture(name)
    return Response(raw, content_type=wanted.content_type) if raw is not None else abort(404)


def _find(name: str) -> LibraryPicture:
    return picture_library().find(name) or abort(404)


def _page(entry: LibraryPicture, problem: str = "", typed: dict[str, str] | None = None) -> str:
    return render_template("desk/items/picture.html", entry=entry, problem=problem, typed=typed or {})
