"""Signing in to the desk, as its own people and as strangers."""

import re
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher, Type
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.desk.people import staff
from sidedoor.desk.people.staff import Staff
from tests.conftest import SetClock
from tests.desk.conftest import SignedIn

PASSWORD = "lantern orbit pickle thursday"


def invitation_link(desk: Flask, clock: SetClock, name: str) -> str:
    staff = desk.extensions["desk"].staff
    token: str = staff.new_link(staff.named(name).id, clock())
    return f"/invitation/{token}"


def set_password(client: FlaskClient, link: str, clock: SetClock) -> str:
    page = client.get(link).get_data(as_text=True)
    secret = re.search(r'name="secret" value="(\w+)"', page)
    assert secret
    code = pyotp.TOTP(secret[1]).at(clock())
    answer = client.post(f"{link}/password", data={"secret": secret[1], "password": PASSWORD, "code": code})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return secret[1]


def test_guessing_a_password_costs_what_rfc_9106_recommends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "PasswordHasher", PasswordHasher)  # all other tests make it cheap
    hasher = Staff(tmp_path)._hasher
    assert (hasher.type, hasher.time_cost, hasher.memory_cost) == (Type.ID, 3, 65536), (
        "the RFC's second recommended option"
    )


def test_many_tries_at_once_take_the_memory_of_two(tmp_path: Path, clock: SetClock) -> None:
    """Sixteen at once took a gigabyte, all that the desk's unit may have: any stranger could kill the desk."""
    at_work = set[int]()
    most = [0]

    class Watched(PasswordHasher):
        def verify(self, *given: Any, **named: Any) -> Any:
            at_work.add(threading.get_ident())
            most.append(len(at_work))
            time.sleep(0.02)
            try:
                return super().verify(*given, **named)
            finally:
                at_work.discard(threading.get_ident())

    people = Staff(tmp_path, Watched(time_cost=1, memory_cost=8, parallelism=1))
    with ThreadPoolExecutor(16) as threads:
        answers = threads.map(lambda _: people.check_password(None, PASSWORD, "000000", clock()), range(16))
        assert set(answers) == {False}
    assert max(most) == 2


def test_a_stranger_signs_in_first_and_then_reaches_the_page_they_wanted(desk: Flask, clock: SetClock) -> None:
    stranger = desk.test_client()
    answer = stranger.get("/account")
    assert answer.location == "/sign-in?next=/account"
    secret = set_password(stranger, invitation_link(desk, clock, "Ann Press"), clock)
    stranger.get("/account")
    stranger.post("/sign-out")
    assert stranger.get("/account").status_code == 303
    clock.forward(minutes=1)
    stranger.get("/sign-in")
    form = {"name": "ann press", "password": PASSWORD, "code": pyotp.TOTP(secret).at(clock()), "next": "/account"}
    assert stranger.post("/sign-in", data=form).location == "/account"
    assert b"Ann Press" in stranger.get("/account").data
    # The same six digits do not work a second time.
    second = desk.test_client()
    second.get("/sign-in")
    assert second.post("/sign-in", data=form).status_code == 422
    actions = [entry.action for entry in desk.extensions["desk"].audit.entries()]
    assert actions == [
        "could not sign in",
        "signed in",
        "signed out",
        "signed in",
        "took up an invitation",
    ]


def test_a_link_works_once_and_expires(desk: Flask, clock: SetClock) -> None:
    used = invitation_link(desk, clock, "Ann Press")
    set_password(desk.test_client(), used, clock)
    assert desk.test_client().get(used).status_code == 410
    old = invitation_link(desk, clock, "Ben Press")
    clock.forward(days=7, seconds=1)
    assert desk.test_client().get(old).status_code == 410
    assert desk.test_client().get("/invitation/guessed").status_code == 410


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(desk: Flask, clock: SetClock, elsewhere: str) -> None:
    client = desk.test_client()
    secret = set_password(client, invitation_link(desk, clock, "Ann Press"), clock)
    clock.forward(minutes=1)
    client.get("/sign-in")
    form = {"name": "Ann Press", "password": PASSWORD, "code": pyotp.TOTP(secret).at(clock()), "next": elsewhere}
    assert client.post("/sign-in", data=form).location == "/"


def test_guessing_is_slowed_for_a_name_and_not_for_the_whole_office(desk: Flask, clock: SetClock) -> None:
    client = desk.test_client()
    secret = set_password(desk.test_client(), invitation_link(desk, clock, "Ann Press"), clock)
    clock.forward(minutes=1)
    client.get("/sign-in")
    wrong = {"name": "Ann Press", "password": "wrong wrong wrong", "code": "000000"}
    assert [client.post("/sign-in", data=wrong).status_code for _ in range(6)] == [422] * 6
    right = {"name": "Ann Press", "password": PASSWORD, "code": pyotp.TOTP(secret).at(clock())}
    rests = client.post("/sign-in", data=right)
    assert rests.status_code == 422
    assert "a name rests for 15 minutes" in rests.get_data(as_text=True)
    # An unknown name gets the same answer, so that strangers cannot find out which names exist.
    unknown = client.post("/sign-in", data={**right, "name": "Nobody"})
    assert unknown.status_code == 422
    pages = [re.sub(r'(content|value)="[^"]*"', "", answer.get_data(as_text=True)) for answer in (rests, unknown)]
    assert pages[0] == pages[1]
    assert client.post("/sign-in", data={**wrong, "name": "Ben Press"}).status_code == 422
    clock.forward(minutes=16)
    assert client.post("/sign-in", data={**right, "code": pyotp.TOTP(secret).at(clock())}).status_code == 303


