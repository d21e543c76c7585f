"""What the desk's editor makes of a document: the same bytes where nobody changed it, and a page that reads the same."""

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


def edited(bodies: list[str]) -> list[dict[str, Any]]:
    """What the editor says of each of them."""
    node = Path(sys.executable).parent / "node"
    done = subprocess.run(
        [node, PROJECT / "tests/desk/items/round_trip.mjs"],
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
    html = re.sub(r"\s+", " ", render(body).html)
    return re.sub(r" ?(</?(?:p|li|br|td|th|h\d|blockquote|ul|ol)\b[^>]*>) ?", r"\1", html)


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
