"""The life of a release, without a browser: written, approved, under embargo, public, corrected, withdrawn."""

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.chat.sqlite_store import SqliteStore
from sidedoor.public.current import PublicSite as SiteOfReaders
from sidedoor.public.feedback_store import FeedbackStore
from sidedoor.public.search_index import SearchIndex
from tests.conftest import SetClock
from tests.content import ContentFolder
from tests.desk.conftest import PublicSite, SignedIn
from tests.desk.forms import approve, fields_of, save, seen, start

WORDS = "Ten new rooms are open for people who need a safe place. The council paid for them."


def release(client: FlaskClient, **changes: str) -> str:
    path = start(client, "Ten new rooms are open")
    answer = save(client, path, "ready", summary="Ten new rooms are open.", body=WORDS, **changes)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return path


def test_a_release_under_embargo_is_approved_and_goes_live_at_its_second(
    ann: FlaskClient, ben: FlaskClient, public: PublicSite, clock: SetClock, desk: Flask, signed_in: SignedIn
) -> None:
    path = release(ann, publish_date="2026-11-25", publish_time="00:01", figure="10", figure_means="new rooms")
    refused = approve(ann, path)
    assert refused.status_code == 422
    in_another_tab = signed_in("Ann Press")
    assert approve(in_another_tab, path).status_code == 422
    assert "You wrote or changed this yourself" in refused.get_data(as_text=True)
    page = ben.get(f"{path}/review").get_data(as_text=True)
    assert "Wednesday 25 November 2026, 00:01 GMT</strong>, in 12 hours" in page
    assert approve(ben, path).status_code == 303
    assert "in 12 hours" in ann.get("/calendar").get_data(as_text=True)
    clock.now = clock.now.replace(day=25, hour=0, minute=0, second=59)
    assert public.get("/news/ten-new-rooms-are-open")[0] == 404
    clock.forward(seconds=1)
    status, shown = public.get("/news/ten-new-rooms-are-open")
    assert status == 200
    assert "The council paid for them" in shown
    assert '<p class="figure"><strong>10</strong></p>' in shown
    actions = [(entry.person, entry.action) for entry in desk.extensions["desk"].audit.entries("ten-new-rooms")]
    assert actions == [("Ben Press", "approved"), ("Ann Press", "sent for approval"), ("Ann Press", "started")]


def test_a_help_page_takes_two_editors(
    ann: FlaskClient, eve: FlaskClient, signed_in: SignedIn, public: PublicSite
) -> None:
    eli = signed_in("Eli Editor")
    words = {"body": "Money can be kept from you. You can ask for help with it.", "tab_title": "Money"}
    assert save(eve, "/items/help/money", "ready", **words).status_code == 303
    assert "You can ask for help" not in public.get("/help/money")[1]
    assert ann.post("/items/help/money/approve", data={"seen": seen(eve, "/items/help/money")}).status_code == 403
    assert approve(eve, "/items/help/money").status_code == 422
    assert approve(eli, "/items/help/money").status_code == 303
    assert "You can ask for help" in public.get("/help/money")[1]
    telling = save(eve, "/items/help/money", "ready", tab_title="Abuse and money")
    assert "gives the page away" in telling.get_data(as_text=True)


def test_a_release_without_an_embargo_goes_live_on_approval(
    ann: FlaskClient, ben: FlaskClient, public: PublicSite, clock: SetClock
) -> None:
    path = release(ann)
    clock.forward(hours=1)
    assert public.get("/news/ten-new-rooms-are-open")[0] == 404
    assert approve(ben, path).status_code == 303
    assert '<time datetime="2026-11-24T13:00:00+00:00">' in public.get("/news/ten-new-rooms-are-open")[1]


