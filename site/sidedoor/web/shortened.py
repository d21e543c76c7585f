"""A script as it is sent: without comments and space, and with short names for what only the script itself uses.

Every page carries its scripts, so each reader pays for a name of twelve letters. This needs no build step and nothing
to install. It is no general minifier: it knows how the files of static/js are written (a semicolon ends a statement; no
name is the page's in one place and the script's own in another), and tests/web/test_shortened.py has TypeScript's
parser and checker compare every script that is sent with its source.

minify-html 0.18 and rjsmin, which are available for Python, keep long names: they save 220 of 3,700 bytes, this 630.
"""

import re
from collections import Counter
from collections.abc import Iterator
from string import ascii_letters

_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*|/\*.*?\*/)"
    r"|(?P<string>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')"
    r"|(?P<name>[A-Za-z_$][\w$]*)"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<mark>=>|\?\.|\?\?=?|\.\.\.|&&=?|\|\|=?|[-+*/%&|^=!<>]=+|\+\+|--|\*\*|<<|>>>?|.)",
    re.DOTALL,
)
_REGEX = re.compile(r"/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*")
_TEMPLATE = re.compile(r"[`}](?:\\.|\$(?!\{)|[^`\\$])*(?:`|\$\{)", re.DOTALL)
_WORDS = frozenset(
    """async await break case catch class const continue default delete do else extends false finally for function get
    if in instanceof let new null of return set static super switch this throw true try typeof undefined var void while
    yield""".split()
)
_PAIRS = frozenset(")]}")
_OPENS = frozenset("([{")
_BEFORE_OBJECT = frozenset(("(", ",", "=", ":", "[", "?", "return", "const", "let", "&&", "||", "??", "..."))
_BEGINS, _GOES_ON = frozenset(";{},([=?:&|+>!"), frozenset("}).,;:?]=&|")
_NEEDLESS = frozenset(((";", "}"), (",", "}"), (",", ")")))
_WORD = re.compile(r"[\w$]")


def shortened(script: str) -> str:
    """The same script in fewer bytes. Names at its outermost level stay: other scripts use them."""
    tokens = _without_casts(list(_tokens(script)))
    code = [token for token in tokens if token[0] != "space"]
    written, line_ends = [""], False
    words = iter(_renamed(code))
    for kind, text in tokens:
        if kind == "space":
            line_ends = line_ends or "\n" in text
            continue
        word, before = next(words), written[-1][-1:]
        if line_ends and before and before not in _BEGINS and word[0] not in _GOES_ON:
            written.append("\n")
        elif (_WORD.match(before) and _WORD.match(word)) or (before == word[0] and before in "+-"):
            written.append(" ")
        if (written[-1], word) in _NEEDLESS:
            written.pop()
        written.append(word)
        line_ends = False
    return "".join([*written, "\n"])


