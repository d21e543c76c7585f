"""A public page may link to a hidden page: the link's words stay, and nothing names the address until the page is public."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.documents.checks import check_library
from sidedoor.documents.fixed_addresses import LINKED
from tests.conftest import Refresh, SetClock
from tests.content import ContentFolder
from tests.public.test_embargo import everything, mirror_of

BODY = """See [the words](/news/zqhidden#part) and [whole](https://sidedoor.example/news/zqhidden).

<https://sidedoor.example/news/zqhidden>

[other host](https://www.sidedoor.example/news/zqhidden) [capitals](https://SIDEDOOR.example/News/zqhidden)
[port](https://sidedoor.example:443/news/zqhidden) [with language](/en/news/zqhidden) [slashes](/news//zqhidden/)
<https://www.sidedoor.example/news/zqhidden>

/// action | /news/zqhidden
The big words
///
"""


def write(content: ContentFolder, **hidden: object) -> None:
    site = (content.path / "site.toml").read_text("utf-8")
    if "url =" not in site:
        content.write(
            "site.toml", 'url = "https://sidedoor.example"\nhosts = ["localhost", "www.sidedoor.example"]\n' + site
        )
    content.document("news/zqhidden.md", "Hidden.", title="A zqtitle", **hidden)
    note = {"at": "2026-11-03 09:00", "note": "More words.", "link": "/news/zqhidden"}
    content.document(
        "news/first.md", BODY, title="First news", updates=[note], notes_to_editors="'[notes](/news/zqhidden)'"
    )
    content.document("help/money.md", BODY, title="Money and you", tab_title="Money", group="plan")
    for name, removed in (("stays", "no"), ("goes", "yes")):
        content.document(
            f"news/{name}.md", title=name, state="withdrawn",
            withdrawn={"at": "2026-11-10 09:00", "reason": "It was wrong.", "removed": removed, "replacement": "/news/zqhidden"},
        )  # fmt: skip


HIDDEN: dict[str, dict[str, object]] = {
    "embargo": {"publish_at": "2026-11-25 00:01"},
    "draft": {"state": "draft"},
    "expired": {"expires_at": "2026-11-20 09:00"},
    "removed": {"state": "withdrawn", "withdrawn": {"at": "2026-11-10 09:00", "reason": "Gone.", "removed": "yes"}},
}


@pytest.mark.parametrize("reason", HIDDEN)
def test_nothing_public_names_a_hidden_page(
    reason: str,
    app: Flask,
    content: ContentFolder,
    client: FlaskClient,
    refresh: Refresh,
    tmp_path: Path,
    clock: SetClock,
) -> None:
    write(content, **HIDDEN[reason])
    refresh()
    pages = {
        path: client.get(path) for path in ("/news/first", "/help/money", "/news/stays", "/news/goes", "/news/atom.xml")
    }
    public_text = everything(client) + "".join(f"{page.headers} {page.text}" for page in pages.values())
    if reason != "removed":  # the mirror has a page at that address that says it was removed
        public_text += mirror_of(app, tmp_path / "mirror")
    assert "zqhidden" not in public_text.replace("/news/zqslug", "")
    for words in ("the words", "whole", "other host", "capitals", "with language", "The big words"):
        assert words in pages["/help/money"].text, words
    assert "notes" in pages["/news/first"].text
    assert pages["/news/goes"].status_code == 410
    assert "It was wrong." in pages["/news/goes"].text
    warned = [
        problem.file
        for problem in check_library(refresh(), clock(), LINKED)
        if problem.values.get("link") == "/news/zqhidden"
    ]
    assert {"news/first.md", "help/money.md", "news/stays.md", "news/goes.md"} == {*warned}
    elsewhere = "[words](https://WWW.sidedoor.example/news/zqhidden#part)"
    content.document("news/first.md", elsewhere, title="First news")
    problems = check_library(refresh(), clock(), LINKED)
    assert "/news/zqhidden" in [problem.values.get("link") for problem in problems if problem.file == "news/first.md"]


def test_the_links_appear_at_the_second_the_embargo_ends(
    content: ContentFolder, client: FlaskClient, refresh: Refresh, clock: SetClock
) -> None:
    write(content, **HIDDEN["embargo"])
    refresh()
    clock.now = datetime(2026, 11, 25, 0, 0, 59, 999999, tzinfo=UTC)
    assert "zqhidden" not in client.get("/news/first").text + client.get("/news/rss.xml").text
    clock.now = datetime(2026, 11, 25, 0, 1, tzinfo=UTC)
    page = client.get("/news/first").text
    assert '<a href="/news/zqhidden#part">the words</a>' in page
    assert page.count("/news/zqhidden") >= 6
    assert "https://sidedoor.example/news/zqhidden" in client.get("/news/rss.xml").text
    assert "zqhidden" in client.get("/news/stays").text
    assert client.get("/news/goes").headers["Location"] == "/news/zqhidden"
    clock.forward(seconds=-1)
    assert "zqhidden" not in client.get("/news/first").text


def test_a_link_to_a_removed_page_leads_to_its_replacement(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    write(
        content, state="withdrawn",
        withdrawn={"at": "2026-11-10 09:00", "reason": "Gone.", "removed": "yes", "replacement": "/help/money"},
    )  # fmt: skip
    refresh()
    page = client.get("/news/first").text
    assert '<a href="/help/money">the words</a>' in page
    assert "zqhidden" not in page


def test_all_other_links_stay_unchanged(content: ContentFolder, client: FlaskClient, refresh: Refresh) -> None:
    links = ["/", "/help", "/help/money", "/contacts", "/news", "/news/2026", "/news/rss.xml", "/search", "/feedback",
             "/safer-browsing", "/chat", "#part", "https://www.example.org/news/zqhidden", "mailto:a@example.org"]  # fmt: skip
    content.document("news/first.md", "\n\n".join(f"[words]({link})" for link in links), title="First news")
    refresh()
    page = client.get("/news/first").text
    for link in links[:-1]:
        assert f'<a href="{link}">words</a>' in page, link
