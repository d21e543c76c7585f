"""What counts as a word, and as the same word, in every script that people search in.

FTS5's own tokenizer knows words of letters and marks. This module does the rest: letters that keyboards write in two
ways (ي and ی), letters whose accent Unicode does not take off (ł), and scripts that put nothing between words. In
those, each sign is a word, so that a run of them is found inside a sentence; a zero-width space is put between them,
and removed before anybody reads the text.
"""

import re
import unicodedata
from functools import lru_cache

TOKENIZER = "porter unicode61 remove_diacritics 2 categories ''L* N* Co Mn Mc''"
"""For a CREATE VIRTUAL TABLE's tokenize='…': vowel signs belong to their word in Bengali, Gurmukhi and others."""
_NO_WIDTH = "\u200b"
_SIGNS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_BETWEEN_SIGNS = re.compile(rf"(?<=[{_SIGNS}])(?=[{_SIGNS}])")
_BETWEEN_WORDS = re.compile(r"[^\w\s]")
_BETWEEN_ASCII_WORDS = str.maketrans({chr(code): " " for code in range(128) if _BETWEEN_WORDS.match(chr(code))})
_ARTICLE = re.compile(r"^ال(?=\w{3})")
"""Arabic writes “the” as a part of the word."""
_SAME = str.maketrans(
    {
        **dict.fromkeys("يىئ", "ی"), "ك": "ک", **dict.fromkeys("ةۃہھۀ", "ه"), **dict.fromkeys("أإآٱ", "ا"), "ؤ": "و",
        **dict.fromkeys("\u0640\u200c\u200d", None), "ł": "l", "đ": "d", "ø": "o", "ı": "i", "ß": "ss", "æ": "ae",
        **{chr(zero + digit): str(digit) for zero in (0x660, 0x6F0, 0x9E6, 0xA66, 0x966) for digit in range(10)},
    }
)  # fmt: skip


def spaced(text: str) -> str:
    """A text in which each sign of a script without spaces is a word."""
    return text if text.isascii() else _BETWEEN_SIGNS.sub(_NO_WIDTH, text)


def shown(text: str) -> str:
    """The text as it was written."""
    return text.replace(_NO_WIDTH, "")


def parts(word: str) -> list[str]:
    """What may be looked for if nothing has the whole word: in a script without spaces a sentence is one word, so its
    pairs of signs, as most words there have two. Otherwise the word itself."""
    if len(word) < 3 or not _BETWEEN_SIGNS.search(word):
        return [word]
    return [word[at : at + 2] for at in range(len(word) - 1)]


def words(text: str) -> list[str]:
    """The words of a text as somebody may type them, in small letters."""
    if text.isascii():
        return text.lower().replace("'", "").translate(_BETWEEN_ASCII_WORDS).split()
    text = unicodedata.normalize("NFC", text.lower().replace("’", "").replace("'", ""))
    return _BETWEEN_WORDS.sub(_space_or_mark, text).split()


def _space_or_mark(match: re.Match[str]) -> str:
    return match[0] if unicodedata.category(match[0])[0] == "M" else " "


@lru_cache(maxsize=50_000)
def folded(word: str) -> str:
    """A single spelling for a word that may be written in several ways: without marks, with one kind of letter."""
    plain = unicodedata.normalize("NFD", word.translate(_SAME)).translate(_SAME)
    # These are accents, and vowels that writers of Arabic may leave out. Other scripts' marks are vowels, and stay.
    kept = (sign for sign in plain if not ("\u0300" <= sign <= "\u036f" or "\u064b" <= sign <= "\u0670"))
    return _ARTICLE.sub("", unicodedata.normalize("NFC", "".join(kept)))


def other_spellings(texts: str) -> str:
    """Those folded words of a text that are spelt differently there, so that a search finds them by both spellings."""
    if texts.isascii() and "'" not in texts:
        return ""
    small = texts.lower()
    there = dict.fromkeys(words(texts))
    joined = words(small.replace("\u200c", "")) if "\u200c" in small else []
    spellings = dict.fromkeys(folded(word) for word in (*there, *joined))
    return " ".join(word for word in spellings if word not in there)
