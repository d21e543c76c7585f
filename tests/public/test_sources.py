"""The sources of facts: each page links to its own list, which is public exactly as long as the page is."""

from flask import Flask
from flask.testing import FlaskClient

from sidedoor.public.sources import lists_of_sources
from tests.conftest import Refresh, SetClock
from tests.content import ContentFolder


def test_each_page_links_to_its_sources_and_does_not_show_them(real_client: FlaskClient, real_app: Flask) -> None:
    lists = lists_of_sources(real_app.extensions["site"].edition.edition().public)
    assert len(lists) > 50
    for path, page in lists.items():
        shown, listed = real_client.get(page.path).text, real_client.get(path).text
        assert f'href="{path}"' in shown
        assert f'href="{page.path}"' in listed
        assert f'<html lang="{page.language}"' in listed
        assert '<meta name="robots" content="noindex' in listed
        assert listed.count("<li>") >= len(page.meta.sources)
        assert "<li>".join(["", *map(str, page.meta.sources[:1])]) not in shown


def test_sources_are_hidden_as_long_as_their_page(
    content: ContentFolder, client: FlaskClient, clock: SetClock, refresh: Refresh
) -> None:
    content.document("help/soon.md", title="Soon", tab_title="Soon", group="plan", sources=["zqsource"], publish_at="2026-11-24 12:00:10")  # fmt: skip
    refresh()
    assert client.get("/sources/help/soon").status_code == 404
    clock.forward(seconds=10)
    assert "zqsource" in client.get("/sources/help/soon").text
    assert client.get("/sources/news/first").status_code == 404
