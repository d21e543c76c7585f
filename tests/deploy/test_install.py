"""deploy/install: one command makes the users, the folders and their rights; on these the units' own commands are run as
their users, who can write only where the units say."""

import os
import re
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.content import ContentFolder
from tests.deploy import forbidden
from tests.deploy.contained import Network, Room, wait_until
from tests.processes import SIDEDOOR, run
from tests.server import PROJECT
from tests.test_package import locked

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]
DEPLOY = PROJECT / "deploy"
DYNAMIC_USER = 61_999
"""A number as systemd gives it to a unit with DynamicUser; here also a stranger's."""


_CALLS = {"@resources": forbidden.NUMBERS.keys()}
"""The groups of system calls whose members matter here."""


class Unit:
    """What a systemd unit says about its user, its command, its settings and where it may write."""

    def __init__(self, path: Path, root: Path) -> None:
        parser = ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        parser.read_string(re.sub(r"(?m)^(SystemCallFilter)=", r"; \1=", path.read_text("utf-8")))
        self.service, self.root = parser["Service"], root
        self._filters = re.findall(r"(?m)^SystemCallFilter=(.+)$", path.read_text("utf-8"))
        self.command = self.without_what_is_forbidden(*self.service["ExecStart"].split())
        self.environment = dict(setting.split("=", 1) for setting in self.service["Environment"].split())
        for file in re.findall(r"(?m)^EnvironmentFile=-?/(.+)$", path.read_text("utf-8")):  # in this order
            self.environment |= dict(re.findall(r"(?m)^(\w+)=(.*)$", (root / file).read_text("utf-8")))
        user = self.service.get("User", "")
        ids = {"": (DYNAMIC_USER, DYNAMIC_USER), "root": (0, 0)}.get(user)
        self.user, self.group = ids or (number(root, "passwd", user), number(root, "group", user))

    @property
    def room(self) -> Room:
        """The unit's room. Its state and cache folders are made for it, as systemd does."""
        groups = [number(self.root, "group", name) for name in self.service.get("SupplementaryGroups", "").split()]
        made = []
        for kind, place in (("StateDirectory", "/var/lib"), ("CacheDirectory", "/var/cache")):
            for name in self.service.get(kind, "").split():
                folder = self.root / place[1:] / name
                folder.mkdir(parents=True, exist_ok=True)
                os.chown(folder, self.user, self.group)
                folder.chmod(int(self.service.get(f"{kind}Mode", "0755"), 8))
                made.append(f"{place}/{name}")
        named = self.service.get("ReadWritePaths", "").split()
        there = [path for path in named if not path.startswith("-") or (self.root / path[2:]).is_dir()]
        writable = frozenset([*made, *(path.removeprefix("-") for path in there)])
        places = {"/srv/sidedoor": self.root / "srv/sidedoor", "/opt/sidedoor/.venv": PROJECT / ".venv"}
        places |= {path: self.root / path[1:] for path in sorted(writable)}
        assert self.service["ProtectSystem"] == "strict", "otherwise it could write elsewhere, too"
        return Room(
            self.user, self.group, groups, places, writable, directory=self.service["WorkingDirectory"],
            of_processes_alone=self.service.get("ProcSubset") == "pid",
        )  # fmt: skip

    def without_what_is_forbidden(self, *command: str) -> list[str]:
        """`command`, held to the system calls that the unit leaves it."""
        calls: set[str] = set()
        for line in self._filters:
            named = {name for word in line.lstrip("~").split() for name in _CALLS.get(word, {word})}
            calls = calls | named if line.startswith("~") else calls - named
        calls &= forbidden.NUMBERS.keys()
        if "yes" in (self.service.get("RestrictSUIDSGID"), self.service.get("DynamicUser")):
            calls.add(forbidden.SET_GROUP_ID)
        return ["/usr/bin/python3", forbidden.__file__, ",".join(sorted(calls)), *command]

    def settings(self) -> dict[str, str]:
        """The unit's environment."""
        return {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **self.environment}


def number(root: Path, file: str, name: str) -> int:
    """The number of a user or group that was made below `root`."""
    (digits,) = re.findall(rf"(?m)^{name}:[^:]*:(\d+):", (root / "etc" / file).read_text("utf-8"))
    return int(digits)