def leaks(public: PublicSite, word: str) -> list[str]:
    """The pages and feeds that list items, and the search, if they show this word of an item."""
    places = ("/", "/news", "/news/2026", "/news/rss.xml", "/news/atom.xml", "/news/feed.json", "/sitemap.xml")
    answers = {place: public.get(place) for place in places}
    assert {status for status, _ in answers.values()} == {200}
    results = public.app.test_client().post("/search", data={"query": word}).get_data(as_text=True)
    shown = [place for place, (_, page) in answers.items() if word in page]
    return [*shown, *(["search"] if "/news/ten-new-rooms" in results else [])]


def test_public_text_changes_only_by_approval(
    ann: FlaskClient, ben: FlaskClient, public: PublicSite, content: ContentFolder
) -> None:
    path = release(ann)
    approve(ben, path)
    answer = save(
        ben,
        path,
        "ready",
        body=WORDS + " The first opened on Monday.",
        new_note="The day was missing.",
        new_note_kind="correction",
    )
    assert answer.status_code == 303
    assert "Monday" not in public.get("/news/ten-new-rooms-are-open")[1]
    assert (content.path / "changes/news/ten-new-rooms-are-open.md").exists()
    assert not leaks(public, "Monday")
    assert approve(ben, path).status_code == 422, "Ben wrote the change"
    assert "<ins>" in ann.get(f"{path}/review").get_data(as_text=True)
    assert approve(ann, path).status_code == 303, "Ann wrote only the text before it"
    shown = public.get("/news/ten-new-rooms-are-open")[1]
    assert "The first opened on Monday" in shown
    assert leaks(public, "Monday") == ["/news/rss.xml", "/news/atom.xml", "/news/feed.json", "search"], (
        "leaks() does find words"
    )
    assert "Correction" in shown
    assert "The day was missing." in shown
    assert not (content.path / "changes/news/ten-new-rooms-are-open.md").exists()


def test_a_change_that_waits_is_not_published_by_a_correction_or_withdrawal_of_somebody_who_does_not_know_of_it(
    ann: FlaskClient, ben: FlaskClient, eve: FlaskClient, public: PublicSite
) -> None:
    path = release(ann)
    approve(ben, path)
    save(ann, path, body=WORDS + " Her name is Jo.")
    assert "It is a change by Ann Press that nobody has approved" in eve.get(path).get_data(as_text=True)
    assert "This is not what readers see" not in ann.get(path).get_data(as_text=True), "she knows"
    assert "Together with the change that waits" in eve.get(f"{path}/review").get_data(as_text=True)
    form = {"reason": "The council asked us to.", "how": "withdraw"}
    assert eve.post(f"{path}/withdraw", data=form).status_code == 303
    assert approve(eve, path, "override", reason="It is night.").status_code == 303
    shown = public.get("/news/ten-new-rooms-are-open")[1]
    assert "The council asked us to." in shown
    assert "Her name is Jo" not in shown
    assert approve(ann, path, "approve-afterwards").status_code in (303, 422)
    assert "Ann Press" in eve.get(f"{path}/history").get_data(as_text=True), "her words are not lost"


def test_a_change_that_waits_goes_along_with_a_withdrawal_if_it_should(
    ann: FlaskClient, ben: FlaskClient, eve: FlaskClient, public: PublicSite
) -> None:
    path = release(ann)
    approve(ben, path)
    save(ann, path, body=WORDS + " The street is not named any more.")
    eve.post(f"{path}/withdraw", data={"reason": "Done.", "how": "withdraw", "with_change": "yes"})
    approve(ben, path)
    assert "The street is not named any more" in public.get("/news/ten-new-rooms-are-open")[1]


def test_whoever_can_approve_is_told_before_they_change_it(ann: FlaskClient, ben: FlaskClient) -> None:
    path = release(ann)
    told = "If you change it here, somebody else has to approve it."
    assert told in ben.get(path).get_data(as_text=True)
    assert told not in ann.get(path).get_data(as_text=True), "she cannot approve it anyway"
    save(ben, path, "ready", body=WORDS + " All of them.")
    assert told not in ben.get(path).get_data(as_text=True)
    assert approve(ben, path).status_code == 422


