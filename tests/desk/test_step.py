"""However a step goes, everybody at the desk is told in the same way."""

import sqlite3

import pytest
from flask import Flask, get_flashed_messages

from sidedoor.desk.items.files import CannotSave, Conflict
from sidedoor.desk.refusals import HalfDone, Refusal, Stopped
from sidedoor.desk.step import Done, take


def how_it_went(desk: Flask, raised: Exception | None) -> tuple[int, str, list[tuple[str, str]]]:
    """The status of the answer, the address or page it leads to, and the messages shown on the next page."""

    def step() -> Done:
        if raised:
            raise raised
        return Done("It is saved.", "/onward", "saved")

    with desk.test_request_context():
        answer = desk.make_response(take(step, lambda problem: f"Sent again: {problem}", lambda: "/how-it-stands"))
        return (
            answer.status_code,
            answer.location or answer.get_data(as_text=True),
            _flashed(),
        )


def _flashed() -> list[tuple[str, str]]:
    return [message for message in get_flashed_messages(with_categories=True) if isinstance(message, tuple)]


def test_a_step_that_was_taken_leads_on(desk: Flask) -> None:
    assert how_it_went(desk, None) == (303, "/onward", [("saved", "It is saved.")])


def test_a_step_that_was_taken_in_part_leads_on_with_a_warning(desk: Flask) -> None:
    status, onward, messages = how_it_went(desk, HalfDone(Refusal.NOT_RECORDED))
    assert (status, onward, [category for category, _ in messages]) == (303, "/how-it-stands", ["problem"])
    assert messages[0][1].startswith("It is done, but")


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (Conflict("contacts.yaml", None, None), 409),
        (Stopped(Refusal.OWN_WORDS), 422),
        (CannotSave(Refusal.FOLDER_AWAY), 422),
        (sqlite3.OperationalError(), 422),
    ],
    ids=["conflict", "not allowed", "cannot save", "database"],
)
def test_a_step_that_was_not_taken_shows_its_page_again(desk: Flask, raised: Exception, status: int) -> None:
    answered, page, messages = how_it_went(desk, raised)
    assert (answered, messages) == (status, [])
    assert page.startswith("Sent again: ") and len(page) > 30
