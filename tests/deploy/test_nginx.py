"""deploy/nginx.conf as an operator uses it: real nginx, a real mirror, a real site behind it."""

import contextlib
import gzip
import json
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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import sync_playwright

from sidedoor.chat.store import ChatStore, open_store
from sidedoor.documents.reading import read_site
from sidedoor.web.headers import policy_headers
from sidedoor.web.look import site_rules
from tests.browser.places import Places
from tests.browser.readers import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.server import PROJECT, RunningSite, copy_content, free_port

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


class Deployed:
    """nginx on the example's own lines, with only paths and ports changed."""

    def policy(self) -> dict[str, str]:
        """The headers that every answer carries."""
        return policy_headers(False, site_rules(read_site((self.content / "site.toml").read_text("utf-8"))))

    def __init__(self, folder: Path) -> None:
        self.content = folder / "content"
        self.places = Places()
        copy_content(self.content, [self.places.url("exit")])
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
        # Where a body or an answer is kept while it is slow; the folders that nginx makes for it stay.
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        kept = "".join(f"{kind}_temp_path {self.temporary}/{kind} 1 2; " for kind in ("client_body", "proxy"))
        text = text.replace("http {", f"http {{ {kept}", 1)
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
        self.places.close()

    @property
    def store(self) -> ChatStore:
        """Where the site's conversations are."""
        return open_store("sqlite:", self.site.data)

    def start_chat(self) -> str:
        """Somebody begins to wait, through nginx; the cookie's value."""
        self.store.set_presence(1, "Kit", True, datetime.now(UTC))
        status, headers, _ = self.get("/chat/start", b"website=")
        assert status == 303
        (cookie,) = headers["set-cookie"]
        return cookie.removeprefix("chat=").partition(";")[0]

    def state_of(self, token: str) -> tuple[str, str | None]:
        """How a conversation stands."""
        one = self.store.find(token, datetime.now(UTC))
        assert one
        return one.state, one.reason


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
    for name, value in deployed.policy().items():
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
        [deployed.policy()["Content-Security-Policy"]],
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


@pytest.mark.parametrize("name", ["chat", "__Host-chat"])
def test_whoever_is_in_a_chat_is_answered_by_the_application_on_every_address(deployed: Deployed, name: str) -> None:
    marker = deployed.mirror / "help/money.html"
    kept = marker.read_bytes()
    marker.write_bytes(b"zqmirror")
    try:
        for others in ("", "a=b; ", "a=b;", "x=1; y=2; "):
            assert b"zqmirror" not in deployed.get("/help/money", headers={"Cookie": f"{others}{name}=x"})[2]
        assert deployed.get("/help/money", headers={"Cookie": "a=b; xchat=1"})[2] == b"zqmirror"
    finally:
        marker.write_bytes(kept)
    token = deployed.start_chat()
    for path in ("/", "/help", "/help/money", "/news", "/contacts", "/search", "/chat", "/zqnowhere"):
        status, headers, body = deployed.get(path, headers={"Cookie": f"chat={token}"})
        assert status == (404 if path == "/zqnowhere" else 200)
        assert b'<a id="hide-this-page" href="/chat/hide"' in body, path
        assert b'data-chat="running"' in body, path
        for policy, value in deployed.policy().items():
            assert headers[policy.lower()] == [value], path
    said = deployed.get("/chat/say", urlencode({"message": "zqthrough"}).encode(), {"Cookie": f"chat={token}"})
    assert said[0] == 303, "a body comes through as well"
    assert b"zqthrough" in deployed.get("/chat", headers={"Cookie": f"chat={token}"})[2]
    status, headers, body = deployed.get("/help/money", headers={"Cookie": f"chat={token}; left=1"})
    assert (status, len(headers["set-cookie"])) == (200, 2), "hidden, and the beacon was lost"
    assert deployed.state_of(token) == ("ended", "hidden")


