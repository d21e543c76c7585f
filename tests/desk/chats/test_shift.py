"""What advisers need for a shift: alarms, marks and notes, drafts, answers in the reader's language, practice, counts."""

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
from tests.desk.chats.test_board import accepted_chat, column, id_of, kit, lee, page, store, sue, waiting_chat
from tests.desk.conftest import SignedIn
from tests.web.test_catalogues import SHIPPED

__all__ = ["kit", "lee", "store", "sue"]
AS_PROGRAM = {"Accept": "application/json"}


def alarm(client: FlaskClient) -> list[str]:
    sentences: list[str] = client.get("/chats/now").get_json()["alarm"]
    return sentences


def test_an_alarm_says_what_needs_attention_and_names_nobody(
    store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit, "zqwords")
    kit.post(f"/chats/{number}/say", data={"message": "Hello"})
    assert alarm(kit) == []
    waiting_chat(store, clock)
    assert alarm(kit) == alarm(lee) == ["Somebody waits."]
    store.say(number, "reader", "zqmore", clock())
    clock.forward(seconds=59)
    assert alarm(kit) == ["Somebody waits."]
    clock.forward(seconds=1)
    alarms = ["A reader of yours has waited for a minute.", "A reader of yours is out of reach."]
    assert alarm(kit) == alarms, "the reader who waited is out of reach by now"
    assert alarm(lee) == []
    assert f"Waits for your words since {clock().strftime('%H')}" in column(page(kit), number)
    assert " ".join(alarms) in page(kit)
    clock.forward(seconds=80)
    assert "A colleague's desk gives no sign." in alarm(lee)
    assert "zq" not in " ".join(alarm(kit) + alarm(lee))


def test_a_mark_and_a_note_stay_at_the_desk_move_with_the_chat_and_end_with_it(
    desk: Flask, store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit)
    kit.post(f"/chats/{number}/mark", data={"risk": "yes", "remark": "zqnote"})
    assert 'value="zqnote"' in column(page(kit), number)
    assert kit.get(f"/chats/now?after={number}:0").get_json()["chats"][str(number)]["risk"] is True
    assert lee.post(f"/chats/{number}/mark", data={"remark": "no"}).status_code == 403
    long = kit.post(f"/chats/{number}/mark", data={"remark": "x" * 201}, headers=AS_PROGRAM)
    assert (long.status_code, long.get_json()["problem"]) == (422, "The note is longer than 200 characters.")
    kit.post(f"/chats/{number}/hand-over", data={"to": id_of(desk, "Lee Adviser")})
    assert 'value="zqnote"' in column(page(lee), number)
    lee.post(f"/chats/{number}/end")
    assert "zqnote" not in page(lee)
    assert "data-risk" not in column(page(lee), number)


