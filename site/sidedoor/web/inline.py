"""Styles and scripts, put into the page itself and allowed by their hash.

So a page is one response, works when every other file fails, and leaves nothing in the browser's cache.
"""

import base64
import hashlib
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from sidedoor.web.shortened import shortened

_PACKAGE = Path(__file__).resolve().parents[1]
# The wheel carries the folder inside the package; a checkout has it beside site/.
STATIC = _PACKAGE / "static" if (_PACKAGE / "static").is_dir() else _PACKAGE.parents[1] / "static"
STYLES = ("public.css", "home.css", "few.css", "chat.css", "easy.css", "contacts.css")
"""The first is on every page; the others where they are used, and travel.js brings them along."""


class Rules(NamedTuple):
    """What a site's own choices add (see look.py): to the style sheet of every page, and for cards to carry alone."""

    every: str = ""
    cards: str = ""


NO_RULES = Rules()
BUNDLES = {
    # The exit stands alone: nothing else that fails can stop it.
    "exit.js": ("exit/hide-page.js", "exit/shortcut.js"),
    "after.js": ("taps.js", "offer.js"),
    # On no page: it comes with the pack. Last, what some pages alone have to do; each looks for its own.
    "carried.js": (
        *("pack.js", "travel.js", "fold.js", "chat-tabs.js", "exit/pinch.js"),
        *("guide.js", "contacts.js", "copy-link.js", "plan.js", "questions.js"),
    ),
    # On no page: the chat's own pages, and those of who is in one, ask for it (`data-script`, taps.js).
    "chat.js": ("chat.js",),
}
"""Each `<script>` element of a page, and the files of static/js it holds. The policy of every page lists them all by
their hash, because what is read in place is ruled by the page arrived at; so they are few."""
_BLOCK_COMMENT = re.compile(r"^[ \t]*/\*.*?\*/[ \t]*\n?", re.DOTALL | re.MULTILINE)
_CSS_SPACE = re.compile(r"\s*([{};,])\s*|(?<=:)\s+")
_FEW = " data-few"
_INDENT = re.compile(r"^[ \t]+|[ \t]+$|^\n", re.MULTILINE)


def inline_style(name: str, rules: str = "") -> Markup:
    """The whole `<style>` element of static/css/`name`, and of the site's own `rules` after it (see look.py); that of a
    few pages is marked as such."""
    few = "" if name == STYLES[0] else _FEW
    return Markup(f"<style{few}>{_style(name)}{rules}</style>")


def inline_rules(rules: str) -> Markup:
    """The same of a site's own `rules` that few pages need."""
    return Markup(f"<style{_FEW}>{rules}</style>") if rules else Markup("")


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


def style_hashes(rules: Rules, page: str | None) -> list[str]:
    """One for every style sheet that `page` holds; without it, for all of them.

    What is read in place brings its own along through the sheet that is there (travel.js), which no policy rules.
    """
    first, *few = STYLES
    sheets = [_style(first) + rules.every, *(_style(name) for name in few), *filter(None, [rules.cards])]
    return [_hash_of_style(sheet) for sheet in sheets if page is None or f">{sheet}</style>" in page]


@lru_cache(maxsize=64)
def _hash_of_style(sheet: str) -> str:
    return source_hash(sheet)
