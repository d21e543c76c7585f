"""The list of public addresses: what is cached, what redirects, and that no published address vanishes."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.documents.fixed_addresses import FIXED_ADDRESSES, PACK, PACK_REST
from sidedoor.public.addresses import Addresses, is_answered_at_once
from tests.conftest import LONG, Refresh, SetClock
from tests.content import ContentFolder

STORED = Path(__file__).with_name("addresses.txt")
YEAR_IN_OTHER_DIGITS = ("٢٠٢٦", "२०२६", "２０２６", "2०26", "𝟐𝟎𝟐𝟔")


def published(app: Flask) -> list[str]:
    """Every route of the public site, and every address of the project's own content."""
    routes = [
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    return sorted([*routes, *app.extensions["site"].edition.edition().addresses])


def test_no_published_address_vanishes(real_app: Flask) -> None:
    """People write addresses down, so they must work for good: add a page's former slug to previous_slugs.

    `python -m tests.public.test_addresses` adds new addresses to the stored list and removes none.
    """
    stored, now = STORED.read_text("utf-8").splitlines(), published(real_app)
    assert not set(stored) - set(now), "these vanished"
    assert not set(now) - set(stored), "these are new: add them to the list"


def test_the_registry_has_every_address_that_is_there_whatever_documents_there_are(app: Flask) -> None:
    """Those with a part that varies are made of documents, by Addresses."""
    routes = {rule.rule for rule in app.url_map.iter_rules() if "<" not in rule.rule}
    fixed = {address.path for address in FIXED_ADDRESSES}
    assert routes == fixed | {PACK, PACK_REST, "/sitemap-pages.xml"}
    forms = {rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert forms <= {address.path for address in FIXED_ADDRESSES if address.form}


def test_no_step_of_a_conversation_is_remembered_in_any_language(real_app: Flask) -> None:
    steps = [address.path for address in FIXED_ADDRESSES if address.personal]
    assert {"/chat/wait", "/chat/messages", "/chat/hide"} <= set(steps)
    listed = real_app.extensions["site"].edition.edition().addresses
    assert {"/chat", "/cy/chat"} <= set(listed)
    assert not [path for step in steps for path in (step, f"/cy{step}") if path in listed]


@pytest.mark.parametrize(
    ("path", "at_once"),
    [
        ("/chat/messages", True), ("/chat/say", True), ("/cy/chat/messages", True), ("/zh-hant/chat/say", True),
        ("/chat/hide", True), ("/ur/chat/hide", True),
        ("/chat", False), ("/chat/wait", False), ("/chat/start", False), ("/messages", False), ("/x", False), ("/", False), ("", False),
    ],
)  # fmt: skip
def test_a_flood_of_searches_holds_up_nobody_who_hides_or_chats_in_any_language(path: str, at_once: bool) -> None:
    """These have threads of their own: beside 300 searches at once, Hide took eight seconds to end a chat."""
    assert is_answered_at_once(path) is at_once


def test_every_listed_address_answers(
    app: Flask, content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    content.document("news/first.md", previous_slugs=["former"])
    content.document("news/away.md", state="withdrawn", withdrawn={"at": "2026-11-20 09:00", "reason": "Wrong.", "removed": "yes"})  # fmt: skip
    for number in range(45):
        content.document(f"news/n{number}.md", publish_at="2025-05-05 09:00")
    refresh()
    addresses = Addresses(app.extensions["site"].edition.edition().public)
    listed = list(addresses)
    assert {"/news/2025/page/3", "/news/page/3", "/news/former", "/news/away", "/help/money"} <= set(listed)
    assert len(listed) == len(set(listed))
    for path in listed:
        assert path in addresses
        assert client.get(path).status_code in (200, 204, 301, 303, 410), path
    assert "/news/2025/page/4" not in addresses
    assert "/chat" not in addresses


def test_the_edition_caches_only_listed_addresses_whatever_is_requested(app: Flask, client: FlaskClient) -> None:
    spellings = [
        "/news/{}", "/news/{}/page/1", "/news/page/{}", "/news/0{}", "//news/{}", "/news/{}/", "/NEWS/{}",
    ]  # fmt: skip
    choose = random.Random(21)
    digits = ["".join(chr(zero + int(digit)) for digit in "2026") for zero in (0x660, 0x6F0, 0x966, 0xFF10, 0x1D7CE)]
    digits += [
        "".join(chr(choose.choice((0x30, 0x660, 0x966, 0xFF10)) + int(digit)) for digit in "2026")
        for _ in range(200 if LONG else 10)
    ]
    for path in [
        "/",
        "/help",
        "/help/money",
        "/news/2026",
        "/news/first",
        "/chat",
        "/contacts",
        "/nope",
        "/help/money/",
    ]:
        client.get(path)
    for spelling in spellings:
        for digit in [*digits, *map(str, range(1990, 2040, 1 if LONG else 6))]:
            client.get(spelling.format(digit))
    edition = app.extensions["site"].edition.edition()
    assert set(edition.answers) <= set(Addresses(edition.public))
    assert {"/", "/help/money", "/news/2026"} <= set(edition.answers)


def test_even_a_view_that_answers_everything_is_cached_only_at_public_addresses(
    app: Flask, client: FlaskClient
) -> None:
    home: Any = app.view_functions["help.home"]
    app.view_functions["pages.page"] = lambda slug: home()
    for number in range(50):
        assert client.get(f"/made-up-{number}").status_code == 200
    assert not [path for path in app.extensions["site"].edition.edition().answers if path.startswith("/made-up")]


@pytest.mark.parametrize("year", YEAR_IN_OTHER_DIGITS)
def test_a_year_in_an_address_is_four_ascii_digits(client: FlaskClient, year: str) -> None:
    assert client.get("/news/2026").status_code == 200
    for path in (f"/news/{year}", f"/news/{year}/page/2", "/news/page/٢", "/news/page/02", "/news/02026", "/news/1e3"):
        assert client.get(path).status_code == 404, path


@pytest.mark.parametrize(
    ("typed", "destination"),
    [
        ("/news/", "/news"), ("/help/", "/help"), ("/Help/money", "/help/money"), ("/HELP/MONEY", "/help/money"),
        ("/help/money/", "/help/money"), ("/help//money", "/help/money"), ("//help/money//", "/help/money"),
        ("//", "/"), ("//help/money", "/help/money"), ("/Contacts", "/contacts"), ("/Safer-Browsing/", "/safer-browsing"), ("/News/First", "/news/first"),
        ("/NEWS/2026/", "/news/2026"), ("/News/RSS.xml", "/news/rss.xml"), ("/Former", None), ("/news/FORMER/", "/news/first"),
        ("/nope", None), ("/nope/", None), ("/Nope", None), ("//nope", None), ("/news/2019/", None), ("/Chat", None),
        ("//evil.example/help/", None), ("//evil.example/", None), ("//evil.example/%2f..", None), ("/\\evil.example/", None),
        ("///evil.example//help", None), ("/http://evil.example/", None), ("/help/%0d%0ax:y/", None), ("/İ/", None),
    ],
)  # fmt: skip
def test_capitals_and_extra_slashes_are_redirected_once_to_the_page_and_never_to_another_host(
    app: Flask, content: ContentFolder, client: FlaskClient, refresh: Refresh, typed: str, destination: str | None
) -> None:
    content.document("news/first.md", previous_slugs=["former"])
    refresh()
    # The test client would take a path that starts with // for a host.
    for method in ("GET", "HEAD"):
        answer = client.open(method=method, environ_overrides={"PATH_INFO": typed.encode().decode("latin-1")})
        assert answer.status_code == (308 if destination else 404)
        assert answer.headers.get("Location") == destination
    assert set(app.extensions["site"].edition.edition().answers) <= set(
        Addresses(app.extensions["site"].edition.edition().public)
    )
    assert typed not in app.extensions["site"].edition.edition().answers
    if destination:
        assert client.get(destination).status_code == 200


def test_a_form_posted_to_a_mistyped_address_is_not_redirected(client: FlaskClient) -> None:
    assert client.post("/Search/", data={"query": "x"}).status_code in (404, 405)


@pytest.mark.parametrize("number", ["9" * 19, "9" * 30, "9" * 5000, "18446744073709551616", "-1", "٣" * 30, "1e9"])
def test_a_huge_number_in_an_address_is_404(app: Flask, client: FlaskClient, number: str) -> None:
    for rule in app.url_map.iter_rules():
        if "<" in rule.rule and "GET" in (rule.methods or ()):
            path = re.sub(r"<[^>]*>", number, rule.rule)
            assert client.get(path).status_code == 404, path
    for path in ("/chat/messages?after=", "/help?page=", "/chat?after="):
        assert client.get(path + number).status_code < 500


def health(client: FlaskClient) -> dict[str, object]:
    """The health report, as a monitor reads it."""
    answer: dict[str, object] = json.loads(client.get("/healthz").data)
    return answer


def test_a_draft_changes_nothing_in_the_health_report(
    app: Flask, content: ContentFolder, client: FlaskClient, refresh: Refresh, clock: SetClock
) -> None:
    clock.forward(minutes=5)
    before = health(client)
    assert before == {"status": "ok", "edition_age": 300.0, "documents": 5, "trouble": []}
    client.get("/help/money")
    remembered = set(app.extensions["site"].edition.edition().answers)
    for front in ({"state": "draft"}, {"state": "ready"}, {"publish_at": "2026-12-24 09:00"}, {"title": "x" * 500}):
        content.document("news/zqsecret.md", "zqbody ![x](/images/zq.png)", **front)
        refresh()
        assert health(client) == before
        assert set(app.extensions["site"].edition.edition().answers) == remembered, (
            "a draft does not even affect how fast a page is served"
        )
    content.write("help/zqbroken.md", "broken")
    content.write("changes/help/money.md", "---\ntitle: Waits\n---\n")
    refresh()
    assert health(client) == before
    content.document("news/second.md", publish_at="2026-11-02 09:00")
    refresh()
    assert health(client) == {"status": "ok", "edition_age": 0.0, "documents": 6, "trouble": []}
    assert "/help/money" not in app.extensions["site"].edition.edition().answers


def test_a_scheduled_item_goes_live_to_the_second(
    content: ContentFolder, client: FlaskClient, refresh: Refresh, clock: SetClock
) -> None:
    assert "zqlive" not in client.get("/news").text
    content.document("news/zqlive.md", title="zqlive", publish_at="2026-11-24 12:00:10")
    refresh()
    clock.forward(seconds=9)
    assert "zqlive" not in client.get("/news").text
    clock.forward(seconds=1)
    assert "zqlive" in client.get("/news").text
    clock.forward(days=2)
    assert health(client)["edition_age"] == 0.0


if __name__ == "__main__":
    from sidedoor.public import create_app
    from sidedoor.settings import Settings

    stored = STORED.read_text("utf-8").splitlines() if STORED.exists() else []
    STORED.write_text("\n".join(sorted({*stored, *published(create_app(Settings()))})) + "\n", "utf-8")
