"""Languages: addresses, pages borrowed from the original, unreviewed translations, outdated emergency advice, numbers."""

import re
from pathlib import Path
from xml.etree import ElementTree as etree

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.documents.translations import TranslationStanding, standings
from sidedoor.public.export import write_mirror
from tests.conftest import Refresh
from tests.content import ContentFolder

EMERGENCY = "## What to do\n\n/// emergency | Now\nCall 999.\n///\n\n/// contact | ndah\n\n///\n\nSome words."


@pytest.fixture
def site(content: ContentFolder, refresh: Refresh, app: Flask) -> ContentFolder:
    """A site in Welsh and Urdu: Urdu has one page that somebody has reviewed, Welsh shows unreviewed pages, too."""
    toml = (content.path / "site.toml").read_text("utf-8").replace('languages = ["en", "cy"]\n', "")
    content.write("site.toml", f'{toml}\n[languages.cy]\nshow = "all"\ntelling_words = ["trais"]\n[languages.ur]\n')
    content.document("help/get-help-now.md", EMERGENCY, title="Get help now", tab_title="Help now")
    content.document("cy/help/money.md", "Arian.", title="Arian", tab_title="Arian", previous_slugs=["arian"])
    content.document("cy/help/money-too.md", "Arian.", title="Amddifad", tab_title="Amddifad", group="plan")
    content.document("ur/help/money.md", "پیسہ", title="پیسہ", tab_title="پیسہ")
    content.document("ur/help/get-help-now.md", "0808 2000 247 پر کال کریں\n\n/// contact | ndah\n\n///", title="مدد", tab_title="مدد", reviewer="Ayesha")  # fmt: skip
    refresh()
    stamp(app, "ur/help/get-help-now.md")
    refresh()
    return content


def stamp(app: Flask, *files: str) -> None:
    """Run `sidedoor translations stamp`."""
    result = app.test_cli_runner().invoke(args=["translations", "stamp", *files])
    assert result.exit_code == 0, result.output


def words(page: str) -> str:
    """The `main` of a page, without the notice in it."""
    return re.sub(r"<dialog.*?</dialog>", "", page[page.index("<main") : page.index("</main>")], flags=re.S)


def test_every_page_uses_the_language_of_its_address_and_links_within_it(
    site: ContentFolder, client: FlaskClient
) -> None:
    for place in ("", "/help", "/contacts", "/search", "/feedback", "/feedback/sent", "/safer-browsing", "/nope"):
        page = client.get(f"/ur{place}").text
        assert '<html lang="ur" dir="rtl">' in page, place
        around = page[page.index("<header") : page.index("<details id=")] + page[page.index("<footer") :]
        links = set(re.findall(r'<a (?:class="[^"]*" )?href="(/[^"]*)"', around))
        own = {link for link in links if link.startswith("/ur/") or link == "/ur"}
        assert links - own == {"/news"}, "Urdu has no news of its own"
        assert "/ur/help/get-help-now" in own
    for typed, destination in (("/ur/", "/ur"), ("/UR/Help/", "/ur/help"), ("/en/help/money", "/help/money")):
        assert client.get(typed).headers["Location"] == destination
    for path in ("/ur/news", "/ur/news/rss.xml", "/ur/news/first", "/fr", "/fr/help", "/ur/ur"):
        assert client.get(path).status_code == 404, path


def test_forms_and_their_answers_stay_in_their_language(site: ContentFolder, client: FlaskClient) -> None:
    assert 'action="/cy/search#results"' in client.get("/cy/search").text
    assert "0 canlyniad" in client.post("/cy/search", data={"query": "zqzq"}).text
    sent = client.post("/cy/feedback", data={"message": "Diolch"})
    assert sent.headers["Location"] == "/cy/feedback/sent"


def test_a_page_without_a_translation_is_shown_in_the_original_and_marked(
    site: ContentFolder, client: FlaskClient
) -> None:
    page = client.get("/ur/help/getting-ready").text
    assert '<div lang="en" dir="ltr">\n<p>Pack a bag.</p>' in words(page)
    assert '<h1 tabindex="-1"><span lang="en" dir="ltr">Getting ready</span>' in page
    assert 'rel="canonical" href="http://localhost:5000/help/getting-ready"' in page and "hreflang" not in page.partition("</head>")[0]  # fmt: skip
    assert client.get("/ur/help/nope").status_code == 404
    topics = words(client.get("/ur/help").text)
    assert '<a href="/ur/help/getting-ready"><span lang="en" dir="ltr">Getting ready</span></a>' in topics
    assert '<a href="/ur/help/get-help-now">مدد</a>' in topics


