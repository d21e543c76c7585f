"""What an adviser needs for a whole shift: alarms, marks and notes, drafts, words in the reader's language, practice, counts."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.chat.store import ChatStore
from sidedoor.desk.chats.statistics import rounded, tables
from sidedoor.desk.chats.words import ready_answers
from sidedoor.documents.site import Site
from sidedoor.web.language import translations
from tests.conftest import SetClock
from tests.desk.chats.test_board import column, id_of, kit, lee, page, store, sue, talks, waits
from tests.web.test_catalogues import SHIPPED

__all__ = ["kit", "lee", "store", "sue"]
AS_PROGRAM = {"Accept": "application/json"}


def alarm(client: FlaskClient) -> list[str]:
    told: list[str] = client.get("/chats/now").get_json()["alarm"]
    return told


def test_an_alarm_says_what_nobody_may_miss_and_nothing_of_anybody(
    store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    number = talks(store, clock, kit, "zqwords")
    kit.post(f"/chats/{number}/say", data={"message": "Hello"})
    assert alarm(kit) == []
    waits(store, clock)
    assert alarm(kit) == alarm(lee) == ["Somebody waits."]
    store.say(number, "reader", "zqmore", clock())
    clock.forward(seconds=59)
    assert alarm(kit) == ["Somebody waits."]
    clock.forward(seconds=1)
    told = ["A reader of yours has waited for a minute.", "A reader of yours is out of reach."]
    assert alarm(kit) == told, "whoever waited is out of reach by now"
    assert alarm(lee) == []
    assert f"Waits for your words since {clock().strftime('%H')}" in column(page(kit), number)
    assert " ".join(told) in page(kit)
    clock.forward(seconds=80)
    assert "A colleague's desk gives no sign." in alarm(lee)
    assert "zq" not in " ".join(alarm(kit) + alarm(lee))


def test_a_mark_and_a_note_are_the_desk_s_alone_go_along_and_end_with_the_chat(
    desk: Flask, store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    number = talks(store, clock, kit)
    kit.post(f"/chats/{number}/mark", data={"risk": "yes", "remark": "zqnote"})
    assert 'value="zqnote"' in column(page(kit), number)
    assert kit.get(f"/chats/now?after={number}:0").get_json()["chats"][str(number)]["risk"] is True
    assert lee.post(f"/chats/{number}/mark", data={"remark": "no"}).status_code == 403
    long = kit.post(f"/chats/{number}/mark", data={"remark": "x" * 201}, headers=AS_PROGRAM)
    assert (long.status_code, long.get_json()["problem"]) == (422, "The note is longer than 200 letters.")
    kit.post(f"/chats/{number}/hand-over", data={"to": id_of(desk, "Lee Adviser")})
    assert 'value="zqnote"' in column(page(lee), number)
    lee.post(f"/chats/{number}/end")
    assert "zqnote" not in page(lee)
    assert "data-risk" not in column(page(lee), number)


def test_each_chat_keeps_what_was_typed_and_not_sent_until_it_is_sent_or_over(
    store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    one, other = talks(store, clock, kit), talks(store, clock, kit)
    kit.post(f"/chats/{one}/say", data={"message": "zqhalf", "draft": "yes"})
    assert store.messages(one) == [], "it is not sent"
    assert ">zqhalf</textarea>" in column(page(kit), one)
    assert "zqhalf" not in column(page(kit), other)
    kit.post(f"/chats/{one}/say", data={"message": "zqhalf a word"})
    assert ">zqhalf</textarea>" not in page(kit)


def test_whether_words_were_on_the_screen_is_told_as_the_reader_s_page_says_it(
    store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    number = talks(store, clock, kit)
    kit.post(f"/chats/{number}/say", data={"message": "Hello"})
    for shown in (0, 1):
        store.show(number, shown)
        told = kit.get(f"/chats/now?after={number}:1").get_json()
        assert told["chats"][str(number)]["shown"] == shown


SITE = {"name": "S", "organisation": "O", "exit": ["https://weather.example/"], "emergency": {"number": "112"}}


def test_ready_answers_have_names_to_type_the_site_s_number_and_the_reader_s_language() -> None:
    site = Site.model_validate(SITE)
    first = ready_answers(site)["In danger"][0]
    assert (first.shortcut, first.text) == ("/112", "Are you in danger at this moment? If so, please call 112.")
    welsh = ready_answers(site, "cy")["In danger"][0]
    assert (welsh.shortcut, welsh.text) == ("/112", "A ydych mewn perygl y funud hon? Os felly, ffoniwch 112.")
    chat = {
        "answered_by": "us",
        "confidential": "yes",
        "ready": {"A": ["/x One", "Two"]},
        "ready_in": {"cy": {"A": ["/x Un"]}},
    }
    own = Site.model_validate({**SITE, "chat": chat})
    assert [(one.shortcut, one.text) for one in ready_answers(own)["A"]] == [("/x", "One"), ("", "Two")]
    assert [one.text for one in ready_answers(own, "cy")["A"]] == ["Un"]
    assert [one.text for one in ready_answers(own, "pl")["A"]] == ["One", "Two"]
    words = {"cy": {"What would help you most just now?": "Beth nawr?"}}
    told = ready_answers(Site.model_validate({**SITE, "words": words}), "cy")["To listen"]
    assert [one.text for one in told if one.shortcut == "/help"] == ["Beth nawr?"], "an owner's words for a sentence"


def test_ready_answers_are_there_in_every_language_that_ships_and_call_the_buttons_what_they_are_called() -> None:
    site = Site.model_validate(SITE)

    def named(language: str) -> dict[str, str]:
        answers = chain(*ready_answers(site, language).values())
        return {one.shortcut: one.text for one in answers if one.shortcut}

    english = named("en")
    for language in SHIPPED:
        own, says = named(language), translations(language)
        assert own.keys() == english.keys(), language
        assert not [shortcut for shortcut in own if own[shortcut] == english[shortcut]], language
        assert "112" in own["/112"], language
        for shortcut, button in (("/hide", "Hide this page"), ("/clear", "End and clear")):
            assert says.gettext(button) in own[shortcut], (language, shortcut)


def test_who_waits_in_another_language_is_marked_and_answered_in_it(
    store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    store.start((), 10, clock(), language="cy")
    (waiting,) = kit.get("/chats/now").get_json()["waiting"]
    assert waiting["since"].endswith("in Cymraeg")
    kit.post(f"/chats/{waiting['id']}/accept")
    text = column(page(kit), waiting["id"])
    assert 'lang="cy"' in text
    assert "Diolch am aros." in text


def test_a_long_pause_and_a_word_with_a_colleague_are_told_to_the_others(
    store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    number = talks(store, clock, kit)
    kit.post(f"/chats/{number}/end")
    kit.post("/chats/pause", data={"word": "yes"})
    assert lee.get("/chats/now").get_json()["word"] == "Kit Adviser would like a word with a colleague."
    told = kit.get("/chats/now").get_json()
    assert (told["word"], bool(told["pause"])) == ("", True)
    clock.forward(minutes=3)
    kit.get("/chats/now")
    assert kit.get("/chats/now").get_json()["pause"], "longer than two minutes"
    kit.post("/chats/ready")
    assert lee.get("/chats/now").get_json()["word"] == ""


def test_practice_is_marked_on_every_screen_and_rings_for_nobody(
    store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    place = lee.post("/chats/practice").location
    assert lee.post("/chats/practice").location == place, "a second press is the same one"
    number = int(re.findall(r"\d+", place)[0])
    assert "Practice" in lee.get(place).text
    lee.post(place, data={"message": "zqplayed"})
    assert alarm(kit) == []
    assert "Practice. Since" in page(kit)
    assert f'action="/chats/{number}/accept"' not in page(lee), "nobody answers themselves"
    assert kit.get(place).status_code == 403
    kit.post(f"/chats/{number}/accept")
    assert f">Practice {number}</h2>" in column(page(kit), number)
    assert "zqplayed" in column(page(kit), number)
    kit.post(f"/chats/{number}/say", data={"message": "Hello"})
    store.say(number, "note", "zqsecret", clock())
    told = lee.get(f"{place}/now?after=1").get_json()
    assert [one["text"] for one in told["messages"]] == ["Hello"], "notes are for colleagues"
    lee.post(place, data={"end": "yes"})
    assert lee.get(f"{place}/now").get_json()["over"] is True
    assert store.counts() == []


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0"), (1, "fewer than 5"), (4, "fewer than 5"), (5, "5"), (7, "5"), (8, "10")]
)
def test_a_number_is_rounded_so_that_it_is_about_nobody(number: int, shown: str) -> None:
    assert rounded(number) == shown


def test_counts_are_added_up_by_the_clock_on_the_wall_and_only_since_a_day() -> None:
    at, zone = datetime(2026, 7, 7, 23, tzinfo=UTC), ZoneInfo("Europe/London")
    counts = [(at.isoformat(), "started", 10), (at.isoformat(), "language: cy", 10), (at.isoformat(), "answered", 8),
              (at.isoformat(), "minutes waited", 24), ((at - timedelta(days=9)).isoformat(), "started", 500)]  # fmt: skip
    found = {table.name: dict(table.rows) for table in tables(counts, at - timedelta(days=7), zone)}
    assert found["All"]["Started"] == "10"
    assert found["Started, by hour"] == {"00:00": "10"}, "one o'clock at night in UTC is not theirs"
    assert found["Started, by weekday"]["Wednesday"] == "10"
    assert found["Started, by language"] == {"Cymraeg": "10"}
    assert found["Minutes that people waited, on average"] == {"Wait": "3"}


def test_funders_get_a_page_and_a_file_and_advisers_are_not_watched_by_them(
    store: ChatStore, kit: FlaskClient, sue: FlaskClient, clock: SetClock
) -> None:
    for _ in range(6):
        store.count("refused: full", clock())
    talks(store, clock, kit, "zqwords")
    text = sue.get("/chats/statistics").text
    assert re.search(r"Refused: too many waited</th><td>5</td>", text)
    assert re.search(r">Started</th><td>fewer than 5</td>", text)
    file = sue.get("/chats/statistics.csv?days=7")
    assert file.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(file.text)))
    assert rows[0] == ["table", "what", "number"]
    assert ["All", "Refused: too many waited", "5"] in rows
    assert "zqwords" not in file.text
    assert "Kit" not in file.text
    assert kit.get("/chats/statistics").status_code == 403
