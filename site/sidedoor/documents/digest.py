"""Digests of a page's words, which show whether something made from them still matches.

A digest has two halves: one for all words, and one for those that may cost a life if they are wrong: the boxes for an
emergency, the numbers, and whom the page says to call. So the first half tells that a translation is behind, and the
second that its readers have to be told so at once.
"""

import hashlib
import re
from collections.abc import Iterable

_EMERGENCY = re.compile(r"^(/{3,})[ ]*emergency\b.*?^\1[ ]*$", re.DOTALL | re.MULTILINE)
_CALLED = re.compile(r"^/{3,}[ ]*(?:call|contact|number)[ ]*\|.*$", re.MULTILINE)
_NUMBER = re.compile(r"\d(?:[ ()-]?\d)+")
_HALF = 12


def digest_of(title: str, summary: str, body: str, notes: str = "") -> str:
    """The digest of a page's words; it does not depend on line breaks."""
    urgent = [box[0] for box in _EMERGENCY.finditer(body)] if "///" in body else []
    urgent += _CALLED.findall(body) if "///" in body else []
    urgent += _NUMBER.findall(body)
    return f"{_half((title, summary, body, notes))}-{_half(urgent)}"


def urgent_half(digest: str) -> str:
    """The half of a digest for words that may cost a life."""
    return digest.partition("-")[2]


def _half(texts: Iterable[str]) -> str:
    normalised = "\n".join(" ".join(text.split()) for text in texts)
    return hashlib.sha256(normalised.encode()).hexdigest()[:_HALF]
