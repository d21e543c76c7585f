"""Real browsers and a real server, shared by the tests that need them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.places import Places
from tests.browser.readers import ChromiumReader, FirefoxReader, Reader
from tests.server import PROJECT, RunningSite, copy_content, started_before

Visited = tuple[RunningSite, Places]

# The longest files start first, so that all processes end at about the same time.
LONGEST = [
    f"test_{name}.py"
    for name in (
        "pages",
        "every_engine",
        "desk",
        "chat_left",
        "profile",
        "chat_desk",
        "chat_faults",
        "hide_page",
        "signed_out",
        "pack",
        "stopwatch",
        "back",
        "three_charities",
        "chat",
        "writing",
        "exit_elsewhere",
        "tools",
    )
]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort whole files, if only browser tests run."""
    if all("browser" in item.path.parts for item in items):
        items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The project's own site, served as with `make run`."""
    site = RunningSite(PROJECT / "examples/hampshire", started_before(tmp_path_factory.mktemp("data")))
    yield site
    site.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh tab in a fresh profile, as wide as a small phone."""
    context = browser.new_context(viewport={"width": 320, "height": 568})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def shared_firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirefoxReader]:
    """A Firefox for all tests of a process that do not look at its files: starting it takes five processor seconds."""
    reader = FirefoxReader(tmp_path_factory.mktemp("firefox"))
    yield reader
    reader.quit()


@pytest.fixture
def firefox(shared_firefox: FirefoxReader) -> Iterator[FirefoxReader]:
    """The shared Firefox, with one empty tab and no cookie."""
    shared_firefox.fresh_tab()
    yield shared_firefox
    shared_firefox.go("about:blank")  # a page that stays open would go on working beside the next test


@pytest.fixture
def firefox_without_scripts(firefox: FirefoxReader) -> Iterator[FirefoxReader]:
    """The shared Firefox with scripts turned off."""
    firefox.run_scripts(False)
    yield firefox
    firefox.run_scripts(True)


@pytest.fixture
def chromium_reader(chromium: Browser) -> Iterator[ChromiumReader]:
    """A tab in a fresh profile of Chromium, driven like a reader in any engine."""
    reader = ChromiumReader(chromium)
    yield reader
    reader.quit()


@pytest.fixture(params=["chromium", "firefox"])
def reader(request: pytest.FixtureRequest) -> Reader:
    """A fresh tab in each engine."""
    reader: Reader = request.getfixturevalue({"chromium": "chromium_reader", "firefox": "firefox"}[request.param])
    return reader


@pytest.fixture(scope="session")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    """The site with its exits on other hosts, and those hosts with links to the site."""
    yield from _site_among(Places(), tmp_path_factory)


@pytest.fixture(scope="session")
def visited_by_number(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    """The same, with IP addresses for hosts."""
    yield from _site_among(Places(by_number=True), tmp_path_factory)


def _site_among(places: Places, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    content = tmp_path_factory.mktemp("visited") / "content"
    copy_content(content, [places.url("exit"), places.url("second")])
    site = RunningSite(content, started_before(tmp_path_factory.mktemp("data")))
    places.links = f'<a id="in" href="{site.url}/">In</a> <a id="again" href="{site.url}/help/money">Again</a>'
    yield site, places
    site.close()
    places.close()
