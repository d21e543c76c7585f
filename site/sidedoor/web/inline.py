"""Scripts that are in the page itself, and are allowed by their hashes. (Styles: sheet.py.)

So a page is one response, works when every other file fails, and leaves nothing in the browser's cache.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path

from markupsafe import Markup

from sidedoor.web.shortened import shortened

_PACKAGE = Path(__file__).resolve().parents[1]
# The wheel carries the folder inside the package; a checkout has it beside site/.
STATIC = _PACKAGE / "static" if (_PACKAGE / "static").is_dir() else _PACKAGE.parents[1] / "static"
BUNDLES = {
    # The exit is alone, so that no failure elsewhere can stop it.
    "exit.js": ("exit/hide-page.js", "exit/shortcut.js"),
    "after.js": ("taps.js", "offer.js"),
    # In no page: it comes with the pack. The second line is for some pages only; each script looks for its own.
    "carried.js": (
        *("pack.js", "travel.js", "fold.js", "chat-tabs.js", "exit/pinch.js"),
        *("guide.js", "contacts.js", "copy-link.js", "plan.js", "questions.js"),
    ),
    # In no page: the chat's own pages, and all pages that somebody in a chat reads, load it (`data-script`, taps.js).
    "chat.js": ("chat.js",),
}
"""Each `<script>` element of a page, and the files of static/js it holds. The policy of every page lists the hashes of
all, because what is shown in place is under the policy of the page that was loaded; so they are few."""


def inline_script(name: str, **data: str | None) -> Markup:
    """A `<script>` element of BUNDLES, with `data` in data- attributes, which its hash does not cover."""
    attributes = Markup("").join(Markup(' data-{}="{}"').format(key, value) for key, value in data.items() if value)
    return Markup(f"<script{attributes}>{bundle(name)}</script>")


@cache
def bundle(name: str) -> str:
    """The text of a `<script>` element of BUNDLES, in the bytes that its hash is for."""
    return shortened("".join((STATIC / "js" / part).read_text("utf-8") for part in BUNDLES[name]))


def source_hash(text: str) -> str:
    """The CSP source for an element that holds exactly `text` (CSP3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def script_hashes() -> list[str]:
    """A CSP source for every bundle, in the exact bytes that pages hold."""
    return [source_hash(bundle(name)) for name in BUNDLES]
