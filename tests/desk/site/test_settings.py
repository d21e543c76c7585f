"""Two people change site.toml in a form, and the file stays the source: comments and edits by hand are kept."""

import re
import sqlite3
from contextlib import closing

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.desk.refusals import Stopped
from sidedoor.desk.site.file import fields_of, with_fields
from sidedoor.documents.reading import read_site
from tests.content import SITE, ContentFolder
from tests.desk.conftest import PublicSite

WRITTEN = (
    "# Ours since 2026\n"
    + SITE.replace('name = "Sidedoor"', 'name = "Sidedoor"  # neutral')
    + """\
[chat]
answered_by = { en = "advisers", cy = "cynghorwyr" }
confidential = "Nobody else reads it."
closed_on = ["2026-12-25"] # Christmas
[chat.ready]
"To begin" = ["Hello.", "I am here."]
[chat.ready_in.cy]
"I ddechrau" = ["Helo."]
[[chat.holidays]]
day = "2027-01-01"
name = { en = "New Year's Day", cy = "Dydd Calan" }
[[chat.open]]
days = ["mon", "tue"]
from = "09:00"
until = "17:00"
"""
)


def test_a_form_that_changes_nothing_leaves_every_byte() -> None:
    assert with_fields(WRITTEN, {field.id: field.value for field in fields_of(WRITTEN)}) == WRITTEN


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("exit", "https://a.example/\nhttps://b.example/", lambda site: list(site.exit)),
        ("chat.open", "mon tue 09:00–12:00\nSat 10:00 - 24:00", lambda site: [(s.days, s.start, s.until) for s in site.chat.open]),
        ("chat.open", "Mon–Fri 9am – 5.30pm", lambda site: [(s.days, s.start, s.until) for s in site.chat.open]),
        ("chat.holidays", "2026-12-25 Christmas Day\n2027-01-01 en: New Year; cy: Calan", lambda site: [(str(holiday.day), dict(holiday.name)) for holiday in site.chat.holidays]),
        ("languages", "en\ncy\nfr", lambda site: list(site.languages)),
        ("chat.ready_in.cy.I ddechrau", "Helo.\nBore da.", lambda site: list(site.chat.ready_in["cy"]["I ddechrau"])),
        ("chat.closed_on", "2026-12-25\n2026-12-26", lambda site: [str(day) for day in site.chat.closed_on]),
        ("chat.answered_by.cy", "ni", lambda site: site.chat.answered_by["cy"]),
        ("chat.ready.To begin", "Hello.\nGood day.", lambda site: list(site.chat.ready["To begin"])),
        ("press.press.phone", "0800 111 222", lambda site: site.press["press"].phone),
        ("press.new.name", "Night desk", lambda site: site.press["night-desk"].name),
        ("look.accent", "#17504b", lambda site: site.look.accent),
        ("emergency.silent", "", lambda site: site.emergency.silent),
    ],
)  # fmt: skip
def test_a_changed_field_changes_its_value_and_keeps_every_comment(field: str, value: str, read) -> None:  # type: ignore[no-untyped-def]
    wanted = {
        "exit": ["https://a.example/", "https://b.example/"],
        "chat.open": [(("mon", "tue"), 540, 720), (("sat",), 600, 1440)],
        "chat.closed_on": ["2026-12-25", "2026-12-26"],
        "chat.ready.To begin": ["Hello.", "Good day."],
        "emergency.silent": None,
        "languages": ["en", "cy", "fr"],
        "chat.holidays": [
            ("2026-12-25", {"": "Christmas Day"}), ("2027-01-01", {"en": "New Year", "cy": "Calan"})
        ],
        "chat.ready_in.cy.I ddechrau": ["Helo.", "Bore da."],
    }.get(field, value)  # fmt: skip
    if value.startswith("Mon–Fri"):
        wanted = [(("mon", "tue", "wed", "thu", "fri"), 540, 1050)]
    text = with_fields(WRITTEN, {field: value})
    assert read(read_site(text)) == wanted
    assert "# Ours since 2026" in text and "# neutral" in text
    unchanged = [line for line in WRITTEN.split("\n") if line in text.split("\n")]
    assert len(unchanged) >= len(WRITTEN.split("\n")) - 5


