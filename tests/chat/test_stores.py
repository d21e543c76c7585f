"""What every store of conversations has to do; each test runs on SQLite and on a real Valkey."""

import resource
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from sidedoor.chat import rules
from sidedoor.chat.model import NotPossible, StoreDown, Unreadable
from sidedoor.chat.networks import networks
from sidedoor.chat.sealing import digest
from sidedoor.chat.sqlite_store import SqliteStore
from sidedoor.chat.store import ChatStore, open_store
from sidedoor.documents.problems import Refused
from tests.chat.conftest import Valkey
from tests.conftest import PROJECT

NOON = datetime(2026, 11, 24, 12, 5, tzinfo=UTC)
Everything = Callable[[], bytes]


@pytest.fixture(params=["sqlite:", "valkey"])
def place(request: pytest.FixtureRequest, tmp_path: Path, valkey: Valkey) -> str:
    """The address of a store. Opened twice, it is the same store."""
    valkey.client.flushall()
    return valkey.url if request.param == "valkey" else "sqlite:"


@pytest.fixture
def store(place: str, tmp_path: Path) -> ChatStore:
    """An empty store."""
    return open_store(place, tmp_path)


@pytest.fixture
def everything(place: str, tmp_path: Path, valkey: Valkey) -> Everything:
    """Reads all bytes that the store holds, wherever they are."""

    def read() -> bytes:
        on_disk = [
            path.read_bytes() for folder in (tmp_path, valkey.folder) for path in folder.rglob("*") if path.is_file()
        ]
        names = [bytes(name) for name in valkey.client.scan_iter()] if place != "sqlite:" else []
        return b"".join([*on_disk, *names, *(valkey.client.dump(name) or b"" for name in names)])

    return read


def waiting(store: ChatStore, network: str = "here", now: datetime = NOON) -> tuple[str, int]:
    """A reader starts to wait; returns their token and the conversation's number."""
    token = store.start((network,), 100, now)
    conversation = store.find(token, now)
    assert conversation
    return token, conversation.id


def talking(store: ChatStore, adviser: int = 7, now: datetime = NOON) -> tuple[str, int]:
    token, number = waiting(store, f"network of {now} {adviser}", now)
    store.set_presence(adviser, "Kit", True, now)
    store.accept(number, adviser, "Kit", now)
    return token, number


def reason(refused: pytest.ExceptionInfo[NotPossible]) -> str:
    return refused.value.why


def test_the_queue_is_in_the_order_of_arrival_and_a_place_is_kept(store: ChatStore) -> None:
    first, second, third = (waiting(store, str(n), NOON + timedelta(seconds=n)) for n in range(3))
    assert [conversation.id for conversation in store.live(NOON)] == [first[1], second[1], third[1]]
    assert [getattr(store.find(token, NOON), "place", 0) for token, _ in (first, second, third)] == [1, 2, 3]
    store.accept(second[1], 7, "Kit", NOON)
    assert [getattr(store.find(token, NOON), "place", 0) for token, _ in (first, second, third)] == [1, 0, 2]
    # A reader who reads other pages for fourteen minutes and then looks in again keeps the place.
    later = NOON + timedelta(minutes=14)
    assert getattr(store.find(first[0], later), "place", 0) == 1
    assert getattr(store.find(first[0], later + timedelta(minutes=14)), "place", 0) == 1


def test_messages_are_numbered_and_asked_for_by_number(store: ChatStore) -> None:
    _, number = talking(store)
    numbers = (store.say(number, "reader", "a", NOON), store.say(number, "adviser", " b\n", NOON))
    assert (*numbers, store.say(number, "note", "n", NOON, author="Kit")) == (1, 2, 3)
    later = store.messages(number, 1)
    assert [(message.number, message.who, message.text, message.at, message.author) for message in later] == [
        (2, "adviser", "b", NOON, ""),
        (3, "note", "n", NOON, "Kit"),
    ]
    assert store.messages(number, 3) == []
    assert getattr(store.get(number, NOON), "newest", 0) == 3


def test_a_message_that_is_sent_again_is_stored_once(store: ChatStore) -> None:
    _, number = talking(store)
    assert [store.say(number, "reader", "a", NOON, once=once) for once in ("x", "x", "y", "")] == [1, 1, 2, 3]
    assert len(store.messages(number)) == 3


def test_a_message_that_cannot_be_sent_is_refused_with_a_code(store: ChatStore) -> None:
    _, number = talking(store)
    for text, expected in ((" ", "empty"), ("x" * (rules.LONGEST_MESSAGE + 1), "long")):
        with pytest.raises(NotPossible) as refused:
            store.say(number, "reader", text, NOON)
        assert reason(refused) == expected
    for n in range(20):
        store.say(number, "reader", str(n), NOON + timedelta(milliseconds=n))
    with pytest.raises(NotPossible) as refused:
        store.say(number, "reader", "one more", NOON + timedelta(seconds=1))
    assert reason(refused) == "often"
    store.say(number, "adviser", "the other side may", NOON)
    assert store.say(number, "reader", "a minute later", NOON + timedelta(seconds=61)) == 22
    store.end(number, "reader", NOON)
    with pytest.raises(NotPossible) as refused:
        store.say(number, "adviser", "too late", NOON)
    assert reason(refused) == "over"


