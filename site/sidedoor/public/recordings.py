"""Recordings in pages: a player that loads nothing until it is pressed, the recording's size, and its words."""

import re

from flask import render_template
from markupsafe import Markup

from sidedoor.documents.recordings import captions_of, is_video
from sidedoor.public.current import live
from sidedoor.web.current import current_public
from sidedoor.web.language import current_language, language_name

_MARK = re.compile(
    r'<figure class="(?:audio|video)" data-recording="([^"<>]*)">\s*<details>\s*<summary></summary>(.*?)'
    r"</details>\s*</figure>",
    re.DOTALL,
)
_PICTURE = re.compile(r"\s*<(p|figure)><img ([^<>]*)>.*?</\1>", re.DOTALL)
"""What is shown before a video is played: the first picture among its words."""


def with_recordings(html: str) -> str:
    """A document's HTML with its players. If a recording is not there, or a video lacks something, only its words are
    shown."""

    def player(match: re.Match[str]) -> str:
        name, words = match[1], match[2]
        picture = _PICTURE.match(words) if is_video(name) else None
        poster = dict(re.findall(r'(src|alt)="([^"]*)"', picture[2])) if picture else {}
        shown = current_public().pictures
        needed = [name, captions_of(name), poster.get("src", "").rpartition("/")[2]] if is_video(name) else [name]
        raw = live().picture(name) if all(file in shown for file in needed) else None
        return render_template(
            "recording.html",
            name=name if raw else "",
            megabytes=megabytes(len(raw or b"")),
            words=Markup(words[picture.end() :] if picture and raw else words),
            captions=captions_of(name) if is_video(name) else "",
            captions_in=language_name(current_language()),
            poster={key: Markup(value) for key, value in poster.items()},
        )

    return _MARK.sub(player, html)


def megabytes(size: int) -> str:
    """A size as readers see it, never less than it is: `0.3`."""
    return f"{max(1, -(-size // 100_000)) / 10:.1f}"
