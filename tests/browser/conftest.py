"""Real browsers and a real server, shared by the tests that need them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.places import Places
from tests.server import PROJECT, RunningSite, copy_content, started_before

Visited = tuple[RunningSite, Places]

# What takes longest begins first, so that both processes end at about the same time.
LONGEST = [
    f"test_{name}.py"
    for name in (
        "pages",
        "chat_left",
        "desk",
        "stopwatch",
        "profile",
        "every_engine",
        "back",
        "hide_page",
        "pack",
        "exit_elsewhere",
        "three_charities",
    )
]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort whole files, where browsers alone are tested."""
    if all("browser" in item.path.parts for item in items):
        items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The project's own site, served as `make run` serves it."""
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
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    """The site with its exits on other hosts, and those hosts with a link to it."""
    yield from _site_among(Places(), tmp_path_factory)


@pytest.fixture(scope="session")
def visited_by_number(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    """The same, with numbers for hosts."""
    yield from _site_among(Places(by_number=True), tmp_path_factory)


def _site_among(places: Places, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    content = tmp_path_factory.mktemp("visited") / "content"
    copy_content(content, [places.url("exit"), places.url("second")])
    site = RunningSite(content, started_before(tmp_path_factory.mktemp("data")))
    places.links = f'<a id="in" href="{site.url}/">In</a> <a id="again" href="{site.url}/help/money">Again</a>'
    yield site, places
    site.close()
    places.close()
