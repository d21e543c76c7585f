"""How easy a text in English is to read: the Flesch-Kincaid grade (Kincaid et al., 1975), with Pyphen's syllables."""

import re
from collections.abc import Iterable
from functools import cache, lru_cache

import pyphen

_NO_WORD = re.compile(r"[^\w\s]")
_SENTENCE = re.compile(r"\b[^.!?]+[.!?]*")
_FEWEST_WORDS = 3
"""Headings and exclamations of one or two words are not counted: many of them would make any page look easy."""


def flesch_kincaid_grade(blocks: Iterable[str]) -> float:
    """The US school grade of a text given in blocks, each a sentence or more. The age is the grade plus five."""
    text = "\n".join(
        block if block[-1:] in ".!?:…" else f"{block}." for block in blocks if re.search(r"[^\W\d]", block)
    )
    words = _words(text)
    if not words:
        return 0.0
    sentences = sum(len(_words(sentence)) >= _FEWEST_WORDS for sentence in _SENTENCE.findall(text))
    grade = 0.39 * len(words) / max(1, sentences) + 11.8 * sum(map(_syllables, words)) / len(words) - 15.59
    return round(grade, 1)


def rough_blocks(markdown: str) -> list[str]:
    """Roughly the words of a text that is not a document yet, block by block: to be counted, not shown."""
    bare = re.sub(r"^ {0,3}/{3,}[^|\n]*\|?|!?\[(?=[^]]*\]\()|\]\([^)\s]*\)|^[ #>*+|-]+|[*`]", "", markdown, flags=re.M)
    return [" ".join(block.split()) for block in re.split(r"\n\s*\n", bare) if block.strip()]


def _words(text: str) -> list[str]:
    return _NO_WORD.sub("", text.lower()).split()


@lru_cache(maxsize=20_000)
def _syllables(word: str) -> int:
    return len(_dictionary().positions(word)) + 1


@cache
def _dictionary() -> pyphen.Pyphen:
    # Loading it takes as long as all else that a program does to start, and a process that serves pages never needs it.
    return pyphen.Pyphen(lang="en_US")
