"""Styles and scripts, put into the page itself and allowed by their hash.

So a page is one response, works when every other file fails, and leaves nothing in the browser's cache.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from markupsafe import Markup

_PACKAGE = Path(__file__).resolve().parents[1]
# The wheel carries the folder inside the package; a checkout has it beside site/.
STATIC = _PACKAGE / "static" if (_PACKAGE / "static").is_dir() else _PACKAGE.parents[1] / "static"
STYLES = ("public.css", "home.css", "few.css", "chat.css", "easy.css")
"""The first is on every page; the others where they are used, and travel.js brings them along."""
BUNDLES = {
    # The exit stands alone: nothing else that fails can stop it.
    "hide-page.js": ("exit/hide-page.js",),
    "shortcut.js": ("exit/shortcut.js",),
    "after.js": ("taps.js", "offer.js", "exit/pinch.js"),
    # On no page: it comes with the pack.
    "carried.js": ("pack.js", "travel.js", "fold.js"),
    # Only where the site has a chat.
    "chat-tabs.js": ("chat-tabs.js",),
    # Only on the pages that use them, in main; travel.js starts them where such a page arrives in place.
    "chat.js": ("chat.js",),
    "copy-link.js": ("copy-link.js",),
    "guide.js": ("guide.js",),
    "plan.js": ("plan.js",),
    "questions.js": ("questions.js",),
    "contacts.js": ("contacts.js",),
}
"""Each `<script>` element of a page, and the files of static/js it holds."""
_CAST = re.compile(r"/\*\* @type [^\n]*?\*/ (?=\()")  # for tsc alone
_BLOCK_COMMENT = re.compile(r"^[ \t]*/\*.*?\*/[ \t]*\n?", re.DOTALL | re.MULTILINE)
_LINE_COMMENT = re.compile(r"^[ \t]*//.*\n", re.MULTILINE)
_CSS_SPACE = re.compile(r"\s*([{};,])\s*")
_INDENT = re.compile(r"^[ \t]+|[ \t]+$|^\n", re.MULTILINE)


@cache
def _read(kind: str, name: str) -> str:
    """The file without casts, without the comments that stand on lines of their own, and without indentation."""
    text = (STATIC / kind / name).read_text("utf-8")
    return _INDENT.sub("", _INDENT.sub("", _LINE_COMMENT.sub("", _BLOCK_COMMENT.sub("", _CAST.sub("", text)))))


def inline_style(name: str) -> Markup:
    """The whole `<style>` element of static/css/`name`; that of a few pages is marked as such."""
    few = "" if name == STYLES[0] else " data-few"
    return Markup(f"<style{few}>{_style(name)}</style>")


@cache
def _style(name: str) -> str:
    """The file without the space that only people need: between a rule and the next, and before a value."""
    return _CSS_SPACE.sub(r"\1", _read("css", name)).replace(";}", "}").replace(": ", ":")


def inline_script(name: str, **data: str | None) -> Markup:
    """A `<script>` element of BUNDLES, told `data` in data- attributes, which the hash leaves out."""
    told = Markup("").join(Markup(' data-{}="{}"').format(key, value) for key, value in data.items() if value)
    return Markup(f"<script{told}>{bundle(name)}</script>")


@cache
def bundle(name: str) -> str:
    """What a `<script>` element of BUNDLES holds, in the bytes that its hash is of."""
    return "".join(_read("js", part) for part in BUNDLES[name])


def source_hash(text: str) -> str:
    """The CSP source for an element that holds exactly `text` (CSP3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def hashes(kind: str) -> list[str]:
    """A CSP source for every style sheet (`css`) or bundle (`js`), in the exact bytes that pages hold."""
    texts = map(bundle, BUNDLES) if kind == "js" else map(_style, STYLES)
    return [source_hash(text) for text in texts]
