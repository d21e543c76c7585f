"""The style of one page: the rules that it uses, of all the sheets in static/css, in their order, in one `<style>`.

A rule stays if the page has every element, class and id that one of its selectors names. Attributes, states and what a
selector excludes are ignored: so a rule may stay without being used, but no used rule is lost. Scripts make elements on
few pages only, and those have all rules. A page that is shown in place brings its own rules, until the pack has brought
them all (static/js/travel.js).
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import chain, product
from string import ascii_letters
from typing import NamedTuple

from sidedoor.web.inline import STATIC, source_hash

STYLES = ("public.css", "home.css", "few.css", "chat.css", "easy.css", "contacts.css")
"""In this order: rules for few pages come after rules for all."""
PLACE = "<style></style>"
"""The place in a template for the style of its page, which is known only once the page is written."""
NONE = "'none'"
_MADE_LATER = re.compile(r'\bid="(?:plan|questions)"|\bdata-script="')
"""On such pages a script makes elements: the tools and the chat."""
_BY_SCRIPT = frozenset((".inside", ".yours"))
"""Classes that scripts give to elements of any page: for readers who came from within, and for a reader's own
device."""
_BLOCK_COMMENT = re.compile(r"^[ \t]*/\*.*?\*/[ \t]*\n?", re.DOTALL | re.MULTILINE)
_CSS_SPACE = re.compile(r"\s*([{};,])\s*|(?<=:)\s+")
_INDENT = re.compile(r"^[ \t]+|[ \t]+$|^\n", re.MULTILINE)
_PROPERTY = re.compile(r"--[a-z][a-z-]*")
_INSIDE = r"((?:[^()]|\([^()]*\))*)"
_EXCLUDED = re.compile(rf":not\({_INSIDE}\)|\[[^\]]*\]")
_ONE_OF = re.compile(rf":(?:is|has)\({_INSIDE}\)")
_ALIKE = re.compile(r"(?<![\w\])-]):is\((\.[\w-]+(?:,\.[\w-]+)*|[a-z]\w*(?:,[a-z]\w*)*)\)")
"""An `:is()` of nothing but classes, or nothing but elements, with nothing right before it."""
_STATE = re.compile(r"::?[a-z-]+(?:\([^()]*\))?")
_NAME = re.compile(r"[.#]?[A-Za-z][\w-]*")
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
_TOLD = re.compile(r'<([a-z]\w*)|\bclass="([^"]*)"|\bid="([^"]*)"')


class Rules(NamedTuple):
    """What a site's own choices add after the sheets of all sites (see look.py): on every page, and on pages with
    cards."""

    every: str = ""
    cards: str = ""


NO_RULES = Rules()


class _Rule(NamedTuple):
    """A rule: its selectors, and what it declares. Each selector has one or more sets of names; a page uses it if it
    has all names of one set. Or an @-rule, with the rules in it."""

    selectors: tuple[tuple[str, tuple[frozenset[str], ...]], ...]
    declarations: str
    at: str
    within: "tuple[_Rule, ...]"


def dressed(page: str, rules: Rules = NO_RULES) -> tuple[str, str]:
    """A page with its style in its place, and the CSP source for it: 'none' if it has no place for it."""
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
        names.update(f".{class_name}" for class_name in classes.split())
        names.add(f"#{name}")
    cards = rules.cards if ".card" in names else ""
    return _of(_named() & names) + _short(rules.every + cards)


@lru_cache(maxsize=512)
def _of(names: frozenset[str]) -> str:
    """The rules for these names. Pages of one kind have the same names, so this is done once for all of them."""
    return "".join(_written(_rules(), {"", *names}))


@cache
def _named() -> frozenset[str]:
    """Every name that any rule needs."""

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
    return _CSS_SPACE.sub(lambda match: match[1] or "", text).replace(";}", "}")


@lru_cache(maxsize=256)
def _source(style: str) -> str:
    return source_hash(style)


def _written(rules: Iterable[_Rule], names: set[str]) -> Iterator[str]:
    def used_alternatives(match: re.Match[str]) -> str:
        """`:is()` weighs as much as the most specific of its alternatives, so some may go only if all are alike."""
        alternatives = ",".join(name for name in match[1].split(",") if name in names)
        return f":is({alternatives})" if "," in alternatives else alternatives or match[0]

    for rule in rules:
        if rule.at:
            within = "".join(_written(rule.within, names))
            if within:
                yield f"{rule.at}{{{within}}}"
        else:
            kept = (selector for selector, ways in rule.selectors if any(way <= names for way in ways))
            if selectors := ",".join(_ALIKE.sub(used_alternatives, selector) for selector in kept):
                yield f"{selectors}{{{rule.declarations}}}"


@cache
def _rules() -> tuple[_Rule, ...]:
    return tuple(_read(whole()))


def _read(text: str) -> Iterator[_Rule]:
    place = 0
    while place < len(text):
        opens = text.index("{", place)
        ends = _closing(text, opens)
        head, inside = text[place:opens], text[opens + 1 : ends]
        place = ends + 1
        if head.startswith("@"):
            yield _Rule((), "", head, tuple(_read(inside)))
        else:
            selectors = tuple((selector, tuple(_ways(selector))) for selector in _separated(head))
            yield _Rule(selectors, inside, "", ())


def _closing(text: str, opens: int) -> int:
    depth = 0
    for bracket in re.compile(r"[{}]").finditer(text, opens):
        depth += 1 if bracket[0] == "{" else -1
        if not depth:
            return bracket.start()
    raise ValueError(text[opens:])


def _separated(selectors: str) -> Iterator[str]:
    """The selectors of a list. A comma within brackets separates nothing."""
    depth, start = 0, 0
    for place, mark in enumerate(selectors):
        depth += (mark == "(") - (mark == ")")
        if mark == "," and not depth:
            yield selectors[start:place]
            start = place + 1
    yield selectors[start:]


def _ways(selector: str) -> Iterator[frozenset[str]]:
    """The names that a page needs for a selector to match: one set for each combination of its alternatives."""
    plain = _EXCLUDED.sub("", selector)
    choices = [
        [name for alternative in _separated(inside) for name in _ways(alternative)] for inside in _ONE_OF.findall(plain)
    ]
    own = frozenset(_NAME.findall(_STATE.sub("", _ONE_OF.sub("", plain))))
    for chosen in product(*choices):
        yield own.union(*chosen)


@cache
def _shorter() -> dict[str, str]:
    """A one-letter name for each custom property of the sheets."""
    names = dict.fromkeys(_PROPERTY.findall("".join(map(source, STYLES))))
    return {name: f"--{letter}" for name, letter in zip(names, ascii_letters, strict=False)}


def _short(text: str) -> str:
    return _PROPERTY.sub(lambda match: _shorter().get(match[0], match[0]), text)
