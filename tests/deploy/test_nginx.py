"""deploy/nginx.conf as an operator uses it: real nginx, a real mirror and a real site behind it."""

import contextlib
import gzip
import http.client
import io
import json
import os
import re
import resource
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from urllib.parse import urlencode

import pytest
from PIL import Image
from playwright.sync_api import Browser
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from sidedoor.chat.store import ChatStore, open_store
from sidedoor.desk import MOST_BYTES as DESK_MOST_BYTES
from sidedoor.desk import create_app as create_desk
from sidedoor.public import MOST_BYTES as PUBLIC_MOST_BYTES
from sidedoor.settings import Settings
from sidedoor.web.headers import content_security_policy, policy_headers, policy_in_page
from sidedoor.web.inline import source_hash
from tests.browser.places import Places
from tests.content import ContentFolder
from tests.deploy.contained import wait_until
from tests.desk.forms import fields_of
from tests.desk.notices.mail_server import authority
from tests.processes import run
from tests.server import DESK, PROJECT, RunningSite, copy_content, free_port, started_before

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


def _source_of(page: bytes) -> str:
    """The CSP source of a page's style."""
    return source_hash(page.decode().partition("<style>")[2].partition("</style>")[0])


class Deployed:
    """nginx with the example's own lines, only their paths and ports changed; the site and the desk behind it."""

    def policy(self, page: bytes | None = None) -> dict[str, str]:
        """The headers that every answer has. Their policy allows the styles that `page` holds."""
        csp = content_security_policy(False, _source_of(page)) if page is not None else content_security_policy(False)
        return policy_headers(False) | {"Content-Security-Policy": csp}

    def policy_in_page(self, page: bytes) -> str:
        """The policy in the head of one of the mirror's pages."""
        return policy_in_page(False, _source_of(page))

    def __init__(self, folder: Path) -> None:
        self.folder, self.content = folder, folder / "content"
        self.places = Places()
        copy_content(self.content, [self.places.url("exit")])
        old = self.content / "news" / "project-cara-trial.md"
        old.write_text(
            old.read_text("utf-8").replace("\nstate:", "\nprevious_slugs: [former-name]\nstate:", 1), "utf-8"
        )
        gone = old.read_text("utf-8").replace("former-name", "zqformer").replace("state: published", "state: withdrawn")
        gone = gone.replace(
            "\nstate:", "\nwithdrawn:\n  at: 2026-11-01 09:00\n  reason: zqwrong\n  removed: yes\nstate:", 1
        )
        (self.content / "news" / "zqgone.md").write_text(gone, "utf-8")
        (folder / "served").mkdir()
        self.mirror = folder / "served" / "now"
        self.site = RunningSite(self.content, started_before(folder / "data"), SIDEDOOR_PROXIES="1")
        self.desk = RunningSite(self.content, folder / "data", application=DESK, SIDEDOOR_PROXIES="1")
        started_before(folder / "exportdata")
        self.export()
        self.port, self.desk_port = free_port(), free_port()
        self.url, self.desk_url = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.desk_port}"
        text = (PROJECT / "deploy" / "nginx.conf").read_text("utf-8")
        for example, here in (
            # The kernel buffers little of an answer, so that nginx notices a slow reader.
            ("127.0.0.1:8080", f"127.0.0.1:{self.port} sndbuf=16k"),
            ("127.0.0.1:8081", f"127.0.0.1:{self.desk_port} sndbuf=16k"),
            ("127.0.0.1:5000", f"127.0.0.1:{self.site.port}"),
            ("127.0.0.1:5001", f"127.0.0.1:{self.desk.port}"),
            ("/srv/sidedoor/mirror", str(self.mirror.parent)),
            ("www.example.org", "127.0.0.1"),
            ("desk.example.org", "127.0.0.1"),
        ):
            assert example in text
            text = text.replace(example, here)
        # Where nginx stores slow bodies and answers. The file is unlinked at once, but the folders made for it stay.
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        paths = "".join(f"{kind}_temp_path {self.temporary}/{kind} 1 2; " for kind in ("client_body", "proxy"))
        text = text.replace("http {", f"http {{ {paths}", 1)
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
        settings = {"SIDEDOOR_CONTENT": str(self.content), "SIDEDOOR_DATA": str(self.folder / "exportdata")}
        return run([sys.executable, "-m", "flask", "export", self.mirror, *more], settings)

    def get(
        self, path: str, form: bytes | None = None, headers: dict[str, str] | None = None, url: str = ""
    ) -> tuple[int, dict[str, list[str]], bytes]:
        """Status, headers and body, from the site or from `url`; redirects are not followed."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *args: object, **kwargs: object) -> None:
                return None

        request = urllib.request.Request((url or self.url) + path, form, headers or {})
        try:
            answer = urllib.request.build_opener(Stay).open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            received: dict[str, list[str]] = {}
            for name, value in answer.headers.items():
                received.setdefault(name.lower(), []).append(value)
            return answer.status, received, answer.read()

    def temporary_files(self) -> list[Path]:
        """Files, and folders made for files, that show that nginx wrote temporary files."""
        return [path for path in self.temporary.rglob("*") if path.parent != self.temporary]

    def close(self) -> None:
        """Stop all servers."""
        self.process.terminate()
        self.process.wait(timeout=10)
        self.site.close()
        self.desk.close()
        self.places.close()

    @property
    def store(self) -> ChatStore:
        """The store of the site's conversations."""
        return open_store("sqlite:", self.site.data)

    def start_chat(self) -> str:
        """A reader starts to wait, through nginx; returns the cookie's value."""
        self.store.set_presence(1, "Kit", True, datetime.now(UTC))
        status, headers, _ = self.get("/chat/start", b"website=")
        assert status == 303
        (cookie,) = headers["set-cookie"]
        return cookie.removeprefix("chat=").partition(";")[0]

    def state_of(self, token: str) -> tuple[str, str | None]:
        """The state of a conversation, and the reason if it has ended."""
        conversation = self.store.find(token, datetime.now(UTC))
        assert conversation
        return conversation.state, conversation.reason


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    deployed = Deployed(tmp_path_factory.mktemp("deployed"))
    yield deployed
    deployed.close()