def test_each_chat_keeps_its_draft_until_it_is_sent_or_the_chat_ends(
    store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    number, other = accepted_chat(store, clock, kit), accepted_chat(store, clock, kit)
    kit.post(f"/chats/{number}/say", data={"message": "zqhalf", "draft": "yes"})
    assert store.messages(number) == [], "it is not sent"
    assert ">zqhalf</textarea>" in column(page(kit), number)
    assert "zqhalf" not in column(page(kit), other)
    kit.post(f"/chats/{number}/say", data={"message": "zqhalf a word"})
    assert ">zqhalf</textarea>" not in page(kit)


def test_an_adviser_sees_whether_the_readers_page_showed_the_words(
    store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit)
    kit.post(f"/chats/{number}/say", data={"message": "Hello"})
    for shown in (0, 1):
        store.show(number, shown)
        state = kit.get(f"/chats/now?after={number}:1").get_json()
        assert state["chats"][str(number)]["shown"] == shown


SITE = {"name": "S", "organisation": "O", "exit": ["https://weather.example/"], "emergency": {"number": "112"}}


def test_ready_answers_have_shortcuts_the_sites_number_and_the_readers_language() -> None:
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
    assert [(answer.shortcut, answer.text) for answer in ready_answers(own)["A"]] == [("/x", "One"), ("", "Two")]
    assert [answer.text for answer in ready_answers(own, "cy")["A"]] == ["Un"]
    assert [answer.text for answer in ready_answers(own, "pl")["A"]] == ["One", "Two"]
    words = {"cy": {"What would help you most just now?": "Beth nawr?"}}
    answers = ready_answers(Site.model_validate({**SITE, "words": words}), "cy")["To listen"]
    assert [answer.text for answer in answers if answer.shortcut == "/help"] == ["Beth nawr?"], (
        "the site's own words replace the sentence"
    )


def test_every_shipped_language_has_ready_answers_that_name_the_buttons_as_the_page_does() -> None:
    site = Site.model_validate(SITE)

    def by_shortcut(language: str) -> dict[str, str]:
        answers = chain(*ready_answers(site, language).values())
        return {answer.shortcut: answer.text for answer in answers if answer.shortcut}

    english = by_shortcut("en")
    for language in SHIPPED:
        own, catalogue = by_shortcut(language), translations(language)
        assert own.keys() == english.keys(), language
        assert not [shortcut for shortcut in own if own[shortcut] == english[shortcut]], language
        assert "112" in own["/112"], language
        for shortcut, button in (("/hide", "Hide this page"), ("/clear", "End and clear")):
            assert catalogue.gettext(button) in own[shortcut], (language, shortcut)


def test_a_reader_who_waits_in_another_language_is_marked_and_answered_in_it(
    store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    store.start((), 10, clock(), language="cy")
    (waiting,) = kit.get("/chats/now").get_json()["waiting"]
    assert waiting["since"].endswith("in Welsh (Cymraeg)")
    kit.post(f"/chats/{waiting['id']}/accept")
    text = column(page(kit), waiting["id"])
    assert 'lang="cy"' in text
    assert "Diolch am aros." in text


def test_colleagues_see_who_takes_a_long_pause_and_wants_a_word(
    store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit)
    kit.post(f"/chats/{number}/end")
    kit.post("/chats/pause", data={"word": "yes"})
    assert lee.get("/chats/now").get_json()["word"] == "Kit Adviser would like a word with a colleague."
    state = kit.get("/chats/now").get_json()
    assert (state["word"], bool(state["pause"])) == ("", True)
    clock.forward(minutes=3)
    kit.get("/chats/now")
    assert kit.get("/chats/now").get_json()["pause"], "longer than two minutes"
    kit.post("/chats/ready")
    assert lee.get("/chats/now").get_json()["word"] == ""


def test_who_goes_away_is_told_of_their_own_chats_and_of_readers_who_wait_for_nobody(
    store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    def goes_away(client: FlaskClient) -> str:
        return str(client.post("/chats/present", data={"present": "no"}, headers=AS_PROGRAM).get_json()["said"])

    assert goes_away(lee) == ""
    lee.post("/chats/present", data={"present": "yes"})
    accepted_chat(store, clock, kit)
    waiting_chat(store, clock)
    own = "You still have 1 chat: hand over or end each before you close this page."
    assert goes_away(kit) == own, "Lee is present, and can answer"
    nobody = "Somebody waits and is told that nobody can answer just now: no colleague is present."
    assert goes_away(lee) == nobody
    waiting_chat(store, clock)
    assert (
        goes_away(kit) == f"{own} 2 people wait and are told that nobody can answer just now: no colleague is present."
    )


def test_practice_is_marked_on_every_screen_and_alarms_nobody(
    store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    place = lee.post("/chats/practice").location
    assert lee.post("/chats/practice").location == place, "a second press opens the same practice"
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
    state = lee.get(f"{place}/now?after=1").get_json()
    assert [message["text"] for message in state["messages"]] == ["Hello"], "notes are for colleagues"
    lee.post(place, data={"end": "yes"})
    assert lee.get(f"{place}/now").get_json()["over"] is True
    assert store.counts() == []


def test_what_leads_away_from_the_board_opens_in_a_new_tab_so_that_its_readers_are_not_told_that_it_is_gone(
    desk: Flask, signed_in: SignedIn
) -> None:
    desk.extensions["desk"].staff.add("Ada All", ("adviser", "supervisor", "admin"))
    client = signed_in("Ada All")
    client.post("/chats/practice")
    bar = re.findall(r'<div class="chat-bar">.*?</div>', page(client), re.S)[0]
    leads = re.findall(r'(?:<a href|<form method="post" action)="(/chats/(?!present|ready|pause)[^"]*)"([^>]*)', bar)
    assert len(leads) == 4
    assert [address for address, attributes in leads if 'target="_blank"' not in attributes] == []


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0"), (1, "fewer than 5"), (4, "fewer than 5"), (5, "5"), (7, "5"), (8, "10")]
)
def test_a_number_is_rounded_so_that_it_identifies_nobody(number: int, shown: str) -> None:
    assert rounded(number) == shown


def test_counts_use_the_sites_time_zone_and_only_the_chosen_days() -> None:
    at, zone = datetime(2026, 7, 7, 23, tzinfo=UTC), ZoneInfo("Europe/London")
    counts = [(at.isoformat(), "started", 10), (at.isoformat(), "language: cy", 10), (at.isoformat(), "answered", 8),
              (at.isoformat(), "minutes waited", 24), ((at - timedelta(days=9)).isoformat(), "started", 500)]  # fmt: skip
    rows = {table.name: dict(table.rows) for table in tables(counts, at - timedelta(days=7), zone)}
    assert rows["All"]["Started"] == "10"
    assert rows["Started, by hour"] == {"00:00": "10"}, "23:00 UTC is midnight in London"
    assert rows["Started, by weekday"]["Wednesday"] == "10"
    assert rows["Started, by language"] == {"Welsh (Cymraeg)": "10"}
    assert rows["Minutes that people waited, on average"] == {"Wait": "3"}


def test_the_statistics_are_a_page_and_a_file_that_name_no_adviser(
    store: ChatStore, kit: FlaskClient, sue: FlaskClient, clock: SetClock
) -> None:
    for _ in range(6):
        store.count("refused: full", clock())
    accepted_chat(store, clock, kit, "zqwords")
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
