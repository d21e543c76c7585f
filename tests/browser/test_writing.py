"""The editor that shows the text as on the page, in real Chromium: what is typed, pasted and inserted becomes good Markdown."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_desk import Office
from tests.browser.test_pages import problems_of
from tests.desk.items.pastes import CASES
from tests.desk.items.test_round_trip import seen
from tests.server import PROJECT

pytestmark = pytest.mark.skipif(
    not (PROJECT / "static/js/desk/built/editor.js").is_file(), reason="`make editor` builds what is tested here"
)

PAGES_ALONE = True  # chromium.py


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Office]:
    office = Office(tmp_path_factory.mktemp("writing"), browser, visually=True)
    yield office
    office.close()


@pytest.fixture(scope="module")
def ann(office: Office) -> Page:
    page = office.arrive("Ann Lee", "press")
    page.on("pageerror", lambda error: print(error, error.stack))
    return page


@pytest.fixture
def text(office: Office, ann: Page, request: pytest.FixtureRequest) -> Page:
    """A new release, with the caret in its text."""
    ann.goto(office.url + "/items/new?kind=news")
    ann.get_by_label("Title").fill(f"Story {request.node.name.removeprefix('test_')[:60]}")
    ann.get_by_role("button", name="Start writing").click()
    ann.locator("#visual-text").click()
    return ann


def body(page: Page) -> str:
    """The Markdown that the form would send."""
    return str(page.evaluate("new FormData(document.querySelector('[data-editor]')).get('body')"))


def paste(page: Page, html: str, plain: str = "", into: str = "#visual-text") -> None:
    page.evaluate(
        """([html, plain, into]) => {
            const data = new DataTransfer();
            if (html) data.setData("text/html", html);
            data.setData("text/plain", plain);
            const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
            document.querySelector(into).dispatchEvent(event);
        }""",
        [html, plain, into],
    )


def test_what_is_typed_reads_the_same(text: Page) -> None:
    lines = ["A * stays", "#EndAbuse", "2025. A year", "5*3*2 and a_b_c", "<b> & [x] `y`", "/// quote | x", "- a", "b"]
    for line in lines:
        text.keyboard.type(line)
        text.keyboard.press("Enter")
    expect(text.frame_locator("[data-preview]").get_by_text("5*3*2 and a_b_c")).to_be_visible(timeout=15_000)
    shown = text.frame_locator("[data-preview]").locator("main").inner_text()
    for line in [*lines[:-2], "a", "b"]:
        assert line in shown, line
    assert "- a\n- b" in body(text)


def test_keys_as_in_word_and_one_undo_for_everything(text: Page) -> None:
    keys = text.keyboard
    keys.press("Control+Alt+2")
    keys.type("Ten rooms")
    keys.press("Enter")
    keys.type("They are ")
    keys.press("Control+b")
    keys.type("open")
    keys.press("Control+b")
    keys.type(" now.")
    before = body(text)
    assert before == "## Ten rooms\n\nThey are **open** now."
    keys.press("Shift+Home")
    keys.press("Control+Space")
    assert body(text) == before.replace("**", "")
    keys.press("Control+z")
    keys.press("End")
    keys.press("Control+u")
    expect(text.locator("[data-saved]")).to_contain_text("Bold stands out: Ctrl+B.")
    text.get_by_role("combobox", name="Insert").select_option("Figure")
    keys.type("46%")
    keys.press("Enter")
    keys.type("of rooms")
    assert body(text) == f"{before}\n\n/// statistic | 46%\nof rooms\n///"
    for _ in range(12):
        keys.press("Control+z")
        if body(text) == before:
            break
    assert body(text) == before


def test_a_selected_sentence_becomes_the_statement(text: Page) -> None:
    text.keyboard.type("She said it. We are glad.")
    for _ in range(len("We are glad.")):
        text.keyboard.press("Shift+ArrowLeft")
    text.get_by_role("button", name="Statement").click()
    expect(text.get_by_role("textbox", name="Who said it, and their role")).to_be_focused()
    assert text.get_by_role("textbox", name="Who said it, and their role").get_attribute("placeholder") == "Name, role"
    # The sample is no text, and a statement that nobody made does not go out.
    assert "Name, role" not in body(text)
    expect(text.get_by_text("A card (Statement) has no words in its first field")).to_be_visible(timeout=15_000)
    text.keyboard.type("Jo Doe, chair")
    assert body(text).startswith("She said it.\n\n/// quote | Jo Doe, chair\nWe are glad.\n///")


def test_a_link_is_picked_by_title_and_enter_in_a_field_sends_nothing(text: Page) -> None:
    text.keyboard.type("See ")
    text.keyboard.press("Control+k")
    field = text.get_by_label("A page of this site, or an address")
    expect(field).to_be_focused()
    assert text.locator("#own-pages option[value='/help/money']").get_attribute("label")
    field.fill("/help/money")
    text.keyboard.press("Enter")
    expect(text.locator("#visual-text a[href='/help/money']")).to_be_visible()
    assert body(text).startswith("See [Money")
    assert body(text).endswith("](/help/money)")
    address = text.url
    text.locator("#f-title").press("Enter")
    text.get_by_role("textbox", name="Place").press("Enter")
    assert text.url == address


def test_markdown_is_one_press_away_and_nothing_changes_on_the_way(office: Office, text: Page) -> None:
    written = "* a\n* b\n\n\nWords on\ntwo lines with __bold__.\n\n```\nodd\n```"
    text.get_by_role("button", name="As Markdown").click()
    text.locator("#f-body").fill(written)
    text.get_by_role("button", name="As on the page").click()
    expect(text.locator("#visual-text li")).to_have_count(2)
    assert body(text) == written
    text.locator("#visual-text").get_by_text("Words on").click()
    text.keyboard.press("End")
    text.keyboard.type(" New.")
    assert body(text) == written.replace("__bold__.", "__bold__. New.")
    text.get_by_role("button", name="Save as a draft").click()
    expect(text.get_by_text("It is saved.")).to_be_visible()
    path = next((office.content / "news").glob("*markdown-is-one*.md"))
    assert path.read_text("utf-8").endswith(written.replace("__bold__.", "__bold__. New.") + "\n")


def test_each_paste_reads_as_it_should_and_one_undo_takes_it_back(text: Page) -> None:
    for case in CASES:
        paste(text, case.html, case.text)
        assert seen(body(text)) == seen(case.markdown), case.name
        while text.get_by_role("dialog").count():  # refuse the pictures that came with the paste
            text.get_by_role("button", name="Cancel").click()
        expect(text.locator("[data-left]")).to_have_text(case.said)
        text.keyboard.press("Control+z")
        assert body(text) == "", case.name


def test_lists_and_tables_come_back_as_they_were_and_keys_take_items_apart_as_in_word(text: Page) -> None:
    keys = text.keyboard
    keys.type("- One")
    keys.press("Enter")
    keys.type("two")
    keys.press("Enter")
    keys.type("three")
    keys.press("Home")
    keys.press("ArrowUp")
    keys.press("Backspace")  # takes the mark away, and leaves no item of two paragraphs
    assert body(text) == "- One\n\ntwo\n\n- three"
    keys.press("Control+z")
    keys.press("End")
    keys.press("Delete")
    assert body(text) == "- One\n- twothree"
    keys.press("Control+z")
    for _ in range(3):
        keys.press("Backspace")
    assert body(text) == "- One\n- three", "an empty item shows nothing"
    paste(
        text,
        "<ul><li>a</li></ul><ul><li>b</li></ul><table><tr><td>H</td><td>I</td></tr><tr><td>1</td><td></td></tr></table>",
    )
    shown = text.locator("#visual-text").inner_text()
    assert "| H | I |\n| --- | --- |\n| 1 |  |" in body(text)
    keys.press("Control+s")
    expect(text.get_by_text("It is saved.")).to_be_visible()
    assert text.locator("#visual-text").inner_text() == shown
    expect(text.locator("#visual-text table td")).to_have_count(2)
    expect(text.locator("#visual-text section")).to_have_count(0)


def test_a_paste_into_an_item_or_a_cell_stays_in_the_list_or_table_and_is_undone_alone(text: Page) -> None:
    keys = text.keyboard
    pasted = "<p>Two</p><p>Three</p><ul><li>Four</li></ul>"
    for before, becomes, typed in (
        ("- One", "- OneTwo\n- Three\n- Four", "- One"),
        ("1. One", "1. OneTwo\n2. Three\n3. Four", "1. One"),
        ("|  |  |\n| --- | --- |\n|  |  |\n|  |  |", "| Two Three Four |  |\n| --- | --- |\n|  |  |\n|  |  |", ""),
    ):
        if typed:
            keys.type(typed)
        else:
            text.get_by_role("button", name="Table", exact=True).click()
        paste(text, pasted)
        assert body(text) == becomes
        keys.press("Control+z")
        assert body(text) == before
        text.get_by_role("button", name="As Markdown").click()
        text.locator("#f-body").fill("")
        text.get_by_role("button", name="As on the page").click()
    # Lists that a picture parted, and undo and redo over all of it.
    picture = f'<img alt="A door" src="data:image/png;base64,{PNG}">'
    paste(text, f"<ul><li>a</li></ul><p>{picture}</p><ul><li>b</li></ul>")
    text.get_by_role("button", name="Put it in").click()
    expect(text.locator("#visual-text img")).to_be_visible()
    whole = body(text)
    assert re.sub(r"\(.*?\)", "", whole) == "- a\n\n![A door]\n\n- b"
    for key, after in (("z", "- a\n\n- b"), ("z", ""), ("y", "- a\n\n- b"), ("y", whole)):
        keys.press(f"Control+{key}")
        assert body(text) == after


def test_a_drop_is_read_like_a_paste(text: Page) -> None:
    text.keyboard.type("Here.")
    text.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/html", "<p>Ten <del>closed</del> rooms.</p><p>Open.</p>");
            const { left, bottom } = document.querySelector("#visual-text p").getBoundingClientRect();
            const more = { dataTransfer: data, clientX: left + 1, clientY: bottom - 8, bubbles: true, cancelable: true };
            document.querySelector("#visual-text p").dispatchEvent(new DragEvent("drop", more));
        }"""
    )
    assert body(text) == "Ten rooms.\n\nOpen.Here."
    expect(text.locator("[data-left]")).to_have_text("1 deleted passage was left out.")


