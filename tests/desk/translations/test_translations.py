"""The desk shows the state of every page in every language. A translation is written beside its original, and somebody
else who knows the language approves it.
"""

import html
import io
import re
import sqlite3
from contextlib import closing

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sidedoor.documents.front_matter import read_document
from tests.content import ContentFolder
from tests.desk.conftest import PublicSite, SignedIn

WHOLE = "Pack a bag.\n\n/// emergency | Now\nCall 999.\n///\n\nTell a friend."
ADDRESS = "/translations/ur/help/getting-ready"
TYPED = {
    "title": "تیاری",
    "tab_title": "تیار",
    "summary": "یہ",
    "1": "بیگ",
    "3": "ابھی",
    "4": "999 پر فون",
    "5": "دوست",
}


def write_original(desk: Flask, content: ContentFolder) -> None:
    """A page that has no translation yet, on a site that speaks Urdu as well."""
    toml = (content.path / "site.toml").read_text("utf-8").replace('languages = ["en", "cy"]\n', "")
    content.write("site.toml", f'{toml}\n[languages.ur]\n[languages.cy]\nshow = "all"\n')
    content.document("help/getting-ready.md", WHOLE, title="Getting ready", tab_title="Ready", group="plan")
    desk.extensions["desk"].live.refresh()


@pytest.fixture
def pages(desk: Flask, content: ContentFolder) -> ContentFolder:
    """The content folder with the page of `write_original`."""
    write_original(desk, content)
    return content


def form(client: FlaskClient) -> dict[str, str]:
    """The fields of the page beside its original, as a browser would send them."""
    page = client.get(ADDRESS).get_data(as_text=True)
    fields = {
        name: html.unescape(text)
        for name, text in re.findall(r'<textarea name="([^"]+)"[^>]*>(.*?)</textarea>', page, re.S)
    }
    return fields | dict(re.findall(r'name="(seen|made_from)" value="([^"]*)"', page))


def send(client: FlaskClient, step: str, **changes: str) -> TestResponse:
    typed = dict(zip((name for name in form(client) if name.startswith("said-")), TYPED.values(), strict=True))
    return client.post(ADDRESS, data={**form(client), **typed, **changes, "step": step})


def test_the_grid_and_the_page_beside_its_original_show_what_is_outdated(
    desk: Flask, eve: FlaskClient, pages: ContentFolder
) -> None:
    content, parts = pages, desk.extensions["desk"]
    digest = next(page.digest for page in parts.live.library.documents if page.file == "help/getting-ready.md")
    content.document("ur/help/getting-ready.md", WHOLE.replace("Pack a bag.", "بیگ"), title="تیاری", tab_title="تیاری", made_from=digest, reviewer="Ayesha")  # fmt: skip
    parts.live.refresh()

    def cells() -> list[str]:
        row = re.search(r"<tr><th scope=\"row\">Getting ready</th>(.*?)</tr>", eve.get("/translations").text, re.S)
        assert row
        return re.findall(r"<td><a href=\"[^\"]+\">([^<]+)", row[1])

    assert cells() == ["good", "missing"]
    with parts.shelf.turn():
        parts.shelf.history.note_edits_by_hand(["help/getting-ready.md"])
    content.document("help/getting-ready.md", WHOLE.replace("Tell", "Ask").replace("Call 999.", "Call 999 now."), title="Getting ready", tab_title="Ready", group="plan")  # fmt: skip
    parts.live.refresh()
    assert cells() == ["wrong where it matters", "missing"]
    page = html.unescape(eve.get(ADDRESS).text)
    assert re.search(r'<td id="of-1">Pack a bag.</td><td lang="ur" dir="rtl"><textarea[^>]*>بیگ</textarea>', page)
    assert re.findall(r"<mark>(.*?)</mark>", page) == ["Call 999 now.", "Ask a friend."]
    assert eve.get("/translations/ur/help/nope").status_code == 404
    assert eve.get("/translations/fr/help/getting-ready").status_code == 404