def policy_of(page: bytes) -> str:
    """The policy in a page's own head, before any script."""
    head, script, _ = page.partition(b"<script")
    policies = re.findall(rb'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', head)
    assert (script, len(policies)) == (b"<script", 1)
    return str(policies[0].decode())


@pytest.mark.parametrize(
    "path", ["/", "/help", "/help/money", "/news", "/safer-browsing", "/news/rss.xml", "/robots.txt"]
)
def test_pages_come_from_the_mirror_with_the_whole_policy_once(deployed: Deployed, path: str) -> None:
    status, headers, body = deployed.get(path)
    assert status == 200
    assert body == (deployed.mirror / ("index.html" if path == "/" else path[1:] if "." in path else f"{path[1:]}.html")).read_bytes()  # fmt: skip
    whole = deployed.policy()
    csp = whole.pop("Content-Security-Policy")
    for name, value in whole.items():
        assert headers[name.lower()] == [value]
    assert "set-cookie" not in headers
    (sent,) = headers["content-security-policy"]
    if path.endswith((".xml", ".txt")):
        assert sent == "default-src 'none'; frame-ancestors 'none'"
        return
    release_parts = {part for part in csp.split(";") if part.startswith(("default-", "script-", "style-"))}
    assert set(sent.split("; ")) - {"object-src 'none'"} == set(csp.split(";")) - release_parts
    assert policy_of(body) == deployed.policy_in_page(body)


def test_every_file_of_the_mirror_comes_with_its_type(deployed: Deployed) -> None:
    types = json.loads((deployed.mirror / "_mirror.json").read_text("utf-8"))["types"]
    assert {"text/plain", "image/jpeg"} & {kind.partition(";")[0] for kind in types.values()}
    for path, kind in types.items():
        assert deployed.get(path)[1]["content-type"] == [kind], path


