"""The pack, and what is read in place: what they hold, what they never hold, and how they are sent."""

import json
import re
import threading
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.public import pack as packing
from sidedoor.public.export import visible_text, write_mirror
from sidedoor.web.headers import IN_PLACE
from sidedoor.web.inline import bundle, source_hash
from tests.conftest import Refresh, SetClock
from tests.content import ContentFolder


def own_of(page: str) -> str:
    """What a page has for itself: its `main`."""
    found = re.search(r'<main id="main".*</main>', page, re.S)
    assert found
    return found[0]


def style_of(page: str) -> str:
    """Its `<style>`, of which there is one."""
    (found,) = re.findall(r"<style>.*?</style>", page, re.S)
    return str(found)


def pages_of(client: FlaskClient, path: str = "/pack") -> dict[str, str]:
    """The pages in a pack."""
    script, told = client.get(path).get_json()
    assert source_hash(script) in client.get("/").headers["Content-Security-Policy"]
    assert set(told) == {"language", "direction", "shared", "pages", "rest", "style"}
    script, rest = client.get(f"{path}-rest").get_json()
    assert (script, list(rest["pages"]), rest["rest"], rest["style"]) == ("", told["rest"], [], "")
    return whole(told) | whole(rest)


def whole(told: dict[str, Any]) -> dict[str, str]:
    """A pack's pages, with what they share in its places, as pack.js puts it there."""
    return {
        path: re.sub(r"<(\d+)>", lambda found: str(told["shared"][int(found[1])]), main)
        for path, main in told["pages"].items()
    }


def test_the_pack_holds_each_help_page_contacts_and_the_guide_as_the_page_itself_has_it(
    real_client: FlaskClient, real_app: Flask
) -> None:
    pages = pages_of(real_client)
    public = real_app.extensions["edition"]().public
    assert set(pages) == {
        "/", "/help", "/contacts", "/safer-browsing", *(page.path for _, group in public.groups("en") for page in group)
    }  # fmt: skip
    assert len(pages) > 45
    for path, main in pages.items():
        assert main == own_of(real_client.get(path).text), path