def test_words_written_for_a_step_that_is_refused_are_not_lost(
    ann: FlaskClient, ben: FlaskClient, eve: FlaskClient
) -> None:
    path = release(ann)
    read = seen(eve, path)
    note = {"note": "Name the council, <please>."}
    save(ann, path, "draft")
    refused = ben.post(f"{path}/send-back", data=note)
    assert refused.status_code == 422
    assert "Name the council, &lt;please&gt;." in refused.get_data(as_text=True)
    save(ann, path, "ready", body=WORDS + " More.")
    refused = eve.post(f"{path}/override", data={"seen": read, "reason": "A threat to life"})
    assert refused.status_code == 422
    assert 'value="A threat to life"' in refused.get_data(as_text=True)
    approve(ben, path)
    form = {"reason": "It named a street.", "how": "replace", "replacement": ""}
    refused = ann.post(f"{path}/withdraw", data=form)
    assert refused.status_code == 422
    shown = refused.get_data(as_text=True)
    assert ">It named a street.</textarea>" in shown
    assert 'value="replace" checked' in shown


@pytest.mark.parametrize(("how", "status"), [("withdraw", 200), ("remove", 410), ("replace", 301)])
def test_an_item_is_withdrawn_removed_or_replaced_with_a_reason(
    ann: FlaskClient, ben: FlaskClient, public: PublicSite, how: str, status: int
) -> None:
    path = release(ann)
    approve(ben, path)
    form = {"how": how, "reason": "It named somebody.", "replacement": "/news/first"}
    assert ann.post(f"{path}/withdraw", data={**form, "reason": " "}).status_code == 422
    assert ann.post(f"{path}/withdraw", data=form).status_code == 303
    assert public.get("/news/ten-new-rooms-are-open")[0] == 200
    assert approve(ann, path).status_code == 422
    assert approve(ben, path).status_code == 303
    shown_status, shown = public.get("/news/ten-new-rooms-are-open")
    assert shown_status == status
    assert how == "replace" or "It named somebody." in shown
    assert "Ten new rooms" not in public.get("/news")[1]
    assert ann.post(f"{path}/bring-back").status_code == 303
    assert approve(ben, path).status_code == 303
    assert public.get("/news/ten-new-rooms-are-open")[0] == 200


def test_an_item_that_an_editor_publishes_alone_in_an_emergency_stays_flagged(
    ann: FlaskClient, eve: FlaskClient, public: PublicSite
) -> None:
    path = start(eve, "A road is closed")
    save(eve, path, "ready", summary="A road is closed.", body="The road to the centre is closed today.")
    assert approve(ann, path, "override", reason="Now").status_code == 403
    assert approve(eve, path, "override", reason="").status_code == 422
    assert approve(eve, path, "override", reason="People are on their way.").status_code == 303
    assert public.get("/news/a-road-is-closed")[0] == 200
    assert "Published by one person alone" in ann.get("/").get_data(as_text=True)
    assert approve(eve, path, "approve-afterwards").status_code == 422
    assert approve(ann, path, "approve-afterwards").status_code == 303
    assert "Published by one person alone" not in ann.get("/").get_data(as_text=True)


def test_approving_an_older_version_does_nothing(ann: FlaskClient, ben: FlaskClient, public: PublicSite) -> None:
    path = release(ann)
    read = seen(ben, path)
    save(ann, path, "ready", body=WORDS + " And one thing more.")
    answer = ben.post(f"{path}/approve", data={"seen": read})
    assert answer.status_code == 422
    assert "changed since you read it" in answer.get_data(as_text=True)
    assert public.get("/news/ten-new-rooms-are-open")[0] == 404


