"""The desk's editor keeps the bytes of what nobody changed, and the page still reads the same."""

import html
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sidedoor.documents.front_matter import read_document
from sidedoor.documents.markdown import render
from tests.conftest import PROJECT
from tests.desk.items.documents import Chance

pytestmark = pytest.mark.skipif(
    not (PROJECT / "editor/node_modules").is_dir(), reason="`make editor` installs what is tested here"
)
RENDERED = 100
"""So many documents are rendered twice. The next one would never be rendered: pymdownx, with a block in a quotation."""


TYPED = [
    "*", "A * stays", "**", "5*3*2", "*so*", "***", "_", "a_b_c", "_so_", "__so__", "#EndAbuse", "# one", "## two", "2025. A year",
    "1.", "1. x", "1) x", "- a", "+ a", "* a", "-", "---", "- - -", "===", "=", "> a", ">a", "<b>", "<b>so</b>", "<script>x</script>", "a < b > c",
    "<https://example.org/a>", "</p>", "<!-- a -->", "/// quote | Jo", "///", "//// x", "a & b", "&amp;", "&copy;", "&#60;", "[a](b)", "[a]", "![a](b)",
    "[a]: /b", "[^1]: a", "*[HTML]: a", "`a`", "``", "\\", "\\*", "C:\\temp\\_x", "{: .a }", "{a}", "a | b", "| a | b |", "| --- | --- |", "--- | ---",
    "~~a~~", "~~~", "```", "a  b", "a  ", "!a", "!", "[TOC]", "- [ ] a", ":--", "a: b", ": a", "10^6", "(c)", "£5", "ŵ é 🙂", "مرحبا", "https://example.org/a_b_c*d",
]  # fmt: skip
"""Text that somebody may type and that Markdown, or our additions to it, could take for markup."""


