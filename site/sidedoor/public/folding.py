"""What counts as a word, and as the same word, in every script that people search in.

FTS5's own tokenizer knows words of letters and marks. Here is what it does not: letters that keyboards write in two
ways (ي and ی), letters that no accent was taken from (ł), and scripts that put nothing between words. Of those each
sign is a word, so that a run of them is found inside a sentence; a space of no width is put between them, and taken
out again before anybody reads it.
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
_BETWEEN_ASCII_WORDS = str.maketrans({chr(one): " " for one in range(128) if _BETWEEN_WORDS.match(chr(one))})
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
    """The same as it was written."""
    return text.replace(_NO_WIDTH, "")


def words(text: str) -> list[str]:
    """The words of a text as somebody may type them, in small letters."""
    if text.isascii():
        return text.lower().replace("'", "").translate(_BETWEEN_ASCII_WORDS).split()
    text = unicodedata.normalize("NFC", text.lower().replace("’", "").replace("'", ""))
    return _BETWEEN_WORDS.sub(_space_or_mark, text).split()


def _space_or_mark(found: re.Match[str]) -> str:
    return found[0] if unicodedata.category(found[0])[0] == "M" else " "


@lru_cache(maxsize=50_000)
def folded(word: str) -> str:
    """The one spelling of a word that may be written in several ways: without marks, of one kind of letter."""
    plain = unicodedata.normalize("NFD", word.translate(_SAME)).translate(_SAME)
    # The marks of other scripts are vowels; of these they are accents, or what a reader of Arabic may leave out.
    kept = (one for one in plain if not ("\u0300" <= one <= "\u036f" or "\u064b" <= one <= "\u0670"))
    return unicodedata.normalize("NFC", "".join(kept))


def other_spellings(texts: str) -> str:
    """The folded words of a text that are spelt otherwise there: what a search finds them by as well."""
    if texts.isascii() and "'" not in texts:
        return ""
    small = texts.lower()
    written = words(texts) + (words(small.replace("\u200c", "")) if "\u200c" in small else [])
    found = dict.fromkeys(folded(word) for word in dict.fromkeys(written))
    return " ".join(word for word in found if word not in small)