def test_two_threads_at_once_number_messages_without_a_gap_or_a_double(
    store: ChatStore, place: str, tmp_path: Path
) -> None:
    _, number = talking(store)

    def talk(name: str) -> None:
        own_store = open_store(place, tmp_path)
        for n in range(15):
            own_store.say(number, "reader" if name == "a" else "adviser", f"{name}{n}", NOON)

    threads = [threading.Thread(target=talk, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    messages = store.messages(number)
    assert [message.number for message in messages] == list(range(1, 31))
    assert [message.text for message in messages if message.who == "reader"] == [f"a{n}" for n in range(15)]


def test_only_one_adviser_gets_a_waiting_reader_and_only_that_adviser_can_pass_them_on(store: ChatStore) -> None:
    _, number = waiting(store)
    store.accept(number, 7, "Kit", NOON)
    with pytest.raises(NotPossible) as refused:
        store.accept(number, 8, "Lee", NOON)
    assert reason(refused) == "gone"
    store.sign(8, NOON)
    with pytest.raises(NotPossible) as refused:
        store.pass_on(number, 8, 8, "Lee", NOON)
    assert reason(refused) == "gone"
    store.pass_on(number, 7, 8, "Lee", NOON)
    conversation = store.get(number, NOON)
    assert conversation
    assert (conversation.adviser, conversation.adviser_name) == (8, "Lee")


def test_after_a_chat_an_adviser_has_a_pause_until_they_are_ready(store: ChatStore) -> None:
    _, number = talking(store)
    _, next_number = waiting(store, "next")
    store.end(number, "reader", NOON)
    assert store.present(NOON)[7].pauses(NOON + timedelta(seconds=119))
    assert not store.present(NOON)[7].pauses(NOON + timedelta(minutes=2))
    with pytest.raises(NotPossible) as refused:
        store.accept(next_number, 7, "Kit", NOON)
    assert reason(refused) == "pause"
    store.set_presence(7, "Kit", True, NOON)  # the heartbeat does not cut it short
    assert store.present(NOON)[7].pauses(NOON)
    store.end_pause(7)
    store.accept(next_number, 7, "Kit", NOON)


def test_presence_ends_when_the_adviser_says_so_or_the_desk_is_gone_and_a_desk_that_soon_returns_is_present(
    store: ChatStore,
) -> None:
    store.set_presence(7, "Kit", True, NOON)
    store.set_presence(8, "Lee", True, NOON)
    store.set_presence(8, "Lee", False, NOON)
    assert {id_: adviser.name for id_, adviser in store.present(NOON + timedelta(seconds=79)).items()} == {7: "Kit"}
    assert not store.present(NOON + timedelta(seconds=80))
    later = NOON + timedelta(minutes=4, seconds=59)
    store.sign(7, later)
    store.sign(8, later)
    assert list(store.present(later)) == [7], "back within five minutes; an adviser who left stays away"
    next_morning = later + timedelta(minutes=5)
    store.sign(7, next_morning)
    assert not store.present(next_morning)


def test_a_hidden_desk_whose_timer_runs_once_a_minute_is_never_called_gone(store: ChatStore) -> None:
    token, _ = talking(store)
    for n in range(1, 10):
        just_before = NOON + timedelta(seconds=70 * n - 0.1)
        conversation = store.find(token, just_before)
        assert conversation
        assert not rules.left_alone(conversation, just_before)
        assert store.present(just_before)
        store.sign(7, NOON + timedelta(seconds=70 * n))


def test_a_colleague_can_take_a_chat_only_while_its_advisers_desk_is_gone(
    store: ChatStore,
) -> None:
    token, number = talking(store)
    store.sign(8, NOON)
    with pytest.raises(NotPossible) as refused:
        store.pass_on(number, 7, 8, "Lee", NOON, only_if_left=True)
    assert reason(refused) == "here"
    gone = NOON + timedelta(seconds=80)
    conversation = store.find(token, gone)
    assert conversation
    assert rules.left_alone(conversation, gone)
    assert not rules.left_alone(conversation, NOON + timedelta(seconds=79))
    with pytest.raises(NotPossible) as refused:
        store.pass_on(number, 7, 8, "Lee", gone, only_if_left=True)
    assert reason(refused) == "closed", "nor to a desk that gives no sign itself"
    store.sign(8, gone)
    store.pass_on(number, 7, 8, "Lee", gone, only_if_left=True)
    with pytest.raises(NotPossible) as refused:
        store.pass_on(number, 7, 9, "Mo", gone, only_if_left=True)
    assert reason(refused) == "gone", "a colleague was quicker"
    store.sign(7, gone)
    conversation = store.get(number, gone)
    assert conversation
    assert (conversation.adviser, conversation.adviser_seen) == (8, gone)


def test_fifteen_quiet_minutes_end_a_chat_and_ten_more_forget_it(store: ChatStore) -> None:
    token, number = talking(store)
    store.say(number, "reader", "hello", NOON)
    conversation = store.find(token, NOON + timedelta(minutes=10))
    assert conversation
    assert rules.asks_whether_there(conversation, NOON + timedelta(minutes=10))
    ended = store.get(number, NOON + timedelta(minutes=15))
    assert ended
    assert (ended.state, ended.reason) == ("ended", "quiet")
    assert store.messages(number) == []
    assert store.live(NOON + timedelta(minutes=26)) == []
    assert store.find(token, NOON + timedelta(minutes=26)) is None


def test_ending_a_chat_again_changes_nothing(store: ChatStore) -> None:
    token, number = talking(store)
    store.end(number, "hidden", NOON)
    store.end(number, "adviser", NOON)
    store.end(99, "adviser", NOON)
    conversation = store.find(token, NOON)
    assert conversation
    assert (conversation.state, conversation.reason) == ("ended", "hidden")
    assert {(event, number) for _, event, number in store.counts()} == {
        ("started", 1),
        ("answered", 1),
        ("answered within a minute", 1),
        ("minutes waited", 0),
        ("ended: hidden", 1),
    }


def test_a_flood_stops_at_the_limits_of_the_queue_and_of_a_network_and_each_says_why(store: ChatStore) -> None:
    for _ in range(6):
        store.start(("flood",), 100, NOON)
    with pytest.raises(NotPossible) as refused:
        store.start(("flood",), 100, NOON)
    assert reason(refused) == "network"
    with pytest.raises(NotPossible) as refused:
        store.start(("another",), 6, NOON)
    assert reason(refused) == "full"
    store.start(("another",), 7, NOON)
    store.start(("flood",), 100, NOON, most_running=7)


def test_ended_conversations_use_up_no_limit_until_a_program_starts_dozens_an_hour(store: ChatStore) -> None:
    for _ in range(60):
        token = store.start(("house today",), 100, NOON)
        store.end(getattr(store.find(token, NOON), "id", 0), "hidden", NOON)
    with pytest.raises(NotPossible) as refused:
        store.start(("house today",), 100, NOON)
    assert reason(refused) == "often"
    later = NOON + timedelta(minutes=61)
    store.start(("house today",), 100, later)
    for _ in range(5):
        store.start(("house tomorrow", "house today"), 100, later)
    with pytest.raises(NotPossible) as refused:
        store.start(("house tomorrow", "house today"), 100, later)
    assert reason(refused) == "network", "also past midnight, when the network gets another name"


def test_a_start_that_is_sent_twice_makes_one_conversation_even_if_both_are_under_way(
    store: ChatStore, place: str, tmp_path: Path
) -> None:
    tokens: list[str] = []
    gate = threading.Barrier(4)

    def press() -> None:
        own_store = open_store(place, tmp_path)
        own_store.live(NOON)
        gate.wait()
        tokens.append(own_store.start(("here",), 100, NOON, "a number of the form's own"))

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 4
    assert len(set(tokens)) == 1
    assert len(store.live(NOON)) == 1
    assert [event for _, event, _ in store.counts()] == ["started"]
    assert [number for _, _, number in store.counts()] == [1]
    conversation = store.find(tokens[0], NOON)
    assert conversation
    with pytest.raises(NotPossible) as refused:
        store.start(("here",), 100, NOON + timedelta(minutes=1), "a number of the form's own")
    assert reason(refused) == "again", "nobody who finds the form later gets the cookie of the reader who started"
    store.end(conversation.id, "hidden", NOON)
    with pytest.raises(NotPossible) as refused:
        store.start(("here",), 100, NOON, "a number of the form's own")
    assert reason(refused) == "again", "a Start that arrives after the end begins nothing"


def test_a_reader_out_of_reach_is_counted_neither_before_others_nor_in_the_queue(store: ChatStore) -> None:
    waiting(store, "a")
    second, _ = waiting(store, "b", NOON + timedelta(seconds=1))
    later = NOON + timedelta(seconds=59)
    assert getattr(store.find(second, later), "place", 0) == 2
    later = NOON + timedelta(seconds=60)
    assert getattr(store.find(second, later), "place", 0) == 1
    unreachable, _ = store.live(later)
    assert rules.out_of_reach(unreachable, later)
    assert store.start(("c",), 2, later), "the queue of two has room again"
    with pytest.raises(NotPossible) as refused:
        store.start(("d",), 2, later)
    assert reason(refused) == "full"


def test_a_reader_whose_page_only_polls_is_asked_and_loses_the_place_without_a_press(store: ChatStore) -> None:
    (polls, _), (stays, number) = waiting(store, "a"), waiting(store, "b")
    for minute in range(1, 30):
        now = NOON + timedelta(minutes=minute)
        polling = store.find(polls, now)
        assert polling
        assert rules.asks_whether_there(polling, now) is (minute >= 20)
        store.find(stays, now)
        if minute == 25:
            store.stay(number, now)
            assert not rules.asks_whether_there(store.get(number, now) or polling, now)
    now = NOON + timedelta(minutes=30)
    polling = store.find(polls, now)
    assert polling
    assert (polling.state, polling.reason) == ("ended", "quiet")
    staying = store.find(stays, now)
    assert staying
    assert staying.state == "waiting"
    store.stay(number, now)
    assert getattr(store.find(stays, now + timedelta(minutes=15)), "state", "") == "ended", "its browser was silent"


def test_the_message_that_somebody_reads_along_is_stored_and_does_not_put_off_the_end(store: ChatStore) -> None:
    token, number = talking(store)
    store.say(number, "joined", "", NOON + timedelta(minutes=9), author="Sue")
    assert [(message.who, message.text, message.author) for message in store.messages(number)] == [
        ("joined", "", "Sue")
    ]
    conversation = store.find(token, NOON + timedelta(minutes=10))
    assert conversation
    assert rules.asks_whether_there(conversation, NOON + timedelta(minutes=10))
    assert getattr(store.find(token, NOON + timedelta(minutes=15)), "state", "") == "ended"


def test_two_days_after_the_last_start_sweeping_alone_has_forgotten_every_network(
    store: ChatStore, place: str, tmp_path: Path, valkey: Valkey
) -> None:
    _, number = waiting(store, networks("192.0.2.7", store.network_keys(NOON))[0])
    store.set_presence(7, "Kit", True, NOON)
    store.block(number, NOON + timedelta(hours=4), NOON)
    store.end_the_quiet(NOON + timedelta(days=2))
    if place == "sqlite:":
        database = sqlite3.connect(tmp_path / "chat.sqlite3")
        for table in ("days", "starts", "blocks", "conversations", "messages", "present", "desks"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
        assert database.execute("SELECT count(*) FROM counts").fetchone() != (0,)
        database.close()
    store.end_the_quiet(NOON + timedelta(days=401))
    if place == "sqlite:":
        assert store.counts() == []


def test_a_blocked_network_can_start_nothing_until_its_block_ends_also_past_midnight(store: ChatStore) -> None:
    now = datetime.now(UTC)
    token = store.start(("network today",), 100, now)
    number = getattr(store.find(token, now), "id", 0)
    store.block(number, now + timedelta(hours=1), now)
    conversation = store.find(token, now)
    assert conversation
    assert (conversation.state, conversation.reason) == ("ended", "blocked")
    for hashes in (("network today",), ("network tomorrow", "network today")):
        with pytest.raises(NotPossible) as refused:
            store.start(hashes, 100, now)
        assert reason(refused) == "blocked"
    store.start(("somebody else",), 100, now)


def test_somebody_who_reads_along_is_shown_for_as_long_as_they_do(store: ChatStore) -> None:
    token, number = talking(store)
    store.watch(number, "Sue", NOON)
    assert getattr(store.find(token, NOON + timedelta(seconds=19)), "watcher", None) == "Sue"
    assert getattr(store.find(token, NOON + timedelta(seconds=20)), "watcher", None) == ""


def test_the_usual_wait_is_that_of_the_hours_since_a_given_time(store: ChatStore) -> None:
    assert store.usual_wait(NOON, NOON) is None
    for n, minutes in enumerate((1, 4)):
        _, number = waiting(store, str(n))
        store.accept(number, 7, "Kit", NOON + timedelta(minutes=minutes - 0.5))
    later = NOON + timedelta(hours=5)
    assert store.usual_wait(NOON, later) == timedelta(minutes=2.5)
    assert store.usual_wait(NOON + timedelta(hours=1), later) is None
    assert {(event, number) for _, event, number in store.counts()} >= {
        ("answered", 2),
        ("answered within a minute", 1),
    }


def test_what_is_typed_marked_and_noted_lives_and_ends_with_the_conversation(
    store: ChatStore, everything: Everything
) -> None:
    _, number = talking(store)
    for kind in ("draft", "answer", "remark"):
        store.keep(number, kind, f"zq{kind}")
    store.keep(number, "answer", "zqlater")
    store.mark(number, True)
    assert [store.kept(number, kind) for kind in ("draft", "answer", "remark")] == ["zqdraft", "zqlater", "zqremark"]
    conversation = store.get(number, NOON)
    assert conversation
    assert (conversation.risk, conversation.has_draft, conversation.has_answer, conversation.has_remark) == (
        True,
        True,
        True,
        True,
    )
    # Whole words: two letters also occur by chance in sealed words, about once in a hundred runs.
    stored, words = everything(), (b"zqdraft", b"zqanswer", b"zqlater", b"zqremark")
    assert not [word for word in words if word in stored], "sealed, like every word"
    store.keep(number, "draft", "")
    assert store.kept(number, "draft") == ""
    store.set_presence(8, "Lee", True, NOON)
    store.pass_on(number, 7, 8, "Lee", NOON)
    assert (store.kept(number, "answer"), store.kept(number, "remark")) == ("", "zqremark"), "the note goes with it"
    store.end(number, "hidden", NOON)
    store.keep(number, "draft", "too late")
    store.mark(number, True)
    ended = store.get(number, NOON)
    assert ended
    assert not (ended.risk or ended.has_remark or ended.has_draft or ended.shown or ended.language)
    assert store.kept(number, "remark") == ""


def test_a_reader_waits_for_words_from_the_first_unanswered_message_on(store: ChatStore) -> None:
    _, number = talking(store)

    def unanswered(seconds: int) -> bool:
        conversation = store.get(number, NOON + timedelta(seconds=seconds))
        assert conversation
        return rules.unanswered(conversation, NOON + timedelta(seconds=seconds))

    assert (unanswered(59), unanswered(60)) == (False, True), "the first words are waited for as well"
    store.say(number, "adviser", "Hello", NOON + timedelta(seconds=61))
    assert not unanswered(600)
    store.say(number, "reader", "One", NOON + timedelta(seconds=100))
    store.say(number, "reader", "Two", NOON + timedelta(seconds=150))
    store.say(number, "note", "Not for them", NOON + timedelta(seconds=155))
    assert (unanswered(159), unanswered(160)) == (False, True)


def test_the_number_of_the_last_message_shown_only_grows_and_not_past_the_last_message(store: ChatStore) -> None:
    _, number = talking(store)
    store.say(number, "adviser", "Hello", NOON)
    store.say(number, "adviser", "Again", NOON)
    for shown, expected in ((1, 1), (99, 2), (1, 2)):
        store.show(number, shown)
        conversation = store.get(number, NOON)
        assert conversation
        assert conversation.shown == expected


def test_a_board_holds_in_order_the_chats_that_an_adviser_has_to_see_and_who_is_present(store: ChatStore) -> None:
    _, of_kit = talking(store, 7)
    _, of_lee = talking(store, 8)
    store.set_presence(7, "Kit", True, NOON, ("en", "cy"))
    store.set_presence(8, "Lee", True, NOON)
    store.set_presence(9, "Ann", False, NOON - timedelta(minutes=2))
    _, left = waiting(store, "left", NOON)
    store.accept(left, 9, "Ann", NOON - timedelta(minutes=2))
    _, first = waiting(store, "one", NOON + timedelta(seconds=1))
    store.start((), 10, NOON + timedelta(seconds=2), player=8)
    _, second = waiting(store, "two", NOON + timedelta(seconds=3))
    board, present = store.board(7, NOON + timedelta(seconds=3))
    practice = next(conversation.id for conversation in board if conversation.player)
    assert [conversation.id for conversation in board] == [of_kit, left, first, practice, second]
    assert [conversation.place for conversation in board if conversation.id in (first, second)] == [1, 2], (
        "nobody waits behind practice"
    )
    assert [(adviser.name, adviser.languages) for adviser in present.values()] == [("Kit", ("en", "cy")), ("Lee", ())]
    lees, _ = store.board(8, NOON)
    assert [conversation.id for conversation in lees if conversation.state == "talking"] == [of_lee, left]


def test_a_board_ends_chats_that_are_over_and_still_knows_who_is_present(store: ChatStore) -> None:
    _, number = talking(store)
    (ended,), present = store.board(7, NOON + timedelta(minutes=15))
    assert (ended.id, ended.state, ended.reason) == (number, "ended", "quiet")
    assert present == {}


@pytest.mark.parametrize("many", [1, 30])
def test_a_poll_of_a_board_is_one_query_however_many_chats_run(many: int, store: ChatStore, valkey: Valkey) -> None:
    for n in range(many):
        waiting(store, str(n))
        _, number = waiting(store, f"talks {n}")
        store.accept(number, 7, "Kit", NOON)
    for adviser in (7, 8):
        store.set_presence(adviser, "Kit", True, NOON)
    for n in range(many):
        _, number = waiting(store, f"talks to another {n}")
        store.accept(number, 8, "Alex", NOON)
    queries: list[str] = []
    inside: list[str] = []
    valkey.client.ping()
    if isinstance(store, SqliteStore):
        store._connection().set_trace_callback(queries.append)
        store.board(7, NOON)
        store._connection().set_trace_callback(None)
    else:
        with valkey.client.monitor() as monitor:  # type: ignore[no-untyped-call]
            store.board(7, NOON)
            valkey.client.ping()
            for entry in monitor.listen():
                if entry["command"].startswith("PING"):
                    break
                (inside if entry["client_type"] == "lua" else queries).append(entry["command"])
    # Leaves out the check that the file is still the same, and the greeting of a new connection.
    queries = [query for query in queries if not query.startswith(("PRAGMA", "HELLO", "CLIENT"))]
    assert len(queries) == 1, [query[:60] for query in queries]
    assert sum(command.startswith("HMGET") for command in inside) <= 2 * many, "a colleague's chats are not read"


def test_that_many_readers_were_there_and_what_they_were_shown_is_stored_at_once(
    store: ChatStore,
) -> None:
    (_, number), (_, ended), (_, waits) = waiting(store), waiting(store, "there"), waiting(store, "elsewhere")
    later = NOON + timedelta(seconds=5)
    store.set_presence(7, "Kit", True, NOON)
    store.accept(number, 7, "Kit", NOON)
    store.say(number, "reader", "Hello", NOON)
    store.end(ended, "reader", NOON)
    store.looked_in({number: (later, 9), ended: (later, 1), 99_999: (later, 0)})
    store.looked_in({number: (later, 0), waits: (later, 0)})
    stored = {conversation.id: (conversation.seen, conversation.shown) for conversation in store.live(later)}
    assert stored == {number: (later, 1), ended: (NOON, 0), waits: (later, 0)}, "nothing is taken back"
    before = NOON + rules.OVER_AFTER
    states = [conversation.state for conversation in store.live(before) if conversation.id == waits]
    assert states == ["waiting"], "a waiting reader whose page polls stays"


def test_news_changes_whenever_a_reader_has_to_be_told_and_can_be_asked_for_many_at_once(store: ChatStore) -> None:
    token, number = waiting(store)

    def news(now: datetime = NOON) -> rules.News | None:
        chat = store.find(token, now)
        by_number = store.news([number, 99_999], now)
        assert by_number.keys() <= {number}
        if chat:
            assert by_number[number] == rules.news(chat.newest, chat.state, chat.adviser, chat.adviser_seen, now)
        return by_number.get(number)

    seen = [news()]
    store.set_presence(7, "Kit", True, NOON)
    store.accept(number, 7, "Kit", NOON)
    seen.append(news())
    store.say(number, "adviser", "Hello", NOON)
    seen.append(news())
    seen.append(news(NOON + rules.DESK_GONE_AFTER))
    store.end(number, "reader", NOON)
    seen.append(news())
    assert len(set(seen)) == 5, seen
    store.stay(number, NOON)
    store.show(number, 1)
    assert news() == seen[-1]
    assert store.news([], NOON) == {}


def test_practice_is_counted_nowhere_and_keeps_nobody_waiting(store: ChatStore) -> None:
    store.set_presence(7, "Kit", True, NOON)
    store.start((), 1, NOON, player=8)
    token = store.start(("here",), 1, NOON)
    conversation = store.find(token, NOON)
    assert conversation
    assert conversation.place == 1
    counted = store.counts()
    practice = next(conversation for conversation in store.live(NOON) if conversation.player)
    store.accept(practice.id, 7, "Kit", NOON)
    store.say(practice.id, "reader", "Hello", NOON)
    store.end(practice.id, "adviser", NOON)
    assert store.counts() == counted
    assert store.messages(practice.id) == []
    assert not store.present(NOON)[7].pauses(NOON)


def test_how_it_was_is_counted_once_and_only_where_somebody_answered(store: ChatStore) -> None:
    token, number = talking(store)
    unanswered, waited = waiting(store, "other")
    assert not store.said_how(digest(token), "helped", NOON), "the chat is not over"
    for conversation in (number, waited):
        store.end(conversation, "reader", NOON)
    assert not store.said_how(digest(unanswered), "not", NOON)
    assert store.said_how(digest(token), "helped", NOON)
    assert not store.said_how(digest(token), "helped", NOON)
    assert [(event, number) for _, event, number in store.counts() if event.startswith("how")] == [("how: helped", 1)]


def test_a_pause_may_be_long_and_ask_for_a_word(store: ChatStore) -> None:
    store.set_presence(7, "Kit", True, NOON)
    store.pause(7, NOON + rules.LONG_PAUSE, True)
    kit = store.present(NOON)[7]
    assert (kit.pauses(NOON + timedelta(minutes=14)), kit.pauses(NOON + rules.LONG_PAUSE)) == (True, False)
    assert kit.wants_a_word
    store.end_pause(7)
    assert not store.present(NOON)[7].wants_a_word


def test_a_long_pause_is_not_made_shorter_by_another_chat_that_ends(store: ChatStore) -> None:
    (_, hard), (_, other), (_, last) = talking(store), waiting(store), waiting(store)
    for number in (other, last):
        store.accept(number, 7, "Kit", NOON)
    store.end(hard, "reader", NOON)
    store.pause(7, NOON + rules.LONG_PAUSE, True)
    soon, late = NOON + timedelta(minutes=1), NOON + timedelta(minutes=14)
    store.end(other, "hidden", soon)
    kit = store.present(soon)[7]
    assert (kit.pause_until, kit.wants_a_word) == (NOON + rules.LONG_PAUSE, True)
    for minute in range(2, 15, 4):
        store.sign(7, NOON + timedelta(minutes=minute))
    store.end(last, "reader", late)
    assert store.present(late)[7].pause_until == late + rules.PAUSE, "whichever lasts longer"


def test_a_network_is_recognised_for_two_days_and_not_by_its_address(store: ChatStore, everything: Everything) -> None:
    today = store.network_keys(NOON)
    assert len(today) == 1
    tomorrow = store.network_keys(NOON + timedelta(days=1))
    assert tomorrow[1:] == today
    assert today[0] not in store.network_keys(NOON + timedelta(days=2))
    assert networks("192.0.2.7", tomorrow)[1:] == networks("192.0.2.7", today) != networks("192.0.2.8", today)
    assert networks("2001:db8::1", today) == networks("2001:db8::ffff", today) != networks("2001:db8:0:1::1", today)
    store.start(networks("192.0.2.7", tomorrow), 100, NOON)
    assert b"192.0.2" not in everything()


def test_nothing_is_left_of_a_conversation_and_not_a_word_is_readable_before(
    store: ChatStore, everything: Everything
) -> None:
    token, number = talking(store)
    for n in range(10):
        store.say(number, "reader", f"zqcanary {n} " + "words " * 50, NOON)
        store.say(number, "note", f"zqnote {n}", NOON)
    assert store.messages(number)[0].text.startswith("zqcanary 0")
    before = everything()
    assert before
    assert not [word for word in (b"zqcanary", b"zqnote", token.encode()) if word in before]
    other, _ = talking(store, adviser=8)
    store.end(number, "hidden", NOON)
    assert store.messages(number) == []
    assert store.find(other, NOON), "another conversation goes on"


def test_the_database_and_its_log_never_hold_a_key_and_lose_every_sealed_word(tmp_path: Path) -> None:
    store = open_store("sqlite:", tmp_path)
    _, number = talking(store)
    store.say(number, "reader", "hello", NOON)
    key = (tmp_path / f"chat-{number}.key").read_bytes()
    assert len(key) == 32
    database = sqlite3.connect(tmp_path / "chat.sqlite3")
    (sealed,) = database.execute("SELECT sealed FROM messages").fetchone()
    database.close()

    def stored() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.glob("chat.sqlite3*"))

    assert sealed in stored()
    assert key not in stored()
    with (tmp_path / f"chat-{number}.key").open("rb") as still_open:
        store.end(number, "hidden", NOON)
        assert still_open.read() == bytes(32), "overwritten where it lay, before its name was removed"
    assert sealed not in stored()
    assert not list(tmp_path.glob("*.key"))
    assert (tmp_path / "chat.sqlite3-wal").stat().st_size == 0


def test_every_key_in_valkey_expires_whatever_happens_to_the_site(valkey: Valkey, tmp_path: Path) -> None:
    valkey.client.flushall()
    store = open_store(valkey.url, tmp_path)
    now = datetime.now(UTC)
    store.network_keys(now)
    token, number = talking(store, now=now)
    store.say(number, "reader", "hello", now, once="a")
    waiting(store, "another", now)
    store.find(token, now + timedelta(seconds=30))
    _, over = talking(store, adviser=8, now=now)
    store.block(over, now + timedelta(hours=4), now)
    names = sorted(valkey.client.scan_iter())
    parts = {bytes(name).split(b":")[2].decode() for name in names}
    assert parts == {
        "one", "words", "once", "lately", "token", "live", "brief", "waiting", "reach", "due", "ended", "last", "day", "starts",
        "running", "block", "present", "desks", "counts",
    }  # fmt: skip
    for name in names:
        assert valkey.client.ttl(name) > 0, name
    holds = [name for part in ("one", "words", "once", "lately", "token") for name in valkey.client.keys(f"*:{part}:*")]
    assert all(valkey.client.ttl(name) <= 3600 for name in holds)
    assert not list(valkey.folder.iterdir()), "nothing is written"


def test_numbers_go_on_rising_over_an_empty_valkey(valkey: Valkey, tmp_path: Path) -> None:
    store = open_store(valkey.url, tmp_path)
    valkey.client.flushall()
    _, before = waiting(store)
    valkey.client.flushall()
    _, after = waiting(store, now=NOON + timedelta(minutes=2))
    assert after > before, "a desk that still shows the old chat must not mistake the new one for it"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--save", "60 1", "--slowlog-max-len", "0"), "disk"),
        (("--appendonly", "yes", "--save", "", "--slowlog-max-len", "0"), "disk"),
        (("--appendonly", "no", "--save", ""), "logs slow commands"),
    ],
)
def test_a_valkey_that_writes_to_disk_or_logs_commands_is_refused(
    tmp_path: Path, options: tuple[str, ...], says: str
) -> None:
    server = Valkey(tmp_path / "keeps", *options)
    with pytest.raises(Refused) as refused:
        open_store(server.url, tmp_path)
    server.close()
    assert says in str(refused.value)
    assert "--slowlog-max-len 0" in str(refused.value)


