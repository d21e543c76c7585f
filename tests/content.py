"""A content folder that tests write in."""

import os
from pathlib import Path

SITE = """\
name = "Sidedoor"
organisation = "Test Constabulary"
languages = ["en", "cy"]
timezone = "Europe/London"
dates = { en = "en-GB" }
exit = ["https://weather.example/", "https://second.example/"]
telling_words = ["abus", "violen"]
[menu]
pages = ["/help", "/contacts", "/safer-browsing", "/search", "/news", "/chat", "/feedback"]
[[situations]]
says = "I need help now"
page = "get-help-now"
[[groups]]
id = "now"
title = "Right now"
[[groups]]
id = "plan"
title = "Make a plan"
[emergency]
number = "999"
silent = "If you cannot speak, call 999 and press 55."
[[places]]
id = "england"
name = "England"
[[places]]
id = "wales"
name = { en = "Wales", cy = "Cymru" }
[[places]]
id = "scotland"
name = "Scotland"
[[audiences]]
id = "everyone"
name = "Everyone"
everyone = true
[[audiences]]
id = "women"
name = "Women"
[press.press]
name = "Press office"
"""

CONTACTS = """\
contacts:
  - id: ndah
    name: National Helpline
    for: Women
    audiences: [women]
    places: [england]
    phone: 0808 2000 247
    source: https://www.example.org/
  - id: live-fear-free
    name: Live Fear Free
    for: Anyone in Wales
    audiences: [everyone]
    places: [wales]
    phone: 0808 80 10 800
    text: 07860 077333
    source: https://www.example.org/
"""


class ContentFolder:
    """A folder to write documents into. Each file is replaced in one step, as a careful text editor does it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, file: str, text: str | bytes) -> Path:
        """Write a file whole."""
        path = self.path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_bytes(text.encode() if isinstance(text, str) else text)
        os.replace(temporary, path)
        return path

    def document(self, file: str, body: str = "Some words for you.", **front: object) -> Path:
        """Write a document of its folder's kind. `front` adds, replaces or (as None) leaves out fields of front matter."""
        basics: dict[str, object] = {"title": "A title", "summary": "A summary.", "state": "published"}
        if file.startswith("help/"):
            basics |= {"tab_title": "A tab", "group": "now", "sources": ["A source"]}
        elif file.startswith("news/"):
            basics |= {"publish_at": "2026-11-01 09:00"}
        else:
            basics |= {"tab_title": "A tab"}
        lines = [f"{name}: {_yaml(value)}" for name, value in {**basics, **front}.items() if value is not None]
        return self.write(file, "\n".join(["---", *lines, "---", "", body, ""]))

    def write_basics(self) -> None:
        """A folder that a site can be made of."""
        self.write("site.toml", SITE)
        self.write("contacts.yaml", CONTACTS)
        self.document(
            "help/get-help-now.md", "Call 999.\n\n/// contact | ndah\n\n///", title="Get help now", tab_title="Help now"
        )
        self.document(
            "help/money.md", "Money can be kept from you.", title="Money and you", tab_title="Money", group="plan"
        )
        self.document(
            "help/getting-ready.md",
            "Pack a bag.",
            title="Getting ready",
            tab_title="Ready",
            group="plan",
            related_help=["money"],
        )
        self.document(
            "pages/safer-browsing.md", "How to browse.", title="Using the internet", tab_title="Using the internet"
        )
        self.document("news/first.md", "The first news.", title="First news")


def _yaml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_yaml(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_yaml(inner) for inner in value) + "]"
    return str(value)
