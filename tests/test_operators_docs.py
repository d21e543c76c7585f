"""docs/ as an operator follows it: every command is run, in order, on a pretend machine made of folders."""

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
    """The command blocks of a page."""
    return re.findall(r"(?ms)^```sh\n(.*?)^```", (PROJECT / "docs" / page).read_text("utf-8"))


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A running site and desk, and the folders that the pages name; maps ports and places in the pages to real ones."""
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


def run(block: str, places: dict[str, str], home: Path) -> str:
    """Run a block; returns its output. Tests have no systemd, so its units are only looked up in deploy/."""
    lines = []
    for line in block.splitlines():
        if line.startswith("systemctl "):
            unit = PROJECT / "deploy" / line.split()[-1]
            assert unit.is_file(), line
            assert "reload" not in line or "ExecReload=" in unit.read_text("utf-8")
            continue
        for place in PLACES:
            line = re.sub(rf'(?<![\w/]){re.escape(place)}(?=[/ "]|$)', places[place], line)
        lines.append(re.sub(r"127\.0\.0\.1:(\d+)", lambda match: f"127.0.0.1:{places[match[1]]}", line))
    environment = {
        **os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PORT": places["5000"],
        "SIDEDOOR_CONTENT": f"{places['/srv']}/sidedoor/content", "SIDEDOOR_DATA": f"{places['/var/lib']}/sidedoor-desk",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-e", "-u", "-o", "pipefail", "-c", "\n".join(lines)], cwd=home, env=environment, capture_output=True,
        text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0 or "doctor" in block or "check" in block, f"{block}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr and "No such command" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.timeout(300)
def test_every_command_in_the_docs_does_what_the_page_says(machine: dict[str, str], tmp_path: Path) -> None:
    time.sleep(1)
    outputs = {page: "\n".join(run(block, machine, tmp_path) for block in commands(page)) for page in PAGES}
    assert outputs["backup.md"].count("read again and found whole") == 2
    assert "content\ndata\nsite-data" in outputs["backup.md"]
    assert re.search(r'"status": ?"(ok|trouble)"', outputs["operate.md"])
    assert "sidedoor_embargoes_not_live 0.0" in outputs["operate.md"]
    assert "desk.secret" in outputs["upgrade.md"]


def test_links_in_the_docs_lead_to_pages_that_exist() -> None:
    for page in (PROJECT / "docs").glob("*.md"):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