def install(root: Path) -> str:
    """Run deploy/install for a machine that is a folder; returns what it wrote."""
    if os.getuid():
        pytest.skip("takes root: it makes users and gives folders away")
    ran = subprocess.run(
        ["sh", str(DEPLOY / "install"), "folders"],
        env={**os.environ, "ROOT": str(root)}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def rights(root: Path) -> dict[str, tuple[str, str, str]]:
    """Mode, user and group of everything, by its path."""
    names = {
        kind: {int(number): name for name, number in re.findall(r"(?m)^([^:]+):[^:]*:(\d+):", (root / "etc" / kind).read_text("utf-8"))}
        for kind in ("passwd", "group")
    }  # fmt: skip
    by_path = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        owners = (names["passwd"].get(status.st_uid, "root"), names["group"].get(status.st_gid, "root"))
        by_path[str(path.relative_to(root))] = (f"{stat.S_IMODE(status.st_mode):o}", *owners)
    return by_path


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine on which somebody ran deploy/install, put the content there and ran it again."""
    root = tmp_path / "machine"
    output = install(root)
    assert "No site yet" in output
    assert "Write where staff reach the desk" in output
    (root / "srv/sidedoor/content").rmdir()
    ContentFolder(root / "srv/sidedoor/content").write_basics()
    settings = root / "etc/sidedoor/settings"
    settings.write_text(settings.read_text("utf-8") + "SIDEDOOR_DESK_URL=https://desk.example.org\n", "utf-8")
    output = install(root)
    assert "No site yet" not in output
    assert "Write where staff" not in output
    return root


def test_users_folders_and_rights_are_as_the_units_need_them_however_often_it_runs(machine: Path) -> None:
    installed = rights(machine)
    content = {path: right for path, right in installed.items() if path.startswith("srv/sidedoor/content")}
    assert {right[1:] for right in content.values()} == {("sidedoor-desk", "sidedoor-content")}
    assert {right[0] for path, right in content.items() if (machine / path).is_dir()} == {"2750"}
    assert {right[0] for path, right in content.items() if (machine / path).is_file()} <= {"640", "750"}
    assert installed["var/lib/sidedoor-chat"] == ("2770", "root", "sidedoor-chat")
    assert installed["srv/sidedoor/mirror"] == ("755", "sidedoor-mirror", "sidedoor-mirror")
    assert installed["var/backups/sidedoor"] == ("700", "root", "root")
    assert installed["etc/sidedoor"] == ("711", "root", "root"), "services read a certificate or a password there"
    assert installed["etc/sidedoor/settings"] == installed["etc/sidedoor/desk"] == ("600", "root", "root")
    units = [path.name for path in DEPLOY.glob("*.service")] + [path.name for path in DEPLOY.glob("*.timer")]
    assert {installed[f"etc/systemd/system/{name}"] for name in units} == {("644", "root", "root")}
    assert "SIDEDOOR_DESK_URL=https://desk.example.org" in (machine / "etc/sidedoor/settings").read_text("utf-8")
    before = {name: (machine / "etc" / name).read_text("utf-8") for name in ("passwd", "group")}
    install(machine)
    assert rights(machine) == installed
    assert {name: (machine / "etc" / name).read_text("utf-8") for name in before} == before
    assert all("/usr/sbin/nologin" in line for line in before["passwd"].splitlines())


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network()
    yield network
    network.close()


FETCH = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=60).read().decode())"


PYTHON = ("/opt/sidedoor/.venv/bin/python", "-c")
SAVE = """
import os, sys; from pathlib import Path; from sidedoor.desk.items.files import Shelf; from sidedoor.desk.items.history import Author
from sidedoor.private import keep_to_the_owner
keep_to_the_owner()
shelf = Shelf(Path(os.environ["SIDEDOOR_CONTENT"]), Path(os.environ["SIDEDOOR_DATA"]))
for file in sys.argv[1:]:
    shelf.write(file, "---\\ntitle: Rooms\\n---\\nWords.\\n", None, Author("Ann"), "Save")
"""
READ_MANY = """
import os, sys; from pathlib import Path; from sidedoor.documents.reading_pool import ReadingPool
from sidedoor.documents.loader import usable_site
content = Path(os.environ["SIDEDOOR_CONTENT"])
pool = ReadingPool(content, usable_site(content, Path("/tmp")))
sys.exit(not all(answer for _, answer in pool.read([(file, "") for file in sys.argv[1:]])))
"""


def workers_of(server: int) -> set[int]:
    """The children of a process, except what Python's multiprocessing starts for itself."""
    children = map(int, Path(f"/proc/{server}/task/{server}/children").read_text("ascii").split())
    return {child for child in children if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()}


def test_the_units_commands_run_as_their_users_on_the_folders_that_were_made(machine: Path, network: Network) -> None:
    site, desk, mirror = (
        Unit(DEPLOY / f"{name}.service", machine) for name in ("sidedoor", "sidedoor-desk", "sidedoor-mirror")
    )
    assert len({site.user, desk.user, mirror.user}) == 3
    programs = {unit: network.start(unit.room, unit.command, unit.settings()) for unit in (site, desk)}

    def page(unit: Unit, path: str) -> str:
        url = f"http://127.0.0.1:{unit.environment['PORT']}{path}"
        return network.run(unit.room, ["/usr/bin/python3", "-c", FETCH, url], unit.settings()).stdout

    try:
        wait_until(lambda: page(site, "/healthz") and page(desk, "/healthz"))
    except AssertionError:
        pytest.fail(network.output())
    assert 'id="hide-this-page"' in page(site, "/help/money")
    assert 'name="password"' in page(desk, "/sign-in")

    written = network.run(mirror.room, mirror.command, mirror.settings())
    assert written.returncode == 0, written.stderr
    assert b'id="hide-this-page"' in (machine / "srv/sidedoor/mirror/now/help/money.html").read_bytes()

    present = (
        "import os, datetime as d; from pathlib import Path; from sidedoor.chat.store import open_store;"
        "open_store(os.environ['SIDEDOOR_CHAT_STORE'], Path('/tmp')).set_presence(1, 'Kit', True, d.datetime.now(d.UTC))"
    )
    ran = network.run(desk.room, ["/opt/sidedoor/.venv/bin/python", "-c", present], desk.settings())
    assert ran.returncode == 0, ran.stderr
    assert {str(path.stat().st_mode & 0o777) for path in (machine / "var/lib/sidedoor-chat").iterdir()} == {str(0o660)}

    def may(unit: Unit, *command: str) -> bool:
        return network.run(unit.room, unit.without_what_is_forbidden(*command), unit.settings()).returncode == 0

    assert may(desk, *PYTHON, SAVE, "news/rooms.md", "cy/help/money.md"), "the first item, and the first in a language"
    for file in ("news/rooms.md", "cy/help/money.md"):
        assert may(site, "cat", f"/srv/sidedoor/content/{file}")
        assert may(mirror, "cat", f"/srv/sidedoor/content/{file}")
    assert may(site, *PYTHON, READ_MANY, "help/money.md"), "very many documents are read by children"

    for unit, program in programs.items():
        before = workers_of(program.pid)
        program.send_signal(signal.SIGHUP)
        wait_until(lambda earlier=before, parent=program.pid: earlier.isdisjoint(workers_of(parent)))  # type: ignore[misc]
        assert page(unit, "/healthz")

    page_of_content = "/srv/sidedoor/content/site.toml"
    assert may(desk, "sh", "-c", f"cat {page_of_content} && touch {page_of_content}")
    assert may(site, "cat", page_of_content)
    assert not may(site, "touch", page_of_content)
    assert may(mirror, "cat", page_of_content)
    assert not may(mirror, "touch", page_of_content)
    assert not may(mirror, "cat", "/var/lib/sidedoor-desk/desk.secret")
    assert not may(site, "cat", "/var/lib/sidedoor-desk/desk.secret")
    stranger = Unit(DEPLOY / "sidedoor.service", machine)
    stranger.service["SupplementaryGroups"] = ""
    assert not may(stranger, "cat", page_of_content)
    assert not may(stranger, "ls", "/var/lib/sidedoor-chat")
    assert may(stranger, "cat", "/srv/sidedoor/mirror/now/index.html"), "the mirror is public"
    assert "Traceback" not in network.output()


@pytest.mark.skipif("SIDEDOOR_TEST_LONG" not in os.environ, reason="make test-long: it asks the package index")
def test_the_program_is_installed_with_what_the_lock_file_names_and_nothing_else(tmp_path: Path) -> None:
    if os.getuid():
        pytest.skip("takes root")
    root = tmp_path / "machine"
    checkout = tmp_path / "checkout"
    shutil.copytree(PROJECT, checkout, ignore=shutil.ignore_patterns(".venv", "node_modules", ".git", "data"))
    for _ in range(2):
        subprocess.run(["sh", str(checkout / "deploy/install")], env={**os.environ, "ROOT": str(root)}, check=True)
    program = root / "opt/sidedoor/.venv/bin"
    listed = subprocess.run([program / "python", "-m", "pip", "list", "--format", "freeze"], check=True, capture_output=True, text=True)  # fmt: skip
    pinned = locked("requirements-deploy.txt")
    versions = dict(line.split("==") for line in listed.stdout.split())
    assert versions.pop("sidedoor")
    assert {
        name
        for name, version in versions.items()
        if version not in pinned.get(re.sub(r"[-_.]+", "-", name).lower(), [])
    } == set()
    assert "setuptools" not in listed.stdout
    assert "redis" in versions
    helped = subprocess.run([program / "sidedoor", "--help"], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert "backup" in helped.stdout


def test_every_service_has_the_settings_that_are_for_all_of_them(machine: Path) -> None:
    (machine / "etc/sidedoor/backup").write_text("SIDEDOOR_BACKUP_TO=age1\n", "utf-8")
    with (machine / "etc/sidedoor/settings").open("a", encoding="utf-8") as settings:
        settings.write("SIDEDOOR_MESSAGES=/srv/messages\n")
    for path in DEPLOY.glob("*.service"):
        unit = Unit(path, machine)
        assert unit.environment["SIDEDOOR_MESSAGES"] == "/srv/messages", path.name
        assert "/var/lib/sidedoor-chat" not in unit.command, path.name


def test_chats_alone_can_be_kept_in_memory(machine: Path, network: Network) -> None:
    memory = machine / "run/sidedoor-chat"
    memory.mkdir(parents=True)
    os.chown(memory, 0, number(machine, "group", "sidedoor-chat"))
    memory.chmod(0o2770)
    with (machine / "etc/sidedoor/settings").open("a", encoding="utf-8") as settings:
        settings.write("SIDEDOOR_CHAT_STORE=sqlite:/run/sidedoor-chat\n")
    count = (
        "import os, datetime as d; from pathlib import Path; from sidedoor.chat.store import open_store;"
        "store = open_store(os.environ['SIDEDOOR_CHAT_STORE'], Path('/tmp')); store.count('started', d.datetime.now(d.UTC));"
        "print(sum(number for _, _, number in store.counts()))"
    )
    for service, counted in (("sidedoor", "1"), ("sidedoor-desk", "2")):
        unit = Unit(DEPLOY / f"{service}.service", machine)
        command = unit.without_what_is_forbidden(*PYTHON, count)
        ran = network.run(unit.room, command, unit.settings())
        assert ran.stdout.strip() == counted, ran.stderr
    assert (memory / "chat.sqlite3").is_file()
    assert list((machine / "var/lib/sidedoor-chat").iterdir()) == []


def test_the_installed_command_has_the_settings_of_the_services(machine: Path, tmp_path: Path) -> None:
    (machine / "opt/sidedoor/.venv/bin").mkdir(parents=True)
    (machine / "opt/sidedoor/.venv/bin/sidedoor").symlink_to(SIDEDOOR)
    (machine / "etc/sidedoor/desk").write_text('#SIDEDOOR_DATABASE=no\nSIDEDOOR_MESSAGE_DAYS="30"\n', "utf-8")
    command, folders = machine / "usr/local/bin/sidedoor", {"SIDEDOOR_CONTENT": str(machine / "srv/sidedoor/content")}
    folders |= {
        "SIDEDOOR_DATA": str(tmp_path / "data"),
        "SIDEDOOR_CHAT_STORE": "sqlite:",
        "SIDEDOOR_MESSAGES": str(tmp_path),
    }
    invited = run([command, "staff", "add", "Ann Lee", "--role", "admin"], folders)
    assert invited.stdout.startswith("https://desk.example.org/invitation/"), invited.stderr
    (machine / "etc/sidedoor/desk").write_text("SIDEDOOR_MESSAGE_DAYS=0\n", "utf-8")
    refused = run([command, "doctor"], {"SIDEDOOR_PROXIES": "9"})
    assert "SIDEDOOR_MESSAGE_DAYS: error: “0”" in refused.stderr
    assert "SIDEDOOR_PROXIES: error: “9”" in refused.stderr, "what the environment names counts instead of the unit's 1"
