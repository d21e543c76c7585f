"""What Word, Google Docs and mail programs put on the clipboard becomes clean Markdown. Each case is two files."""

import pytest
from playwright.sync_api import Page

from tests.conftest import PROJECT

PAGES_ALONE = True  # chromium.py

CASES = sorted((PROJECT / "tests/desk/items/paste").glob("*.html"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_paste_becomes_clean_markdown(page: Page, case: object) -> None:
    path = PROJECT / "tests/desk/items/paste" / getattr(case, "name", "")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    page.add_script_tag(content=(PROJECT / "static/js/desk/items/paste.js").read_text("utf-8"))
    made = page.evaluate("html => sidedoorPaste(html)", path.read_text("utf-8"))
    assert made + "\n" == path.with_suffix(".md").read_text("utf-8")
    assert not asked, "nothing was fetched and nothing ran"
