"""Two servers of the site and a desk on one Valkey, with clocks ten minutes apart; and what the loss of a store costs."""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from sidedoor.chat import valkey_store
from sidedoor.chat.model import StoreDown
from sidedoor.chat.store import open_store
from sidedoor.desk import create_app as create_desk
from sidedoor.public import create_app
from sidedoor.settings import Settings
from tests.chat.conftest import Valkey
from tests.chat.readers import CHAT
from tests.content import SITE, ContentFolder
from tests.desk.conftest import DeskClient, learn_the_token
from tests.house import HouseClient

JSON = {"Accept": "application/json"}
BROKEN = "Something went wrong on our side, so we had to end it. Please call, or start again."


class Machines:
    """The clock of `right` is right, that of `fast` is ten minutes fast, and that of the desk, where Kit is, ten minutes slow."""

    def __init__(self, content: ContentFolder, folder: Path, valkey: Valkey) -> None:
        content.write("site.toml", SITE + CHAT)
        self.valkey = valkey
        right, fast = (
            create_app(self._settings(content, folder / name), lambda ahead=ahead: datetime.now(UTC) + ahead)  # type: ignore[misc]
            for name, ahead in (("right", timedelta()), ("fast", timedelta(minutes=10)))
        )
        desk = create_desk(self._settings(content, folder / "desk"), lambda: datetime.now(UTC) - timedelta(minutes=10))
        self.apps, self._desk = (right, fast), desk
        for app in self.apps:
            app.test_client_class = HouseClient
        desk.test_client_class = DeskClient
        self.right, self.fast = right.test_client(), fast.test_client()
        self.kit = desk.test_client()
        services = desk.extensions["desk"]
        with self.kit.session_transaction() as session:
            session["token"] = services.sessions.start(
                services.staff.add("Kit Adviser", ["adviser"]), "", services.clock()
            )
        learn_the_token(self.kit)
        self.kit.post("/chats/present", data={"present": "yes"})

    def _settings(self, content: ContentFolder, data: Path) -> Settings:
        return Settings(content=content.path, data=data, chat_store=self.valkey.url)

    def start(self) -> int:
        """A reader starts at the server whose clock is right, and is known at the other as well; Kit answers."""
        answer = self.right.post("/chat/start")
        assert answer.status_code == 303
        self.fast.set_cookie("chat", cookie_of(self.right))
        (waiter,) = json.loads(self.kit.get("/chats/now").data)["waiting"]
        self.kit.post("/chats/ready")
        self.kit.post(f"/chats/{waiter['id']}/accept")
        self.kit.post(f"/chats/{waiter['id']}/say", data={"message": "zqword"})
        return int(waiter["id"])

    def ago(self, number: int, **span: float) -> None:
        """Set back the times of the conversation's last words and of its reader's last request by `span`."""
        moment = (datetime.now(UTC) - timedelta(**span)).isoformat()
        self.valkey.client.hset(f"sidedoor:chat:one:{number}", mapping={"quiet_since": moment, "seen": moment})

    def close(self) -> None:
        """Stop following the folder."""
        for app in self.apps:
            app.extensions["live"].close()
        self._desk.extensions["desk"].live.close()


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path / "valkey")
    yield server
    server.close()


@pytest.fixture
def machines(content: ContentFolder, tmp_path: Path, own_valkey: Valkey) -> Iterator[Machines]:
    machines = Machines(content, tmp_path, own_valkey)
    yield machines
    machines.close()


def cookie_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("chat")
    assert cookie
    return cookie.value


