"""The search: what it forgives, what it never shows, and that no query is an error. (The index: test_search_index.py.)"""

import re
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient

from sidedoor.public.search_index import LONGEST_QUERY
from tests.conftest import Refresh
from tests.content import ContentFolder


@pytest.mark.parametrize(
    ("query", "path"),
    [("money", "/help/money"), ("MONEYS", "/help/money"), ("mony", "/help/money"), ("packing bags", "/help/getting-ready"), ("how do i get help", "/help/get-help-now"), ("0808 2000 247", "/contacts#contact-ndah"), ("national", "/contacts#contact-ndah"), ("news", "/news/first")],
)  # fmt: skip
def test_search_forgives_endings_and_spelling(client: FlaskClient, query: str, path: str) -> None:
    assert f'href="{path}"' in client.post("/search", data={"query": query}).text


def test_a_word_that_is_typed_again_and_again_is_searched_for_once(client: FlaskClient) -> None:
    """Each time it cost the search as much again: a hundredth of a second, and far more with much news."""
    page = client.post("/search", data={"query": "mony " * 12}).text
    assert "<strong>money</strong>" in page


@pytest.mark.parametrize(
    ("typed", "word"), [("cant", "cat"), ("beats", "breath"), ("bail", "bill"), ("cheating", "heating"), ("steals", "tells"), ("wiza", "wizyta"), ("dowry", "domowy")],
)  # fmt: skip
def test_a_word_that_the_site_does_not_have_is_not_taken_for_another_word(
    content: ContentFolder, client: FlaskClient, refresh: Refresh, typed: str, word: str
) -> None:
    content.document("help/other.md", f"This is about {word}.", title="Other")
    refresh()
    page = client.post("/search", data={"query": typed}).text
    assert 'href="/help/other"' not in page
    assert "We looked for" not in page


def test_who_does_what_to_whom_decides_which_page_comes_first(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    content.document(
        "help/hurt.md", "Someone zqhits you.", title="Hurt", search_words=["my wife zqhits me she zqhits me"]
    )
    content.document("help/hurting.md", "You zqhit.", title="Hurting", search_words=["i zqhit my wife i zqhit her"])
    refresh()
    for query, path in (("my wife zqhits me", "hurt"), ("i zqhit my wife", "hurting"), ("she zqhit me", "hurt")):
        page = client.post("/search", data={"query": query}).text
        results = page[page.index('id="results"') :]
        assert re.findall(r'href="/help/(hurt\w*)"', results)[0] == path, query


def test_whatever_is_typed_the_number_for_an_emergency_stands_above_the_results(client: FlaskClient) -> None:
    for query in ("zqnothing", "money", "???"):
        page = client.post("/search", data={"query": query}).text
        results = page[page.index('id="results"') : page.index("</main>")]
        assert results.index("In danger? Call") < (results.find("<li>") if "<li>" in results else len(results))
    nothing = client.post("/search", data={"query": "zqnothing"}).text
    results = nothing[nothing.index('id="results"') : nothing.index("</main>")]
    assert results.index('href="/help/get-help-now"') < results.index('href="/contacts"')


class _Elements(HTMLParser):
    """The number of scripts in a page and the values of its fields, as a browser parses them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts, self.values = 0, dict[str, str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        if tag == "input":
            self.values[dict(attrs).get("name") or ""] = dict(attrs).get("value") or ""


def test_search_words_find_a_page_and_are_never_shown(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    content.document("help/neck.md", "See a doctor now.", title="Neck", search_words=["zqchoked zqthroat", "zqpillow"])
    refresh()
    for query in ("zqchoked", "he zqchoked me", "zqpillow zqthroat"):
        results = client.post("/search", data={"query": query}).text
        main = results[results.index('<form method="post" action="/search') :]
        assert re.findall(r'href="(/[^"]+)"', main)[0] == "/help/neck", query
        assert main.count("zq") == query.count("zq"), "only in the search box"
    for path in ("/", "/help", "/help/neck", "/search", "/contacts", "/sitemap.xml", "/news/feed.json", "/healthz"):
        assert "zq" not in client.get(path).text, path


@pytest.mark.parametrize(
    "query",
    [
        "",
        "   ",
        '"',
        "AND OR NOT",
        "a* NEAR(b",
        "'; DROP TABLE entries; --",
        "\x00",
        "é" * 500,
        "<script>alert(1)</script>",
        '"><script>alert(1)</script>',
        "'><script src=//evil.example></script>",
        "^:-(){}",
        "💥",
    ],
)
def test_no_query_causes_an_error_or_is_shown_as_html(client: FlaskClient, query: str) -> None:
    answer, empty = client.post("/search", data={"query": query}), client.get("/search")
    assert answer.status_code == 200
    shown, before = _Elements(answer.text), _Elements(empty.text)
    assert shown.values.get("query", "") == query[:LONGEST_QUERY].strip()
    assert shown.scripts == before.scripts, "what was typed became a part of the page"
