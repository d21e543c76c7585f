"""Take the pictures of the press officer's guide from the running desk. Called by tools/pictures.py."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.test_desk import LONDON, Office


def take_desk_pictures(browser: Browser, folder: Path) -> None:
    """Write desk-*.png: one release on its way, as the two people who handle it see it."""
    with tempfile.TemporaryDirectory() as temporary:
        office = Office(Path(temporary), browser, visually=True)
        try:
            ann, ben = office.arrive("Ann Lee", "press"), office.arrive("Ben Okoro", "press,editor")
            _write(ann, office)
            _take(ann, folder / "desk-write.png")
            _take_phone(ann, folder / "desk-phone.png")
            ann.get_by_role("button", name="Save and send for approval").click()
            ben.goto(ann.url)
            ben.frame_locator("iframe").get_by_role("heading", name="A new way to reach us").wait_for()
            _take(ben, folder / "desk-approve.png")
            ben.get_by_role("button", name="Approve: goes live").click()
            ben.goto(office.url + "/calendar")
            _take(ben, folder / "desk-calendar.png", 320)
            ben.goto(office.url)
            _take(ben, folder / "desk-to-do.png")
        finally:
            office.close()


def _write(page: Page, office: Office) -> None:
    page.goto(office.url + "/items/new")
    page.get_by_label("Title").fill("A new way to reach us")
    page.get_by_role("button", name="Start writing").click()
    page.get_by_label("Summary").fill("From December you can write to the press office in the evening, too.")
    page.get_by_role("button", name="As Markdown").click()
    page.locator("#f-body").fill(
        "From 1 December the press office answers until eight in the evening.\n\n"
        "/// quote | Ann Lee, press office\nMany of you write late. Now somebody reads it.\n///\n"
    )
    page.get_by_role("button", name="As on the page").click()
    tomorrow = datetime.now(LONDON) + timedelta(days=1)
    page.get_by_label("Day").fill(f"{tomorrow:%Y-%m-%d}")
    page.get_by_label("Time").fill("00:01")
    page.locator("[data-saved]", has_text="kept").wait_for(timeout=15_000)
    page.frame_locator("[data-preview]").get_by_text("Now somebody reads it.").wait_for()
    page.evaluate("scrollTo(0, 0)")


def _take_phone(page: Page, file: Path) -> None:
    """Take what a check leads to, on a phone: a quote without a speaker, who is then named."""
    speaker = page.get_by_role("textbox", name="Who said it, and their role")
    page.set_viewport_size({"width": 375, "height": 667})
    speaker.fill("")
    page.locator("[data-count]", has_text="1 to put right").wait_for()
    page.locator("[data-checks] summary").click()
    page.locator("[data-panel] a").first.click()
    page.screenshot(path=file)
    speaker.fill("Ann Lee, press office")
    page.set_viewport_size({"width": 1280, "height": 900})
    print(f"{file.name}  {file.stat().st_size // 1000} kB")


def _take(page: Page, file: Path, height: int = 860) -> None:
    page.set_viewport_size({"width": 1100, "height": height})
    page.screenshot(path=file)
    page.set_viewport_size({"width": 1280, "height": 900})
    print(f"{file.name}  {file.stat().st_size // 1000} kB")
