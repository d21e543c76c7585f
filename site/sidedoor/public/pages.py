"""The pages about the site: using the internet, privacy, accessibility, about."""

from flask import Blueprint, abort, g, render_template

from sidedoor.public.contacts import names_of
from sidedoor.public.orientation import headings
from sidedoor.web.current import current_public, same_for_everyone

blueprint = Blueprint("pages", __name__)


@blueprint.get("/<slug>")
@same_for_everyone
def page(slug: str) -> str:
    """One page of the folder `pages`."""
    public = current_public()
    document = public.find("page", slug) or abort(404)
    g.language = document.language
    # The two pages about the exit add the switch of its shortcut.
    return render_template(
        [f"pages/{document.slug}.html", "pages/page.html"],
        document=document,
        group=public.group_of(document),
        headings=headings(document.html),
        places=names_of(public.site.places),
    )
