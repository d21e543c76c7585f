"""Files for programs, and what search engines are told."""

import re

import pytest
from flask.testing import FlaskClient

from sidedoor.public import addresses
from tests.conftest import Refresh
from tests.content import ContentFolder


def test_the_files_for_programs_are_served(client: FlaskClient) -> None:
    assert "Expires: 2027-09-27T00:00:00Z" in client.get("/.well-known/security.txt").text
    assert "Sitemap: http://localhost:5000/sitemap.xml" in client.get("/robots.txt").text
    assert "<loc>http://localhost:5000/help/money</loc>" in client.get("/sitemap.xml").text
    assert (client.get("/w").status_code, client.get("/w").headers["Location"]) == (303, "https://weather.example/")


def test_a_site_with_very_many_pages_has_a_sitemap_per_year(
    content: ContentFolder, client: FlaskClient, refresh: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    content.document("news/old.md", title="Old", publish_at="2014-03-01 09:00")
    refresh()
    assert client.get("/sitemap-2014.xml").status_code == client.get("/sitemap-pages.xml").status_code == 404
    whole = set(re.findall(r"<loc>(.*?)</loc>", client.get("/sitemap.xml").text))
    monkeypatch.setattr(addresses, "MOST_IN_A_SITEMAP", 3)
    content.document("news/first.md", title="First news, again")
    refresh()
    parts = re.findall(r"<loc>http://localhost:5000(.*?)</loc>", client.get("/sitemap.xml").text)
    assert parts == ["/sitemap-pages.xml", "/sitemap-2026.xml", "/sitemap-2014.xml"]
    listed = [re.findall(r"<loc>(.*?)</loc>", client.get(part).text) for part in parts]
    assert listed[2] == ["http://localhost:5000/news/old"]
    assert {address for part in listed for address in part} == whole


def test_search_engines_are_told_to_show_no_snippets_which_links_could_carry_into_the_history(
    client: FlaskClient,
) -> None:
    for path in ("/", "/help", "/help/money", "/contacts", "/news"):
        assert '<meta name="robots" content="noarchive, nosnippet">' in client.get(path).text
    news = client.get("/news/first").text
    assert "nosnippet" not in news.partition("<main")[0]
    assert news.partition("<main")[2].index('<div class="top" data-nosnippet>') < news.partition("<main")[2].index(
        "<h1"
    )
