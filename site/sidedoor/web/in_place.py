"""What goes into a page that is there already: of an answer, its `main` alone, and whatever stands around it if asked.

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
_STYLE = re.compile(r"<style data-few>.*?</style>", re.DOTALL)
_SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>\s*", re.DOTALL)


@dataclass(frozen=True)
class Parts:
    """A page's parts: its `<html …>` tag with the language and direction in it, its body, its `main`, and the styles
    that not every page has."""

    root: str
    language: str
    direction: str
    body: str
    main: str
    styles: str

    @classmethod
    def of(cls, page: str) -> "Parts | None":
        """The parts of a whole page; None where it is no page of this site's layout."""
        root, body, main = _ROOT.search(page), _BODY.search(page), _MAIN.search(page)
        if not (root and body and main):
            return None
        told = dict(_ATTRIBUTE.findall(root[0]))
        styles = "".join(_STYLE.findall(page))
        return cls(root[0], told.get("lang", ""), told.get("dir", "ltr"), body[0], main[0], styles)

    @property
    def own(self) -> str:
        """`main`, and the styles that few pages have."""
        return self.styles + self.main

    def alone(self, framed: bool) -> str:
        """`main` and its styles alone; if `framed`, with the words around it. No script comes along."""
        body = self.own
        if framed:
            before, _, after = self.body.partition(self.main)
            body = f"{_SCRIPT.sub('', before)}{body}{_SCRIPT.sub('', after)}"
        return f"<!DOCTYPE html>\n{self.root}\n{body}\n</html>\n"


def speaks(header: str, language: str) -> bool:
    """Whether who asks has what stands around `main` in this language: the header lists the languages it has it in."""
    return language in header.split()
