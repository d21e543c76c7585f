"""The desk in real Chromium: from the invitation to the withdrawal, with passkeys, the keyboard, and two people at once."""

import os
import re
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.readers import WAIT_SECONDS
from tests.browser.test_pages import problems_of
from tests.processes import run
from tests.server import DESK, RunningSite, copy_content, started_before, workers

PAGES_ALONE = True  # chromium.py

LONDON = ZoneInfo("Europe/London")
WIDTHS = (320, 1280)


class Office:
    """A desk and a public site on one content folder, and the people who work there."""

    def __init__(self, folder: Path, browser: Browser, visually: bool = False) -> None:
        self.content, self.data, self._browser, self._visually = folder / "content", folder / "data", browser, visually
        copy_content(self.content, ["https://exit.example/"])
        started_before(self.data)
        self.desk = RunningSite(self.content, self.data, application=DESK)
        self.site = RunningSite(self.content, self.data)
        self.url = f"http://localhost:{self.desk.port}"
        self._contexts: list[BrowserContext] = []

    def invite(self, name: str, roles: str) -> str:
        """The one-time link that the operator's command prints."""
        settings = {
            "SIDEDOOR_CONTENT": str(self.content),
            "SIDEDOOR_DATA": str(self.data),
            "SIDEDOOR_DESK_URL": self.url,
        }
        command = [sys.executable, "-m", "flask", "--app", "desk", "staff", "add", name, "--role", roles]
        completed = run(command, settings)
        assert completed.returncode == 0, completed.stderr
        return completed.stdout.split("\n")[0]

    _visually = False

    def browser_of(self, width: int = 1280, scripts: bool = True) -> Page:
        """A new browser, which can hold passkeys."""
        context = self._browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
        self._contexts.append(context)
        if not self._visually:  # as for somebody who chose to write Markdown
            context.add_init_script("try { localStorage.setItem('sidedoor-writes-markdown', 'yes') } catch { }")
        page = context.new_page()
        if scripts:
            devtools = context.new_cdp_session(page)
            devtools.send("WebAuthn.enable")
            devtools.send(
                "WebAuthn.addVirtualAuthenticator",
                {"options": {
                    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                    "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
                }},
            )  # fmt: skip
        return page

    def arrive(self, name: str, roles: str, width: int = 1280) -> Page:
        """The browser of somebody who accepted an invitation with a passkey."""
        page = self.browser_of(width)
        page.goto(self.invite(name, roles))
        page.get_by_role("button", name="Make a passkey on this device").click()
        page.wait_for_url(f"{self.url}/")
        return page

    def public(self, path: str) -> tuple[int, str]:
        """The status and the body that the public gets."""
        try:
            with urllib.request.urlopen(self.site.url + path) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def close(self) -> None:
        """Close all browsers, the desk and the site."""
        for context in self._contexts:
            context.close()
        self.desk.close()
        self.site.close()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Office]:
    office = Office(tmp_path_factory.mktemp("office"), browser)
    yield office
    office.close()


@pytest.fixture(scope="module")
def ann(office: Office) -> Page:
    """A press officer, signed in."""
    return office.arrive("Ann Lee", "press")


@pytest.fixture(scope="module")
def ben(office: Office) -> Page:
    """An editor, signed in."""
    return office.arrive("Ben Okoro", "press,editor,admin")


def write(page: Page, office: Office, title: str) -> str:
    """Start a release and write it; returns its address on the desk."""
    page.goto(office.url)
    page.get_by_role("link", name="Write news").click()
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Start writing").click()
    page.get_by_label("Summary").fill("Ten new rooms are open for people who need a safe place.")
    page.locator("#f-body").fill("Ten new rooms opened in Southampton today. The council paid for them.")
    page.wait_for_load_state()  # its scripts run by then
    return page.url


