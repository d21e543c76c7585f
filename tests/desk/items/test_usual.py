"""What a press office does every day: times in any notation, two people at once, copies, titles of all kinds."""

import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.desk.items.changes import changes
from sidedoor.desk.items.merging import merged
from sidedoor.desk.items.wall_clock import time_of_day
from sidedoor.documents.slugs import slug_from_title
from tests.conftest import SetClock
from tests.content import ContentFolder
from tests.desk.conftest import SignedIn
from tests.desk.forms import approve, fields_of, save, seen, start

TIMES = {
    "9.30": "09:30", "9:30": "09:30", "09:30": "09:30", "0930": "09:30", "9am": "09:00", "9 am": "09:00", "9.30pm": "21:30",
    "9 p.m.": "21:00", "noon": "12:00", "Midday": "12:00", "12 noon": "12:00", "midnight": "00:00", "12am": "00:00",
    "12pm": "12:00", "00.01": "00:01", "14.00 hrs": "14:00", "0001hrs": "00:01",
    # A time that is ambiguous or wrong stays as it is, so that the form can ask about it.
    "25.00": "25.00", "13pm": "13pm", "9.75": "9.75", "soon": "soon", "": "", "9.3": "9.3",
}  # fmt: skip


@pytest.mark.parametrize("written", TIMES)
def test_common_ways_to_write_a_time_are_understood(written: str) -> None:
    assert time_of_day(written) == TIMES[written]


def test_a_time_is_shown_in_words_and_a_past_embargo_gets_a_warning(ann: FlaskClient, ben: FlaskClient) -> None:
    path = start(ann, "Rooms")
    words = {"summary": "Rooms.", "body": "Rooms are open."}
    assert save(ann, path, publish_date="2026-12-01", publish_time="9am", **words).status_code == 303
    page = ann.get(path).get_data(as_text=True)
    assert "Tuesday 1 December 2026, 09:00 GMT" in page
    assert fields_of(page)["publish_time"] == "09:00"
    late = {**fields_of(page), "publish_date": "2026-11-24", "publish_time": "9.30", "step": "ready"}
    panel = ann.post(f"{path}/typing", data=late).get_json()["panel"]
    assert "The time you gave is past: <strong>Tuesday 24 November 2026, 09:30 GMT</strong>" in panel
    page_after = ann.post(path, data=late, follow_redirects=True).get_data(as_text=True)
    assert "The time you gave is past, so there is no embargo" in page_after


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Gŵyl i Gymru", "gwyl-i-gymru"), ("Café closes", "cafe-closes"), ("🚓 Police", "police"), ("Straße", "strasse"),
     ("خبر", "news-2026-11-24"), ("🚓", "news-2026-11-24"), ("2026", "news-2026-11-24")],
)  # fmt: skip
def test_any_title_starts_an_item(ann: FlaskClient, title: str, slug: str) -> None:
    assert start(ann, title) == f"/items/news/{slug}"
    assert slug_from_title(title) in (slug, "", "2026")


def test_a_writer_can_choose_the_address_and_a_copy_takes_only_the_words(ann: FlaskClient, ben: FlaskClient) -> None:
    form = {"kind": "news", "title": "خبر", "slug": "news-in-arabic"}
    assert ann.post("/items/new", data=form).location == "/items/news/news-in-arabic"
    repeated = ann.post("/items/new", data=form)
    assert repeated.status_code == 422 and "There is an item named news-in-arabic already." in repeated.get_data(
        as_text=True
    )
    assert ann.post("/items/new", data={**form, "slug": "../x"}).status_code == 422
    assert "Write a title first." in ann.post("/items/new", data={**form, "title": " "}).get_data(as_text=True)
    path = start(ann, "Rooms")
    save(ann, path, "ready", summary="Rooms.", body="Rooms are open.", publish_date="2026-12-01", publish_time="09:00")
    approve(ben, path)
    assert "begins with the words of" in ben.get("/items/new?kind=news&like=rooms").get_data(as_text=True)
    copy = ben.post("/items/new", data={"kind": "news", "title": "More rooms", "like": "rooms"}).location
    fields = fields_of(ben.get(copy).get_data(as_text=True))
    assert (fields["body"], fields["summary"], fields["publish_date"]) == ("Rooms are open.", "Rooms.", "2026-11-24")


