"""Who may publish what: the same rules for news, pages and contacts, even when the desk's records of writers are lost."""

import html
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import SetClock
from tests.content import CONTACTS, ContentFolder
from tests.desk.conftest import PublicSite, SignedIn
from tests.desk.forms import approve, fields_of, save, start

NUMBER, OTHER = "0800 111 222", "0800 333 444"


def text(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


class Place:
    """What somebody does with a page or with the contacts, through the same methods."""

    def __init__(self, name: str, public: PublicSite) -> None:
        self.name, self._public = name, public
        contacts = name == "contacts"
        self.shown = "/contacts" if contacts else "/help/money"
        self.review = "/contacts" if contacts else "/items/help/money/review"
        self.steps = "/contacts" if contacts else "/items/help/money"
        self.file = "contacts.yaml" if contacts else "help/money.md"

    def write(self, client: FlaskClient, words: str) -> None:
        if self.name == "contacts":
            page = client.get("/contacts/ndah").get_data(as_text=True)
            form: dict[str, str | list[str]] = dict(
                re.findall(r'<input id="f-[\w-]+" name="([^"]+)" value="([^"]*)"', page)
            )
            form |= {"base": self.hidden(page, "base"), "audiences": ["women"], "places": ["england"]}
            assert client.post("/contacts/ndah", data={**form, "phone": words}).status_code == 303
        else:
            answer = save(client, "/items/help/money", "ready", body=f"You can ring {words}.", tab_title="Money")
            assert answer.status_code == 303

    def step(self, client: FlaskClient, step: str, **more: str) -> tuple[int, str]:
        """Load the review page and press one of its buttons."""
        page = client.get(self.review).get_data(as_text=True)
        form = re.search(rf'action="{self.steps}/{step}".*?</form>', page, re.S)
        seen = self.hidden(form[0] if form else page, "seen")
        answer = client.post(f"{self.steps}/{step}", data={"seen": seen, **more})
        return answer.status_code, text(answer.get_data(as_text=True))

    def alone(self, client: FlaskClient) -> None:
        step = (
            "approve" if self.name == "contacts" and f'"{self.steps}/override"' not in self.page(client) else "override"
        )
        assert self.step(client, step, reason="It cannot wait.")[0] == 303

    def page(self, client: FlaskClient) -> str:
        return client.get(self.review).get_data(as_text=True)

    def is_public(self, words: str) -> bool:
        return words in self._public.get(self.shown)[1]

    @staticmethod
    def hidden(page: str, name: str) -> str:
        match = re.search(rf'name="{name}" value="([^"]+)"', page)
        return match[1] if match else ""


@pytest.fixture(params=["contacts", "page"])
def place(request: pytest.FixtureRequest, public: PublicSite) -> Place:
    """The contacts and a page, because the same rules hold for both."""
    return Place(request.param, public)


@pytest.fixture
def eli(signed_in: SignedIn) -> FlaskClient:
    """Another editor."""
    return signed_in("Eli Editor")


@pytest.fixture
def ida(desk: Flask, signed_in: SignedIn) -> FlaskClient:
    """A third editor."""
    desk.extensions["desk"].staff.add("Ida Editor", ("editor",))
    return signed_in("Ida Editor")


def test_approving_afterwards_approves_the_version_published_alone_and_no_waiting_change(
    place: Place, eve: FlaskClient, eli: FlaskClient, ida: FlaskClient
) -> None:
    place.write(eve, NUMBER)
    place.alone(eve)
    place.write(eli, OTHER)
    assert place.step(eve, "approve-afterwards")[0] == 422, "it is her own change"
    page = place.page(ida)
    assert re.search(rf"<ins>[^<]*{NUMBER.split()[1]}", page), (
        "the change that was published alone is marked word by word"
    )
    assert place.step(ida, "approve-afterwards")[0] == 303
    assert place.step(eli, "approve")[0] == 422, "Eli wrote the waiting change, and nobody has approved it"
    assert not place.is_public(OTHER)
    assert place.step(ida, "approve")[0] == 303
    assert place.is_public(OTHER)


def test_a_version_published_alone_stays_flagged_until_that_version_is_approved(
    place: Place, eve: FlaskClient, eli: FlaskClient, ida: FlaskClient, content: ContentFolder, desk: Flask
) -> None:
    place.write(eve, NUMBER)
    place.alone(eve)
    seen = Place.hidden(re.search(r'/approve-afterwards".*?</form>', place.page(ida), re.S)[0], "seen")  # type: ignore[index]
    place.write(eve, OTHER)
    place.alone(eve)
    stale = ida.post(f"{place.steps}/approve-afterwards", data={"seen": seen})
    assert stale.status_code == 422, "another version was published alone meanwhile"
    # Approving a later change does not approve the version before it.
    place.write(eli, "0800 555 666")
    assert place.step(ida, "approve")[0] == 303
    assert "published" in text(place.page(ida))
    assert place.step(eli, "approve-afterwards")[0] == 303
    assert "approve-afterwards" not in place.page(ida)


def test_two_people_who_publish_alone_in_turn_cannot_clear_each_others_flags(
    place: Place, eve: FlaskClient, eli: FlaskClient, ida: FlaskClient
) -> None:
    place.write(eve, NUMBER)
    place.alone(eve)
    place.write(eli, OTHER)
    place.alone(eli)
    assert place.step(eve, "approve-afterwards")[0] == 422
    assert place.step(eli, "approve-afterwards")[0] == 422
    assert place.step(ida, "approve-afterwards")[0] == 303


@pytest.mark.parametrize("lost", ["gone", "restored from an old backup", "edited by hand"])
def test_two_people_must_approve_a_text_whose_writer_is_unknown(
    place: Place, lost: str, eve: FlaskClient, eli: FlaskClient, ida: FlaskClient, tmp_path: Path, content: ContentFolder,
    desk: Flask,
) -> None:  # fmt: skip
    memory = tmp_path / "data/reviews.sqlite3"
    if lost == "restored from an old backup":
        place.write(eve, "0800 555 666")
        assert place.step(eli, "approve")[0] == 303
        backup = memory.read_bytes()
        place.write(eve, NUMBER)
        memory.write_bytes(backup)
    else:
        place.write(eve, NUMBER)
        if lost == "gone":
            memory.unlink()
        else:
            waiting = content.path / "changes" / place.file
            content.write(f"changes/{place.file}", waiting.read_text("utf-8").replace("222", "999"))
    number = NUMBER.replace("222", "999") if lost == "edited by hand" else NUMBER
    first, second = (eli, ida) if lost == "edited by hand" else (eve, eli)
    assert "Nobody here knows who wrote" in text(place.page(first))
    assert "first of two" in text(place.page(first)), "the button says so"
    assert place.step(first, "approve")[0] == 303
    assert not place.is_public(number), "nobody publishes alone, whoever wrote it"
    status, answer = place.step(first, "approve")
    assert status == 422
    assert "somebody else" in answer
    assert "1 of 2" in text(place.page(second)) or "second of two" in text(place.page(second))
    assert place.step(second, "approve")[0] == 303
    assert place.is_public(number)
    entries = [
        (entry.person, entry.action) for entry in desk.extensions["desk"].audit.entries() if entry.subject == place.file
    ]
    assert [action for _, action in entries][:2] == ["approved", "approved as the first of two"]


def test_the_writer_of_a_lost_record_stays_unknown_when_somebody_else_continues(
    place: Place, eve: FlaskClient, eli: FlaskClient, ida: FlaskClient, tmp_path: Path
) -> None:
    place.write(eve, NUMBER)
    (tmp_path / "data/reviews.sqlite3").unlink()
    place.write(eli, OTHER)
    assert place.step(eli, "approve")[0] == 422, "Eli is known to have continued it"
    assert place.step(eve, "approve")[0] == 303
    assert not place.is_public(OTHER)
    assert place.step(ida, "approve")[0] == 303
    assert place.is_public(OTHER)


def test_an_office_of_two_can_still_publish_after_losing_its_records(
    place: Place, eve: FlaskClient, eli: FlaskClient, tmp_path: Path
) -> None:
    place.write(eve, NUMBER)
    (tmp_path / "data/reviews.sqlite3").unlink()
    assert place.step(eve, "approve")[0] == 303
    assert place.step(eli, "approve")[0] == 303
    assert place.is_public(NUMBER)
    place.write(eve, OTHER)
    (tmp_path / "data/reviews.sqlite3").unlink()
    place.alone(eve)
    assert place.is_public(OTHER), "or one person publishes it alone, with a reason, and it is flagged"
    assert "alone" in text(place.page(eli)) or "without a second person" in text(place.page(eli))


def test_a_lost_history_does_not_make_a_writer_unknown(
    place: Place, eve: FlaskClient, eli: FlaskClient, tmp_path: Path
) -> None:
    place.write(eve, NUMBER)
    for path in (tmp_path / "data/history.git").rglob("*"):
        if path.is_file():
            path.unlink()
    assert place.step(eve, "approve")[0] == 422
    assert place.step(eli, "approve")[0] == 303


def test_the_records_of_an_older_release_are_migrated(
    place: Place, eve: FlaskClient, eli: FlaskClient, ida: FlaskClient, tmp_path: Path
) -> None:
    """The tables as release 1.0 made them: writers are known, but not which version they wrote."""
    place.write(eve, NUMBER)
    memory = tmp_path / "data/reviews.sqlite3"
    memory.unlink()
    with sqlite3.connect(memory) as database:
        database.executescript(
            "CREATE TABLE writers (file TEXT, person INTEGER, name TEXT, at TEXT, PRIMARY KEY (file, person));"
            "CREATE TABLE bases (file TEXT PRIMARY KEY, digest TEXT NOT NULL);"
            "CREATE TABLE verdicts (number INTEGER PRIMARY KEY, file TEXT, digest TEXT, verdict TEXT, person INTEGER,"
            " name TEXT, at TEXT, note TEXT);"
            "CREATE TABLE typing (file TEXT, person INTEGER, name TEXT, at TEXT, base TEXT, fields TEXT,"
            " PRIMARY KEY (file, person));"
        )
        database.execute("INSERT INTO writers VALUES (?, 3, 'Eve Editor', '2026-11-24T11:00:00+00:00')", (place.file,))
    assert place.step(eve, "approve")[0] == 422
    assert place.step(eli, "approve")[0] == 303
    assert not place.is_public(NUMBER), "an older version may have had another writer since"
    assert place.step(ida, "approve")[0] == 303
    assert place.is_public(NUMBER)


def test_taking_an_item_out_of_the_calendar_makes_nobody_its_writer(
    ann: FlaskClient, ben: FlaskClient, public: PublicSite, desk: Flask
) -> None:
    path = start(ann, "Ten new rooms")
    words = {"summary": "Rooms are open.", "body": "Ten rooms.", "publish_date": "2026-12-01", "publish_time": "09:00"}
    save(ann, path, "ready", **words)
    assert approve(ben, path).status_code == 303
    assert ben.post(f"{path}/unschedule").status_code == 303
    save(ann, path, "ready", body="Eleven rooms.")
    assert approve(ann, path).status_code == 422
    assert approve(ben, path).status_code == 303, "an office of two can carry on"


def test_an_item_that_was_taken_out_of_the_calendar_needs_a_second_person_again(
    ann: FlaskClient, ben: FlaskClient
) -> None:
    path = start(ann, "Ten new rooms")
    words = {"summary": "Rooms are open.", "body": "Ten rooms.", "publish_date": "2026-12-01", "publish_time": "09:00"}
    save(ann, path, "ready", **words)
    assert approve(ben, path).status_code == 303
    assert ben.post(f"{path}/unschedule").status_code == 303
    save(ann, path, "ready")
    assert approve(ann, path).status_code == 422, "Ben stopped it; Ann alone cannot start it again"
    assert approve(ben, path).status_code == 303


FRONT_NOW = {
    "state": "withdrawn", "publish_at": "2026-11-01 09:00", "expires_at": "2027-01-01 09:00",
    "withdrawn": {"at": "2026-11-20 09:00", "reason": "It was wrong."}, "previous_slugs": ["older-name"],
    "updates": [{"at": "2026-11-10 09:00", "note": "A public note."}], "legal_review_on": "2026-12-24",
}  # fmt: skip


def test_restoring_a_version_changes_only_its_words(
    ann: FlaskClient, ben: FlaskClient, public: PublicSite, content: ContentFolder, desk: Flask
) -> None:
    content.document(
        "news/first.md", "The old words.", title="An old title", summary="Old.", publish_at="2026-10-01 09:00"
    )
    desk.extensions["desk"].live.refresh()
    ann.get("/items/news/first/history")
    content.document("news/first.md", "The new words.", title="A new title", summary="New.", **FRONT_NOW)
    desk.extensions["desk"].live.refresh()
    page = ann.get("/items/news/first/history").get_data(as_text=True)
    oldest = re.findall(r'href="/items/news/first/history/([0-9a-f]{40})"', page)[-1]
    shown = ann.get(f"/items/news/first/history/{oldest}").get_data(as_text=True)
    before = {path: public.get(path) for path in ("/news/first", "/news/older-name")}
    base = Place.hidden(shown, "base")
    assert ann.post(f"/items/news/first/history/{oldest}/restore", data={"base": base}).status_code == 303
    assert {path: public.get(path) for path in before} == before, "nothing becomes public without approval"
    save(ann, "/items/news/first", "ready")
    assert approve(ben, "/items/news/first").status_code == 303
    status, after = public.get("/news/first")
    assert status == 200
    assert "The old words." in after
    assert "An old title" in after
    for unchanged in ("It was wrong.", "Withdrawn on", "A public note.", "2026-11-01T09:00"):
        assert unchanged in after, unchanged
    assert public.get("/news/older-name")[0] == 301
    file = (content.path / "news/first.md").read_text("utf-8")
    assert "expires_at: 2027-01-01 09:00" in file
    assert "legal_review_on: 2026-12-24" in file


def test_restoring_contacts_keeps_the_dates_of_later_checks(
    eve: FlaskClient, eli: FlaskClient, content: ContentFolder, desk: Flask
) -> None:
    place = "/contacts/history"
    content.write("contacts.yaml", CONTACTS.replace("07860 077333\n", "07860 077333\n    checked: 2026-10-01\n"))
    desk.extensions["desk"].live.refresh()
    desk.extensions["desk"].shelf.history.note_edits_by_hand(["contacts.yaml"])
    content.write(
        "contacts.yaml",
        CONTACTS.replace("07860 077333\n", "07860 077333\n    checked: 2026-11-20\n").replace("2000 247", "9"),
    )
    desk.extensions["desk"].live.refresh()
    desk.extensions["desk"].shelf.history.note_edits_by_hand(["contacts.yaml"])
    oldest = re.findall(r"revision=([0-9a-f]{40})", eve.get(place).get_data(as_text=True))[-1]
    base = Place.hidden(eve.get(f"{place}?revision={oldest}").get_data(as_text=True), "base")
    assert eve.post(f"{place}/restore", data={"revision": oldest, "base": base}).status_code == 303
    waiting = (content.path / "changes/contacts.yaml").read_text("utf-8")
    assert "0808 2000 247" in waiting
    assert "checked: 2026-11-20" in waiting, "its words are the same, and somebody has checked them since"


def test_a_discarded_draft_can_be_brought_back_from_the_history(
    ann: FlaskClient, ben: FlaskClient, content: ContentFolder, public: PublicSite
) -> None:
    path = start(ann, "Ten new rooms")
    save(
        ann,
        path,
        "draft",
        summary="Rooms are open.",
        body="Ten rooms of ours.",
        publish_date="2026-12-24",
        publish_time="09:00",
    )
    page = ann.get(f"{path}/review").get_data(as_text=True)
    question = re.search(r"<details><summary>Throw the draft away</summary>.*?</details>", page, re.S)
    assert question, "the button asks first"
    assert f'action="{path}/discard"' in question[0]
    assert "comes back" in text(question[0])
    assert page.count(f'action="{path}/discard"') == 1
    assert ann.post(f"{path}/discard").status_code == 303
    assert not (content.path / "news/ten-new-rooms.md").exists()
    assert ann.get(path).status_code == 404
    assert "/items/thrown-away" in ann.get("/items").get_data(as_text=True)
    listed = ben.get("/items/thrown-away").get_data(as_text=True)
    assert "Ten new rooms" in listed
    assert "Ann Press" in listed
    form = re.search(r'action="(/items/thrown-away/[^"]+)"', listed)
    assert form
    back = ben.post(form[1])
    assert back.status_code == 303
    assert back.location == path
    file = (content.path / "news/ten-new-rooms.md").read_text("utf-8")
    assert "Ten rooms of ours." in file
    assert "publish_at: 2026-12-24 09:00" in file
    assert "state: draft" in file
    assert "Ten new rooms" not in ben.get("/items/thrown-away").get_data(as_text=True)
    assert ben.post(form[1]).status_code == 422, "it is here already"
    save(ben, path, "ready")
    assert approve(ben, path).status_code == 422
    assert approve(ann, path).status_code == 303


def test_a_press_officer_sees_no_discarded_help_page(ann: FlaskClient, eve: FlaskClient) -> None:
    path = start(eve, "Pets and you", "help")
    save(eve, path, "draft", body="Pets can come along.")
    assert eve.post(f"{path}/discard").status_code == 303
    listed = eve.get("/items/thrown-away").get_data(as_text=True)
    form = re.search(r'action="(/items/thrown-away/[^"]+)"', listed)
    assert form
    assert "Pets" not in ann.get("/items/thrown-away").get_data(as_text=True)
    assert ann.post(form[1]).status_code == 403
    assert eve.post(form[1]).status_code == 303


def test_discarding_a_change_asks_first_and_the_change_can_be_brought_back(
    place: Place, eve: FlaskClient, eli: FlaskClient
) -> None:
    place.write(eve, NUMBER)
    question = re.search(r"<details><summary>Throw the change away</summary>.*?</details>", place.page(eve), re.S)
    assert question
    assert f'action="{place.steps}/discard"' in question[0]
    assert place.step(eve, "discard")[0] == 303
    history = "/contacts/history" if place.name == "contacts" else f"{place.steps}/history"
    listed = eve.get(history).get_data(as_text=True)
    newest = re.findall(r'(?:revision=|history/)([0-9a-f]{40})">[^<]*</a>, Eve Editor', listed)[0]
    address = f"{history}?revision={newest}" if place.name == "contacts" else f"{history}/{newest}"
    base = Place.hidden(eve.get(address).get_data(as_text=True), "base")
    restore = f"{history}/restore" if place.name == "contacts" else f"{history}/{newest}/restore"
    assert eve.post(restore, data={"revision": newest, "base": base}).status_code == 303
    assert NUMBER in eve.get("/contacts/ndah" if place.name == "contacts" else place.steps).get_data(as_text=True)


def test_nothing_is_discarded_while_the_history_is_broken(
    place: Place, eve: FlaskClient, tmp_path: Path, content: ContentFolder
) -> None:
    place.write(eve, NUMBER)
    git = tmp_path / "data/history.git"
    git.rename(tmp_path / "data/elsewhere")
    git.write_text("not a repository")
    status, answer = place.step(eve, "discard")
    assert status == 422
    assert "history" in answer
    assert (content.path / "changes" / place.file).exists()


def button(client: FlaskClient, path: str) -> str:
    page = client.get(f"{path}/review").get_data(as_text=True)
    match = re.search(r'/approve".*?<button[^>]*>(.*?)</button>', page, re.S)
    return text(match[1]) if match else ""


def test_the_button_says_what_will_happen_to_news(
    ann: FlaskClient, ben: FlaskClient, eve: FlaskClient, clock: SetClock
) -> None:
    path = start(ann, "Ten new rooms")
    words = {"summary": "Rooms are open.", "body": "Ten rooms.", "publish_date": "2026-12-01", "publish_time": "09:00"}
    save(ann, path, "ready", **words)
    assert button(ben, path) == "Approve: goes live Tuesday 1 December 2026, 09:00 GMT"
    approve(ben, path)
    save(ann, path, "ready", body="Eleven rooms.")
    assert button(ben, path) == "Approve: changes what goes live Tuesday 1 December 2026, 09:00 GMT"
    approve(ben, path)
    save(ann, path, "ready", publish_date="2026-11-24", publish_time="11:00")
    assert button(ben, path) == "Approve: goes live now"
    approve(ben, path)
    save(ann, path, "ready", body="Twelve rooms.")
    assert button(ben, path) == "Approve: changes the public text now"
    approve(ben, path)
    save(ann, path, "ready", publish_date="2026-12-01", publish_time="09:00")
    assert button(ben, path) == "Approve: takes it off the site now, until Tuesday 1 December 2026, 09:00 GMT"
    ann.post(f"{path}/discard")
    ways = {
        "withdraw": "withdraws it now, under its reason",
        "remove": "removes it now",
        "replace": "replaces it with /news/first now",
    }
    for how, label in ways.items():
        ann.post(f"{path}/withdraw", data={"how": how, "reason": "Wrong.", "replacement": "/news/first"})
        assert button(ben, path) == f"Approve: {label}"
        page = text(eve.get(f"{path}/review").get_data(as_text=True))
        assert f"Publish it alone: {label}" in page
        assert f"Ten new rooms : {label}" in text(ben.get("/").get_data(as_text=True)), "on the front page, too"
        ann.post(f"{path}/discard")
    ann.post(f"{path}/withdraw", data={"how": "withdraw", "reason": "Wrong."})
    approve(ben, path)
    save(ann, path, "ready", body="Thirteen rooms.")
    assert button(ben, path) == "Approve: changes the text of the withdrawn page now"
    ann.post(f"{path}/discard")
    ann.post(f"{path}/bring-back")
    assert button(ben, path) == "Approve: brings it back now"


def test_an_approval_that_was_published_but_not_recorded_is_reported_as_done(
    place: Place, eve: FlaskClient, eli: FlaskClient, desk: Flask
) -> None:
    place.write(eve, NUMBER)
    with closing(sqlite3.connect(desk.config["DATA"] / "reviews.sqlite3")) as memory:
        memory.execute("CREATE TRIGGER full BEFORE INSERT ON verdicts BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    status, _ = place.step(eli, "approve")
    assert (status, place.is_public(NUMBER)) == (303, True), "sent again, it would be another step"
    answer = text(place.page(eli))
    assert "It is done, but could not be recorded in the desk's database." in answer
    assert "nothing was done" not in answer


def test_an_approval_that_cannot_be_recorded_first_does_not_happen(
    place: Place, eve: FlaskClient, eli: FlaskClient, desk: Flask
) -> None:
    place.write(eve, NUMBER)
    with closing(sqlite3.connect(desk.config["DATA"] / "audit.sqlite3")) as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    status, answer = place.step(eli, "approve")
    assert (status, place.is_public(NUMBER)) == (422, False)
    assert "The desk's database cannot be reached, so nothing was done." in answer


def test_a_draft_sent_back_without_a_record_is_logged_as_partly_done(
    eve: FlaskClient, eli: FlaskClient, desk: Flask, public: PublicSite
) -> None:
    page = Place("page", public)
    page.write(eve, NUMBER)
    with closing(sqlite3.connect(desk.config["DATA"] / "reviews.sqlite3")) as memory:
        memory.execute("CREATE TRIGGER full BEFORE INSERT ON verdicts BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    assert page.step(eli, "send-back", note="Look again.")[0] == 303
    assert "It is done, but" in text(page.page(eli))
    last = desk.extensions["desk"].audit.everything()[-1]
    assert (last.person, last.action, last.detail) == ("Eli Editor", "got through only in part", "sent back")


def test_the_button_says_what_will_happen_to_the_contacts(
    eve: FlaskClient, eli: FlaskClient, public: PublicSite
) -> None:
    place = Place("contacts", public)
    place.write(eve, NUMBER)
    label = "Approve: changes National Helpline now"
    assert label in text(place.page(eli))
    assert "changes National Helpline now" in text(eli.get("/").get_data(as_text=True))
    assert "Publish it alone: changes National Helpline now" in text(place.page(eve))
    base = Place.hidden(eve.get("/contacts/live-fear-free").get_data(as_text=True), "base")
    eve.post("/contacts/live-fear-free/remove", data={"base": base})
    assert "Approve: changes National Helpline, takes out Live Fear Free now" in text(place.page(eli))


def test_the_calendar_and_the_front_page_say_what_will_happen(
    desk: Flask, ann: FlaskClient, content: ContentFolder
) -> None:
    ways = {
        "stays": ({"at": "2026-12-01 09:00", "reason": "R."}, "is withdrawn, under its reason"),
        "goes": ({"at": "2026-12-01 09:00", "reason": "R.", "removed": "yes"}, "is removed"),
        "leads": (
            {"at": "2026-12-01 09:00", "reason": "R.", "removed": "yes", "replacement": "/news/first"},
            "is replaced with /news/first",
        ),
    }
    for slug, (withdrawn, _) in ways.items():
        content.document(f"news/{slug}.md", title=f"It {slug}", state="withdrawn", withdrawn=withdrawn)
    content.document("news/ends.md", title="It ends", expires_at="2026-12-02 09:00")
    desk.extensions["desk"].live.refresh()
    for page in ("/calendar", "/"):
        shown = text(ann.get(page).get_data(as_text=True))
        assert "It ends leaves the site" in shown, page
        for slug, (_, words) in ways.items():
            assert f"It {slug} {words}" in shown, page


def test_an_item_taken_out_of_the_calendar_goes_on_with_the_change_that_waited(
    ann: FlaskClient, ben: FlaskClient, signed_in: SignedIn, public: PublicSite, content: ContentFolder, clock: SetClock
) -> None:
    path = start(ann, "Rooms")
    words = {"summary": "Ten new rooms.", "body": "Ten rooms.", "publish_date": "2026-11-24", "publish_time": "12:30"}
    save(ann, path, "ready", **words)
    approve(ben, path)
    save(ann, path, "ready", body="Ten rooms, later.", publish_time="13:00")
    for page in (f"{path}/review", path):
        shown = ben.get(page).get_data(as_text=True)
        assert "What was approved goes live on Tuesday 24 November 2026, 12:30 GMT" in shown
    assert ben.post(f"{path}/unschedule").status_code == 303
    assert not (content.path / "changes/news/rooms.md").exists()
    fields = fields_of(ben.get(path).get_data(as_text=True))
    assert (fields["body"], fields["publish_time"]) == ("Ten rooms, later.", "13:00")
    save(ann, path, "ready", body="Ten rooms, even later.")
    assert fields_of(ben.get(path).get_data(as_text=True))["body"] == "Ten rooms, even later."
    clock.forward(minutes=45)
    assert public.get("/news/rooms")[0] == 404
    assert approve(ann, path).status_code == 422, "she wrote the change"
    assert approve(ben, path).status_code == 303
    clock.forward(minutes=15)
    assert "even later" in public.get("/news/rooms")[1]


def test_what_nobody_has_seen_is_not_withdrawn_but_taken_out_of_the_calendar(
    ann: FlaskClient, ben: FlaskClient, public: PublicSite, clock: SetClock
) -> None:
    """At its time, readers would get its words under the reason."""
    path = start(ann, "Rooms")
    words = {"summary": "Ten new rooms.", "body": "Ten rooms.", "publish_date": "2026-11-24", "publish_time": "12:30"}
    save(ann, path, "ready", **words)
    approve(ben, path)
    assert f'action="{path}/withdraw"' not in ann.get(f"{path}/review").get_data(as_text=True)
    answer = ann.post(f"{path}/withdraw", data={"reason": "Called off.", "how": "withdraw"})
    assert answer.status_code == 422
    assert "Take it out of the calendar" in answer.get_data(as_text=True)


def test_a_time_that_cannot_be_read_is_asked_for_as_the_form_has_it(ann: FlaskClient) -> None:
    path = start(ann, "Rooms")
    fields = fields_of(ann.get(path).get_data(as_text=True))

    def panel(day: str, time: str) -> str:
        typed = {**fields, "publish_date": day, "publish_time": time}
        return str(ann.post(f"{path}/typing", data=typed).get_json()["panel"])

    twice = panel("2027-10-31", "1.30")
    assert "As the time write 01:30+01:00 or 01:30+00:00." in twice
    assert "Sunday 31 October 2027, 01:30 BST" in panel("2027-10-31", "01:30+01:00")
    assert "Choose the day, and write the time like 09:30." in panel("2027-10-31", "")
