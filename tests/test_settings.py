"""Every setting with each kind of wrong value: the program reports it once, with its name and what to write instead."""

import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from sidedoor import settings
from sidedoor.chat.store import open_store
from sidedoor.documents.problems import Refused
from tests.chat.conftest import Valkey
from tests.conftest import PROJECT
from tests.content import ContentFolder
from tests.processes import SIDEDOOR, run
from tests.server import RunningSite, free_port

A_FOLDER = "Write the folder's path, like /srv/sidedoor/content."
AN_ADDRESS = "Write one like https://www.example.org."
HOSTS = "Write the names alone, with commas between: desk.example.org, desk.internal."
STORES = "This is no store that Sidedoor knows. Write sqlite:, sqlite:/folder or valkey://host:6379/0."
NO_DATABASE = (
    "This is no address of a PostgreSQL database. Write one like postgresql://user:password@host:5432/sidedoor, or nothing"
    " for files in SIDEDOOR_DATA."
)
TRUE_OR_FALSE = "Write true or false."
MAIL = (
    "Write smtps://USER@mail.example.org, smtp://USER@mail.example.org:587, or smtp+plain://localhost without a user; the"
    " password belongs in SIDEDOOR_MAIL_PASSWORD_FILE."
)
WRONG: list[tuple[str, str, str]] = [
    ("SIDEDOOR_CONTENT", "", f"“” is not a folder. {A_FOLDER}"),
    ("SIDEDOOR_CONTENT", "/etc/hostname", f"“/etc/hostname” is not a folder. {A_FOLDER}"),
    ("SIDEDOOR_DATA", "", f"“” is not a folder. {A_FOLDER}"),
    ("SIDEDOOR_DATA", "/etc/hostname", f"“/etc/hostname” is not a folder. {A_FOLDER}"),
    ("SIDEDOOR_EXIT_URL", "weather", f"“weather” is not a web address. {AN_ADDRESS}"),
    ("SIDEDOOR_EXIT_URL", "javascript:alert(1)", f"“javascript:alert(1)” is not a web address. {AN_ADDRESS}"),
    ("SIDEDOOR_HTTPS", "behind nginx", f"“behind nginx” is neither true nor false. {TRUE_OR_FALSE}"),
    ("SIDEDOOR_HTTPS", "", f"“” is neither true nor false. {TRUE_OR_FALSE}"),
    ("SIDEDOOR_CHAT_STORE", "", STORES),
    ("SIDEDOOR_CHAT_STORE", "redis://localhost", STORES),
    ("SIDEDOOR_CHAT_STORE", "sqlite://host/folder", STORES),
    ("SIDEDOOR_CHAT_STORE", "valkey://host:port/0", STORES),
    ("SIDEDOOR_CHAT_STORE", "valkey:///0", STORES),
    ("SIDEDOOR_CHAT_STORE", "valkey://host/first", STORES),
    ("SIDEDOOR_CHAT_STORE", "valkey://host:99999/0", STORES),
    ("SIDEDOOR_DATABASE", "sqlite:", NO_DATABASE),
    ("SIDEDOOR_DATABASE", "mysql://host/sidedoor", NO_DATABASE),
    ("SIDEDOOR_DATABASE", "postgresql://zq:secret@host", NO_DATABASE),
    ("SIDEDOOR_DATABASE", "postgresql://host/?sslmode=require", NO_DATABASE),
    ("SIDEDOOR_PROXIES", "one", "“one” is not a whole number from 0 to 5. Write one like 1."),
    ("SIDEDOOR_PROXIES", "9", "“9” is not a whole number from 0 to 5. Write one like 1."),
    ("SIDEDOOR_PROXIES", "", "“” is not a whole number from 0 to 5. Write one like 1."),
    ("SIDEDOOR_DESK_URL", "desk.example.org", f"“desk.example.org” is not a web address. {AN_ADDRESS}"),
    ("SIDEDOOR_DESK_HOSTS", "https://desk.example.org", f"“https://desk.example.org” is not a list of host names. {HOSTS}"),
    ("SIDEDOOR_DESK_HOSTS", '["desk.example.org"', f"“[\"desk.example.org\"” is not a list of host names. {HOSTS}"),
    ("SIDEDOOR_DESK_HOSTS", "[7]", f"“[7]” is not a list of host names. {HOSTS}"),
    ("SIDEDOOR_OIDC_ISSUER", "login", f"“login” is not a web address. {AN_ADDRESS}"),
    ("SIDEDOOR_OIDC_ISSUER", "https://login.example.org", "It works only together with SIDEDOOR_OIDC_CLIENT_ID and"
     " SIDEDOOR_OIDC_CLIENT_SECRET. Set those, too, or leave it out."),
    ("SIDEDOOR_MESSAGES", "/etc/hostname", f"“/etc/hostname” is not a folder. {A_FOLDER}"),
    ("SIDEDOOR_MESSAGE_DAYS", "0", "“0” is not a whole number from 1 to 3650. Write one like 90."),
    ("SIDEDOOR_BACKUP_HOURS", "two days", "“two days” is not a whole number from 0 to 9000. Write one like 48."),
    ("SIDEDOOR_MAIL_SERVER", "mail.example.org", f"“mail.example.org” is no mail server that can be used. {MAIL}"),
    ("SIDEDOOR_MAIL_SERVER", "smtps://desk:secret@mail", f"“mail” is no mail server that can be used. {MAIL}"),
    ("SIDEDOOR_MAIL_SERVER", "smtp+plain://desk@mail", f"“mail” is no mail server that can be used. {MAIL}"),
    ("SIDEDOOR_MAIL_SERVER", "smtps://mail.example.org", "It works only together with SIDEDOOR_MAIL_FROM. Set those, too,"
     " or leave it out."),
    ("SIDEDOOR_MAIL_FROM", "desk", "“desk” is not a mail address. Write one like desk@example.org."),
    ("SIDEDOOR_MAIL_PASSWORD_FILE", "/nowhere", "“/nowhere” is not a file that can be read. Write the path of one, like"
     " /etc/sidedoor/mail-password."),
    ("SIDEDOOR_MONITOR", "5002", "“5002” is not an address and a port. Write both, with a colon between: 127.0.0.1:5002."),
    ("SIDEDOOR_MONITOR", "127.0.0.1:0", "“127.0.0.1:0” is not an address and a port. Write both, with a colon between:"
     " 127.0.0.1:5002."),
    ("SIDEDOOR_MONITOR", "a b:5002", "“a b” is not an address of a machine. Write one like 127.0.0.1, or 0.0.0.0 for all"
     " of this machine's."),
    ("HOST", "http://127.0.0.1", "“http://127.0.0.1” is not an address of a machine. Write one like 127.0.0.1, or 0.0.0.0"
     " for all of this machine's."),
    ("HOST", "www.example.org", "“www.example.org” is not an address of a machine. Write one like 127.0.0.1, or 0.0.0.0"
     " for all of this machine's."),
    ("PORT", "http", "“http” is not a whole number from 1 to 65535. Write one like 5000."),
    ("PORT", "0", "“0” is not a whole number from 1 to 65535. Write one like 5000."),
]  # fmt: skip
ANYTHING_GOES = {"SIDEDOOR_OIDC_CLIENT_ID", "SIDEDOOR_OIDC_CLIENT_SECRET"}