def test_a_former_address_without_a_language_redirects_to_the_translation(
    site: ContentFolder, client: FlaskClient
) -> None:
    for former in ("/help/arian", "/cy/help/arian"):
        answer = client.get(former)
        assert (answer.status_code, answer.headers["Location"]) == (301, "/cy/help/money")


def test_an_unreviewed_translation_is_shown_only_if_the_site_allows_it_and_says_so_in_both_languages(
    site: ContentFolder, client: FlaskClient
) -> None:
    assert "پیسہ" not in client.get("/ur/help/money").text
    assert "Money can be kept from you." in client.get("/ur/help/money").text
    page = words(client.get("/cy/help/money").text)
    assert "Arian." in page and "Nid oes neb" in page and '<span lang="en" dir="ltr">Nobody who knows' in page
    assert "Nobody who knows" not in client.get("/ur/help/get-help-now").text


@pytest.mark.parametrize("harm", ["draft", "embargo", "moved", "deleted", "unreadable from the first"])
def test_a_translation_is_hidden_with_its_original(
    harm: str, site: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    hidden = {"publish_at": "2026-12-24 09:00"} if harm == "embargo" else {"state": "draft"}
    site.document("help/zqplan.md", "Plan.", title="Plan", tab_title="Plan", **hidden)
    if harm == "unreadable from the first":
        site.write("help/zqplan.md", "---\ntitle: [half\n---\nPlan.")
    site.document("cy/help/zqplan.md", "Cynllun.", title="Cynllun", tab_title="Cynllun", reviewer="Mair")
    site.document("cy/news/zqplan.md", "Cynllun.", title="Cynllun", tab_title=None)
    refresh()
    if harm == "moved":
        (site.path / "help/zqplan.md").rename(site.path / "help/another.md")
    elif harm == "deleted":
        (site.path / "help/zqplan.md").unlink()
    refresh()
    assert client.get("/cy/help/zqplan").status_code == client.get("/cy/news/zqplan").status_code == 404
    everywhere = [client.get(path).text for path in ("/cy/help", "/cy", "/sitemap.xml", "/cy/pack")]
    assert "Cynllun" not in "".join([*everywhere, client.post("/cy/search", data={"query": "cynllun"}).text])


def test_only_a_change_to_emergency_advice_sends_readers_of_a_translation_to_the_original(
    site: ContentFolder, client: FlaskClient, app: Flask, refresh: Refresh
) -> None:
    step = 'href="/help/get-help-now#part-what-to-do" lang="en"'
    for body, standing in (
        (EMERGENCY + " More words.", TranslationStanding.STALE),
        (EMERGENCY.replace("Call 999.", "Call 999 now."), TranslationStanding.URGENT),
        (EMERGENCY.replace("ndah", "live-fear-free"), TranslationStanding.URGENT),
        (EMERGENCY + " Or 0800 555 0100.", TranslationStanding.URGENT),
        (EMERGENCY, TranslationStanding.GOOD),
    ):
        site.document("help/get-help-now.md", body, title="Get help now", tab_title="Help now")
        refresh()
        library = app.extensions["live"].library
        grid = next(row for page, row in standings(library).items() if page.slug == "get-help-now")
        assert grid == {"cy": TranslationStanding.MISSING, "ur": standing}
        assert (step in client.get("/ur/help/get-help-now").text) is (standing is TranslationStanding.URGENT)


def test_check_reports_outdated_orphaned_unreviewed_and_misplaced_translations_and_telling_titles(
    site: ContentFolder, app: Flask, refresh: Refresh
) -> None:
    site.document("cy/help/getting-ready.md", "Trais.", title="Trais", tab_title="Paratoi")
    site.document("help/aros.md", "Aros.", title="Aros", tab_title="Aros", language="cy")
    refresh()
    output = app.test_cli_runner().invoke(args=["content", "check"]).output
    assert "ur/help/get-help-now.md: error: It says “0808 2000 247”, and help/get-help-now.md does not." in output
    assert "ur/help/get-help-now.md: warning: It leaves out what help/get-help-now.md has: 999." in output
    assert "cy/help/money.md: warning: The words of help/money.md are not those" in output
    assert "cy/help/money-too.md: warning: This translates help/money-too, which is not there, so readers" in output
    assert "cy/help/getting-ready.md: error: The title gives the page away: “trais”." in output
    assert "error: A page in “cy” belongs in another folder. Move it to cy/help/aros.md." in output
    assert output.count("ur/help/get-help-now.md: ") == 2, "it is reviewed and up to date"


def test_the_choice_of_language_links_to_the_same_page_with_each_languages_own_name(
    site: ContentFolder, client: FlaskClient
) -> None:
    def choice(path: str) -> list[tuple[str, str, str]]:
        page = client.get(path).text
        return re.findall('<li><a href="([^"]+)" lang="([^"]+)" dir="[a-z]+" hreflang="[^"]+"[^>]*>([^<]+)</a>', page)

    assert choice("/help/money") == [("/cy/help/money", "cy", "Cymraeg"), ("/ur/help/money", "ur", "اردو")]
    assert choice("/ur/help/money") == [("/help/money", "en", "English"), ("/cy/help/money", "cy", "Cymraeg")]
    assert [path for path, *_ in choice("/cy")] == ["/", "/ur"]
    assert [path for path, *_ in choice("/news/first")] == ["/cy", "/ur"]
    assert [path for path, *_ in choice("/cy/help/zqnope")] == ["/", "/ur"], "no typed address is repeated"


def test_search_engines_see_translations_and_no_borrowed_pages(site: ContentFolder, client: FlaskClient) -> None:
    tree = etree.fromstring(client.get("/sitemap.xml").data)
    listed = {url[0].text: [(link.get("hreflang"), link.get("href")) for link in url if link.get("hreflang")] for url in tree}  # fmt: skip
    host = "http://localhost:5000"
    both = [("en", f"{host}/help/get-help-now"), ("ur", f"{host}/ur/help/get-help-now"), ("x-default", f"{host}/help/get-help-now")]  # fmt: skip
    assert listed[f"{host}/help/get-help-now"] == listed[f"{host}/ur/help/get-help-now"] == both
    assert f"{host}/ur/help/getting-ready" not in listed and listed[f"{host}/help/getting-ready"] == []
    assert listed[f"{host}/ur"][-1] == ("x-default", f"{host}/")
    head = client.get("/ur/help/get-help-now").text.partition("</head>")[0]
    assert re.findall('hreflang="([^"]+)" href="([^"]+)"', head) == both


def test_a_language_with_news_has_its_own_list_and_feeds(
    site: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    site.document("cy/news/first.md", "Newyddion.", title="Newyddion cyntaf", tab_title=None, publish_at="2026-11-02 09:00")  # fmt: skip
    refresh()
    assert "Newyddion cyntaf" in client.get("/cy/news").text and "First news" not in client.get("/cy/news").text
    assert "Newyddion cyntaf" not in client.get("/news").text
    feed = client.get("/cy/news/feed.json").get_json()
    assert (feed["language"], [item["url"] for item in feed["items"]]) == ("cy", ["http://localhost:5000/cy/news/first"])  # fmt: skip
    assert "<language>cy</language>" in client.get("/cy/news/rss.xml").text
    assert client.get("/cy/news/2026").status_code == 200
    assert 'href="/cy/news/first" lang="cy"' in client.get("/news/first").text


def test_numbers_keep_their_order_in_right_to_left_text(site: ContentFolder, client: FlaskClient) -> None:
    page = words(client.get("/ur/help/get-help-now").text)
    assert '<bdi dir="ltr">0808 2000 247</bdi> پر' in page, "a number in running text"
    assert re.search('href="tel:08082000247">[^<]* <bdi dir="ltr">0808 2000 247</bdi>', page), "a number on a card"
    assert not re.search(r">[^<]*\d{3} \d[^<]*<(?!/bdi>)", page), "no number anywhere lacks its bdi"


def test_names_in_latin_letters_are_marked_in_right_to_left_text(
    site: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    body = "اسے Silent Solution کہتے ہیں۔ LGBT+ افراد، A&E، 999 BSL پر، (police)، ۵۵ 12 [Live Fear Free](/help/money) `a&b`۔"
    site.document("ur/help/money.md", body, title="پیسہ", tab_title="پیسہ", reviewer="Ayesha")
    refresh()
    page = words(client.get("/ur/help/money").text)
    for name in ("Silent Solution", "LGBT+", "A&amp;E", "999 BSL", "police", "Live Fear Free", "a&amp;b"):
        assert f'<span lang="en" dir="ltr">{name}</span>' in page, name
    assert '(<span lang="en" dir="ltr">police</span>)' in page and '<bdi dir="ltr">۵۵ 12</bdi>' in page
    assert 'lang="en" dir="ltr">Pack' not in words(client.get("/help/getting-ready").text), (
        "names in Latin text are not marked"
    )


@pytest.mark.parametrize(
    ("language", "written", "typed"),
    [
        ("ur", "وہ مجھے مارتا ہے، میں کیا کروں", "كيا"), ("ur", "یہ گھر کی بات ہے", "گھر"), ("fa", "می‌خواهم بروم", "میخواهم"),
        ("fa", "شماره ۱۲۳۴", "1234"), ("ar", "أريد المساعدة", "اريد"), ("pl", "Chcę wyjść, łatwo", "latwo"), ("pl", "Pomoc już", "POMÓC"),
        ("cy", "Dyma ŵyl", "wyl"), ("bn", "আমি নিরাপদ নই", "নিরাপদ"), ("pa", "ਮੈਨੂੰ ਮਦਦ ਚਾਹੀਦੀ ਹੈ", "ਚਾਹੀਦੀ"), ("zh", "他控制我的钱和手机。", "控制"),
        ("ro", "Ştiu unde ești", "stiu"), ("so", "Guriga ka bax", "guri"),
    ],
)  # fmt: skip
def test_search_finds_a_word_in_any_spelling_and_shows_it_as_written(
    content: ContentFolder, client: FlaskClient, refresh: Refresh, language: str, written: str, typed: str
) -> None:
    toml = (content.path / "site.toml").read_text("utf-8").replace('languages = ["en", "cy"]\n', "")
    content.write("site.toml", f'{toml}\n[languages.{language}]\nshow = "all"\n')
    content.document(f"{language}/help/money.md", written, title="Zq", tab_title="Zq")
    refresh()
    results = client.post(f"/{language}/search", data={"query": typed}).text
    hits = re.findall(r'<li><a href="([^"]+)">Zq</a><span>[^:]*: (.*?)</span></li>', results)
    assert [path for path, _ in hits] == [f"/{language}/help/money"]
    assert re.sub("</?mark>", "", hits[0][1]) in (written, "A summary.")
    assert "\u200b" not in results


def test_search_shows_the_readers_language_first_then_the_sites_own_and_no_others(
    site: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    for folder in ("", "cy/", "ur/"):
        site.document(f"{folder}help/getting-ready.md", "Zqword.", title=f"In {folder or 'en/'}", tab_title="Tab", reviewer="Ann" if folder else None)  # fmt: skip
    site.document("help/alone.md", "Zqword zqword.", title="Alone", tab_title="Alone", group="plan")
    refresh()
    results = client.post("/ur/search", data={"query": "zqword"}).text
    hits = re.findall(
        r'<li><a href="([^"]+)">(?:<span lang="(\w+)" dir="ltr">)?([^<]+)', results[results.index("results") :]
    )
    assert hits[:2] == [("/ur/help/getting-ready", "", "In ur/"), ("/ur/help/alone", "en", "Alone")]
    assert "In cy/" not in results and "In en/" not in results


def test_contacts_name_their_languages_and_readers_can_filter_by_language(
    site: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    text = (site.path / "contacts.yaml").read_text("utf-8")
    assert "Someone who speaks" not in client.get("/contacts").text, "contacts without languages get no filter"
    ndah, other = text.split("  - id: live-fear-free")
    site.write("contacts.yaml", f"{ndah}    languages: [ur]\n  - id: live-fear-free{other}    interpreter: name-it\n")
    refresh()
    page = client.get("/ur/contacts").text
    assert page.count('<span lang="en" dir="ltr">Urdu</span>') == 1, (
        "the English name, for the reader to say on the phone"
    )

    def contacts_for(speaks: str) -> list[str]:
        return re.findall(r'id="contact-([\w-]+)"', client.post("/contacts", data={"speaks": speaks}).text)

    assert contacts_for("ur") == ["ndah", "live-fear-free"]
    assert contacts_for("cy") == ["live-fear-free"]
    assert contacts_for("zq") == ["ndah", "live-fear-free"], "an unknown language filters nothing"


def test_the_mirror_redirects_borrowed_pages_to_the_original(app: Flask, site: ContentFolder, tmp_path: Path) -> None:
    write_mirror(app, tmp_path / "mirror", "https://www.example.org")
    mirror = (tmp_path / "mirror").resolve()
    assert (mirror / "cy/help/money.html").is_file() and not (mirror / "ur/help/getting-ready.html").exists()
    assert "/ur/help/getting-ready /help/getting-ready 302\n" in (mirror / "_redirects").read_text("utf-8")
    assert '/ur/help/getting-ready "/help/getting-ready";\n' in (mirror / "_moved.map").read_text("utf-8")