def test_a_translation_becomes_public_when_somebody_else_who_knows_the_language_approves_it(
    desk: Flask, eve: FlaskClient, ada: FlaskClient, signed_in: SignedIn, pages: ContentFolder, public: PublicSite
) -> None:
    eli, staff = signed_in("Eli Editor"), desk.extensions["desk"].staff
    assert send(eve, "send").status_code == 303
    assert public.get("/ur/help/getting-ready")[1].count("بیگ") == 0
    file = pages.path / "ur/help/getting-ready.md"
    assert read_document(file.read_text("utf-8"), "").values["state"] == "ready"
    assert 'Getting ready, <span lang="ur">اردو' in eve.get("/translations").text
    assert f'<a href="{ADDRESS}">Getting ready</a>' in eli.get("/").text, "it is listed as something to do"
    seen = form(eli)["seen"]
    for client, reason in (
        (eve, "You wrote or changed this yourself."),
        (eli, "Somebody who knows اردو has to read it"),
    ):
        assert reason in client.get(ADDRESS).text
        assert client.post(ADDRESS, data={"step": "approve", "seen": seen}).status_code == 422
    number = staff.named("Eli Editor").id
    assert ada.post(f"/people/{number}/languages", data={"knows": ["ur", "xx"]}).status_code == 303
    assert staff.find(number).languages == {"ur"}
    eli = signed_in("Eli Editor")
    assert eli.post(ADDRESS, data={"step": "approve", "seen": seen}).status_code == 303
    values = read_document(file.read_text("utf-8"), "").values
    assert (values["state"], values["reviewer"]) == ("published", "Eli Editor")
    assert "بیگ" in public.get("/ur/help/getting-ready")[1]
    # The next change waits beside the public page, without its reviewer.
    assert send(eve, "send", **{"said-1": "تھیلا"}).status_code == 303
    assert "بیگ" in public.get("/ur/help/getting-ready")[1]
    assert (
        "reviewer" not in read_document((pages.path / "changes/ur/help/getting-ready.md").read_text("utf-8"), "").values
    )
    assert eve.post(ADDRESS, data={"step": "discard"}).status_code == 303
    assert not (pages.path / "changes/ur/help/getting-ready.md").exists()


