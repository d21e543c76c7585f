"""`flask content check` reports what is wrong or due."""

from datetime import UTC, datetime

from sidedoor.documents.checks import check_library, long_sentences
from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.loader import Loader
from sidedoor.documents.problems import Level
from sidedoor.documents.readability import flesch_kincaid_grade
from tests.content import ContentFolder

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def problems_of(content: ContentFolder) -> list[str]:
    """Every problem, as printed."""
    loader = Loader(content.path)
    return [str(problem) for problem in check_library(loader.load(), NOW, LINKED)]


def test_telling_words_in_title_tab_and_slug_are_errors(content: ContentFolder) -> None:
    content.document("help/about-abuse.md", title="Violence at home", tab_title="Abuse")
    problems = [line for line in problems_of(content) if "gives the page away" in line]
    assert len(problems) == 3
    assert all("error" in line for line in problems)


def test_missing_links_contacts_pictures_and_related_pages_are_errors(content: ContentFolder) -> None:
    content.document(
        "help/x.md", "[a](/help/nowhere) ![b](/images/none.png)\n\n/// contact | nobody\n///", related_help=["gone"]
    )
    problems = "\n".join(problems_of(content))
    for missing in ("/help/nowhere", "none.png", "“nobody”", "“gone”"):
        assert missing in problems


def test_a_situation_that_leads_nowhere_is_reported_by_its_words(content: ContentFolder) -> None:
    text = (content.path / "site.toml").read_text("utf-8")
    content.write(
        "site.toml", f'{text}\n[[situations]]\nsays = {{ en = "I am moving", cy = "Symud" }}\npage = "gone"\n'
    )
    assert any("“I am moving” leads to no help page" in line for line in problems_of(content))


def test_contacts_are_due_after_ninety_days(content: ContentFolder) -> None:
    text = (content.path / "contacts.yaml").read_text()
    content.write(
        "contacts.yaml", text.replace("    places: [england]", "    places: [england]\n    checked: 2026-08-25")
    )
    assert any("2026-08-25" in line for line in problems_of(content))
    content.write(
        "contacts.yaml", text.replace("    places: [england]", "    places: [england]\n    checked: 2026-08-27")
    )
    assert not any("2026-08-27" in line for line in problems_of(content))


def test_hard_words_and_long_sentences_are_errors_on_help_pages_and_warnings_elsewhere(content: ContentFolder) -> None:
    hard = "Notwithstanding jurisdictional considerations, organisational responsibilities necessitate comprehensive deliberation. "
    long = " ".join(["so"] * 45) + "."
    content.document("help/hard.md", hard + long)
    content.document("news/hard.md", hard * 3 + long, related_help=["money"])
    problems = problems_of(content)
    assert sum(Level.ERROR in line for line in problems if "help/hard" in line) == 2
    assert all(Level.WARNING in line for line in problems if "news/hard" in line)
    assert sum("news/hard" in line for line in problems) == 2


def test_the_grade_of_known_texts() -> None:
    assert flesch_kincaid_grade(["The cat sat on the mat.", "A dog ran by"]) < 2
    assert flesch_kincaid_grade([]) == 0
    assert long_sentences(["One two three. Four five."], 2) == ["One two three."]


def test_a_page_that_awaits_review_is_due(content: ContentFolder) -> None:
    content.document("help/y.md", awaiting_review="yes", reviewed="2025-01-01")
    problems = "\n".join(problems_of(content))
    assert "awaits a reviewer" in problems
    assert "last reviewed on 2025-01-01" in problems


def test_news_gets_warnings_about_words_to_avoid_and_a_missing_link_to_help(content: ContentFolder) -> None:
    content.write(
        "site.toml",
        (content.path / "site.toml").read_text() + '[words_to_avoid]\n"domestic row" = "Say who did what."\n',
    )
    content.document("news/a.md", "It was a Domestic row, they said. A domestic rower won.", related_help=["money"])
    content.document("help/b.md", "A domestic row.")
    problems = problems_of(content)
    assert [line for line in problems if "domestic row" in line] == [
        "news/a.md: warning: It says “domestic row”. Say who did what."
    ]
    assert [line.split(":")[0] for line in problems if "names no help page" in line] == ["news/first.md"]
