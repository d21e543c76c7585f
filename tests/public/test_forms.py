"""Other forms of a page: Easy Read has its own address, borrows no pages, and becomes outdated as a translation does."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.documents.checks import check_document
from sidedoor.documents.codes import Code
from sidedoor.documents.drawings import DRAWINGS, drawing
from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.translations import TranslationStanding, standings
from sidedoor.public.addresses import Addresses
from tests.conftest import Refresh
from tests.content import ContentFolder
from tests.public.test_languages import EMERGENCY, stamp, words

EASY = "en-simple/help/get-help-now.md"
PLACE = "/en-simple/help/get-help-now"
BODY = "/// idea | phone\nCall 999.\n\nIt is free.\n///\n\n//// idea | talk\nYou can talk.\n\n/// number | ndah\n///\n////\n"
FORM = '\n[forms.en-simple]\nname = "Easy Read"\nshow = "all"\n'


@pytest.fixture
def site(content: ContentFolder, refresh: Refresh, app: Flask) -> ContentFolder:
    """A site with Help now in Easy Read, which nobody has checked."""
    content.write("site.toml", (content.path / "site.toml").read_text("utf-8") + FORM)
    content.document("help/get-help-now.md", EMERGENCY, title="Get help now", tab_title="Help now")
    content.document(EASY, BODY, title="Get help now in Easy Read", tab_title="Help now")
    refresh()
    stamp(app, EASY)
    refresh()
    return content


def test_a_page_and_its_other_form_link_to_each_other(site: ContentFolder, client: FlaskClient) -> None:
    usual, easy = client.get("/help/get-help-now").text, client.get(PLACE).text
    assert f'href="{PLACE}"' in words(usual) and "</svg>Easy Read</a>" in words(usual)
    assert '<a class="other" href="/help/get-help-now">Get help now</a>' in words(easy)
    assert '<html lang="en" dir="ltr">' in easy, "it is the same language"
    assert 'data-as="/help/get-help-now"' in easy, "the choice of language starts from the usual page"
    for page in (usual, client.get("/contacts").text, client.get("/cy/help").text):
        assert f'<a href="{PLACE}" lang="en" dir="ltr">Easy Read</a>' in page.partition("<main")[0]
    assert "Easy Read" not in words(client.get("/cy/help/get-help-now").text), "only the menu links to it"
    assert '<a href="/cy/help/get-help-now" lang="cy"' in easy


def test_an_idea_has_a_drawing_that_screen_readers_skip(site: ContentFolder, client: FlaskClient) -> None:
    easy = words(client.get(PLACE).text).replace("\n", "")
    assert f'<div class="idea">{drawing("phone")}<div><p>Call 999.</p><p>It is free.</p></div></div>' in easy
    assert '<a href="tel:08082000247">0808 2000 247</a>' in easy
    for name in DRAWINGS:
        assert drawing(name).startswith('<svg viewBox="0 0 100 100" aria-hidden="true"><') and len(drawing(name)) < 600
        assert not any(
            forbidden in drawing(name) for forbidden in ("<text", "<style", "style=", "href", "<script", "\n")
        ), name


def test_a_form_has_only_its_own_pages_and_is_not_a_translation(site: ContentFolder, client: FlaskClient) -> None:
    for path in ("", "/", "/help", "/contacts", "/chat", "/search", "/pack", "/help/money", "/news", "/feedback"):
        assert client.get(f"/en-simple{path}").status_code == 404, path
    head = client.get(PLACE).text.partition("</head>")[0]
    assert "hreflang" not in head and "noindex" not in head and "canonical" not in head
    assert "en-simple" not in client.get("/help/get-help-now").text.partition("</head>")[0]
    entry = next(part for part in client.get("/sitemap.xml").text.split("<url>") if PLACE in part)
    assert "hreflang" not in entry
    assert "en-simple" not in client.get("/.well-known/security.txt").text
    assert "Easy Read" in client.post("/search", data={"query": "easy read"}).text
    assert "Easy Read" not in words(client.post("/cy/search", data={"query": "easy read"}).text)


def test_an_unchecked_form_says_so_or_is_hidden_as_the_site_chooses(
    site: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    assert "No people with a learning disability have checked this page yet." in client.get(PLACE).text
    site.write("site.toml", (site.path / "site.toml").read_text("utf-8").replace('show = "all"', 'show = "reviewed"'))
    refresh()
    assert client.get(PLACE).status_code == 404
    assert "Easy Read" not in client.get("/help/get-help-now").text
    site.document(EASY, BODY, title="Get help now in Easy Read", tab_title="Help now", reviewer="A group of readers")
    refresh()
    assert "have checked" not in client.get(PLACE).text and client.get(PLACE).status_code == 200


def test_a_change_to_the_emergency_advice_leads_readers_of_the_form_to_the_original(
    site: ContentFolder, client: FlaskClient, refresh: Refresh, app: Flask
) -> None:
    library = app.extensions["live"].library
    page = next(page for page in library.documents if page.file == "help/get-help-now.md")
    assert standings(library)[page]["en-simple"] is TranslationStanding.AWAITS_REVIEW
    site.document("help/get-help-now.md", EMERGENCY.replace("Call 999.", "Call 999 at once."), title="Get help now", tab_title="Help now")  # fmt: skip
    refresh()
    page = next(page for page in app.extensions["live"].library.documents if page.file == "help/get-help-now.md")
    assert standings(app.extensions["live"].library)[page]["en-simple"] is TranslationStanding.URGENT
    easy = words(client.get(PLACE).text)
    assert "Something on this page has changed" in easy and 'href="/help/get-help-now#part-what-to-do"' in easy
    assert "translation" not in easy


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("Wait 45 seconds.", Code.TRANSLATION_OTHER_NUMBER),
        ("One two three four five six seven eight nine ten a b c d e f.", Code.LONG_SENTENCE),
        ("[A way](/help/money)", Code.TRANSLATION_OTHER_PLACE),
        ("[The whole page](/help/get-help-now)", None),
        ("Call 999.", None),
    ],
)
def test_a_form_may_say_less_than_its_page_but_not_something_else(
    site: ContentFolder, refresh: Refresh, app: Flask, body: str, code: Code | None
) -> None:
    site.document(EASY, body, title="Get help now in Easy Read", tab_title="Help now")
    library = refresh()
    easy = next(page for page in library.documents if page.file == EASY)
    codes = {problem.code for problem in check_document(easy, library, app.extensions["clock"](), LINKED)}
    assert codes == ({code} if code else set())


def test_a_missing_drawing_is_reported_with_those_that_exist(site: ContentFolder, refresh: Refresh) -> None:
    site.document(EASY, "/// idea | dragon\nCall 999.\n///\n", title="Easy", tab_title="Help now")
    (problem,) = refresh().problems
    assert (problem.code, problem.file) == (Code.UNKNOWN_DRAWING, EASY)
    assert "phone" in str(problem)


def test_the_mirror_has_the_form(site: ContentFolder, app: Flask) -> None:
    addresses = Addresses(app.extensions["live"].library.public(app.extensions["clock"]()))
    assert PLACE in set(addresses.mirrored())
    assert "/en-simple/help/money" not in addresses, "pages that it lacks are not borrowed"
