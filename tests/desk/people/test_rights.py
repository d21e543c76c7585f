"""The page that shows who can do what agrees with what the doors allow."""

import re

from flask import Flask
from flask.testing import FlaskClient

from tests.desk.conftest import SignedIn


def table_of(page: str) -> dict[str, list[str]]:
    """The rows of the table: right → one cell for each person."""
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', page, re.S)
    return {
        name: [re.sub(r"<[^>]+>", " ", cell).strip() for cell in re.findall(r"<td>(.*?)</td>", cells, re.S)]
        for name, cells in rows
    }


def test_the_table_of_rights_agrees_with_the_doors(desk: Flask, signed_in: SignedIn) -> None:
    ada: FlaskClient = signed_in("Ada Admin")
    page = ada.get("/people/rights").text
    people = re.findall(r'<th scope="col">([^<]+)<br>', page)
    rows = table_of(page)
    doors = {
        "Publish alone in an emergency": "/items/news/first/override",
        "Write help pages, and approve what others wrote": "/items/help/money/approve",
        "Read along in chats": "/chats/999/watch",
        "Invite people and change their rights": "/people/999/roles",
        "Approve changed settings": "/settings/approve",
    }
    for right, address in doors.items():
        for name, cell in zip(people, rows[right], strict=True):
            opened = signed_in(name).post(address).status_code != 403
            assert cell == ("yes" if opened else "no"), (right, name)
    assert len({cell for right in doors for cell in rows[right]}) == 2


def test_a_person_without_a_way_in_and_a_right_that_nobody_has_stand_out(desk: Flask, signed_in: SignedIn) -> None:
    ada = signed_in("Ada Admin")
    staff = desk.extensions["desk"].staff
    staff.add("Zoe New", ["press"])
    for person in staff.everybody():
        if "supervisor" in person.roles:
            staff.remove(person.id)
    page = ada.get("/people/rights").text
    people = re.findall(r'<th scope="col">([^<]+)<br>', page)
    assert table_of(page)["Signs in with"][people.index("Zoe New")] == "nothing yet"
    assert "<li>Read along in chats</li>" in page
    assert "Firefox" not in table_of(page)["Signed in now"][people.index("Zoe New")]


def test_whoever_takes_the_last_of_a_role_away_is_told_what_nobody_can_do_then(
    desk: Flask, signed_in: SignedIn
) -> None:
    ada, staff = signed_in("Ada Admin"), desk.extensions["desk"].staff
    eve, eli, sue = (staff.named(name).id for name in ("Eve Editor", "Eli Editor", "Sue Supervisor"))
    assert "Nobody else can do this: Read along in chats" in ada.get(f"/people/{sue}/remove").text
    asked = ada.get(f"/people/{eli}/remove").text
    assert "“Write help pages, and approve what others wrote”: only Eve Editor" in asked
    assert "“Write news" not in asked
    ada.post(f"/people/{eli}/remove")
    answer = ada.post(f"/people/{eve}/roles", data={"role": ["press"]}, follow_redirects=True).text
    assert "Nobody else can do this: Write help pages, and approve what others wrote; Publish alone" in answer
    assert "“Write news" not in answer, "she still may"
    assert "Nobody else" not in ada.get(f"/people/{eve}/remove").text
