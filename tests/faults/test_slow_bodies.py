"""Request bodies that arrive byte by byte at a real site and desk: nobody else waits for them, and no server waits long."""

import http.client
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest

from sidedoor.desk import create_app
from sidedoor.documents.times import utc_now
from sidedoor.settings import Settings
from sidedoor.web.rsgi import SECONDS_FOR_A_BODY
from tests.chat.readers import copy_content_with_chat
from tests.server import DESK, RunningSite, started_before

DRIBBLERS = 40
SOON_SECONDS = 2.0
SIGN_IN, SEARCH = "/sign-in", "/search"
IN_HTTP_2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"
"""How a client begins that speaks HTTP/2 (RFC 9113, 3.4)."""
WORDS_FOR_CUT = (
    [b'<a id="hide-this-page" href="http', b"That was not sent", b'href="/contacts"'],
    [b"That did not arrive"],
)
"""What a reader and an adviser are told: the reader by a whole page, with the exit and the numbers to call."""


@dataclass
class Browser:
    """A client that keeps cookies, sends forms, and records how long the last answer took."""

    site: RunningSite
    cookies: dict[str, str] = field(default_factory=dict)
    took: float = 0.0

    def ask(self, method: str, path: str, **fields: str) -> tuple[int, str]:
        """Status and body of an answer. A POST is sent as by a page of this site."""
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=20)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if method == "POST":
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        began = time.monotonic()
        connection.request(method, path, urlencode(fields) if method == "POST" else None, headers)
        answer = connection.getresponse()
        body = answer.read().decode("utf-8", "replace")
        self.took = time.monotonic() - began
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        return answer.status, body


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningSite, RunningSite, Browser]]:
    """The site and the desk, each with one worker, and an adviser who is signed in."""
    folder = tmp_path_factory.mktemp("office")
    content, data = folder / "content", started_before(folder / "data")
    copy_content_with_chat(content)
    with closing(RunningSite(content, data)) as site, closing(RunningSite(content, data, application=DESK)) as desk:
        inside = create_app(Settings(content=content, data=data))
        inside.extensions["desk"].staff.add("Kit Adviser", ("adviser",))
        client = inside.test_client()
        person = inside.extensions["desk"].staff.named("Kit Adviser")
        with client.session_transaction() as session:
            session["token"] = inside.extensions["desk"].sessions.start(person, "Firefox on Linux", utc_now())
        name = inside.config["SESSION_COOKIE_NAME"]
        cookie = client.get_cookie(name)
        assert cookie
        inside.extensions["desk"].live.close()
        yield site, desk, Browser(desk, {name: cookie.value})


