"""`sidedoor init`: a new content folder for one charity, with nothing in it that is true only of another."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from sidedoor.documents.checks import check_library
from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.loader import Loader
from sidedoor.documents.problems import Level
from sidedoor.documents.times import utc_now
from sidedoor.example import EXAMPLE
from sidedoor.public.site_checks import check_site
from sidedoor.starters.command import init
from sidedoor.starters.starter import names

LEEDS = ("--for", "uk", "--name", "Side Street", "--organisation", "A charity in Leeds", "--address", "", "--exit", "https://weather.example/")  # fmt: skip
DUBLIN = ("--for", "ireland", "--name", "Lane", "--organisation", "A charity in Dublin", "--address", "https://lane.example/", "--exit", "https://weather.example/", "--emergency", "000", "--emergency-source", "https://emergency.example/")  # fmt: skip
ELSEWHERE = ("--for", "blank", "--name", "Path", "--organisation", "Whānau & <Friends> of *all*", "--address", "", "--exit", "https://weather.example/", "--country", "nz", "--timezone", "Pacific/Auckland", "--emergency", "(00) 0", "--emergency-source", "https://emergency.example/")  # fmt: skip
TORONTO = ("--for", "canada", *DUBLIN[2:])


def begin(folder: Path, *options: str, answers: str = "") -> Result:
    """Run the command. Fails when it crashes instead of printing an error."""
    ran = CliRunner().invoke(init, [str(folder), *options], input=answers)
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return ran


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in the folder."""
    settings = ("-c", "user.name=An editor", "-c", "user.email=editor@example.org")
    return subprocess.run(["git", *settings, *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("options", [LEEDS, DUBLIN, TORONTO, ELSEWHERE], ids=lambda options: options[1])
def test_a_new_site_has_no_mistakes_and_names_no_place_or_service_of_the_example(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    folder = tmp_path / "a site"
    ran = begin(folder, *options)
    assert ran.exit_code == 0, ran.output
    library = Loader(folder).load()
    assert [str(problem) for problem in check_library(library, utc_now(), LINKED) if problem.level is Level.ERROR] == []
    assert [
        str(problem) for problem in check_site(library, utc_now, folder, False) if problem.level is Level.ERROR
    ] == []
    assert library.site.organisation == options[5]
    written = {
        path: path.read_text("utf-8") for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts
    }
    for path, text in written.items():
        # The sources of pages and contacts stay as they are.
        words = re.sub(r"(?m)^  - .*$|^    source: .*$", "", text)
        assert not re.search(r"Hampshire|Isle of Wight|Portsmouth|Southampton|onstabulary", words), path
        assert not re.search(r"[Tt]his site is run by [^.]*police|\bour police force", words), path
    assert all(contact.area is None for contact in library.contacts.values())


@pytest.mark.parametrize("options", [LEEDS, DUBLIN], ids=lambda options: options[1])
def test_pages_that_speak_for_the_owner_are_drafts(tmp_path: Path, options: tuple[str, ...]) -> None:
    begin(tmp_path / "site", *options)
    drafts = {page.file for page in Loader(tmp_path / "site").load().documents if page.meta.state == "draft"}
    own = {"pages/about.md", "pages/privacy.md", "pages/accessibility.md"}
    assert drafts == (own if options is LEEDS else own | {"help/get-help-now.md"})
    assert options[5] in (tmp_path / "site/pages/about.md").read_text("utf-8")


def test_a_site_of_the_same_country_has_our_national_pages_and_helplines_with_sources_and_dates(tmp_path: Path) -> None:
    begin(tmp_path / "site", *LEEDS)
    library, example = Loader(tmp_path / "site").load(), Loader(EXAMPLE).load()
    ours = {page.slug: page for page in example.documents if page.kind == "help" and not page.folder}
    brought = {page.slug: page for page in library.documents if page.kind == "help"}
    assert set(brought) == set(ours)
    for slug, page in brought.items():
        assert (page.meta.sources, page.meta.reviewed) == (ours[slug].meta.sources, ours[slug].meta.reviewed), slug
        links, ours_links = (
            re.findall(r'href="(#[^"]+|/help/get-help-now)"', kept.html) for kept in (page, ours[slug])
        )
        assert links == ours_links, f"{slug}: ways to get help now"
    national = {name: contact for name, contact in example.contacts.items() if contact.area is None}
    assert library.contacts == national
    assert library.site.emergency == example.site.emergency


def test_a_site_for_another_country_has_the_emergency_number_that_was_given(tmp_path: Path) -> None:
    begin(tmp_path / "site", *ELSEWHERE)
    site = tomllib.loads((tmp_path / "site/site.toml").read_text("utf-8"))
    assert (site["emergency"], site["timezone"], site["dates"]) == (
        {"number": "(00) 0"},
        "Pacific/Auckland",
        {"en": "en-NZ"},
    )
    (contact,) = yaml.safe_load((tmp_path / "site/contacts.yaml").read_text("utf-8"))["contacts"]
    assert (contact["phone"], contact["source"]) == ("(00) 0", "https://emergency.example/")
    assert "call (00) 0." in (tmp_path / "site/help/get-help-now.md").read_text("utf-8")


def test_the_command_asks_for_each_missing_option_until_the_answer_can_be_used(tmp_path: Path) -> None:
    answers = "A name of more than thirty letters\nLane\nA charity\nnonsense\n\n\nXX\nFR\nParis\nEurope/Paris\nten\n10\nhttps://numbers.example/\n"  # fmt: skip
    ran = begin(tmp_path / "site", "--for", "blank", answers=answers)
    assert ran.exit_code == 0, ran.output
    for message in ("34 letters, and 30 fit", "“nonsense” is not a web address", "“XX” is no country's two letters", "“ten” cannot be used"):  # fmt: skip
        assert message in ran.output
    site = tomllib.loads((tmp_path / "site/site.toml").read_text("utf-8"))
    assert (site["name"], site["timezone"], site["emergency"]["number"]) == ("Lane", "Europe/Paris", "10")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((*LEEDS[:2], "--name", "X" * 31), "--name: “XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX” has 31 letters, and 30 fit."),
        (LEEDS[:4], "Nobody answers here. Say --organisation."),
        ((*LEEDS[:9], "javascript:alert(1)"), "--exit: “javascript:alert(1)” is not a web address."),
        (DUBLIN[:10], "Nobody answers here. Say --emergency."),
        (DUBLIN[:12], "Nobody answers here. Say --emergency-source."),
        ((*ELSEWHERE[:13], "Nowhere/Else", *ELSEWHERE[14:]), "“Nowhere/Else” is not a time zone."),
    ],
)
def test_an_option_that_cannot_be_used_gets_a_sentence_and_nothing_is_written(
    tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    ran = begin(tmp_path / "site", *options)
    assert ran.exit_code == 2
    assert message in ran.output
    assert not (tmp_path / "site").exists()


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("mine")
    ran = begin(tmp_path, *LEEDS)
    assert (ran.exit_code, "is there already" in ran.output) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["letter"]


def test_the_new_repository_has_a_hook_that_refuses_a_commit_with_a_mistake(tmp_path: Path) -> None:
    folder = tmp_path / "a site"
    begin(folder, *DUBLIN)
    assert git(folder, "status", "--short").stdout == ""
    page = folder / "pages/about.md"
    page.write_text(
        page.read_text("utf-8").replace("state: draft", "state: published") + "\n[nowhere](/nowhere)\n", "utf-8"
    )
    refused = git(folder, "commit", "-aqm", "A mistake")
    assert refused.returncode == 1, refused
    assert "The link /nowhere leads to no page" in refused.stdout + refused.stderr


def test_the_new_readme_names_commands_that_run_from_anywhere(tmp_path: Path) -> None:
    folder = tmp_path / "a site"
    begin(folder, *DUBLIN)
    readme = (folder / "README.md").read_text("utf-8")
    exports = re.findall(r"(?m)^export .*$", readme)
    programs = set(re.findall(r"`(/\S+) (?:run|check|desk|staff)\b", readme))
    assert len(exports) == 2 and programs == {str(Path(sys.executable).with_name("sidedoor"))}
    commands = re.findall(r"`(/\S+ check|git -C [^`]*)`", readme)
    assert len(commands) == 3
    (folder / "pages/about.md").write_text((folder / "pages/about.md").read_text("utf-8") + "\nMore words.\n", "utf-8")
    (check, add, commit) = commands
    script = "\n".join(
        ["set -e", *exports, check, add, commit.replace("commit", "-c user.name=A -c user.email=a@b.example commit", 1)]
    )
    ran = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 wrong" in ran.stdout
    assert git(folder, "log", "-1", "--format=%an").stdout == "A\n", "the hook let it pass"


def test_the_starters_are_blank_canada_ireland_and_uk(tmp_path: Path) -> None:
    assert names() == ["blank", "canada", "ireland", "uk"]
