"""Search. The query is posted, so that it is in no address and no history."""

from collections.abc import Iterable

from flask import Blueprint, render_template, request

from sidedoor.public.current import the_site
from sidedoor.public.search_index import LONGEST_QUERY, Findings, Result
from sidedoor.web.current import current_public, same_for_everyone
from sidedoor.web.language import page_language
from sidedoor.web.language import translate as _

blueprint = Blueprint("search", __name__)
MOST_RESULTS = 20


@blueprint.get("/search")
@same_for_everyone
def form() -> str:
    """The empty form."""
    return _page("", None)


@blueprint.post("/search")
def results() -> str:
    """The results."""
    query = request.form.get("query", "")[:LONGEST_QUERY].strip()
    return _page(query, the_site().search.search(query, current_public()) if query else None)


def _readable(hits: Iterable[Result]) -> list[tuple[Result, str, str]]:
    """Hits with their addresses and languages: first those in the reader's own, then those in the site's own, with
    addresses in the reader's language. Those in other languages only if there are no such hits: who types Polish on an
    English page can read it."""
    public, spoken = current_public(), page_language()
    rows, others = [], []
    for hit in hits:
        folder = public.split(hit.path)[0]
        is_form = folder in public.site.forms
        if folder in (public.site.folder(spoken), "") or (is_form and spoken == public.site.language):
            path = hit.path if folder else public.in_language(hit.path, spoken)
            rows.append((hit, path, public.site.language if is_form else folder or public.site.language))
        elif not is_form:
            others.append((hit, hit.path, folder))
    rows.sort(key=lambda row: row[2] != spoken)
    rows = rows or others
    by_path = {path: (hit, path, language) for hit, path, language in reversed(rows)}
    return list(dict.fromkeys(by_path[path] for _hit, path, _language in rows))[:MOST_RESULTS]


def _page(query: str, findings: Findings | None) -> str:
    results = _readable(findings.results) if findings else []
    kinds = {"help": _("Help"), "news": _("News"), "page": _("About this site"), "contact": _("Contact")}
    return render_template(
        "search.html",
        query=query,
        searched=findings is not None,
        results=[(kinds[hit.kind], hit.title, path, hit.snippet, language) for hit, path, language in results],
        suggestion=findings.suggestion if findings and results else None,
    )
