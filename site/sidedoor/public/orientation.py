"""Where a reader is on a page and where it leads: its headings, and the pages it offers to read next."""

import re
from html import unescape

FEWEST = 4
"""From so many headings on, a page begins with a list of them."""
_HEADING = re.compile(r'<h([23]) id="([^"]+)">(.*?)</h\1>', re.DOTALL)
_ACTION = re.compile(r'<p class="action"><a href="([^"]+)"')
_LINK = re.compile(r'<a href="([^"]+)"')
_TAG = re.compile(r"<[^>]+>")
# Readers choose among these in other ways: a question becomes a box to tick, a card that of one nation.
_CHOSEN = re.compile(r'<section class="(?:question|card|device)".*?</section>', re.DOTALL)


def headings(html: str) -> list[tuple[int, str, str]]:
    """Level, id and words of each heading of a document's HTML, except for the titles of boxes; empty if they are few.

    A page whose steps are opened one by one is such a list itself.
    """
    parts = _HEADING.findall(_CHOSEN.sub("", html))
    all_headings = [(int(level), name, unescape(_TAG.sub("", words))) for level, name, words in parts]
    return all_headings if len(all_headings) >= FEWEST and '<details class="fold">' not in html else []


def onward(html: str) -> set[str]:
    """The addresses that a document's big links and its last part, "What next", lead to, without their fragments."""
    addresses = _ACTION.findall(html) + _LINK.findall(html.rpartition("<h2 ")[2])
    return {unescape(address).partition("#")[0] for address in addresses}
