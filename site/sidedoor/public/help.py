"""The front page, the list of help pages, and each of them."""

from flask import Blueprint, abort, g, render_template

from sidedoor.public.orientation import FEWEST, headings, onward
from sidedoor.web.current import current_public, same_for_everyone
from sidedoor.web.language import language_name, said

blueprint = Blueprint("help", __name__)


@blueprint.get("/")
@same_for_everyone
def home() -> str:
    """Choose by situation."""
    public = current_public()
    situations = [
        (choice, page.path) for choice in public.site.situations if (page := public.find("help", choice.page))
    ]
    groups = public.groups(public.site.language)
    return render_template(
        "home.html",
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
    groups = public.groups(public.site.language)
    parts = [(2, f"group-{group.id}", said(group.title)) for group, _ in groups]
    return render_template("help/index.html", groups=groups, headings=parts if len(parts) >= FEWEST else [])


@blueprint.get("/help/<slug>")
@same_for_everyone
def page(slug: str) -> str:
    """One help page, in its own language."""
    public = current_public()
    document = public.find("help", slug) or abort(404)
    g.language = document.language
    offered = onward(document.html)
    related = [
        other
        for name in document.meta.related_help
        if (other := public.find("help", name)) and other.path not in offered
    ]
    translations = [
        (language_name(other.language), other.language, other.path) for other in public.translations(document)
    ]
    return render_template(
        "help/page.html",
        document=document,
        group=public.group_of(document),
        headings=headings(document.html),
        related=related,
        translations=translations,
        calls='<div class="call-now"' in document.html,
    )
