"""For every kind of page, the desk never loses front matter that the editor's form does not show."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.documents.document import KINDS
from sidedoor.documents.front_matter import read_document
from tests.conftest import SetClock
from tests.content import ContentFolder
from tests.desk.conftest import SignedIn
from tests.desk.forms import approve, save

FACTS = """\
facts:
  - id: ten-rooms
    says: "There are ten rooms."
    values: ["ten rooms"]
    places: [england]
    source: "The council"
    source_date: 2026-11-01
    check_by: 2027-05-01
"""
# Front matter as somebody with a text editor writes it: every field of a kind that its form does not show.
UNSHOWN: dict[str, object] = {
    "check": "high",
    "check_by": "2027-02-25",
    "facts": ["ten-rooms"],
    "search_words": ["rooms shelter", "nowhere to go"],
    "previous_slugs": ["former"],
    "order": "30",
}
SHOWN = {
    "title", "tab_title", "summary", "language", "state", "publish_at", "expires_at", "updates", "withdrawn",
    "related_help", "reviewed", "legal_review_on", "sources", "awaiting_review", "group", "location",
    "notes_to_editors", "press_contact",
}  # fmt: skip


def test_every_field_of_front_matter_is_in_the_form_or_in_the_next_test() -> None:
    assert {name for model in KINDS.values() for name in model.model_fields} == SHOWN | set(UNSHOWN)


@pytest.mark.parametrize(("kind", "file"), [("help", "help/rooms"), ("page", "pages/rooms"), ("news", "news/rooms")])
def test_fields_that_the_form_does_not_show_survive_saving_approval_withdrawal_and_moving(
    desk: Flask, eve: FlaskClient, signed_in: SignedIn, content: ContentFolder, clock: SetClock, kind: str, file: str
) -> None:
    content.write("facts.yaml", FACTS)
    names = KINDS[kind].model_fields  # type: ignore[index]
    unshown = {name: value for name, value in UNSHOWN.items() if name in names}
    content.document(f"{file}.md", "There are ten rooms.", **unshown)
    desk.extensions["desk"].live.refresh()
    path, eli = f"/items/{kind}/rooms", signed_in("Eli Editor")

    def stored(slug: str = "rooms") -> dict[str, object]:
        values = read_document((content.path / f"{file.rpartition('/')[0]}/{slug}.md").read_text("utf-8"), "").values
        return {name: values.get(name) for name in unshown}

    assert stored() == unshown
    answer = save(eve, path, "ready", title="Ten rooms", body="There are ten rooms here.", sources="The council")
    assert answer.status_code == 303, answer.get_data(as_text=True)
    assert approve(eli, path).status_code == 303
    assert "There are ten rooms here." in (content.path / f"{file}.md").read_text("utf-8")
    assert stored() == unshown
    assert eve.post(f"{path}/withdraw", data={"reason": "Wrong.", "how": "withdraw"}).status_code == 303
    assert approve(eli, path).status_code == 303
    assert eve.post(f"{path}/bring-back").status_code == 303
    assert approve(eli, path).status_code == 303
    assert stored() == unshown
    assert eve.post(f"{path}/address", data={"slug": "more-rooms"}).status_code == 303
    assert stored("more-rooms") == {**unshown, "previous_slugs": ["former", "rooms"]}
