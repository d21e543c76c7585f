"""Recordings wherever a page has one: a player that loads nothing until it is pressed, its size, and its words."""

import re

from flask import current_app, render_template
from markupsafe import Markup

from sidedoor.documents.live import LiveLibrary
from sidedoor.web.current import current_public

_MARK = re.compile(
    r'<figure class="audio" data-recording="([^"<>]*)">\s*<details>\s*<summary></summary>(.*?)</details>\s*</figure>',
    re.DOTALL,
)


def with_recordings(html: str) -> str:
    """A document's HTML with its players. Of a recording that is not there, the words are."""

    def player(found: re.Match[str]) -> str:
        live: LiveLibrary = current_app.extensions["live"]
        raw = live.picture(found[1]) if found[1] in current_public().pictures else None
        return render_template(
            "recording.html", name=found[1] if raw else "", megabytes=megabytes(len(raw or b"")), words=Markup(found[2])
        )

    return _MARK.sub(player, html)


def megabytes(size: int) -> str:
    """A size as readers are told it, never less than it is: `0.3`."""
    return f"{max(1, -(-size // 100_000)) / 10:.1f}"
