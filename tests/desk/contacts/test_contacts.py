"""Contacts at the desk: every change needs two editors, one button marks a contact as checked, other lines stay."""

import difflib
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.desk.contacts.file import read_records, with_new_record, with_record, without_record
from sidedoor.documents.problems import Refused
from sidedoor.documents.reading import read_contacts
from tests.conftest import PROJECT, SetClock
from tests.content import CONTACTS, ContentFolder
from tests.desk.conftest import PublicSite, SignedIn

REAL = (PROJECT / "examples/hampshire/contacts.yaml").read_text("utf-8")


def hidden(page: str, name: str) -> str:
    match = re.search(rf'name="{name}" value="([^"]+)"', page)
    return match[1] if match else ""


def fields(page: str) -> dict[str, str | list[str]]:
    texts = dict(re.findall(r'<input id="f-[\w-]+" name="([^"]+)" value="([^"]*)"', page))
    ticked = {name: re.findall(rf'name="{name}" value="([^"]+)" checked', page) for name in ("audiences", "places")}
    return {"base": hidden(page, "base"), **texts, **ticked}


def approve(client: FlaskClient, step: str = "approve", **more: str) -> int:
    seen = hidden(client.get("/contacts").get_data(as_text=True), "seen")
    return client.post(f"/contacts/{step}", data={"seen": seen, **more}).status_code


def test_changing_a_record_changes_no_other_line() -> None:
    # Every record of the file, in files of six: each step reads its whole file, so a long file would be slow.
    head, *blocks = re.split(r"(?m)^(?=  - id:)", REAL)
    files = [head + "".join(blocks[at : at + 6]) for at in range(0, len(blocks), 6)]
    assert sum(len(read_records(file)) for file in files) == len(read_records(REAL)) > 60
    for file, record in [(text, record) for text in files for record in read_records(text)]:
        records, ids = read_records(file), {contact.id for contact in read_contacts(file)}
        identifier = record["id"]
        changed = with_record(
            file, identifier, {"checked": "2026-11-24", "note": "Quoted: “yes”, no, 12:30 # not a comment"}
        )
        lines = [line for line in difflib.ndiff(file.split("\n"), changed.split("\n")) if line[0] in "+-"]
        assert len(lines) <= 4, identifier
        assert {contact.id for contact in read_contacts(changed)} == ids
        same = {name: record[name] for name in record if name != "id"}
        assert with_record(file, identifier, same) == file, identifier
        rest = without_record(file, identifier)
        assert len(read_records(rest)) == len(records) - 1
        restored = with_new_record(rest, record)
        assert sorted(map(str, read_records(restored))) == sorted(map(str, records))
    with pytest.raises(Refused, match="There is no contact"):
        with_record(REAL, "nobody", {"phone": "1"})
    with pytest.raises(Refused, match="already"):
        with_new_record(REAL, {"id": "ndah"})


def test_a_number_changes_only_with_a_second_editor(
    desk: Flask, eve: FlaskClient, ann: FlaskClient, signed_in: SignedIn, content: ContentFolder, public: PublicSite
) -> None:
    before = (content.path / "contacts.yaml").read_text("utf-8")
    form = fields(eve.get("/contacts/ndah").get_data(as_text=True))
    assert form["phone"] == "0808 2000 247"
    assert form["audiences"] == ["women"]
    mistakes: list[dict[str, str | list[str]]] = [
        {"phone": "call us"},
        {"source": ""},
        {"audiences": []},
        {"email": "x@y"},
    ]
    for wrong in mistakes:
        answer = eve.post("/contacts/ndah", data={**form, **wrong})
        assert answer.status_code == 422, wrong
    assert eve.post("/contacts/ndah", data={**form, "phone": "0800 111 222"}).status_code == 303
    stale = eve.post("/contacts/ndah", data={**form, "phone": "0800 333 444"})
    assert stale.status_code == 422
    assert 'value="0800 333 444"' in stale.get_data(as_text=True), "the form keeps what she typed"
    assert "Now it says: <q>0800 111 222</q>" in stale.get_data(as_text=True), "and shows what was saved meanwhile"
    assert stale.get_data(as_text=True).count("Now it says") == 1, "but not for unchanged fields"
    assert "0800 111 222" not in public.get("/contacts")[1]
    assert approve(eve) == 422, "it is her own change"
    assert approve(ann) == 403, "a press officer"
    # A contact is checked meanwhile: both versions get the date, and the change still applies.
    assert ann.post("/contacts/live-fear-free/checked").status_code == 303
    after = (content.path / "contacts.yaml").read_text("utf-8")
    assert after.replace("    checked: 2026-11-24\n", "") == before
    assert approve(signed_in("Eli Editor")) == 303
    shown = public.get("/contacts")[1]
    assert "0800 111 222" in shown
    assert "0808 2000 247" not in shown
    actions = {(entry.person, entry.action) for entry in desk.extensions["desk"].audit.entries()}
    assert {
        ("Eve Editor", "changed the contacts"),
        ("Eli Editor", "approved"),
        ("Ann Press", "checked the contact"),
    } <= actions


