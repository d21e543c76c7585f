"""Stands for the words of a page, so that what was made from them can be told from what they are now.

It has two halves: one for all of its words, one for those that may cost a life if they are wrong: its boxes for an
emergency, its numbers, and whom it says to call. So the first tells that a translation is behind, and the second that
its readers have to be told so at once.
"""

import hashlib
import re
from collections.abc import Iterable

_EMERGENCY = re.compile(r"^(/{3,})[ ]*emergency\b.*?^\1[ ]*$", re.DOTALL | re.MULTILINE)
_CALLED = re.compile(r"^/{3,}[ ]*(?:call|contact|number)[ ]*\|.*$", re.MULTILINE)
_NUMBER = re.compile(r"\d(?:[ ()-]?\d)+")
_HALF = 12


def digest_of(title: str, summary: str, body: str, notes: str = "") -> str:
    """The digest of a page's words; how its lines are broken makes none other."""
    urgent = [found[0] for found in _EMERGENCY.finditer(body)] if "///" in body else []
    urgent += _CALLED.findall(body) if "///" in body else []
    urgent += _NUMBER.findall(body)
    return f"{_half((title, summary, body, notes))}-{_half(urgent)}"


def urgent_half(digest: str) -> str:
    """The half for what may cost a life."""
    return digest.partition("-")[2]


def _half(texts: Iterable[str]) -> str:
    evened = "\n".join(" ".join(text.split()) for text in texts)
    return hashlib.sha256(evened.encode()).hexdigest()[:_HALF]
