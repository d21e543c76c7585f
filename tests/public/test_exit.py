"""Every page, address and file agrees on where “Hide this page” leads."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.chat.store import open_store
from sidedoor.public import create_app
from sidedoor.public.export import write_mirror
from sidedoor.settings import Settings
from tests.chat.test_chat import CHAT, PRESSED
from tests.conftest import Refresh, SetClock
from tests.content import SITE, ContentFolder

CHOSEN = "https://chosen.example/a?b=1&c=2"
EVERY_KIND = ("/", "/help/money", "/practise", "/safer-browsing", "/contacts", "/search", "/nothing-here")


@pytest.fixture
def chosen(content: ContentFolder, tmp_path: Path, clock: SetClock) -> Iterator[Flask]:
    """The site with a destination that the operator chose."""
    settings = Settings.model_validate({"content": content.path, "data": tmp_path / "data", "exit_url": CHOSEN})
    app = create_app(settings, clock)
    yield app
    app.extensions["live"].close()


def script_of(page: str) -> dict[str, str]:
    """The data- attributes of a page's first script, which is that of the exit."""
    match = re.search(r"<script([^>]*)>", page)
    assert match
    return {name: unescape(value) for name, value in re.findall(r' data-(\w+)="([^"]*)"', match[1])}


@pytest.mark.parametrize("path", EVERY_KIND)
def test_every_page_leads_to_the_first_destination_and_gives_its_script_both(client: FlaskClient, path: str) -> None:
    page = client.get(path).text
    assert page.count('href="https://weather.example/"') == 2, "the link and its copy for reader views"
    assert script_of(page) == {
        "exit": "https://weather.example/",
        "next": "https://second.example/",
        "redirect": "/w",
        "title": "Untitled",
        "link": "#hide-this-page, .way-out a",
    }


def test_the_operators_setting_replaces_every_destination_of_the_site(chosen: Flask, tmp_path: Path) -> None:
    client = chosen.test_client()
    for path in EVERY_KIND:
        page = client.get(path).text
        assert "weather.example" not in page
        assert "second.example" not in page
        assert script_of(page)["exit"] == CHOSEN
        assert f'id="hide-this-page" href="{CHOSEN}"' in unescape(page)
    assert client.get("/w").location == CHOSEN
    write_mirror(chosen, tmp_path / "mirror", "https://www.example.org")
    assert f'/w "{CHOSEN}";' in (tmp_path / "mirror/_moved.map").read_text()
    assert f"/w {CHOSEN} 303" in (tmp_path / "mirror/_redirects").read_text()
    for file in (tmp_path / "mirror").resolve().rglob("*"):
        if file.is_file() and not file.name.endswith((".br", ".gz")):
            assert b"weather.example" not in file.read_bytes(), file.name


def test_leaving_during_a_chat_ends_it_and_leads_on_to_the_same_destination(
    content: ContentFolder, chosen: Flask, clock: SetClock
) -> None:
    content.write("site.toml", SITE + CHAT)
    chosen.extensions["live"].refresh()
    open_store("sqlite:", chosen.config["DATA"]).set_presence(1, "Kit", True, clock())
    reader = chosen.test_client()
    reader.post("/chat/start", data={})
    page = reader.get("/help/money").text
    assert page.count('href="/chat/hide"') == 2
    assert script_of(page) == {
        "exit": CHOSEN,
        "redirect": "/w",
        "title": "Untitled",
        "link": "#hide-this-page, .way-out a",
        "end": "/chat/hide",
        "mark": "left",
    }
    assert reader.get("/chat/hide", headers=PRESSED).location == CHOSEN
    assert reader.get_cookie("chat") is None


def test_a_page_from_before_the_chat_was_switched_off_still_leads_away(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    content.write("site.toml", SITE + CHAT)
    refresh()
    assert client.get("/chat").status_code == 200
    content.write("site.toml", SITE)
    refresh()
    answer = client.get("/chat/hide", headers=PRESSED)
    assert (answer.status_code, answer.location) == (303, "https://weather.example/")
