"""The desk calls an author block by the name under which the editor offers it, and has words for every effect."""

import re

from sidedoor.desk.items.effect_words import APPROVING, CALENDAR
from sidedoor.desk.items.effects import What
from sidedoor.desk.words import CARDS, in_form_words
from sidedoor.documents.blocks import BLOCK_NAMES
from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Problem
from tests.conftest import PROJECT


def test_the_desk_and_its_editor_have_one_name_for_each_block() -> None:
    schema = (PROJECT / "editor/src/schema.js").read_text("utf-8")
    before_schema, _, _ = schema.partition("new Schema(")
    in_editor = re.findall(r'^(?:  |export const )(\w+)(?: =|:) \{ name: "([^"]+)"', before_schema, re.M)
    assert {block.lower(): name for block, name in in_editor} == CARDS
    assert set(CARDS) == BLOCK_NAMES


def test_a_problem_of_a_block_is_told_by_its_label() -> None:
    problem = Problem("news/rooms.md", 3, Code.BLOCK_WITHOUT_ARGUMENT, {"block": "video"}, field="body")
    assert str(in_form_words(problem)).startswith("A card (Video) has no words in its first field.")


def test_every_effect_of_an_approval_has_words_for_its_button_or_the_calendar() -> None:
    assert APPROVING.keys() | CALENDAR.keys() == set(What)
    assert set(What) - APPROVING.keys() == {What.LEAVES, What.IS_OVERDUE}, "these happen without an approval"
