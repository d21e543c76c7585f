"""What a page says about its translation: that nobody has checked it, or that it is out of date where that matters."""

import re

from sidedoor.documents.digest import urgent_half
from sidedoor.documents.document import Document
from sidedoor.documents.library import is_reviewed
from sidedoor.web.current import current_public

_EMERGENCY = re.compile(r'<div class="emergency">')
_HEADING = re.compile(r'<h[23] id="([^"]+)"')


def translation_notes(document: Document) -> dict[str, object]:
    """What templates/translated.html needs to know."""
    original = current_public().original_of(document)
    unread = not is_reviewed(document)
    return {"original": original, "unread": unread, "step_changed": changed_step(document, original)}


def changed_step(document: Document, original: Document) -> str:
    """The address, in the original, of what to do in danger, if that or a number has changed since `document` was
    translated. Empty if neither has, or if the translation does not say which version it was made from."""
    translation = document.translation
    if (
        not translation
        or not translation.made_from
        or urgent_half(translation.made_from) == urgent_half(original.digest)
    ):
        return ""
    emergency = _EMERGENCY.search(original.html)
    headings = _HEADING.findall(original.html[: emergency.start()] if emergency else "")
    return f"{original.path}#{headings[-1]}" if headings else original.path