def _without_casts(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The tokens without the brackets of a JSDoc cast, `/** @type {…} */ (name.of.it)`, around a name alone."""
    left, opens, is_cast = list[tuple[str, str]](), list[int | None](), False
    for kind, text in tokens:
        if text == "(":
            opens.append(len(left) if is_cast else None)
        elif text == ")" and (begins := opens.pop()) is not None:
            inside = [(kind, text) for kind, text in left[begins + 1 :] if kind != "space"]
            if all(kind == "name" or text == "." for kind, text in inside):
                left[begins:] = inside
                is_cast = False
                continue
        if kind != "space":
            is_cast = False
        elif text.startswith("/** @type"):
            is_cast = True
        left.append((kind, text))
    return left


def _tokens(script: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each token. A template is several: what is written in it, up to each hole and after it."""
    place, last, braces = 0, "", list[bool]()  # for each open brace: whether it opens a template's hole
    while place < len(script):
        begins = script[place]
        template = begins == "`" or (begins == "}" and braces[-1])
        # After a value a slash divides, after anything else it begins a pattern.
        pattern = begins == "/" and not (re.search(r"[\w$)\]}\"'`]$", last) and last not in _WORDS)
        special = _TEMPLATE if template else _REGEX if pattern else _TOKEN
        match = special.match(script, place) or _TOKEN.match(script, place)
        assert match
        kind, text = match.lastgroup or "string", match[0]
        if begins == "}":
            braces.pop()
        if text.endswith("{") and kind in ("mark", "string"):
            braces.append(template)
        yield kind, text
        place = match.end()
        last = last if kind == "space" else text


def _renamed(tokens: list[tuple[str, str]]) -> Iterator[str]:
    """The text of each token; each name of the script's own is replaced by one that is not used anywhere else."""
    texts = ["", *(text for _, text in tokens), ""]
    names = {place for place, (kind, _) in enumerate(tokens, 1) if kind == "name" and texts[place] not in _WORDS}
    closed, around = _brackets(texts)
    variables = {place for place in names if not _is_property(texts, place, closed)}
    own = {texts[place] for place in variables if around[place] and _declares(texts, place, closed, around)}
    count = Counter(texts[place] for place in sorted(variables) if texts[place] in own)
    used = {texts[place] for place in names}
    free = (name for name in _shortest() if name not in used)
    short = {name: next(free) for name, _ in count.most_common() if len(name) > 1}
    for place, text in enumerate(texts[1:-1], 1):
        if text == "const":
            yield "let"
        elif place not in variables or text not in short:
            yield text
        elif _in_short(texts, place, around):
            yield f"{text}:{short[text]}"
        else:
            yield short[text]


def _shortest() -> Iterator[str]:
    yield from ascii_letters
    yield from (first + second for first in ascii_letters for second in ascii_letters if first + second not in _WORDS)


def _brackets(texts: list[str]) -> tuple[dict[int, int], list[int]]:
    """Where each open bracket is closed, and for each place the innermost bracket around it (0: none)."""
    closed, around, opened = dict[int, int](), list[int](), list[int]()
    for place, text in enumerate(texts):
        if opened and (text in _PAIRS or text[:1] == "}"):
            closed[opened.pop()] = place
        around.append(opened[-1] if opened else 0)
        if text in _OPENS or text.endswith("${"):
            opened.append(place)
    return closed, around


def _is_property(texts: list[str], place: int, closed: dict[int, int]) -> bool:
    """Whether a name is only a property: after a dot, as a key, as a method."""
    before, after = texts[place - 1], texts[place + 1]
    if before in (".", "?."):
        return True
    if before in ("{", ",") and after == ":":
        return True
    return after == "(" and before not in ("function", "new") and texts[closed[place + 1] + 1] == "{"


def _in_short(texts: list[str], place: int, around: list[int]) -> bool:
    """Whether a name stands for a property and a variable at once, as in { name }."""
    opens = around[place]
    if texts[opens] != "{" or texts[place - 1] not in ("{", ",") or texts[place + 1] not in (",", "}", "="):
        return False
    return texts[opens - 1] in _BEFORE_OBJECT or texts[opens - 1].endswith("${")


def _declares(texts: list[str], place: int, closed: dict[int, int], around: list[int]) -> bool:
    """Whether a name is declared here: by const, let or function, in a pattern, as a parameter."""
    before, after = texts[place - 1], texts[place + 1]
    if before in ("const", "let", "function", "class") or after == "=>":
        return True
    if before not in ("(", ",", "{", "[", ":", "..."):
        return False
    opens = around[place]
    while texts[opens] in ("{", "["):  # leave the pattern
        if texts[opens - 1] in ("const", "let"):
            return True
        opens = around[opens]
    if texts[opens] != "(":
        return False
    beyond = texts[closed[opens] + 1]
    return beyond == "=>" or (beyond == "{" and texts[opens - 1] not in ("if", "for", "while", "switch"))
