"""`sidedoor init`: a folder that is somebody's own, with nothing in it that is true of somebody else alone."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from sidedoor.documents.checks import check_library
from sidedoor.documents.loader import Loader
from sidedoor.documents.problems import Level
from sidedoor.documents.times import utc_now
from sidedoor.public.addresses import LINKED
from sidedoor.public.site_checks import check_site
from sidedoor.starters import EXAMPLE
from sidedoor.starters.command import init
from sidedoor.starters.starter import names

LEEDS = ("--for", "uk", "--name", "Side Street", "--organisation", "A charity in Leeds", "--address", "", "--exit", "https://weather.example/")  # fmt: skip
DUBLIN = ("--for", "ireland", "--name", "Lane", "--organisation", "A charity in Dublin", "--address", "https://lane.example/", "--exit", "https://weather.example/", "--emergency", "000", "--emergency-source", "https://emergency.example/")  # fmt: skip
ELSEWHERE = ("--for", "blank", "--name", "Path", "--organisation", "Whānau & <Friends> of *all*", "--address", "", "--exit", "https://weather.example/", "--country", "nz", "--timezone", "Pacific/Auckland", "--emergency", "(00) 0", "--emergency-source", "https://emergency.example/")  # fmt: skip
TORONTO = ("--for", "canada", *DUBLIN[2:])


def begin(folder: Path, *said: str, answers: str = "") -> Result:
    """Run the command; fails where it breaks instead of saying something."""
    ran = CliRunner().invoke(init, [str(folder), *said], input=answers)
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return ran


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git there."""
    settings = ("-c", "user.name=An editor", "-c", "user.email=editor@example.org")
    return subprocess.run(["git", *settings, *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("said", [LEEDS, DUBLIN, TORONTO, ELSEWHERE], ids=lambda said: said[1])
def test_what_it_writes_has_no_mistake_and_names_no_place_or_service_of_the_example(
    tmp_path: Path, said: tuple[str, ...]
) -> None:
    folder = tmp_path / "a site"
    ran = begin(folder, *said)
    assert ran.exit_code == 0, ran.output
    library = Loader(folder).load()
    assert [str(one) for one in check_library(library, utc_now(), LINKED) if one.level is Level.ERROR] == []
    assert [str(one) for one in check_site(library, utc_now, folder, False) if one.level is Level.ERROR] == []
    assert library.site.organisation == said[5]
    written = {
        path: path.read_text("utf-8") for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts
    }
    for path, text in written.items():
        # Where a fact comes from stays as it is: in a page's sources, and in a record's source.
        words = re.sub(r"(?m)^  - .*$|^    source: .*$", "", text)
        assert not re.search(r"Hampshire|Isle of Wight|Portsmouth|Southampton|onstabulary", words), path
    assert all(contact.area is None for contact in library.contacts.values())


@pytest.mark.parametrize("said", [LEEDS, DUBLIN], ids=lambda said: said[1])
def test_pages_in_which_the_owner_speaks_are_drafts_of_their_own(tmp_path: Path, said: tuple[str, ...]) -> None:
    begin(tmp_path / "site", *said)
    drafts = {one.file for one in Loader(tmp_path / "site").load().documents if one.meta.state == "draft"}
    own = {"pages/about.md", "pages/privacy.md", "pages/accessibility.md"}
    assert drafts == (own if said is LEEDS else own | {"help/get-help-now.md"})
    assert said[5] in (tmp_path / "site/pages/about.md").read_text("utf-8")


def test_a_site_of_the_same_country_has_our_national_pages_and_helplines_with_sources_and_dates(tmp_path: Path) -> None:
    begin(tmp_path / "site", *LEEDS)
    library, example = Loader(tmp_path / "site").load(), Loader(EXAMPLE).load()
    ours = {one.slug: one for one in example.documents if one.kind == "help" and not one.folder}
    brought = {one.slug: one for one in library.documents if one.kind == "help"}
    assert set(brought) == set(ours)
    for slug, page in brought.items():
        assert (page.meta.sources, page.meta.reviewed) == (ours[slug].meta.sources, ours[slug].meta.reviewed), slug
    national = {name: one for name, one in example.contacts.items() if one.area is None}
    assert library.contacts == national
    assert library.site.emergency == example.site.emergency


def test_other_countries_say_their_number_themselves(tmp_path: Path) -> None:
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


def test_what_no_option_says_is_asked_until_it_can_be_used(tmp_path: Path) -> None:
    answers = "A name of more than thirty letters\nLane\nA charity\nnonsense\n\n\nXX\nFR\nParis\nEurope/Paris\nten\n10\nhttps://numbers.example/\n"  # fmt: skip
    ran = begin(tmp_path / "site", "--for", "blank", answers=answers)
    assert ran.exit_code == 0, ran.output
    for told in ("34 letters, and 30 fit", "“nonsense” is not a web address", "“XX” is no country's two letters", "“ten” cannot be used"):  # fmt: skip
        assert told in ran.output
    site = tomllib.loads((tmp_path / "site/site.toml").read_text("utf-8"))
    assert (site["name"], site["timezone"], site["emergency"]["number"]) == ("Lane", "Europe/Paris", "10")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ((*LEEDS[:2], "--name", "X" * 31), "--name: “XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX” has 31 letters, and 30 fit."),
        (LEEDS[:4], "Nobody answers here. Say --organisation."),
        ((*LEEDS[:9], "javascript:alert(1)"), "--exit: “javascript:alert(1)” is not a web address."),
        (DUBLIN[:10], "Nobody answers here. Say --emergency."),
        (DUBLIN[:12], "Nobody answers here. Say --emergency-source."),
        ((*ELSEWHERE[:13], "Nowhere/Else", *ELSEWHERE[14:]), "“Nowhere/Else” is not a time zone."),
    ],
)
def test_an_answer_that_cannot_be_used_is_told_in_a_sentence_and_nothing_is_written(
    tmp_path: Path, said: tuple[str, ...], told: str
) -> None:
    ran = begin(tmp_path / "site", *said)
    assert ran.exit_code == 2
    assert told in ran.output
    assert not (tmp_path / "site").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("mine")
    ran = begin(tmp_path, *LEEDS)
    assert (ran.exit_code, "is there already" in ran.output) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["letter"]


def test_it_is_a_repository_whose_hook_refuses_a_commit_with_a_mistake(tmp_path: Path) -> None:
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


def test_its_readme_names_commands_that_run_from_anywhere(tmp_path: Path) -> None:
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


def test_every_starter_says_what_it_is(tmp_path: Path) -> None:
    assert names() == ["blank", "canada", "ireland", "uk"]
