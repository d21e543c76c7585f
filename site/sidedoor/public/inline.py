"""Styles and scripts, put into the page itself and allowed by their hash.

So a page is one response, works when every other file fails, and leaves nothing in the browser's cache.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from markupsafe import Markup

STATIC = Path(__file__).resolve().parents[3] / "static"
_BLOCK_COMMENT = re.compile(r"^[ \t]*/\*.*?\*/[ \t]*\n?", re.DOTALL | re.MULTILINE)
_LINE_COMMENT = re.compile(r"^[ \t]*//.*\n", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+|[ \t]+$|^\n", re.MULTILINE)


@cache
def _read(kind: str, name: str) -> str:
    """The file without the comments that stand on lines of their own, and without indentation."""
    text = (STATIC / kind / name).read_text("utf-8")
    return _INDENT.sub("", _INDENT.sub("", _LINE_COMMENT.sub("", _BLOCK_COMMENT.sub("", text))))


def inline_style(name: str) -> Markup:
    """The whole `<style>` element of static/css/`name`."""
    return Markup(f"<style>{_read('css', name)}</style>")


def inline_script(name: str, **data: str | None) -> Markup:
    """The whole `<script>` element of static/js/`name`, told `data` in data- attributes, which the hash leaves out."""
    told = Markup("").join(Markup(' data-{}="{}"').format(key, value) for key, value in data.items() if value)
    return Markup(f"<script{told}>{_read('js', name)}</script>")


def hashes(kind: str) -> list[str]:
    """A CSP source for every file of static/`kind`, in the exact bytes that pages hold (CSP3, 2.3.1)."""
    names = sorted(path.name for path in (STATIC / kind).iterdir() if path.suffix == f".{kind}")
    return [
        f"'sha256-{base64.b64encode(hashlib.sha256(_read(kind, name).encode()).digest()).decode()}'" for name in names
    ]
