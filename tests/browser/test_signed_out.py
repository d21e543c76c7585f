"""A session that ends while somebody types, in real Chromium: no word is lost, and none is stored longer than it is needed."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from sidedoor.desk.people.staff import Staff
from tests.browser.places import Places
from tests.browser.test_chat import ChatOffice, begin, say
from tests.browser.test_desk import write

PAGES_ALONE = True  # chromium.py

PASSWORD = "lantern orbit pickle thursday"
LAST = "The last words, typed after the session had ended."


class Person:
    """Somebody at the desk in a separate browser, with a passkey in its first tab and a password for any other."""

    def __init__(self, office: ChatOffice, name: str, roles: str) -> None:
        self.office, self.name, self._secret = office, name, pyotp.random_base32()
        self.page = office.arrive(name, roles)
        self.page.context.add_init_script("try { localStorage.setItem('sidedoor-writes-markdown', 'yes') } catch { }")
        staff, now = Staff(office.data), datetime.now(UTC)
        person = staff.named(name)
        assert person
        code = pyotp.TOTP(self._secret).at(now)
        staff.set_password(person.id, staff.new_password(person, PASSWORD, self._secret, code, now), now)

    def sign_in_here(self) -> None:
        self.page.get_by_role("button", name="Sign in with a passkey").click()
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    def sign_in_beside(self, page: Page) -> None:
        """Sign in with the password, in another tab of the same browser."""
        page.get_by_label("Your name").fill(self.name)
        page.get_by_label("Password").fill(PASSWORD)
        # A code can be used once, so use the next one, which already counts.
        code = pyotp.TOTP(self._secret).at(datetime.now(UTC) + timedelta(seconds=30))
        page.get_by_label("Six digits from your app").fill(code)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    def beside(self, link: str) -> Page:
        """Follow a link that opens a tab and sign in there; returns the tab."""
        with self.page.context.expect_page() as opened:
            self.page.get_by_role("link", name=link).click()
        self.sign_in_beside(opened.value)
        return opened.value

    def end_sessions(self) -> None:
        with contextlib.closing(sqlite3.connect(self.office.data / "sessions.sqlite3")) as database:
            database.execute("DELETE FROM sessions")
            database.commit()

    def stored(self) -> list[str]:
        """What this tab stores once its page's scripts have run: the page's words are visible before that."""
        self.page.wait_for_load_state()
        names: list[str] = self.page.evaluate("Object.keys(sessionStorage)")
        return names


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[ChatOffice]:
    places = Places()
    office = ChatOffice(tmp_path_factory.mktemp("signed-out"), browser, places)
    yield office
    office.close()
    places.close()


@pytest.fixture(scope="module")
def ann(office: ChatOffice) -> Person:
    return Person(office, "Ann Lee", "press,editor")


def test_an_open_form_says_signed_out_and_saves_with_the_new_session_also_after_a_reload(
    office: ChatOffice, ann: Person
) -> None:
    page = ann.page
    address = write(page, office, "Rooms in Southampton")
    expect(page.locator("[data-saved]")).to_contain_text("What you typed is kept")
    ann.end_sessions()
    page.locator("#f-body").fill(LAST)
    expect(page.locator("[data-saved]")).to_contain_text("You are signed out")
    # After a reload the words are there once the same tab has signed in.
    page.reload()
    ann.sign_in_here()
    page.goto(address)
    expect(page.locator("#f-body")).to_have_value(LAST)
    expect(page.locator("[data-saved]")).to_contain_text("What you typed is kept")
    assert ann.stored() == []
    # After signing in in a new tab beside it, nothing has to be loaded again.
    ann.end_sessions()
    page.locator("#f-body").fill("Even later words.")
    expect(page.locator("[data-saved]")).to_contain_text("You are signed out")
    page.evaluate("location.hash = 'stays'")
    ann.beside("Sign in in a new tab").close()
    expect(page.locator("[data-saved]")).to_contain_text("What you typed is kept")
    assert page.url.endswith("#stays"), "nothing was loaded again"
    assert ann.stored() == []
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.get_by_text("It is saved.")).to_be_visible()
    expect(page.locator("#f-body")).to_have_value("Even later words.")


def test_what_was_typed_before_the_script_came_is_kept_by_the_desk_too(office: ChatOffice, ann: Person) -> None:
    page = ann.page
    page.goto(office.url)
    if page.get_by_role("button", name="Sign in with a passkey").count():
        ann.sign_in_here()
    path = write(page, office, "Rooms on a slow network").removeprefix(office.url)
    held: list[Route] = []
    page.route("**/items/editor.js*", lambda route: held.append(route))
    page.goto(office.url + path, wait_until="commit")
    page.locator("#f-body").fill("Words before the script.")
    (script,) = held
    script.continue_()
    expect(page.locator("[data-saved]")).to_contain_text("What you typed is kept")
    page.unroute("**/items/editor.js*")
    page.reload()
    expect(page.locator("#f-body")).to_have_value("Words before the script.")


def test_a_form_sent_at_once_after_signing_in_is_saved_and_older_words_do_not_come_back(office: ChatOffice) -> None:
    bea = Person(office, "Bea Roe", "press")
    page, path = bea.page, write(bea.page, office, "More rooms").removeprefix(office.url)
    bea.end_sessions()
    page.locator("#f-body").fill(LAST)
    expect(page.locator("[data-saved]")).to_contain_text("You are signed out")
    assert bea.stored() == [f"typed:{path}"]
    page.locator("#f-body").fill("Newer words.")
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    bea.beside("Sign in in a new tab")
    page.get_by_role("button", name="I have signed in: go on").click()
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_text("It is saved.")).to_be_visible()
    expect(page.locator("#f-body")).to_have_value("Newer words.")
    assert bea.stored() == []


@pytest.mark.parametrize("how", ["Sign out", "Sign out in another tab", "Throw it away", "somebody else"])
def test_what_a_tab_keeps_is_forgotten(office: ChatOffice, ann: Person, how: str) -> None:
    page = ann.page
    page.goto(office.url)
    if page.get_by_role("button", name="Sign in with a passkey").count():
        ann.sign_in_here()
    path = write(page, office, f"Rooms {abs(hash(how))}").removeprefix(office.url)
    expect(page.locator("[data-saved]")).to_contain_text("What you typed is kept")
    if how.startswith("Sign out"):
        page.route("**/typing", lambda route: route.abort())
        page.locator("#f-body").fill(LAST)
        expect(page.locator("[data-saved]")).to_contain_text("cannot be reached")
        assert ann.stored() == [f"typed:{path}"]
        other = page.context.new_page() if "another" in how else page
        if other is not page:
            other.goto(office.url)
        other.get_by_role("button", name="Sign out").click()
        expect(other.get_by_role("button", name="Sign in with a passkey")).to_be_visible()
        page.wait_for_function("() => sessionStorage.length === 0")
        page.wait_for_timeout(4000)  # the form goes on trying every three seconds
        page.unroute("**/typing")
    else:
        me = "Ann Lee" if how == "Throw it away" else "Somebody Else"
        words = json.dumps({"me": me, "words": [["body", "zqkept"]]})
        page.evaluate("([name, words]) => sessionStorage.setItem(name, words)", [f"typed:{path}", words])
    if how == "Throw it away":
        page.goto(f"{office.url}{path}/review")
        page.get_by_text("Throw the draft away", exact=True).click()
        page.get_by_role("button", name="Yes, throw the draft away").click()
        expect(page.get_by_text("It is thrown away.")).to_be_visible()
    if how == "somebody else":
        page.goto(office.url + path)
        expect(page.locator("#f-body")).not_to_have_value("zqkept")
    assert ann.stored() == []


def test_the_forms_of_contacts_and_of_a_review_keep_their_words_too(office: ChatOffice) -> None:
    cat = Person(office, "Cat Ito", "editor")
    page = cat.page
    write(page, office, "Rooms for a review")
    page.get_by_role("button", name="Save and send for approval").click()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    page.get_by_text("Send it back", exact=True).first.click()
    page.get_by_label("What should change").fill("zqnote: look again.")
    other = page.context.new_page()
    other.goto(office.url + "/contacts/ndah")
    other.get_by_label("Hours").fill("zqhours")
    cat.end_sessions()
    page.get_by_role("button", name="Send it back").click()
    expect(page.get_by_label("note")).to_have_value("zqnote: look again.")
    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_label("hours")).to_have_value("zqhours")
    cat.beside("Sign in in a new tab").close()
    page.get_by_role("button", name="I have signed in: go on").click()
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_text("It is a draft again.")).to_be_visible()
    page.goto(page.url.removesuffix("/review"))
    expect(page.get_by_text("zqnote: look again.")).to_be_visible()
    other.get_by_role("button", name="I have signed in: go on").click()
    other.get_by_role("button", name="Send it").click()
    expect(other.get_by_text("It is saved, and waits for a second person.")).to_be_visible()
    expect(other.get_by_text("zqhours")).to_be_visible()


def test_the_board_of_chats_sends_with_the_new_session_what_was_typed_before_it(office: ChatOffice) -> None:
    kit = Person(office, "Kit Oban", "adviser")
    page = kit.page
    page.goto(office.url + "/chats")
    page.get_by_role("button", name="I am present").click()
    expect(page.get_by_role("button", name="I am away now")).to_be_visible()
    reader = begin(office, office.reader())
    say(reader, "Your message", "Hello")
    page.get_by_role("button", name="Answer number 1").click()
    page.get_by_label("Your answer").fill("Half an answer")
    kit.end_sessions()
    page.get_by_role("button", name="Send", exact=False).click()
    expect(page.locator("[data-problem]")).to_contain_text("You are signed out")
    other = page.context.new_page()
    other.goto(office.url + "/sign-in")
    kit.sign_in_beside(other)
    other.close()
    for _ in range(2):  # the first press learns of the new session, and says so
        page.get_by_role("button", name="Send", exact=False).click()
        expect(page.get_by_role("button", name="Send", exact=False)).to_be_enabled()
        page.wait_for_timeout(500)
    expect(reader.locator(".chat .adviser")).to_contain_text("Half an answer")
    expect(page.get_by_label("Your answer")).to_have_value("")
    assert kit.stored() == []