def test_a_valkey_that_is_away_raises_store_down_and_is_used_again_once_it_is_back(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "away")
    store = open_store(server.url, tmp_path)
    token, _ = waiting(store)
    server.stop()
    for _ in range(2):
        with pytest.raises(StoreDown):
            store.present(NOON)
        with pytest.raises(StoreDown):
            store.network_keys(NOON)
    server.start()
    assert store.find(token, NOON) is None, "it stored nothing"
    token, number = talking(store)
    assert store.say(number, "reader", "Hello again", NOON) == 1
    assert [message.text for message in store.messages(number)] == ["Hello again"]
    server.stop()
    server.start("--save", "60 1")
    with pytest.raises(StoreDown, match="disk"):
        store.network_keys(
            NOON
        )  # checked before each start, so none begins on a server that came back with other settings
    server.close()


@pytest.mark.parametrize("wrong", ["", "mysql://x", "sqlite", "file:x"])
def test_an_unknown_kind_of_store_is_refused_with_what_to_write(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        open_store(wrong, tmp_path)
    assert "valkey://" in str(refused.value)


def test_a_process_that_holds_conversations_writes_no_core_file(store: ChatStore) -> None:
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)


def test_two_users_of_one_group_can_share_a_store_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    for mode, expected in ((0o2770, 0o660), (0o755, 0o600)):
        folder = tmp_path / f"{mode:o}"
        folder.mkdir()
        folder.chmod(mode)
        waiting(open_store(f"sqlite:{folder}", tmp_path))
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {expected}
        assert len(list(folder.iterdir())) == 4, "database, log, shared memory, key"