def test_a_contact_is_added_removed_and_brought_back(
    eve: FlaskClient, signed_in: SignedIn, public: PublicSite, content: ContentFolder
) -> None:
    eli = signed_in("Eli Editor")
    form = {**fields(eve.get("/contacts/new").get_data(as_text=True)), "id": "new-line", "name": "A new line", "for": "Men",
            "phone": "0800 111 222", "source": "https://www.example.org/", "audiences": ["men"]}  # fmt: skip
    assert eve.post("/contacts/new", data={**form, "id": "Not an id"}).status_code == 422
    assert eve.post("/contacts/new", data=form).status_code == 303
    assert approve(eli) == 303
    assert "A new line" in public.get("/contacts")[1]
    base = hidden(eve.get("/contacts/ndah").get_data(as_text=True), "base")
    refused = eve.post("/contacts/ndah/remove", data={"base": base})
    assert "It is shown on help/get-help-now.md" in refused.get_data(as_text=True)
    assert eve.post("/contacts/new-line/remove", data={"base": base}).status_code == 303
    assert approve(eli) == 303
    assert "A new line" not in public.get("/contacts")[1]
    page = eve.get("/contacts/history").get_data(as_text=True)
    revisions = re.findall(r"revision=([0-9a-f]{40})", page)
    with_it = next(
        revision
        for revision in revisions
        if "<del>" in eve.get(f"/contacts/history?revision={revision}").get_data(as_text=True)
    )
    assert eve.post("/contacts/history/restore", data={"revision": with_it, "base": base}).status_code == 422, "stale"
    base = hidden(eve.get(f"/contacts/history?revision={with_it}").get_data(as_text=True), "base")
    assert eve.post("/contacts/history/restore", data={"revision": with_it, "base": base}).status_code == 303
    assert approve(eli) == 303
    assert "A new line" in public.get("/contacts")[1]


def test_an_emergency_is_flagged_and_a_change_by_hand_is_not_overwritten(
    eve: FlaskClient, signed_in: SignedIn, public: PublicSite, content: ContentFolder, desk: Flask, clock: SetClock
) -> None:
    eli = signed_in("Eli Editor")
    form = fields(eve.get("/contacts/ndah").get_data(as_text=True))
    eve.post("/contacts/ndah", data={**form, "phone": "0800 111 222"})
    content.write("contacts.yaml", CONTACTS.replace("07860 077333", "07860 000000"))
    desk.extensions["desk"].live.refresh()
    assert approve(eli) == 422
    assert eve.post("/contacts/discard").status_code == 303
    form = fields(eve.get("/contacts/ndah").get_data(as_text=True))
    eve.post("/contacts/ndah", data={**form, "phone": "0800 111 222"})
    assert approve(eve, "override", reason="The old number is dead.") == 303
    assert "0800 111 222" in public.get("/contacts")[1]
    assert "07860 000000" in public.get("/contacts")[1]
    assert "The old number is dead." in eli.get("/contacts").get_data(as_text=True)
    assert approve(eve, "approve-afterwards") == 422
    assert approve(eli, "approve-afterwards") == 303
    assert "The old number is dead." not in eli.get("/contacts").get_data(as_text=True)
