"""News: the list and its pages, the years, corrections, withdrawals, removals and former addresses."""

import json
import re

from flask.testing import FlaskClient

from tests.conftest import Refresh
from tests.content import ContentFolder


def test_the_list_has_pages_and_years_with_the_newest_first(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    for number in range(45):
        content.document(
            f"news/n{number:02}.md",
            title=f"Item {number:02}",
            publish_at=f"{2020 + number // 30}-01-{number % 28 + 1:02} 09:00",
        )
    refresh()
    first, third = client.get("/news").text, client.get("/news/page/3").text
    newest = re.findall(r'<a href="(/news/[a-z]\w*)"', first)
    # Items 28 and 29 are from January 2020, like 0 and 1; 30 to 44 are from January 2021.
    dates = {f"/news/n{number:02}": (2020 + number // 30, number % 28 + 1, number) for number in range(45)}
    assert newest == ["/news/first", *sorted(dates, key=lambda path: dates[path], reverse=True)[:19]]
    assert len(re.findall(r'<a href="/news/n\d', first)) == 19
    assert len(re.findall(r'<a href="/news/n\d', third)) == 6
    assert 'href="/news/page/2" rel="prev"' in third
    assert client.get("/news/page/4").status_code == 404
    assert len(re.findall(r'<a href="/news/n\d', client.get("/news/2021").text)) == 15
    assert [
        client.get(path).status_code for path in ("/news/2019", "/news/page/1", "/news/page/0", "/news/2020/page/2")
    ] == [404, 404, 404, 200]


def test_a_withdrawn_item_keeps_its_address_shows_the_reason_and_leaves_the_lists(
    content: ContentFolder,
    client: FlaskClient,
    refresh: Refresh,
) -> None:
    content.document(
        "news/first.md",
        title="First news",
        state="withdrawn",
        withdrawn={"at": "2026-11-10 09:00", "reason": "It was wrong.", "replacement": "/help/money"},
    )
    refresh()
    answer = client.get("/news/first")
    assert answer.status_code == 200
    assert "It was wrong." in answer.text
    assert "/help/money" in answer.text
    for address in ("/", "/news", "/news/rss.xml", "/news/atom.xml", "/news/feed.json", "/sitemap.xml"):
        assert "First news" not in client.get(address).text


def test_a_removed_item_answers_410_with_the_reason(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    content.document(
        "news/first.md",
        "Secret.",
        title="First news",
        state="withdrawn",
        withdrawn={"at": "2026-11-10 09:00", "reason": "It named someone.", "removed": "yes"},
    )
    refresh()
    answer = client.get("/news/first")
    assert answer.status_code == 410
    assert "It named someone." in answer.text
    assert "Secret" not in answer.text
    assert "First news" not in answer.text


def test_a_former_address_redirects_and_never_hides_a_page(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    content.document("news/second.md", title="Second", previous_slugs=["old-name", "first"])
    refresh()
    answer = client.get("/news/old-name")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/news/second")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "First news" in client.get("/news/first").text


def test_an_item_has_its_address_metadata_and_the_help_box(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    content.document(
        "news/first.md", title="A </script><b>&", summary="S & s.", press_contact="press", notes_to_editors='"- *One*"'
    )
    refresh()
    page = client.get("/news/first").text
    metadata = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert metadata
    assert json.loads(metadata[1])["headline"] == "A </script><b>&"
    assert 'property="og:title" content="A &lt;/script&gt;&lt;b&gt;&amp;"' in page
    assert "If you have been affected" in page
    assert "<em>One</em>" in page
    assert "Press office" in page
    assert "http://localhost:5000/news/first" in page


def test_updates_are_shown_with_kind_and_date_newest_first(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    content.document(
        "news/first.md",
        updates=[
            {"at": "2026-11-02 09:00", "note": "Early."},
            {"at": "2026-11-03 09:00", "kind": "correction", "note": "Late."},
        ],
    )
    refresh()
    page = client.get("/news/first").text
    assert page.index("Correction") < page.index("Late.") < page.index("Early.")
    assert "3 November 2026" in page
