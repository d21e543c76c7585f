"""The reading grade, compared with textstat 0.7.4: reading_grades.json has textstat's grades and this project's
pages as they were then.

textstat rounds both averages to one decimal before it multiplies them, which alone makes up to 0.6 of a grade.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sidedoor.documents.readability import flesch_kincaid_grade

PAGES = json.loads(Path(__file__).with_name("reading_grades.json").read_text("utf-8"))
FURTHEST = 0.5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page["page"])
def test_no_grade_differs_from_textstats_by_more_than_half_a_grade(page: dict[str, object]) -> None:
    blocks, grade = page["blocks"], page["grade"]
    assert isinstance(blocks, list) and isinstance(grade, float)
    assert abs(flesch_kincaid_grade(blocks) - grade) <= FURTHEST + 1e-9


def test_on_average_grades_are_the_same_as_textstats() -> None:
    assert len(PAGES) >= 25
    differences = [flesch_kincaid_grade(page["blocks"]) - page["grade"] for page in PAGES]
    assert abs(sum(differences) / len(differences)) < 0.1


def test_longer_sentences_and_longer_words_have_a_higher_grade() -> None:
    easy = ["The cat sat on the mat. The dog ran to it.", "They were glad."]
    assert flesch_kincaid_grade(easy) < 1
    assert flesch_kincaid_grade([" ".join(easy).replace(".", ",")]) > flesch_kincaid_grade(easy) + 2
    assert (
        flesch_kincaid_grade(
            ["Notwithstanding jurisdictional considerations, responsibilities necessitate deliberation."]
        )
        > 20
    )


@pytest.mark.parametrize("blocks", [[], ["…"], ["12 34"], ["?!", "—"], [""]])
def test_text_without_words_has_no_grade(blocks: list[str]) -> None:
    assert flesch_kincaid_grade(blocks) == 0.0


def test_no_module_needs_setuptools() -> None:
    """A dependency used to hold back setuptools at a version with a known hole; nothing we need imports it any more."""
    script = (
        "import sys\n"
        "for name in ('setuptools', 'pkg_resources', 'textstat'): sys.modules[name] = None\n"
        "import sidedoor.public, sidedoor.desk, sidedoor.documents.checks\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
