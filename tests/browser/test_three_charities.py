"""Three charities take Sidedoor up: from `sidedoor init` to a help page, a chat and an embargo, over the real server."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from sidedoor.chat.store import open_store
from tests.processes import SIDEDOOR, run
from tests.server import RunningSite

PAGES_ALONE = True  # chromium.py

EMBARGO_SECONDS = 20
CHAT = '[chat]\nanswered_by = "advisers of our own."\nconfidential = "Ask before you tell us more."\n'


@dataclass(frozen=True)
class Charity:
    """What a charity passes to `init`, and what its readers have to find."""

    starter: str
    organisation: str
    zone: str
    number: str
    place: str
    day: str
    options: tuple[str, ...] = ()


CHARITIES = (
    Charity("uk", "A charity in Leeds", "Europe/London", "999", "Wales", "%-d %B %Y"),
    Charity("ireland", "A charity in Dublin", "Europe/Dublin", "000", "Munster", "%-d %B %Y", ("--emergency", "000", "--emergency-source", "https://numbers.example/")),
    Charity("canada", "A charity in Toronto", "America/Toronto", "000", "Ontario", "%B %-d, %Y", ("--emergency", "000", "--emergency-source", "https://numbers.example/")),
)  # fmt: skip


class CharitySite:
    """A charity's content folder, which the command makes and the program serves."""

    def __init__(self, charity: Charity, folder: Path) -> None:
        self.charity, self.content, self.data = charity, folder / "site", folder / "data"
        self.run(
            "init", str(self.content), "--for", charity.starter, "--name", "Side Street", "--organisation",
            charity.organisation, "--address", "", "--exit", "https://weather.example/", *charity.options,
        )  # fmt: skip

    def run(self, *words: str) -> str:
        """Run a command of `sidedoor` on this folder. Raises AssertionError if it fails."""
        settings = {"SIDEDOOR_CONTENT": str(self.content), "SIDEDOOR_DATA": str(self.data)}
        ran = run([SIDEDOOR, *words], settings, self.content.parent)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def publish_drafts(self) -> None:
        """Publish the drafts, as the charity's people do once they have reviewed them."""
        for page in self.content.glob("*/*.md"):
            text = page.read_text("utf-8").replace("awaiting_review: true\n", "")
            page.write_text(text.replace("state: draft\n", "state: published\n"), "utf-8")

    def open_a_chat(self) -> None:
        """Add a chat to site.toml, which holds its lines as a comment."""
        site = self.content / "site.toml"
        text = site.read_text("utf-8")
        assert re.search(r"(?m)^# \[chat\]$", text)
        site.write_text(text + CHAT, "utf-8")

    def embargo(self, until: datetime) -> None:
        """Write news for publication at `until`, given in the charity's own time zone."""
        local_time = until.astimezone(ZoneInfo(self.charity.zone)).strftime("%Y-%m-%d %H:%M:%S")
        item = f"---\ntitle: We open a house\nsummary: It has room for ten.\nstate: published\npublish_at: {local_time}\nrelated_help: [get-help-now]\n---\nIt opens today.\n"  # fmt: skip
        (self.content / "news").mkdir(exist_ok=True)
        (self.content / "news/we-open-a-house.md").write_text(item, "utf-8")


@pytest.fixture(scope="module", params=CHARITIES, ids=lambda charity: charity.starter)
def charity_site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CharitySite:
    return CharitySite(request.param, tmp_path_factory.mktemp(request.param.starter))


@pytest.fixture
def reader(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 640})
    yield context.new_page()
    context.close()


def test_from_init_to_a_help_page_a_chat_and_an_embargo(charity_site: CharitySite, reader: Page) -> None:
    charity = charity_site.charity
    charity_site.publish_drafts()
    charity_site.open_a_chat()
    assert "0 wrong" in charity_site.run("check")
    site = RunningSite(charity_site.content, charity_site.data)
    try:
        store = open_store("sqlite:", charity_site.data)
        store.set_presence(1, "Kit", True, datetime.now(UTC))

        reader.goto(site.url)
        reader.get_by_role("link", name="I need help now").click()
        expect(reader.get_by_role("heading", level=1)).to_have_text("Get help now")
        expect(reader.locator("main")).to_contain_text(f"call {charity.number}", ignore_case=True)
        call = reader.locator(f'main a[href="tel:{charity.number}"]').first
        expect(call).to_be_visible()
        expect(reader.locator("#hide-this-page")).to_be_visible()

        reader.goto(site.url + "/about")
        expect(reader.locator("main")).to_contain_text(f"It is run by {charity.organisation}.")
        reader.goto(site.url + "/contacts")
        reader.locator("summary", has_text="Where are you?").click()
        reader.get_by_label(charity.place, exact=True).check()
        expect(reader.locator("article.contact").first).to_be_visible()

        until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=EMBARGO_SECONDS)
        charity_site.embargo(until)
        reader.goto(site.url + "/chat")
        expect(reader.locator("main")).to_contain_text(f"Call {charity.number}.")
        # If it is not there, this shows what the page says instead.
        expect(reader.locator("main")).to_contain_text("It is safe. Start")
        reader.get_by_role("button", name="It is safe. Start").click()
        expect(reader.locator("#chat-status")).to_contain_text("You are next")
        (waiting,) = store.live(datetime.now(UTC))
        store.accept(waiting.id, 1, "Kit", datetime.now(UTC))
        reader.get_by_label("Your message").fill("Is anybody there?")
        reader.get_by_role("button", name="Send").click()
        store.say(waiting.id, "adviser", "I am here.", datetime.now(UTC), once="charity")
        expect(reader.locator(".chat .adviser")).to_contain_text("I am here.")

        assert datetime.now(UTC) < until, "the chat took longer than the embargo: try on a machine that does less"
        assert reader.request.get(site.url + "/news/we-open-a-house").status == 404
        time.sleep(max(0.0, (until - datetime.now(UTC)).total_seconds()) + 1.5)
        reader.goto(site.url + "/news")
        reader.get_by_role("link", name="We open a house").click()
        expect(reader.get_by_role("heading", level=1)).to_have_text("We open a house")
        expect(reader.locator("main time").first).to_contain_text(
            until.astimezone(ZoneInfo(charity.zone)).strftime(charity.day)
        )
    finally:
        site.close()
