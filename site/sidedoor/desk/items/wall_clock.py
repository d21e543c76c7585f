"""Reads a time of day as people in a press office write it: “9.30”, “9am”, “noon”. The page then shows the reading."""

import re

_WORDS = {"noon": "12:00", "midday": "12:00", "12 noon": "12:00", "midnight": "00:00"}
_CLOCK = re.compile(r"(\d{1,2})(?:[.:h ]?(\d{2}))?\s*(am|pm|a\.m\.?|p\.m\.?)?(?:\s*(?:hrs|hours|h))?", re.ASCII)


def time_of_day(written: str) -> str:
    """Return `09:30` for `9.30`, `9:30am` and `0930`. Anything else is returned as written, and then reported."""
    text = " ".join(written.lower().split())
    if text in _WORDS:
        return _WORDS[text]
    match = _CLOCK.fullmatch(text)
    if not match:
        return written
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            return written
        hour = hour % 12 + (12 if half == "pm" else 0)
    return f"{hour:02}:{minute:02}" if hour < 24 and minute < 60 else written
