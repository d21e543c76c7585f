"""The YAML at the top of a document, as plain strings with their line numbers.

Ordinary YAML loaders turn `12:30` into 750 and `no` into false, so this one guesses nothing: every value stays the text
an editor wrote, and `models.py` decides what it has to be.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Problem, Refused

Place = tuple[str | int, ...]
_DEEPEST = 6
_REMEMBERED = 256
"""How many of the latest texts are remembered instead of read again: a decision on a text reads it at every look."""
_QUICK = getattr(yaml, "CBaseLoader", None)
"""LibYAML, thirteen times as fast as PyYAML's own reader; None if PyYAML was built without it."""
_READ_DIFFERENTLY = re.compile(
    r"[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\U0010ffff]|(?:^|[\s\[{,:-])[?!%]|[|>][-+0-9]*#"
)
"""Where the two readers disagree: halves of a letter, tabs, other line ends and marks, tags, directives, `?` keys, a
comment after `|`."""

_ORDINARY = re.compile(
    r"([a-z_]{1,40}): (?:([A-Za-z0-9](?:[\w ,.;()/'’‘“”–—£%?!+\u00c0-\u024f-]|:(?=[^\s:]))*(?<! ))"
    r"|\[([A-Za-z0-9][\w-]*(?:, [A-Za-z0-9][\w-]*)*)\])",
    re.ASCII,
)
"""A line like nearly all of a newsroom's: a name, then words without quotes, or a list of single words."""


@dataclass
class Written:
    """The result of reading: nested dicts, lists and strings in `values`, and in `lines` the line on which each
    starts."""

    values: dict[str, Any]
    lines: dict[Place, int] = field(default_factory=dict)
    body: str = ""
    body_line: int = 1

    def line_of(self, place: Place) -> int | None:
        """The line of `place`, or of the nearest thing around it that has one."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)


def read_document(text: str, file: str) -> Written:
    """Split a document into its front matter and its Markdown. Raises Refused."""
    _refuse_lost_letters(text, file, 1)
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        raise Refused([Problem(file, 1, Code.NO_FRONT_MATTER)])
    for number, line in enumerate(lines[1:], start=2):
        if line.rstrip() == "---":
            written = read_yaml("\n".join(lines[1 : number - 1]), file, first_line=2)
            written.body, written.body_line = "\n".join(lines[number:]), number + 1
            return written
    raise Refused([Problem(file, 1, Code.FRONT_MATTER_NEVER_ENDS)])


def read_yaml(text: str, file: str, first_line: int = 1) -> Written:
    """Read a YAML mapping; every leaf is a string. Raises Refused if it is not YAML, repeats a key or uses an alias."""
    cached = _read(text, file, first_line)
    return Written(_copied(cached.values), dict(cached.lines))


@lru_cache(maxsize=_REMEMBERED)
def _read(text: str, file: str, first_line: int) -> Written:
    """Like `read_yaml`, but callers must not change the result: the next caller gets the same object."""
    _refuse_lost_letters(text, file, first_line)
    if ordinary := _read_ordinary(text, first_line):
        return ordinary
    try:
        root = yaml.compose(text, Loader=_QUICK if _QUICK and _both_readers_agree(text) else yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + first_line if error.problem_mark else first_line
        raise Refused([Problem(file, line, Code.YAML_UNREADABLE, {"reason": error.problem})]) from None
    except yaml.YAMLError:
        raise Refused([Problem(file, first_line, Code.CONTROL_CHARACTER)]) from None
    except RecursionError:
        raise Refused([Problem(file, first_line, Code.NESTED_TOO_DEEPLY)]) from None
    if root is None:
        return Written({}, {(): first_line})
    if not isinstance(root, yaml.MappingNode):
        raise Refused([Problem(file, first_line, Code.NO_NAMES)])
    written = Written({}, {(): first_line})
    problems = list(_problems(root, file, first_line))
    if problems:
        raise Refused(problems)
    written.values = _plain(root, (), written.lines, first_line)
    return written


def _read_ordinary(text: str, first_line: int) -> Written | None:
    """The same as YAML reads, in an eighth of the time, if a text has only ordinary lines; None for any other text."""
    written = Written({}, {(): first_line})
    for number, line in enumerate(text.split("\n"), start=first_line):
        match = _ORDINARY.fullmatch(line)
        if not match or match[1] in written.values:
            return None
        name, words, words_in_list = match.groups()
        written.lines[name,] = number
        written.values[name] = words if words_in_list is None else words_in_list.split(", ")
        for place, _ in enumerate(words_in_list.split(", ") if words_in_list else ()):
            written.lines[name, place] = number
    return written


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(inner) for name, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _refuse_lost_letters(text: str, file: str, first_line: int) -> None:
    """Refuse U+FFFD: it is in a text where a file that is not UTF-8 was decoded anyway, and the original letter is
    lost."""
    before, lost, _ = text.partition("\ufffd")
    if lost:
        raise Refused([Problem(file, before.count("\n") + first_line, Code.LETTER_LOST)])


def _both_readers_agree(text: str) -> bool:
    """Whether LibYAML reads `text` as PyYAML does. Text that LibYAML refuses is left to PyYAML, whose messages say
    more.

    LibYAML's events need no stack, whereas its tree of a deep list would overflow the C stack and end the process.
    """
    if _QUICK is None or _READ_DIFFERENTLY.search(text):
        return False
    depth = flow = documents = 0
    try:
        for event in yaml.parse(text, Loader=_QUICK):
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1 or getattr(event, "anchor", None):
                return False
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                flow += bool(flow or event.flow_style)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
                flow -= bool(flow)
            if depth > _DEEPEST + 1 or (flow and isinstance(event, yaml.ScalarEvent) and "?" in event.value):
                return False
    except yaml.YAMLError:
        return False
    return True


def _problems(root: yaml.Node, file: str, first_line: int) -> Iterator[Problem]:
    """Repeated keys, aliases (a few lines of which can become gigabytes) and deep nesting."""
    seen: set[int] = set()
    waiting: list[tuple[yaml.Node, int]] = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        line = node.start_mark.line + first_line
        if id(node) in seen:
            yield Problem(file, line, Code.ALIAS)
            continue
        seen.add(id(node))
        if depth > _DEEPEST:
            yield Problem(file, line, Code.NESTED_TOO_DEEPLY)
        elif isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    yield Problem(file, line, Code.NAME_NOT_A_WORD)
                elif key.value in names:
                    second_line = key.start_mark.line + first_line
                    yield Problem(file, second_line, Code.NAME_TWICE, field=key.value)
                else:
                    names.add(key.value)
                waiting.append((value, depth + 1))
        elif isinstance(node, yaml.SequenceNode):
            waiting.extend((value, depth + 1) for value in node.value)


def _plain(node: yaml.Node, place: Place, lines: dict[Place, int], first_line: int) -> Any:
    lines[place] = node.start_mark.line + first_line
    if isinstance(node, yaml.MappingNode):
        values = {}
        for key, value in node.value:
            values[key.value] = _plain(value, (*place, key.value), lines, first_line)
            lines[(*place, key.value)] = key.start_mark.line + first_line
        return values
    if isinstance(node, yaml.SequenceNode):
        return [_plain(value, (*place, number), lines, first_line) for number, value in enumerate(node.value)]
    return node.value
