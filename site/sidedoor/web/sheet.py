"""The style of one page: of all the sheets of static/css, the rules that it uses, in their order, in one `<style>`.

A rule stays where the page has every element, class and id that one of its selectors names. Attributes, states and what
a selector excludes are not looked at: so a rule may stay that is of no use, and none is lost that is. What a script
may make later is on few pages, which have all rules. A page that is read in place brings its own, until the pack has
brought them all (static/js/travel.js).
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import chain, product
from string import ascii_letters
from typing import NamedTuple

from sidedoor.web.inline import STATIC, source_hash

STYLES = ("public.css", "home.css", "few.css", "chat.css", "easy.css", "contacts.css")
"""In this order: what few pages have comes after what all have."""
PLACE = "<style></style>"
"""Where a template has the style of its page: what a page uses is known once it is written."""
NONE = "'none'"
_MADE_LATER = re.compile(r'\bid="(?:plan|questions)"|\bdata-script="')
"""On these, a script makes elements: the tools and the chat."""
_BY_SCRIPT = frozenset((".inside", ".yours"))
"""Classes that scripts give to what is there on any page: who came from within, and a reader's own device."""
_BLOCK_COMMENT = re.compile(r"^[ \t]*/\*.*?\*/[ \t]*\n?", re.DOTALL | re.MULTILINE)
_CSS_SPACE = re.compile(r"\s*([{};,])\s*|(?<=:)\s+")
_INDENT = re.compile(r"^[ \t]+|[ \t]+$|^\n", re.MULTILINE)
_PROPERTY = re.compile(r"--[a-z][a-z-]*")
_INSIDE = r"((?:[^()]|\([^()]*\))*)"
_EXCLUDED = re.compile(rf":not\({_INSIDE}\)|\[[^\]]*\]")
_ONE_OF = re.compile(rf":(?:is|has)\({_INSIDE}\)")
_ALIKE = re.compile(r"(?<![\w\])-]):is\((\.[\w-]+(?:,\.[\w-]+)*|[a-z]\w*(?:,[a-z]\w*)*)\)")
"""Classes alone, or elements alone, with nothing right before them."""
_STATE = re.compile(r"::?[a-z-]+(?:\([^()]*\))?")
_NAME = re.compile(r"[.#]?[A-Za-z][\w-]*")
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
_TOLD = re.compile(r'<([a-z]\w*)|\bclass="([^"]*)"|\bid="([^"]*)"')


class Rules(NamedTuple):
    """What a site's own choices add after the sheets of all sites (see look.py): everywhere, and with cards."""

    every: str = ""
    cards: str = ""


NO_RULES = Rules()


class _Rule(NamedTuple):
    """Each selector, with sets of names of which a page has to have one; what they are given. Or an @-rule's rules."""

    selectors: tuple[tuple[str, tuple[frozenset[str], ...]], ...]
    given: str
    at: str
    within: "tuple[_Rule, ...]"


def dressed(page: str, rules: Rules = NO_RULES) -> tuple[str, str]:
    """A page with its style in its place, and the CSP source for it: 'none' where it has no place."""
    before, place, after = page.partition(PLACE)
    if not place:
        return page, NONE
    style = used(page, rules)
    return f"{before}<style>{style}</style>{after}", _source(style)


def used(page: str, rules: Rules = NO_RULES) -> str:
    """The rules that a page uses, and those of its site."""
    text = _SCRIPT.sub("", page)
    if _MADE_LATER.search(text):
        return whole(rules)
    names = set(_BY_SCRIPT)
    for tag, classes, name in _TOLD.findall(text):
        names.add(tag)
        names.update(f".{one}" for one in classes.split())
        names.add(f"#{name}")
    cards = rules.cards if ".card" in names else ""
    return _of(_named() & names) + _short(rules.every + cards)


@lru_cache(maxsize=512)
def _of(names: frozenset[str]) -> str:
    """The rules for these names. Pages of a kind have the same: so each is put together once."""
    return "".join(_written(_rules(), {"", *names}))


