"""docs/ as an operator follows it: every command in it is run, in order, on a machine of its own made of folders."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.content import ContentFolder
from tests.server import DESK, PUBLIC_SITE, RunningSite, free_port

PAGES = ("backup.md", "operate.md", "upgrade.md")
PLACES = ("/srv", "/var/lib", "/var/backups", "/etc/sidedoor", "/root")


def commands(page: str) -> list[str]:
    """The blocks of a page that are to be typed."""
    return re.findall(r"(?ms)^```sh\n(.*?)^```", (PROJECT / "docs" / page).read_text("utf-8"))


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A site and a desk that run, and the folders that the pages name; what each place of the pages is here."""
    folder = ContentFolder(tmp_path / "srv/sidedoor/content")
    folder.write_basics()
    for name in ("root", "var/backups"):
        (tmp_path / name).mkdir(parents=True)
    monitor, messages = free_port(), tmp_path / "var/lib/sidedoor-chat"
    messages.mkdir(parents=True)
    site = RunningSite(
        folder.path, tmp_path / "var/lib/sidedoor", application=PUBLIC_SITE, SIDEDOOR_MESSAGES=str(messages)
    )
    desk = RunningSite(
        folder.path,
        tmp_path / "var/lib/sidedoor-desk",
        application=DESK,
        SIDEDOOR_MONITOR=f"127.0.0.1:{monitor}",
        SIDEDOOR_MESSAGES=str(messages),
    )
    yield {"5000": str(site.port), "5002": str(monitor), **{place: str(tmp_path) + place for place in PLACES}}
    for server in (site, desk):
        server.close()


def run(block: str, here: dict[str, str], home: Path) -> str:
    """Run a block; what it says. What systemd does is looked up in deploy/: the machine of a test runs none."""
    lines = []
    for line in block.splitlines():
        if line.startswith("systemctl "):
            unit = PROJECT / "deploy" / line.split()[-1]
            assert unit.is_file(), line
            assert "reload" not in line or "ExecReload=" in unit.read_text("utf-8")
            continue
        for place in PLACES:
            line = re.sub(rf'(?<![\w/]){re.escape(place)}(?=[/ "]|$)', here[place], line)
        lines.append(re.sub(r"127\.0\.0\.1:(\d+)", lambda found: f"127.0.0.1:{here[found[1]]}", line))
    environment = {
        **os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PORT": here["5000"],
        "SIDEDOOR_CONTENT": f"{here['/srv']}/sidedoor/content", "SIDEDOOR_DATA": f"{here['/var/lib']}/sidedoor-desk",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-e", "-u", "-o", "pipefail", "-c", "\n".join(lines)], cwd=home, env=environment, capture_output=True,
        text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0 or "doctor" in block or "check" in block, f"{block}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr and "No such command" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.timeout(300)
def test_every_command_of_the_docs_does_what_the_page_says(machine: dict[str, str], tmp_path: Path) -> None:
    time.sleep(1)
    said = {page: "\n".join(run(block, machine, tmp_path) for block in commands(page)) for page in PAGES}
    assert said["backup.md"].count("read again and found whole") == 2
    assert "content\ndata\nsite-data" in said["backup.md"]
    assert re.search(r'"status": ?"(ok|trouble)"', said["operate.md"])
    assert "sidedoor_embargoes_not_live 0.0" in said["operate.md"]
    assert "desk.secret" in said["upgrade.md"]


def test_the_pages_lead_to_pages_that_are_there() -> None:
    for page in (PROJECT / "docs").glob("*.md"):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
