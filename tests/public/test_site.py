"""The public application: editions, headers, hosts, search, forms, languages, errors, commands."""

import gzip
import json
import logging
import re
from html.parser import HTMLParser
from pathlib import Path

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.public import addresses, create_app
from sidedoor.public.search_index import LONGEST_QUERY
from sidedoor.settings import Settings
from sidedoor.web.headers import NO_PAGE, policy_headers, with_policy
from sidedoor.web.outermost import OutermostLayer
from tests.conftest import Refresh, SetClock
from tests.content import ContentFolder


@pytest.mark.parametrize(
    ("accepts", "coding"),
    [
        ("br, gzip", "br"), ("gzip", "gzip"), ("", None), ("br;q=0, gzip;q=0.5", "gzip"), ("gzip;q=1, br;q=0.1", "gzip"),
        ("*", "br"), ("identity", None), ("nonsense;;q=x", None), ("br;q=0, *;q=0", None), ("zstd", None),
    ],
)  # fmt: skip
def test_the_edition_sends_the_coding_a_client_prefers(client: FlaskClient, accepts: str, coding: str | None) -> None:
    plain = client.get("/help/money").data
    answer = client.get("/help/money", headers={"Accept-Encoding": accepts})
    assert answer.headers.get("Content-Encoding") == coding
    decoded = (
        brotli.decompress(answer.data) if coding == "br" else gzip.decompress(answer.data) if coding else answer.data
    )
    assert decoded == plain
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_each_coding_has_its_own_strong_etag_and_answers_304_and_head(client: FlaskClient) -> None:
    etags = set()
    for coding in ("br", "gzip", "identity"):
        answer = client.get("/help/money", headers={"Accept-Encoding": coding})
        etag = answer.headers["ETag"]
        assert not etag.startswith("W/")
        etags.add(etag)
        unchanged = client.get("/help/money", headers={"Accept-Encoding": coding, "If-None-Match": f'"x", {etag}'})
        assert (unchanged.status_code, unchanged.data) == (304, b"")
        assert unchanged.headers["Vary"] == "Accept-Encoding"
        head = client.head("/help/money", headers={"Accept-Encoding": coding})
        assert (head.headers["Content-Length"], head.data) == (answer.headers["Content-Length"], b"")
    assert len(etags) == 3


def test_an_edit_makes_a_new_edition_and_nothing_of_the_old_one_is_served(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    assert "Money and you" in client.get("/help").text
    content.document("help/money.md", title="Changed", tab_title="x")
    refresh()
    assert "Changed" in client.get("/help").text
    assert "Money and you" not in client.get("/help").text + client.get("/help/money").text


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


def test_even_an_uncaught_error_has_the_policy(caplog: pytest.LogCaptureFixture) -> None:
    def broken(environ: object, start_response: object) -> list[bytes]:
        raise RuntimeError("broken")

    sent: list[tuple[str, list[tuple[str, str]]]] = []
    layer = OutermostLayer(
        broken,
        lambda headers: with_policy(headers, True),
        https=True,
        hosts=lambda: (),
        remembered=lambda environ: None,
        emergency=lambda: "999",
    )
    body = b"".join(
        layer(
            {"HTTP_HOST": "localhost", "PATH_INFO": "/secret-path"},
            lambda status, headers, *_: sent.append((status, headers)),  # type: ignore[arg-type]
        )
    )
    status, headers = sent[0]
    assert status.startswith("500")
    # Plain text is not a page, so nothing may load or run in it.
    assert (policy_headers(https=True) | {"Content-Security-Policy": NO_PAGE}).items() <= dict(headers).items()
    assert b"999" in body
    assert "secret-path" not in caplog.text


@pytest.mark.parametrize(
    "host", ["evil.example", "", "localhost.evil.example", "127.0.0.1.evil.example", "a@localhost", "127.0.0.1:80:80"]
)
def test_an_unknown_host_is_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


def test_behind_tls_there_is_hsts_and_plain_requests_are_redirected(
    content: ContentFolder, tmp_path: Path, clock: SetClock
) -> None:
    content.write("site.toml", f'url = "https://help.example"\n{(content.path / "site.toml").read_text()}')
    app = create_app(Settings(content=content.path, data=tmp_path / "data", https=True), clock)
    client = app.test_client()
    secure = client.get("/", headers={"Host": "help.example", "X-Forwarded-Proto": "https"})
    assert "max-age=63072000" in secure.headers["Strict-Transport-Security"]
    assert "upgrade-insecure-requests" in secure.headers["Content-Security-Policy"]
    plain = client.get("/help/money", headers={"Host": "help.example", "X-Forwarded-Proto": "http"})
    assert (plain.status_code, plain.headers["Location"]) == (308, "https://help.example/help/money")
    assert (
        "https://help.example/news/first"
        in secure.text + client.get("/news/atom.xml", headers={"Host": "help.example"}).text
    )
    app.extensions["live"].close()


@pytest.mark.parametrize(
    ("query", "path"),
    [("money", "/help/money"), ("MONEYS", "/help/money"), ("mony", "/help/money"), ("packing bags", "/help/getting-ready"), ("how do i get help", "/help/get-help-now"), ("0808 2000 247", "/contacts#contact-ndah"), ("national", "/contacts#contact-ndah"), ("news", "/news/first")],
)  # fmt: skip
def test_search_forgives_endings_and_spelling(client: FlaskClient, query: str, path: str) -> None:
    assert f'href="{path}"' in client.post("/search", data={"query": query}).text


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


def test_feedback_stores_only_the_words_and_the_hour(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    sent = client.post(
        "/feedback",
        data={"message": " It helped.\r\nThanks. "},
        headers={"User-Agent": "zq-agent"},
        environ_overrides={"REMOTE_ADDR": "203.0.113.9"},
    )
    assert (sent.status_code, sent.headers["Location"]) == (303, "/feedback/sent")
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())
    assert b"It helped.\nThanks." in stored
    assert b"2026-11-24T12:00:00+00:00" in stored
    assert b"203.0.113.9" not in stored
    assert b"zq-agent" not in stored
    listed = app.test_cli_runner().invoke(args=["feedback", "list"])
    assert "1  2026-11-24 12h\nIt helped." in listed.output
    assert "deleted" in app.test_cli_runner().invoke(args=["feedback", "delete", "1"]).output
    assert b"It helped" not in b"".join(path.read_bytes() for path in (tmp_path / "data").glob("feedback*"))


def test_feedback_loses_nothing_when_something_is_wrong(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    assert client.post("/feedback", data={"message": " "}).status_code == 422
    too_long = client.post("/feedback", data={"message": "zq" * 3000})
    assert too_long.status_code == 422
    assert "zqzq" in too_long.text
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data/feedback.sqlite3").mkdir()
    unkept = client.post("/feedback", data={"message": "Keep <me>"})
    assert unkept.status_code == 503
    assert "Keep &lt;me&gt;" in unkept.text
    assert client.post("/feedback", data={"message": "x" * 80_000}).status_code == 413


def test_feedback_sent_twice_by_mistake_is_stored_once(app: Flask, client: FlaskClient, clock: SetClock) -> None:
    from sidedoor.public.feedback_store import FeedbackStore

    for message in ("It helped.", "It helped.", "It helped!"):
        assert client.post("/feedback", data={"message": message}).status_code == 303
    assert [message.text for message in FeedbackStore(app.config["DATA"]).all()] == ["It helped.", "It helped!"]
    clock.forward(hours=1)
    client.post("/feedback", data={"message": "It helped."})
    assert len(FeedbackStore(app.config["DATA"]).all()) == 3


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


def test_feedback_has_an_hourly_limit_and_ignores_robots(app: Flask, client: FlaskClient, clock: SetClock) -> None:
    from sidedoor.public.feedback_store import MOST_AN_HOUR, FeedbackStore

    store = FeedbackStore(app.config["DATA"])
    client.post("/feedback", data={"message": "spam", "website": "https://spam.example"})
    assert store.all() == []
    for number in range(MOST_AN_HOUR):
        store.add(f"x {number}", clock())
    assert client.post("/feedback", data={"message": "one more"}).status_code == 503
    clock.forward(hours=1)
    assert client.post("/feedback", data={"message": "one more"}).status_code == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200), ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403), ({"Origin": "http://localhost"}, 200),
        ({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403), ({"Origin": "http://[bad"}, 403), ({}, 200),
    ],
)  # fmt: skip
def test_a_post_from_another_site_is_refused(client: FlaskClient, headers: dict[str, str], status: int) -> None:
    assert client.post("/search", data={"query": "money"}, headers=headers).status_code == status