@pytest.mark.parametrize("path", ["/", "/help/money", "/no-such-page", "/search"])
def test_pages_read_in_place_are_no_cache_from_mirror_and_application(deployed: Deployed, path: str) -> None:
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


def test_search_and_the_feedback_form_reach_the_application(deployed: Deployed) -> None:
    status, headers, body = deployed.get("/search", b"query=money")
    assert (status, headers["content-security-policy"]) == (
        200,
        [deployed.policy(body)["Content-Security-Policy"]],
    )
    assert b"/help/money" in body
    assert b'method="post"' in deployed.get("/feedback")[2]
    assert deployed.get("/search", b"query=money", {"Sec-Fetch-Site": "cross-site"})[0] == 403


def test_ports_are_passed_on_and_stay_in_redirects(deployed: Deployed) -> None:
    assert deployed.get("/search", b"query=money", {"Origin": deployed.url})[0] == 200
    assert deployed.get("/search", b"query=money", {"Origin": "http://127.0.0.1"})[0] == 403, "another site's"
    for path in ("/news/former-name", "/NEWS//"):
        (location,) = deployed.get(path)[1]["location"]
        assert not location.startswith("http") or location.startswith(f"{deployed.url}/")


def test_a_form_reaches_the_application_even_if_the_mirror_has_its_page(deployed: Deployed) -> None:
    _, headers, page = deployed.get("/contacts")
    assert headers["content-security-policy"] == [deployed.policy(page)["Content-Security-Policy"]]
    assert b'method="post" action="/contacts#found"' in page, "the mirror's page has no such form"
    place = re.search(rb'name="place" value="([^"]+)"', page)
    assert place
    status, _, body = deployed.get("/contacts", urlencode({"place": place[1].decode()}).encode())
    assert (status, b'value="' + place[1] + b'" checked' in body) == (200, True)
    assert deployed.get("/help/money", b"a=b")[0] == 405, "the application answers that itself"


def test_pages_of_requests_that_nginx_itself_refuses_have_the_exit(deployed: Deployed) -> None:
    token = deployed.start_chat()
    for cookie in ("a=b", f"chat={token}"):
        answers = [
            deployed.get("/feedback", b"message=" + b"a" * 70_000, {"Cookie": cookie}),
            deployed.get("/help/money", headers={"Cookie": cookie, "X-Long": "a" * 40_000}),
        ]
        assert [answer[0] for answer in answers] == [413, 400]
        for _, headers, body in answers:
            assert b'<a id="hide-this-page"' in body
            assert b'href="/contacts"' in body
            assert headers["cache-control"] == ["no-store"]


def test_former_addresses_missing_pages_and_the_exit(deployed: Deployed) -> None:
    assert deployed.get("/news/former-name")[1]["location"][0].endswith("/news/project-cara-trial")
    status, _, body = deployed.get("/news/zqgone")
    assert (status, b"zqwrong" in body) == (410, True)
    status, headers, body = deployed.get("/no-such-page")
    assert status == 404
    assert b'id="hide-this-page"' in body
    assert headers["cache-control"] == ["no-store"]
    assert deployed.get("/w")[0] == 303
    assert deployed.get("/_mirror.json")[0] == 404


def test_a_page_published_after_the_export_is_there_at_once_and_verify_reports_it(deployed: Deployed) -> None:
    assert deployed.export("--verify", deployed.site.url).returncode == 0
    item = deployed.content / "news" / "just-now.md"
    item.write_text("---\ntitle: Just now\nsummary: s\nstate: published\npublish_at: 2026-11-01 09:00\n---\n\nzqnew\n")
    try:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and deployed.get("/news/just-now")[0] != 200:
            time.sleep(0.05)
        assert b"zqnew" in deployed.get("/news/just-now")[2]
        verified = deployed.export("--verify", deployed.site.url)
        assert verified.returncode == 1
        assert "/news/just-now: the site has it, the mirror does not." in verified.stdout
        assert "/news: the words differ." in verified.stdout
    finally:
        item.unlink()


