"""The part of an answer that is shown in a page that is already loaded: its `main` alone, or with its style and the
words around `main` if that page lacks them.

It is cut out of the whole page, so it is the same by construction, and no template knows of it. Documents are sanitised
and templates are ours, so each mark that is searched for is in a page once.

The request says so in a header (see IN_PLACE in headers.py), never by a separate address: so no address shows a page
without “Hide this page”. A mirror, which does not know the header, sends the whole page; that works as well.
"""

import re
from dataclasses import dataclass

_ROOT = re.compile(r"<html\b[^>]*>")
_ATTRIBUTE = re.compile(r'\b(lang|dir)="([^"]*)"')
_MAIN = re.compile(r'<main id="main".*</main>', re.DOTALL)
_BODY = re.compile(r"<body>.*</body>", re.DOTALL)
_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
_SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>\s*", re.DOTALL)


@dataclass(frozen=True)
class Parts:
    """A page's parts: its `<html …>` tag with the language and direction in it, its style, its body, its `main`."""

    root: str
    language: str
    direction: str
    style: str
    body: str
    main: str

    @classmethod
    def of(cls, page: str) -> "Parts | None":
        """The parts of a whole page; None if it does not have this site's layout."""
        root, body, main = _ROOT.search(page), _BODY.search(page), _MAIN.search(page)
        if not (root and body and main):
            return None
        attributes = dict(_ATTRIBUTE.findall(root[0]))
        style = _STYLE.search(page)
        return cls(
            root[0],
            attributes.get("lang", ""),
            attributes.get("dir", "ltr"),
            style[0] if style else "",
            body[0],
            main[0],
        )

    def lacks(self, header: str) -> tuple[bool, bool]:
        """Whether the page that asks lacks the words around `main`, and this page's style. The header lists the
        languages in which it has those words, and says `style` if it has every rule."""
        has = header.split()
        return self.language not in has, "style" not in has

    def alone(self, framed: bool, styled: bool) -> str:
        """`main` alone; if `framed`, with the words around it; if `styled`, after the page's style. Without scripts."""
        body = self.main
        if framed:
            before, _, after = self.body.partition(self.main)
            body = f"{_SCRIPT.sub('', before)}{body}{_SCRIPT.sub('', after)}"
        return f"<!DOCTYPE html>\n{self.root}\n{self.style if styled else ''}{body}\n</html>\n"
