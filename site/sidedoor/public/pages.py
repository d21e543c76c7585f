"""The pages about the site: using the internet, privacy, accessibility, about."""

from flask import Blueprint, abort, render_template

from sidedoor.public.contacts import names_of
from sidedoor.public.orientation import headings
from sidedoor.public.translated import translation_notes
from sidedoor.web.current import current_public, same_for_everyone
from sidedoor.web.language import requested_folder

blueprint = Blueprint("pages", __name__)


@blueprint.get("/<slug>")
@same_for_everyone
def page(slug: str) -> str:
    """One page of the folder `pages`."""
    public = current_public()
    document = public.find("page", slug, requested_folder()) or abort(404)
    # The two pages about the exit add the switch of its shortcut.
    return render_template(
        [f"pages/{document.slug}.html", "pages/page.html"],
        document=document,
        group=public.group_of(document),
        headings=headings(document.html),
        places=names_of(public.site.places),
        **translation_notes(document),
    )
