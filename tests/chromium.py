"""Chromium for every test that needs it."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
# The same engine without windows, menus and their pages takes half the CPU. If it is not installed, Chromium serves.
HEADLESS_SHELL = shutil.which("chromium-headless-shell") or CHROMIUM
# The features that Playwright itself disables (the last such argument wins), and two pages that Chromium prepares below
# the address bar of each window, where no test looks: they are two thirds of the cost of a new window.
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
# Takes away what Safari before 15.4 lacks, as iPhones with iOS 14 and the first iOS 15 have it, and Chrome before 92; and the
# two things of Safari 16 and Chrome 112 (FormData with a button, requestSubmit). A dialog's form has no meaning there.
LIKE_IOS_14 = """
for (const [owner, name] of [
  [Array.prototype, "at"], [String.prototype, "at"], [Array.prototype, "findLast"], [Object, "hasOwn"],
  [window, "BroadcastChannel"], [window, "navigation"], [window, "HTMLDialogElement"], [window, "structuredClone"],
  [HTMLFormElement.prototype, "requestSubmit"], [Element.prototype, "moveBefore"], [window, "CloseWatcher"],
]) delete owner[name];
Object.defineProperty(SubmitEvent.prototype, "submitter", { get() {} });
window.FormData = class extends FormData { constructor(...form) { super(...form.slice(0, 1)); } };
performance.getEntriesByType = () => [];
addEventListener("DOMContentLoaded", () => {
  for (const form of document.querySelectorAll("form[method=dialog]")) form.method = "get";
});
"""
expect.set_options(timeout=20_000)  # for what appears by itself: several browsers share the machine


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright, once per process, because it refuses to start twice."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Chromium as readers have it."""
    yield from _launched(playwright, CHROMIUM)


@pytest.fixture(scope="session")
def headless_shell(playwright: Playwright) -> Iterator[Browser]:
    """Chromium's engine alone."""
    yield from _launched(playwright, HEADLESS_SHELL)


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Browser:
    """Chromium, or its engine alone for modules that test pages and not how a browser handles visits."""
    browser: Browser = request.getfixturevalue(
        "headless_shell" if hasattr(request.module, "PAGES_ALONE") else "chromium"
    )
    return browser


def _launched(playwright: Playwright, path: str) -> Iterator[Browser]:
    """Start Chromium with its back/forward cache on, as readers have it; Playwright turns it off by default."""
    browser = playwright.chromium.launch(
        executable_path=path, args=CHROMIUM_ARGUMENTS, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield browser
    browser.close()
