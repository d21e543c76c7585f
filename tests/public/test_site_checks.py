"""`sidedoor check` reports what is wrong with a site as a whole, each problem in a sentence that names its subject."""

from pathlib import Path

import pytest
from dulwich import porcelain
from flask import Flask

from sidedoor.public import create_app
from sidedoor.settings import Settings
from tests.conftest import Refresh, SetClock
from tests.content import SITE, ContentFolder


@pytest.fixture
def check(app: Flask, content: ContentFolder, refresh: Refresh) -> "Check":
    """Runs `sidedoor check` on the test's site."""
    return Check(app, content, refresh)


class Check:
    """Writes site.toml and runs the check."""

    def __init__(self, app: Flask, content: ContentFolder, refresh: Refresh) -> None:
        self.app, self.content, self.refresh = app, content, refresh

    def run(self, site: str = SITE) -> tuple[int, str]:
        """The exit status and the output of the check with this site.toml."""
        self.content.write("site.toml", site)
        self.refresh()
        ran = self.app.test_cli_runner().invoke(args=["content", "check"])
        return ran.exit_code, ran.output


def test_a_site_without_mistakes_has_no_errors(check: Check) -> None:
    check.content.document("help/money.md", "Words.", title="Money", tab_title="Money", group="plan")
    status, output = check.run()
    assert (status, ": error: " in output) == (0, False), output


@pytest.mark.parametrize(
    ("written", "instead", "says"),
    [
        ('"/help", ', '"/nowhere", ', "site.toml: error: The menu leads to /nowhere, and there is no such page."),
        ('"cy"]', '"cy", "fr"]', "site.toml: error: The interface has no words in “fr”."),
        ('"cy"]', '"cy", "tlh"]', "site.toml: error: Nobody knows how “tlh” writes days."),
        ('cy = "Cymru"', 'fr = "Galles"', "site.toml: warning: `places.2` is not said in “cy”."),
        ("[emergency]", '[words.en]\n"Hide this pgae" = "Go"\n[emergency]', "`words.en` has words for “Hide this pgae”, which no page says. Did you mean “Hide this page”?"),
        ("[emergency]", '[words.en]\n"Zzzzqqqq xxvv" = "Go"\n[emergency]', "“Zzzzqqqq xxvv”, which no page says. Copy the sentence"),
        ("[emergency]", '[words.en]\n"Call %(number)s." = "Ring us."\n[emergency]', "the words for “Call %(number)s.” lack what is filled in"),
        ("[emergency]", '[words.en]\n"Hide this page" = "100 % gone"\n[emergency]', "hold a percent sign of their own"),
        ('number = "999"', 'number = "000"', "help/get-help-now.md: error: It says to call 999, which is neither the number of [emergency] nor a contact's."),
    ],
)  # fmt: skip
def test_each_problem_names_what_it_is_about(check: Check, written: str, instead: str, says: str) -> None:
    assert written in SITE
    _, output = check.run(SITE.replace(written, instead, 1))
    assert says in output, output


def test_custom_words_that_do_not_fit_break_no_page(check: Check) -> None:
    check.run(
        SITE.replace("[emergency]", '[words.en]\n"Hide this page" = "100 % gone"\n"Menu" = "%(x)s"\n[emergency]', 1)
    )
    page = check.app.test_client().get("/").text
    assert ">Hide this page</a>" in page and ">Menu</a>" in page


def test_a_draft_in_the_menu_is_a_warning_and_a_draft_of_the_guide_is_an_error(check: Check) -> None:
    check.content.document("pages/about.md", state="draft")
    check.content.document("pages/safer-browsing.md", state="draft")
    _, output = check.run(SITE.replace('"/help", ', '"/about", ', 1))
    assert "site.toml: warning: The menu leads to /about, which readers cannot open yet." in output
    assert "site.toml: error: The notice on every page leads to /safer-browsing, and readers cannot open it." in output


def test_pages_may_tell_readers_to_call_the_number_of_a_contact(check: Check) -> None:
    contacts = (check.content.path / "contacts.yaml").read_text("utf-8")
    check.content.write("contacts.yaml", contacts.replace("0808 2000 247", "222"))
    check.content.document(
        "help/money.md", "You can call 222. Ring 333.", title="Money", tab_title="Money", group="plan"
    )
    _, output = check.run()
    assert "call 333" in output and "call 222" not in output


def test_claims_of_the_example_and_former_names_of_the_owner_are_reported(check: Check) -> None:
    check.content.document("pages/about.md", "It is run by Old Owner. It is a police force. New Owner is near.")
    with porcelain.init(check.content.path) as repository:
        for owner in ("Old Owner", "New Owner"):
            check.content.write("site.toml", SITE.replace("Test Constabulary", owner))
            repository.get_worktree().stage(["site.toml"])
            repository.get_worktree().commit(message=b"x", author=b"A <a@b>", committer=b"A <a@b>")
    _, output = check.run(SITE.replace("Test Constabulary", "New Owner"))
    assert (
        "pages/about.md: error: It still says “Old Owner”, which is true of another owner. Say what is true of you."
        in output
    )
    assert "“a police force”" in output and "“New Owner”" not in output


@pytest.mark.parametrize(("url", "wrong"), [("", True), ('url = "http://a.example"\n', True), ('url = "https://a.example"\n', False)])  # fmt: skip
def test_https_needs_the_address_that_readers_type(
    content: ContentFolder, tmp_path: Path, clock: SetClock, url: str, wrong: bool
) -> None:
    content.write("site.toml", url + SITE)
    app = create_app(Settings(content=content.path, data=tmp_path / "data", https=True), clock)
    output = app.test_cli_runner().invoke(args=["content", "check"]).output
    assert ("SIDEDOOR_HTTPS is on, and `url` names no https address." in output) is wrong
    app.extensions["live"].close()