def test_an_approval_that_was_published_but_not_recorded_is_reported_as_done(
    desk: Flask, eve: FlaskClient, signed_in: SignedIn, pages: ContentFolder, public: PublicSite
) -> None:
    assert send(eve, "send").status_code == 303
    staff = desk.extensions["desk"].staff
    staff.set_languages(staff.named("Eli Editor").id, ["ur"])
    eli = signed_in("Eli Editor")
    seen = form(eli)["seen"]
    with closing(sqlite3.connect(desk.config["DATA"] / "reviews.sqlite3")) as reviews:
        reviews.execute("CREATE TRIGGER full BEFORE INSERT ON verdicts BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    answer = eli.post(ADDRESS, data={"step": "approve", "seen": seen})
    assert (answer.status_code, answer.location) == (303, ADDRESS)
    assert "It is done, but" in html.unescape(eli.get(ADDRESS).text)
    assert "بیگ" in public.get("/ur/help/getting-ready")[1]


def test_a_wrong_number_stops_a_translation_and_an_unfinished_one_stays_a_draft(
    desk: Flask, eve: FlaskClient, ann: FlaskClient, signed_in: SignedIn, pages: ContentFolder
) -> None:
    last = [name for name in form(eve) if name.startswith("said-")][-1]
    answer = send(eve, "send", **{last: ""})
    assert answer.status_code == 422
    assert "Not translated yet: 1; the first is “Tell a friend.”" in html.unescape(answer.text)
    assert ">بیگ</textarea>" in answer.text, "nothing typed is lost"
    assert send(eve, "save", **{last: ""}).status_code == 303
    assert form(eve)[last] == ""
    assert form(ann).keys() == {"seen", "made_from"}, "the press office writes no help pages"
    assert ann.post(ADDRESS, data={**form(eve), "step": "save"}).status_code == 422
    wrong = next(name for name, text in form(eve).items() if "999" in text)
    assert send(eve, "send", **{wrong: "۹۹۸ پر فون"}).status_code == 303
    assert "It says “998”, and help/getting-ready.md does not." in html.unescape(eve.get(ADDRESS).text)
    staff = desk.extensions["desk"].staff
    staff.set_languages(staff.named("Eli Editor").id, ["ur"])
    eli = signed_in("Eli Editor")
    assert eli.post(ADDRESS, data={"step": "approve", "seen": form(eli)["seen"]}).status_code == 422


def test_a_translation_is_exported_as_po_and_imported_as_a_draft(eve: FlaskClient, pages: ContentFolder) -> None:
    answer = eve.get(f"{ADDRESS}.po")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="ur-getting-ready.po"'
    po = re.sub(
        r'(msgid "([^"]+)"\n)msgstr ""',
        lambda match: f'{match[1]}msgstr "{match[2]} اردو"',
        answer.get_data(as_text=True),
    )

    def take_in(raw: bytes) -> TestResponse:
        eve.get(ADDRESS)
        return eve.post(ADDRESS, data={"step": "take-in", "po": (io.BytesIO(raw), "back.po")})

    assert "This is no PO file" in take_in(b"msgid broken").text
    assert "is for another page" in take_in(po.replace("ur/help", "cy/help").encode()).text
    assert take_in(po.encode()).status_code == 303
    assert "Pack a bag. اردو" in form(eve).values()
    stale = eve.post(ADDRESS, data={**form(eve), "made_from": "0" * 12 + "-" + "0" * 12, "step": "save"})
    assert stale.status_code == 422 and "The original was changed meanwhile" in stale.text


def test_a_page_in_another_form_is_written_whole_and_approved_by_somebody_who_knows_the_form(
    desk: Flask, eve: FlaskClient, signed_in: SignedIn, pages: ContentFolder, public: PublicSite
) -> None:
    toml = (pages.path / "site.toml").read_text("utf-8")
    pages.write("site.toml", f'{toml}\n[forms.en-simple]\nname = "Easy Read"\n')
    desk.extensions["desk"].live.refresh()
    place = ADDRESS.replace("/ur/", "/en-simple/")
    assert "Easy Read</span> (en-simple): 0 of" in eve.get("/translations").text
    page = eve.get(place).text
    assert "Easy Read" in page and "/// idea | phone" in page and "PO file" not in page
    assert eve.get(f"{place}.po").status_code == 404
    idea = "/// idea | phone\nCall 999.\n///\n\n/// idea | talk\nTell a friend.\n///"
    hidden_fields = dict(re.findall(r'name="(seen|made_from)" value="([^"]*)"', page))
    typed = {
        "said-title": "Getting ready in Easy Read",
        "said-tab_title": "Ready",
        "said-summary": "How.",
        "said-text": idea,
    }
    assert eve.post(place, data={**hidden_fields, **typed, "step": "send"}).status_code == 303
    file = pages.path / "en-simple/help/getting-ready.md"
    assert read_document(file.read_text("utf-8"), "").body == f"{idea}\n"
    staff = desk.extensions["desk"].staff
    staff.set_languages(staff.named("Eli Editor").id, ["en-simple"])
    eli = signed_in("Eli Editor")
    seen = re.findall(r'name="seen" value="([^"]*)"', eli.get(place).text)[0]
    assert eli.post(place, data={"step": "approve", "seen": seen}).status_code == 303
    status, shown = public.get("/en-simple/help/getting-ready")
    assert status == 200 and '<div class="idea"><svg' in shown and "have checked" not in shown
    assert '">Getting ready</a>' in shown


@pytest.mark.parametrize("state", ["published", "draft"])
def test_a_page_that_gets_another_address_takes_its_translations_along(
    state: str, desk: Flask, eve: FlaskClient, pages: ContentFolder, public: PublicSite
) -> None:
    parts = desk.extensions["desk"]
    pages.document("help/getting-ready.md", WHOLE, title="Getting ready", tab_title="Ready", group="plan", state=state)
    pages.document("ur/help/getting-ready.md", "بیگ", title="تیاری", tab_title="تیار", reviewer="Ayesha")
    pages.document("changes/ur/help/getting-ready.md", "دوست", title="تیاری", tab_title="تیار", state="ready")
    parts.live.refresh()
    person = parts.staff.named("Ben Press")
    parts.reviews.wrote("ur/help/getting-ready.md", person.id, person.name, parts.clock())
    assert eve.post("/items/help/getting-ready/address", data={"slug": "packing"}).status_code == 303
    moved = [pages.path / folder / "packing.md" for folder in ("help", "ur/help", "changes/ur/help")]
    assert [file.is_file() for file in moved] == [True] * 3
    assert not list(pages.path.rglob("getting-ready.md"))
    assert parts.reviews.writers("ur/help/packing.md") == {person.id: "Ben Press"}
    shown = state == "published"
    assert public.get("/ur/help/packing")[0] == (200 if shown else 404)
    assert ("بیگ" in public.get("/ur/help/packing")[1]) is shown
    assert public.get("/ur/help/getting-ready")[0] == (301 if shown else 404)
    assert eve.get("/translations/ur/help/packing").status_code == 200