@pytest.mark.parametrize("name", ["chat", "__Host-chat"])
def test_a_reader_in_a_chat_is_answered_by_the_application_at_every_address(deployed: Deployed, name: str) -> None:
    marker = deployed.mirror / "help/money.html"
    original = marker.read_bytes()
    marker.write_bytes(b"zqmirror")
    try:
        for others in ("", "a=b; ", "a=b;", "x=1; y=2; "):
            assert b"zqmirror" not in deployed.get("/help/money", headers={"Cookie": f"{others}{name}=x"})[2]
        assert deployed.get("/help/money", headers={"Cookie": "a=b; xchat=1"})[2] == b"zqmirror"
    finally:
        marker.write_bytes(original)
    token = deployed.start_chat()
    for path in ("/", "/help", "/help/money", "/news", "/contacts", "/search", "/chat", "/zqnowhere"):
        status, headers, body = deployed.get(path, headers={"Cookie": f"chat={token}"})
        assert status == (404 if path == "/zqnowhere" else 200)
        assert b'<a id="hide-this-page" href="/chat/hide"' in body, path
        assert b'data-chat="running"' in body, path
        for policy, value in deployed.policy(body).items():
            assert headers[policy.lower()] == [value], path
    answer = deployed.get("/chat/say", urlencode({"message": "zqthrough"}).encode(), {"Cookie": f"chat={token}"})
    assert answer[0] == 303, "a body comes through as well"
    assert b"zqthrough" in deployed.get("/chat", headers={"Cookie": f"chat={token}"})[2]
    status, headers, body = deployed.get("/help/money", headers={"Cookie": f"chat={token}; left=1"})
    assert (status, len(headers["set-cookie"])) == (200, 2), "hidden, and the beacon was lost"
    assert deployed.state_of(token) == ("ended", "hidden")


def test_the_pack_comes_from_the_mirror_with_its_type_and_a_tag_that_works(deployed: Deployed) -> None:
    request_headers = {"Sidedoor-In-Place": "en", "Accept-Encoding": "gzip"}
    status, headers, body = deployed.get("/pack", headers=request_headers)
    assert (status, headers["content-type"], headers["content-encoding"]) == (200, ["application/json"], ["gzip"])
    assert headers["cache-control"] == ["private, no-cache"]
    assert "/help/money" in json.loads(gzip.decompress(body))[1]["pages"]
    assert deployed.get("/pack", headers=request_headers | {"If-None-Match": headers["etag"][0]})[0] == 304
    assert deployed.get("/pack")[1]["cache-control"] == ["no-store"]
    assert deployed.get("/pack-rest")[1]["content-type"] == ["application/json"]
    # A request whose header the mirror does not know gets the whole page, which travel.js can take apart as well.
    assert b'id="hide-this-page"' in deployed.get("/help/money", headers={"Sidedoor-In-Place": "en"})[2]


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("path", ["/help/money", "/", "/news", "/zqnowhere"])
def test_with_nginx_in_front_hide_on_any_page_ends_a_running_chat(
    browser: Browser, deployed: Deployed, scripts: bool, path: str
) -> None:
    deployed.store.set_presence(1, "Kit", True, datetime.now(UTC))
    with browser.new_context(java_script_enabled=scripts) as context:
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


def slow_exchange(port: int, request: bytes) -> bytes:
    """Send a request slowly and take the answer slowly; returns the answer."""
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", port))
        half = len(request) // 2 if len(request) > 1000 else len(request)
        slow.sendall(request[:half])
        time.sleep(0.3)
        slow.sendall(request[half:])
        time.sleep(0.7)
        answer = b""
        while part := slow.recv(1 << 16):
            answer += part
    return answer


