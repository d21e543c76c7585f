"""Styles and scripts, put into the page itself and allowed by their hash.

So a page is one response, works when every other file fails, and leaves nothing in the browser's cache.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from markupsafe import Markup

from sidedoor.web.shortened import shortened

_PACKAGE = Path(__file__).resolve().parents[1]
# The wheel carries the folder inside the package; a checkout has it beside site/.
STATIC = _PACKAGE / "static" if (_PACKAGE / "static").is_dir() else _PACKAGE.parents[1] / "static"
STYLES = ("public.css", "home.css", "few.css", "chat.css", "easy.css")
"""The first is on every page; the others where they are used, and travel.js brings them along."""
BUNDLES = {
    # The exit stands alone: nothing else that fails can stop it.
    "exit.js": ("exit/hide-page.js", "exit/shortcut.js"),
    "after.js": ("taps.js", "offer.js", "exit/pinch.js"),
    # On no page: it comes with the pack. Last, what some pages alone have to do; each looks for its own.
    "carried.js": (
        *("pack.js", "travel.js", "fold.js", "chat-tabs.js"),
        *("guide.js", "contacts.js", "copy-link.js", "plan.js", "questions.js"),
    ),
    # On the chat's own pages, in main; travel.js starts it where such a page arrives in place.
    "chat.js": ("chat.js",),
}
"""Each `<script>` element of a page, and the files of static/js it holds. The policy of every page lists them all by
their hash, because what is read in place is ruled by the page arrived at; so they are few."""
_BLOCK_COMMENT = re.compile(r"^[ \t]*/\*.*?\*/[ \t]*\n?", re.DOTALL | re.MULTILINE)
_CSS_SPACE = re.compile(r"\s*([{};,])\s*|(?<=:)\s+")
_INDENT = re.compile(r"^[ \t]+|[ \t]+$|^\n", re.MULTILINE)


def inline_style(name: str, rules: str = "") -> Markup:
    """The whole `<style>` element of static/css/`name`, and of the site's own `rules` after it (see look.py); that of a
    few pages is marked as such."""
    few = "" if name == STYLES[0] else " data-few"
    return Markup(f"<style{few}>{_style(name)}{rules}</style>")


@cache
def _style(name: str) -> str:
    """The file without its comments, and without the space that only people need."""
    text = _INDENT.sub("", _BLOCK_COMMENT.sub("", (STATIC / "css" / name).read_text("utf-8")))
    return _CSS_SPACE.sub(lambda found: found[1] or "", text).replace(";}", "}")


def inline_script(name: str, **data: str | None) -> Markup:
    """A `<script>` element of BUNDLES, told `data` in data- attributes, which the hash leaves out."""
    told = Markup("").join(Markup(' data-{}="{}"').format(key, value) for key, value in data.items() if value)
    return Markup(f"<script{told}>{bundle(name)}</script>")


@cache
def bundle(name: str) -> str:
    """What a `<script>` element of BUNDLES holds, in the bytes that its hash is of."""
    return shortened("".join((STATIC / "js" / part).read_text("utf-8") for part in BUNDLES[name]))


def source_hash(text: str) -> str:
    """The CSP source for an element that holds exactly `text` (CSP3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def script_hashes() -> list[str]:
    """A CSP source for every bundle, in the exact bytes that pages hold."""
    return [source_hash(bundle(name)) for name in BUNDLES]


def style_hashes(rules: str = "") -> list[str]:
    """One for every style sheet, where the first stands with the site's own `rules`."""
    return [source_hash(_style(name) + (rules if name == STYLES[0] else "")) for name in STYLES]
