"""Where a page's facts come from: each page has a list of its own, so that readers who came for help do not load it
too."""

from flask import Blueprint, abort, redirect, render_template
from flask.typing import ResponseReturnValue

from sidedoor.documents.document import Document
from sidedoor.documents.library import PublicLibrary
from sidedoor.web.current import current_path, current_public, same_for_everyone

blueprint = Blueprint("sources", __name__)
_FOLDER = "/sources"
_KINDS = ("help", "page")


def lists_of_sources(public: PublicLibrary) -> dict[str, Document]:
    """The address of each list of sources, and the page it belongs to. A news item names its sources on its own
    page."""
    shown = (page for page in public.shown if page.kind in _KINDS and not page.folder and page.meta.sources)
    return {f"{_FOLDER}{page.path}": page for page in shown}


def former_lists(public: PublicLibrary) -> dict[str, str]:
    """Former addresses of lists, those of pages that moved, and where each leads: to the list of the original."""
    now = lists_of_sources(public)
    moved = ((path, f"{_FOLDER}{public.split(target)[1]}") for path, target in public.redirects.items())
    return {f"{_FOLDER}{path}": target for path, target in moved if target in now}


@blueprint.get(f"{_FOLDER}/<path:page>")
@same_for_everyone
def sources(page: str) -> ResponseReturnValue:
    """The sources of one page, in the site's own language."""
    if target := former_lists(current_public()).get(current_path()):
        return redirect(target, 301)
    document = lists_of_sources(current_public()).get(current_path()) or abort(404)
    return render_template("sources/list.html", document=document)
