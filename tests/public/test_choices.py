"""What the owner of a site chooses in site.toml: numbers, places, audiences, the menu, words and dates."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.public.contacts import digits
from sidedoor.web.look import site_rules
from tests.conftest import Refresh
from tests.content import CONTACTS, SITE, ContentFolder

TORONTO = """\
name = "Side Street"
organisation = "A charity in Toronto"
languages = ["en", "fr"]
timezone = "America/Toronto"
dates = { en = "en-CA", fr = "fr-CA" }
exit = ["https://weather.example/"]
must_act = { en = "We must act on some things.", fr = "Nous devons parfois agir." }
[words.en]
"Hide this page" = "Leave now"
"%(count)s result" = "Just %(count)s thing"
[words.fr]
"Help now" = "Aide"
[emergency]
number = "000"
[menu]
pages = ["/contacts", "/safer-browsing", "/nowhere", "/chat"]
[menu.names]
"/contacts" = { en = "People", fr = "Des gens" }
[[situations]]
says = { en = "Help me", fr = "Aidez-moi" }
page = "get-help-now"
[[groups]]
id = "now"
title = { en = "First", fr = "D'abord" }
[[groups]]
id = "plan"
title = "Later"
[[places]]
id = "on"
name = { en = "Ontario", fr = "l'Ontario" }
[[audiences]]
id = "women"
name = "Women"
"""


@pytest.fixture
def client(app: Flask, content: ContentFolder, refresh: Refresh) -> FlaskClient:
    """A client of a site in another country."""
    content.write("site.toml", TORONTO)
    numbers = CONTACTS.replace("[england]", "[on]").replace("[wales]", "[on]").replace("[everyone]", "[women]")
    content.write("contacts.yaml", numbers.replace("0808 2000 247", "+1 (416) 555-0100").replace("id: ndah", "id: 211"))
    content.document("help/get-help-now.md", "Call 000.\n\n/// contact | 211\n\n///", title="Get help now")
    content.document("fr/help/get-help-now.md", "Du texte.", reviewer="Ann", title="De l'aide")
    refresh()
    return app.test_client()


def test_the_emergency_number_is_the_sites_own(client: FlaskClient) -> None:
    assert "If you are in danger, call 000." in client.get("/feedback").text
    assert "999" not in client.get("/feedback").text


def test_without_an_emergency_number_pages_name_none(
    client: FlaskClient, content: ContentFolder, refresh: Refresh
) -> None:
    content.write("site.toml", TORONTO.replace('[emergency]\nnumber = "000"\n', ""))
    refresh()
    page = client.get("/feedback").text
    assert "we cannot reply to you here" in page
    assert "in danger, call" not in page


def test_a_site_chooses_the_ids_of_places_and_audiences_and_the_numbers_of_contacts(client: FlaskClient) -> None:
    page = client.get("/contacts").text
    assert 'name="place" value="on"' in page and "Ontario" in page
    rules = site_rules(client.application.extensions["live"].library.site)
    assert "body:has(#card-for-on:checked) .card:not(#card-on){display:none}" in rules.cards
    assert 'id="contact-211"' in page and 'href="tel:+14165550100">Call +1 (416) 555-0100<' in page
    assert "England" not in page


def test_the_menu_is_the_sites_own_without_links_to_missing_pages(client: FlaskClient) -> None:
    page = client.get("/").text
    menu = page[page.index('<nav id="menu"') :]
    links = [part.partition('"')[0] for part in menu.split('href="')[1:]]
    assert links == ["/help/get-help-now", "/contacts", "/safer-browsing"]
    assert ">People</a>" in menu and ">Using the internet</a>" in menu


def test_words_titles_and_menu_are_in_the_language_of_the_page(client: FlaskClient) -> None:
    french = client.get("/fr/help/get-help-now").text
    assert ">Aide</a>" in french and ">Des gens</a>" in french
    assert ">Leave now</a>" not in french


def test_the_owners_words_replace_those_of_the_interface(client: FlaskClient) -> None:
    assert 'rel="noreferrer nofollow"' in client.get("/").text
    assert ">Leave now</a>" in client.get("/").text
    assert "Just 1 thing" in client.post("/search", data={"query": "browse"}).text


def test_dates_are_written_as_the_site_chooses(client: FlaskClient, content: ContentFolder, refresh: Refresh) -> None:
    assert "November 1, 2026" in client.get("/news").text
    content.write("site.toml", TORONTO.replace('"en-CA"', '"en-IE"'))
    refresh()
    assert "1 November 2026" in client.get("/news").text


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("0808 2000 247", "08082000247"),
        ("+44 (0)20 7946 0000", "+442079460000"),
        ("1-416-555-0100", "14165550100"),
        ("(01) 555 0100", "015550100"),
        ("*16", "*16"),
        ("#9", "%239"),
    ],
)
def test_phone_numbers_in_every_notation_can_be_dialled(written: str, dialled: str) -> None:
    assert digits(written) == dialled


@pytest.mark.parametrize(
    ("written", "instead", "says"),
    [
        ('en = "en-GB"', 'en = "xx-YY"', "`dates.en`: “xx-YY” is no way of writing days that we know."),
        ('number = "999"', 'number = "nine"', "`emergency.number` cannot be “nine”."),
        ('id = "wales"', 'id = "Wales!"', "`places.2.id` cannot be “Wales!”."),
        ("everyone = true", 'everyone = "perhaps"', "`audiences.1.everyone` cannot be “perhaps”."),
        ('name = "Scotland"', "name = {}", "`places.3.name` is empty."),
        ('says = "I need help now"', "says = 7", "`situations.1.says` has to be words."),
        ('organisation = "Test', 'organisation = ["Test"] #', "`organisation` has to be words."),
        (
            'silent = "If',
            'silence = "If',
            "`emergency.silence` is not a name that is known here. Did you mean `silent`?",
        ),
    ],
)
def test_a_mistake_in_a_choice_is_reported_with_its_line(
    content: ContentFolder, refresh: Refresh, written: str, instead: str, says: str
) -> None:
    assert written in SITE
    line = SITE[: SITE.index(written)].count("\n") + 1
    content.write("site.toml", SITE.replace(written, instead))
    problems = [str(problem) for problem in refresh().problems]
    assert any(f"site.toml:{line}: error" in problem and says in problem for problem in problems), problems


def test_a_contact_with_an_unlisted_place_or_audience_is_an_error(
    app: Flask, content: ContentFolder, refresh: Refresh
) -> None:
    content.write("contacts.yaml", CONTACTS.replace("[england]", "[atlantis]").replace("[women]", "[mermaids]"))
    refresh()
    output = app.test_cli_runner().invoke(args=["content", "check"]).output
    assert "“ndah” is for a place that site.toml does not list: “atlantis”." in output
    assert "“ndah” is for an audience that site.toml does not list: “mermaids”." in output
