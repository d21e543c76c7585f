"""Nothing somebody typed is lost when their session has ended meanwhile. Like every form of the desk, without scripts."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import SetClock
from tests.desk.conftest import SignedIn
from tests.desk.forms import fields_of, start

WORDS = 'Ten rooms\nare <open> & "warm".'


def sign_in_again(desk: Flask, client: FlaskClient, name: str, clock: SetClock) -> None:
    """Sign in as if in another tab of the same browser: a new session, without the old one's token."""
    with client.session_transaction() as session:
        session.clear()
        session["token"] = desk.extensions["desk"].sessions.start(
            desk.extensions["desk"].staff.named(name), "Firefox", clock()
        )


def hidden_fields(page: str) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page[page.index("<h1") :]):
        fields.setdefault(name, []).append(unescape(value))
    return fields


def test_a_release_saved_after_the_session_ended_is_shown_again_and_saved_after_signing_in(
    desk: Flask, ann: FlaskClient, clock: SetClock
) -> None:
    path = start(ann, "Rooms")
    form = {**fields_of(ann.get(path).get_data(as_text=True)), "summary": "Rooms.", "body": WORDS, "step": "draft"}
    clock.forward(hours=3)
    signed_out = ann.post(path, data=form)
    page = signed_out.get_data(as_text=True)
    assert signed_out.status_code == 401
    assert "You are signed out" in page
    assert '<a href="/sign-in" target="_blank">' in page
    assert hidden_fields(page)["body"] == [WORDS]
    sign_in_again(desk, ann, "Ann Press", clock)
    confirmation = ann.post(path, data=hidden_fields(page), with_token=False)
    assert confirmation.status_code == 400
    assert "as Ann Press" in confirmation.get_data(as_text=True)
    assert "Ten rooms" not in ann.get(path).get_data(as_text=True), "nothing is sent until somebody presses the button"
    sent = hidden_fields(confirmation.get_data(as_text=True))
    assert ann.post(path, data=sent, with_token=False).status_code == 303
    assert "Ten rooms" in ann.get(path).get_data(as_text=True)


@pytest.mark.parametrize(
    ("name", "path", "form"),
    [
        ("Ben Press", "/items/news/first/send-back", {"note": WORDS, "seen": "1"}),
        ("Eve Editor", "/contacts/ndah", {"name": WORDS, "base": "1"}),
        ("Kit Adviser", "/chats/1/say", {"message": WORDS}),
        ("Ada Admin", "/people/invite", {"name": WORDS, "role": "press"}),
    ],
)  # fmt: skip
def test_no_form_of_the_desk_loses_its_words_when_the_session_ends(
    desk: Flask, signed_in: SignedIn, clock: SetClock, name: str, path: str, form: dict[str, str]
) -> None:
    client = signed_in(name)
    clock.forward(hours=3)
    page = client.post(path, data=form).get_data(as_text=True)
    fields = hidden_fields(page)
    assert {field: values[0] for field, values in fields.items()} == form
    assert f'<form method="post" action="{path}">' in page
    assert "<open>" not in page


def test_a_script_learns_that_it_is_signed_out_and_gets_the_token_of_the_new_session(
    desk: Flask, ann: FlaskClient, clock: SetClock
) -> None:
    path = start(ann, "Rooms")
    clock.forward(hours=3)
    request = {"data": {"body": WORDS, "base": "x"}, "headers": {"Accept": "application/json"}}
    signed_out = ann.post(f"{path}/typing", **request)
    assert signed_out.status_code == 401
    assert signed_out.get_json()["problem"].startswith("You are signed out.")
    sign_in_again(desk, ann, "Ann Press", clock)
    stale = ann.post(f"{path}/typing", **request)
    assert stale.status_code == 400
    token = stale.get_json()["csrf_token"]
    assert stale.get_json()["person"] == "Ann Press"
    assert (
        ann.post(f"{path}/typing", data={"body": WORDS, "base": "x", "csrf_token": token}, with_token=False).status_code
        == 200
    )


def test_a_password_is_never_shown_again_and_another_site_cannot_make_the_desk_show_words(
    desk: Flask, ann: FlaskClient, clock: SetClock
) -> None:
    clock.forward(hours=3)
    secret = {"password": "my-actual-passphrase", "code": "123456", "secret": "A" * 32}
    answer = ann.post("/account/password", data=secret)
    assert answer.status_code == 401
    assert "my-actual-passphrase" not in answer.get_data(as_text=True)
    sign_in_again(desk, ann, "Ann Press", clock)
    forged = ann.post("/items/new", data={"title": WORDS}, headers={"Sec-Fetch-Site": "cross-site"}, with_token=False)
    assert forged.status_code == 403
    assert "Ten rooms" not in forged.get_data(as_text=True)
