"""Slugs: the last part of a page's address, which is its file's name without `.md`."""

import re
import unicodedata

from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Wrong

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
LONGEST = 80
_SPELT = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "ae", "ø": "o", "Ø": "o", "œ": "oe", "Œ": "oe", "ł": "l", "Ł": "l", "ð": "d"}
)
"""Letters that Unicode does not decompose."""


def slug_problem(slug: str) -> Wrong | None:
    """Why `slug` cannot be used; None if it can.

    Only a to z, 0 to 9 and single hyphens: so no two slugs can look alike, and none can lead out of its folder.
    """
    if len(slug) > LONGEST:
        return Wrong(Code.SLUG_TOO_LONG, most=LONGEST)
    if not _SLUG.fullmatch(slug):
        return Wrong(Code.SLUG_LETTERS, slug=slug)
    if slug.isdigit() or slug == "page":
        return Wrong(Code.SLUG_TAKEN, slug=slug)
    return None


def slug_from_title(title: str) -> str:
    """A slug made of `title`: `Ten years on: CARA` becomes `ten-years-on-cara`, `Tŷ Gŵyl` `ty-gwyl`.

    Empty if none of its letters can be in an address.
    """
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", title.translate(_SPELT)) if not unicodedata.combining(letter)
    )
    words = re.findall(r"[a-z0-9]+", plain.lower().replace("'", "").replace("’", ""))
    slug = ""
    for word in words:
        if len(slug) + len(word) + 1 > LONGEST:
            break
        slug = f"{slug}-{word}" if slug else word
    return slug