def test_a_prompt_of_a_release_template_is_never_published(ann: FlaskClient) -> None:
    path = ann.post("/items/new", data={"kind": "news", "title": "Appeal", "start": "appeal"}).location
    refused = save(ann, path, "ready", summary="Appeal.")
    assert refused.status_code == 422
    assert "still holds “[What happened, where and when]”" in refused.get_data(as_text=True)
    assert save(ann, path, "ready", summary="Appeal.", body="Two people were seen. Call us.").status_code == 303


def test_a_change_is_shown_in_the_words_of_the_form(ann: FlaskClient, ben: FlaskClient) -> None:
    path = start(ann, "Rooms")
    save(ann, path, "ready", summary="Rooms.", body="Rooms are open.")
    approve(ben, path)
    save(
        ben,
        path,
        "ready",
        body="Ten rooms are open.",
        location="Leeds",
        new_note="The number.",
        new_note_kind="correction",
    )
    page = ann.get(f"{path}/review").get_data(as_text=True)
    shown = re.sub(r"\s+", " ", page[page.index("What changes") :])
    assert '<h3>Text</h3> <div class="parts"><ins>Ten</ins><del>Rooms</del>' in shown or "<ins>Ten rooms</ins>" in shown
    assert "<h3>Place</h3>" in shown and "<ins>Leeds</ins>" in shown
    assert "Correction: The number." in shown
    assert "state:" not in shown and "---" not in shown and "publish_at" not in shown
    ann.post(f"{path}/discard")
    ann.post(f"{path}/withdraw", data={"reason": "Wrong.", "how": "remove"})
    page = ben.get(f"{path}/review").get_data(as_text=True)
    assert "Approve: removes it now" in page and "<h3>Withdrawal</h3>" in page
    assert [change.label for change in changes("no front matter", "none here")] == ["File"]


def test_changes_of_two_people_to_different_paragraphs_are_merged(
    ann: FlaskClient, ben: FlaskClient, content: ContentFolder
) -> None:
    path = start(ann, "Rooms")
    save(ann, path, summary="Rooms.", body="One is open.\n\nTwo is shut.\n\nThree is new.")
    page = fields_of(ben.get(path).get_data(as_text=True))
    assert save(ann, path, body="One is open.\n\nTwo is shut.\n\nThree is old.", location="Leeds").status_code == 303
    answer = ben.post(path, data={**page, "body": "One is full.\n\nTwo is shut.\n\nThree is new.", "step": "ready"})
    assert answer.status_code == 303
    after = ben.get(path).get_data(as_text=True)
    assert "You changed different parts, so both are in it." in after
    fields = fields_of(after)
    assert (fields["body"], fields["location"]) == ("One is full.\n\nTwo is shut.\n\nThree is old.", "Leeds")
    assert "state: draft" in (content.path / "news/rooms.md").read_text("utf-8"), "nobody has read the merged text yet"


def test_a_form_that_is_sent_twice_is_saved_once(
    ann: FlaskClient, ben: FlaskClient, content: ContentFolder, clock: SetClock
) -> None:
    """The answer was lost in a tunnel, or somebody pressed twice."""
    path = start(ann, "Rooms")
    form = fields_of(ann.get(path).get_data(as_text=True))
    sent = {**form, "summary": "Two rooms.", "body": "Two are open.", "step": "ready"}
    for _ in range(2):
        answer = ann.post(path, data=sent, follow_redirects=True)
        assert "waits for a colleague" in answer.get_data(as_text=True)
    approve(ben, path)
    form = fields_of(ann.get(path).get_data(as_text=True))
    sent = {
        **form,
        "body": "Three are open.",
        "new_note": "We wrote two.",
        "new_note_kind": "correction",
        "step": "ready",
    }
    for _ in range(2):
        answer = ann.post(path, data=sent, follow_redirects=True)
        assert "waits for a colleague" in answer.get_data(as_text=True)
        clock.forward(minutes=2)
    waiting = (content.path / "changes/news/rooms.md").read_text("utf-8")
    assert waiting.count("We wrote two.") == 1
    assert "state: ready" in waiting
    # The same words with another button ask for something else.
    after = ann.post(path, data={**sent, "step": "draft"}, follow_redirects=True).get_data(as_text=True)
    assert "It is saved as a draft." in after
    assert (content.path / "changes/news/rooms.md").read_text("utf-8").count("We wrote two.") == 1


