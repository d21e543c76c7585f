"""Real browsers and a real server, shared by the tests that need them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

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
def browser() -> Iterator[Browser]:
    """Chromium, driven by Playwright."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh tab in a fresh profile, as wide as a small phone."""
    context = browser.new_context(viewport={"width": 320, "height": 568})
    yield context.new_page()
    context.close()
