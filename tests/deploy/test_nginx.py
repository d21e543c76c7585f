"""deploy/nginx.conf as an operator uses it: real nginx, a real mirror, a real site behind it."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidedoor.public.headers import policy_headers
from tests.browser.server import PROJECT, RunningSite, copy_content, free_port

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


class Deployed:
    """nginx on the example's own lines, with only paths and ports changed."""

    def __init__(self, folder: Path) -> None:
        self.content = folder / "content"
        copy_content(self.content, ["https://weather.example/"])
        old = self.content / "news" / "project-cara-trial.md"
        old.write_text(
            old.read_text("utf-8").replace("\nstate:", "\nprevious_slugs: [former-name]\nstate:", 1), "utf-8"
        )
        self.mirror = folder / "mirror"
        self.site = RunningSite(self.content, folder / "data")
        self.export()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        text = (PROJECT / "deploy" / "nginx.conf").read_text("utf-8")
        for ours, theirs in (
            ("127.0.0.1:8080", f"127.0.0.1:{self.port}"),
            ("127.0.0.1:5000", f"127.0.0.1:{self.site.port}"),
            ("/srv/sidedoor/mirror", str(self.mirror)),
            ("www.example.org", "127.0.0.1"),
        ):
            assert ours in text
            text = text.replace(ours, theirs)
        (folder / "logs").mkdir()
        configuration = folder / "nginx.conf"
        configuration.write_text(
            f"daemon off; pid {folder}/nginx.pid;\n{'user root;' if os.getuid() == 0 else ''}\n{text}"
        )
        subprocess.run([NGINX, "-t", "-q", "-p", str(folder), "-c", str(configuration)], check=True)
        self.process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(configuration)])
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        raise AssertionError("nginx does not listen.")

    def export(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Run `flask export`."""
        settings = {"SIDEDOOR_CONTENT": str(self.content), "SIDEDOOR_DATA": str(self.mirror.parent / "exportdata")}
        return subprocess.run(
            [sys.executable, "-m", "flask", "export", str(self.mirror), *more],
            cwd=PROJECT, env={**os.environ, **settings}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def get(
        self, path: str, form: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, list[str]], bytes]:
        """Status, headers and body; redirects are not followed."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *args: object, **kwargs: object) -> None:
                return None

        request = urllib.request.Request(self.url + path, form, headers or {})
        try:
            answer = urllib.request.build_opener(Stay).open(request, timeout=10)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            found: dict[str, list[str]] = {}
            for name, value in answer.headers.items():
                found.setdefault(name.lower(), []).append(value)
            return answer.status, found, answer.read()

    def close(self) -> None:
        """Stop both servers."""
        self.process.terminate()
        self.process.wait(timeout=10)
        self.site.close()


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    deployed = Deployed(tmp_path_factory.mktemp("deployed"))
    yield deployed
    deployed.close()


@pytest.mark.parametrize("path", ["/", "/help", "/help/money", "/news", "/news/rss.xml", "/contacts", "/robots.txt"])
def test_pages_come_from_the_mirror_with_the_whole_policy_once(deployed: Deployed, path: str) -> None:
    status, headers, body = deployed.get(path)
    assert status == 200
    assert body == (deployed.mirror / ("index.html" if path == "/" else path[1:] if "." in path else f"{path[1:]}.html")).read_bytes()  # fmt: skip
    for name, value in policy_headers(https=False).items():
        assert headers[name.lower()] == [value]
    kind = {"/news/rss.xml": "application/rss+xml", "/robots.txt": "text/plain"}.get(path, "text/html")
    assert headers["content-type"][0] == f"{kind}; charset=utf-8"
    assert "set-cookie" not in headers


@pytest.mark.parametrize("path", ["/", "/help/money", "/no-such-page", "/search"])
def test_what_is_read_in_place_is_no_cache_from_mirror_and_application(deployed: Deployed, path: str) -> None:
    form = b"query=money" if path == "/search" else None
    _, headers, _ = deployed.get(path, form, {"Sidedoor-In-Place": "1"})
    assert headers["cache-control"] == ["private, no-cache"]
    assert "Sidedoor-In-Place" in headers["vary"][-1]
    _, headers, _ = deployed.get(path, form)
    assert headers["cache-control"] == ["no-store"]


def test_compressed_twins_are_sent(deployed: Deployed) -> None:
    _, headers, body = deployed.get("/help/money", headers={"Accept-Encoding": "gzip"})
    assert headers["content-encoding"] == ["gzip"]
    assert body == (deployed.mirror / "help/money.html.gz").read_bytes()


def test_search_and_the_form_reach_the_application(deployed: Deployed) -> None:
    status, headers, body = deployed.get("/search", b"query=money")
    assert (status, headers["content-security-policy"]) == (
        200,
        [policy_headers(https=False)["Content-Security-Policy"]],
    )
    assert b"/help/money" in body
    assert b'method="post"' in deployed.get("/feedback")[2]
    assert deployed.get("/search", b"query=money", {"Sec-Fetch-Site": "cross-site"})[0] == 403


def test_former_addresses_missing_pages_and_the_exit(deployed: Deployed) -> None:
    assert deployed.get("/news/former-name")[1]["location"][0].endswith("/news/project-cara-trial")
    status, headers, body = deployed.get("/no-such-page")
    assert status == 404
    assert b'id="hide-this-page"' in body
    assert headers["cache-control"] == ["no-store"]
    assert deployed.get("/w")[0] == 303
    assert deployed.get("/_mirror.json")[0] == 404


def test_what_is_published_after_the_export_is_there_at_once_and_verify_tells_of_it(deployed: Deployed) -> None:
    assert deployed.export("--verify", deployed.site.url).returncode == 0
    item = deployed.content / "news" / "just-now.md"
    item.write_text("---\ntitle: Just now\nsummary: s\nstate: published\npublish_at: 2026-11-01 09:00\n---\n\nzqnew\n")
    try:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and deployed.get("/news/just-now")[0] != 200:
            time.sleep(0.05)
        assert b"zqnew" in deployed.get("/news/just-now")[2]
        told = deployed.export("--verify", deployed.site.url)
        assert told.returncode == 1
        assert "/news/just-now: the site has it, the mirror does not." in told.stdout
        assert "/news: the words differ." in told.stdout
    finally:
        item.unlink()


def test_nothing_is_logged(deployed: Deployed) -> None:
    deployed.get("/help/money?zqsecret")
    for path in deployed.mirror.parent.rglob("*"):
        if path.is_file() and not path.is_relative_to(deployed.content):
            assert b"zqsecret" not in path.read_bytes(), path


def test_the_mirror_stays_when_the_application_is_away(deployed: Deployed) -> None:
    deployed.site.close()
    assert deployed.get("/help/money")[0] == 200
    assert b"This is a copy of the site" in deployed.get("/search")[2]
    assert deployed.get("/search", b"query=money")[0] == 503
    status, _, body = deployed.get("/no-such-page")
    assert (status, b'id="hide-this-page"' in body) == (404, True)


def test_systemd_finds_nothing_wrong_and_little_exposed(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        pytest.skip("systemd is not on this machine")
    for name in ("sidedoor.service", "sidedoor-desk.service", "sidedoor-mirror.service"):
        text = (PROJECT / "deploy" / name).read_text("utf-8").replace("/opt/sidedoor/.venv/bin/", "/usr/bin/true ").replace("User=sidedoor-mirror", "User=daemon")  # fmt: skip
        (tmp_path / name).write_text(text.replace("WorkingDirectory=/opt/sidedoor", "WorkingDirectory=/"))
        checked = subprocess.run([analyze, "verify", str(tmp_path / name)], capture_output=True, text=True, check=False)
        assert name not in checked.stderr, checked.stderr
    score = subprocess.run(
        [analyze, "security", "--offline=true", str(tmp_path / "sidedoor.service")], capture_output=True, text=True, check=False
    )  # fmt: skip
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", score.stdout)
    assert exposure, score.stdout + score.stderr
    assert float(exposure[1]) < 2.5


def shows_everywhere(replica: RunningSite, word: bytes) -> bool:
    """Whether twenty new connections, to whichever worker, all show the word on a page."""
    pages = []
    for _ in range(20):
        with urllib.request.urlopen(f"{replica.url}/help/money", timeout=5) as answer:
            pages.append(answer.read())
    return all(word in page for page in pages)


def test_two_replicas_on_one_content_folder_show_the_same(tmp_path: Path) -> None:
    content = tmp_path / "content"
    copy_content(content, ["https://weather.example/"])
    replicas = [RunningSite(content, tmp_path / f"data{number}", workers=2) for number in (1, 2)]
    try:
        page = content / "help" / "money.md"
        page.write_text(page.read_text("utf-8") + "\nzqedited\n", "utf-8")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not all(shows_everywhere(replica, b"zqedited") for replica in replicas):
            time.sleep(0.05)
        assert all(shows_everywhere(replica, b"zqedited") for replica in replicas)
        etags = set()
        for replica in replicas:
            with urllib.request.urlopen(f"{replica.url}/help/money", timeout=5) as answer:
                etags.add(answer.headers["ETag"])
        assert len(etags) == 1
    finally:
        for replica in replicas:
            replica.close()
