"""A file that cannot be used is refused with all reasons at once: the line, what is wrong, and what to write instead."""

import io
import os
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from sidedoor.documents.codes import Code
from sidedoor.documents.loader import Loader
from sidedoor.documents.problem_words import file_words
from sidedoor.documents.problems import Problem, Refused
from sidedoor.documents.reading import read_site
from tests.conftest import Refresh
from tests.content import SITE, ContentFolder
from tests.processes import run


def problems_of(content: ContentFolder, file: str) -> list[Problem]:
    """The problems of `file`."""
    loader = Loader(content.path)
    return [problem for problem in loader.load().problems if problem.file == file]


def test_all_mistakes_are_reported_at_once_with_their_lines(content: ContentFolder) -> None:
    text = "---\ntitel: Wrong\nsummary: Fine.\nstate: publisht\npublish_at: 12:30\ntab_title: Fine\ngroup: now\n---\n\n<b>x</b>\n"
    content.write("help/wrong.md", text)
    problems = problems_of(content, "help/wrong.md")
    assert [(problem.line, problem.field, problem.code) for problem in problems] == [
        (2, "title", Code.MISSING), (2, "titel", Code.MISSPELT_NAME), (4, "state", Code.NOT_A_CHOICE),
        (5, "publish_at", Code.NOT_A_TIME), (10, "", Code.HTML),
    ]  # fmt: skip
    words = [file_words(problem.code, problem.values, problem.field) for problem in problems]
    assert any("Did you mean `title`?" in text.instead for text in words)
    assert all(text.what.endswith((".", ">", "!")) and text.instead for text in words)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (b"no front matter", 1, "first line is not ---"),
        (b"---\ntitle: x\n", 1, "never ends"),
        (b"---\ntitle: a: b\n---\n", 2, "cannot be read"),
        (b"---\ntitle: a\ntitle: b\n---\n", 3, "written twice"),
        (b"---\na: &x [1]\nb: *x\n---\n", 2, "alias"),
        (b"---\ntitle: \xff\n---\n", 2, "not UTF-8"),
        (b"---\ntitle: x\n---\n\nA\x00B\n", 5, "does not print"),
        (b"x" * 300_000, None, "far too long"),
        (b"", 1, "first line is not ---"),
        (b"---\n" + b"[" * 100_000 + b"\n---\n", 2, ""),
        (b"---\na: " + b"[" * 9 + b"]" * 9 + b"\n---\n", 2, "nested too deeply"),
    ],
)
def test_a_file_that_is_not_a_document_is_refused_in_a_sentence(
    content: ContentFolder, text: bytes, line: int | None, message: str
) -> None:
    content.write("help/odd.md", text)
    problems = problems_of(content, "help/odd.md")
    assert problems
    assert message in str(problems[0])
    assert problems[0].line == line


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(content: ContentFolder) -> None:
    path = content.document("help/windows.md")
    content.write("help/windows.md", b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert problems_of(content, "help/windows.md") == []


@pytest.mark.parametrize(
    "name", ["UPPER.md", "sp ace.md", "café.md", "2026.md", "page.md", "а-cyrillic.md", "a--b.md", "x" * 90 + ".md"]
)
def test_a_file_name_that_cannot_be_a_slug_is_refused(content: ContentFolder, name: str) -> None:
    content.document(f"news/{name}")
    assert problems_of(content, f"news/{name}")


def test_two_files_for_one_address_are_reported_and_the_first_stays(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    content.document("help/zzz/money.md", "Another.")
    library = refresh()
    assert library.problems[0].code is Code.SAME_NAME
    assert "Money can be kept from you." in client.get("/help/money").text


def test_a_loop_of_symbolic_links_is_reported(content: ContentFolder) -> None:
    os.symlink("loop.md", content.path / "help" / "loop.md")
    os.symlink(content.path, content.path / "help" / "round")
    assert "cannot be read" in str(problems_of(content, "help/loop.md")[0])


def test_a_site_without_a_usable_site_toml_does_not_start_and_says_why(tmp_path: Path) -> None:
    content = ContentFolder(tmp_path / "c")
    content.write("site.toml", SITE.replace('name = "Sidedoor"', 'nme = "Sidedoor"'))
    with pytest.raises(Refused) as refused:
        Loader(content.path).load()
    assert {problem.line for problem in refused.value.problems} >= {1}


def test_a_picture_with_metadata_about_its_place_is_refused(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    picture, plain, exif = io.BytesIO(), io.BytesIO(), Image.Exif()
    exif[0x010E] = "At home"
    Image.new("RGB", (8, 8)).save(picture, "JPEG", exif=exif)
    Image.new("RGB", (8, 8)).save(plain, "JPEG")
    content.write("images/where.jpg", picture.getvalue())
    content.write("images/plain.jpg", plain.getvalue())
    content.write("images/odd.svg", b"<svg/>")
    content.document("news/pictures.md", "![a](/images/where.jpg)\n\n![b](/images/plain.jpg)\n\n![c](/images/odd.svg)")
    library = refresh()
    assert {problem.file for problem in library.problems} == {"images/where.jpg", "images/odd.svg"}
    assert [client.get(f"/images/{name}").status_code for name in ("plain.jpg", "where.jpg", "odd.svg")] == [
        200,
        404,
        404,
    ]


def hours_of_a_chat(start: str, until: str) -> str:
    """A site.toml whose second slot has `start` and `until`, written exactly so."""
    first = '[[chat.open]]\ndays = ["mon"]\nfrom = "09:00"\nuntil = "10:00"\n'
    second = f'[[chat.open]]\ndays = ["tue"]\nfrom = {start}\nuntil = {until}\n'
    return SITE + f'\n[chat]\nanswered_by = "us"\nconfidential = "yes"\n{first}{second}'


@pytest.mark.parametrize(
    "wrong",
    [
        "9",
        "9.5",
        '"9"',
        '"9:00"',
        '"09:00+00:00"',
        '"09:00:00"',
        "09:00:00",
        '"24:01"',
        '"25:00"',
        '"٠٩:٠٠"',
        '""',
        "true",
    ],
)
@pytest.mark.parametrize("field", ["from", "until"])
def test_a_wrong_time_of_day_is_reported_with_its_line(field: str, wrong: str) -> None:
    text = hours_of_a_chat(*((wrong, '"13:00"') if field == "from" else ('"09:00"', wrong)))
    with pytest.raises(Refused) as refused:
        read_site(text)
    (problem,) = refused.value.problems
    line = max(
        number for number, text_line in enumerate(text.split("\n"), start=1) if text_line.startswith(f"{field} =")
    )
    assert (problem.file, problem.line) == ("site.toml", line)
    assert problem.field == f"chat.open.2.{field}"
    assert '"09:30"' in str(problem)


def test_a_slot_may_end_at_midnight_and_not_before_it_starts() -> None:
    site = read_site(hours_of_a_chat('"18:00"', '"24:00"'))
    assert site.chat
    assert (site.chat.open[1].start, site.chat.open[1].until) == (18 * 60, 24 * 60)
    for until in ('"18:00"', '"02:00"'):
        text = hours_of_a_chat('"18:00"', until)
        with pytest.raises(Refused) as refused:
            read_site(text)
        (problem,) = refused.value.problems
        second = max(number for number, line in enumerate(text.split("\n"), start=1) if line == "[[chat.open]]")
        assert (problem.line, "24:00" in str(problem)) == (second, True)


def test_the_check_reports_a_wrong_time_with_its_file_and_line(content: ContentFolder) -> None:
    text = hours_of_a_chat("9", '"13:00"')
    content.write("site.toml", text)
    done = run(
        [sys.executable, "-m", "flask", "content", "check"],
        {"SIDEDOOR_CONTENT": str(content.path), "SIDEDOOR_DATA": str(content.path.parent / "checked")},
    )
    line = text.split("\n").index("from = 9") + 1
    assert done.returncode != 0
    assert f"site.toml:{line}: error: `chat.open.2.from`: “9” is not a time of day." in done.stdout + done.stderr


MISTAKES_IN_TOML = {
    "left out": (SITE.replace("name =", "# name =", 1), "`name` is missing. Add a line that starts `name =`, above the first"),
    "left out of a section": (SITE + "[[areas]]\nwithin = []\n", "`areas.1.name` is missing. Add a line that starts `name =`."),
    "below a section": (SITE + "[press.us]\nname = 'Us'\nurls = []\nlocations = []\n", "`press.us.locations` is not a name that is"
        " known here. Delete the line, or look the name up in docs/settings.md. A line belongs to the section above it."),
    "a section twice": (SITE + "[look]\naccent = '#112233'\n[look]\n", "What this line begins is in the file already. Keep one"),
    "a name twice": (SITE + "[look]\naccent = '#112233'\naccent = '#112233'\n", "What this line begins is in the file already."),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES_IN_TOML)
def test_what_to_write_into_site_toml_is_said_as_toml(mistake: str) -> None:
    text, says = MISTAKES_IN_TOML[mistake]
    with pytest.raises(Refused) as refused:
        read_site(text)
    assert any(str(problem.words()).startswith(says) for problem in refused.value.problems), str(refused.value)
