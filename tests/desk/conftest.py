"""The desk on a small content folder, and its cast: Ann and Ben of the press office, Eve the editor, and the others."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from werkzeug.test import TestResponse

from sidedoor.desk import create_app
from sidedoor.desk.headers import policy_headers
from sidedoor.public import create_app as create_public_app
from sidedoor.settings import Settings
from tests.conftest import SetClock
from tests.content import ContentFolder
from tests.house import HouseClient

CAST = {
    "Ann Press": ("press",),
    "Ben Press": ("press",),
    "Eve Editor": ("editor",),
    "Eli Editor": ("editor",),
    "Kit Adviser": ("adviser",),
    "Sue Supervisor": ("supervisor",),
    "Ada Admin": ("admin",),
}


class DeskClient(FlaskClient):
    """Somebody's browser at the desk: sends the token of the last form it saw and checks the policy of each answer."""

    _token = ""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if kwargs.pop("with_token", True) and kwargs.get("method") == "POST":
            if isinstance(kwargs.get("data"), dict):
                kwargs["data"] = {"csrf_token": self._token, **kwargs["data"]}
            elif "data" not in kwargs and "json" not in kwargs:
                kwargs["data"] = {"csrf_token": self._token}
            elif "json" in kwargs:
                kwargs["headers"] = {**kwargs.get("headers", {}), "X-CSRFToken": self._token}
        answer = super().open(*args, **{"buffered": True, **kwargs})
        for name in policy_headers(https=False):
            assert answer.headers.get_all(name), f"{name} of {answer.request.path}"
        if match := re.search(r'name="csrf_token" value="([^"]+)"', answer.get_data().decode("utf-8", "replace")):
            self._token = match[1]
        return answer


@pytest.fixture
def desk(content: ContentFolder, tmp_path: Path, clock: SetClock) -> Iterator[Flask]:
    """The desk, with its cast. Like the public app in tests it does not watch the folder, but rereads it when it saves."""
    app = create_app(Settings(content=content.path, data=tmp_path / "data"), clock)
    app.test_client_class = DeskClient
    for name, roles in CAST.items():
        app.extensions["desk"].staff.add(name, roles)
    yield app
    app.extensions["desk"].live.close()


def learn_the_token(client: FlaskClient) -> None:
    """Put a form's token in the client's session, so that it can send forms as if it had seen a page."""
    with client.application.test_request_context():
        token, stored = generate_csrf(), flask.session["csrf_token"]
    with client.session_transaction() as session:
        session["csrf_token"] = stored
    client._token = token  # type: ignore[attr-defined]


SignedIn = Callable[[str], FlaskClient]


@pytest.fixture
def signed_in(desk: Flask, clock: SetClock) -> SignedIn:
    """`signed_in("Ann Press")`: her browser, in a session of her own."""

    def sign_in(name: str) -> FlaskClient:
        client = desk.test_client()
        person = desk.extensions["desk"].staff.named(name)
        with client.session_transaction() as session:
            session["token"] = desk.extensions["desk"].sessions.start(person, "Firefox on Linux", clock())
        learn_the_token(client)
        return client

    return sign_in


@pytest.fixture
def ann(signed_in: SignedIn) -> FlaskClient:
    """A press officer."""
    return signed_in("Ann Press")


@pytest.fixture
def ben(signed_in: SignedIn) -> FlaskClient:
    """Her colleague."""
    return signed_in("Ben Press")


@pytest.fixture
def eve(signed_in: SignedIn) -> FlaskClient:
    """An editor."""
    return signed_in("Eve Editor")


@pytest.fixture
def ada(signed_in: SignedIn) -> FlaskClient:
    """The administrator."""
    return signed_in("Ada Admin")


class PublicSite:
    """What the public sees of a content folder at the same moment."""

    def __init__(self, content: Path, data: Path, clock: SetClock) -> None:
        self.app = create_public_app(Settings(content=content, data=data), clock)
        self.app.test_client_class = HouseClient

    def get(self, path: str) -> tuple[int, str]:
        self.app.extensions["live"].refresh()
        answer = self.app.test_client().get(path)
        return answer.status_code, answer.get_data(as_text=True)


@pytest.fixture
def public(content: ContentFolder, tmp_path: Path, clock: SetClock, desk: Flask) -> Iterator[PublicSite]:
    """The public site on the same folder."""
    site = PublicSite(content.path, tmp_path / "public", clock)
    yield site
    site.app.extensions["live"].close()
