"""The pages about the site: using the internet, privacy, accessibility, about."""

import re

from flask import Blueprint, abort, g, render_template

from sidedoor.public.contacts import names_of
from sidedoor.public.orientation import headings
from sidedoor.web.current import current_public, same_for_everyone

blueprint = Blueprint("pages", __name__)
_OF_FEW = re.compile(
    r'class="(?:ticks|write|question|card|number|statistic|quote|device|call-now|fold|help-box)"|<(?:figure|table|img|mark)\b'
)


def of_few(html: str) -> bool:
    """Whether a document's HTML has something that few pages have, which few.css styles."""
    return _OF_FEW.search(html) is not None


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
