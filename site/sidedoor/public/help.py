"""The front page, the list of help pages, and each of them."""

from flask import Blueprint, abort, render_template

from sidedoor.documents.document import Document
from sidedoor.public.orientation import FEWEST, headings, onward
from sidedoor.public.translated import translation_notes
from sidedoor.web.current import current_public, same_for_everyone
from sidedoor.web.language import current_language, requested_folder, said

blueprint = Blueprint("help", __name__)


@blueprint.get("/")
@same_for_everyone
def home() -> str:
    """The front page: readers choose by situation."""
    public = current_public()
    situations = [
        (choice, f"/help/{choice.page}") for choice in public.site.situations if public.find("help", choice.page)
    ]
    groups = public.groups(current_language())
    return render_template(
        "help/home.html",
        situations=situations,
        groups=groups,
        tools=[page for _, pages in groups for page in pages if page.kind == "page"],
        contacts=len(public.contacts),
    )


@blueprint.get("/help")
@same_for_everyone
def index() -> str:
    """Every help page, by group."""
    public = current_public()
    groups = public.groups(current_language())
    parts = [(2, f"group-{group.id}", said(group.title)) for group, _ in groups]
    return render_template("help/index.html", groups=groups, headings=parts if len(parts) >= FEWEST else [])


@blueprint.get("/help/<slug>")
@same_for_everyone
def page(slug: str) -> str:
    """One help page, in the language of its address or lent to it."""
    public = current_public()
    document = public.find("help", slug, requested_folder()) or abort(404)
    offered = onward(document.html)
    return render_template(
        "help/page.html",
        document=document,
        group=public.group_of(document),
        headings=headings(document.html),
        related=[page for page in related(document) if f"/help/{page.slug}" not in offered],
        calls='<div class="call-now"' in document.html,
        **translation_notes(document),
    )


def related(document: Document) -> list[Document]:
    """The help pages that a page names, in the versions that its reader gets."""
    public = current_public()
    names = document.meta.related_help or public.original_of(document).meta.related_help
    return [page for name in names if (page := public.find("help", name, current_language()))]
