"""Two servers of the public site, a desk, Valkey and PostgreSQL behind nginx, all as deploy/ sets them up: what one server
stores, all can read, and the loss of one costs nobody anything."""

import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
import yaml

from sidedoor.chat.store import open_store
from sidedoor.desk import create_app as create_desk
from sidedoor.home import Home
from sidedoor.public.feedback_store import FeedbackStore
from sidedoor.settings import Settings
from tests.chat.conftest import Valkey
from tests.chat.readers import CHAT
from tests.content import SITE, ContentFolder
from tests.deploy.front import Nginx
from tests.postgresql import running
from tests.server import DESK, PROJECT, PUBLIC_SITE, RunningSite

DEPLOY = PROJECT / "deploy"


class Several:
    """All these servers, on free ports. `content` stands for a shared file system."""

    def __init__(self, folder: Path, valkey: Valkey, databases: tuple[str, str]) -> None:
        self.content = ContentFolder(folder / "content")
        self.content.write_basics()
        self.content.write("site.toml", f'url = "http://127.0.0.1:8080"\n{SITE}{CHAT}')
        self.content.document("news/fresh.md", "The fresh news.", title="Fresh news", state="ready")
        self.desk_home = Home(folder / "desk", databases[1])

        def start(name: str) -> RunningSite:
            application, database = (DESK, databases[1]) if name == "desk" else (PUBLIC_SITE, databases[0])
            return RunningSite(
                self.content.path, folder / name, application=application, SIDEDOOR_DATABASE=database,
                SIDEDOOR_CHAT_STORE=valkey.url, SIDEDOOR_PROXIES="1",
            )  # fmt: skip

        with ThreadPoolExecutor(3) as at_once:  # all at once, on a database without a table
            self.first, self.second, self.desk = at_once.map(start, ("first", "second", "desk"))
        self.nginx = Nginx(folder, (self.first, self.second), self.desk)
        self.url, self.desk_url = self.nginx.url, self.nginx.desk_url
        self.environment = {
            **os.environ, "SIDEDOOR_CONTENT": str(self.content.path), "SIDEDOOR_DATA": str(self.desk_home.data),
            "SIDEDOOR_DATABASE": databases[1], "SIDEDOOR_CHAT_STORE": valkey.url,
        }  # fmt: skip

    def wait(self) -> None:
        """Wait until nginx answers."""
        deadline = time.monotonic() + 10
        while self.ask(self.url, "/healthz")[0] != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def ask(
        self, url: str, path: str, form: dict[str, str] | None = None, cookie: str = ""
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and body; redirects are not followed."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *args: object, **kwargs: object) -> None:
                return None

        headers = {"Origin": url, "Referer": url, **({"Cookie": cookie} if cookie else {})}
        body = urlencode(form).encode() if form is not None else None
        try:
            opened = urllib.request.build_opener(Stay).open(
                urllib.request.Request(url + path, body, headers), timeout=20
            )
        except urllib.error.HTTPError as error:
            opened = error
        except urllib.error.URLError:
            return 0, {}, ""
        with opened as answer:
            return (
                answer.status,
                {name.lower(): value for name, value in answer.headers.items()},
                answer.read().decode(),
            )

    def sign_in(self, name: str) -> str:
        """Sign somebody in as a press officer; returns the cookie."""
        settings = Settings(content=self.content.path, data=self.desk_home.data, database=self.desk_home.server)
        inside = create_desk(settings)
        services = inside.extensions["desk"]
        client = inside.test_client()
        with client.session_transaction() as session:
            session["token"] = services.sessions.start(services.staff.add(name, ("press",)), "", datetime.now(UTC))
        cookie = client.get_cookie(inside.config["SESSION_COOKIE_NAME"])
        services.live.close()
        assert cookie
        return f"{cookie.key}={cookie.value}"

    def approve(self, name: str) -> None:
        """Somebody reads the news that waits for approval, and approves it."""
        cookie = self.sign_in(name)
        status, headers, page = self.ask(self.desk_url, "/items/news/fresh/review", cookie=cookie)
        assert status == 200
        cookie = headers.get("set-cookie", cookie).partition(";")[0]
        fields = {name: match[1] for name in ("csrf_token", "seen") if (match := re.search(rf'name="{name}" value="([^"]+)"', page))}  # fmt: skip
        assert self.ask(self.desk_url, "/items/news/fresh/approve", fields, cookie)[0] == 303

    def close(self) -> None:
        """End all servers."""
        self.nginx.close()
        for server in (self.first, self.second, self.desk):
            server.close()


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Several]:
    folder = tmp_path_factory.mktemp("several")
    with running() as server, contextlib.ExitStack() as stack:
        valkey = Valkey(folder / "valkey", config=DEPLOY / "valkey.conf")
        stack.callback(valkey.close)
        started = Several(folder, valkey, server.deployed())
        stack.callback(started.close)
        started.wait()
        yield started


