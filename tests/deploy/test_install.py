"""deploy/install: users, folders and their rights by one command; and the units' own commands, run as their users with no
other place to write to than the units name, on what it made."""

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.content import ContentFolder
from tests.deploy.contained import Network, Room, wait_until
from tests.server import PROJECT
from tests.test_package import locked

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]
DEPLOY = PROJECT / "deploy"
OF_NOBODY = 61_999
"""What systemd gives to a unit with DynamicUser, and a stranger here."""


class Unit:
    """A unit as systemd reads it, as far as it says who runs what, with which settings, and where it may write."""

    def __init__(self, path: Path, root: Path) -> None:
        read = ConfigParser(strict=False, interpolation=None)
        read.optionxform = str  # type: ignore[assignment, method-assign]
        read.read_string(re.sub(r"(?m)^(SystemCallFilter)=", r"; \1=", path.read_text("utf-8")))
        self.service, self.root = read["Service"], root
        self.command = self.service["ExecStart"].split()
        self.environment = dict(one.split("=", 1) for one in self.service["Environment"].split())
        for chosen in re.findall(r"(?m)^EnvironmentFile=-?/(.+)$", path.read_text("utf-8")):  # in this order
            self.environment |= dict(re.findall(r"(?m)^(\w+)=(.*)$", (root / chosen).read_text("utf-8")))
        self.user = number(root, "passwd", self.service["User"]) if "User" in self.service else OF_NOBODY
        self.group = number(root, "group", self.service["User"]) if "User" in self.service else OF_NOBODY

    @property
    def room(self) -> Room:
        """Its room: what it keeps is made for it, as systemd does."""
        groups = [number(self.root, "group", name) for name in self.service.get("SupplementaryGroups", "").split()]
        own = []
        for kind, place in (("StateDirectory", "/var/lib"), ("CacheDirectory", "/var/cache")):
            for name in self.service.get(kind, "").split():
                folder = self.root / place[1:] / name
                folder.mkdir(parents=True, exist_ok=True)
                os.chown(folder, self.user, self.group)
                folder.chmod(int(self.service.get(f"{kind}Mode", "0755"), 8))
                own.append(f"{place}/{name}")
        writable = frozenset([*own, *self.service.get("ReadWritePaths", "").split()])
        places = {"/srv/sidedoor": self.root / "srv/sidedoor", "/opt/sidedoor/.venv": PROJECT / ".venv"}
        places |= {path: self.root / path[1:] for path in sorted(writable)}
        assert self.service["ProtectSystem"] == "strict", "else it may write elsewhere, too"
        return Room(self.user, self.group, groups, places, writable, directory=self.service["WorkingDirectory"])

    def settings(self) -> dict[str, str]:
        """Its environment."""
        return {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **self.environment}


def number(root: Path, file: str, name: str) -> int:
    """The number of a user or group that was made below `root`."""
    (found,) = re.findall(rf"(?m)^{name}:[^:]*:(\d+):", (root / "etc" / file).read_text("utf-8"))
    return int(found)


def install(root: Path) -> str:
    """Run it for a machine that is a folder; what it said."""
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
    found = {}
    for path in sorted(root.rglob("*")):
        known = path.lstat()
        who = (names["passwd"].get(known.st_uid, "root"), names["group"].get(known.st_gid, "root"))
        found[str(path.relative_to(root))] = (f"{stat.S_IMODE(known.st_mode):o}", *who)
    return found


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine on which it ran, and then somebody put the content there and ran it again."""
    root = tmp_path / "machine"
    told = install(root)
    assert "No site yet" in told
    assert "Write where staff reach the desk" in told
    (root / "srv/sidedoor/content").rmdir()
    ContentFolder(root / "srv/sidedoor/content").write_basics()
    settings = root / "etc/sidedoor/settings"
    settings.write_text(settings.read_text("utf-8") + "SIDEDOOR_DESK_URL=https://desk.example.org\n", "utf-8")
    told = install(root)
    assert "No site yet" not in told
    assert "Write where staff" not in told
    return root


def test_users_folders_and_rights_are_as_the_units_need_them_however_often_it_runs(machine: Path) -> None:
    found = rights(machine)
    content = {path: kept for path, kept in found.items() if path.startswith("srv/sidedoor/content")}
    assert {kept[1:] for kept in content.values()} == {("sidedoor-desk", "sidedoor-content")}
    assert {kept[0] for path, kept in content.items() if (machine / path).is_dir()} == {"2750"}
    assert {kept[0] for path, kept in content.items() if (machine / path).is_file()} <= {"640", "750"}
    assert found["var/lib/sidedoor-chat"] == ("2770", "root", "sidedoor-chat")
    assert found["srv/sidedoor/mirror"] == ("755", "sidedoor-mirror", "sidedoor-mirror")
    assert found["var/backups/sidedoor"] == found["etc/sidedoor"] == ("700", "root", "root")
    assert found["etc/sidedoor/settings"] == ("600", "root", "root")
    units = [path.name for path in DEPLOY.glob("*.service")] + [path.name for path in DEPLOY.glob("*.timer")]
    assert {found[f"etc/systemd/system/{name}"] for name in units} == {("644", "root", "root")}
    assert "SIDEDOOR_DESK_URL=https://desk.example.org" in (machine / "etc/sidedoor/settings").read_text("utf-8")
    before = {name: (machine / "etc" / name).read_text("utf-8") for name in ("passwd", "group")}
    install(machine)
    assert rights(machine) == found
    assert {name: (machine / "etc" / name).read_text("utf-8") for name in before} == before
    assert all("/usr/sbin/nologin" in line for line in before["passwd"].splitlines())


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network()
    yield network
    network.close()


ASKED = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=60).read().decode())"


def test_the_units_commands_run_as_their_users_on_what_it_made(machine: Path, network: Network) -> None:
    site, desk, mirror = (
        Unit(DEPLOY / f"{name}.service", machine) for name in ("sidedoor", "sidedoor-desk", "sidedoor-mirror")
    )
    assert len({site.user, desk.user, mirror.user}) == 3
    for unit in (site, desk):
        network.start(unit.room, unit.command, unit.settings())

    def page(unit: Unit, path: str) -> str:
        url = f"http://127.0.0.1:{unit.environment['PORT']}{path}"
        return network.run(unit.room, ["/usr/bin/python3", "-c", ASKED, url], unit.settings()).stdout

    try:
        wait_until(lambda: page(site, "/healthz") and page(desk, "/healthz"))
    except AssertionError:
        pytest.fail(network.said())
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
        return network.run(unit.room, command, unit.settings()).returncode == 0

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
    assert may(stranger, "cat", "/srv/sidedoor/mirror/now/index.html"), "which is public"
    assert "Traceback" not in network.said()


@pytest.mark.skipif("SIDEDOOR_TEST_LONG" not in os.environ, reason="make test-long: it asks the package index")
def test_the_program_is_installed_with_what_the_lock_names_and_nothing_else(tmp_path: Path) -> None:
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
    found = dict(line.split("==") for line in listed.stdout.split())
    assert found.pop("sidedoor")
    assert {
        name for name, version in found.items() if version not in pinned.get(re.sub(r"[-_.]+", "-", name).lower(), [])
    } == set()
    assert "setuptools" not in listed.stdout
    assert "redis" in found
    told = subprocess.run([program / "sidedoor", "--help"], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert "backup" in told.stdout