def test_a_mistake_stops_a_release_and_nothing_typed_is_lost(ann: FlaskClient) -> None:
    path = start(ann, "Ten new rooms are open")
    answer = save(ann, path, "ready", summary="", body="See [this](/help/nowhere).")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "See [this](/help/nowhere)." in page
    assert "is missing" in page or "is empty" in page
    never = save(ann, path, "ready", summary="Rooms.", publish_date="2027-03-28", publish_time="01:30")
    assert "never happens" in never.get_data(as_text=True)
    ambiguous = save(ann, path, "ready", summary="Rooms.", publish_date="2027-10-31", publish_time="01:30")
    assert "happens twice" in ambiguous.get_data(as_text=True)
    assert "“When it goes live”" in ambiguous.get_data(as_text=True), "the error uses the form's own words"
    exact = save(ann, path, "draft", publish_date="2027-10-31", publish_time="01:30+00:00")
    assert "Sunday 31 October 2027, 01:30 GMT" in ann.get(exact.location).get_data(as_text=True)
    assert save(ann, path, "draft", body="See [this](/help/nowhere).").status_code == 303


def test_the_panel_uses_the_forms_words_and_shows_the_reading_age(eve: FlaskClient) -> None:
    path = start(eve, "Ten new rooms", "help")
    fields = fields_of(eve.get(path).get_data(as_text=True))

    def panel(**typed: str) -> str:
        markup = eve.post(f"{path}/typing", data={**fields, **typed}).get_json()["panel"]
        return html.unescape(re.sub(r"<[^>]+>", "", markup))

    shown = panel(summary="", tab_title="", body="\n\nOne line.\n\n/// nonsense\nx\n///")
    assert "“Summary” is missing. Fill in “Summary”." in shown
    assert "“Title in the browser's tab”" in shown
    assert "Show line 3 of the text" in shown
    assert "line that starts" not in shown
    shown = panel(body="![](/images/x.png)\n\n/// quote |\nx\n///\n\n/// contact | nobody\n///")
    assert "A card (Statement) has no words in its first field." in shown
    assert not re.search(r"yaml|content/|\]\(|///", shown), "nobody needs to know how files are written"
    shown = panel(body="You can [ask us](/help/money) for **help**.\n\n/// quote |\nWe will not judge you.\n///")
    assert "put right" in shown and "11 words. Reading age: 5." in shown
    easy = panel(body="You can ask us for help. We will not judge you.")
    assert "Reading age: 5. Here it may be 11 at most." in easy
    assert "No sources are named. Add “Sources”, one line for each." in easy
    assert "reads at grade" in panel(body="Accommodation facilities necessitate organisational reconfiguration.")


def test_items_that_are_due_are_listed_and_corrected_in_the_form(
    eve: FlaskClient, signed_in: SignedIn, content: ContentFolder, clock: SetClock, desk: Flask
) -> None:
    content.document("help/money.md", awaiting_review="yes", reviewed="2026-11-01", legal_review_on="2026-12-01")
    content.document("news/first.md", expires_at="2026-12-20 09:00", related_help=["money"])
    desk.extensions["desk"].live.refresh()
    due = eve.get("/items?state=due").get_data(as_text=True)
    assert "This awaits a reviewer" in due
    assert "leaves the site" not in due
    assert "legal review was due" not in due
    clock.now = clock.now.replace(month=12, day=7)
    eli = signed_in("Eli Editor")
    due = eli.get("/items?state=due").get_data(as_text=True)
    assert "Its legal review was due on 2026-12-01." in due
    assert "It leaves the site on 2026-12-20." in due
    front = eli.get("/").get_data(as_text=True)
    assert '<a href="/items/help/money">A title</a>: Its legal review was due' in front
    assert "then say so in “A reviewer”" in front
    save(eli, "/items/help/money", "ready", awaiting_review="", legal_review_on="2027-12-01")
    assert approve(signed_in("Eve Editor"), "/items/help/money").status_code == 303
    assert "/items/help/money" not in eli.get("/items?state=due").get_data(as_text=True)