def wait_until_shown(several: Several, url: str) -> None:
    """Wait until the fresh news is there."""
    deadline = time.monotonic() + 15
    while several.ask(url, "/news/fresh")[0] != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_feedback_sent_to_either_server_is_read_at_the_desk_and_deleted_for_both(several: Several) -> None:
    for number, url in enumerate((several.first.url, several.second.url, several.url)):
        assert several.ask(url, "/feedback", {"message": f"Message {number}"})[0] == 303
    assert several.ask(several.second.url, "/feedback", {"message": "Message 0"})[0] == 303  # a second press, elsewhere
    listed = subprocess.run(
        [Path(sys.executable).with_name("sidedoor"), "feedback", "list"], env=several.environment, capture_output=True,
        text=True, check=True,
    ).stdout  # fmt: skip
    assert [line for line in listed.splitlines() if line.startswith("Message")] == [f"Message {n}" for n in range(3)]
    store = FeedbackStore(several.desk_home)
    assert all(store.delete(message.number) for message in store.all())


def test_both_servers_send_the_same_bytes_so_a_browsers_copy_from_one_is_valid_for_the_other(
    several: Several,
) -> None:
    for path in ("/", "/help/money", "/pack", "/contacts", "/news/rss.xml", "/sitemap.xml"):
        first, second = (several.ask(site.url, path) for site in (several.first, several.second))
        assert first[0] == 200 and (first[1]["etag"], first[2]) == (second[1]["etag"], second[2]), path


def test_a_chat_goes_on_at_the_other_server(several: Several) -> None:
    chats = open_store(several.environment["SIDEDOOR_CHAT_STORE"], several.desk_home.data)
    now = datetime.now(UTC)
    chats.set_presence(1, "Kit", True, now)
    status, headers, _ = several.ask(several.first.url, "/chat/start", {"once": os.urandom(16).hex()})
    cookie = headers["set-cookie"].partition(";")[0]
    assert status == 303 and cookie.startswith("chat=")
    (conversation,) = chats.live(now)
    chats.accept(conversation.id, 1, "Kit", now)
    urls = (several.second.url, several.url, several.first.url)
    for url, words in zip(urls, ("zqfirst", "zqsecond", "zqthird"), strict=True):
        assert several.ask(url, "/chat/say", {"message": words, "once": os.urandom(8).hex()}, cookie)[0] in (
            200,
            303,
        )
    assert [message.text for message in chats.messages(conversation.id) if message.who == "reader"] == [
        "zqfirst",
        "zqsecond",
        "zqthird",
    ]
    for site in (several.first, several.second):
        assert "zqsecond" in several.ask(site.url, "/chat", cookie=cookie)[2]
    assert several.ask(several.second.url, "/chat/end", {}, cookie)[0] in (200, 303)
    assert "zqsecond" not in several.ask(several.first.url, "/chat", cookie=cookie)[2]


def test_an_approval_shows_at_both_servers_and_the_loss_of_one_costs_nothing(several: Several) -> None:
    assert several.ask(several.url, "/news/fresh")[0] == 404
    several.approve("Ann Press")
    assert several.ask(several.url, "/news/fresh")[0] == 404, "nobody knows who wrote it, so two approve it"
    several.approve("Ben Press")
    for site in (several.first, several.second):
        wait_until_shown(several, site.url)
    with psycopg.connect(several.desk_home.server) as database:
        rows = database.execute("SELECT person FROM sidedoor_audit.log WHERE action LIKE '%approve%'").fetchall()
    assert {person for (person,) in rows} == {"Ann Press", "Ben Press"}

    several.first.kill()
    statuses = [several.ask(several.url, path)[0] for path in ("/", "/help/money", "/news/fresh", "/healthz") * 5]
    assert statuses == [200] * 20
    statuses = [several.ask(several.url, "/feedback", {"message": f"After {number}"})[0] for number in range(4)]
    assert statuses == [303] * 4
    assert {message.text for message in FeedbackStore(several.desk_home).all()} >= {f"After {n}" for n in range(4)}


def test_the_compose_file_of_several_adds_a_second_site_and_a_database_with_a_user_for_each() -> None:
    written = (DEPLOY / "compose.several.yaml").read_text("utf-8")
    services = yaml.safe_load(written.replace("!override ", ""))["services"]
    base = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    assert set(services) == {"site", "other-site", "desk", "database"}
    for name, user in (("site", "sidedoor_site"), ("other-site", "sidedoor_site"), ("desk", "sidedoor_desk")):
        address = re.sub(r"\$\{\w+(:\?[^}]*)?\}", "zq", services[name]["environment"]["SIDEDOOR_DATABASE"])
        assert address.startswith(f"postgresql://{user}:zq@database")
        assert Settings(database=address).database == address
    assert services["other-site"]["volumes"][0] == base["site"]["volumes"][0] == "content:/content:ro"
    database = services["database"]
    assert (database["read_only"], database["cap_drop"], database["networks"]) == (True, ["ALL"], ["inside"])
    assert not database["user"].startswith(("0", "root"))
    assert database["healthcheck"]["test"] and "ports" not in database
    (script,) = [volume for volume in database["volumes"] if volume.startswith("./")]
    assert (DEPLOY / script.split(":")[0]).is_file() and script.endswith(":ro")
    provided = set(database["environment"])
    required = set(re.findall(r"(?m)^\\getenv \w+ (\w+)$", (DEPLOY / "postgresql.sql").read_text("utf-8")))
    assert required <= provided