def test_the_example_configuration_of_valkey_is_accepted(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "example", config=PROJECT / "deploy/valkey.conf")
    store = open_store(server.url, tmp_path)
    waiting(store)
    assert len(store.live(NOON)) == 1
    assert server.client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    server.close()


def test_words_that_were_changed_or_lost_are_reported_as_unreadable(
    store: ChatStore, place: str, tmp_path: Path, valkey: Valkey
) -> None:
    """Another key, a lost key, a garbled or a lost row: each spoils its own conversation and no other."""

    def spoil(number: int, damage: str) -> None:
        facts, words = f"sidedoor:chat:one:{number}", f"sidedoor:chat:words:{number}"
        key = tmp_path / f"chat-{number}.key"
        if place == "sqlite:":
            database = sqlite3.connect(tmp_path / "chat.sqlite3", isolation_level=None)
            match damage:
                case "another key":
                    key.write_bytes(bytes(range(32)))
                case "no key":
                    key.unlink()
                case "half a key":
                    key.write_bytes(bytes(range(16)))
                case "garbled":
                    database.execute("UPDATE messages SET sealed = x'00ff' WHERE conversation = ?", (number,))
                case "of another":
                    database.execute("UPDATE messages SET number = 3 WHERE conversation = ? AND number = 1", (number,))
            database.close()
            return
        match damage:
            case "another key":
                valkey.client.hset(facts, "key", bytes(range(32)))
            case "no key":
                valkey.client.hdel(facts, "key")
            case "half a key":
                valkey.client.hset(facts, "key", b"half")
            case "garbled":
                valkey.client.lset(words, 0, "{")
            case "of another":
                second = cast(bytes, valkey.client.lindex(words, 1))
                valkey.client.lset(words, 0, second.decode())

    untouched, safe = talking(store, adviser=99)
    store.say(safe, "reader", "safe", NOON)
    for adviser, damage in enumerate(("another key", "no key", "half a key", "garbled", "of another"), start=20):
        _, number = talking(store, adviser)
        store.say(number, "reader", "one", NOON)
        store.say(number, "reader", "two", NOON)
        spoil(number, damage)
        with pytest.raises(Unreadable) as broken:
            store.messages(number)
        assert broken.value.conversation == number, damage
        if damage in ("no key", "half a key"):
            with pytest.raises(Unreadable):
                store.say(number, "reader", "three", NOON)
        store.end(number, "broken", NOON)
        assert store.messages(number) == []
        assert getattr(store.get(number, NOON), "reason", "") == "broken"
    assert [message.text for message in store.messages(safe)] == ["safe"]
    assert store.find(untouched, NOON)


