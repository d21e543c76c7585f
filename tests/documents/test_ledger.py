"""The ledger: figures are found in any spelling, and no page prints a figure that no fact or contact holds."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from sidedoor.documents.checks import check_library
from sidedoor.documents.figures import figures, holds
from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.loader import Loader
from sidedoor.documents.problems import Level
from tests.content import ContentFolder

NOW = datetime(2026, 11, 24, tzinfo=UTC)
FACTS = """\
facts:
  - id: order-length
    says: An order lasts up to 28 days.
    values: ["28 days"]
    places: [england, wales]
    source: The Act, section 1
    source_date: 2024-05
    check_by: 2027-05-01
  - id: unprinted
    says: Nobody prints this.
    values: ["7 weeks"]
    places: [scotland]
    source: A page
    source_date: undated
    check_by: 2020-01-01
"""


def problems_of(content: ContentFolder) -> list[str]:
    """Every problem, as printed."""
    loader = Loader(content.path)
    return [str(problem) for problem in check_library(loader.load(), NOW, LINKED)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Call 0808 2000 247 or +44 20 7008 0151.", ["0808 2000 247", "+44 20 7008 0151"]),
        ("Text 60777, press 55, call 999.", ["60777", "55", "999"]),
        ("On 5 July 2021 and the 8th March 2014, or in February 2022.", ["5 July 2021", "8th March 2014", "February 2022"]),
        ("A fine of £5,000, or £1.50, or 15p.", ["£5,000", "£1.50", "15p"]),
        ("For 27% of them, or 46 per cent.", ["27%", "46 per cent"]),
        ("Up to five years, 14 to 28 days, or a two-week wait.", ["five years", "14 to 28 days", "two-week"]),
        ("If you are 16 or over, under 18 or aged sixteen.", ["16 or over", "under 18", "aged sixteen"]),
        ("Open 9am to 5.30pm, at 17:00.", ["9am", "5.30pm", "17:00"]),
        ("Fill in FL401 in 2019.", ["FL401", "2019"]),
        ("One day you may leave. Three people, four steps.", []),
        ("See 999bsl.co.uk, jo@c4.org and https://x.org/2014/a.", []),
    ],
)  # fmt: skip
def test_every_kind_of_figure_is_found_in_a_text(text: str, expected: list[str]) -> None:
    assert figures(text) == expected


def test_a_fact_holds_a_figure_in_any_spelling_and_never_a_part_of_a_figure() -> None:
    for value, figure in [
        ("28 days", "28 days"), ("up to 28 days", "28 day"), ("two minutes", "2 minutes"), ("£5,000", "£5000"),
        ("08082000247", "0808 2000 247"), ("8 March 2014", "8th March 2014"), ("27%", "27 per cent"),
    ]:  # fmt: skip
        assert holds(value, figure), (value, figure)
    for value, figure in [("28 days", "8 days"), ("28 days", "28 weeks"), ("0808 2000 247", "2000"), ("2014", "14")]:
        assert not holds(value, figure), (value, figure)


def test_a_figure_that_no_fact_of_the_page_holds_is_reported_with_the_facts_that_may_be_meant(
    content: ContentFolder,
) -> None:
    content.write("facts.yaml", FACTS)
    content.document("help/order.md", "It lasts 28 days. Or 29 days. Call 0808 2000 247.")
    problems = [line for line in problems_of(content) if "help/order.md" in line and "prints" in line]
    assert len(problems) == 2
    assert "“28 days”" in problems[0] and "order-length" in problems[0]
    assert "“29 days”" in problems[1] and "Write the fact into facts.yaml" in problems[1]
    content.document("help/order.md", "It lasts 28 days. Call 0808 2000 247.", facts=["order-length"])
    assert not [line for line in problems_of(content) if "help/order.md" in line and "prints" in line]


def test_a_contact_covers_the_figures_of_its_card_only_on_pages_with_the_card(content: ContentFolder) -> None:
    content.write("facts.yaml", FACTS)
    contacts = (content.path / "contacts.yaml").read_text()
    content.write(
        "contacts.yaml", contacts.replace("    phone: 0808 2000", "    hours: 9am to 4pm\n    phone: 0808 2000")
    )
    content.document("help/card.md", "It is open from 9am.\n\n/// contact | ndah\n///")
    content.document("help/no-card.md", "It is open from 9am.")
    problems = [line for line in problems_of(content) if "“9am”" in line]
    assert [line.split(":")[0] for line in problems] == ["help/no-card.md"]


def test_a_site_needs_no_ledger_and_news_may_have_figures_of_its_own(content: ContentFolder) -> None:
    content.document("help/order.md", "It lasts 28 days.")
    assert not [line for line in problems_of(content) if "prints" in line]
    content.write("facts.yaml", FACTS)
    content.document("news/figures.md", "It was 27% in 2014.")
    assert not [line for line in problems_of(content) if "news/" in line and "prints" in line]


def test_a_missing_fact_is_an_error(content: ContentFolder) -> None:
    content.document("help/order.md", facts=["gone"])
    assert any("“gone”" in line and Level.ERROR in line for line in problems_of(content))


@pytest.mark.parametrize(
    ("written", "instead", "line", "says"),
    [
        ("check_by: 2027-05-01", "check_by: soon", 8, "`facts.1.check_by` is not a day that exists."),
        ("source_date: 2024-05", "source_date: May", 7, "`facts.1.source_date` cannot be “May”."),
        ("places: [scotland]", "places: [Scotland]", 12, "`facts.2.places.1` cannot be “Scotland”."),
        ("    source: A page\n", "", 9, "`facts.2.source` is missing."),
        ("id: unprinted", "id: order-length", 1, "Two facts have the id “order-length”."),
        ("says: Nobody", "sais: Nobody", 10, "`facts.2.sais` is not a name that is known here."),
    ],
)
def test_a_mistake_in_the_ledger_is_reported_with_its_line_and_the_last_good_ledger_stays(
    content: ContentFolder, written: str, instead: str, line: int, says: str
) -> None:
    content.write("facts.yaml", FACTS)
    loader = Loader(content.path)
    loader.load()
    content.write("facts.yaml", FACTS.replace(written, instead))
    library = loader.load()
    assert set(library.facts) == {"order-length", "unprinted"}
    assert any(f"facts.yaml:{line}: error" in str(problem) and says in str(problem) for problem in library.problems), (
        library.problems
    )


def test_a_fact_of_a_place_that_the_site_does_not_list_is_an_error(content: ContentFolder) -> None:
    content.write("facts.yaml", FACTS.replace("places: [scotland]", "places: [france]"))
    assert any(
        "a place that site.toml does not list: “france”" in line and Level.ERROR in line
        for line in problems_of(content)
    )


def test_the_ledger_survives_a_restart_with_a_broken_file(content: ContentFolder) -> None:
    data = content.path.parent / "data"
    content.write("facts.yaml", FACTS)
    for text in (FACTS, "facts: [", FACTS):
        content.write("facts.yaml", text)
        loader = Loader(content.path, data)
        assert set(loader.load().facts) == {"order-length", "unprinted"}


def test_a_fact_is_due_thirty_days_before_its_check_date_with_every_page_that_uses_it(content: ContentFolder) -> None:
    content.document("help/order.md", "28 days", facts=["order-length"])
    content.document("news/order.md", "28 days", facts=["order-length"])
    for day, due in (("2026-12-25", False), ("2026-12-24", True), ("2026-01-01", True)):
        content.write("facts.yaml", FACTS.replace("check_by: 2027-05-01", f"check_by: {day}"))
        problems = [line for line in problems_of(content) if line.startswith("facts.yaml") and "order-length" in line]
        assert bool(problems) is due, day
        assert not due or "help/order.md, news/order.md" in problems[0]
    assert not [line for line in problems_of(content) if "unprinted" in line]  # no page uses it


def test_a_page_with_old_facts_is_due_near_its_check_date_and_must_have_one(content: ContentFolder) -> None:
    content.document("help/old.md", check="high", check_by="2026-12-20")
    content.document("help/later.md", check="high", check_by="2027-12-20")
    content.document("help/never.md", check="high")
    problems = problems_of(content)
    assert [line.split(":")[0] for line in problems if "looked at again by 20" in line] == ["help/old.md"]
    assert [line.split(":")[0] for line in problems if Level.ERROR in line and "by when" in line] == ["help/never.md"]


def test_the_command_lists_each_facts_pages_and_each_unlisted_figure_with_its_line(
    app: Flask, content: ContentFolder
) -> None:
    content.write("facts.yaml", FACTS.replace("2027-05-01", "2026-12-01"))
    content.document("help/order.md", "Words.\n\nIt lasts 28 days.", facts=["order-length"])
    content.document("help/other.md", "Words.\n\nIt lasts 29 days.")
    app.extensions["live"].refresh()
    ran = app.test_cli_runner().invoke(args=["content", "check", "--facts"])
    lines = ran.output.splitlines()
    position = next(
        number for number, line_number in enumerate(lines) if line_number.startswith("order-length: 28 days")
    )
    assert lines[position].endswith("by 2026-12-01, DUE)")
    assert lines[position + 1] == "    help/order.md"
    written = (content.path / "help/other.md").read_text().split("\n")
    line_number = next(number for number, words in enumerate(written, start=1) if "29 days" in words)
    assert any(line.startswith(f"help/other.md:{line_number}: warning: It prints “29 days”") for line in lines)
    assert ran.exit_code == 1
    content.document("help/other.md", "Words.")
    content.document("help/get-help-now.md", "Words.")
    app.extensions["live"].refresh()
    assert app.test_cli_runner().invoke(args=["content", "check", "--facts"]).exit_code == 0