def test_no_word_reaches_a_temporary_file_however_slow_the_reader(deployed: Deployed) -> None:
    token = deployed.start_chat()
    conversation, now = deployed.store.find(token, datetime.now(UTC)), datetime.now(UTC)
    assert conversation
    for number in range(300):
        deployed.store.say(conversation.id, "adviser", "zqanswer " * 200, now + timedelta(seconds=4 * number - 1200))
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
    for request in requests:
        answer = slow_exchange(deployed.port, request)
        assert answer.startswith(b"HTTP/1.1 ")
        if request.startswith(b"GET"):
            assert answer.count(b"zqanswer") == 300 * 200
    assert deployed.temporary_files() == []


_QUICKLY = "from tests.processes import compress_quickly; compress_quickly()"


def later_release(deployed: Deployed, folder: Path) -> Path:
    """A mirror written by a later version of the program: its first script is marked, so it has another hash."""
    for name in ("site", "static", "examples"):
        shutil.copytree(PROJECT / name, folder / name)
    script = folder / "static/js/exit/hide-page.js"
    script.write_text(script.read_text("utf-8") + '\ndocument.documentElement.dataset.zqlater = "yes";\n', "utf-8")
    started_before(folder / "data")
    settings = {"SIDEDOOR_CONTENT": str(deployed.content), "SIDEDOOR_DATA": str(folder / "data")}
    subprocess.run(
        [sys.executable, "-c", f"{_QUICKLY}; from sidedoor.cli import main; main()", "export", str(folder / "mirror")],
        cwd=folder, env={**os.environ, **settings, "PYTHONPATH": f"{folder}/site:{PROJECT}"}, check=True, capture_output=True,
    )  # fmt: skip
    return (folder / "mirror").resolve()


def put_in_place(release: Path, mirror: Path) -> None:
    link = mirror.with_name("link")
    link.symlink_to(release)
    os.replace(link, mirror)


def test_pages_and_their_policy_belong_together_after_an_upgrade_without_a_reload(
    browser: Browser, deployed: Deployed, tmp_path: Path
) -> None:
    before, release = deployed.mirror.resolve(), later_release(deployed, tmp_path)
    other = release / "help/signs.html"
    other.write_bytes(other.read_bytes().replace(b"</main>", b"</main><script>document.title = 'zqevil'</script>"))
    for twin in (".br", ".gz"):
        other.with_name(f"signs.html{twin}").unlink()
    put_in_place(release, deployed.mirror)
    try:
        for path, later in (("/help/money", "yes"), ("/contacts", None), ("/help/signs", "yes")):
            tab = browser.new_page()
            console: list[str] = []
            tab.on("console", lambda message: console.append(message.text))  # noqa: B023 - closed before the next
            tab.goto(deployed.url + path)
            assert tab.evaluate("document.documentElement.dataset.zqlater ?? null") == later
            assert ["Refused to execute" in line or "violates" in line for line in console] == [True] * (
                path == "/help/signs"
            )
            assert tab.title() != "zqevil"
            tab.locator("footer a[href='/about']").click()
            tab.locator("main h1", has_text="About").wait_for()  # in place, whichever release it belongs to
            assert tab.url == deployed.url + path
            tab.get_by_role("link", name="Hide this page").click()
            tab.wait_for_url("**exit**")
            tab.close()
    finally:
        put_in_place(before, deployed.mirror)


