"""Slugs: the last part of a page's address, which is its file's name without `.md`."""

import re

from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Wrong

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
LONGEST = 80


def slug_problem(slug: str) -> Wrong | None:
    """Why `slug` cannot be used; None when it can.

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
    """A slug that says what `title` says: `Ten years on: CARA` becomes `ten-years-on-cara`."""
    words = re.findall(r"[a-z0-9]+", title.lower().replace("'", "").replace("’", ""))
    slug = ""
    for word in words:
        if len(slug) + len(word) + 1 > LONGEST:
            break
        slug = f"{slug}-{word}" if slug else word
    return slug
