"""The desk's chats: several side by side, handed over, watched, blocked; and nobody reads somebody else's chat."""

import re
import sqlite3

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sidedoor.chat.model import StoreDown
from sidedoor.chat.store import ChatStore
from sidedoor.desk.chats.board import is_answered_at_once
from tests.conftest import SetClock
from tests.desk.conftest import SignedIn

JSON = {"Accept": "application/json"}


@pytest.fixture
def store(desk: Flask) -> ChatStore:
    """The desk's store of conversations, which the public site shares."""
    chats: ChatStore = desk.extensions["desk"].chats
    return chats


def present(client: FlaskClient) -> FlaskClient:
    client.post("/chats/present", data={"present": "yes"})
    return client


@pytest.fixture
def kit(signed_in: SignedIn) -> FlaskClient:
    """An adviser who is present."""
    return present(signed_in("Kit Adviser"))


@pytest.fixture
def lee(desk: Flask, signed_in: SignedIn) -> FlaskClient:
    """A colleague who is present."""
    desk.extensions["desk"].staff.add("Lee Adviser", ("adviser",))
    return present(signed_in("Lee Adviser"))


@pytest.fixture
def sue(signed_in: SignedIn) -> FlaskClient:
    """The supervisor."""
    return signed_in("Sue Supervisor")


def waiting_chat(store: ChatStore, clock: SetClock, *words: str, network: str = "") -> int:
    """Start a chat that waits, with these words of its reader; returns its number."""
    reader = store.find(store.start((network,) if network else (), 50, clock()), clock())
    assert reader
    for text in words:
        store.say(reader.id, "reader", text, clock())
    return reader.id


def accepted_chat(store: ChatStore, clock: SetClock, client: FlaskClient, *words: str) -> int:
    """Start a chat that `client` accepts; returns its number."""
    number = waiting_chat(store, clock, *words)
    client.post("/chats/ready")
    assert client.post(f"/chats/{number}/accept").location == f"/chats/{number}"
    return number


def page(client: FlaskClient, address: str = "/chats") -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status
    return answer.get_data(as_text=True)


def column(text: str, number: int) -> str:
    """The part of a page that shows one conversation."""
    match = re.search(rf'<section class="chat-column" id="chat-{number}".*?</section>', text, re.S)
    assert match, text
    return match[0]


def id_of(desk: Flask, name: str) -> int:
    number: int = desk.extensions["desk"].staff.named(name).id
    return number


def logged(desk: Flask) -> list[tuple[str, str, str]]:
    return [(entry.person, entry.action, entry.subject) for entry in desk.extensions["desk"].audit.everything()]


