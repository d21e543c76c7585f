"""deploy/compose.yaml and the Containerfile without an engine: what they promise, and each service's command, run as its
user on a read-only file system, in a separate network."""

import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chat.readers import CHAT
from tests.content import SITE, ContentFolder
from tests.deploy.contained import Network, Room, wait_until
from tests.server import PROJECT

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]
DEPLOY = PROJECT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")
CHOSEN = {"VALKEY_PASSWORD": "zqsecret", "SIDEDOOR_DESK_URL": "https://desk.example.org"}
HOSTS = "127.0.0.1 localhost valkey\n"
"""Here all services have the same address; in containers each name has its own."""
_VARIABLE = re.compile(r"\$\{(\w+)(?::\?[^}]*)?\}")
_FOLDER = re.compile(r"install -d -m (\d+) -o (\d+) -g (\d+) (/\S+)")


def services(chosen: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The services in the file, with `chosen` in place of its variables."""
    text = _VARIABLE.sub(lambda match: chosen.get(match[1], ""), (DEPLOY / "compose.yaml").read_text("utf-8"))
    by_name: dict[str, dict[str, Any]] = yaml.safe_load(text)["services"]
    return by_name


def test_the_file_names_the_site_the_desk_and_valkey_and_what_has_to_be_chosen() -> None:
    assert set(services({})) == {"site", "desk", "valkey"}
    required = re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.yaml").read_text("utf-8"))
    used = _VARIABLE.findall((DEPLOY / "compose.yaml").read_text("utf-8"))
    assert set(required) == set(used) == set(CHOSEN), "every variable has to be chosen"


@pytest.mark.parametrize("name", ["site", "desk", "valkey"])
def test_no_service_is_root_or_writes_outside_of_its_volumes(name: str) -> None:
    service = services(CHOSEN)[name]
    user, _, group = service["user"].partition(":")
    assert min(int(user), int(group)) >= 10000
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["healthcheck"]["test"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert ("ports" in service, service["networks"] == ["inside"]) == (name != "valkey", name == "valkey")


def test_the_site_reads_the_content_and_only_the_desk_writes_it() -> None:
    by_name = services(CHOSEN)
    assert by_name["site"]["volumes"][0] == "content:/content:ro"
    assert by_name["desk"]["volumes"][0] == "content:/content"
    assert by_name["site"]["user"] != by_name["desk"]["user"]


def test_the_image_has_what_the_compose_file_needs() -> None:
    copied = [name for line in re.findall(r"(?m)^COPY (.+)$", CONTAINERFILE) for name in line.split()[:-1]]
    sent = re.findall(r"(?m)^!(\S+)$", (PROJECT / ".dockerignore").read_text("utf-8"))
    assert set(copied) <= set(sent)
    assert all((PROJECT / name).exists() for name in sent)
    for name in ("site", "desk"):
        service = services(CHOSEN)[name]
        for volume in service["volumes"]:
            path = volume.split(":")[1]
            (owner,) = [folder[1:3] for folder in folders() if folder[3] == path]
            assert owner == ("10001" if path == "/site" else "10002", "10000")
    assert re.findall(r"(?m)^USER (\S+)$", CONTAINERFILE) == [services(CHOSEN)["site"]["user"]]


def folders() -> list[tuple[str, str, str, str]]:
    """Mode, user, group and path of the folders that the image makes for its volumes."""
    return _FOLDER.findall(CONTAINERFILE)


class Composed:
    """The services, each in its room, in a separate network."""

    def __init__(self, folder: Path) -> None:
        self.services, self.network = services(CHOSEN), Network()
        self._folder = folder
        for mode, user, group, path in folders():
            place = self.place(path)
            if path == "/content":
                content = ContentFolder(place)
                content.write_basics()
                content.write("site.toml", SITE + CHAT)
                for entry in (place, *place.rglob("*")):
                    entry.chmod(int(mode, 8) if entry.is_dir() else 0o640)
                    os.chown(entry, int(user), int(group))
                    if entry.is_dir():
                        entry.chmod(int(mode, 8))  # chown takes the set-group-ID bit away
            else:
                place.mkdir()
                os.chown(place, int(user), int(group))
                place.chmod(int(mode, 8))
        (folder / "hosts").write_text(HOSTS)
        programs = folder / "programs"
        programs.mkdir()
        for name in ("server", "cli"):
            program = shutil.which(f"valkey-{name}") or shutil.which(f"redis-{name}")
            assert program
            (programs / f"valkey-{name}").symlink_to(program)
        os.symlink(PROJECT / ".venv", folder / "venv")

    def place(self, path: str) -> Path:
        """The folder that stands for a volume."""
        return self._folder / f"volume{path.replace('/', '-')}"

    def room(self, name: str) -> Room:
        """The room of a service."""
        service = self.services[name]
        user, _, group = service["user"].partition(":")
        files, mounted, writable = {"/etc/hosts": self._folder / "hosts"}, {}, set()
        for volume in service["volumes"]:
            source, path, *read_only = volume.split(":")
            if source.startswith("./"):
                files[path] = DEPLOY / source
                continue
            mounted[path] = self.place(path)
            if not read_only:
                writable.add(path)
        if name == "valkey":
            mounted["/programs"] = self._folder / "programs"
        else:
            mounted["/opt/sidedoor/.venv"] = PROJECT / ".venv"
        return Room(int(user), int(group), (), mounted, frozenset(writable), files, service.get("working_dir", "/"))

    def environment(self, name: str) -> dict[str, str]:
        """The image's settings and the service's own."""
        if name == "valkey":
            return {"PATH": "/programs:/usr/bin:/bin", **self.services[name]["environment"]}
        (line,) = re.findall(r"(?m)^ENV (.+)$", CONTAINERFILE)
        image_settings = dict(setting.split("=", 1) for setting in shlex.split(line))
        return {**image_settings, **self.services[name]["environment"]}

    def start(self, name: str) -> Any:
        """Start a service by its own command."""
        return self.network.start(self.room(name), self.services[name]["command"], self.environment(name))

    def run(self, name: str, *command: str) -> str:
        """Run a command beside a service, as `docker compose run` would; returns what it wrote. Fails if it fails."""
        ran = self.network.run(self.room(name), command, self.environment(name))
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def healthy(self, name: str) -> bool:
        """Whether a service's own check says that it is well."""
        kind, *command = self.services[name]["healthcheck"]["test"]
        command = ["sh", "-c", *command] if kind == "CMD-SHELL" else command
        return self.network.run(self.room(name), command, self.environment(name)).returncode == 0


@pytest.fixture
def composed(tmp_path: Path) -> Iterator[Composed]:
    composed = Composed(tmp_path)
    yield composed
    composed.network.close()


SHOWN = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:5000{}').read().decode())"
PRESENT = """
import os
from datetime import UTC, datetime
from pathlib import Path
from sidedoor.chat.store import open_store
open_store(os.environ["SIDEDOOR_CHAT_STORE"], Path("/tmp")).set_presence(1, "Kit", True, datetime.now(UTC))
"""
TRIED = "import pathlib\ntry:\n pathlib.Path('{}').write_text('x'); print('wrote')\nexcept OSError as e: print(type(e).__name__)"


def test_each_service_runs_by_its_command_and_its_check_knows_whether_it_is_well(composed: Composed) -> None:
    assert not composed.healthy("valkey")
    valkey = composed.start("valkey")
    wait_until(lambda: composed.healthy("valkey"))
    assert not composed.healthy("site")
    site, _ = composed.start("site"), composed.start("desk")
    try:
        wait_until(lambda: composed.healthy("site") and composed.healthy("desk"))
    except AssertionError:
        pytest.fail(composed.network.output())
    assert 'id="hide-this-page"' in composed.run("site", "python3", "-c", SHOWN.format("/help/get-help-now"))
    added = composed.run("desk", "sidedoor", "staff", "add", "Kit Adviser", "--role", "adviser")
    assert "https://desk.example.org/" in added
    nobody = "Nobody can answer here just now"
    assert nobody in composed.run("site", "python3", "-c", SHOWN.format("/chat"))
    composed.run("desk", "python3", "-c", PRESENT)
    assert nobody not in composed.run("site", "python3", "-c", SHOWN.format("/chat")), "they share the chat"
    outcomes = {
        (name, path): composed.run(name, "python3", "-c", TRIED.format(path)).strip()
        for name, path in (
            ("site", "/content/x"), ("site", "/site/x"), ("site", "/opt/x"), ("desk", "/content/x"), ("desk", "/etc/x"),
        )
    }  # fmt: skip
    assert outcomes == {
        ("site", "/content/x"): "OSError", ("site", "/site/x"): "wrote", ("site", "/opt/x"): "OSError",
        ("desk", "/content/x"): "wrote", ("desk", "/etc/x"): "OSError",
    }  # fmt: skip
    leaking = [
        path
        for path in composed.place("/site").rglob("*")
        if b"zqsecret" in (path.read_bytes() if path.is_file() else b"")
    ]
    assert leaking == []
    for program, name in ((site, "site"), (valkey, "valkey")):
        program.terminate()
        program.wait(timeout=30)
        assert not composed.healthy(name)
    assert "Traceback" not in composed.network.output()