def test_a_language_has_a_pack_of_its_own_and_no_other_address_has_one(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    content.document("cy/help/money.md", title="Arian", tab_title="Arian", reviewer="Ann")
    refresh()
    _, told = client.get("/cy/pack").get_json()
    first = [f"/cy{path}" for path in ("/help/get-help-now", "", "/help", "/contacts", "/safer-browsing")]
    assert (told["language"], told["direction"], list(told["pages"])) == ("cy", "ltr", [*first, "/cy/help/money"])
    assert "/cy/help/money" not in pages_of(client)
    for path in ("/ur/pack", "/help/pack", "/pack/", "/PACK/pack"):
        assert client.get(path).status_code == (308 if path == "/pack/" else 404), path


@pytest.mark.usefixtures("as_small_as_sent")
def test_it_is_sent_with_brotli_within_its_limit_and_answers_304_to_its_tag(real_client: FlaskClient) -> None:
    answer = real_client.get("/pack", headers={"Accept-Encoding": "br", IN_PLACE: "1"})
    assert answer.headers["Content-Encoding"] == "br"
    assert 20_000 < len(answer.data) <= 35_600 < packing.FIRST_BYTES + 4_200
    assert len(answer.data) < len(brotli.compress(brotli.decompress(answer.data), quality=9)), "as small as it gets"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    again = real_client.get(
        "/pack", headers={"Accept-Encoding": "br", IN_PLACE: "1", "If-None-Match": answer.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
    assert real_client.get("/pack").headers["Cache-Control"] == "no-store"


def test_what_is_too_much_is_left_out_group_by_group_from_the_end_of_the_menu(
    content: ContentFolder, client: FlaskClient, refresh: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, told = client.get("/pack").get_json()
    last = {"/help/money", "/help/getting-ready"}
    assert set(list(told["pages"])[-2:]) == last, "the last group of the menu"
    rest = {path: main for path, main in whole(told).items() if path not in last}
    without = packing._as_json("en", rest, bundle("carried.js"), style=told["style"])
    monkeypatch.setattr(
        packing, "MOST_BYTES", len(brotli.compress(packing._as_json("en", rest, bundle("carried.js")), quality=9))
    )
    content.document("help/money.md", "Changed.", title="Money and you", tab_title="Money", group="plan")
    refresh()
    assert client.get("/pack").data == without


@pytest.mark.usefixtures("as_small_as_sent")
def test_the_rest_is_what_the_fewest_pages_lead_to(real_client: FlaskClient) -> None:
    """So a visit of seven pages is 45,000 bytes in two requests, and whoever reads on asks once more, for all of it."""
    first, rest = (whole(real_client.get(path).get_json()[1]) for path in ("/pack", "/pack-rest"))
    assert len(first) > 18 and len(rest) > 20 and not set(first) & set(rest)
    leads = [set(re.findall(r' href="(/[^"#?]*)', main)) for main in (*first.values(), *rest.values())]
    led_to = {path: sum(path in links for links in leads) for path in (*first, *rest)}
    always = {"/help/get-help-now", "/", "/help", "/contacts", "/safer-browsing"}
    assert always < set(first)
    assert min(led_to[path] for path in set(first) - always) >= max(led_to[path] for path in rest)
    page, pack = (real_client.get(path, headers={"Accept-Encoding": "br"}) for path in ("/", "/pack"))
    sent = sum(len(answer.data) + len(str(answer.headers)) for answer in (page, pack))
    assert sent <= 45_000, sent


def test_an_embargo_and_a_withdrawal_hold_in_the_pack_to_the_second(
    content: ContentFolder, client: FlaskClient, clock: SetClock, refresh: Refresh
) -> None:
    content.document("help/zqslug.md", "zqbody", title="Soon", tab_title="Soon", group="plan", publish_at="2026-11-24 12:00:10", expires_at="2026-11-24 12:00:20")  # fmt: skip
    refresh()
    tags = set()
    for seconds, there in ((9, False), (1, True), (10, False)):
        clock.forward(seconds=seconds)
        answer = client.get("/pack")
        tags.add(answer.headers["ETag"])
        assert ("zqbody" in answer.text, "zqslug" in answer.text) == (there, there)
    assert len(tags) == 2
    content.document("help/money.md", "zqmoney", title="Money and you", tab_title="Money", group="plan")
    refresh()
    assert "zqmoney" in client.get("/pack").text
    content.document("help/money.md", "zqmoney", title="Money and you", tab_title="Money", group="plan", state="withdrawn", withdrawn={"at": "2026-11-20 09:00", "reason": "Wrong."})  # fmt: skip
    refresh()
    assert "zqmoney" not in client.get("/pack").text


def test_it_is_made_once_an_edition_also_for_who_is_in_a_conversation(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    before = packing._main

    def main(path: str) -> str | None:
        made.append(path)
        return before(path)

    monkeypatch.setattr(packing, "_main", main)
    asked = [
        threading.Thread(target=lambda: app.test_client().get("/pack", headers={"Accept-Encoding": "br"}))
        for _ in range(8)
    ]
    for thread in asked:
        thread.start()
    for thread in asked:
        thread.join()
    once = len(made)
    assert len(set(made)) == once > 3
    for cookie in ("chat=x", "left=1", "chat=x; left=1", ""):
        answer = client.get("/pack", headers={"Cookie": cookie, "Accept-Encoding": "br", IN_PLACE: "1"})
        assert answer.headers["Content-Encoding"] == "br"
        assert "/chat/hide" not in brotli.decompress(answer.data).decode()
    assert len(made) == once


def test_who_shows_an_answer_in_place_gets_its_main_alone(client: FlaskClient) -> None:
    whole = client.get("/news/first")
    alone = client.get("/news/first", headers={IN_PLACE: "en", "Accept-Encoding": "br"})
    text = brotli.decompress(alone.data).decode()
    root = '<!DOCTYPE html>\n<html lang="en" dir="ltr">\n'
    assert text == f"{root}{style_of(whole.text)}{own_of(whole.text)}\n</html>\n"
    # Once the pack has brought every rule, without the page's own.
    assert client.get("/news/first", headers={IN_PLACE: "en style"}).text == f"{root}{own_of(whole.text)}\n</html>\n"
    assert alone.headers["ETag"] != client.get("/news/first", headers={"Accept-Encoding": "br"}).headers["ETag"]
    assert 'id="hide-this-page"' in client.get("/news/first").text, "whoever asks for a page gets a whole one"
    # Errors, forms with a mistake and results, too.
    for answer in (
        client.get("/nowhere", headers={IN_PLACE: "en style"}),
        client.post("/search", data={"query": "money"}, headers={IN_PLACE: "en style"}),
        client.post("/feedback", data={"message": ""}, headers={IN_PLACE: "en style"}),
    ):
        assert answer.text.partition("<main")[0] == root
        assert "<style" not in answer.text
        assert "<header" not in answer.text
    assert client.get("/news/rss.xml", headers={IN_PLACE: "en"}).data == client.get("/news/rss.xml").data


def test_what_stands_around_main_comes_along_where_it_is_in_another_language(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    content.document("cy/help/money.md", title="Arian", tab_title="Arian", reviewer="Ann")
    refresh()
    for wants, framed in (("en", True), ("1", True), ("", True), ("en cy", False), ("cy", False)):
        text = client.get("/cy/help/money", headers={IN_PLACE: wants}).text
        assert '<html lang="cy" dir="ltr">' in text
        for part in ('id="menu"', 'id="way-back"', "Neidio i"):
            assert (part in text.partition("<main")[0] + text.partition("</main>")[2]) == framed, (wants, part)
        assert text.count("<script") == 0


def test_what_is_made_for_one_reader_is_compressed(client: FlaskClient) -> None:
    for method, path, body in (
        ("POST", "/search", {"query": "money"}), ("POST", "/feedback", {"message": ""}), ("GET", "/nowhere", None),
        ("GET", "/help/money?x", None), ("POST", "/contacts", {"area": "nowhere"}),
    ):  # fmt: skip
        plain = client.open(path, method=method, data=body)
        for coding in ("br", "gzip"):
            answer = client.open(path, method=method, data=body, headers={"Accept-Encoding": coding})
            assert answer.headers["Content-Encoding"] == coding, path
            assert len(answer.data) < len(plain.data) / 2.5
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_the_pack_is_in_the_mirror_and_what_differs_is_told(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    write_mirror(app, mirror, "https://www.example.org")
    _, told = json.loads((mirror / "pack.json").read_text())
    assert set(told["pages"]) == set(pages_of(client))
    assert whole(told)["/help/money"] == own_of((mirror / "help/money.html").read_text())
    assert brotli.decompress((mirror / "pack.json.br").read_bytes()) == (mirror / "pack.json").read_bytes()
    assert (mirror / "cy/pack.json").is_file()
    assert "/pack /pack.json 200" in (mirror / "_redirects").read_text()
    assert json.loads((mirror / "_mirror.json").read_text())["pages"]["/pack"] == "pack.json"
    kept, live = (mirror / "pack.json").read_bytes(), client.get("/pack").data
    assert visible_text(kept, "pack.json") == visible_text(live, "pack.json")
    assert visible_text(kept.replace(b"Money", b"Honey"), "pack.json") != visible_text(live, "pack.json")
    assert "<" not in visible_text(live, "pack.json")
