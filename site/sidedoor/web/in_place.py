"""What goes into a page that is there already: of an answer, its `main` alone, and its style and what stands around it
where that page lacks them.

It is cut out of the whole page, so it is the same by construction, and no template knows of it. Documents are sanitised
and templates are ours, so the marks that are looked for stand in a page once.

Who asks says so in a header (see IN_PLACE in headers.py), never by an address of its own: so no address shows a page
without “Hide this page”. Where the header is not understood (a mirror), the whole page comes, which does as well.
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
        """The parts of a whole page; None where it is no page of this site's layout."""
        root, body, main = _ROOT.search(page), _BODY.search(page), _MAIN.search(page)
        if not (root and body and main):
            return None
        told = dict(_ATTRIBUTE.findall(root[0]))
        style = _STYLE.search(page)
        return cls(root[0], told.get("lang", ""), told.get("dir", "ltr"), style[0] if style else "", body[0], main[0])

    def lacks(self, header: str) -> tuple[bool, bool]:
        """What who asks does not have: the words around `main`, and this page's style. The header lists the languages
        of which the first is there, and says `style` where every rule is."""
        has = header.split()
        return self.language not in has, "style" not in has

    def alone(self, framed: bool, styled: bool) -> str:
        """`main` alone; if `framed`, with the words around it; if `styled`, after the page's style. No script comes."""
        body = self.main
        if framed:
            before, _, after = self.body.partition(self.main)
            body = f"{_SCRIPT.sub('', before)}{body}{_SCRIPT.sub('', after)}"
        return f"<!DOCTYPE html>\n{self.root}\n{self.style if styled else ''}{body}\n</html>\n"
