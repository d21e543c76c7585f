"""Take the README's pictures from the running site: `make pictures`. Real Chromium, the project's own content."""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.chromium import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.server import PROJECT, RunningSite
from tools.chat_pictures import take_chat_pictures
from tools.desk_pictures import take_desk_pictures

FOLDER = PROJECT / "docs" / "pictures"
PHONE = {"width": 360, "height": 640}
DESK = {"width": 1280, "height": 800}
WIDE = {"width": 1920, "height": 1080}
PICTURES = [
    ("home-phone", "/", PHONE, "light"),
    ("help-now-phone", "/help/get-help-now", PHONE, "light"),
    ("help-phone-dark", "/help/getting-ready", PHONE, "dark"),
    ("contacts-phone", "/contacts", PHONE, "light"),
    ("guide-phone", "/safer-browsing", PHONE, "light"),
    ("home-forced-phone", "/", PHONE, "forced"),
    ("home-wide", "/", WIDE, "light"),
    ("help-wide", "/help/getting-ready", DESK, "light"),
    ("help-now-urdu", "/ur/help/get-help-now", PHONE, "light"),
    ("help-now-chinese", "/zh/help/get-help-now", PHONE, "light"),
    ("news-wide", "/news/project-cara-first-results", DESK, "light"),
]


def main() -> None:
    """Write docs/pictures/*.png again."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        site = RunningSite(PROJECT / "examples/hampshire", Path(data))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        try:
            for name, path, size, scheme in PICTURES:
                _take(browser, site.url + path, FOLDER / f"{name}.png", size, scheme)
            take_desk_pictures(browser, FOLDER)
            take_chat_pictures(browser, FOLDER)
        finally:
            browser.close()
            site.close()


def _take(browser: Browser, url: str, file: Path, size: dict[str, int], scheme: str) -> None:
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        color_scheme="dark" if scheme == "dark" else "light",
        forced_colors="active" if scheme == "forced" else "none",
    )
    page = context.new_page()
    page.goto(url)
    page.screenshot(path=file)
    context.close()
    print(f"{file.relative_to(PROJECT)}  {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