def test_other_forms_that_are_sent_twice_do_nothing_twice(ann: FlaskClient, ben: FlaskClient) -> None:
    begun = [ann.post("/items/new", data={"title": "Rooms", "kind": "news"}).location for _ in range(2)]
    path = begun[0]
    assert begun == [path, path]
    assert ben.post("/items/new", data={"title": "Rooms", "kind": "news"}).location != path, "another's is another"
    save(ann, path, "ready", summary="Two rooms.", body="Two are open.")
    assert ann.post("/items/new", data={"title": "Rooms", "kind": "news"}).location != path, "words are in it now"
    for _ in range(2):
        assert ben.post(f"{path}/comments", data={"words": "Two, or three?"}).status_code == 303
    shown = ben.get(f"{path}/review").get_data(as_text=True)
    assert len(re.findall("<article class=.comment", shown)) == 1
    for _ in range(2):
        number = re.findall(r'id="comment-(\d+)"', shown)[0]
        assert ann.post(f"{path}/comments/{number}/answer", data={"words": "Two."}).status_code == 303
    assert ben.get(f"{path}/review").get_data(as_text=True).count(">Two.</span>") == 1
    version = seen(ben, path)
    assert ben.post(f"{path}/approve", data={"seen": version}).status_code == 303
    again = ben.post(f"{path}/approve", data={"seen": version})
    assert "Nothing waits here any more: Ben Press has published it." in again.get_data(as_text=True)


def test_only_conflicting_changes_are_shown_with_their_differences_marked(ann: FlaskClient, ben: FlaskClient) -> None:
    path = start(ann, "Rooms")
    save(ann, path, summary="Rooms.", body="One is open.\n\nTwo is shut.\n\nThree is new.")
    page = fields_of(ben.get(path).get_data(as_text=True))
    save(ann, path, body="One is open now.\n\nTwo is shut.\n\nThree is old.")
    answer = ben.post(path, data={**page, "body": "One is full.\n\nTwo is shut.\n\nThree is new.", "step": "draft"})
    assert answer.status_code == 409
    shown = answer.get_data(as_text=True)
    assert fields_of(shown)["body"] == "One is full.\n\nTwo is shut.\n\nThree is old."
    conflict = re.search(r"Where you both changed.*?</details>", shown, re.S)
    assert (
        conflict
        and "Three" not in conflict[0]
        and "<del>full</del>" in conflict[0]
        and "<ins>open now</ins>" in conflict[0]
    )
    fields = fields_of(shown)
    assert ben.post(path, data={**fields, "step": "draft"}).status_code == 303


def test_without_the_common_version_every_difference_is_a_conflict() -> None:
    result = merged({}, {"title": "Mine", "body": "Same"}, {"title": "Theirs", "body": "Same"})
    assert result.theirs == {"title": "Theirs"} and result.fields == {"title": "Mine", "body": "Same"}


@pytest.mark.parametrize(
    ("mine", "theirs", "merged_text", "conflict"),
    [
        ("a\nb\nc", "a\nb\nc\nd", "a\nb\nc\nd", None),
        ("x\na\nb\nc", "a\nb\nc\nd", "x\na\nb\nc\nd", None),
        ("a\nc", "a\nb\nC", "a\nc", "b\nC"),
        ("a\nc", "A\nb\nc", "a\nc", "A\nb"),
        ("a\nc", "a\nb\nc\nd", "a\nc\nd", None),
        ("a\nB\nc", "a\nB\nc", "a\nB\nc", None),
        ("a\nB\nc", "a\nD\nc", "a\nB\nc", "D"),
        ("", "a\nb\nc\nd", "", "a\nb\nc\nd"),
    ],
)
def test_lines_that_only_one_person_changed_are_merged(
    mine: str, theirs: str, merged_text: str, conflict: str | None
) -> None:
    result = merged({"body": "a\nb\nc"}, {"body": mine}, {"body": theirs})
    assert (result.fields["body"], result.theirs.get("body")) == (merged_text, conflict)