@cache
def _named() -> frozenset[str]:
    """Every name that a rule asks for."""

    def of(rules: Iterable[_Rule]) -> Iterator[str]:
        for rule in rules:
            yield from chain.from_iterable(way for _, ways in rule.selectors for way in ways)
            yield from of(rule.within)

    return frozenset(of(_rules()))


@lru_cache(maxsize=16)
def whole(rules: Rules = NO_RULES) -> str:
    """Every rule there is, and those of a site."""
    return _short("".join(map(source, STYLES)) + rules.every + rules.cards)


@cache
def source(name: str) -> str:
    """A sheet of static/css without its comments, and without the space that only people need."""
    text = _INDENT.sub("", _BLOCK_COMMENT.sub("", (STATIC / "css" / name).read_text("utf-8")))
    return _CSS_SPACE.sub(lambda found: found[1] or "", text).replace(";}", "}")


@lru_cache(maxsize=256)
def _source(style: str) -> str:
    return source_hash(style)


def _written(rules: Iterable[_Rule], names: set[str]) -> Iterator[str]:
    def there(found: re.Match[str]) -> str:
        """What `:is()` weighs is the most specific in it, so only where all are alike some may go."""
        some = ",".join(name for name in found[1].split(",") if name in names)
        return f":is({some})" if "," in some else some or found[0]

    for rule in rules:
        if rule.at:
            within = "".join(_written(rule.within, names))
            if within:
                yield f"{rule.at}{{{within}}}"
        else:
            kept = (selector for selector, ways in rule.selectors if any(way <= names for way in ways))
            if selectors := ",".join(_ALIKE.sub(there, selector) for selector in kept):
                yield f"{selectors}{{{rule.given}}}"


@cache
def _rules() -> tuple[_Rule, ...]:
    return tuple(_read(whole()))


def _read(text: str) -> Iterator[_Rule]:
    place = 0
    while place < len(text):
        opens = text.index("{", place)
        ends = _closing(text, opens)
        head, given = text[place:opens], text[opens + 1 : ends]
        place = ends + 1
        if head.startswith("@"):
            yield _Rule((), "", head, tuple(_read(given)))
        else:
            selectors = tuple((selector, tuple(_ways(selector))) for selector in _parted(head))
            yield _Rule(selectors, given, "", ())


def _closing(text: str, opens: int) -> int:
    depth = 0
    for found in re.compile(r"[{}]").finditer(text, opens):
        depth += 1 if found[0] == "{" else -1
        if not depth:
            return found.start()
    raise ValueError(text[opens:])


def _parted(selectors: str) -> Iterator[str]:
    """Those of a list. A comma within brackets parts nothing."""
    depth, begun = 0, 0
    for place, mark in enumerate(selectors):
        depth += (mark == "(") - (mark == ")")
        if mark == "," and not depth:
            yield selectors[begun:place]
            begun = place + 1
    yield selectors[begun:]


def _ways(selector: str) -> Iterator[frozenset[str]]:
    """The names that a page has to have for a selector to find something: one set for each choice that it leaves."""
    told = _EXCLUDED.sub("", selector)
    choices = [[name for one in _parted(inside) for name in _ways(one)] for inside in _ONE_OF.findall(told)]
    own = frozenset(_NAME.findall(_STATE.sub("", _ONE_OF.sub("", told))))
    for chosen in product(*choices):
        yield own.union(*chosen)


@cache
def _shorter() -> dict[str, str]:
    """A letter for each custom property of the sheets."""
    names = dict.fromkeys(_PROPERTY.findall("".join(map(source, STYLES))))
    return {name: f"--{letter}" for name, letter in zip(names, ascii_letters, strict=False)}


def _short(text: str) -> str:
    return _PROPERTY.sub(lambda found: _shorter().get(found[0], found[0]), text)
