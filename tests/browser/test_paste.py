"""What other programs put on the clipboard, as files that anybody can add to: tests/desk/items/pastes/README.md says how.

Each test pastes all of them into one page: here as Markdown, in test_writing.py into the editor, where it is built.
"""

import pytest
from playwright.sync_api import Page

from tests.conftest import PROJECT
from tests.desk.items.pastes import CASES

PAGES_ALONE = True  # chromium.py
PASTED = "([html, text]) => { const { body, left } = sidedoorPaste.taken(html, text); return [sidedoorPaste.markdown(body), sidedoorPaste.said(left)]; }"


@pytest.fixture
def reader(page: Page) -> Page:
    """A page with the script that reads pastes."""
    page.add_script_tag(content=(PROJECT / "static/js/desk/items/paste.js").read_text("utf-8"))
    return page


def test_each_paste_becomes_clean_markdown_and_says_what_it_left_out(reader: Page) -> None:
    events: list[str] = []
    reader.on("request", lambda request: events.append(request.url))
    reader.on("dialog", lambda dialog: events.append(dialog.message))
    results = {case.name: reader.evaluate(PASTED, [case.html, case.text]) for case in CASES}
    assert results == {case.name: [case.markdown, case.said] for case in CASES}
    assert not events and not reader.evaluate("window.ran"), "nothing was fetched and nothing ran"


@pytest.mark.parametrize(("size", "most"), [(100_000, 1_000), (1_000_000, 5_000)])
def test_a_long_paste_is_read_in_time(reader: Page, size: int, most: int) -> None:
    paragraph = f"<p class=MsoNormal><b>Ten</b> rooms <del>closed</del> {'opened today ' * 20}</p>\n"
    note = f"{'The rooms opened today in the county ' * 2}\n" * 3 + "\n"
    for html, text in ((paragraph * (size // len(paragraph)), ""), ("", note * (size // len(note)))):
        took = reader.evaluate(
            f"([html, text]) => {{ const start = performance.now(); ({PASTED})([html, text]); return performance.now() - start; }}",
            [html, text],
        )
        assert took < most
