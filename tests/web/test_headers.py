"""The policy: every answer has the whole of it, and only what is shown in place may be in a cache."""

from flask.testing import FlaskClient

from tests.conftest import Refresh
from tests.content import ContentFolder


def test_every_kind_of_answer_has_the_whole_policy(client: FlaskClient) -> None:
    for method, path in (
        ("GET", "/"), ("HEAD", "/"), ("GET", "/nope"), ("PUT", "/"), ("POST", "/search"), ("GET", "/w"), ("GET", "/favicon.ico"),
        ("OPTIONS", "/"), ("GET", "/healthz"), ("GET", "/help/"), ("GET", "/%00"), ("GET", "/..%2f..%2fetc/passwd"),
        ("GET", "/?utm_source=x"), ("GET", "/news?x"), ("HEAD", "/help/money?x"),
    ):  # fmt: skip
        client.open(path, method=method)  # the house client checks


def test_the_words_of_a_page_are_never_mistaken_for_its_policy_or_style(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    content.document("help/money.md", 'Write `content=""` and `<style></style>` there.')
    refresh()
    words = client.get("/help/money").text.partition("<main")[2]
    assert "default-src" not in words
    assert 'content=""' in words
    assert "&lt;style&gt;&lt;/style&gt;" in words


def test_an_answer_shown_in_place_is_no_cache_and_any_other_is_no_store(client: FlaskClient) -> None:
    for path in ("/", "/help/money", "/nope", "/news/atom.xml", "/help/money?x"):
        plain = client.get(path)
        in_place = client.get(path, headers={"Sidedoor-In-Place": "1"})
        again = client.get(path)  # the cached answer is the same for both
        assert in_place.headers.get_all("Cache-Control") == ["private, no-cache"]
        assert "Sidedoor-In-Place" in in_place.headers["Vary"]
        assert len(in_place.headers.get_all("Vary")) == 1
        assert plain.headers.get_all("Cache-Control") == again.headers.get_all("Cache-Control") == ["no-store"]
        assert plain.data == again.data
    unchanged = client.get(
        "/help/money", headers={"Sidedoor-In-Place": "1", "If-None-Match": in_place.headers.get("ETag", '"x"')}
    )
    assert unchanged.headers["Cache-Control"] == "private, no-cache"
    posted = client.post("/search", data={"query": "money"}, headers={"Sidedoor-In-Place": "1"})
    assert posted.headers["Cache-Control"] == "private, no-cache"
