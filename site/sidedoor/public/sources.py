"""Where a page's facts come from: each has a list of its own, so that who came for help does not carry it along."""

from flask import Blueprint, abort, g, render_template, request

from sidedoor.documents.document import Document
from sidedoor.documents.library import PublicLibrary
from sidedoor.web.current import current_public, same_for_everyone

blueprint = Blueprint("sources", __name__)
_FOLDER = "/sources"
_KINDS = ("help", "page")


def lists_of_sources(public: PublicLibrary) -> dict[str, Document]:
    """The address of each list of sources, and the page whose it is. A news item names its own on its page."""
    shown = (page for page in public.shown if page.kind in _KINDS and page.meta.sources)
    return {f"{_FOLDER}{page.path}": page for page in shown}


@blueprint.get(f"{_FOLDER}/<path:page>")
@same_for_everyone
def sources(page: str) -> str:
    """The sources of one page, in its own language."""
    document = lists_of_sources(current_public()).get(request.path) or abort(404)
    g.language = document.language
    return render_template("sources/list.html", document=document)
