"""The ways in: what opens the desk, how often and how long, and what ends it: links, passkeys, passwords, sessions, audit."""

import http.cookiejar
import json
import re
import sqlite3
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.desk import create_app
from sidedoor.desk.audit.store import SCHEMA as AUDIT
from sidedoor.desk.audit.store import STRANGERS_LINES, Audit
from sidedoor.desk.people import signing_in
from sidedoor.desk.people.staff import FAILURES, OFFICE_FAILURES, LinkSpent, Passkey, Staff, TooOften
from sidedoor.desk.people.staff import SCHEMA as STAFF
from sidedoor.schema import InEach
from sidedoor.settings import Settings
from tests.conftest import SetClock
from tests.content import ContentFolder
from tests.desk.conftest import DeskClient, SignedIn
from tests.desk.people.test_signing_in import PASSWORD, invitation_link, set_password
from tests.server import DESK, RunningSite


class Browser:
    """A browser without scripts at a real server: keeps its cookies and follows no redirects."""

    def __init__(self, url: str) -> None:
        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: Any) -> None:
                return None

        self.url = url
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._open = urllib.request.build_opener(jar, Stay).open

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            with self._open(self.url + path, data, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


def field(page: str, name: str) -> str:
    match = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert match, name
    return match[1]


def test_when_two_browsers_use_a_link_at_once_one_gets_in_and_nothing_of_the_other_is_stored(
    content: ContentFolder, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    desk = RunningSite(content.path, data, application=DESK)
    try:
        staff = Staff(data)
        for number in range(8):
            person = staff.add(f"Person {number}", ["press"])
            link = f"/invitation/{staff.new_link(person.id, datetime.now(UTC))}"
            at_once = threading.Barrier(2)
            secrets: dict[int, str] = {}

            def take_up(
                browser: Browser, visitor: int, link: str = link, at_once: Any = at_once, secrets: Any = secrets
            ) -> int:
                _, page = browser.ask(link)
                secrets[visitor] = field(page, "secret")
                form = {
                    "csrf_token": field(page, "csrf_token"),
                    "secret": secrets[visitor],
                    "password": f"{PASSWORD} {visitor}",
                }
                form["code"] = pyotp.TOTP(secrets[visitor]).now()
                at_once.wait()
                return browser.ask(f"{link}/password", form)[0]

            browsers = [Browser(desk.url), Browser(desk.url)]
            with ThreadPoolExecutor(2) as people:
                statuses = list(people.map(take_up, browsers, (0, 1)))
            assert sorted(statuses) == [303, 410], number
            winner = statuses.index(303)
            with closing(sqlite3.connect(data / "staff.sqlite3")) as database:
                stored = database.execute("SELECT secret FROM passwords WHERE person = ?", (person.id,)).fetchall()
            assert stored == [(secrets[winner],)], number
            assert [browser.ask("/account")[0] for browser in browsers] == [
                200 if visitor == winner else 303 for visitor in (0, 1)
            ]
    finally:
        desk.close()


def a_passkey(person: int, name: bytes, clock: SetClock) -> Passkey:
    return Passkey(name, person, b"key", 0, "Firefox", clock(), None)


def test_a_link_that_was_used_before_stores_no_passkey_password_or_work_account(desk: Flask, clock: SetClock) -> None:
    staff = desk.extensions["desk"].staff
    ann = staff.named("Ann Press")
    token = staff.new_link(ann.id, clock())
    staff.add_passkey(a_passkey(ann.id, b"one", clock), token)
    secret = pyotp.random_base32()
    password = staff.new_password(ann, PASSWORD, secret, pyotp.TOTP(secret).at(clock()), clock())
    late: list[Callable[[], None]] = [
        lambda: staff.add_passkey(a_passkey(ann.id, b"two", clock), token),
        lambda: staff.set_password(ann.id, password, clock(), token),
        lambda: staff.connect(ann.id, "issuer ann", clock(), token),
    ]
    for way_in in late:
        with pytest.raises(LinkSpent):
            way_in()
    assert [key.credential for key in staff.passkeys(ann.id)] == [b"one"]
    assert not staff.has_password(ann.id)
    assert staff.connected("issuer ann") is None


def test_a_new_link_ends_every_other_way_in_and_every_session_at_once(
    desk: Flask, ada: FlaskClient, clock: SetClock, signed_in: SignedIn
) -> None:
    staff, sessions = desk.extensions["desk"].staff, desk.extensions["desk"].sessions
    thief = desk.test_client()
    secret = set_password(thief, invitation_link(desk, clock, "Ann Press"), clock)
    ann = staff.named("Ann Press")
    staff.add_passkey(a_passkey(ann.id, b"lost phone", clock))
    staff.connect(ann.id, "issuer ann", clock())
    older = staff.named("Ann Press")  # as she was when the old passkey was verified
    assert thief.get("/account").status_code == 200
    assert ada.post(f"/people/{ann.id}/link").status_code == 303
    assert thief.get("/account").status_code == 303
    assert staff.passkey(b"lost phone") is None
    assert staff.connected("issuer ann") is None
    clock.forward(minutes=1)
    thief.get("/sign-in")
    form = {"name": "Ann Press", "password": PASSWORD, "code": pyotp.TOTP(secret).at(clock())}
    assert thief.post("/sign-in", data=form).status_code == 422
    # A session that was started with the old passkey at the same moment opens nothing.
    with thief.session_transaction() as session:
        session["token"] = sessions.start(older, "Firefox", clock())
    assert thief.get("/account").status_code == 303
    assert signed_in("Ann Press").get("/account").status_code == 200


def test_nobody_can_take_over_a_colleagues_account_alone(
    desk: Flask, ada: FlaskClient, eve: FlaskClient, clock: SetClock, signed_in: SignedIn
) -> None:
    staff = desk.extensions["desk"].staff
    ann, newcomer = staff.named("Ann Press"), staff.named("Ben Press")
    assert "/invitation/" in ada.post(f"/people/{newcomer.id}/link").get_data(as_text=True), "Ben has never signed in"
    staff.add_passkey(a_passkey(ann.id, b"lost phone", clock))
    assert ada.post(f"/people/{ann.id}/link").status_code == 303
    assert staff.passkey(b"lost phone") is None, "the old way in ends at once"
    for alone in (ada.post(f"/people/{ann.id}/link"), ada.post(f"/people/{ann.id}/recover")):
        assert alone.status_code == 422
        assert "takes a second person" in alone.get_data(as_text=True)
        assert "/invitation/" not in alone.get_data(as_text=True)
    assert "Somebody waits for a second person" in eve.get("/").get_data(as_text=True)
    let_in = eve.post(f"/people/{ann.id}/recover").get_data(as_text=True)
    assert "Give this link to <strong>Ann Press</strong>" in let_in and "/invitation/" in let_in
    assert eve.post(f"/people/{ann.id}/recover").status_code == 422
    assert desk.extensions["desk"].audit.entries("Ann Press")[-1].action == "stopped every way in of"
    staff.ask_to_recover(ann.id, staff.named("Ada Admin").id, clock())
    staff.set_roles(ann.id, ["editor"])
    assert signed_in("Ann Press").post(f"/people/{ann.id}/recover").status_code == 422, (
        "nobody recovers their own account"
    )


def test_spaces_capitals_and_odd_letters_in_a_name_give_no_more_tries(desk: Flask, clock: SetClock) -> None:
    client = desk.test_client()
    secret = set_password(desk.test_client(), invitation_link(desk, clock, "Ann Press"), clock)
    clock.forward(minutes=1)
    client.get("/sign-in")
    for name in ("ann press", "Ann\u00a0Press", "ANN\u2003PRESS", "Ａｎｎ Press", "Ann\u200b \u3000Press"):
        assert client.post("/sign-in", data={"name": name, "password": "no", "code": "0"}).status_code == 422
    form = {"name": "Ann  Press", "password": PASSWORD, "code": pyotp.TOTP(secret).at(clock())}
    assert client.post("/sign-in", data=form).status_code == 422, "all five tries are used up"
    clock.forward(minutes=16)
    right = {**form, "name": " ａnn\u2003press ", "code": pyotp.TOTP(secret).at(clock())}
    assert client.post("/sign-in", data=right).status_code == 303


def test_guesses_sent_at_the_same_moment_are_counted_before_they_are_checked(desk: Flask, clock: SetClock) -> None:
    staff = desk.extensions["desk"].staff
    ann = staff.named("Ann Press")
    with ThreadPoolExecutor(16) as people:
        allowed = list(people.map(lambda _: staff.attempt(ann, "office", clock()), range(32)))
    assert allowed.count(True) == FAILURES


def test_an_unknown_name_counts_against_the_network_and_is_not_stored(
    desk: Flask, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    client = desk.test_client()
    client.get("/sign-in")
    typed = "my-actual-passphrase-7781"
    form = {"name": typed, "password": "x", "code": "1"}
    assert [client.post("/sign-in", data=form).status_code for _ in range(3)] == [422] * 3
    for path in desk.config["DATA"].rglob("*"):
        if path.is_file():
            assert typed.encode() not in path.read_bytes(), path.name
    assert typed not in caplog.text
    lines = [(entry.action, entry.subject, entry.detail) for entry in desk.extensions["desk"].audit.everything()]
    assert lines[-1] == ("could not sign in", "", "a name that is not known here")
    staff = desk.extensions["desk"].staff
    network = "f" * 32
    for _ in range(OFFICE_FAILURES):
        staff.attempt(None, network, clock())
    with suppress(Exception):
        staff.attempt(None, network, clock())
    assert client.post("/sign-in", data=form).status_code == 422, "it is another network"


def test_names_that_an_older_version_stored_are_gone_after_the_upgrade(tmp_path: Path) -> None:
    staff = Staff(tmp_path)
    with closing(sqlite3.connect(tmp_path / "staff.sqlite3")) as before:
        before.executescript(str(STAFF.migrations[0]))
        before.execute("INSERT INTO failures VALUES ('my-actual-passphrase', '2026-11-24T12:00:00+00:00')")
        before.commit()
    staff.everybody()
    assert b"my-actual-passphrase" not in (tmp_path / "staff.sqlite3").read_bytes()


@pytest.mark.parametrize("purpose", ["sign in", "a passkey for 1 at the desk"])
def test_a_challenge_is_valid_once_for_five_minutes_and_for_its_purpose(
    desk: Flask, clock: SetClock, purpose: str
) -> None:
    staff = desk.extensions["desk"].staff
    challenge = staff.challenge(purpose, clock())
    assert not staff.answered(challenge, "another purpose", clock())
    assert staff.answered(challenge, purpose, clock())
    assert not staff.answered(challenge, purpose, clock()), "a challenge works once"
    clock.forward(days=3)
    assert not staff.answered(challenge, purpose, clock()), "even days later"
    late = staff.challenge(purpose, clock())
    clock.forward(minutes=5)
    assert not staff.answered(late, purpose, clock())
    assert not staff.answered(b"made up by whoever answers", purpose, clock())


def test_a_captured_answer_and_cookie_that_are_replayed_open_nothing(
    desk: Flask, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every signature counts as valid: the test is about the challenge.
    class Verified:
        new_sign_count = 0

    challenges: list[bytes] = []

    def verify(**arguments: Any) -> Verified:
        challenges.append(arguments["expected_challenge"])
        return Verified()

    monkeypatch.setattr("sidedoor.desk.people.signing_in.webauthn.verify_authentication_response", verify)
    staff = desk.extensions["desk"].staff
    staff.add_passkey(a_passkey(staff.named("Ann Press").id, b"her key", clock))
    client = desk.test_client()
    client.get("/sign-in")
    options = json.loads(client.post("/sign-in/passkey/options", json={}).get_data())
    cookie = client.get_cookie("desk")
    assert cookie
    answer = {"rawId": "aGVyIGtleQ"}
    assert client.post("/sign-in/passkey", json=answer).get_json() == {"go": "/"}
    assert len(challenges) == 1
    assert options["challenge"]
    for wait in (0, 2, 60 * 24 * 4):
        clock.forward(minutes=wait)
        thief = desk.test_client()
        thief.get("/sign-in")
        thief.set_cookie("desk", cookie.value)
        thief._token = client._token  # type: ignore[attr-defined]
        assert thief.post("/sign-in/passkey", json=answer).status_code in (400, 422), wait
    assert len(challenges) == 1


def test_audit_lines_by_strangers_are_limited_and_the_rest_are_counted(tmp_path: Path, clock: SetClock) -> None:
    audit = Audit(tmp_path, clock)
    for _ in range(500):
        audit.record_stranger("could not sign in")
    assert len(audit.everything()) == STRANGERS_LINES
    audit.record("Ann Press", "signed in")
    clock.forward(minutes=16)
    audit.record_stranger("could not sign in")
    last = audit.everything()[-2:]
    assert [(entry.action, entry.detail) for entry in last] == [
        ("tried too often to be listed", f"{500 - STRANGERS_LINES} times"),
        ("could not sign in", ""),
    ]
    assert audit.first_broken() is None


def tamper(data: Path, *changes: str) -> None:
    with closing(sqlite3.connect(data / "audit.sqlite3")) as database:
        for trigger in ("log_is_not_changed", "log_is_not_deleted"):
            database.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for change in changes:
            database.execute(change)
        database.commit()


def test_nobody_can_forge_a_valid_line_of_the_audit_without_its_key(tmp_path: Path, clock: SetClock) -> None:
    import hashlib

    audit = Audit(tmp_path, clock)
    audit.record("Ann Press", "signed in")
    audit.record("Ben Press", "removed", "Ann Press")
    assert audit.first_broken() is None
    first, second = audit.everything()
    cells = [first.chain, second.at.isoformat(), "Eve", second.action, second.subject, second.detail]
    forged = hashlib.sha256(json.dumps(cells).encode()).hexdigest()
    tamper(tmp_path, f"UPDATE log SET person = 'Eve', chain = '{forged}' WHERE number = 2")
    assert audit.first_broken() == 2


def test_the_key_also_protects_lines_from_before_it_existed(tmp_path: Path, clock: SetClock) -> None:
    import hashlib

    def chain(before: str, person: str) -> str:
        return hashlib.sha256(
            json.dumps([before, clock().isoformat(), person, "signed in", "", ""]).encode()
        ).hexdigest()

    audit = Audit(tmp_path, clock)
    with closing(sqlite3.connect(tmp_path / "audit.sqlite3")) as database:
        first = AUDIT.migrations[0]
        assert isinstance(first, InEach)
        database.executescript(first.sqlite)
        first_chain = chain("", "Ann")
        for row in ((1, "Ann", first_chain), (2, "Ben", chain(first_chain, "Ben"))):
            query = "INSERT INTO log VALUES (?, ?, ?, 'signed in', '', '', ?)"
            database.execute(query, (row[0], clock().isoformat(), row[1], row[2]))
        database.commit()
    audit.record("Cat", "signed in")
    assert audit.first_broken() is None
    other = chain("", "Eve")
    tamper(
        tmp_path,
        f"UPDATE log SET person = 'Eve', chain = '{other}' WHERE number = 1",
        f"UPDATE log SET chain = '{chain(other, 'Ben')}' WHERE number = 2",
    )
    assert audit.first_broken() == 2
    tamper(tmp_path, "DELETE FROM log WHERE number >= 1")
    assert audit.first_broken() == 1


@pytest.fixture
def full_log(desk: Flask) -> Flask:
    """The desk with an audit that cannot be written."""
    with closing(sqlite3.connect(desk.config["DATA"] / "audit.sqlite3")) as database:
        desk.extensions["desk"].audit.record("Ann Press", "signed in")
        database.execute("CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
        database.commit()
    return desk


def test_a_step_that_cannot_be_recorded_does_not_happen(
    full_log: Flask, ada: FlaskClient, ann: FlaskClient, eve: FlaskClient, clock: SetClock
) -> None:
    staff, sessions = full_log.extensions["desk"].staff, full_log.extensions["desk"].sessions
    ben, her = staff.named("Ben Press"), staff.named("Ann Press")
    staff.add_passkey(a_passkey(ben.id, b"key", clock))
    eli = staff.named("Eli Editor")
    staff.ask_to_recover(eli.id, staff.named("Ada Admin").id, clock())
    staff.add_passkey(a_passkey(her.id, b"one", clock))
    staff.add_passkey(a_passkey(her.id, b"two", clock))
    signed_in = len(sessions.of(her, clock()))
    for client, path, form in (
        (ada, f"/people/{ben.id}/remove", {}),
        (ada, f"/people/{ben.id}/roles", {"role": "admin"}),
        (ada, f"/people/{ben.id}/link", {}),
        (eve, f"/people/{eli.id}/recover", {}),
        (ada, "/people/invite", {"name": "New Person", "role": "press"}),
        (ann, "/account/passkey/remove", {"credential": "b25l"}),
        (ann, "/account/sessions/end", {"session": "others"}),
        (ann, "/sign-out", {}),
    ):
        assert client.post(path, data=form).status_code == 500, path
    assert staff.named("Ben Press") == ben
    assert staff.passkey(b"key") is not None
    assert [recovery.person for recovery in staff.recoveries()] == [eli.id]
    assert staff.named("New Person") is None
    assert len(staff.passkeys(her.id)) == 2
    assert len(sessions.of(her, clock())) == signed_in
    stranger = full_log.test_client()
    token = invitation_link(full_log, clock, "Eve Editor")
    page = stranger.get(token).get_data(as_text=True)
    form = {
        "secret": field(page, "secret"),
        "password": PASSWORD,
        "code": pyotp.TOTP(field(page, "secret")).at(clock()),
    }
    assert stranger.post(f"{token}/password", data=form).status_code == 500
    assert not staff.has_password(staff.named("Eve Editor").id)
    assert stranger.get(token).status_code == 200, "the link is not used up"


def test_a_step_that_is_refused_after_it_was_recorded_is_recorded_as_refused(desk: Flask, ada: FlaskClient) -> None:
    number = desk.extensions["desk"].staff.named("Ada Admin").id
    assert ada.post(f"/people/{number}/remove").status_code == 422
    first, second = desk.extensions["desk"].audit.everything()[-2:]
    assert (first.action, first.subject) == ("removed", "Ada Admin")
    assert (second.action, second.subject, second.detail) == ("did not get through", "Ada Admin", "removed")


def test_a_page_that_only_polls_keeps_no_session_alive(desk: Flask, signed_in: SignedIn, clock: SetClock) -> None:
    polls = {
        "Kit Adviser": "/chats/now",
        "Sue Supervisor": "/chats/1/watch/now",
        "Eli Editor": "/calendar?by-itself",
    }
    for name, path in polls.items():
        client = signed_in(name)
        for _ in range(3):
            clock.forward(minutes=50)
            client.get(path)
        assert client.get("/account").status_code == 303, path
    ann = signed_in("Ann Press")
    started = ann.post("/items/new", data={"title": "Rooms", "kind": "news"}).location
    for _ in range(3):
        clock.forward(minutes=50)
        ann.post(f"{started}/typing/here", data={"base": "x"})
    assert ann.get("/account").status_code == 303
    # Opening a page keeps the session alive.
    kit = signed_in("Kit Adviser")
    for _ in range(3):
        clock.forward(minutes=50)
        assert kit.get("/chats").status_code == 200
    assert kit.get("/account").status_code == 200


def test_removing_a_person_a_new_link_and_forgetting_a_passkey_ask_first(
    desk: Flask, ada: FlaskClient, ann: FlaskClient, clock: SetClock
) -> None:
    staff = desk.extensions["desk"].staff
    her = staff.named("Ann Press")
    staff.add_passkey(a_passkey(her.id, b"one", clock))
    page = ada.get("/people").get_data(as_text=True)
    for step in ("remove", "link"):
        path = f"/people/{her.id}/{step}"
        assert f'action="{path}"' not in page, "a single press must not do it"
        assert f'href="{path}"' in page
        question = ada.get(path).get_data(as_text=True)
        assert "Ann Press" in question
        assert f'<form method="post" action="{path}">' in question
        assert '<a class="button second" href="/people">No, go back</a>' in question
        assert staff.named("Ann Press") == her, "nothing has happened yet"
    account = ann.get("/account").get_data(as_text=True)
    assert 'action="/account/passkey/remove"' not in account
    match = re.search(r'href="(/account/passkey/remove\?credential=[\w-]+)"', account)
    assert match
    question = ann.get(match[1]).get_data(as_text=True)
    assert "Forget this passkey?" in question
    assert staff.passkey(b"one") is not None
    assert ann.post("/account/passkey/remove", data={"credential": field(question, "credential")}).status_code == 422
    assert ada.get(match[1]).status_code == 404, "it is somebody else's passkey"


@pytest.mark.parametrize(
    ("guessing", "other"),
    [
        ("::ffff:192.0.2.7", "::ffff:198.51.100.7"),
        ("192.0.2.7:50123", "198.51.100.7:50123"),
        ("[2001:db8:1::1]:443", "[2001:db8:2::1]:443"),
    ],
)
def test_a_network_that_guesses_too_often_shuts_out_no_other_however_its_address_is_written(
    desk: Flask, clock: SetClock, guessing: str, other: str
) -> None:
    for _ in range(OFFICE_FAILURES):
        assert desk.extensions["desk"].staff.attempt(None, network_of(desk, guessing), clock())
    with pytest.raises(TooOften):
        desk.extensions["desk"].staff.attempt(None, network_of(desk, guessing), clock())
    assert desk.extensions["desk"].staff.attempt(None, network_of(desk, other), clock())


def test_behind_our_own_proxy_networks_are_distinguished_and_addresses_that_a_caller_adds_are_ignored(
    content: ContentFolder, tmp_path: Path, clock: SetClock
) -> None:
    desk = create_app(Settings(content=content.path, data=tmp_path / "data", proxies=1), clock)
    desk.test_client_class = DeskClient
    client = desk.test_client()
    client.get("/sign-in")
    form = {"name": "Nobody", "password": "x", "code": "1"}

    def guess(forwarded_for: str) -> int:
        return client.post("/sign-in", data=form, headers={"X-Forwarded-For": forwarded_for}).status_code

    assert [guess(f"203.0.113.{number}, 192.0.2.7") for number in range(OFFICE_FAILURES)] == [422] * OFFICE_FAILURES
    assert (guess("192.0.2.7"), guess("192.0.2.7, 198.51.100.7")) == (429, 422)
    desk.extensions["desk"].live.close()


def test_a_network_is_recognised_however_its_address_is_written(desk: Flask) -> None:
    four = {
        network_of(desk, address)
        for address in ("192.0.2.7", "192.0.2.9:50123", "::ffff:192.0.2.8", "64:ff9b::c000:207")
    }
    six = {network_of(desk, address) for address in ("2001:db8:1::1", "[2001:db8:1:2::3]:443")}
    assert len(four) == len(six) == 1
    assert four != six


def network_of(desk: Flask, address: str) -> str:
    with desk.test_request_context(environ_base={"REMOTE_ADDR": address}):
        return signing_in._network()