class Person:
    """Somebody who is signed in at the desk, behind nginx."""

    def __init__(self, deployed: Deployed, name: str, role: str) -> None:
        inside = create_desk(Settings(content=deployed.content, data=deployed.desk.data))
        person = inside.extensions["desk"].staff.add(name, (role,))
        client = inside.test_client()
        with client.session_transaction() as session:
            session["token"] = inside.extensions["desk"].sessions.start(person, "", datetime.now(UTC))
        cookie = client.get_cookie(inside.config["SESSION_COOKIE_NAME"])
        assert cookie
        inside.extensions["desk"].live.close()
        self.headers = {"Cookie": f"{cookie.key}={cookie.value}"}
        self._deployed = deployed
        self.token = self._field(self.ask("/")[2].decode(), "csrf_token")

    @staticmethod
    def _field(page: str, name: str) -> str:
        match = re.search(rf'name="{name}" value="([^"]+)"', page)
        assert match, name
        return match[1]

    def ask(
        self, path: str, fields: dict[str, object] | None = None, origin: str = ""
    ) -> tuple[int, dict[str, list[str]], bytes]:
        """Ask for a page, or send a form as the desk's own page does."""
        sent = fields and stream_encode_multipart({"csrf_token": self.token, **fields}, use_tempfile=False)
        headers = {**self.headers, "Origin": origin or self._deployed.desk_url, "Referer": self._deployed.desk_url}
        body = None
        if sent:
            body = sent[0].read()
            headers["Content-Type"] = f"multipart/form-data; boundary={sent[2]}"
        answer = self._deployed.get(path, body, headers, self._deployed.desk_url)
        for cookie in answer[1].get("set-cookie", []):
            self.headers = {"Cookie": cookie.partition(";")[0]}
        return answer


def picture(megabytes: float) -> bytes:
    """A PNG of one colour that is not compressed."""
    out = io.BytesIO()
    Image.new("RGB", (2500, int(megabytes * 1024 * 1024 / 2500 / 3)), "green").save(out, "PNG", compress_level=0)
    return out.getvalue()


@pytest.fixture(scope="module")
def eve(deployed: Deployed) -> Person:
    """An editor."""
    return Person(deployed, "Eve Editor", "editor")