def test_signing_in_starts_a_new_session_and_the_old_cookie_opens_nothing(desk: Flask, clock: SetClock) -> None:
    client = desk.test_client()
    client.get("/sign-in")
    before = client.get_cookie("desk")
    assert before
    assert before.http_only
    assert before.same_site == "Lax"
    assert not before.expires
    set_password(client, invitation_link(desk, clock, "Ann Press"), clock)
    after = client.get_cookie("desk")
    assert after
    thief = desk.test_client()
    thief.set_cookie("desk", before.value)
    assert thief.get("/account").status_code == 303
    # Signing out ends the session on the server, so a stolen cookie stops working.
    copy = desk.test_client()
    copy.set_cookie("desk", after.value)
    assert copy.get("/account").status_code == 200
    client.get("/account")
    client.post("/sign-out")
    assert copy.get("/account").status_code == 303
    copy.set_cookie("desk", after.value[:-2] + "xx")
    assert copy.get("/account").status_code == 303


def test_sessions_are_listed_can_be_ended_and_expire(desk: Flask, signed_in: SignedIn, clock: SetClock) -> None:
    browser, other_browser = signed_in("Ann Press"), signed_in("Ann Press")
    ben = signed_in("Ben Press")
    assert browser.get("/account").get_data(as_text=True).count("Firefox on Linux, since") == 2
    assert browser.post("/account/sessions/end", data={"session": "others"}).status_code == 303
    assert other_browser.get("/account").status_code == 303
    assert browser.get("/account").status_code == 200
    assert ben.get("/account").status_code == 200
    for _ in range(11):
        clock.forward(minutes=59)
        assert browser.get("/account").status_code == 200
    assert ben.get("/account").status_code == 303, "idle for two hours, the limit"
    clock.forward(minutes=100)
    assert browser.get("/account").status_code == 303, "a session lasts twelve hours at most"


def test_nobody_can_take_over_an_account_in_a_browser_that_was_left_open(
    desk: Flask, ann: FlaskClient, clock: SetClock
) -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    clock.forward(minutes=16)
    form = {"secret": secret, "password": PASSWORD, "code": pyotp.TOTP(secret).at(clock())}
    assert ann.post("/account/password", data=form).location == "/sign-in?next=/account"
    assert ann.post("/account/passkey/options", json={}).get_json() == {"go": "/sign-in?next=/account"}
    assert not desk.extensions["desk"].staff.has_password(desk.extensions["desk"].staff.named("Ann Press").id)


def test_a_post_without_its_token_or_from_another_site_does_nothing(desk: Flask, signed_in: SignedIn) -> None:
    ada = signed_in("Ada Admin")
    form = {"name": "New Person", "role": "admin"}
    assert ada.post("/people/invite", data=form, with_token=False).status_code == 400
    assert ada.post("/people/invite", data={**form, "csrf_token": "guessed"}).status_code == 400
    for origin in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert ada.post("/people/invite", data=form, headers=origin).status_code == 403
    assert desk.extensions["desk"].staff.named("New Person") is None
    assert ada.post("/people/invite", data=form).status_code == 200


def test_removing_a_person_or_a_role_takes_effect_at_once(desk: Flask, ada: FlaskClient, ben: FlaskClient) -> None:
    staff = desk.extensions["desk"].staff
    number = staff.named("Ben Press").id
    assert ada.post(f"/people/{number}/roles", data={"role": ["admin", "press"]}).status_code == 303
    assert ben.get("/people").status_code == 200
    assert ada.post(f"/people/{number}/roles", data={"role": "adviser"}).status_code == 303
    assert ben.get("/people").status_code == 403
    assert ada.post(f"/people/{number}/remove").status_code == 303
    assert ben.get("/account").status_code == 303
    answer = ada.post(f"/people/{staff.named('Ada Admin').id}/remove")
    assert "Make another person an admin first" in answer.get_data(as_text=True)


def test_the_log_is_append_only_and_reveals_a_changed_line(desk: Flask, ada: FlaskClient, tmp_path: object) -> None:
    audit = desk.extensions["desk"].audit
    audit.record("Ann Press", "=cmd|' /C calc'!A1", "<script>alert(1)</script>")
    page = ada.get("/log?words=script").get_data(as_text=True)
    assert "&lt;script&gt;alert(1)" in page
    assert "Every line is as it was written" in page
    assert "\"'=cmd|' /C calc'!A1\"" in ada.get("/log/all.csv").get_data(as_text=True)
    audit.record("Ben Other", "opened")
    assert 'href="/log/all.csv?words=script"' in page
    searched = ada.get("/log/all.csv?words=script").get_data(as_text=True)
    assert ("cmd" in searched, "Ben Other" in searched) == (True, False)
    path = desk.config["DATA"] / "audit.sqlite3"
    with sqlite3.connect(path) as database:
        for change in ("UPDATE log SET person = 'Ben'", "DELETE FROM log"):
            with pytest.raises(sqlite3.IntegrityError, match="append only"):
                database.execute(change)
        database.execute("DROP TRIGGER log_is_not_changed")
        database.execute("UPDATE log SET person = 'Ben' WHERE number = 1")
    database.close()
    assert audit.first_broken() == 1
    assert "Line 1 is not as it was written" in ada.get("/log").get_data(as_text=True)