def test_a_conversation_that_cannot_be_read_counts_as_gone_and_the_others_go_on(
    store: ChatStore, place: str, tmp_path: Path, valkey: Valkey
) -> None:
    _, safe = talking(store)
    for n, (field, wrong) in enumerate((("started", "yesterday"), ("newest", "many"), ("seen", ""))):
        token, number = waiting(store, f"network {n}")
        if place == "sqlite:":
            database = sqlite3.connect(tmp_path / "chat.sqlite3", isolation_level=None)
            database.execute(f"UPDATE conversations SET {field} = ? WHERE id = ?", (wrong, number))
            database.close()
        else:
            valkey.client.hset(f"sidedoor:chat:one:{number}", field, wrong)
        assert store.find(token, NOON) is None
        assert store.get(number, NOON) is None
        assert [conversation.id for conversation in store.live(NOON)] == [safe]
    if place != "sqlite:":
        token, number = waiting(store, "network 9")
        valkey.client.set(f"sidedoor:chat:one:{number}", "another kind of value")
        valkey.client.hset("sidedoor:chat:present", "70", "not JSON")
        assert store.find(token, NOON) is None
        assert [conversation.id for conversation in store.live(NOON)] == [safe]
        assert list(store.present(NOON)) == [7]
    assert store.get(2**70, NOON) is None