def test_a_passkey_opens_the_door_again_and_a_session_can_be_ended(office: Office) -> None:
    page = office.arrive("Cat Ito", "press")
    page.get_by_role("button", name="Sign out").click()
    page.goto(office.url + "/items")
    assert page.url.endswith("/sign-in?next=/items")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(office.url + "/items")
    page.goto(office.url + "/account")
    expect(page.get_by_text("(this one)")).to_be_visible()
    page.goto(office.url.replace("localhost", "127.0.0.1") + "/sign-in")
    expect(page.get_by_role("link", name=office.url)).to_be_visible()


def test_a_password_and_six_digits_suffice_with_scripts_off(office: Office) -> None:
    page = office.browser_of(scripts=False)
    page.goto(office.invite("Dee Roe", "press"))
    page.get_by_text("Or a password with six digits from an app").click()
    secret = page.locator("input[name=secret]").get_attribute("value") or ""
    page.get_by_label("A password", exact=True).fill("lantern orbit pickle thursday")
    page.get_by_label("Six digits").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Keep the password").click()
    expect(page.get_by_role("heading", name="To do")).to_be_visible()
    # All of writing works without scripts, too.
    write(page, office, "Written without scripts")
    page.get_by_text("Add a figure or a statement").click()
    page.get_by_label("The figure").fill("10")
    page.get_by_label("What it means").fill("new rooms")
    page.get_by_role("button", name="Save and send for approval").click()
    expect(page.get_by_text("It is saved, and waits for a colleague's approval.")).to_be_visible()
    expect(page.frame_locator("iframe").get_by_text("new rooms", exact=True)).to_be_visible()


def test_from_the_first_word_to_the_withdrawal(office: Office, ann: Page, ben: Page) -> None:
    address = write(ann, office, "Ten new rooms are open")
    # The panel and the preview follow what is typed, before anything is saved.
    expect(ann.locator("[data-saved]")).to_contain_text("kept")
    expect(ann.frame_locator("[data-preview]").get_by_text("The council paid for them.")).to_be_visible()
    expect(ann.frame_locator("[data-preview]").get_by_text("Draft. Not published.")).to_be_visible()
    ann.get_by_role("combobox", name="Insert").select_option(label="Statement")
    empty = ann.locator("#f-body").input_value()
    ann.locator("#f-body").fill(empty.replace("/// quote | \n", "/// quote | Jo Doe, chair\nWe are glad.\n"))
    live_at = datetime.now(LONDON) + timedelta(seconds=25)
    ann.get_by_label("Day").fill(f"{live_at:%Y-%m-%d}")
    ann.get_by_label("Time").fill(f"{live_at:%H:%M:%S}")
    ann.get_by_role("button", name="Save and send for approval").click()
    expect(ann.get_by_text("You wrote or changed this yourself.")).to_be_visible()
    path = "/news/ten-new-rooms-are-open"

    ben.goto(office.url)
    ben.get_by_role("link", name="Ten new rooms are open").first.click()
    ben.get_by_role("button", name="Approve: goes live").click()
    expect(ben.get_by_text("It is approved, and goes live at its time.")).to_be_visible()
    assert office.public(path)[0] == 404
    while datetime.now(UTC) < live_at - timedelta(seconds=1):
        assert office.public(path)[0] == 404
        assert "Ten new rooms" not in office.public("/news")[1]
        time.sleep(0.5)
    deadline = time.monotonic() + WAIT_SECONDS
    while office.public(path)[0] != 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert datetime.now(UTC) - live_at < timedelta(seconds=2)
    assert "Ten new rooms" in office.public("/news")[1]

    ann.goto(address)
    ann.locator("#f-body").fill("Eleven new rooms opened in Southampton today. The council paid for them.")
    ann.get_by_label("This change is").select_option("a correction")
    ann.get_by_label("What changed, in a sentence for readers").fill("We first wrote ten rooms. There are eleven.")
    ann.get_by_role("button", name="Save and send for approval").click()
    assert "Eleven" not in office.public(path)[1]
    ben.goto(address + "/review")
    expect(ben.locator("ins").get_by_text("Eleven", exact=True)).to_be_visible()
    ben.get_by_role("button", name="Approve: changes the public text now").click()
    expect(ben.get_by_text("It is live.")).to_be_visible()
    assert "We first wrote ten rooms." in eventually(office, path, "Eleven")

    ann.goto(address + "/review")
    ann.get_by_text("Withdraw, remove or replace it").click()
    ann.get_by_label("The reason, for readers").fill("The council asked us to.")
    ann.get_by_role("button", name="Ask for approval").click()
    ben.goto(address + "/review")
    ben.get_by_role("button", name="Approve: withdraws it now, under its reason").click()
    assert "Withdrawn on" in eventually(office, path, "The council asked us to.")