def test_the_reader_who_waited_longest_comes_first_with_the_time(
    store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    first = waiting_chat(store, clock)
    clock.forward(minutes=4)
    second = waiting_chat(store, clock)
    board = page(kit)
    assert re.findall(r"/chats/(\d+)/accept", board) == [str(first), str(second)]
    assert "Since 12:00, 4 minutes ago" in board
    state = kit.get("/chats/now").get_json()
    assert state["waiting"] == [
        {"id": first, "since": "Since 12:00, 4 minutes ago", "reach": "Out of reach since 12:00."},
        {"id": second, "since": "Since 12:04, just now", "reach": ""},
    ]  # fmt: skip


def test_several_chats_are_shown_side_by_side_and_each_keeps_its_page(
    store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    numbers = [accepted_chat(store, clock, kit, f"word <b>{n}</b>") for n in range(3)]
    board = page(kit)
    for n, number in enumerate(numbers):
        assert f"word &lt;b&gt;{n}&lt;/b&gt;" in column(board, number)
        assert f"word &lt;b&gt;{n}&lt;/b&gt;" in page(kit, f"/chats/{number}")
    answer = kit.post(f"/chats/{numbers[1]}/say", data={"message": "Here.", "from": "board"})
    assert answer.location == f"/chats#chat-{numbers[1]}"
    assert [message.text for message in store.messages(numbers[1])] == ["word <b>1</b>", "Here."]


def test_one_request_returns_what_is_new_in_all_chats(store: ChatStore, kit: FlaskClient, clock: SetClock) -> None:
    first, second = accepted_chat(store, clock, kit, "first", "second"), accepted_chat(store, clock, kit, "third")
    chats = kit.get(f"/chats/now?after={first}:1,{second}:1").get_json()["chats"]
    assert [message["text"] for message in chats[str(first)]["messages"]] == ["second"]
    assert chats[str(second)]["messages"] == []
    chats = kit.get(f"/chats/now?after={first}:2").get_json()["chats"]
    assert "third" in chats[str(second)]["html"], "a chat that the page does not show yet comes whole"
    assert list(kit.get(f"/chats/now?after={first}:2&one={first}").get_json()["chats"]) == [str(first)]
    for nonsense in ("x", "1:", ":", "1:x,,", "²:1", "9" * 40 + ":1"):
        assert kit.get("/chats/now", query_string={"after": nonsense}).status_code == 200


def test_a_message_sent_twice_is_stored_once_and_a_refused_message_stays_in_the_box(
    store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit)
    form_id = re.search(r'name="once" value="([^"]+)"', page(kit, f"/chats/{number}"))
    assert form_id
    for _ in range(2):
        kit.post(f"/chats/{number}/say", data={"message": "Once.", "once": form_id[1]})
    assert [message.text for message in store.messages(number)] == ["Once."]
    too_long = "zq" * 5500
    for form in ({}, {"from": "board"}):
        answer = kit.post(f"/chats/{number}/say", data={"message": too_long, **form})
        assert answer.status_code == 422
        box = column(answer.get_data(as_text=True), number)
        assert f">{too_long}</textarea>" in box
        assert "That is too long." in box
    answer = kit.post(f"/chats/{number}/say", data={"message": too_long}, headers=JSON)
    assert (answer.status_code, answer.get_json()["problem"]) == (422, "That is too long. Send it in parts.")
    assert kit.post(f"/chats/{number}/say", data={"message": " "}).status_code == 422


@pytest.mark.parametrize("error", [StoreDown("nobody there"), sqlite3.OperationalError("disk I/O error")])
def test_nothing_typed_is_lost_while_the_store_is_down(
    desk: Flask,
    store: ChatStore,
    kit: FlaskClient,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    number = accepted_chat(store, clock, kit)

    def down(*_: object) -> int:
        raise error

    monkeypatch.setattr(store, "say", down)
    answer = kit.post(f"/chats/{number}/say", data={"message": "zqtyped"})
    assert answer.status_code == 503
    assert "zqtyped</textarea>" in answer.get_data(as_text=True)
    answer = kit.post(f"/chats/{number}/say", data={"message": "zqtyped"}, headers=JSON)
    assert answer.get_json()["problem"].startswith("The chat does not work")


def test_a_ready_answer_goes_into_the_box_without_scripts(store: ChatStore, kit: FlaskClient, clock: SetClock) -> None:
    number = accepted_chat(store, clock, kit)
    text = page(kit, f"/chats/{number}")
    assert "Money and you: /help/money" in text
    assert "National Helpline\n0808 2000 247" in text
    form = {"message": "I see.", "ready": "Money and you: /help/money", "put": "in"}
    answer = kit.post(f"/chats/{number}/say", data=form)
    assert ">I see.\nMoney and you: /help/money</textarea>" in answer.get_data(as_text=True)
    assert store.messages(number) == []


def test_a_pause_follows_each_chat_until_the_adviser_is_ready(
    store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit)
    assert kit.get("/chats/now").get_json()["pause"] == ""
    kit.post(f"/chats/{number}/end")
    assert "Your pause ends at <b data-pause>12:02</b>" in page(kit)
    assert kit.get("/chats/now").get_json()["pause"] == "12:02"
    other = waiting_chat(store, clock)
    answer = kit.post(f"/chats/{other}/accept", headers=JSON)
    assert answer.get_json()["problem"] == "This is your pause. Say that you are ready, if you are."
    kit.post(f"/chats/{other}/accept")
    assert "This is your pause." in page(kit)
    kit.post("/chats/ready")
    assert kit.get("/chats/now").get_json()["pause"] == ""
    assert kit.post(f"/chats/{other}/accept").location == f"/chats/{other}"
    kit.post(f"/chats/{other}/end")
    clock.forward(minutes=2)
    assert kit.get("/chats/now").get_json()["pause"] == "", "it ends by itself"


@pytest.mark.parametrize("address", ["/chats", "/chats/now", "/chats/{}"])
def test_an_open_page_keeps_an_adviser_present_and_makes_nobody_present(
    desk: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock, address: str
) -> None:
    number = accepted_chat(store, clock, kit)
    before = len(logged(desk))
    for _ in range(3):
        clock.forward(minutes=4)
        kit.get(address.format(number))
    assert id_of(desk, "Kit Adviser") in store.present(clock())
    assert len(logged(desk)) == before, "a heartbeat is not logged"
    kit.post("/chats/present", data={"present": "no"})
    kit.get(address.format(number))
    assert store.present(clock()) == {}


def test_an_unreachable_or_quiet_reader_is_shown_as_such_and_not_as_gone(
    store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit)
    assert "Out of reach" not in page(kit)
    clock.forward(minutes=2)
    assert "Out of reach since 12:00; a lost network is not leaving." in column(page(kit), number)
    assert kit.get(f"/chats/now?after={number}:0").get_json()["chats"][str(number)]["out_of_reach"] == "12:00"
    clock.forward(minutes=8)
    assert "quiet for ten minutes" in column(page(kit), number)
    assert kit.get(f"/chats/now?after={number}:0").get_json()["chats"][str(number)]["there"] is True


@pytest.mark.parametrize(
    ("reason", "says"), [("hidden", "left in a hurry. Do not contact them."), ("reader", "The reader ended it.")]
)
def test_an_ended_chat_says_why_shows_no_words_and_can_be_closed(
    store: ChatStore, kit: FlaskClient, clock: SetClock, reason: str, says: str
) -> None:
    number, other = accepted_chat(store, clock, kit, "zqword"), accepted_chat(store, clock, kit, "zqother")
    assert kit.post(f"/chats/{number}/close").status_code == 303
    assert "zqword" in page(kit), "a chat that goes on cannot be closed"
    store.end(number, reason, clock())  # type: ignore[arg-type]
    chats = kit.get(f"/chats/now?after={number}:1,{other}:1").get_json()["chats"]
    assert says in chats[str(number)]["ended"]
    assert says in column(page(kit), number)
    assert "zqword" not in page(kit)
    assert "<textarea" not in column(page(kit), number)
    kit.post(f"/chats/{number}/close")
    assert f'id="chat-{number}"' not in page(kit)
    assert "zqother" in page(kit)
    answer = kit.post(f"/chats/{number}/say", data={"message": "Late.", "from": "board"})
    assert answer.status_code == 422, "nothing can be added to it"


def test_no_single_press_ends_a_chat(store: ChatStore, kit: FlaskClient, clock: SetClock) -> None:
    text = column(page(kit, f"/chats/{accepted_chat(store, clock, kit)}"), 1)
    folded = re.sub(r"<details.*?</details>", "", text, flags=re.S)
    actions = re.findall(r'action="/chats/1/([a-z-]+)"', text)
    assert set(actions) >= {"say", "mark", "hand-over", "block", "end"}
    assert re.findall(r'action="/chats/1/([a-z-]+)"', folded) == ["mark", "say", "close"], (
        "the rest is one press further"
    )


def test_browsers_are_told_to_store_nothing_that_an_adviser_types(
    store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    """Without that, Firefox and Chromium write half-typed words to the files in which they store open tabs."""
    kit.post("/chats/practice")
    number = accepted_chat(store, clock, kit)
    played = next(chat.id for chat in store.live(clock()) if chat.player)
    for text in (column(page(kit), number), page(kit, f"/chats/{played}/play")):
        forms = re.findall(r"(<form [^>]*>)(.*?)</form>", text, re.S)
        boxes = [(form, box) for form, inside in forms for box in re.findall(r"<(?:textarea|input id)[^>]*>", inside)]
        assert {box[1:9] for _, box in boxes} >= {"textarea"}
        assert [box for form, box in boxes if 'autocomplete="off"' not in box or 'autocomplete="off"' not in form] == []


def test_a_hand_over_brings_a_note_that_the_reader_never_sees(
    desk: Flask, store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit, "Hello?")
    kit.post(f"/chats/{number}/say", data={"message": "I am here."})
    lee_id = id_of(desk, "Lee Adviser")
    for to in ("", "999", str(id_of(desk, "Kit Adviser")), str(id_of(desk, "Sue Supervisor"))):
        answer = kit.post(f"/chats/{number}/hand-over", data={"to": to, "note": "zqnote"})
        assert answer.status_code == 422
        assert ">zqnote</textarea>" in answer.get_data(as_text=True)
    answer = kit.post(f"/chats/{number}/hand-over", data={"to": str(lee_id), "note": "zq" * 5001})
    assert (answer.status_code, store.messages(number)[-1].text) == (422, "I am here.")
    form = {"to": str(lee_id), "note": "Needs a refuge\nin Wales <b>"}
    assert kit.post(f"/chats/{number}/hand-over", data=form).location == "/chats"
    assert kit.get(f"/chats/{number}").status_code == 403
    theirs = column(page(lee), number)
    assert '<b>Note from Kit Adviser</b><span dir="auto">Needs a refuge\nin Wales &lt;b&gt;' in theirs
    assert '<b>Kit Adviser</b><span dir="auto">I am here.' in theirs
    lee.post(f"/chats/{number}/say", data={"message": "I am Lee."})
    assert '<b>You</b><span dir="auto">I am Lee.' in page(lee, f"/chats/{number}")
    assert "Lee Adviser goes on from here." in page(lee, f"/chats/{number}")
    assert [(message.who, message.author, message.text) for message in store.messages(number)] == [
        ("reader", "", "Hello?"),
        ("adviser", "Kit Adviser", "I am here."),
        ("note", "Kit Adviser", "Needs a refuge\nin Wales <b>"),
        ("handed", "Lee Adviser", ""),
        ("adviser", "Lee Adviser", "I am Lee."),
    ]


def test_a_block_ends_the_chat_and_keeps_the_network_out_for_its_hours(
    desk: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    number = waiting_chat(store, clock, "zqthreat", network="a-hash")
    kit.post(f"/chats/{number}/accept")
    for hours in ("", "0", "2", "100000", "-1", "x"):
        assert kit.post(f"/chats/{number}/block", data={"hours": hours}).status_code == 422
    kit.post(f"/chats/{number}/block", data={"hours": "4"})
    assert "You ended it for a threat" in column(page(kit), number)
    assert "zqthreat" not in page(kit)
    with pytest.raises(Exception, match="blocked"):
        store.start(("a-hash",), 50, clock())
    clock.forward(hours=4)
    assert store.start(("a-hash",), 50, clock())
    assert ("Kit Adviser", "blocks a network", f"chat {number}") in logged(desk)


def test_a_repeated_form_is_stored_once_and_a_changed_one_again(
    desk: Flask, store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit)
    for words in ("One.", "One.", "One, changed."):
        kit.post(f"/chats/{number}/say", data={"message": words, "once": "a-form"})
    # After the chat came back, the adviser's browser goes back to the form with the note.
    for note in ("Needs a refuge", "Needs a refuge", "Needs a refuge in Wales"):
        form = {"to": str(id_of(desk, "Lee Adviser")), "note": note, "once": "a-form-n"}
        assert kit.post(f"/chats/{number}/hand-over", data=form).status_code == 303
        assert lee.post(f"/chats/{number}/hand-over", data={"to": str(id_of(desk, "Kit Adviser"))}).status_code == 303
    texts = [message.text for message in store.messages(number) if message.who in ("adviser", "note")]
    assert texts == ["One.", "One, changed.", "Needs a refuge", "Needs a refuge in Wales"]


def test_a_colleague_can_do_nothing_in_somebody_elses_chat(
    store: ChatStore, kit: FlaskClient, lee: FlaskClient, sue: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit, "zqword")

    def everything(client: FlaskClient) -> list[TestResponse]:
        steps = ["say", "end", "block", "hand-over", "close"]
        posts = [
            client.post(f"/chats/{number}/{step}", data={"message": "x", "hours": "1", "to": "1"}) for step in steps
        ]
        return [*posts, client.get(f"/chats/{number}")]

    for client in (lee, sue):
        assert {answer.status_code for answer in everything(client)} == {403}
        assert "zqword" not in page(client)
        assert client.get(f"/chats/now?after={number}:0").get_json()["chats"] == {}
    for step in ("watch", "take-over"):
        assert lee.post(f"/chats/{number}/{step}").status_code == 403
    for address in ("/chats/watch", f"/chats/{number}/watch", f"/chats/{number}/watch/now"):
        assert lee.get(address).status_code == 403
    assert [message.text for message in store.messages(number)] == ["zqword"]
    waiting = waiting_chat(store, clock, "zqwaits")
    assert lee.get(f"/chats/{waiting}").status_code == 403, "nor can she open a chat that waits"


def test_a_supervisor_reads_along_only_while_reader_and_adviser_can_see_it(
    desk: Flask, store: ChatStore, kit: FlaskClient, sue: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit, "zqword")
    assert "zqword" not in page(sue, "/chats/watch")
    assert "Kit Adviser" in page(sue, "/chats/watch")
    assert "zqword" not in page(sue, f"/chats/{number}/watch"), "to open the page is not to enter"
    assert sue.get(f"/chats/{number}/watch/now").get_json()["messages"] == []
    assert sue.post(f"/chats/{number}/watch").location == f"/chats/{number}/watch"
    assert "zqword" in page(sue, f"/chats/{number}/watch")
    assert "Sue Supervisor reads along." in column(page(kit), number)
    assert kit.get(f"/chats/now?after={number}:1").get_json()["chats"][str(number)]["watcher"] == "Sue Supervisor"
    for _ in range(10):
        clock.forward(seconds=15)
        assert sue.get(f"/chats/{number}/watch/now?after=0").get_json()["reads"] is True
        assert "reads along." in column(page(kit), number)
    assert [step for step in logged(desk) if step[0] == "Sue Supervisor"] == [
        ("Sue Supervisor", "reads along in a chat", f"chat {number}")
    ], "once, and not with every request"
    clock.forward(seconds=21)
    assert sue.get(f"/chats/{number}/watch/now?after=0").get_json() == {"reads": False, "over": False, "messages": []}
    assert "reads along." not in column(page(kit), number)
    assert "zqword" not in page(sue, f"/chats/{number}/watch")
    assert sue.post(f"/chats/{number}/say", data={"message": "x"}).status_code == 403, (
        "a supervisor who reads along cannot write"
    )
    waiting = waiting_chat(store, clock, "zqwaits")
    assert sue.post(f"/chats/{waiting}/watch").location == "/chats/watch"
    assert "zqwaits" not in page(sue, f"/chats/{waiting}/watch")


def test_a_supervisor_takes_over_and_answers(
    desk: Flask, store: ChatStore, kit: FlaskClient, sue: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit, "Help")
    assert sue.post(f"/chats/{number}/take-over").location == f"/chats/{number}"
    assert kit.get(f"/chats/{number}").status_code == 403
    assert kit.get(f"/chats/now?after={number}:1").get_json()["chats"] == {}
    assert sue.post(f"/chats/{number}/say", data={"message": "I am Sue."}).status_code == 303
    assert [message.text or message.author for message in store.messages(number)] == [
        "Help",
        "Sue Supervisor",
        "I am Sue.",
    ]
    assert "I am Sue." in column(page(sue), number)
    assert ("Sue Supervisor", "takes over a chat", f"chat {number}") in logged(desk)
    assert sue.post(f"/chats/{number}/take-over").location == "/chats/watch", "she cannot take over her own chat"
    waiting = waiting_chat(store, clock)
    assert sue.post(f"/chats/{waiting}/take-over").location == "/chats/watch", "nor a chat that nobody has"
    assert sue.post(f"/chats/{waiting}/accept").status_code == 403
    sue.post(f"/chats/{number}/end")
    assert "You ended it." in column(page(sue), number)


def test_no_words_of_a_chat_reach_the_log_or_a_title(
    desk: Flask, store: ChatStore, kit: FlaskClient, lee: FlaskClient, sue: FlaskClient, clock: SetClock,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    number = accepted_chat(store, clock, kit, "zqreader")
    kit.post(f"/chats/{number}/say", data={"message": "zqadviser"})
    kit.post(f"/chats/{number}/say", data={"message": "zqlong" * 900})
    sue.post(f"/chats/{number}/watch")
    kit.post(f"/chats/{number}/hand-over", data={"to": str(id_of(desk, "Lee Adviser")), "note": "zqnote"})
    for client, address in ((lee, "/chats"), (lee, f"/chats/{number}"), (sue, f"/chats/{number}/watch")):
        title = re.search(r"<title>(.*?)</title>", page(client, address))
        assert title
        assert "zq" not in title[1]
    lee.post(f"/chats/{number}/block", data={"hours": "1"})
    output = capfd.readouterr()
    assert "zq" not in str(desk.extensions["desk"].audit.everything()) + caplog.text + output.out + output.err


def test_a_desk_without_signs_is_away_and_returns_by_itself_soon_or_by_a_button_later(
    store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    clock.forward(seconds=80)
    assert store.present(clock()) == {}
    clock.forward(minutes=3)
    assert kit.get("/chats/now").get_json()["here"] is True
    clock.forward(minutes=5)
    assert kit.get("/chats/now").get_json()["here"] is False
    assert "You are away" in page(kit)


def test_a_chat_whose_desk_is_gone_is_on_every_board_and_both_advisers_see_who_has_it(
    desk: Flask, store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit, "Are you there?")
    kit.post("/chats/present", data={"present": "no"})  # to finish this chat; the desk still gives signs
    clock.forward(seconds=79)
    assert lee.get("/chats/now").get_json()["left"] == ""
    assert lee.post(f"/chats/{number}/take-over").status_code == 403
    clock.forward(seconds=1)
    lee.get("/chats/here")
    left = lee.get("/chats/now").get_json()["left"]
    assert f"Chat {number}, with Kit Adviser; no sign since 12:00" in left
    assert f"Chat {number}, with Kit Adviser; no sign since 12:00" in page(lee)
    assert lee.post(f"/chats/{number}/take-over", data={"from": "board"}).location == f"/chats#chat-{number}"
    assert "Are you there?" in column(page(lee), number)
    assert "Lee Adviser goes on from here. The reader is told." in column(page(lee), number)
    # The laptop wakes up.
    state = kit.get(f"/chats/now?after={number}:1").get_json()
    assert (state["chats"], state["gone"]) == ({}, {str(number): "A colleague has this chat now."})
    assert kit.post(f"/chats/{number}/say", data={"message": "x"}).status_code == 403
    assert ("Lee Adviser", "takes over a chat", f"chat {number}") in logged(desk)
    assert lee.get("/chats/now").get_json()["left"] == ""


def test_a_chat_that_nobody_took_goes_on_when_the_desk_is_back(
    store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit, "Are you there?")
    clock.forward(minutes=4)
    assert f"Chat {number}" in lee.get("/chats/now").get_json()["left"]
    assert kit.get(f"/chats/now?after={number}:1").get_json()["gone"] == {}
    assert lee.get("/chats/now").get_json()["left"] == ""
    assert lee.post(f"/chats/{number}/take-over").status_code == 403
    assert kit.post(f"/chats/{number}/say", data={"message": "I am back."}).status_code == 303


def test_an_unknown_chat_never_claims_a_colleague_and_loses_no_typed_word(
    store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit, "Hello")
    store.end(number, "hidden", clock())
    clock.forward(minutes=11)
    unknown = "This chat is no longer known: it is over, and nothing of it is kept."
    assert kit.get(f"/chats/now?after={number}:1,999999:3").get_json()["gone"] == {
        str(number): unknown,
        "999999": unknown,
    }
    answer = kit.post(f"/chats/{number}/say", data={"message": "zqtyped"})
    assert answer.status_code == 404
    assert "zqtyped</textarea>" in answer.get_data(as_text=True)
    assert unknown in answer.get_data(as_text=True)
    answer = kit.post(f"/chats/{number}/say", data={"message": "zqtyped"}, headers=JSON)
    assert (answer.status_code, answer.get_json()["problem"]) == (404, unknown)
    assert kit.post("/chats/999999/accept", headers=JSON).get_json()["problem"] == unknown
    assert kit.post("/chats/999999/take-over").location == "/chats"
    assert kit.post("/chats/999999999999999999999/accept", headers=JSON).status_code == 404


def test_a_hand_over_to_a_closed_desk_is_refused_and_the_note_stays_in_the_box(
    desk: Flask, store: ChatStore, kit: FlaskClient, lee: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit, "Hello")
    clock.forward(seconds=80)
    kit.get("/chats")
    form = {"to": str(id_of(desk, "Lee Adviser")), "note": "zqnote"}
    answer = kit.post(f"/chats/{number}/hand-over", data=form)
    assert answer.status_code == 422
    assert "Choose a colleague who is present." in answer.get_data(as_text=True)
    assert ">zqnote</textarea>" in answer.get_data(as_text=True)
    assert kit.get(f"/chats/{number}").status_code == 200
    assert [message.who for message in store.messages(number)] == ["reader"]


def test_an_adviser_who_looks_late_still_sees_that_a_supervisor_read_along(
    store: ChatStore, kit: FlaskClient, sue: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit, "zqword")
    sue.post(f"/chats/{number}/watch")
    sue.get(f"/chats/{number}/watch")
    clock.forward(seconds=79)
    assert "Sue Supervisor reads along from here. The reader is told." in column(page(kit), number)
    messages = kit.get(f"/chats/now?after={number}:1").get_json()["chats"][str(number)]["messages"]
    assert [(message["who"], message["name"]) for message in messages] == [("joined", "")]
    assert [message.who for message in store.messages(number)] == ["reader", "joined"]


def test_a_block_of_an_unknown_network_says_that_it_blocks_nothing(
    store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    number = accepted_chat(store, clock, kit)
    assert "it ends, and nothing is blocked" in column(page(kit), number)
    kit.post(f"/chats/{number}/block", data={"hours": "4"})
    assert "so nothing is blocked" in page(kit)
    kit.post("/chats/ready")
    blockable = waiting_chat(store, clock, network="a-hash")
    kit.post(f"/chats/{blockable}/accept")
    assert "nothing is blocked" not in column(page(kit), blockable)
    answer = kit.post(f"/chats/{blockable}/block", data={"hours": "4"}, headers=JSON)
    assert answer.get_json()["said"] == "It is over. Its network can start none before 16:00."


def test_a_chat_whose_words_cannot_be_decrypted_ends_and_the_board_goes_on(
    desk: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    good = accepted_chat(store, clock, kit, "zqgood")
    for address in ("/chats", "/chats/now?after={}:0", "/chats/{}"):
        number = accepted_chat(store, clock, kit, "zqbad")
        (desk.config["DATA"] / f"chat-{number}.key").write_bytes(bytes(range(32)))
        answer = kit.get(address.format(number))
        assert answer.status_code == 200
        assert "could no longer be read" in page(kit, f"/chats/{number}")
        assert getattr(store.get(number, clock()), "reason", "") == "broken"
    assert "zqgood" in column(page(kit), good)


def test_without_scripts_a_small_page_keeps_an_adviser_present(
    store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    assert 'href="/chats/here"' in page(kit)
    for _ in range(10):
        clock.forward(seconds=20)
        assert 'http-equiv="refresh" content="20"' in page(kit, "/chats/here")
    assert store.present(clock())
    kit.post("/chats/present", data={"present": "no"})
    assert "You are away" in page(kit, "/chats/here")


def test_strangers_who_try_to_sign_in_hold_up_no_adviser() -> None:
    """What a reader waits for has threads of its own; the sign-in page and its slow hashes have the others."""
    at_once = {path for path in ("/chats/now", "/chats/7/accept", "/chats/7/say", "/chats/7/end", "/chats", "/sign-in",
                                 "/sign-in/passkey", "/", "/x/accept") if is_answered_at_once(path)}  # fmt: skip
    assert at_once == {"/chats/now", "/chats/7/accept", "/chats/7/say", "/chats/7/end"}
