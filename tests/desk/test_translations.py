"""The desk says how every page stands in every language, and shows a translation beside what changed in its original."""

import html
import re

from flask import Flask
from flask.testing import FlaskClient

from tests.content import ContentFolder

WHOLE = "Pack a bag.\n\n/// emergency | Now\nCall 999.\n///\n\nTell a friend."


def test_the_grid_and_the_page_beside_its_original_say_what_is_behind_and_where(
    desk: Flask, eve: FlaskClient, content: ContentFolder
) -> None:
    toml = (content.path / "site.toml").read_text("utf-8").replace('languages = ["en", "cy"]\n', "")
    content.write("site.toml", f'{toml}\n[languages.ur]\n[languages.cy]\nshow = "all"\n')
    content.document("help/getting-ready.md", WHOLE, title="Getting ready", tab_title="Ready", group="plan")
    content.document("ur/help/getting-ready.md", WHOLE.replace("Pack a bag.", "بیگ"), title="تیاری", tab_title="تیاری")
    room = desk.extensions["desk"]
    room.live.refresh()
    digest = next(one.digest for one in room.live.library.documents if one.file == "help/getting-ready.md")
    content.document("ur/help/getting-ready.md", WHOLE.replace("Pack a bag.", "بیگ"), title="تیاری", tab_title="تیاری", made_from=digest, reviewer="Ayesha")  # fmt: skip
    room.live.refresh()

    def cells() -> list[str]:
        row = re.search(r"<tr><th scope=\"row\">Getting ready</th>(.*?)</tr>", eve.get("/translations").text, re.S)
        assert row
        return re.findall(r"<td>(?:<a href=\"[^\"]+\">)?([^<]+)", row[1])

    assert cells() == ["good", "missing"]
    with room.shelf.turn():
        room.shelf.history.note_edits_by_hand(["help/getting-ready.md"])
    content.document("help/getting-ready.md", WHOLE.replace("Tell", "Ask").replace("Call 999.", "Call 999 now."), title="Getting ready", tab_title="Ready", group="plan")  # fmt: skip
    room.live.refresh()
    assert cells() == ["wrong where it matters", "missing"]
    page = html.unescape(eve.get("/translations/ur/help/getting-ready").text)
    assert '<td>Pack a bag.</td><td lang="ur" dir="rtl">بیگ</td>' in page
    assert "<mark>Ask a friend.</mark>" in page and "Call 999 now.\n///</mark>" in page and page.count("<mark>") == 2
    assert eve.get("/translations/ur/help/nope").status_code == 404