def test_hours_and_days_that_cannot_be_read_are_refused() -> None:
    for field, value, reason in (
        ("chat.open", "weekdays 9 to 5", "not_hours"),
        ("chat.holidays", "Xmas", "not_a_holiday"),
    ):
        with pytest.raises(Stopped, match=reason):
            with_fields(WRITTEN, {field: value})


def test_languages_with_a_table_each_are_added_removed_and_changed() -> None:
    text = WRITTEN.replace('languages = ["en", "cy"]\n', "").replace(
        "[chat]\n", '[languages.cy]\nshow = "all"\ntelling_words = ["trais"]\n[languages.pl]\nshow = "all"\n[chat]\n'
    )
    fields = {field.id: field.value for field in fields_of(text)}
    assert (fields["languages"], fields["languages.cy.telling_words"]) == ("cy\npl", "trais")
    assert with_fields(text, fields) == text
    changed = with_fields(text, {"languages": "cy\nfr", "languages.cy.show": "reviewed", "languages.cy.telling_words": "trais\nstelc"})  # fmt: skip
    site = read_site(changed)
    assert list(site.languages) == ["en", "cy", "fr"]
    assert (site.languages["cy"].show, site.languages["cy"].telling_words) == ("reviewed", ("trais", "stelc"))
    extended = with_fields(
        text, {"chat.ready.new.name": "At the end", "chat.ready.new.answers": "Goodbye.\nTake care."}
    )
    assert list(read_site(extended).chat.ready.items())[1] == ("At the end", ("Goodbye.", "Take care."))  # type: ignore[union-attr]


def test_a_change_takes_two_people_and_the_same_checks_as_the_file(
    ada: FlaskClient, eve: FlaskClient, content: ContentFolder, public: PublicSite, desk: Flask
) -> None:
    content.write("site.toml", WRITTEN)
    desk.extensions["desk"].live.refresh()
    page = ada.get("/settings").get_data(as_text=True)
    base = re.search(r'name="base" value="(\w+)"', page)
    assert base
    form = {"base": base[1], "name": "Doorway", "press.press.email": "press@example.org"}
    wrong = ada.post("/settings", data={**form, "exit": "weather"})
    assert wrong.status_code == 422 and "“weather” is not a web address" in wrong.get_data(as_text=True)
    assert ada.post("/settings", data=form).status_code == 303
    assert "Doorway" not in public.get("/")[1]
    waiting = eve.get("/settings").get_data(as_text=True)
    assert (
        "<h3>Name of the site</h3>" in waiting
        and "<ins>Doorway</ins>" in waiting
        and "<h3>site.toml</h3>" not in waiting
    )
    seen = re.search(r'name="seen" value="(\w+)"', waiting)
    assert seen
    assert ada.post("/settings/approve", data={"seen": seen[1]}).status_code == 422, "it is her own change"
    assert eve.post("/settings/approve", data={"seen": seen[1]}).status_code == 303
    text = (content.path / "site.toml").read_text("utf-8")
    assert text == WRITTEN.replace('"Sidedoor"', '"Doorway"').replace(
        'name = "Press office"\n', 'name = "Press office"\nemail = "press@example.org"\n'
    )
    assert "Doorway" in public.get("/journalists")[1] and "press@example.org" in public.get("/journalists")[1]
    content.write("site.toml", text.replace("Test Constabulary", "Another"))
    assert "edited outside the desk" in ada.get("/settings").get_data(as_text=True)
    assert ada.post("/settings", data=form).status_code == 409, "it was changed by hand since"


def test_an_approval_that_took_effect_but_was_not_recorded_is_reported_as_done(
    ada: FlaskClient, eve: FlaskClient, content: ContentFolder, desk: Flask
) -> None:
    base = re.search(r'name="base" value="(\w+)"', ada.get("/settings").get_data(as_text=True))
    assert base and ada.post("/settings", data={"base": base[1], "name": "Doorway"}).status_code == 303
    seen = re.search(r'name="seen" value="(\w+)"', eve.get("/settings").get_data(as_text=True))
    assert seen
    with closing(sqlite3.connect(desk.config["DATA"] / "reviews.sqlite3")) as reviews:
        reviews.execute("CREATE TRIGGER full BEFORE INSERT ON verdicts BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    answer = eve.post("/settings/approve", data={"seen": seen[1]})
    assert (answer.status_code, answer.location) == (303, "/settings")
    assert "It is done, but" in eve.get("/settings").get_data(as_text=True)
    assert 'name = "Doorway"' in (content.path / "site.toml").read_text("utf-8")