@contextmanager
def dribbling(site: RunningSite, path: str, every: float = 0.5) -> Iterator[list[float]]:
    """Connections that send a byte now and then. The list gets the seconds that each lasted before it was cut."""
    lasted: list[float] = []
    stop = threading.Event()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "Content-Length: 900\r\n\r\nq"
    )

    def send() -> None:
        with socket.create_connection(("127.0.0.1", site.port), timeout=every) as connection:
            began = time.monotonic()
            connection.sendall(head.encode())
            while not stop.is_set():
                try:
                    while connection.recv(4096):
                        pass
                    break
                except TimeoutError:
                    pass
                except OSError:
                    break
                try:
                    connection.sendall(b"q")
                except OSError:
                    break
            lasted.append(time.monotonic() - began)

    threads = [threading.Thread(target=send, daemon=True) for _ in range(DRIBBLERS)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    try:
        yield lasted
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextmanager
def silent(site: RunningSite, first: bytes) -> Iterator[socket.socket]:
    """A connection that sends `first`, and then nothing."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=0.1) as connection:
        connection.sendall(first)
        yield connection


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has closed it, perhaps after an answer."""
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except ConnectionResetError:
        pass
    return True


def token(page: str) -> str:
    """The token that the desk's forms are sent with."""
    match = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert match
    return match[1]


def test_while_forty_slow_bodies_arrive_at_site_and_desk_readers_and_advisers_are_answered(
    office: tuple[RunningSite, RunningSite, Browser],
) -> None:
    site, desk, kit = office
    reader = Browser(site)
    csrf = token(kit.ask("GET", "/chats")[1])
    assert kit.ask("POST", "/chats/present", csrf_token=csrf, present="yes")[0] == 303
    with dribbling(site, SEARCH), dribbling(desk, SIGN_IN):
        assert reader.ask("POST", "/chat/start")[0] == 303
        assert reader.took < SOON_SECONDS
        status, _ = reader.ask("POST", "/chat/say", message="zqhello", once="1")
        assert (status, reader.took < SOON_SECONDS) == (303, True), reader.took
        status, _ = kit.ask("POST", "/chats/1/accept", csrf_token=csrf)
        assert (status, kit.took < SOON_SECONDS) == (303, True), kit.took
        status, _ = kit.ask("POST", "/chats/1/say", csrf_token=csrf, message="zqanswer", once="2")
        assert (status, kit.took < SOON_SECONDS) == (303, True), kit.took
        assert "zqanswer" in reader.ask("GET", "/chat")[1]
        status, _ = reader.ask("POST", "/chat/hide")
        assert (status, reader.took < SOON_SECONDS) == (200, True), reader.took
        assert "zqanswer" not in reader.ask("GET", "/chat")[1]


def test_a_body_that_does_not_come_within_ten_seconds_is_cut_and_so_is_a_client_that_says_nothing(
    office: tuple[RunningSite, RunningSite, Browser],
) -> None:
    """Clients that said nothing, or only that they speak HTTP/2, kept their places for ever: 2,048 closed a worker."""
    site, desk, _ = office
    with (
        dribbling(site, SEARCH) as at_the_site,
        dribbling(desk, SIGN_IN) as at_the_desk,
        silent(site, b"") as silent_at_the_site,
        silent(site, IN_HTTP_2) as with_another_protocol,
        silent(desk, IN_HTTP_2[:20]) as silent_at_the_desk,
    ):
        time.sleep(SECONDS_FOR_A_BODY + 2)
        for connection in (silent_at_the_site, with_another_protocol, silent_at_the_desk):
            assert is_closed(connection)
        assert len(at_the_site) == len(at_the_desk) == DRIBBLERS
        assert max(*at_the_site, *at_the_desk) < SECONDS_FOR_A_BODY + 2
        assert min(*at_the_site, *at_the_desk) > SECONDS_FOR_A_BODY - 1


def test_the_answer_to_a_body_that_was_cut_says_so_and_has_the_whole_policy(
    office: tuple[RunningSite, RunningSite, Browser],
) -> None:
    for site, words in zip(office[:2], WORDS_FOR_CUT, strict=True):
        with socket.create_connection(("127.0.0.1", site.port), timeout=SECONDS_FOR_A_BODY + 5) as connection:
            connection.sendall(b"POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n\r\nquery=")
            answer = b""
            while part := connection.recv(65536):
                answer += part
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"content-security-policy: default-src 'none'" in answer.lower()
        assert b"content-type: text/html" in answer.lower()
        assert [phrase for phrase in words if phrase not in answer] == []


def test_a_connection_that_is_closed_in_the_middle_of_a_form_leaves_nothing_behind(
    office: tuple[RunningSite, RunningSite, Browser],
) -> None:
    site, _, _ = office
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", site.port)) as connection:
            connection.sendall(b"POST /feedback HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 900\r\n\r\nmessage=zqhalf")  # fmt: skip
    time.sleep(1)
    assert Browser(site).ask("GET", "/help/money")[0] == 200
    database = site.data / "feedback.sqlite3"
    assert not database.exists() or b"zqhalf" not in database.read_bytes()
    assert "zqhalf" not in site.log.read_text()
    assert "Traceback" not in site.log.read_text()


def test_a_body_in_chunks_arrives_whole_and_one_of_several_megabytes_is_refused(
    office: tuple[RunningSite, RunningSite, Browser],
) -> None:
    site, _, _ = office
    head = b"POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    for body in (
        b"Transfer-Encoding: chunked\r\n\r\n6\r\nquery=\r\n5\r\nmoney\r\n0\r\n\r\n",
        b"Content-Length: 11\r\n\r\nquery=money",
    ):
        with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
            connection.sendall(head + body)
            answer = b""
            while part := connection.recv(65536):
                answer += part
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"/help/money" in answer
    for path, size, status in (("/search", 63_000, 200), ("/search", 3_000_000, 413)):
        try:
            assert Browser(site).ask("POST", path, query="a" * size)[0] == status
        except (BrokenPipeError, ConnectionResetError):
            assert status == 413  # refused before it had all been sent