def edited(bodies: list[Any], script: str = "round_trip.mjs") -> list[dict[str, Any]]:
    """What the editor makes of each of these bodies."""
    node = Path(sys.executable).parent / "node"
    done = subprocess.run(
        [node, PROJECT / "tests/desk/items" / script],
        input=json.dumps(bodies), capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results


@pytest.fixture(scope="module")
def content() -> list[tuple[str, dict[str, Any]]]:
    files = sorted((PROJECT / "examples/hampshire").rglob("*.md"))
    bodies = [read_document(path.read_text("utf-8"), path.name).body for path in files]
    return list(zip(bodies, edited(bodies), strict=True))


@pytest.fixture(scope="module")
def random_documents() -> list[tuple[str, dict[str, Any]]]:
    chance = Chance(1)
    bodies = [chance.document() for _ in range(2000)]
    return list(zip(bodies, edited(bodies), strict=True))


def seen(body: str) -> str:
    """The page's words and elements, without the white space that no browser shows."""
    shown = re.sub(r"\s+", " ", render(body).html)
    return re.sub(r" ?(</?(?:p|li|br|td|th|h\d|blockquote|ul|ol)\b[^>]*>) ?", r"\1", shown)


def test_opening_and_saving_a_document_writes_the_same_bytes(
    content: list[tuple[str, dict[str, Any]]], random_documents: list[tuple[str, dict[str, Any]]]
) -> None:
    assert len(content) > 50
    assert [body for body, result in [*content, *random_documents] if result["same"] != body] == []


def test_our_own_pages_are_rewritten_unchanged(content: list[tuple[str, dict[str, Any]]]) -> None:
    assert [body for body, result in content if result["rewritten"] != body] == []
    assert sum(result["cards"] for _, result in content) == 0, (
        "the editor shows all of it as text, none as Markdown in a card"
    )


def test_a_picture_on_its_own_is_edited_as_a_picture_and_not_as_markdown() -> None:
    (result,) = edited(['Words.\n\n![A field](/images/field.jpg "Jo Doe")\n'])
    assert result["cards"] == 0


def test_a_rewritten_document_reads_the_same_on_the_page(random_documents: list[tuple[str, dict[str, Any]]]) -> None:
    differ = [
        (body, result["rewritten"])
        for body, result in random_documents[:RENDERED]
        if seen(body) != seen(result["rewritten"])
    ]
    assert differ == []


def test_adding_a_word_changes_at_most_one_line_of_most_documents(
    random_documents: list[tuple[str, dict[str, Any]]],
) -> None:
    """Words are added to the last paragraph of each document; the lines of other paragraphs stay."""
    changes = []
    for body, result in random_documents:
        if result["changed"] is None:
            continue
        before, after = body.split("\n"), result["changed"].split("\n")
        assert "Oh " in result["changed"]
        changes.append(len(set(before) - set(after)))
    assert len(changes) > 1000
    assert sum(change <= 1 for change in changes) / len(changes) > 0.65, "even of documents as odd as these"


def read_aloud(body: str) -> str:
    """The page's words without white space, with typographic marks as they were typed."""
    words = html.unescape(re.sub(r"<[^>]*>", "", render(body).html))
    for typographic, typed in (("‘", "'"), ("’", "'"), ("“", '"'), ("”", '"'), ("–", "--"), ("—", "---")):
        words = words.replace(typographic, typed)
    return re.sub(r"\s+", "", words)


def test_typed_text_reads_the_same_in_every_place() -> None:
    times = {"paragraph": 2, "item": 2, "cell": 4}
    differ = []
    for result in edited(TYPED, "typed.mjs"):
        line, place, stored = result["line"], result["place"], result["stored"]
        before = {"line": "First", "block": "Title"}.get(place, "")
        expected = before + re.sub(r"\s+", "", line) * times.get(place, 1)
        if read_aloud(stored) != expected or render(stored).findings:
            differ.append((place, line, stored, render(stored).html))
    assert differ == []


def text(words: str, *marks: str) -> dict[str, Any]:
    return {"type": "text", "text": words, "marks": [{"type": mark} for mark in marks]}


def node(kind: str, *content: dict[str, Any], **attrs: Any) -> dict[str, Any]:
    return {"type": kind, "attrs": attrs, "content": list(content)}


def paragraph(*words: str | dict[str, Any]) -> dict[str, Any]:
    return node("paragraph", *(text(part) if isinstance(part, str) else part for part in words if part))


def listed(*items: str | list[dict[str, Any]], kind: str = "bullet_list") -> dict[str, Any]:
    return node(
        kind,
        *(node("list_item", *([paragraph(item)] if isinstance(item, str) else item)) for item in items),
        tight=True,
    )


def table(*rows: list[str]) -> dict[str, Any]:
    kinds = ["table_header", *["table_cell"] * len(rows)]
    cells = [[node(kind, paragraph(words)) for words in row] for kind, row in zip(kinds, rows, strict=False)]
    return node("table", *(node("table_row", *row) for row in cells))


SHOWN = {
    "a table": [table(["Area", "Reports"], ["Wight", "1,204"])],
    "empty cells": [table(["", "Reports"], ["Wight", ""], ["", ""])],
    "a column": [table(["Area"], ["Wight"])],
    "pipes and marks": [table(["a|b", "- c"], ["|", "# 5"])],
    "a bold word before others": [paragraph(text("Date:", "strong"), "today")],
    "a bold quotation inside a line": [paragraph("He said", text("“Never,”", "strong"), "twice")],
    "leaning marks": [paragraph(text("“She was brave.”", "em"), "He left", text(" (at once)", "em"), "then")],
    "a bold bracket": [paragraph(text("(", "strong"), "a", text(")", "strong"))],
    "a bold sign": [paragraph(text("🙂", "strong"), "a", text("–", "strong"), "b")],
    "bold in Arabic": [paragraph(text("ملاحظة:", "strong"), "نص")],
    "two paragraphs in an item": [listed("a", [paragraph("b"), paragraph("c")], "d")],
    "the same, numbered": [listed([paragraph("a"), paragraph("b")], "c", kind="ordered_list")],
    "a picture": [node("picture", src="/images/a.jpg", alt="“Call *now*”: a_b [red] & <b>", title="")],
    "steps without a step": [node("card", listed("", kind="ordered_list"), name="steps", argument="")],
}
"""What people make in the editor, and then see in it when they come back."""


def test_what_was_saved_looks_the_same_when_it_is_opened_again() -> None:
    for name, result in zip(SHOWN, edited(list(SHOWN.values()), "reopened.mjs"), strict=True):
        assert result["again"].replace(" ", "") == result["shown"].replace(" ", ""), name
        assert result["stable"], name


def test_the_page_has_what_the_editor_shows() -> None:
    cases = {
        "a**“b”**": ([paragraph("a", text("“b”", "strong"), "c")], "<p>a<strong>“b”</strong>c</p>"),
        # An empty item below a line would make a heading of it, and the words after it a paragraph.
        "an emptied item": ([listed("a", "", "c")], "<ul> <li>a</li> <li>c</li> </ul>"),
        "nothing but an emptied item": ([paragraph("a"), listed(""), paragraph("b")], "<p>a</p> <p>b</p>"),
        "an item that only holds others": (
            [listed([paragraph(""), listed("b")], "c")],
            "<ul> <li>b</li> <li>c</li> </ul>",
        ),
        "two paragraphs in an item": (
            [listed([paragraph("a"), paragraph("b")], "c")],
            "<ul> <li> <p>a</p> <p>b</p> </li> <li> <p>c</p> </li> </ul>",
        ),
    }
    results = edited([content for content, _ in cases.values()], "reopened.mjs")
    for (name, (_, page)), result in zip(cases.items(), results, strict=True):
        assert re.sub(r"\s+", " ", render(result["stored"]).html) == page, name
