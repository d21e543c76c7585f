"""Real browsers and a real server, shared by the tests that need them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.browser.places import Places
from tests.browser.server import PROJECT, RunningSite

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The project's own site, served as `make run` serves it."""
    site = RunningSite(PROJECT / "content", tmp_path_factory.mktemp("data"))
    yield site
    site.close()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright, once for all tests."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium. Playwright turns the back/forward cache off unless told not to; readers have it on."""
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield browser
    browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh tab in a fresh profile, as wide as a small phone."""
    context = browser.new_context(viewport={"width": 320, "height": 568})
    yield context.new_page()
    context.close()


@pytest.fixture
def places() -> Iterator[Places]:
    """The search page, the exit and a foreign page."""
    places = Places()
    yield places
    places.close()


@pytest.fixture(scope="session")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningSite, Places]]:
    """The site with its exits on other hosts, and those hosts with a link to it."""
    places = Places()
    exits = f'exit = ["{places.url("exit")}", "{places.url("second")}"]'
    content = tmp_path_factory.mktemp("visited") / "content"
    copy_content(content, exits)
    site = RunningSite(content, tmp_path_factory.mktemp("data"))
    places.links = f'<a id="in" href="{site.url}/">In</a> <a id="again" href="{site.url}/help/money">Again</a>'
    yield site, places
    site.close()
    places.close()


def copy_content(folder: "object", exits: str) -> None:
    """The project's own content with other exits."""
    import re
    import shutil
    from pathlib import Path

    target = Path(str(folder))
    shutil.copytree(PROJECT / "content", target)
    chosen = target / "site.toml"
    chosen.write_text(re.sub(r"(?m)^exit = .*$", exits, chosen.read_text("utf-8")), "utf-8")
