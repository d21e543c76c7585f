"""The pack and the answers shown in place: what they hold, what they never hold, and how they are sent."""

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
from sidedoor.public.export import same_words, write_mirror
from sidedoor.web.headers import IN_PLACE
from sidedoor.web.inline import bundle, source_hash
from tests.conftest import Refresh, SetClock
from tests.content import ContentFolder


def main_of(page: str) -> str:
    """The `main` of a page."""
    main = re.search(r'<main id="main".*</main>', page, re.S)
    assert main
    return main[0]


def style_of(page: str) -> str:
    """The only `<style>` of a page."""
    (style,) = re.findall(r"<style>.*?</style>", page, re.S)
    return str(style)


def pages_of(client: FlaskClient, path: str = "/pack") -> dict[str, str]:
    """The pages in both parts of a pack."""
    script, pack = client.get(path).get_json()
    assert source_hash(script) in client.get("/").headers["Content-Security-Policy"]
    assert set(pack) == {"language", "direction", "shared", "pages", "rest", "style"}
    script, rest = client.get(f"{path}-rest").get_json()
    assert (script, list(rest["pages"]), rest["rest"], rest["style"]) == ("", pack["rest"], [], "")
    return filled_pages(pack) | filled_pages(rest)


def filled_pages(pack: dict[str, Any]) -> dict[str, str]:
    """A pack's pages, with shared parts filled in as pack.js does it."""
    return {
        path: re.sub(r"<(\d+)>", lambda match: str(pack["shared"][int(match[1])]), main)
        for path, main in pack["pages"].items()
    }


def test_the_pack_holds_help_pages_contacts_and_the_guide_exactly_as_the_pages_do(
    real_client: FlaskClient, real_app: Flask
) -> None:
    pages = pages_of(real_client)
    public = real_app.extensions["site"].edition.edition().public
    assert set(pages) == {
        "/", "/help", "/contacts", "/safer-browsing", *(page.path for _, group in public.groups("en") for page in group)
    }  # fmt: skip
    assert len(pages) > 45
    for path, main in pages.items():
        assert main == main_of(real_client.get(path).text), path


