"""Chromium, as every test that needs it drives it."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
# The same engine without a window, a menu and their pages: half the CPU. Where it is not installed, Chromium does.
HEADLESS_SHELL = shutil.which("chromium-headless-shell") or CHROMIUM
# What Playwright leaves out itself (the last such argument wins), and what Chromium prepares below its address bar in each
# window, where no test looks: two pages of its own, two thirds of what a new window costs.
LEFT_OUT = (
    "AimEnabled,AvoidCorsURLLoaderRestartOnRedirect,AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,"
    "HttpsFirstBalancedModeAutoEnable,HttpsUpgrades,LensOverlay,MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,"
    "PaintHolding,PreconnectToSearch,ThirdPartyStoragePartitioning,WebUIOmniboxPopup,WebUIOmniboxAimPopup"
)
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    f"--disable-features={LEFT_OUT}",
]
expect.set_options(timeout=20_000)  # for what comes by itself: several browsers share the machine


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright, once a process: it refuses to be started twice."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Chromium as readers have it."""
    yield from _launched(playwright, CHROMIUM)


@pytest.fixture(scope="session")
def headless_shell(playwright: Playwright) -> Iterator[Browser]:
    """The engine of Chromium alone."""
    yield from _launched(playwright, HEADLESS_SHELL)


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Browser:
    """Chromium, or its engine alone for a module that looks at pages and not at what a browser does with a visit."""
    browser: Browser = request.getfixturevalue(
        "headless_shell" if hasattr(request.module, "PAGES_ALONE") else "chromium"
    )
    return browser


def _launched(playwright: Playwright, path: str) -> Iterator[Browser]:
    """Playwright turns the back/forward cache off unless told not to; readers have it on."""
    browser = playwright.chromium.launch(
        executable_path=path, args=CHROMIUM_ARGUMENTS, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield browser
    browser.close()
