"""Puts front matter and body together into a file. Lines whose value did not change stay as an editor wrote them."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml

from sidedoor.documents.front_matter import Written, read_document, read_yaml
from sidedoor.documents.problems import Refused

ORDER = (
    "title", "tab_title", "summary", "language", "group", "order", "state", "publish_at", "expires_at",
    "legal_review_on", "location", "updates", "withdrawn", "previous_slugs", "reviewed", "awaiting_review",
    "translator", "reviewer", "made_from", "sources", "press_contact", "notes_to_editors", "related_help",
)  # fmt: skip


class _Plain(yaml.SafeDumper):
    """Writes text without quotes where YAML allows it: our reader never turns it into a number, date or truth value."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the name and the type are PyYAML's

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists, as in the files that people write."""
        super().increase_indent(flow, False)


def compose(front: Mapping[str, Any], body: str, before: str | None = None) -> str:
    """Return a document that reads back as exactly this `front` matter (strings, lists, mappings) and `body`.

    `before` is the file as it was; what did not change keeps its lines and comments.
    """
    old_lines, written = _blocks(before) if before else ({}, None)
    names = [*(written.values if written else ()), *ORDER, *front]
    blocks = []
    for name in dict.fromkeys(names):
        if name not in front:
            continue
        same = written is not None and written.values.get(name) == front[name]
        blocks.append(old_lines[name] if same else block(name, front[name]))
    return "---\n" + "".join(blocks) + "---\n" + body


def block(name: str, value: Any) -> str:
    """Return lines that read back as exactly this `value` (strings, lists, mappings) of `name`."""
    return _block(name, json.dumps(value))


@lru_cache(maxsize=1024)
def _block(name: str, as_json: str) -> str:
    # Cached: each time a page says what approving would do, the whole front matter is composed.
    value = json.loads(as_json)
    several_lines = isinstance(value, str) and "\n" in value
    text = _dumped(name, value, "|" if several_lines else None)
    return text if _reads_back(text, name, value) else _dumped(name, value, '"')


def _dumped(name: str, value: Any, style: str | None) -> str:
    text: str = yaml.dump(
        {name: value}, Dumper=_Plain, allow_unicode=True, width=10**6, sort_keys=False, default_flow_style=False,
        default_style=None if style is None else style,
    )  # fmt: skip
    return f"{name}:{text.partition(':')[2]}"  # yaml.dump applies a style to the name, too; keep the name plain


def _reads_back(text: str, name: str, value: Any) -> bool:
    """Whether these lines read back as the value, both at the end and in the middle of the front matter."""
    try:
        ways = (read_yaml(text, "").values, read_yaml(text[:-1], "").values)
        return not any(mark in text for mark in ("\n---", "\n...")) and ways == ({name: value}, {name: value})
    except Refused:
        return False


def _blocks(before: str) -> tuple[dict[str, str], Written | None]:
    """The lines of each name in a file's front matter."""
    try:
        written = read_document(before, "")
    except Refused:
        return {}, None
    lines = before.split("\n")
    starts = sorted((line, place[0]) for place, line in written.lines.items() if len(place) == 1)
    ends = [*(line for line, _ in starts[1:]), written.body_line - 1]
    blocks = {
        str(name): "\n".join(lines[start - 1 : end - 1]) + "\n"
        for (start, name), end in zip(starts, ends, strict=False)
    }
    return blocks, written