def test_each_language_has_a_pack_and_no_other_address_has(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    content.document("cy/help/money.md", title="Arian", tab_title="Arian", reviewer="Ann")
    refresh()
    _, pack = client.get("/cy/pack").get_json()
    first = [f"/cy{path}" for path in ("/help/get-help-now", "", "/help", "/contacts", "/safer-browsing")]
    assert (pack["language"], pack["direction"], list(pack["pages"])) == ("cy", "ltr", [*first, "/cy/help/money"])
    assert "/cy/help/money" not in pages_of(client)
    for path, address in (("/help/money", "/pack"), ("/cy/help/money", "/cy/pack"), ("/cy/contacts", "/cy/pack")):
        assert f'<script data-pack="{address}">' in client.get(path).text, "a page brings the pack of its own language"
    for path in ("/ur/pack", "/help/pack", "/pack/", "/PACK/pack"):
        assert client.get(path).status_code == (308 if path == "/pack/" else 404), path


@pytest.mark.usefixtures("as_small_as_sent")
def test_the_pack_is_sent_with_brotli_within_its_limit_and_answers_304_to_its_etag(real_client: FlaskClient) -> None:
    answer = real_client.get("/pack", headers={"Accept-Encoding": "br", IN_PLACE: "1"})
    assert answer.headers["Content-Encoding"] == "br"
    assert 20_000 < len(answer.data) <= 35_600 < packing.FIRST_BYTES + 4_200
    assert len(answer.data) < len(brotli.compress(brotli.decompress(answer.data), quality=9)), (
        "it is compressed at the highest quality"
    )
    assert answer.headers["X-Robots-Tag"] == "noindex"
    unchanged = real_client.get(
        "/pack", headers={"Accept-Encoding": "br", IN_PLACE: "1", "If-None-Match": answer.headers["ETag"]}
    )
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert real_client.get("/pack").headers["Cache-Control"] == "no-store"


def test_a_pack_that_is_too_large_loses_groups_from_the_end_of_the_menu(
    content: ContentFolder, client: FlaskClient, refresh: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, pack = client.get("/pack").get_json()
    last = {"/help/money", "/help/getting-ready"}
    assert set(list(pack["pages"])[-2:]) == last, "the last group of the menu"
    rest = {path: main for path, main in filled_pages(pack).items() if path not in last}
    without = packing._as_json("en", rest, bundle("carried.js"), style=pack["style"])
    monkeypatch.setattr(
        packing, "MOST_BYTES", len(brotli.compress(packing._as_json("en", rest, bundle("carried.js")), quality=9))
    )
    content.document("help/money.md", "Changed.", title="Money and you", tab_title="Money", group="plan")
    refresh()
    assert client.get("/pack").data == without


@pytest.mark.usefixtures("as_small_as_sent")
def test_the_second_part_has_the_pages_with_the_fewest_links_to_them(real_client: FlaskClient) -> None:
    """Seven pages then take 45,000 bytes in two requests, and everything else takes a single further request."""
    first, rest = (filled_pages(real_client.get(path).get_json()[1]) for path in ("/pack", "/pack-rest"))
    assert len(first) > 18 and len(rest) > 20 and not set(first) & set(rest)
    leads = [set(re.findall(r' href="(/[^"#?]*)', main)) for main in (*first.values(), *rest.values())]
    link_count = {path: sum(path in links for links in leads) for path in (*first, *rest)}
    always = {"/help/get-help-now", "/", "/help", "/contacts", "/safer-browsing"}
    assert always < set(first)
    assert min(link_count[path] for path in set(first) - always) >= max(link_count[path] for path in rest)
    page, pack = (real_client.get(path, headers={"Accept-Encoding": "br"}) for path in ("/", "/pack"))
    sent = sum(len(answer.data) + len(str(answer.headers)) for answer in (page, pack))
    assert sent <= 45_000, sent


def test_the_pack_keeps_embargoes_and_withdrawals_to_the_second(
    content: ContentFolder, client: FlaskClient, clock: SetClock, refresh: Refresh
) -> None:
    content.document("help/zqslug.md", "zqbody", title="Soon", tab_title="Soon", group="plan", publish_at="2026-11-24 12:00:10", expires_at="2026-11-24 12:00:20")  # fmt: skip
    refresh()
    tags = set()
    for seconds, present in ((9, False), (1, True), (10, False)):
        clock.forward(seconds=seconds)
        answer = client.get("/pack")
        tags.add(answer.headers["ETag"])
        assert ("zqbody" in answer.text, "zqslug" in answer.text) == (present, present)
    assert len(tags) == 2
    content.document("help/money.md", "zqmoney", title="Money and you", tab_title="Money", group="plan")
    refresh()
    assert "zqmoney" in client.get("/pack").text
    content.document("help/money.md", "zqmoney", title="Money and you", tab_title="Money", group="plan", state="withdrawn", withdrawn={"at": "2026-11-20 09:00", "reason": "Wrong."})  # fmt: skip
    refresh()
    assert "zqmoney" not in client.get("/pack").text


def test_the_pack_is_made_once_per_edition_even_for_readers_in_a_chat(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_paths: list[str] = []
    before = packing._main

    def main(path: str) -> str | None:
        made_paths.append(path)
        return before(path)

    monkeypatch.setattr(packing, "_main", main)
    readers = [
        threading.Thread(target=lambda: app.test_client().get("/pack", headers={"Accept-Encoding": "br"}))
        for _ in range(8)
    ]
    for thread in readers:
        thread.start()
    for thread in readers:
        thread.join()
    count = len(made_paths)
    assert len(set(made_paths)) == count > 3
    for cookie in ("chat=x", "left=1", "chat=x; left=1", ""):
        answer = client.get("/pack", headers={"Cookie": cookie, "Accept-Encoding": "br", IN_PLACE: "1"})
        assert answer.headers["Content-Encoding"] == "br"
        assert "/chat/hide" not in brotli.decompress(answer.data).decode()
    assert len(made_paths) == count


def test_an_answer_shown_in_place_has_only_its_main(client: FlaskClient) -> None:
    full = client.get("/news/first")
    in_place = client.get("/news/first", headers={IN_PLACE: "en", "Accept-Encoding": "br"})
    text = brotli.decompress(in_place.data).decode()
    root = '<!DOCTYPE html>\n<html lang="en" dir="ltr">\n'
    assert text == f"{root}{style_of(full.text)}{main_of(full.text)}\n</html>\n"
    # Once the pack has brought every style rule, without the page's own rules.
    assert client.get("/news/first", headers={IN_PLACE: "en style"}).text == f"{root}{main_of(full.text)}\n</html>\n"
    assert in_place.headers["ETag"] != client.get("/news/first", headers={"Accept-Encoding": "br"}).headers["ETag"]
    assert 'id="hide-this-page"' in client.get("/news/first").text, "a request for a page gets the whole page"
    # The same for errors, results and forms with a mistake.
    for answer in (
        client.get("/nowhere", headers={IN_PLACE: "en style"}),
        client.post("/search", data={"query": "money"}, headers={IN_PLACE: "en style"}),
        client.post("/feedback", data={"message": ""}, headers={IN_PLACE: "en style"}),
    ):
        assert answer.text.partition("<main")[0] == root
        assert "<style" not in answer.text
        assert "<header" not in answer.text
    assert client.get("/news/rss.xml", headers={IN_PLACE: "en"}).data == client.get("/news/rss.xml").data


def test_an_answer_in_another_language_brings_the_frame_around_main(
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


def test_answers_made_for_one_reader_are_compressed(client: FlaskClient) -> None:
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


def test_the_mirror_has_the_pack_and_differences_are_noticed(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    write_mirror(app, mirror, "https://www.example.org")
    _, pack = json.loads((mirror / "pack.json").read_text())
    assert set(pack["pages"]) == set(pages_of(client))
    assert filled_pages(pack)["/help/money"] == main_of((mirror / "help/money.html").read_text())
    assert brotli.decompress((mirror / "pack.json.br").read_bytes()) == (mirror / "pack.json").read_bytes()
    assert (mirror / "cy/pack.json").is_file()
    assert "/pack /pack.json 200" in (mirror / "_redirects").read_text()
    assert json.loads((mirror / "_mirror.json").read_text())["pages"]["/pack"] == "pack.json"
    mirrored, live = (mirror / "pack.json").read_bytes(), client.get("/pack").data
    assert same_words(mirrored, live, "pack.json")
    assert not same_words(mirrored.replace(b"Money", b"Honey"), live, "pack.json")
    script, whole = json.loads(live)
    assert len(whole["pages"]) > 1
    whole["pages"].popitem()  # it did not fit
    assert same_words(mirrored, json.dumps([script, whole]).encode(), "pack.json")
    assert not same_words(mirrored, b"not a pack", "pack.json")
