"""What the desk's editor makes of a document: the same bytes where nobody changed it, and a page that reads the same."""

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
"""So many are rendered twice. The one after them is read for ever (pymdownx, on a block in a quotation), however written."""


TYPED = [
    "*", "A * stays", "**", "5*3*2", "*so*", "***", "_", "a_b_c", "_so_", "__so__", "#EndAbuse", "# one", "## two", "2025. A year",
    "1.", "1. x", "1) x", "- a", "+ a", "* a", "-", "---", "- - -", "===", "=", "> a", ">a", "<b>", "<b>so</b>", "<script>x</script>", "a < b > c",
    "<https://example.org/a>", "</p>", "<!-- a -->", "/// quote | Jo", "///", "//// x", "a & b", "&amp;", "&copy;", "&#60;", "[a](b)", "[a]", "![a](b)",
    "[a]: /b", "[^1]: a", "*[HTML]: a", "`a`", "``", "\\", "\\*", "C:\\temp\\_x", "{: .a }", "{a}", "a | b", "| a | b |", "| --- | --- |", "--- | ---",
    "~~a~~", "~~~", "```", "a  b", "a  ", "!a", "!", "[TOC]", "- [ ] a", ":--", "a: b", ": a", "10^6", "(c)", "£5", "ŵ é 🙂", "مرحبا", "https://example.org/a_b_c*d",
]  # fmt: skip
"""What somebody may type, each of which Markdown, or what we add to it, could take for something else."""


def edited(bodies: list[str], script: str = "round_trip.mjs") -> list[dict[str, Any]]:
    """What the editor says of each of them."""
    node = Path(sys.executable).parent / "node"
    done = subprocess.run(
        [node, PROJECT / "tests/desk/items" / script],
        input=json.dumps(bodies), capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def content() -> list[tuple[str, dict[str, Any]]]:
    files = sorted((PROJECT / "examples/hampshire").rglob("*.md"))
    bodies = [read_document(path.read_text("utf-8"), path.name).body for path in files]
    return list(zip(bodies, edited(bodies), strict=True))


@pytest.fixture(scope="module")
def made() -> list[tuple[str, dict[str, Any]]]:
    chance = Chance(1)
    bodies = [chance.document() for _ in range(2000)]
    return list(zip(bodies, edited(bodies), strict=True))


def seen(body: str) -> str:
    """The page's words and elements, without the blanks that no browser shows."""
    shown = re.sub(r"\s+", " ", render(body).html)
    return re.sub(r" ?(</?(?:p|li|br|td|th|h\d|blockquote|ul|ol)\b[^>]*>) ?", r"\1", shown)


def test_opening_and_saving_writes_the_same_bytes(
    content: list[tuple[str, dict[str, Any]]], made: list[tuple[str, dict[str, Any]]]
) -> None:
    assert len(content) > 50
    assert [body for body, told in [*content, *made] if told["same"] != body] == []


def test_our_own_pages_are_written_anew_as_they_stand(content: list[tuple[str, dict[str, Any]]]) -> None:
    assert [body for body, told in content if told["anew"] != body] == []
    assert sum(told["cards"] for _, told in content) == 0, "all of it is text, none of it Markdown in a card"


def test_a_picture_by_itself_is_a_picture_and_no_card_of_markdown() -> None:
    (told,) = edited(['Words.\n\n![A field](/images/field.jpg "Jo Doe")\n'])
    assert told["cards"] == 0


def test_a_part_that_is_written_anew_reads_the_same_on_the_page(made: list[tuple[str, dict[str, Any]]]) -> None:
    differ = [(body, told["anew"]) for body, told in made[:RENDERED] if seen(body) != seen(told["anew"])]
    assert differ == []


def test_a_word_more_changes_a_line(made: list[tuple[str, dict[str, Any]]]) -> None:
    """In the last paragraph of each: every line of the others stays, and the words are there."""
    changes = []
    for body, told in made:
        if told["changed"] is None:
            continue
        before, after = body.split("\n"), told["changed"].split("\n")
        assert "Oh " in told["changed"]
        changes.append(len(set(before) - set(after)))
    assert len(changes) > 1000
    assert sum(change <= 1 for change in changes) / len(changes) > 0.65, "of documents written as oddly as these"


def read_aloud(body: str) -> str:
    """The page's words, without blanks; typographer's marks as they were typed."""
    words = html.unescape(re.sub(r"<[^>]*>", "", render(body).html))
    for made, typed in (("‘", "'"), ("’", "'"), ("“", '"'), ("”", '"'), ("–", "--"), ("—", "---")):
        words = words.replace(made, typed)
    return re.sub(r"\s+", "", words)


def test_what_is_typed_reads_the_same_in_each_place() -> None:
    times = {"paragraph": 2, "item": 2, "cell": 4}
    differ = []
    for told in edited(TYPED, "typed.mjs"):
        line, place, stored = told["line"], told["place"], told["stored"]
        before = {"line": "First", "block": "Title"}.get(place, "")
        wanted = before + re.sub(r"\s+", "", line) * times.get(place, 1)
        if read_aloud(stored) != wanted or render(stored).findings:
            differ.append((place, line, stored, render(stored).html))
    assert differ == []
