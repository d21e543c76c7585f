"""Record first, act second: without the audit no step of the desk happens. Every POST is listed as recorded or not."""

import io
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.chat.store import ChatStore
from sidedoor.desk.people.staff import Passkey
from tests.conftest import SetClock
from tests.content import ContentFolder
from tests.desk.chats.test_board import accepted_chat, waiting_chat
from tests.desk.conftest import SignedIn
from tests.desk.contacts.test_contacts import fields, hidden
from tests.desk.forms import approve, save, seen, start
from tests.desk.items.test_attacks import link_of
from tests.desk.test_limits import picture
from tests.desk.translations.test_translations import ADDRESS, form, send, write_original

# endpoint → why the audit has no line for it
NOT_RECORDED = {
    "editor.typing": "nothing is saved: what was typed is kept for its writer alone",
    "editor.still_here": "nothing is saved",
    "editor.forget_typing": "nothing that was saved is discarded",
    "chats.accept": "the audit would hold when each conversation began, and with whom, for good",
    "chats.say": "the audit would hold when somebody wrote",
    "chats.end": "the audit would hold how long each conversation took, for good",
    "chats.hand_over": "an adviser's own conversation goes on with a colleague; reader and colleague are told",
    "chats.mark": "the audit would hold who seemed to be in danger, for good",
    "chats.pause": "the audit would hold after which conversation somebody needed a pause",
    "chats.practice.begin": "nobody is on the other side",
    "chats.practice.say": "nobody is on the other side",
    "editor.picture": "what is taken in is public with the item alone, whose save is recorded",
    "chats.ready": "it ends your own pause",
    "chats.close": "it puts an ended chat out of sight in your own browser",
    "notices.seen": "it puts your own notices out of sight",
    "signing_in.passkey_options": "it asks a question",
    "signing_in.invited_passkey_options": "it asks a question",
    "signing_in.more_passkey_options": "it asks a question",
}
# Endpoints that test_ways_in.py or test_work_account.py tries without a writable audit.
ELSEWHERE = {
    "people.invite", "people.roles", "people.renew", "people.recover", "people.remove", "signing_in.remove_passkey",
    "notices.test", "signing_in.end_session", "signing_in.sign_out", "signing_in.accept_with_password",
}  # fmt: skip
# These store a way in with the same function as accept_with_password, or sign in with let_in.
SAME_FUNCTION = {
    "signing_in.accept_with_passkey", "signing_in.change_password", "signing_in.add_passkey",
    "signing_in.with_password", "signing_in.with_passkey",
}  # fmt: skip

Step = Callable[[], Any]
# Tables that change without a step: the sign that a desk is open, when somebody was last seen, what was typed.
_BESIDES = {("sessions.sqlite3", "sessions"), ("chat.sqlite3", "desks"), ("reviews.sqlite3", "typing")}