def test_the_pack_comes_from_the_mirror_with_its_type_and_answers_its_tag(deployed: Deployed) -> None:
    asked = {"Sidedoor-In-Place": "en", "Accept-Encoding": "gzip"}
    status, headers, body = deployed.get("/pack", headers=asked)
    assert (status, headers["content-type"], headers["content-encoding"]) == (200, ["application/json"], ["gzip"])
    assert headers["cache-control"] == ["private, no-cache"]
    assert "/help/money" in json.loads(gzip.decompress(body))["pages"]
    assert deployed.get("/pack", headers=asked | {"If-None-Match": headers["etag"][0]})[0] == 304
    assert deployed.get("/pack")[1]["cache-control"] == ["no-store"]
    # Whose header a mirror does not know gets the whole page, which travel.js takes apart as well.
    assert b'id="hide-this-page"' in deployed.get("/help/money", headers={"Sidedoor-In-Place": "en"})[2]


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("path", ["/help/money", "/", "/news", "/zqnowhere"])
def test_with_nginx_in_front_hide_on_any_page_ends_a_running_chat(deployed: Deployed, scripts: bool, path: str) -> None:
    deployed.store.set_presence(1, "Kit", True, datetime.now(UTC))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        context = browser.new_context(java_script_enabled=scripts)
        tab = context.new_page()
        tab.goto(f"{deployed.url}/chat")
        tab.get_by_role("button", name="It is safe. Start").click()
        tab.locator("#chat-status").wait_for()
        (token,) = [cookie["value"] for cookie in context.cookies() if cookie["name"] == "chat"]
        tab.close()
        tab = context.new_page()  # loaded whole, in a tab that knows of no chat
        tab.goto(deployed.url + path)
        tab.get_by_role("link", name="Hide this page").click()
        tab.wait_for_url("**exit**")
        deadline = time.monotonic() + 5
        while deployed.state_of(token)[0] != "ended" and time.monotonic() < deadline:
            time.sleep(0.05)
        assert deployed.state_of(token) == ("ended", "hidden")
        assert context.cookies(deployed.url) == []
        browser.close()


def test_no_word_reaches_a_temporary_file_however_slow_the_reader(deployed: Deployed) -> None:
    token = deployed.start_chat()
    one, now = deployed.store.find(token, datetime.now(UTC)), datetime.now(UTC)
    assert one
    for number in range(300):
        deployed.store.say(one.id, "adviser", "zqanswer " * 200, now + timedelta(seconds=4 * number - 1200))
    form = urlencode({"message": "zqsaid " * 8000}).encode()
    requests = [
        f"GET /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: chat={token}\r\nConnection: close\r\n\r\n".encode(),
        *(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nConnection: close\r\nContent-Type: "
            f"application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n".encode()
            + form
            for path in ("/chat/say", "/search", "/feedback")
            for cookie in ("a=b", f"chat={token}")
        ),
    ]
    for asked in requests:
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", deployed.port))
            half = len(asked) // 2 if len(asked) > 1000 else len(asked)
            slow.sendall(asked[:half])
            time.sleep(0.3)
            slow.sendall(asked[half:])
            time.sleep(0.7)
            answer = b""
            while part := slow.recv(1 << 16):
                answer += part
        assert answer.startswith(b"HTTP/1.1 ")
        if asked.startswith(b"GET"):
            assert answer.count(b"zqanswer") == 300 * 200
    assert [path for path in deployed.temporary.rglob("*") if path.parent != deployed.temporary] == []


def test_nothing_is_logged(deployed: Deployed) -> None:
    deployed.get("/help/money?zqsecret")
    for path in deployed.mirror.parent.rglob("*"):
        if path.is_file() and not path.is_relative_to(deployed.content):
            assert b"zqsecret" not in path.read_bytes(), path


def test_the_mirror_stays_when_the_application_is_away(deployed: Deployed) -> None:
    token = deployed.start_chat()
    deployed.site.close()
    assert deployed.get("/help/money")[0] == 200
    in_chat = {"Cookie": f"chat={token}"}
    for path, status in (("/", 200), ("/help/money", 200), ("/chat", 200), ("/zqnowhere", 404)):
        answered, headers, body = deployed.get(path, headers=in_chat)
        assert (answered, b'id="hide-this-page"' in body) == (status, True), path
        assert (headers["cache-control"], headers.get("refresh")) == (["no-store"], None)
    status, headers, body = deployed.get("/chat/wait", headers=in_chat)
    assert (status, headers["refresh"], b"This is a copy of the site" in body) == (200, ["10"], True)
    assert deployed.get("/chat/say", b"message=x", in_chat)[0] == 503
    for cookies in (in_chat, {"Cookie": "left=1"}, {}):
        status, headers, _ = deployed.get("/chat/hide", headers=cookies)
        assert (status, headers["location"]) == (303, [deployed.places.url("exit")]), "whoever hides leaves"
        assert deployed.get("/chat/hide", b"x=", cookies)[0] == 503, "nobody says that it is over"
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
