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


def edited(bodies: list[str], script: str = "round_trip.mjs") -> list[dict[str, Any]]:
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