def start(program: str, content: Path, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `sidedoor run` or `sidedoor desk`, which ends by itself because it cannot start."""
    defaults = {"SIDEDOOR_CONTENT": str(content), "SIDEDOOR_DATA": str(data), "PORT": "1"}
    return run([SIDEDOOR, program], defaults | environment)


def test_the_table_of_wrong_values_has_every_setting() -> None:
    assert {name for name, _, _ in WRONG} | ANYTHING_GOES == set(settings.NAMES)


@pytest.mark.parametrize(("name", "value", "message"), WRONG, ids=lambda part: str(part)[:30])
def test_a_wrong_value_is_reported_with_what_to_write_instead(
    name: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Refused) as refused:
        open_store(settings.of_environment().chat_store, tmp_path)
    assert [str(problem) for problem in refused.value.problems] == [f"{name}: error: {message}"]


def test_all_wrong_values_are_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDEDOOR_HTTPS", "perhaps")
    monkeypatch.setenv("SIDEDOOR_PROXIES", "two")
    with pytest.raises(Refused) as refused:
        settings.of_environment()
    assert {problem.file for problem in refused.value.problems} == {"SIDEDOOR_HTTPS", "SIDEDOOR_PROXIES"}


@pytest.mark.parametrize("hosts", ["desk.internal, desk.example.org", '["desk.internal", "desk.example.org"]'])
def test_host_names_are_separated_by_commas_or_written_as_json(hosts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDEDOOR_DESK_HOSTS", hosts)
    assert settings.of_environment().desk_hosts == ("desk.internal", "desk.example.org")


@pytest.mark.parametrize(("written", "listens"), [("localhost", "127.0.0.1"), ("[::1]", "::1"), ("0.0.0.0", "0.0.0.0")])
def test_a_server_gets_an_address_to_listen_on(written: str, listens: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", written)
    assert settings.of_environment().host == listens


def test_spaces_and_ends_of_lines_around_a_value_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SIDEDOOR_HTTPS": "true ",
        "SIDEDOOR_DESK_URL": " https://desk.example.org\r",
        "PORT": "80\r",
    }.items():
        monkeypatch.setenv(name, value)
    read = settings.of_environment()
    assert (read.https, read.desk_url, read.port) == (True, "https://desk.example.org", 80)


@pytest.mark.parametrize("written", ["https://desk.example.org", "https://desk.example.org/"])
def test_an_address_of_the_desk_has_one_slash_before_its_page(written: str) -> None:
    assert settings.Settings(desk_url=written).desk_address + "/sign-in" == "https://desk.example.org/sign-in"


@pytest.mark.parametrize("program", ["run", "desk"])
@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"SIDEDOOR_PROXIES": "two", "WORKERS": "2"}, "SIDEDOOR_PROXIES: error: “two” is not a whole number from 0 to 5."),
        ({"SIDEDOOR_CHAT_STORE": "redis://localhost"}, "SIDEDOOR_CHAT_STORE: error: This is no store that Sidedoor knows."),
        ({"PORT": "many"}, "PORT: error: “many” is not a whole number from 1 to 65535."),
        ({"HOST": "192.0.2.1"}, "HOST and PORT: error: Nothing can listen at 192.0.2.1:1 (Cannot assign"),
        ({"SIDEDOOR_CONTENT": "/srv/contnet"}, "site.toml: error: There is no site in /srv/contnet, the content folder,"),
    ],
    ids=["settings", "store", "port", "host", "content"],
)  # fmt: skip
def test_a_failing_start_prints_one_line_and_nothing_else(
    program: str, environment: dict[str, str], message: str, content: ContentFolder, tmp_path: Path
) -> None:
    done = start(program, content.path, tmp_path / "data", **environment)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(message)


@pytest.mark.parametrize("program", ["run", "desk"])
@pytest.mark.parametrize("shares", [True, False], ids=["shares its port", "does not"])
def test_a_start_on_a_port_in_use_prints_one_line_and_nothing_else(
    program: str, shares: bool, content: ContentFolder, tmp_path: Path
) -> None:
    """Sidedoor's workers share their port, so a second start would silently get half of the readers."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=shares) as other:
        port = other.getsockname()[1]
        done = start(program, content.path, tmp_path / "data", PORT=str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"HOST and PORT: error: Another program listens at 127.0.0.1:{port}."
        " End it, or set PORT to another number, from 1024 on.\n"
    )


def test_a_secret_is_never_printed(content: ContentFolder, tmp_path: Path) -> None:
    done = start(
        "desk", content.path, tmp_path / "data", SIDEDOOR_OIDC_CLIENT_SECRET="zqsecret", SIDEDOOR_OIDC_ISSUER="login",
        SIDEDOOR_CHAT_STORE="valkey://:zqpassword@127.0.0.1:1x/0",
    )  # fmt: skip
    assert done.returncode == 1
    assert "zq" not in done.stderr + done.stdout


def test_an_unknown_setting_is_logged_once_and_does_not_stop_a_start(content: ContentFolder, tmp_path: Path) -> None:
    site = RunningSite(content.path, tmp_path / "data", workers=2, SIDEDOOR_PROXYS="1", SIDEDOOR_COLOUR="blue")
    site.close()
    lines = [line for line in site.log.read_text().splitlines() if "no setting" in line]
    assert [re.sub(r"^\S+Z ", "", line) for line in lines] == [
        "WARNING SIDEDOOR_COLOUR: warning: There is no setting of this name, so it does nothing. Delete it, or look the"
        " name up in docs/settings.md.",
        "WARNING SIDEDOOR_PROXYS: warning: There is no setting of this name, so it does nothing. Did you mean"
        " SIDEDOOR_PROXIES?",
    ]


def test_a_wrong_password_and_an_unreachable_valkey_get_different_messages(
    content: ContentFolder, tmp_path: Path
) -> None:
    server = Valkey(tmp_path / "valkey")
    server.client.config_set("requirepass", "right")
    place = f"127.0.0.1:{server.port}"
    try:
        for url in (f"valkey://:wrong@{place}/0", f"valkey://{place}/0"):
            done = start("run", content.path, tmp_path / "data", SIDEDOOR_CHAT_STORE=url)
            assert done.returncode == 1
            assert done.stderr == (
                f"SIDEDOOR_CHAT_STORE: error: The Valkey at {place} does not accept the password. Write the right one:"
                " valkey://:PASSWORD@host:6379/0.\n"
            )
    finally:
        server.close()
    site = RunningSite(content.path, tmp_path / "data", SIDEDOOR_CHAT_STORE=f"valkey://:right@{place}/0")
    site.close()
    assert [line.partition(" ")[2] for line in site.log.read_text().splitlines() if "Valkey" in line] == [
        f"WARNING SIDEDOOR_CHAT_STORE: warning: No Valkey answers at {place} (Connection refused). The site runs, and its"
        " chat opens when it does. Start Valkey there, or correct the address."
    ]


def test_the_table_in_the_docs_lists_exactly_our_settings() -> None:
    text = (PROJECT / "docs/settings.md").read_text("utf-8")
    section = re.split(r"(?m)^## ", text.split("## Environment", 1)[1])[0]
    listed = re.findall(r"(?m)^\| `([A-Z_]+)`", section)
    assert sorted(listed) == sorted({*settings.NAMES, *settings.OF_COMMANDS, "WORKERS"})


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can give a folder away")
@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_folders_of_somebody_else_are_named_in_one_line(content: ContentFolder, tmp_path: Path, mode: int) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    theirs.chmod(mode)
    os.chown(theirs, 65534, 65534)
    without_rights = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", SIDEDOOR]  # a superuser like any other user
    settings = {"SIDEDOOR_CONTENT": str(content.path), "SIDEDOOR_DATA": str(theirs / "data"), "PORT": str(free_port())}
    cannot = f"SIDEDOOR_DATA: error: This user cannot read and write {theirs}/data (Permission denied). Run it as"
    for command in (["desk"], ["staff", "list"]):
        done = run([*without_rights, *command], settings)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert done.stderr.startswith(cannot)
    diagnosis = run([*without_rights, "doctor"], settings).stdout
    assert cannot in diagnosis
    assert diagnosis.count("SIDEDOOR_DATA: error:") == 1, diagnosis
    answers = ["--name", "A", "--organisation", "B", "--address", "", "--exit", "https://www.example.org"]
    done = run([*without_rights, "init", str(theirs / "site"), "--for", "uk", *answers], {})
    assert done.stderr == f"Error: It could not be done: {theirs}/site: Permission denied.\n"
    content.path.chmod(0o700)
    os.chown(content.path, 65534, 65534)
    done = run([*without_rights, "run"], settings | {"SIDEDOOR_DATA": str(tmp_path / "new")})
    assert done.stderr.startswith(
        f"SIDEDOOR_CONTENT: error: This user cannot look into {content.path}. Run it as the user"
    )
