"""Pictures wherever a page has one: its size is told before it comes, and a phone takes one that fits."""

import re

from flask import render_template

from sidedoor.documents.pictures import Picture
from sidedoor.documents.sizes import widths_of
from sidedoor.web.current import current_public

_PICTURE = re.compile(r'<img\b[^>]*?\bsrc="/images/([^"/]+)"[^>]*>')


def with_pictures(html: str) -> str:
    """A document's HTML, where each picture says how large it is and which smaller ones there are."""
    pictures = current_public().pictures

    def sized(found: re.Match[str]) -> str:
        known = pictures.get(found[1])
        if not isinstance(known, Picture):
            return found[0]
        return render_template("picture.html", tag=found[0][4:-1], picture=known, sizes=widths_of(known)).strip()

    return _PICTURE.sub(sized, html)
