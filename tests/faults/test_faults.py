"""Faults of real machines, done to real processes while readers keep asking."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.content import ContentFolder
from tests.faults.load import Load
from tests.server import PROJECT, RunningSite, copy_content, started_before, workers

LIVE_SECONDS = 5.0
EXITS = ["https://weather.example/"]


@pytest.fixture(scope="module")
def lasting_content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's content for the site that many tests share."""
    folder = tmp_path_factory.mktemp("lasting") / "content"
    copy_content(folder, EXITS)
    return folder


@pytest.fixture(scope="module")
def lasting_site(lasting_content: Path) -> Iterator[RunningSite]:
    """A site for all the faults that kill no process."""
    site = RunningSite(lasting_content, started_before(lasting_content.with_name("data")), workers=2)
    yield site
    site.close()


def get(site: RunningSite, path: str) -> tuple[int, str]:
    """Status and body."""
    try:
        with urllib.request.urlopen(site.url + path, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def wait_until(condition: Callable[[], bool], seconds: float = LIVE_SECONDS) -> float:
    """Wait until a condition holds; returns how many seconds that took. Raises AssertionError."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if condition():
                return time.monotonic() - began
        time.sleep(0.02)
    raise AssertionError("It did not come true.")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """Another site, whose workers die or are replaced."""
    folder = tmp_path_factory.mktemp("dying")
    copy_content(folder / "content", EXITS)
    site = RunningSite(folder / "content", started_before(folder / "data"), workers=2)
    yield site
    site.close()


def test_a_killed_worker_costs_only_the_requests_it_was_answering(site: RunningSite) -> None:
    before = workers(site)
    assert len(before) == 2
    with Load(site.url) as load:
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: len(set(workers(site))) == 2 and before[0] not in workers(site), 20)
        before_wait = load.answered
        wait_until(lambda: load.answered > before_wait + 100, 30)
    assert len(load.failures) <= load.readers, load.failures


def test_a_reload_loses_no_request(site: RunningSite) -> None:
    before = workers(site)
    with Load(site.url) as load:
        site.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not set(before) & set(workers(site)), 30)
        before_wait = load.answered
        wait_until(lambda: load.answered > before_wait + 100, 30)
    # A connection that was open to the old worker is closed between two answers; a browser asks again by itself.
    lost = [
        failure for failure in load.failures if "RemoteDisconnected" not in failure and "reset" not in failure.lower()
    ]
    assert lost == []
    assert len(load.failures) <= 2 * load.readers


def test_a_reload_waits_for_a_worker_that_takes_long_to_start(tmp_path: Path) -> None:
    copy_content(tmp_path / "content", EXITS)
    slow = tmp_path / "slow"
    site = RunningSite(
        tmp_path / "content", started_before(tmp_path / "data"), application="tests.faults.slow_start:load",
        TESTS_SLOW=str(slow),
    )  # fmt: skip
    try:
        slow.touch()
        before = workers(site)
        site.process.send_signal(signal.SIGHUP)
        refused = 0
        while before == workers(site) or len(workers(site)) > 1:
            try:
                urllib.request.urlopen(f"{site.url}/help/money", timeout=20).read()
            except urllib.error.URLError as error:
                refused += isinstance(error.reason, ConnectionRefusedError)
            except http.client.RemoteDisconnected:
                continue  # the old worker left just now: a browser asks again by itself
        assert workers(site)
        assert refused == 0
        assert urllib.request.urlopen(f"{site.url}/help/money", timeout=20).status == 200
    finally:
        site.close()


def test_a_reload_to_a_program_that_does_not_start_leaves_the_old_one(tmp_path: Path) -> None:
    copy_content(tmp_path / "content", EXITS)
    wrong = tmp_path / "wrong"
    site = RunningSite(
        tmp_path / "content", started_before(tmp_path / "data"), 2, application="tests.faults.slow_start:load",
        TESTS_SLOW=str(tmp_path / "slow"), TESTS_WRONG=str(wrong),
    )  # fmt: skip
    try:
        wrong.touch()
        before = workers(site)
        for _ in range(2):
            site.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "does not start, so the one from before" in site.log.read_text(), 60)
            site.log.write_text("")
            assert workers(site) == before
            assert urllib.request.urlopen(f"{site.url}/help/money", timeout=20).status == 200
        wrong.unlink()
        site.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(workers(site)) == 2 and not set(before) & set(workers(site)), 60)
        assert urllib.request.urlopen(f"{site.url}/help/money", timeout=20).status == 200
        os.kill(workers(site)[0], signal.SIGKILL)
        wait_until(lambda: len(workers(site)) == 2, 60)
    finally:
        site.close()


def harm_removed(content: Path) -> None:
    content.rename(Path(tempfile.mkdtemp(dir=content.parent)) / "away")


def harm_replaced_by_another(content: Path) -> None:
    content.rename(Path(tempfile.mkdtemp(dir=content.parent)) / "away")
    copy_content(content, EXITS)


def harm_replaced_by_a_copy_that_stops_half_way(content: Path) -> None:
    away = Path(tempfile.mkdtemp(dir=content.parent)) / "away"
    content.rename(away)
    files = [path.relative_to(away) for path in sorted(away.rglob("*"), reverse=True) if path.is_file()]
    for number, file in enumerate(files):
        if number == len(files) // 2:
            time.sleep(1)
        (content / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(away / file, content / file)


def harm_half_written(content: Path) -> None:
    page = content / "help" / "money.md"
    page.write_bytes(page.read_bytes()[:25])


def harm_unreadable(content: Path) -> None:
    (content / "help" / "money.md").unlink()
    os.mkfifo(content / "help" / "money.md")  # a program that opens it to read never gets any further


def harm_no_permission(content: Path) -> None:
    (content / "help" / "money.md").chmod(0)


def harm_symlink_loop(content: Path) -> None:
    (content / "help" / "money.md").unlink()
    (content / "help" / "money.md").symlink_to("money.md")
    (content / "help" / "round").symlink_to(content)


def harm_not_utf8(content: Path) -> None:
    (content / "help" / "money.md").write_bytes(b"---\ntitle: \xff\xfe\n---\n\xc3(")


def harm_nul(content: Path) -> None:
    page = content / "help" / "money.md"
    page.write_bytes(page.read_bytes() + b"\x00")


def harm_ten_megabytes(content: Path) -> None:
    page = content / "help" / "money.md"
    page.write_bytes(page.read_bytes() + b"word " * 2_000_000)


def harm_duplicate(content: Path) -> None:
    (content / "help" / "zzz").mkdir()
    shutil.copy(content / "help" / "money.md", content / "help" / "zzz" / "money.md")


def harm_bomb(content: Path) -> None:
    page = content / "help" / "money.md"
    page.write_bytes(page.read_bytes() + b"[" * 5000)


def harm_site_toml(content: Path) -> None:
    (content / "site.toml").write_bytes(b"name = [")


def harm_contacts(content: Path) -> None:
    (content / "contacts.yaml").write_bytes(b"contacts: {")


HARMS = [value for name, value in globals().items() if name.startswith("harm_")]


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__.removeprefix("harm_"))
def test_no_damage_to_the_content_loses_a_request_or_a_page_and_later_edits_are_shown(
    lasting_site: RunningSite, lasting_content: Path, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    site, content = lasting_site, lasting_content
    good = tmp_path / "good"
    copy_content(good, EXITS)
    with Load(site.url, readers=3) as load:
        harm(content)
        time.sleep(1)
        assert "Money" in get(site, "/help/money")[1]
        if content.exists():
            shutil.rmtree(content)
        page = good / "help" / "money.md"
        page.write_text(page.read_text("utf-8") + f"\n{harm.__name__}\n", "utf-8")
        good.rename(content)
        wait_until(lambda: all(harm.__name__ in get(site, "/help/money")[1] for _ in range(8)), 10)
        wait_until(lambda: load.answered > 50, 30)
    assert load.failures == []


@pytest.mark.alone
def test_an_edit_is_on_every_worker_within_a_second_and_nobody_sees_half_of_it(
    lasting_site: RunningSite, lasting_content: Path
) -> None:
    site, page = lasting_site, lasting_content / "help" / "money.md"
    text = page.read_text("utf-8")
    took = []
    for number in range(5):
        new = page.with_name(".money.md.new")
        new.write_text(f"{text}\nzqround {number} begin\n\nzqround {number} end\n", "utf-8")
        os.replace(new, page)

        def everywhere(number: int = number) -> bool:
            # Each on a new connection, so that both workers are asked.
            pages = [get(site, "/help/money")[1] for _ in range(8)]
            for shown in pages:
                rounds = re.findall(r"zqround (\d+)", shown)
                assert len(set(rounds)) <= 1, rounds
            return all(f"zqround {number} end" in shown for shown in pages)

        took.append(wait_until(everywhere))
    assert sorted(took)[len(took) // 2] < 1, took


def test_a_full_disk_stops_no_page_and_a_message_that_cannot_be_stored_is_given_back(
    content: ContentFolder, tmp_path: Path
) -> None:
    limited = ["prlimit", "--fsize=0", "--"]  # no file may grow, as on a full disk
    site = RunningSite(content.path, tmp_path / "data", workers=1, wrapper=limited)
    try:
        assert get(site, "/help/money")[0] == 200
        page = content.path / "help" / "money.md"
        page.write_text(page.read_text("utf-8") + "\nzqfull\n", "utf-8")
        wait_until(lambda: "zqfull" in get(site, "/help/money")[1])
        request = urllib.request.Request(f"{site.url}/feedback", b"message=zqkeep+this")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        with refused.value as answer:
            assert answer.code == 503
            shown = answer.read().decode()
        assert "zqkeep this</textarea>" in shown
        assert "could not keep your message" in shown
    finally:
        site.close()


def test_the_site_answers_again_once_the_connections_that_used_up_its_file_descriptors_are_closed(
    content: ContentFolder, tmp_path: Path
) -> None:
    site = RunningSite(content.path, tmp_path / "data", workers=1, wrapper=["prlimit", "--nofile=80", "--"])
    try:
        address = ("127.0.0.1", site.port)
        held = []
        for _ in range(150):
            with contextlib.suppress(OSError):
                held.append(socket.create_connection(address, timeout=1))
        time.sleep(0.5)
        for connection in held:
            connection.close()
        wait_until(lambda: get(site, "/help/money")[0] == 200, 10)
        page = content.path / "help" / "money.md"
        page.write_text(page.read_text("utf-8") + "\nzqafter\n", "utf-8")
        wait_until(lambda: "zqafter" in get(site, "/help/money")[1], 10)
    finally:
        site.close()


@pytest.mark.alone
@pytest.mark.parametrize("kind", ["half open", "slow to read", "slow to send a form"])
def test_two_hundred_bad_connections_do_not_keep_a_reader_waiting(lasting_site: RunningSite, kind: str) -> None:
    site = lasting_site
    address = ("127.0.0.1", site.port)
    held = []
    for _ in range(200):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.connect(address)
        if kind == "half open":
            connection.sendall(b"GET /help/money HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        elif kind == "slow to send a form":
            connection.sendall(b"POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n\r\nquery=")
        else:
            connection.sendall(b"GET /contacts HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20)
        held.append(connection)
    try:
        took = []
        for _ in range(10):
            began = time.monotonic()
            assert get(site, "/help/money")[0] == 200
            took.append(time.monotonic() - began)
        assert max(took) < 1, took
    finally:
        for connection in held:
            connection.close()


@contextlib.contextmanager
def taking_nothing(site: RunningSite, request: str, readers: int) -> Iterator[None]:
    """Readers who send a request and, once the answer has begun, take nothing of it."""
    held = []
    for _ in range(readers):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.connect(("127.0.0.1", site.port))
        connection.sendall(request.encode())
        held.append(connection)
    try:
        for connection in held:
            connection.settimeout(10)
            assert connection.recv(1, socket.MSG_PEEK)
        yield
    finally:
        for connection in held:
            connection.close()


def get_part(site: RunningSite, path: str, part: str) -> tuple[int, bytes]:
    """Status and body of a part of a file."""
    with urllib.request.urlopen(urllib.request.Request(site.url + path, headers={"Range": part})) as answer:
        return answer.status, answer.read()


def test_readers_who_take_nothing_lose_their_connections_and_hold_no_recording_in_memory(
    content: ContentFolder, tmp_path: Path
) -> None:
    """granian waited for them for ever: 2,048 of them closed a worker; and each held all of the video it had asked for."""
    sound = (PROJECT / "examples/hampshire/media/get-help-now.mp3").read_bytes()
    recording = sound * (2_900_000 // len(sound))
    content.write("media/long.mp3", recording)
    content.document("help/money.md", "/// audio | long.mp3\nIts words.\n///", title="Money", tab_title="Money")
    site = RunningSite(content.path, tmp_path / "data", application="tests.faults.impatient:load")
    try:
        (worker,) = workers(site)

        def held_connections() -> int:
            files = [os.readlink(file) for file in Path(f"/proc/{worker}/fd").iterdir()]
            return sum(file.startswith("socket:") for file in files)

        def megabytes() -> int:
            memory = re.search(r"VmRSS:\s*(\d+) kB", Path(f"/proc/{worker}/status").read_text())
            assert memory
            return int(memory[1]) // 1024

        before = held_connections()
        for part in ("bytes=0-", "bytes=1000-1999", "bytes=-10"):
            start, _, end = part.removeprefix("bytes=").partition("-")
            wanted = recording[int(start) : int(end or -1) + 1 or None] if start else recording[-int(end) :]
            assert get_part(site, "/media/long.mp3", part) == (206, wanted), part
        memory = megabytes()
        with taking_nothing(site, "GET /media/long.mp3 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 40):
            assert held_connections() > before
            assert get(site, "/help/money")[0] == 200
            assert megabytes() - memory < 60, "all of it for each would be 110"
            wait_until(lambda: held_connections() <= before, 20)
        with taking_nothing(site, "GET /pack HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 100, 20):
            assert held_connections() > before
            wait_until(lambda: held_connections() <= before, 20)
    finally:
        site.close()


def test_news_is_shown_and_hidden_at_once_when_the_clock_is_set_forward_and_back(tmp_path: Path) -> None:
    library = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert library, "Debian's package faketime is needed"
    clock = tmp_path / "clock"
    clock.write_text("@2026-11-24 12:00:00")
    folder = ContentFolder(tmp_path / "content")  # small, because the changed clock makes everything slow
    folder.write_basics()
    folder.document("news/later.md", "zqlater", title="Later", publish_at="2026-12-24 09:00")
    site = RunningSite(
        folder.path, tmp_path / "data", workers=1, LD_PRELOAD=str(library[-1]), FAKETIME_TIMESTAMP_FILE=str(clock),
        FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1", TZ="Europe/London",
    )  # fmt: skip
    try:
        assert get(site, "/news/later")[0] == 404
        for when, status in (("2026-12-24 09:00:00", 200), ("2026-12-24 08:59:00", 404), ("2027-06-01 00:00:00", 200)):
            clock.write_text(f"@{when}")
            assert get(site, "/news/later")[0] == status, when
            assert ("Later" in get(site, "/news")[1]) is (status == 200)
    finally:
        site.close()


def raw(site: RunningSite, request: bytes) -> bytes:
    """What the server answers to these bytes, until it closes the connection or sends no more."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=2) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(request)
        answer = b""
        with contextlib.suppress(OSError):
            while part := connection.recv(65536):
                answer += part
                if b"\r\n\r\n" in answer and len(answer) > 200:
                    connection.settimeout(0.2)
        return answer


HOST = b"Host: 127.0.0.1\r\nConnection: close\r\n"
REQUESTS = {
    "oversize header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", (400, 431, None)),
    "many headers": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 5000 + b"\r\n", (200, 400, 431, None)),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", (400,)),
    "unknown host": (b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", (400,)),
    "no host": (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", (400,)),
    "TE and CL": (b"POST /search HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n", (200, 400)),
    "bad Range": (b"GET /help HTTP/1.1\r\n" + HOST + b"Range: bytes=9-1,x\r\n\r\n", (200,)),
    "bad If-None-Match": (b"GET /help HTTP/1.1\r\n" + HOST + b'If-None-Match: "\xff,,W/"\r\n\r\n', (200,)),
    "traversal": (b"GET /images/..%2f..%2fsite.toml HTTP/1.1\r\n" + HOST + b"\r\n", (404,)),
    "encoded traversal": (b"GET /help/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", (404,)),
    "NUL in the path": (b"GET /help/%00 HTTP/1.1\r\n" + HOST + b"\r\n", (400, 404)),
    "bad percent": (b"GET /help/%zz%ff HTTP/1.1\r\n" + HOST + b"\r\n", (400, 404)),
    "no such method": (b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n", (405,)),
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", (400, None)),
    "too much to post": (b"POST /search HTTP/1.1\r\n" + HOST + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 99999999\r\n\r\nquery=a", (400, 413)),
}  # fmt: skip


@pytest.mark.parametrize(("request_bytes", "statuses"), REQUESTS.values(), ids=REQUESTS)
def test_a_wrong_request_is_refused_and_the_next_one_answered(
    lasting_site: RunningSite, request_bytes: bytes, statuses: tuple[int | None, ...]
) -> None:
    answer = raw(lasting_site, request_bytes)
    match = re.match(rb"HTTP/1\.\d (\d+)", answer)
    status = int(match[1]) if match else None
    assert status in statuses, answer[:200]
    assert b"root:" not in answer
    assert b"evil.example" not in answer
    assert get(lasting_site, "/help/money")[0] == 200
    assert json.loads(get(lasting_site, "/healthz")[1])


def test_the_log_names_no_path_and_no_address_after_all_these_faults(lasting_site: RunningSite) -> None:
    get(lasting_site, "/zqpath")
    raw(lasting_site, b"GET /zqraw HTTP/1.1\r\nHost: zqhost.example\r\n\r\n")
    log = lasting_site.log.read_text()
    assert "zq" not in log
    assert "127.0.0.1" not in log.replace(urlsplit(lasting_site.url).netloc, "")