def test_two_people_in_one_item_lose_nothing(ann: FlaskClient, ben: FlaskClient) -> None:
    path = start(ann, "Ten new rooms are open")
    first, second = (client.get(path).get_data(as_text=True) for client in (ann, ben))
    ben.post(f"{path}/typing", data={**fields_of(second), "body": "Ben is typing."})
    assert "Also open with: <strong data-others-names>Ben Press" in ann.get(path).get_data(as_text=True)
    ann.post(path, data={**fields_of(first), "body": "What Ann wrote.", "step": "draft"})
    answer = ben.post(path, data={**fields_of(second), "body": "What Ben wrote.", "step": "draft"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "What Ann wrote." in page
    assert "What Ben wrote." in page
    resolved = {**fields_of(page), "body": "What Ann wrote. What Ben wrote.", "step": "draft"}
    assert ben.post(path, data=resolved).status_code == 303
    assert "What Ann wrote. What Ben wrote." in ann.get(path).get_data(as_text=True)


def test_every_field_that_two_people_changed_is_shown_side_by_side(eve: FlaskClient, signed_in: SignedIn) -> None:
    eli = signed_in("Eli Editor")
    path = release(eve, sources="The council", related_help="get-help-now", new_note="A first note.")
    first, second = (fields_of(client.get(path).get_data(as_text=True)) for client in (eve, eli))
    theirs: dict[str, str | list[str]] = {
        "title": "Her title", "summary": "Her summary.", "language": "cy", "location": "Her place", "press_contact": "",
        "sources": "Her source", "legal_review_on": "2027-01-01", "related_help": ["money"], "note_0": "Her note.",
        "notes_to_editors": "Her notes to editors.", "expires_date": "2027-02-02", "expires_time": "17:00",
    }  # fmt: skip
    assert eve.post(path, data={**first, **theirs, "step": "draft"}).status_code == 303
    his: dict[str, str | list[str]] = {
        "title": "His title", "summary": "His summary.", "language": "fr", "location": "His place", "press_contact": "x",
        "sources": "His source", "legal_review_on": "2027-01-09", "related_help": [], "note_0": "His note.",
        "notes_to_editors": "His notes.", "expires_date": "2027-02-09", "expires_time": "18:00", "body": "His words.",
    }  # fmt: skip
    page = eli.post(path, data={**second, **his, "step": "draft"}).get_data(as_text=True)
    beside = re.findall(r"Your colleague's: <q>([^<]*)</q>", page)
    lines = {"Her title", "Her summary.", "cy", "Her place", "nothing", "Her source", "2027-01-01", "Money and you"}
    assert {*beside} == lines | {"Her note.", "2027-02-02", "17:00"}
    assert "<pre>Her notes to editors.</pre>" in page
    assert "His words.</textarea>" in page
    assert "Your colleague's: <q>" not in eli.get("/items/news/first").get_data(as_text=True)


@pytest.mark.parametrize("state", ["draft", "published"])
def test_fields_that_only_one_of_two_people_changed_are_merged(
    ann: FlaskClient, ben: FlaskClient, eve: FlaskClient, state: str
) -> None:
    path = release(ann, location="Southampton")
    if state == "published":
        approve(ben, path)
    hers, his = (fields_of(client.get(path).get_data(as_text=True)) for client in (ann, eve))
    ann.post(path, data={**hers, "title": "Eleven new rooms", "location": "", "step": "draft"})
    answer = eve.post(path, data={**his, "body": "Eleven rooms.", "step": "draft"})
    assert answer.status_code == 303, "both changes are merged at once"
    merged = fields_of(eve.get(path).get_data(as_text=True))
    assert (merged["title"], merged["location"], merged["body"]) == ("Eleven new rooms", "", "Eleven rooms.")
    after = fields_of(ann.get(path).get_data(as_text=True))
    assert (after["title"], after["location"], after["body"]) == ("Eleven new rooms", "", "Eleven rooms.")
    unknown = eve.post(path, data={**his, "base": "0" * 64, "title": "His title", "step": "draft"})
    assert "<q>Eleven new rooms</q>" in unknown.get_data(as_text=True), (
        "without a known base version, all fields are shown side by side"
    )


def test_unsaved_words_are_kept_until_they_are_discarded(ann: FlaskClient) -> None:
    path = start(ann, "Ten new rooms are open")
    fields = fields_of(ann.get(path).get_data(as_text=True))
    answer = ann.post(f"{path}/typing", data={**fields, "body": "Half a sent"}).get_json()
    assert answer["others"] == []
    assert "The summary only repeats the title." in answer["panel"]
    page = ann.get(path).get_data(as_text=True)
    assert "Half a sent" in page
    assert "did not save" in page
    ann.post(f"{path}/typing/forget")
    assert "Half a sent" not in ann.get(path).get_data(as_text=True)


def test_edits_by_hand_are_noticed_at_once_and_never_overwritten(
    ann: FlaskClient, ben: FlaskClient, content: ContentFolder, desk: Flask
) -> None:
    path = release(ann)
    approve(ben, path)
    save(ann, path, "ready", body=WORDS + " From the desk.")
    file = content.path / "news/ten-new-rooms-are-open.md"
    content.write(
        "news/ten-new-rooms-are-open.md",
        file.read_text("utf-8").replace("Ten new rooms are open for", "Ten new rooms opened for"),
    )
    desk.extensions["desk"].live.refresh()
    answer = approve(ben, path)
    assert answer.status_code == 422
    assert "changed outside the desk" in answer.get_data(as_text=True)
    assert ben.post(f"{path}/compared").status_code == 303
    assert approve(ben, path).status_code == 422, "Ben chose to go on, so he counts as a writer"
    assert "edited outside the desk" in ann.get(f"{path}/history").get_data(as_text=True)


def test_history_is_read_compared_and_restored(ann: FlaskClient, ben: FlaskClient, public: PublicSite) -> None:
    path = release(ann)
    approve(ben, path)
    save(ann, path, "draft", body="Other words altogether.")
    page = ann.get(f"{path}/history").get_data(as_text=True)
    assert page.count("Ann Press") >= 3
    assert "Ben Press: Approved news/ten-new-rooms-are-open.md" in page
    revisions = re.findall(rf'href="{path}/history/([0-9a-f]{{40}})"', page)
    shown = ann.get(f"{path}/history/{revisions[1]}").get_data(as_text=True)
    assert "<del>" in shown
    assert "<ins>Other words altogether.</ins>" in shown.replace("\n", "")
    base = re.search(r'name="base" value="([^"]+)"', shown)
    assert base
    assert ann.post(f"{path}/history/{revisions[1]}/restore", data={"base": base[1]}).status_code == 303
    assert "The council paid" in ann.get(path).get_data(as_text=True)
    assert ann.get(f"{path}/history/{'0' * 40}").status_code == 404


def test_the_old_address_redirects_to_the_new_address(
    ann: FlaskClient, ben: FlaskClient, eve: FlaskClient, public: PublicSite
) -> None:
    path = release(ann)
    draft = ann.post(f"{path}/address", data={"slug": "rooms"})
    assert draft.location == "/items/news/rooms"
    assert approve(ben, "/items/news/rooms").status_code == 303
    assert ann.post("/items/news/rooms/address", data={"slug": "new-rooms"}).status_code == 422
    for odd in ("../../site", "Rooms", "first", "2026", "a/b"):
        assert eve.post("/items/news/rooms/address", data={"slug": odd}).status_code == 422
    assert eve.post("/items/news/rooms/address", data={"slug": "new-rooms"}).status_code == 303
    assert public.get("/news/rooms")[0] == 301
    assert public.get("/news/new-rooms")[0] == 200
    assert public.get("/news/ten-new-rooms-are-open")[0] == 404


def test_a_preview_is_made_without_the_stores_that_readers_use(ann: FlaskClient, desk: Flask) -> None:
    """The desk makes public pages only for previews. It once opened search, feedback and the chat for them again."""
    shown = ann.get(f"{release(ann)}/preview")
    assert (shown.status_code, WORDS.split(".")[0] in shown.get_data(as_text=True)) == (200, True)
    of_readers = (SiteOfReaders, FeedbackStore, SearchIndex, SqliteStore)
    parts = desk.extensions["desk"].pages.extensions.values()
    assert not [part for part in parts if isinstance(part, of_readers)]
