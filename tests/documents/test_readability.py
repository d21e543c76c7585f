"""The reading grade, beside what textstat 0.7.4 gave: reading_grades.json has this project's pages as they were then.

textstat rounds both averages to one decimal before it multiplies them, which is up to 0.6 of a grade by itself.
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
def test_no_page_reads_more_than_half_a_grade_from_what_textstat_said(page: dict[str, object]) -> None:
    blocks, grade = page["blocks"], page["grade"]
    assert isinstance(blocks, list) and isinstance(grade, float)
    assert abs(flesch_kincaid_grade(blocks) - grade) <= FURTHEST + 1e-9


def test_on_the_whole_it_is_neither_stricter_nor_milder() -> None:
    assert len(PAGES) >= 25
    apart = [flesch_kincaid_grade(page["blocks"]) - page["grade"] for page in PAGES]
    assert abs(sum(apart) / len(apart)) < 0.1


def test_longer_sentences_and_longer_words_read_harder() -> None:
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
def test_what_has_no_words_has_no_grade(blocks: list[str]) -> None:
    assert flesch_kincaid_grade(blocks) == 0.0


def test_nothing_that_runs_needs_setuptools() -> None:
    """What held back setuptools had a known hole; nothing of ours or of what we need imports it any more."""
    script = (
        "import sys\n"
        "for name in ('setuptools', 'pkg_resources', 'textstat'): sys.modules[name] = None\n"
        "import sidedoor.public, sidedoor.desk, sidedoor.documents.checks\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
