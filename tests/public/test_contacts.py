"""Contact cards: each has a way to make contact, none sends an empty text too early, and nearby contacts come first."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.documents.checks import check_library
from sidedoor.documents.codes import Code
from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.problem_words import file_words
from sidedoor.documents.problems import Level
from sidedoor.documents.site import Area
from sidedoor.documents.times import utc_now
from sidedoor.public.contacts import near_to
from tests.content import CONTACTS, SITE, ContentFolder

AREAS = """
[[areas]]
name = "The county"
[[areas]]
name = "The town"
within = ["The county"]
[[areas]]
name = "The island"
"""
RECORD = """\
  - id: {id}
    name: {id}
    for: Anyone
    audiences: [everyone]
    source: https://www.example.org/
"""


def record(name: str, **fields: str) -> str:
    return RECORD.format(id=name) + "".join(f"    {key}: {value}\n" for key, value in fields.items())


def errors(app: Flask) -> list[str]:
    library = app.extensions["live"].refresh()
    problems = check_library(library, app.extensions["clock"](), LINKED)
    return [
        file_words(problem.code, problem.values, problem.field).what
        for problem in problems
        if problem.file in ("contacts.yaml", "site.toml") and problem.level is Level.ERROR
    ]


def card(page: str, contact: str) -> str:
    match = re.search(rf'<article class="contact" id="contact-{contact}".*?</article>', page, re.DOTALL)
    assert match, contact
    return match[0]


@pytest.mark.parametrize(
    "way", [{"phone": "0800 1"}, {"text": "8"}, {"email": "a@b.org"}, {"url": "https://b.org"}, {"textphone": "18000"}]
)
def test_a_contact_that_nobody_can_reach_from_its_card_is_an_error(
    app: Flask, content: ContentFolder, way: dict[str, str]
) -> None:
    content.write("contacts.yaml", CONTACTS + record("mute", hours="Day and night"))
    assert errors(app) == ["Nobody can reach “mute” from its card."]
    content.write("contacts.yaml", CONTACTS + record("mute", **way))
    assert errors(app) == []


def test_a_chat_needs_an_address_and_a_sign_up_word_needs_a_text_number(app: Flask, content: ContentFolder) -> None:
    content.write(
        "contacts.yaml", CONTACTS + record("a", phone="1", webchat="yes") + record("b", phone="1", sign_up="go")
    )
    assert errors(app) == ["“a” has a chat, but not where it is.", "“b” has a sign_up, but no text."]


def test_every_contact_of_the_project_can_be_reached_from_its_card(real_app: Flask, real_client: FlaskClient) -> None:
    page = real_client.get("/contacts").text
    for contact in real_app.extensions["live"].library.contacts.values():
        shown = card(page, contact.id)
        assert re.search(r'href="(?:tel:|sms:|mailto:|https://)', shown) or contact.textphone, contact.id


def test_the_first_button_for_texting_999_signs_the_phone_up(real_client: FlaskClient) -> None:
    for path in ("/contacts", "/help/get-help-now"):
        page = real_client.get(path).text
        links = re.findall(r'href="(sms:999[^"]*)"', page)
        assert links == ["sms:999?body=register", "sms:999"], path
        before = page[: page.index('href="sms:999"')]
        assert "Signed up already?" in before


def test_a_number_for_textphones_is_not_a_link(real_client: FlaskClient) -> None:
    page = real_client.get("/contacts").text
    shown = card(page, "textphone-18000")
    assert "18000" in shown
    assert "tel:" not in shown
    assert "tel:18000" not in page


def test_an_area_that_the_site_does_not_have_is_an_error(app: Flask, content: ContentFolder) -> None:
    content.write("contacts.yaml", CONTACTS + record("here", phone="1", area="The town"))
    assert errors(app) == []  # a site without a list of areas may name any area
    content.write("site.toml", SITE + AREAS)
    assert errors(app) == []
    content.write("contacts.yaml", CONTACTS + record("here", phone="1", area="The toun"))
    assert errors(app) == ["“here” is in an area that site.toml does not list: “The toun”."]
    content.write("site.toml", SITE + AREAS.replace('["The county"]', '["The country"]'))
    assert "“The town” lies within “The country”, which is no area." in errors(app)


def test_a_town_is_near_its_county_and_a_county_near_its_towns() -> None:
    areas = [
        Area(name="Land"),
        Area(name="County", within=("Land",)),
        Area(name="Town", within=("County",)),
        Area(name="Isle", within=("Land",)),
    ]
    assert near_to("Town", areas) == {"Town", "County", "Land"}
    assert near_to("County", areas) == {"Town", "County", "Land"}
    assert near_to("Land", areas) == {"Land", "County", "Town", "Isle"}
    assert near_to("Isle", areas) == {"Isle", "Land"}
    assert near_to("Elsewhere", areas) == near_to("", areas) == set()
    loop = [Area(name="A", within=("B",)), Area(name="B", within=("A",))]
    assert near_to("A", loop) == {"A", "B"}


def test_a_chosen_area_lists_its_contacts_first_and_is_not_remembered(
    app: Flask, client: FlaskClient, content: ContentFolder
) -> None:
    content.write("site.toml", SITE + AREAS)
    content.write(
        "contacts.yaml",
        CONTACTS + record("island", phone="1", area="The island") + record("county", phone="2", area="The county"),
    )
    app.extensions["live"].refresh()

    def order(page: str) -> list[str]:
        return re.findall(r'id="contact-([\w-]+)"', page)

    everywhere = client.get("/contacts")
    assert order(everywhere.text) == ["ndah", "live-fear-free", "island", "county"]
    assert re.findall(r"<option(?: selected)?>(.*?)</option>", everywhere.text) == ["The county", "The island"]
    picked = client.post("/contacts", data={"area": "The county"})
    assert order(picked.text) == ["county", "ndah", "live-fear-free", "island"]
    assert "<option selected>The county</option>" in picked.text
    assert picked.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in picked.headers
    assert client.get("/contacts").text == everywhere.text
    for odd in ("Nowhere", "", "<b>", "ndah"):
        assert order(client.post("/contacts", data={"area": odd}).text) == order(everywhere.text)
        assert "<b>" not in client.post("/contacts", data={"area": odd}).text
    elsewhere = client.post("/contacts", data={"area": "The county"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403


def test_a_site_without_areas_does_not_ask_readers_where_they_are(client: FlaskClient) -> None:
    assert 'name="area"' not in client.get("/contacts").text


def test_every_area_that_the_projects_contacts_name_exists(real_app: Flask) -> None:
    library = real_app.extensions["live"].library
    areas = (Code.CONTACT_IN_UNKNOWN_AREA, Code.AREA_IN_UNKNOWN_AREA)
    assert [problem for problem in check_library(library, utc_now(), LINKED) if problem.code in areas] == []
