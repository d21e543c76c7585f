"""Search. The query is posted, so that it stands in no address and no history."""

from flask import Blueprint, current_app, render_template, request

from sidedoor.public.search_index import LONGEST_QUERY, Found, SearchIndex
from sidedoor.web.current import current_public, same_for_everyone
from sidedoor.web.language import translate as _

blueprint = Blueprint("search", __name__)


@blueprint.get("/search")
@same_for_everyone
def form() -> str:
    """The empty form."""
    return _page("", None)


@blueprint.post("/search")
def results() -> str:
    """What was found."""
    query = request.form.get("query", "")[:LONGEST_QUERY].strip()
    index: SearchIndex = current_app.extensions["search_index"]
    return _page(query, index.search(query, current_public()) if query else None)


def _page(query: str, found: Found | None) -> str:
    kinds = {"help": _("Help"), "news": _("News"), "page": _("About this site"), "contact": _("Contact")}
    return render_template(
        "search.html",
        query=query,
        searched=found is not None,
        results=[(kinds[hit.kind], hit.title, hit.path, hit.snippet) for hit in found.results] if found else [],
        suggestion=found.suggestion if found else None,
    )