def eventually(office: Office, path: str, words: str) -> str:
    """The public page, once it has `words`; the watch on the folder takes a moment."""
    deadline = time.monotonic() + WAIT_SECONDS
    while words not in (page := office.public(path)[1]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert words in page
    return page


def test_two_people_are_told_of_each_other_and_both_their_words_stay(office: Office, ann: Page, ben: Page) -> None:
    address = write(ann, office, "Two people write this")
    ann.get_by_role("button", name="Save as a draft").click()
    ben.goto(address)
    ben.locator("#f-body").press("End")
    ben.locator("#f-body").press_sequentially(" Ben was here.")
    expect(ben.locator("[data-saved]")).to_contain_text("kept")
    ann.locator("#f-body").fill("Ann wrote something else.")
    expect(ann.locator("[data-others]")).to_contain_text("Ben Okoro", timeout=30_000)
    assert "was saved" not in ann.locator("[data-others]").inner_text()
    ann.get_by_role("button", name="Save as a draft").click()
    expect(ann.get_by_text("It is saved.")).to_be_visible()
    # A screen reader is told once that words are kept, and not after every few words.
    expect(ben.locator("[data-saved]")).to_have_attribute("aria-live", "polite")
    ben.locator("#f-body").press_sequentially(" Still.")
    expect(ben.locator("[data-others]")).to_contain_text("It was saved since you opened it.", timeout=30_000)
    expect(ben.locator("[data-saved]")).to_contain_text("kept")
    expect(ben.locator("[data-saved]")).to_have_attribute("aria-live", "off")
    ben.get_by_role("button", name="Save as a draft").click()
    expect(ben.get_by_text("Somebody else saved this while you wrote.")).to_be_visible()
    expect(ben.locator("pre", has_text="Ann wrote something else.")).to_be_visible()
    expect(ben.locator("#f-body")).to_have_value(re.compile("Ben was here"))


def test_a_picture_needs_a_description_and_is_encoded_again_without_its_metadata(
    office: Office, ann: Page, tmp_path: Path
) -> None:
    from PIL import Image

    photo = tmp_path / "IMG_1234 at home.jpg"
    exif = Image.Exif()
    exif[0x9286] = "taken at 51.5, -0.12"
    Image.new("RGB", (3000, 2000), (90, 120, 110)).save(photo, exif=exif, comment=b"by Jo Doe")
    write(ann, office, "A picture of rooms")
    ann.get_by_text("Add a picture").click()
    ann.get_by_label("Picture", exact=True).set_input_files(photo)
    ann.get_by_role("button", name="Save as a draft").click()
    expect(ann.get_by_text("Say in a few words what the picture shows")).to_be_visible()
    expect(ann.locator("#f-body")).to_have_value(re.compile("Southampton"))
    ann.get_by_text("Add a picture").click()
    ann.get_by_label("Picture", exact=True).set_input_files(photo)
    ann.get_by_label("What it shows, for those who cannot see it").fill("A bed with a green blanket")
    ann.get_by_role("button", name="Save as a draft").click()
    expect(ann.get_by_text("It is saved.")).to_be_visible()
    (stored,) = (office.content / "images").iterdir()
    raw = stored.read_bytes()
    assert b"Jo Doe" not in raw
    assert b"51.5" not in raw
    assert "IMG" not in stored.name
    shown = ann.frame_locator("[data-preview]").get_by_role("img", name="A bed with a green blanket")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.naturalWidth") == 1600
    # A stranger cannot guess it while it is not published.
    assert office.public(f"/images/{stored.name}")[0] == 404


@pytest.mark.parametrize("place", ["#f-body", "#f-summary", "main", "html"])
def test_a_picture_may_be_dropped_anywhere_and_the_page_stays(office: Office, ann: Page, place: str) -> None:
    write(ann, office, "Dropped on the page")
    handled = ann.evaluate(
        """place => {
            const dragged = new DataTransfer();
            dragged.items.add(new File(["pixels"], "field.png", { type: "image/png" }));
            const event = { dataTransfer: dragged, bubbles: true, cancelable: true };
            const goes = name => document.querySelector(place).dispatchEvent(new DragEvent(name, event));
            return ["dragover", "drop"].every(name => !goes(name));
        }""",
        place,
    )
    assert handled, "the browser would leave the page to show the picture"
    assert ann.locator("#f-picture").evaluate("field => field.files[0].name") == "field.png"
    expect(ann.locator("#f-picture_alt")).to_be_focused()


def test_the_preview_stays_where_it_was_scrolled_to_at_the_width_that_was_chosen(office: Office, ann: Page) -> None:
    write(ann, office, "A long release")
    ann.locator("#f-body").fill("\n\n".join(f"Line {number}." for number in range(80)))
    preview = ann.frame_locator("[data-preview]")
    expect(preview.get_by_text("Line 79.")).to_be_attached()
    frame = ann.locator("[data-preview]")
    frame.evaluate("frame => frame.contentWindow.scrollTo({ top: 900, behavior: 'instant' })")
    ann.locator("#f-summary").fill("Another summary of the rooms.")
    ann.locator("#f-body").press("End")
    ann.locator("#f-body").press_sequentially("The end.")
    expect(preview.get_by_text("The end.")).to_be_attached()
    ann.wait_for_function("() => document.querySelector('[data-preview]').contentWindow.scrollY === 900")
    assert frame.evaluate("frame => frame.contentWindow.innerWidth") <= 390
    ann.get_by_label("Computer").check()
    assert frame.evaluate("frame => frame.contentWindow.innerWidth") == 1280
    assert not ann.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def test_what_was_typed_is_there_after_the_desk_was_killed(office: Office, ann: Page, browser: Browser) -> None:
    address = write(ann, office, "Typed before the power went")
    ann.locator("#f-body").fill("Words that nobody saved.")
    expect(ann.locator("[data-saved]")).to_contain_text("kept")
    office.desk.process.send_signal(signal.SIGSTOP)  # so that it starts no new worker in the meantime
    for worker in workers(office.desk):
        os.kill(worker, signal.SIGKILL)
    office.desk.process.kill()
    office.desk.process.wait()
    ann.locator("#f-body").press_sequentially(" And more.")
    expect(ann.locator("[data-saved]")).to_contain_text("Your words are still here")
    again = RunningSite(office.content, office.data, application=DESK)
    before, office.desk, office.url = office.url, again, f"http://localhost:{again.port}"
    ann.goto(address.replace(before, office.url))
    expect(ann.locator("#f-body")).to_have_value(re.compile("Words that nobody saved"))


def test_a_connection_that_hangs_loses_no_word(office: Office, ann: Page) -> None:
    """In a tunnel requests neither arrive nor fail."""
    address = write(ann, office, "From the train")
    expect(ann.locator("[data-saved]")).to_contain_text("kept")
    page = ann.context.new_page()
    page.clock.install()
    page.goto(address)
    page.route("**/typing", lambda route: None)
    with page.expect_request("**/typing"):
        page.locator("#f-body").fill("Words from the tunnel.")
        page.clock.fast_forward(3_000)
    page.clock.fast_forward(5_000)
    page.reload()
    expect(page.locator("#f-body")).to_have_value("Words from the tunnel.")
    # It says so in the end, as for a connection that fails.
    with page.expect_request("**/typing"):
        page.clock.fast_forward(3_000)
    page.clock.fast_forward(15_000)
    expect(page.locator("[data-saved]")).to_contain_text("cannot be reached")
    # Somebody who presses Save, then Stop, and writes on.
    page.unroute("**/typing")
    page.route(address, lambda route: route.abort("aborted"))
    with page.expect_event("requestfailed", lambda request: request.url == address):
        page.get_by_role("button", name="Save as a draft").click(no_wait_after=True)
    page.clock.fast_forward(5_000)
    page.locator("#f-body").fill("Words after the tunnel.")
    page.clock.fast_forward(3_000)
    expect(page.locator("[data-saved]")).to_contain_text("What you typed is kept.")
    page.close()
    ann.goto(address)
    expect(ann.locator("#f-body")).to_have_value("Words after the tunnel.")


def test_no_page_of_the_desk_breaks_a_rule_of_axe_or_is_wider_than_the_screen(office: Office, ben: Page) -> None:
    invited = office.invite("Waiting Person", "adviser")
    address = write(ben, office, "A release")
    ben.get_by_role("button", name="Save as a draft").click()
    ben.locator("#f-body").fill("Other words altogether.")
    ben.get_by_role("button", name="Save and send for approval").click()
    ben.get_by_text("Show it to somebody without an account").click()
    ben.get_by_label("Who it is for").fill("The council")
    ben.get_by_role("button", name="Make a link").click()
    shown_to_the_council = ben.locator("code").inner_text()
    ben.goto(address + "/history")
    revision = ben.locator("ol a").last.get_attribute("href") or ""
    stranger = office.browser_of(WIDTHS[0])
    pages = [
        *(
            "/",
            "/items",
            "/items/new",
            "/items/thrown-away",
            "/calendar",
            "/contacts",
            "/contacts/ndah",
            "/contacts/new",
            "/contacts/history",
            "/people",
            "/translations",
            "/translations/ur/help/get-help-now",
            "/log",
            "/account",
            "/nothing",
        ),
        *(address.removeprefix(office.url) + end for end in ("", "/review", "/history")),
        revision,
    ]
    doors = ["/sign-in", "/p/forged", invited.removeprefix(office.url), shown_to_the_council.removeprefix(office.url)]
    broken = {}
    for page, path in [*((ben, path) for path in pages), *((stranger, path) for path in doors)]:
        answer = page.goto(office.url + path)
        assert answer and answer.ok == (path not in ("/nothing", "/p/forged")), path
        page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            problems = problems_of(page)
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                problems.append("wider than the screen")
            if problems:
                broken[f"{path} at {width}"] = problems
    ben.set_viewport_size({"width": 1280, "height": 900})
    assert not broken, "\n".join(f"{path}: {line}" for path, lines in broken.items() for line in lines)


def test_a_release_is_written_and_sent_with_the_keyboard_alone(office: Office, ann: Page) -> None:
    ann.goto(office.url + "/items/new?kind=news")

    def tab_to(selector: str) -> None:
        for _ in range(80):
            if ann.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            ann.keyboard.press("Tab")
        raise AssertionError(f"Tab never reaches {selector}")

    tab_to("#title")
    ann.keyboard.type("Written with the keyboard")
    ann.keyboard.press("Enter")
    ann.wait_for_url("**/items/news/written-with-the-keyboard")
    tab_to("#f-summary")
    ann.keyboard.type("A release that no mouse touched.")
    tab_to("#f-body")
    ann.keyboard.type("It was ")
    ann.keyboard.press("Control+b")
    ann.keyboard.type("typed")
    ann.keyboard.press("End")
    ann.keyboard.press("Enter")
    assert ann.locator("#f-body").input_value() == "It was **typed**\n"
    ann.keyboard.press("Control+s")
    expect(ann.get_by_text("It is saved.")).to_be_visible()
    tab_to("button[value=ready]")
    ann.keyboard.press("Enter")
    expect(ann.get_by_text("You wrote or changed this yourself.")).to_be_visible()
