"""`sidedoor doctor` on real set-ups with faults: it finds each fault and reports it in a sentence."""

import os
from pathlib import Path

import pytest

from sidedoor.doctor import editor
from sidedoor.documents.codes import Code
from sidedoor.public.feedback_store import FeedbackStore
from tests.content import SITE, ContentFolder
from tests.desk.notices.mail_server import mail_server
from tests.processes import SIDEDOOR, run
from tests.server import RunningSite, free_port
from tests.test_upgrade import build

OF_THIS_MACHINE = ("the clock: warning: Nobody sets this machine's clock",)


def doctor(content: Path, data: Path, **settings: str) -> tuple[int, list[str]]:
    """The exit status and the output lines, without what the tests' own machine lacks."""
    environment = {"SIDEDOOR_CONTENT": str(content), "SIDEDOOR_DATA": str(data), "PORT": str(free_port()), **settings}
    done = run([SIDEDOOR, "doctor"], environment)
    assert done.stderr == ""
    lines = [line for line in done.stdout.splitlines() if not line.startswith(OF_THIS_MACHINE)]
    return done.returncode, lines[:-1]


def another_clock(ahead: str) -> dict[str, str]:
    """The environment of a program whose clock is ahead."""
    library = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))[-1]
    clock = {"FAKETIME": ahead, "NO_FAKE_STAT": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    return {"LD_PRELOAD": str(library), **clock}


@pytest.fixture
def data(content: ContentFolder, tmp_path: Path) -> Path:
    """A data folder with a database in it."""
    content.path.chmod(0o700)
    FeedbackStore(tmp_path / "data").all()
    return tmp_path / "data"


def test_a_site_that_runs_well_has_no_faults(content: ContentFolder, data: Path) -> None:
    site = RunningSite(content.path, data)
    try:
        assert doctor(content.path, data, PORT=str(site.port)) == (0, [])
    finally:
        site.close()
    status, lines = doctor(content.path, data)
    assert (
        status == 0 and len(lines) == 1 and lines[0].startswith("HOST and PORT: warning: No site answers at 127.0.0.1:")
    )


FAULTS: dict[str, tuple[str, dict[str, str], str]] = {
    "https off": ('url = "https://www.example.invalid"\n', {}, "SIDEDOOR_HTTPS: error: The url of site.toml is https://"),
    "url without tls": ("", {"SIDEDOOR_HTTPS": "true"}, "site.toml: error: SIDEDOOR_HTTPS is on, but the url"),
    "proxies": ("", {"SIDEDOOR_HTTPS": "true"}, "SIDEDOOR_PROXIES: warning: SIDEDOOR_HTTPS says that something"),
    "url silent": ('url = "https://www.example.invalid"\n', {}, "site.toml: warning: Nothing answers at https://www.example"),
    "desk": ("", {"SIDEDOOR_DESK_URL": "http://desk.example.org"}, "SIDEDOOR_DESK_URL: error: Staff reach the desk at"),
    "store": ("", {"SIDEDOOR_CHAT_STORE": "valkey://127.0.0.1:1/0"}, "SIDEDOOR_CHAT_STORE: error: The chat's store does"),
    "database": ("", {"SIDEDOOR_DATABASE": "postgresql://127.0.0.1:1/x"}, "SIDEDOOR_DATABASE: error: No PostgreSQL answers at"),
    "unknown": ("", {"SIDEDOOR_PROXYS": "1"}, "SIDEDOOR_PROXYS: warning: There is no setting of this name"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_settings_that_do_not_fit_together_are_reported_in_a_sentence(
    fault: str, content: ContentFolder, data: Path
) -> None:
    site_line, settings, begins = FAULTS[fault]
    content.write("site.toml", site_line + SITE)
    status, lines = doctor(content.path, data, **settings)
    (problem,) = [line for line in lines if line.startswith(begins)]
    assert status == (1 if "error" in problem else status)
    assert problem.endswith((".", "?"))


def test_why_nothing_answers_at_the_url_is_said(content: ContentFolder, data: Path, tmp_path: Path) -> None:
    with mail_server(tmp_path, "smtps") as server:  # any server with TLS: its certificate is looked at first
        content.write("site.toml", f'url = "https://127.1:{server.port}"\n{SITE}')
        lines = doctor(content.path, data, SIDEDOOR_HTTPS="true")[1]
        assert any(
            "Nothing answers at https://127.1:" in line and "(self-signed certificate)" in line for line in lines
        ), lines


def test_a_missing_or_outdated_editor_is_reported(tmp_path: Path) -> None:
    built, sources = tmp_path / "static/editor.js", tmp_path / "src"
    (problem,) = editor(built, sources)
    assert str(problem).startswith(
        "the desk: warning: The desk's editor is not built, so its writers get a plain field"
    )
    assert f"It is looked for at {built}. Run make editor in the source tree" in str(problem)
    for path in (built, sources / "editor.js"):
        path.parent.mkdir()
        path.write_text("")
    os.utime(built, (1, 1))
    assert [problem.code for problem in editor(built, sources)] == [Code.DOCTOR_EDITOR_OLD]
    os.utime(sources / "editor.js", (1, 1))
    assert not list(editor(built, sources))


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser leaves files of another owner")
def test_a_file_of_another_owner_is_reported(content: ContentFolder, data: Path) -> None:
    os.chown(data / "feedback.sqlite3", 65534, 65534)
    status, lines = doctor(content.path, data)
    assert status == 1
    assert f"SIDEDOOR_DATA: error: {data}/feedback.sqlite3 does not belong to the owner of {data}" in "\n".join(lines)
    assert run(["chown", "-R", f"--reference={data}", str(data)], {}).returncode == 0, "as the sentence says"
    assert doctor(content.path, data)[0] == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser leaves files of another owner")
@pytest.mark.parametrize(("mode", "is_wrong"), [(0o2770, False), (0o2750, True)])
def test_a_group_that_only_reads_makes_no_file_of_another_owner_right(
    mode: int, is_wrong: bool, content: ContentFolder, data: Path
) -> None:
    os.chown(content.path / "help", 65534, content.path.stat().st_gid)
    content.path.chmod(mode)
    lines = doctor(content.path, data)[1]
    assert any(f"{content.path}/help does not belong to the owner" in line for line in lines) is is_wrong, lines


def test_a_public_folder_a_damaged_database_and_a_wrong_clock_are_reported(content: ContentFolder, data: Path) -> None:
    data.chmod(0o755)
    (data / "reviews.sqlite3").write_bytes(b"SQLite format 3\0" + bytes(5000))
    status, lines = doctor(content.path, data, **another_clock("+2h"))
    text = "\n".join(lines)
    assert status == 1
    assert "Everybody on this machine can look into" in text
    assert f"The database {data}/reviews.sqlite3 is damaged." in text
    assert "seconds apart" in text


def test_it_changes_no_database_and_makes_none(content: ContentFolder, data: Path, tmp_path: Path) -> None:
    """Somebody asks the new program while the old one still runs: a database brought up to date would close its chat."""
    assert doctor(content.path, data)[0] == 0
    assert not (data / "chat.sqlite3").exists()
    old = build(data, "chat-5").read_bytes()
    assert doctor(content.path, data)[0] == 0
    assert (data / "chat.sqlite3").read_bytes() == old


def test_the_folders_of_messages_and_chats_are_looked_at(content: ContentFolder, data: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "feedback.sqlite3").write_bytes(b"SQLite format 3\0" + bytes(5000))
    shared.chmod(0o755)
    for settings in ({"SIDEDOOR_MESSAGES": str(shared)}, {"SIDEDOOR_CHAT_STORE": f"sqlite:{shared}"}):
        status, lines = doctor(content.path, data, **settings)
        assert status == 1
        assert f"The database {shared}/feedback.sqlite3 is damaged." in "\n".join(lines)
        assert any(line.startswith(f"{next(iter(settings))}: warning: Everybody on this machine") for line in lines)


def test_a_missing_folder_is_reported(content: ContentFolder, data: Path) -> None:
    RunningSite(content.path, data).close()
    content.path.rename(content.path.with_name("elsewhere"))
    status, lines = doctor(content.path, data)
    assert status == 1
    assert any("The content folder cannot be reached." in line for line in lines)
    assert doctor(content.path, data.with_name("new")) == (
        1,
        [f"site.toml: error: There is no site in {content.path}, the content folder, and none is kept from before. Set"
         " SIDEDOOR_CONTENT to the folder that holds site.toml."],
    )  # fmt: skip
