"""The front page, the list of help pages, and each of them."""

from flask import Blueprint, abort, g, render_template

from sidedoor.documents.site import in_language
from sidedoor.web.current import current_public, same_for_everyone
from sidedoor.web.language import language_name

blueprint = Blueprint("help", __name__)


@blueprint.get("/")
@same_for_everyone
def home() -> str:
    """Choose by situation."""
    public = current_public()
    situations = [
        (in_language(choice.says, public.site.language), page.path)
        for choice in public.site.situations
        if (page := public.find("help", choice.page))
    ]
    return render_template(
        "home.html", situations=situations, groups=public.groups(public.site.language), latest_news=public.news[:2]
    )


@blueprint.get("/help")
@same_for_everyone
def index() -> str:
    """Every help page, by group."""
    public = current_public()
    return render_template("help/index.html", groups=public.groups(public.site.language))


@blueprint.get("/help/<slug>")
@same_for_everyone
def page(slug: str) -> str:
    """One help page, in its own language."""
    public = current_public()
    document = public.find("help", slug) or abort(404)
    g.language = document.language
    related = [other for name in document.meta.related_help if (other := public.find("help", name))]
    translations = [
        (language_name(other.language), other.language, other.path) for other in public.translations(document)
    ]
    return render_template("help/page.html", document=document, related=related, translations=translations)
