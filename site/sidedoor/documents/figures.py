"""Finds figures that a reader may act on in a text: phone numbers, dates, sums, percentages, ages, times and durations.

Anything with a digit in it is a figure; so is a number in words before a unit of time or an age. Two ways to write the
same figure ("two minutes", "2 minutes"; "0808 2000 247", "08082000247") give the same tokens, and are compared as such.
"""

import re

_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
_NUMBERS = {word: str(number) for number, word in enumerate(_WORDS, start=1)} | {"thirty": "30", "sixty": "60"}
_MONTH = "(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_UNIT = "(?:second|minute|hour|day|night|week|weekend|month|year)s?"
_NUMBER = rf"(?:\d+(?:\.\d+)?|{'|'.join(_NUMBERS)})"
# The order matters: the first pattern that fits takes the most with it.
_ENGLISH = (
    rf"\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}(?: \d{{4}})?|{_MONTH} \d{{4}}",
    r"£ ?\d+(?:,\d{3})*(?:\.\d+)?(?: (?:million|billion))?|\d+ ?(?:p|pence|pounds)\b",
    r"\d+(?:\.\d+)? ?(?:%|per ?cent\b)",
    r"\d{1,2}(?:[.:]\d\d)? ?[ap]m\b|\d{1,2}:\d\d",
    # “One day” is not a duration; neither is “at one”.
    rf"(?!one day\b){_NUMBER}(?:(?: to | or | and |-|–){_NUMBER})?[ -]{_UNIT}\b",
    rf"(?:under|over|aged?) {_NUMBER}\b|{_NUMBER} (?:or|and) over\b",
)
_ANY_LANGUAGE = (r"£ ?\d+(?:,\d{3})*(?:\.\d+)?", r"\+?\d[\d ]*\d(?:\.\d+)?%?", r"\w*\d\w*%?")
_ADDRESS = re.compile(r"\S+@\S+|(?:https?://)?(?:[\w-]+\.)+[a-z]{2,}\b(?:/\S*)?", re.IGNORECASE)


def figures(text: str, language: str = "en") -> list[str]:
    """Every figure in a text, as it is written. Those in web and e-mail addresses do not count."""
    text = _ADDRESS.sub(" ", text.replace("\u00a0", " "))
    patterns = (*_ENGLISH, *_ANY_LANGUAGE) if language.startswith("en") else _ANY_LANGUAGE
    whole = "|".join(f"(?:{pattern})" for pattern in patterns)
    return [match[0].strip() for match in re.finditer(rf"(?<![\w£])(?:{whole})", text, re.IGNORECASE)]


def tokens(text: str) -> list[str]:
    """The tokens of a text, however it is spelt: numbers in digits, grouped digits joined, units in the singular."""
    text = text.lower().replace("\u00a0", " ")
    text = re.sub(r"(?<=\d)[ ,](?=\d)", "", text)
    text = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", re.sub(r"per ?cent\b", "%", text))
    words = re.findall(r"[£%+]|[^\W\d_]+|\d+(?:[.:]\d+)?", text)
    return [_NUMBERS.get(word) or (word.removesuffix("s") if re.fullmatch(_UNIT, word) else word) for word in words]


def holds(value: str, figure: str) -> bool:
    """Whether `value` contains the whole `figure`: “28 days” is in “up to 28 days”, but “8 days” is not."""
    inner, outer = tokens(figure), tokens(value)
    return any(outer[start : start + len(inner)] == inner for start in range(len(outer) - len(inner) + 1))