def test_with_the_lines_for_tls_turned_on_plain_requests_are_led_to_it(tmp_path: Path) -> None:
    certificate = authority(tmp_path)
    plain, secure = free_port(), free_port()
    text = (PROJECT / "deploy/nginx.conf").read_text("utf-8")
    text, turned_on = re.subn(r"(?m)^( +)# ((?:server \{ )?listen .*)$", r"\1\2", text)
    assert turned_on == 3
    for ours, theirs in (
        ("ssl_certificate …", f"ssl_certificate {certificate}"), ("ssl_certificate_key …", f"ssl_certificate_key {certificate}"),
        ("listen [::]:80; ", ""), ("listen [::]:443 ssl http2; ", ""), ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{secure} ssl"), ("listen 127.0.0.1:8080;", ""), ("listen 127.0.0.1:8081;", ""),
        ("/srv/sidedoor/mirror", str(tmp_path / "mirror")),
    ):  # fmt: skip
        assert ours in text
        text = text.replace(ours, theirs)
    page = tmp_path / "mirror/now/help/money.html"
    page.parent.mkdir(parents=True)
    page.write_text("<!DOCTYPE html>money", "utf-8")
    (tmp_path / "logs").mkdir()
    user = "user root;" if os.getuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(f"daemon off; pid {tmp_path}/nginx.pid; {user}\n{text}")
    server = subprocess.Popen([NGINX, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")])
    try:
        wait_until(lambda: reachable(plain) and reachable(secure))
        status, headers, _ = asked(http.client.HTTPConnection("127.0.0.1", plain, timeout=10))
        assert (status, headers["location"]) == (301, "https://www.example.org/help/money")
        trusting = ssl.create_default_context(cafile=certificate)
        status, headers, body = asked(http.client.HTTPSConnection("127.0.0.1", secure, context=trusting, timeout=10))
        assert (status, body) == (200, b"<!DOCTYPE html>money")
        assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
    finally:
        server.terminate()
        server.wait()


def reachable(port: int) -> bool:
    """Whether a server listens."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def asked(connection: http.client.HTTPConnection) -> tuple[int, Message, bytes]:
    """The answer to a request for a page, without following it."""
    with contextlib.closing(connection):
        connection.request("GET", "/help/money", headers={"Host": "www.example.org"})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def test_nginx_accepts_bodies_as_large_as_the_applications_do() -> None:
    limits = re.findall(r"(?m)^ +client_max_body_size (\d+)([km]);", (PROJECT / "deploy/nginx.conf").read_text("utf-8"))
    sizes = [int(number) * {"k": 1024, "m": 1024 * 1024}[unit] for number, unit in limits]
    assert sizes == [PUBLIC_MOST_BYTES, DESK_MOST_BYTES]


def test_a_picture_of_twenty_megabytes_reaches_the_desk_and_none_of_it_is_buffered_in_a_file(
    deployed: Deployed, eve: Person
) -> None:
    assert eve.ask("/items/new", {"title": "Zq picture", "kind": "news"}, "http://elsewhere.example")[0] == 403
    status, headers, _ = eve.ask("/items/new", {"title": "Zq picture", "kind": "news"})
    assert status == 303, "its Origin has a port, and so has the Host that the desk is told"
    (path,) = headers["location"]
    form: dict[str, object] = {**fields_of(eve.ask(path)[2].decode()), "step": "draft", "picture_alt": "Green"}
    for megabytes, answered, words in (
        (19.5, 303, b""),
        (22, 422, b"The picture is over 20 MB."),
        (24.1, 413, b"Go back, and send a smaller picture."),
    ):
        sent = FileStorage(io.BytesIO(picture(megabytes)), "a.png")
        try:
            status, headers, body = eve.ask(path, {**form, "picture": sent})
        except urllib.error.URLError:
            assert answered == 413, "refused before it had all been sent"
            continue
        assert (status, words in body) == (answered, True), megabytes
        assert headers["cache-control"] == ["no-store"]
        if answered == 303:
            form = {**fields_of(eve.ask(path)[2].decode()), "step": "draft", "picture_alt": "Green"}
    assert deployed.temporary_files() == []
    page = eve.ask(path)[2].decode()
    assert "/images/" in page
    assert list((deployed.content / "images").glob("*.jpg"))


def test_no_word_of_the_board_reaches_a_temporary_file_or_a_cache(deployed: Deployed) -> None:
    kit = Person(deployed, "Kit Adviser", "adviser")
    deployed.start_chat()
    now = datetime.now(UTC)
    *_, conversation = [chat for chat in deployed.store.live(now) if chat.state == "waiting"]
    for number in range(150):
        deployed.store.say(conversation.id, "reader", "zqboard " * 200, now + timedelta(seconds=4 * number - 600))
    assert kit.ask("/chats/present", {"present": "yes"})[0] == 303
    assert kit.ask(f"/chats/{conversation.id}/accept", {"x": "y"})[0] == 303
    request = f"GET /chats HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {kit.headers['Cookie']}\r\nConnection: close\r\n\r\n"
    answer = slow_exchange(deployed.desk_port, request.encode())
    assert answer.count(b"zqboard") == 150 * 200
    assert b"cache-control: no-store" in answer.lower()
    status, _, body = kit.ask(f"/chats/{conversation.id}/say", {"message": "zqboard " * 200})
    assert status in (200, 303), body[:300]
    assert deployed.temporary_files() == []


def test_the_desk_learns_the_callers_address_from_nginx_and_believes_nobody_else(deployed: Deployed) -> None:
    reached = deployed.get("/sign-in", None, {"X-Forwarded-For": "203.0.113.9"}, deployed.desk_url)
    assert reached[0] == 200
    token = re.search(rb'name="csrf_token" value="([^"]+)"', reached[2])
    assert token
    cookie = reached[1]["set-cookie"][0].partition(";")[0]
    form = urlencode({"csrf_token": token[1].decode(), "name": "zqnobody", "password": "x", "code": "1"}).encode()
    for number in range(3):
        claimed = {"X-Forwarded-For": f"203.0.{number}.9", "Cookie": cookie, "Origin": deployed.desk_url}
        assert deployed.get("/sign-in", form, claimed, deployed.desk_url)[0] == 422
    with contextlib.closing(sqlite3.connect(deployed.desk.data / "staff.sqlite3")) as database:
        ((networks, tries),) = database.execute(
            "SELECT count(DISTINCT who), count(*) FROM failures WHERE who LIKE 'network%'"
        )
    assert (networks, tries) == (1, 3), "all from the address that called nginx, whatever they claimed"


def test_more_connections_than_a_chat_of_a_thousand_needs_keep_nobody_out(deployed: Deployed) -> None:
    """nginx had room for 1,024 to each processor, and a reader in a chat takes two: 600 were too many for one processor."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with contextlib.ExitStack() as held:
            for _ in range(2_000 + 1_024 * (os.cpu_count() or 1)):
                client = held.enter_context(socket.create_connection(("127.0.0.1", deployed.port), timeout=10))
                client.sendall(b"GET ")  # a silent one nginx would close for a new one
            status, _, page = deployed.get("/help/money")
            assert (status, b"<h1" in page) == (200, True)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_address_is_logged(deployed: Deployed) -> None:
    deployed.get("/help/money?zqsecret")
    for path in deployed.folder.rglob("*"):
        if path.is_file() and not path.is_relative_to(deployed.content):
            assert b"zqsecret" not in path.read_bytes(), path


def test_the_mirror_is_still_served_when_the_application_is_away(deployed: Deployed) -> None:
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
    for path in ("/chat/say", "/chat/end", "/feedback", "/search", "/contacts"):
        for cookies in (in_chat, {}):
            status, headers, body = deployed.get(path, b"message=x", cookies)
            assert (status, headers["content-type"]) == (503, ["text/html; charset=utf-8"]), path
            assert b"That was not sent" in body
            assert f'<a id="hide-this-page" href="{deployed.places.url("exit")}"'.encode() in body
            assert b'href="tel:' in body, "and says where else to turn"
            assert policy_of(body) == deployed.policy_in_page(body)
    for cookies in (in_chat, {"Cookie": "left=1"}, {}):
        status, headers, _ = deployed.get("/chat/hide", headers=cookies)
        assert (status, headers["location"]) == (303, [deployed.places.url("exit")]), "everybody who hides leaves"
        assert deployed.get("/chat/hide", b"x=", cookies)[0] == 503, "no answer says that the chat is over"
    assert b"This is a copy of the site" in deployed.get("/search")[2]
    status, _, body = deployed.get("/no-such-page")
    assert (status, b'id="hide-this-page"' in body) == (404, True)
    for cookies in (in_chat, {}):
        assert deployed.get("/w", headers=cookies)[1]["location"] == [deployed.places.url("exit")]
        assert deployed.get("/news/former-name", headers=cookies)[1]["location"] == ["/news/project-cara-trial"]
        status, _, body = deployed.get("/news/zqgone", headers=cookies)
        assert (status, b"zqwrong" in body, b'id="hide-this-page"' in body) == (410, True, True)
    assert deployed.get("/healthz")[0] == 502
    deployed.desk.close()
    for form in (None, b"message=x"):
        status, headers, body = deployed.get("/chats/1/say", form, url=deployed.desk_url)
        assert (status, b"what you typed is still there" in body) == (503, True)
        assert headers["cache-control"] == ["no-store"]


def test_systemd_finds_nothing_wrong_with_the_units_and_little_exposed(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        pytest.skip("systemd is not on this machine")
    for name in ("sidedoor.service", "sidedoor-desk.service", "sidedoor-mirror.service", "sidedoor-backup.service"):
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
    """Whether a page has the word on each of twenty new connections, whichever worker answers."""
    pages = []
    for _ in range(20):
        with urllib.request.urlopen(f"{replica.url}/help/money", timeout=5) as answer:
            pages.append(answer.read())
    return all(word in page for page in pages)


def test_two_replicas_on_one_content_folder_show_the_same(content: ContentFolder, tmp_path: Path) -> None:
    replicas = [RunningSite(content.path, tmp_path / f"data{number}", workers=2) for number in (1, 2)]
    try:
        page = content.path / "help" / "money.md"
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
