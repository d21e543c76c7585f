"""Pictures in pages: each says its size before it comes, and a phone loads one that fits."""

import re

from flask import render_template

from sidedoor.documents.pictures import Picture
from sidedoor.documents.sizes import widths_of
from sidedoor.web.current import current_public

_PICTURE = re.compile(r'<img\b[^>]*?\bsrc="/images/([^"/]+)"[^>]*>')


def with_pictures(html: str) -> str:
    """A document's HTML, where each picture says how large it is and which smaller ones there are."""
    pictures = current_public().pictures

    def sized(match: re.Match[str]) -> str:
        picture = pictures.get(match[1])
        if not isinstance(picture, Picture):
            return match[0]
        return render_template("picture.html", tag=match[0][4:-1], picture=picture, sizes=widths_of(picture)).strip()

    return _PICTURE.sub(sized, html)