def test_a_help_page_in_two_languages_is_offered_and_stored_once(
    ann: FlaskClient, desk: Flask, content: ContentFolder
) -> None:
    content.document("help/money.md", title="Money")
    content.document("cy/help/money.md", title="Arian", language="cy")
    desk.extensions["desk"].live.refresh()
    path = start(ann, "Rooms")
    shown = ann.get(path).get_data(as_text=True)
    assert shown.count('value="money"') == 1 and ">Money</span>" in shown
    page = fields_of(shown)
    ann.post(
        path,
        data={
            **page,
            "summary": "Rooms.",
            "related_help": ["money", "money"],
            "with_related_help": "yes",
            "step": "draft",
        },
    )
    assert (content.path / "news/rooms.md").read_text("utf-8").count("- money") == 1


def test_an_item_whose_embargo_passed_without_approval_stands_out(
    ann: FlaskClient, desk: Flask, clock: SetClock, signed_in: SignedIn
) -> None:
    path = start(ann, "Rooms")
    save(ann, path, "ready", summary="Rooms.", body="Rooms.", publish_date="2026-11-24", publish_time="13:00")
    other = start(ann, "Other")
    save(ann, other, "ready", summary="Other.", body="Other.")
    assert "overdue:" not in ann.get("/items").get_data(as_text=True)
    clock.forward(minutes=61)
    page = ann.get("/items?state=overdue").get_data(as_text=True)
    assert "overdue: its embargo has passed" in page and "Rooms" in page and "Other" not in page
    assert "should have gone live: nobody has approved it" in ann.get("/calendar").get_data(as_text=True)


def test_former_addresses_and_links_to_other_sites_are_listed(
    ann: FlaskClient, eve: FlaskClient, desk: Flask, content: ContentFolder
) -> None:
    content.document(
        "help/rooms.md", "See [a](https://www.b.example/x) and [c](https://a.example/).", previous_slugs=["old"]
    )
    content.document("help/more.md", "See [a](https://www.b.example/x).")
    content.document("cy/help/more.md", "Gweler [a](https://www.b.example/x).", language="cy")
    desk.extensions["desk"].live.refresh()
    page = eve.get("/items/addresses").get_data(as_text=True)
    assert '<code>/help/old</code> leads to <a href="/items/help/rooms">' in page
    assert [host for host in re.findall("<h3>(.*?)</h3>", page) if host.endswith(".example")] == [
        "a.example",
        "b.example",
    ]
    line = re.search(r'<li><a href="https://www.b.example/x".*', page)
    assert line and "/items/help/rooms" in line[0] and "/items/help/more" in line[0]
    assert "/translations/cy/help/more" in line[0], "a translation is changed beside its original"
    for address in ("/items/addresses", "/items"):
        page = ann.get(address).get_data(as_text=True)
        assert not re.findall('href="/items/(?:help|page)/', page), "no links that are closed to a press officer"
    assert "A title" in ann.get("/items/addresses").get_data(as_text=True)


def test_a_day_that_begins_in_summer_time_is_that_day_everywhere(
    desk: Flask, signed_in: SignedIn, content: ContentFolder, clock: SetClock
) -> None:
    """Midnight in London is 23:00 of the day before in UTC then."""
    clock.now = datetime(2027, 6, 29, 23, 30, tzinfo=UTC)
    content.document("news/opens.md", title="It opens", publish_at="2027-07-01 00:00")
    content.document("news/ends.md", title="It ends", expires_at="2027-07-01 00:00")
    desk.extensions["desk"].live.refresh()
    ann = signed_in("Ann Press")
    calendar = ann.get("/calendar").get_data(as_text=True)
    assert re.findall(r"<h2>(.*?)</h2>", calendar) == ["July 2027"]
    assert "It leaves the site on 2027-07-01." in ann.get("/").get_data(as_text=True)
    ann.post("/contacts/ndah/checked")
    assert "checked: 2027-06-30" in (content.path / "contacts.yaml").read_text("utf-8").replace("'", "").replace(
        '"', ""
    )