def test_a_long_paste_is_quick(text: Page) -> None:
    for size, most in ((100_000, 1_000), (1_000_000, 5_000)):
        paragraph = f"<p class=MsoNormal><b>Ten</b> rooms {'opened today ' * 20}</p>"
        took = text.evaluate(
            """html => {
                const data = new DataTransfer();
                data.setData("text/html", html);
                const start = performance.now();
                document.querySelector("#visual-text").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
                document.body.offsetHeight;
                return performance.now() - start;
            }""",
            paragraph * (size // len(paragraph)),
        )
        assert took < most


def test_a_paste_into_the_field_for_markdown_is_read_in_the_same_way_and_can_be_undone(text: Page) -> None:
    text.get_by_role("button", name="As Markdown").click()
    field = text.locator("#f-body")
    field.fill("Before.\n\n")
    tracked = next(case for case in CASES if case.name == "word-tracked")
    for html, plain, becomes in (
        (tracked.html, "", tracked.markdown),
        ("", "5*3*2 is\n#EndAbuse", "5\\*3\\*2 is\n\n\\#EndAbuse"),
        ("", "## Mine\n\n- a", ""),  # the browser itself puts in what is Markdown already
        (
            "<p>Ten rooms opened today.</p>" * 2_000,
            "",
            "Ten rooms opened today.\n\n" * 1_999 + "Ten rooms opened today.",
        ),
    ):
        paste(text, html, plain, "#f-body")
        assert field.input_value() == f"Before.\n\n{becomes}"
        if becomes:
            text.keyboard.press("Control+z")
        assert field.input_value() == "Before.\n\n"
    text.get_by_role("button", name="As on the page").click()


def test_a_refused_picture_costs_no_word_and_a_good_one_stands_at_the_caret(text: Page, tmp_path: Path) -> None:
    from PIL import Image

    text.keyboard.type("Words before.")
    text.get_by_role("button", name="Picture").click()
    wrong = tmp_path / "notes.jpg"
    wrong.write_bytes(b"no picture")
    text.get_by_label("Picture file").set_input_files(wrong)
    text.get_by_role("textbox", name="What the picture shows").fill("A green door")
    text.get_by_role("button", name="Put it in").click()
    expect(text.get_by_role("alert").get_by_text("This is not a picture that can be used.")).to_be_visible()
    expect(text.get_by_role("textbox", name="What the picture shows")).to_have_value("A green door")
    Image.new("RGB", (300, 200), (90, 120, 110)).save(tmp_path / "door.png")
    text.get_by_label("Picture file").set_input_files(tmp_path / "door.png")
    text.get_by_role("button", name="Put it in").click()
    expect(text.locator("#visual-text img")).to_be_visible()
    assert body(text).startswith("Words before.\n\n![A green door](/images/")


PNG = "iVBORw0KGgoAAAANSUhEUgAAACgAAAAeCAIAAADRv8uKAAAALUlEQVR4nO3NIQEAMAgAsPOYhEATnwo4zFZgkV3vwj9ZxWKxWCwWi8VisVi8Mm+bAXwauBpVAAAAAElFTkSuQmCC"


def test_pictures_of_a_paste_are_asked_about_where_they_stood_and_a_screenshot_too(text: Page) -> None:
    carried = f'<img alt="A door" src="data:image/png;base64,{PNG}">'
    paste(
        text,
        f"<p>Before.</p><p>{carried}</p><p>Between {carried} words.</p>"
        f'<p>After.</p><img alt="A map" src="file:///C:/map.png"><p><img alt="No picture" src="data:image/png;base64,{PNG[:40]}"></p>',
    )
    dialog, shows = text.get_by_role("dialog"), text.get_by_role("textbox", name="What the picture shows")
    for number, words in ((1, "A green door"), (2, "Another")):
        expect(dialog.get_by_role("heading", name=f"Picture {number} of 3")).to_be_visible()
        expect(shows).to_have_value("A door")
        shows.fill(words)
        text.get_by_role("button", name="Put it in").click()
    expect(dialog.get_by_role("heading", name="Picture 3 of 3")).to_be_visible()
    text.get_by_role("button", name="Put it in").click()
    expect(dialog.get_by_role("alert")).to_contain_text("This is not a picture that can be used.")
    text.get_by_role("button", name="Cancel").click()
    expect(text.locator("[data-left]")).to_contain_text("2 pictures (“A map”, “No picture”) were left out.")
    markdown = re.sub(r"/images/\w+\.\w+", "/images/X", body(text))
    assert markdown.startswith(
        "Before.\n\n![A green door](/images/X)\n\nBetween words.\n\n![Another](/images/X)\n\nAfter."
    ), markdown
    assert "\ue000" not in markdown
    # A screenshot: a file, to which Chromium and Word add HTML without words.
    for html in ("", '<img src="https://elsewhere.example/x.png">'):
        before = text.locator("#visual-text img").count()
        text.evaluate(
            """([html, png]) => {
                const data = new DataTransfer();
                if (html) data.setData("text/html", html);
                data.items.add(new File([Uint8Array.from(atob(png), (character) => character.charCodeAt(0))], "image.png", { type: "image/png" }));
                document.querySelector("#visual-text").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
            }""",
            [html, PNG],
        )
        shows.fill("A screenshot")
        text.keyboard.press("Enter")
        expect(text.locator("#visual-text img")).to_have_count(before + 1)


def test_a_picture_of_the_library_stands_at_the_caret_and_selected_words_get_a_comment(
    text: Page, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (300, 200), (200, 40, 40)).save(tmp_path / "lamp.png")
    text.get_by_role("button", name="Picture").click()
    text.get_by_label("Picture file").set_input_files(tmp_path / "lamp.png")
    text.get_by_role("textbox", name="What the picture shows").fill("A red lamp")
    text.get_by_role("button", name="Put it in").click()
    expect(text.locator("#visual-text img")).to_be_visible()
    # Go on with another text.
    text.goto(text.url.partition("/items/")[0] + "/items/new?kind=news")
    text.get_by_label("Title").fill("Lamps for every door")
    text.get_by_role("button", name="Start writing").click()
    text.locator("#visual-text").click()
    text.keyboard.type("Words before.")
    text.get_by_role("button", name="Picture").click()
    text.get_by_text("One of the library", exact=True).click()
    text.get_by_label("Words of what it shows").fill("lamp")
    expect(text.locator(".choices label:visible")).to_have_count(1)
    text.locator(".choices label:visible").click()
    expect(text.get_by_role("textbox", name="What the picture shows")).to_have_value("A red lamp")
    text.get_by_role("button", name="Put it in").click()
    expect(text.locator("#visual-text img")).to_be_visible()
    assert body(text).startswith("Words before.\n\n![A red lamp](/images/")
    text.get_by_role("button", name="Save as a draft").click()
    expect(text.get_by_text("It is saved.")).to_be_visible()
    expect(text.locator("#visual-text img")).to_be_visible()
    text.get_by_role("link", name="Review and publish").click()
    expect(text.frame_locator("[data-preview]").get_by_text("Words before.")).to_be_visible()
    text.frame_locator("[data-preview]").get_by_text("Words before.").select_text()
    expect(text.get_by_label("Or these words of it")).to_have_value("Words before.")
    text.get_by_label("Your comment").fill("Before what?")
    text.get_by_role("button", name="Comment", exact=True).click()
    expect(text.locator(".comment blockquote")).to_have_text("Words before.")
    assert not problems_of(text)


def test_the_focus_is_where_one_wrote_after_a_save_and_else_on_what_the_desk_answers(text: Page) -> None:
    keys = text.keyboard
    keys.type("One.")
    keys.press("Enter")
    keys.type("Two.")
    keys.press("Enter")
    keys.type("Three.")
    keys.press("ArrowUp")
    with text.expect_navigation():
        keys.press("Control+s")
    expect(text.locator("#visual-text")).to_be_focused()
    expect(text.locator("[data-saved]")).to_have_text("Saved.")
    keys.type("!")
    assert body(text) == "One.\n\nTwo.!\n\nThree."
    place = text.get_by_role("textbox", name="Place")
    place.fill("Leeds")
    keys.press("ArrowLeft")
    with text.expect_navigation():
        keys.press("Control+s")
    expect(place).to_be_focused()
    keys.type("-")
    expect(place).to_have_value("Leed-s")
    text.locator("#visual-text").click()
    text.get_by_role("button", name="Statement").click()
    keys.press("Control+Enter")
    expect(text.get_by_role("alert").filter(has_text="It cannot be sent for approval yet.")).to_be_focused()
    assert text.title().startswith("Problem: ")
    text.get_by_role("button", name="Take out").click()
    keys.press("Control+Enter")
    expect(text.locator(".said[role=status]")).to_be_focused()
    assert not text.title().startswith("Problem: ")


@pytest.mark.parametrize("width", [375, 1280])
def test_the_editor_breaks_no_rule_of_axe_and_fits(text: Page, width: int) -> None:
    text.set_viewport_size({"width": width, "height": 800})
    for block in ("Figure", "Contact", "Big link", "Steps"):
        text.get_by_role("combobox", name="Insert").select_option(block)
    text.get_by_role("button", name="Table", exact=True).click()
    text.evaluate("scrollTo(0, 0)")  # further down, the bar that stays in view would cover a part of something
    problems = problems_of(text)
    if text.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        problems.append("wider than the screen")
    text.set_viewport_size({"width": 1280, "height": 900})
    assert not problems


def test_the_next_check_is_known_by_what_is_wrong_and_not_by_its_words(text: Page) -> None:
    text.get_by_role("button", name="As Markdown").click()
    text.locator("#f-body").fill("/// quote\n///\n\n/// quote\n///\n")
    expect(text.locator("[data-count]")).to_contain_text("2 to put right", timeout=15_000)
    for line in (1, 4, 1):
        text.keyboard.press("Alt+F7")
        reached = "field => field.value.slice(0, field.selectionStart).split('\\n').length"
        assert text.locator("#f-body").evaluate(reached) == line
        text.evaluate(
            "document.querySelectorAll('[data-panel] li').forEach((check) => check.append(' In other words.'))"
        )
    text.get_by_role("button", name="As on the page").click()  # the desk remembers it, also for the tests that follow


SEEN = """() => {
    const { anchorNode } = getSelection();
    // The caret of an empty line has no size of its own.
    const line = anchorNode instanceof Element ? anchorNode : getSelection().getRangeAt(0);
    const place = document.activeElement.matches("input, select") ? document.activeElement : line;
    const { top, bottom } = place.getBoundingClientRect();
    return [...document.querySelectorAll(".checks, [data-visual] .toolbar")].every((bar) => top >= bar.getBoundingClientRect().bottom) && bottom <= innerHeight;
}"""


def wait_until_in_sight(page: Page) -> None:
    """Wait until the place of writing is neither behind the bars nor below the screen."""
    for _ in range(200):
        if page.evaluate(SEEN):
            return
        page.wait_for_timeout(50)
    raise AssertionError("it is out of sight")


def test_on_a_phone_checks_stay_in_view_and_lead_to_the_place(text: Page) -> None:
    text.set_viewport_size({"width": 375, "height": 667})
    keys = text.keyboard
    for number in range(30):
        keys.type(f"Line {number}.")
        keys.press("Enter")
    text.get_by_role("button", name="Statement").click()
    text.locator("#visual-text").press("Control+End")
    for number in range(20):
        keys.type(f"After {number}.")
        keys.press("Enter")
    count = text.locator("[data-count]")
    expect(count).to_contain_text("1 to put right", timeout=15_000)
    expect(count).to_be_in_viewport()
    text.locator("[data-checks] summary").click()
    text.get_by_role("link", name="Show it in the text").first.click()
    speaker = text.get_by_role("textbox", name="Who said it, and their role")
    expect(speaker).to_be_focused()
    text.set_viewport_size({"width": 375, "height": 340})  # the keyboard comes up
    wait_until_in_sight(text)
    # By keys: the next check, from any place in the text; and the caret never goes behind the bars above the text.
    text.locator("#visual-text").press("Control+End")
    wait_until_in_sight(text)
    for _ in range(25):
        keys.press("ArrowUp")
    wait_until_in_sight(text)
    keys.press("Alt+F7")
    expect(speaker).to_be_focused()
    wait_until_in_sight(text)
    expect(text.locator("[data-saved]")).to_contain_text("A card (Statement) has no words")
    # In the field for Markdown, too.
    text.get_by_role("button", name="As Markdown").click()
    field = text.locator("#f-body")
    keys.press("Alt+F7")
    expect(field).to_be_focused()
    selected = field.evaluate("field => [field.value.slice(field.selectionStart, field.selectionEnd), field.scrollTop > 0, field.scrollTop + field.clientHeight < field.scrollHeight]")  # fmt: skip
    assert selected == ["/// quote", True, True]
    text.get_by_role("button", name="As on the page").click()
    text.set_viewport_size({"width": 1280, "height": 900})