def test_health_reports_numbers_and_no_paths(content: ContentFolder, client: FlaskClient, refresh: Refresh) -> None:
    content.write("help/zqbroken.md", "broken")
    refresh()
    answer = client.get("/healthz")
    assert json.loads(answer.data) == {"status": "ok", "edition_age": 0.0, "documents": 5, "trouble": []}


def test_the_files_for_programs_are_served(client: FlaskClient) -> None:
    assert "Expires: 2027-09-27T00:00:00Z" in client.get("/.well-known/security.txt").text
    assert "Sitemap: http://localhost:5000/sitemap.xml" in client.get("/robots.txt").text
    assert "<loc>http://localhost:5000/help/money</loc>" in client.get("/sitemap.xml").text
    assert (client.get("/w").status_code, client.get("/w").headers["Location"]) == (303, "https://weather.example/")


def test_no_log_holds_what_a_reader_requested(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    app.view_functions["help.page"] = lambda slug: str(1 / 0)
    broken = FlaskClient(app, app.response_class)  # without the house rules, which allow no 500
    assert broken.get("/help/zqsecret").status_code == 500
    client.get("/zqpath")
    client.post("/search", data={"query": "zqquery"})
    assert "could not be made" in caplog.text
    assert "zq" not in caplog.text


def test_content_check_reports_errors_and_fails(app: Flask, content: ContentFolder, refresh: Refresh) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=["content", "check"]).exit_code == 0
    content.document("pages/safer-browsing.md", "x", title="t", tab_title="t", sources=["s"])
    content.write("help/wrong.md", "broken")
    refresh()
    result = runner.invoke(args=["content", "check"])
    assert result.exit_code == 1
    assert "help/wrong.md:1: error: The first line is not ---." in result.output
    assert "locale/cy: warning" in result.output


def test_news_new_starts_a_draft_that_is_well_formed_and_not_public(
    app: Flask, client: FlaskClient, content: ContentFolder, refresh: Refresh
) -> None:
    runner = app.test_cli_runner()
    result = runner.invoke(args=["news", "new", 'Ten years: "CARA"'])
    assert result.exit_code == 0
    path = content.path / "news/ten-years-cara.md"
    path.write_text(path.read_text().replace("summary:", "summary: Short."))
    library = refresh()
    assert library.problems == ()
    assert client.get("/news/ten-years-cara").status_code == 404
    assert "already" in runner.invoke(args=["news", "new", "Ten years: CARA"]).output
    assert runner.invoke(args=["news", "new", "…"]).exit_code == 1


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