class House:
    """The desk, its people, and an example of everything on which a step can be taken."""

    def __init__(self, desk: Flask, signed_in: SignedIn, content: ContentFolder, clock: SetClock) -> None:
        self.desk, self.content, self.clock = desk, content, clock
        self.ann, self.ben, self.eve, self.eli, self.kit, self.sue, self.ada = map(
            signed_in,
            ("Ann Press", "Ben Press", "Eve Editor", "Eli Editor", "Kit Adviser", "Sue Supervisor", "Ada Admin"),
        )
        self.store: ChatStore = desk.extensions["desk"].chats

    def item(self, state: str = "draft", **more: str) -> str:
        path = start(self.ann, "Rooms")
        ready = "draft" if state == "draft" else "ready"
        answer = save(self.ann, path, ready, summary="Rooms.", body="Rooms are open.", **more)
        assert answer.status_code == 303
        if state in ("public", "withdrawn"):
            assert approve(self.ben, path).status_code == 303
        if state == "withdrawn":
            assert self.ann.post(f"{path}/withdraw", data={"reason": "Wrong.", "how": "withdraw"}).status_code == 303
            assert approve(self.ben, path).status_code == 303
        return path

    def shut_the_audit(self) -> None:
        with closing(sqlite3.connect(self.desk.config["DATA"] / "audit.sqlite3")) as database:
            database.execute("CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
            database.commit()

    def everything(self) -> dict[str, Any]:
        """What any file or database holds, except the audit."""
        data: Path = self.desk.config["DATA"]
        rows_and_files: dict[str, Any] = {}
        for path in sorted(data.glob("*.sqlite3")):
            with closing(sqlite3.connect(path)) as database:
                names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
                for table in names:
                    if path.name != "audit.sqlite3" and (path.name, table) not in _BESIDES:
                        rows_and_files[f"{path.name} {table}"] = database.execute(f"SELECT * FROM {table}").fetchall()
        rows_and_files = {
            name: rows for name, rows in rows_and_files.items() if rows
        }  # a table without rows may not be there yet
        for path in sorted(self.content.path.rglob("*")):
            if path.is_file() and ".git/" not in str(path):
                rows_and_files[str(path.relative_to(self.content.path))] = path.read_bytes()
        return rows_and_files


def _post(client: FlaskClient, path: str, **form: Any) -> Step:
    return lambda: client.post(path, data=form)


def _decide(person: str, step: str, state: str = "ready", **form: str) -> Callable[[House], Step]:
    def make(house: House) -> Step:
        path, client = house.item(state), getattr(house, person)
        return _post(client, f"{path}/{step}", seen=seen(client, path), **form)

    return make


def _override(house: House) -> Step:
    return _decide("eve", "override", reason="Now")(house)


def _approve_afterwards(house: House) -> Step:
    path = house.item("ready")
    assert approve(house.eve, path, "override", reason="Now").status_code == 303
    return _post(house.ben, f"{path}/approve-afterwards", seen=seen(house.ben, path))


def _unschedule(house: House) -> Step:
    path = house.item("public", publish_date="2026-12-01", publish_time="09:00")
    return _post(house.ann, f"{path}/unschedule")


def _compared(house: House) -> Step:
    path = house.item("public")
    save(house.ann, path, "ready", body="More rooms.")
    file = house.content.path / "news/rooms.md"
    file.write_text(file.read_text("utf-8").replace("Rooms are open.", "Edited by hand."), "utf-8")
    house.desk.extensions["desk"].live.refresh()
    return _post(house.ann, f"{path}/compared")


def _restore(house: House) -> Step:
    path = house.item()
    revision = house.desk.extensions["desk"].shelf.history.revisions("news/rooms.md", [])[-1].id
    save(house.ann, path, body="Other words.")
    base = house.desk.extensions["desk"].shelf.read("news/rooms.md").digest
    return _post(house.ann, f"{path}/history/{revision}/restore", base=base)


def _bring_from_history(house: House) -> Step:
    path = house.item()
    assert house.ann.post(f"{path}/discard").status_code == 303
    return _post(house.ann, "/items/thrown-away/news/rooms")


def _save_with_picture(house: House) -> Step:
    path, shelf = house.item(), house.desk.extensions["desk"].shelf
    form = {"picture_alt": "Words", "body": "Words.", "step": "draft", "base": shelf.read("news/rooms.md").digest}

    def take() -> Any:
        return house.ann.post(path, data={**form, "picture": (io.BytesIO(picture(20, 10, "PNG")), "a.png")})

    return take


def _of_comment(step: str, **form: str) -> Callable[[House], Step]:
    def make(house: House) -> Step:
        path = house.item()
        assert _post(house.ann, f"{path}/comments", words="Is this so?")().status_code == 303
        return _post(house.ben, f"{path}/comments{step}", **form)

    return make


def _of_translation(step: str) -> Callable[[House], Step]:
    def make(house: House) -> Step:
        write_original(house.desk, house.content)
        if step in ("save", "send"):
            return lambda: send(house.eve, step)
        assert send(house.eve, "send").status_code == 303
        if step == "take-in":
            sent = house.eve.get(f"{ADDRESS}.po").data
            return lambda: house.eve.post(ADDRESS, data={"step": step, "po": (io.BytesIO(sent), "a.po")})
        eli = house.desk.extensions["desk"].staff.named("Eli Editor").id
        assert house.ada.post(f"/people/{eli}/languages", data={"knows": "ur"}).status_code == 303
        return lambda: house.eli.post(ADDRESS, data={"step": step, "seen": form(house.eli)["seen"]})

    return make


def _languages(house: House) -> Step:
    write_original(house.desk, house.content)
    eli = house.desk.extensions["desk"].staff.named("Eli Editor").id
    return _post(house.ada, f"/people/{eli}/languages", knows="ur")


def _of_picture(step: str, **form: str) -> Callable[[House], Step]:
    def make(house: House) -> Step:
        path = house.item()
        sent = {"picture_alt": "Words", "picture": (io.BytesIO(picture(20, 10, "PNG")), "a.png")}
        name = house.ann.post(f"{path}/picture", data=sent).get_json()["name"]
        return _post(house.ann, f"/pictures/{name}{step}", **form)

    return make


def _save(house: House) -> Step:
    path = house.item()
    base = house.desk.extensions["desk"].shelf.read("news/rooms.md").digest
    return _post(house.ann, path, base=base, body="Other words.", step="draft")


def _contact(house: House, **change: str) -> Step:
    form = fields(house.eve.get("/contacts/ndah").get_data(as_text=True))
    return _post(house.eve, "/contacts/ndah", **{**form, "phone": "0800 111 222", **change})


def _new_contact(house: House) -> Step:
    form = {**fields(house.eve.get("/contacts/new").get_data(as_text=True)), "id": "new-line", "name": "A new line"}
    form |= {"for": "Men", "phone": "0800 111 222", "source": "https://www.example.org/", "audiences": ["men"]}
    return _post(house.eve, "/contacts/new", **form)


def _remove_contact(house: House) -> Step:
    assert _new_contact(house)().status_code == 303
    base = hidden(house.eve.get("/contacts/ndah").get_data(as_text=True), "base")
    return _post(house.eve, "/contacts/new-line/remove", base=base)


def _contacts(person: str, step: str, **form: str) -> Callable[[House], Step]:
    def make(house: House) -> Step:
        assert _contact(house)().status_code == 303
        client = getattr(house, person)
        version = hidden(client.get("/contacts").get_data(as_text=True), "seen")
        return _post(client, f"/contacts/{step}", seen=version, **form)

    return make


def _contacts_afterwards(house: House) -> Step:
    assert _contacts("eve", "override", reason="Now")(house)().status_code == 303
    return _post(
        house.eli,
        "/contacts/approve-afterwards",
        seen=hidden(house.eli.get("/contacts").get_data(as_text=True), "seen"),
    )


def _restore_contacts(house: House) -> Step:
    assert _contact(house)().status_code == 303
    assert house.eve.post("/contacts/discard").status_code == 303
    shelf = house.desk.extensions["desk"].shelf
    revision = shelf.history.revisions("changes/contacts.yaml", [])[-1].id
    return _post(house.eve, "/contacts/history/restore", revision=revision, base=shelf.read("contacts.yaml").digest)


def _link(house: House, path: str, **form: str) -> str:
    answer = house.ann.post(f"{path}/links", data={"for_whom": "The council", **form})
    return link_of(answer.get_data(as_text=True))


def _revoke(house: House) -> Step:
    path = house.item("ready")
    _link(house, path)
    name = house.desk.extensions["desk"].previews.of("news/rooms.md", house.clock())[0].name
    return _post(house.ann, f"{path}/links/revoke", link=name)


def _approve_by_link(house: House) -> Step:
    link = _link(house, house.item("ready"), may_approve="yes")
    stranger = house.desk.test_client()
    stranger.get(link)
    return _post(stranger, f"{link}/approve")


def _name_passkey(house: House) -> Step:
    staff = house.desk.extensions["desk"].staff
    staff.add_passkey(
        Passkey(b"key", staff.named("Ann Press").id, b"public", 0, "Firefox on Linux", house.clock(), None)
    )
    return _post(house.ann, "/account/passkey/name", credential="a2V5", label="The blue key")


def _site(house: House) -> str:
    return str(house.desk.extensions["desk"].shelf.read("site.toml").digest)


def _settings(step: str) -> Callable[[House], Step]:
    def make(house: House) -> Step:
        assert house.ada.post("/settings", data={"base": _site(house), "name": "Another name"}).status_code == 303
        seen = house.desk.extensions["desk"].shelf.read("changes/site.toml").digest
        return _post(house.eve, f"/settings/{step}", seen=seen)

    return make


def _feedback(house: House) -> Step:
    house.desk.extensions["desk"].feedback.add("Hello", house.clock())
    return _post(house.ann, "/messages/1/take")


def _chat(person: str, step: str, **form: str) -> Callable[[House], Step]:
    def make(house: House) -> Step:
        house.kit.post("/chats/present", data={"present": "yes"})
        number = waiting_chat(house.store, house.clock, "Hello", network="a network")
        assert house.kit.post(f"/chats/{number}/accept").status_code == 303
        return _post(getattr(house, person), f"/chats/{number}/{step}", **form)

    return make


RECORDED: dict[str, Callable[[House], Step]] = {
    "editor.new": lambda house: _post(house.ann, "/items/new", title="Rooms", kind="news"),
    "editor.save": _save,
    "editor.save, a picture": _save_with_picture,
    "comments.say": _of_comment("", words="And this?"),
    "comments.answer": _of_comment("/1/answer", words="It is."),
    "comments.close": _of_comment("/1/close"),
    "pictures.describe": _of_picture("", shows="A field", across="20", down="50"),
    "pictures.delete": _of_picture("/delete"),
    "translations.beside": _of_translation("save"),
    "translations.beside, sent": _of_translation("send"),
    "translations.beside, taken in": _of_translation("take-in"),
    "translations.beside, approved": _of_translation("approve"),
    "translations.beside, discarded": _of_translation("discard"),
    "people.languages": _languages,
    "review.approve": _decide("ben", "approve"),
    "review.override": _override,
    "review.approve_afterwards": _approve_afterwards,
    "review.send_back": _decide("ben", "send-back", note="Look again."),
    "review.compared": _compared,
    "review.unschedule": _unschedule,
    "review.withdraw": _decide("ann", "withdraw", "public", reason="Wrong.", how="withdraw"),
    "review.bring_back": _decide("ann", "bring-back", "withdrawn"),
    "review.discard": _decide("ann", "discard", "draft"),
    "review.address": _decide("ann", "address", "draft", slug="other-rooms"),
    "revisions.restore": _restore,
    "revisions.bring_from_history": _bring_from_history,
    "preview.make_link": lambda house: _post(house.ann, f"{house.item('ready')}/links", for_whom="The council"),
    "preview.revoke_link": _revoke,
    "preview.shared_approval": _approve_by_link,
    "contacts.checked": lambda house: _post(house.ann, "/contacts/ndah/checked"),
    "contacts.edit": _contact,
    "contacts.new": _new_contact,
    "contacts.remove": _remove_contact,
    "contacts.approve": _contacts("eli", "approve"),
    "contacts.override": _contacts("eve", "override", reason="Now"),
    "contacts.approve_afterwards": _contacts_afterwards,
    "contacts.discard": _contacts("eve", "discard"),
    "contacts.restore": _restore_contacts,
    "notices.wishes": lambda house: _post(house.ann, "/notices/wishes", address="ann@example.org"),
    "feedback.step": _feedback,
    "signing_in.name_passkey": _name_passkey,
    "settings.save": lambda house: _post(house.ada, "/settings", base=_site(house), name="Another name"),
    "settings.approve": _settings("approve"),
    "settings.discard": _settings("discard"),
    "chats.present": lambda house: _post(house.kit, "/chats/present", present="yes"),
    "chats.block": _chat("kit", "block", hours="4"),
    "chats.take_over": _chat("sue", "take-over"),
    "chats.watch.enter": _chat("sue", "watch"),
}


@pytest.fixture
def house(desk: Flask, signed_in: SignedIn, content: ContentFolder, clock: SetClock) -> House:
    return House(desk, signed_in, content, clock)


@pytest.mark.parametrize("step", RECORDED)
def test_a_step_happens_only_when_the_audit_can_be_written(house: House, step: str) -> None:
    take = RECORDED[step](house)
    before, lines = house.everything(), len(house.desk.extensions["desk"].audit.everything())
    house.shut_the_audit()
    assert take().status_code in (303, 422, 500, 503), "whatever it says"
    assert house.everything() == before
    assert len(house.desk.extensions["desk"].audit.everything()) == lines
    with closing(sqlite3.connect(house.desk.config["DATA"] / "audit.sqlite3")) as database:
        database.execute("DROP TRIGGER full")
        database.commit()
    assert take().status_code in (200, 303)
    assert house.everything() != before, "so this step does something"
    assert "did not get through" not in {line.action for line in house.desk.extensions["desk"].audit.everything()}


def test_every_form_of_the_desk_is_recorded_or_listed_with_a_reason(desk: Flask) -> None:
    posts = {rule.endpoint for rule in desk.url_map.iter_rules() if "POST" in (rule.methods or ())}
    recorded = {step.partition(",")[0] for step in RECORDED}
    assert posts == recorded | set(NOT_RECORDED) | ELSEWHERE | SAME_FUNCTION


def test_a_step_that_fails_after_it_was_recorded_gets_another_line(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = house.item()
    house.ann.get(f"{path}/review")
    before = house.everything()
    with closing(sqlite3.connect(house.desk.config["DATA"] / "previews.sqlite3")) as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON links BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
        database.commit()
    assert house.ann.post(f"{path}/links", data={"for_whom": "The council"}).status_code == 500
    assert house.everything() == before
    first, second = house.desk.extensions["desk"].audit.everything()[-2:]
    assert (first.action, first.subject) == ("made a preview link", "news/rooms.md")
    assert (second.action, second.subject, second.detail) == ("did not get through", "news/rooms.md", first.action)


def test_the_audit_holds_no_line_about_a_chat_that_no_supervisor_entered(house: House) -> None:
    house.kit.post("/chats/present", data={"present": "yes"})
    lines = len(house.desk.extensions["desk"].audit.everything())
    number = accepted_chat(house.store, house.clock, house.kit, "zqsecret")
    house.kit.post(f"/chats/{number}/say", data={"message": "zqanswer"})
    house.kit.post(f"/chats/{number}/end")
    assert len(house.desk.extensions["desk"].audit.everything()) == lines