def news(client: FlaskClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/chat/messages?after=0{query}", headers=JSON)
    fields: dict[str, Any] = json.loads(answer.data)
    return fields


def text(client: FlaskClient, address: str) -> str:
    return client.get(address).get_data(as_text=True)


def test_machines_whose_clocks_differ_by_ten_minutes_tell_a_reader_and_an_adviser_the_same(machines: Machines) -> None:
    for client in (machines.right, machines.fast):
        assert "It is safe. Start" in text(client, "/chat"), "Kit's desk, twenty minutes behind one server, is not gone"
    number = machines.start()
    for client in (machines.right, machines.fast, machines.right):
        current = news(client)
        assert (current["state"], current["standing"], current["there"]) == ("talking", "with you", False)
        assert abs(current["now"] - datetime.now(UTC).timestamp()) < 60
        (message,) = current["messages"]
        assert abs(message["at"] - current["now"]) < 60
        assert re.search(r"<time[^>]*>just now</time>", text(client, "/chat"))
    board = json.loads(machines.kit.get(f"/chats/now?after={number}:0").data)
    assert (board["alarm"], board["here"], board["silent"]) == ([], True, "")
    # Quiet for six minutes: by the clock that is ten minutes fast the chat would be over.
    machines.ago(number, minutes=6)
    assert [news(client)["there"] for client in (machines.fast, machines.right)] == [False, False]
    machines.ago(number, minutes=11)
    assert [news(client)["there"] for client in (machines.right, machines.fast)] == [True, True]
    assert machines.fast.post("/chat/here").status_code in (204, 303)
    assert not news(machines.right)["there"]


def test_the_hours_follow_the_stores_clock_on_machines_whose_own_clocks_are_ten_minutes_off(
    machines: Machines, content: ContentFolder
) -> None:
    def opens(since: int, until: int) -> None:
        """Set the hours, in minutes from now, in a time zone in which it is about noon, so that they lie in one day."""
        now = datetime.now(UTC)
        noon = 12 - now.hour
        local_times = [f"{now + timedelta(hours=noon, minutes=span):%H:%M}" for span in (since, until)]
        chat = CHAT.replace("00:00", local_times[0]).replace("24:00", local_times[1])
        content.write("site.toml", SITE.replace("Europe/London", f"Etc/GMT{-noon:+d}") + chat)
        for app in machines.apps:
            app.extensions["live"].refresh()

    everywhere = (machines.right, machines.fast)
    opens(-5, 6)  # over by the fast clock, not begun by the desk's slow one
    assert [json.loads(text(client, "/chat/open")) for client in everywhere] == [{"open": True, "in": 0}] * 2
    assert all("It is safe. Start" in text(client, "/chat") for client in everywhere)
    machines.start()
    assert [news(client)["standing"] for client in everywhere] == ["with you"] * 2
    opens(5, 20)  # begun by the fast clock
    for client in everywhere:
        answer = json.loads(text(client, "/chat/open"))
        assert not answer["open"]
        assert 180 <= answer["in"] <= 301, "when it opens, by the store's clock"
        client.delete_cookie("chat")
        assert "Next opening:" in text(client, "/chat")


def test_while_the_stores_clock_is_away_it_is_counted_on_and_a_machine_that_never_read_it_uses_its_own(
    own_valkey: Valkey, tmp_path: Path
) -> None:
    wrong = datetime(2020, 1, 1, tzinfo=UTC)
    store = open_store(own_valkey.url, tmp_path)
    assert abs(store.agreed(wrong) - datetime.now(UTC)) < timedelta(seconds=5)
    own_valkey.stop()
    assert abs(store.agreed(wrong) - datetime.now(UTC)) < timedelta(seconds=5)
    assert open_store(own_valkey.url, tmp_path).agreed(wrong) == wrong
    assert open_store("sqlite:", tmp_path).agreed(wrong) == wrong
    own_valkey.start()


def test_a_store_that_does_not_answer_keeps_only_one_thread_waiting(
    own_valkey: Valkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey_store, "_PATIENCE_SECONDS", 2.0)
    store = open_store(own_valkey.url, tmp_path)

    def waited(_: int = 0) -> float:
        began = time.monotonic()
        with pytest.raises(StoreDown):
            store.present(datetime.now(UTC))
        return time.monotonic() - began

    own_valkey.pause()
    assert waited() >= 2
    with ThreadPoolExecutor(8) as threads:
        times = sorted(threads.map(waited, range(8)))
    assert times[-1] >= 2 > times[-2]
    own_valkey.go_on()
    assert store.present(datetime.now(UTC)) == {}


def test_a_store_that_comes_back_with_its_data_costs_nothing_and_unsent_words_are_given_back(
    machines: Machines,
) -> None:
    number = machines.start()
    machines.valkey.client.save()
    machines.valkey.stop()
    refused = machines.right.post("/chat/say", data={"message": "zqunsent <b>", "once": "zqonce"})
    page = refused.get_data(as_text=True)
    assert (refused.status_code, "The chat does not work just now." in page) == (503, True)
    assert re.search(r"<textarea[^>]*>zqunsent &lt;b&gt;</textarea>", page)
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once and once[1] == "zqonce"
    assert machines.right.post("/chat/say", data={"message": "zq"}, headers=JSON).status_code == 503
    assert machines.kit.get("/chats/now").status_code == 503
    machines.valkey.start()
    for _ in range(2):  # pressed twice
        machines.right.post("/chat/say", data={"message": "zqunsent <b>", "once": once[1]})
    assert [message["text"] for message in news(machines.fast)["messages"]] == ["zqword", "zqunsent <b>"]
    board = json.loads(machines.kit.get(f"/chats/now?after={number}:1").data)
    assert [message["text"] for message in board["chats"][str(number)]["messages"]] == ["zqunsent <b>"]


def test_readers_are_told_of_a_chat_that_was_lost_with_its_store_and_not_of_one_that_was_forgotten(
    machines: Machines,
) -> None:
    number = machines.start()
    as_of = int(news(machines.right)["now"])
    machines.valkey.restart(keeps=False)
    assert news(machines.fast, f"&as={as_of}")["over"] == BROKEN
    machines.fast.set_cookie("chat", cookie_of(machines.right))
    assert news(machines.fast, f"&as={as_of - 601}")["over"] == ""
    # Without scripts, readers in mid-chat are told and lose the cookie; those who come later are told of no chat.
    for method, step in (("GET", "wait"), ("POST", "say")):
        cookie = cookie_of(machines.right)
        answer = machines.right.open(f"/chat/{step}", method=method)
        assert "The chat is over" in answer.get_data(as_text=True)
        assert machines.right.get_cookie("chat") is None
        machines.right.set_cookie("chat", cookie)
    assert "The chat is over" not in text(machines.right, "/chat")
    assert machines.right.get_cookie("chat") is None
    board = json.loads(machines.kit.get(f"/chats/now?after={number}:0").data)
    assert (board["here"], board["gone"][str(number)][:30]) == (False, "This chat is no longer known: ")
