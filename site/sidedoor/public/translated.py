"""What a page says of its own language: that nobody has read the translation, or that it is behind where it matters."""

import re

from sidedoor.documents.digest import urgent_half
from sidedoor.documents.document import Document
from sidedoor.documents.library import is_reviewed
from sidedoor.web.current import current_public

_EMERGENCY = re.compile(r'<div class="emergency">')
_HEADING = re.compile(r'<h[23] id="([^"]+)"')


def of_its_language(document: Document) -> dict[str, object]:
    """What templates/in_other_words.html needs to know."""
    original = current_public().original_of(document)
    unread = not is_reviewed(document)
    return {"original": original, "unread": unread, "step_changed": changed_step(document, original)}


def changed_step(document: Document, original: Document) -> str:
    """The address of what to do in danger, where that or a number has changed since `document` was made from it; empty
    where it is the same, or where nobody wrote down what it was made from."""
    told = document.translation
    if not told or not told.made_from or urgent_half(told.made_from) == urgent_half(original.digest):
        return ""
    found = _EMERGENCY.search(original.html)
    headings = _HEADING.findall(original.html[: found.start()] if found else "")
    return f"{original.path}#{headings[-1]}" if headings else original.path
