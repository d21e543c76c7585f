"""“Hide this page” in Chromium: a test for each point of the exit's specification, named after it."""

import contextlib
import io
import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.browser.conftest import Visited
from tests.browser.places import HANG_SECONDS
from tests.browser.readers import WATCH_FRAMES, eventually

PAGES_ALONE = True  # chromium.py
# Points about the browser: history, cookies, ways out, tabs. All others are about what a page shows and hears.
NEEDS_WHOLE_CHROMIUM = re.compile(r"test_(h\d|f4|f5|t[123])_")
PAGES = ["/help/money", "/help", "/help/signs", "/contacts", "/news", "/help/getting-ready", "/safer-browsing"]


class Visit:
    """A tab, the addresses painted in it, and the moves of a reader."""

    def __init__(self, context: BrowserContext, visited: Visited) -> None:
        self.site, self.places = visited
        self.context = context
        self.painted: list[str] = []
        context.expose_function("painted", lambda url: self.painted.append(url))
        context.add_init_script(f"({WATCH_FRAMES})(window, window.painted)")
        self.tab = context.new_page()
        self.places.asked.clear()

    def arrive(self) -> None:
        """Come from the search page to the front page."""
        self.tab.goto(self.places.url("search"))
        self.tab.click("#in")
        self.tab.wait_for_selector("#hide-this-page")

    def read(self, path: str) -> None:
        """Follow a link to `path` in place."""
        self.tab.evaluate(
            """path => {
              document.querySelector("main h1").dataset.before = "";
              const link = Object.assign(document.createElement("a"), { href: path });
              document.body.append(link);
              link.click();
              link.remove();
            }""",
            path,
        )
        self.tab.wait_for_selector("main h1:not([data-before])")

    def load(self, path: str) -> None:
        """Load a page whole, as with scripts off or a typed address: one more entry in the tab."""
        self.tab.goto(self.site.url + path)

    def hide(self) -> None:
        """Press the button, and wait for the weather."""
        self.tab.click("#hide-this-page")
        self.tab.wait_for_url(self.places.url("exit"))
        self.painted.clear()

    def press(self, direction: str, times: int = 10) -> None:
        """Press Back or Forward again and again."""
        for _ in range(times):
            with contextlib.suppress(Error):
                move = self.tab.go_back if direction == "back" else self.tab.go_forward
                move(wait_until="commit", timeout=1500)
            self.tab.wait_for_timeout(60)

    def entries(self) -> list[str]:
        """The addresses in the tab's history."""
        session = self.context.new_cdp_session(self.tab)
        return [entry["url"] for entry in session.send("Page.getNavigationHistory")["entries"]]

    def assert_never_seen_again(self) -> None:
        """Ten times Back and ten times Forward, and no frame shows the site."""
        self.press("back")
        self.press("forward")
        assert not [url for url in self.painted if url.startswith(self.site.url)]


@pytest.fixture
def visit(request: pytest.FixtureRequest, visited: Visited) -> Iterator[Visit]:
    """A visit in a fresh profile: of whole Chromium, where the browser itself decides what becomes of a visit."""
    browser: Browser = request.getfixturevalue(
        "chromium" if NEEDS_WHOLE_CHROMIUM.match(request.node.name) else "browser"
    )
    context = browser.new_context(viewport={"width": 320, "height": 568})
    yield Visit(context, visited)
    visited[1].silent.clear()
    context.close()


def test_h1_back_and_forward_never_show_the_visit_after_seven_pages(visit: Visit) -> None:
    visit.arrive()
    for path in PAGES:
        visit.read(path)
    visit.hide()
    assert [url for url in visit.entries() if url.startswith(visit.site.url)] == []
    visit.assert_never_seen_again()


def test_h1_back_and_forward_never_show_pages_that_were_loaded_whole(visit: Visit) -> None:
    visit.arrive()
    for path in PAGES[:3]:
        visit.load(path)
    visit.hide()
    visit.assert_never_seen_again()


def test_h1_back_and_forward_never_show_the_visit_with_a_foreign_page_in_between(visit: Visit) -> None:
    visit.arrive()
    visit.tab.goto(visit.places.url("elsewhere"))
    visit.tab.click("#again")
    visit.tab.wait_for_selector("#hide-this-page")
    visit.hide()
    visit.assert_never_seen_again()


def test_h1_back_and_forward_never_show_the_visit_when_back_was_pressed_first(visit: Visit) -> None:
    visit.arrive()
    for path in PAGES[:3]:
        visit.load(path)
    visit.press("back", 2)
    visit.hide()
    visit.assert_never_seen_again()


def test_h2_no_entry_of_the_tab_holds_our_address_except_w(visit: Visit) -> None:
    visit.arrive()
    for path in PAGES[:3]:
        visit.load(path)
    visit.hide()
    ours = {url for url in visit.entries() if url.startswith(visit.site.url)}
    assert ours <= {f"{visit.site.url}/w"}


def test_h5_a_new_visit_shows_the_page_at_once_with_the_notice(visit: Visit) -> None:
    visit.arrive()
    visit.load("/help/money")
    visit.hide()
    visit.load("/help/signs")
    assert visit.tab.locator("h1").is_visible()
    assert visit.tab.locator("#hide-notice").is_visible()
    assert visit.context.cookies(visit.site.url) == []


def test_the_notice_goes_when_it_is_closed_and_when_moving_on_from_a_page_of_ours(visit: Visit) -> None:
    visit.arrive()
    assert visit.tab.locator("#hide-notice").is_visible()
    visit.read("/help/money")
    assert visit.tab.locator("#hide-notice").is_visible()
    visit.tab.get_by_role("button", name="Close").click()
    visit.read("/help/signs")
    assert not visit.tab.locator("#hide-notice").is_visible()


def test_f1_the_page_is_covered_in_the_same_task(visit: Visit) -> None:
    visit.arrive()
    session = visit.context.new_cdp_session(visit.tab)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    covered = visit.tab.evaluate(
        """() => new Promise(done => {
          addEventListener("click", () => queueMicrotask(() =>
            done([getComputedStyle(document.documentElement).display, document.title])), { once: true, capture: true });
          const link = document.getElementById("hide-this-page");
          addEventListener("sidedoor:hide", () => {}, true);
          document.addEventListener("sidedoor:hide", () => done([getComputedStyle(document.documentElement).display, document.title]));
          link.click();
        })"""
    )
    assert covered == ["none", "Untitled"]


def test_f2_the_exit_works_while_the_page_is_still_arriving_and_without_the_style_sheet(visit: Visit) -> None:
    page = visit.context.request.get(f"{visit.site.url}/help/money").text()
    start, _, _ = page.partition("<main")
    unstyled = start[: start.index("<style>")] + start[start.index("</style>") + len("</style>") :]
    visit.tab.route("**/half", lambda route: route.fulfill(body=unstyled, content_type="text/html"))
    visit.tab.goto(f"{visit.site.url}/half")
    visit.hide()


def test_f3_with_scripts_off_the_first_link_after_the_skip_link_leaves(chromium: Browser, visited: Visited) -> None:
    site, places = visited
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{site.url}/help/money")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.wait_for_url(places.url("exit"))
    context.close()


def test_with_scripts_off_the_notice_can_be_closed(browser: Browser, visited: Visited) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{visited[0].url}/help/money")
    tab.click("#hide-notice button")
    tab.wait_for_selector("#hide-notice", state="hidden")
    context.close()


def test_f4_a_hanging_exit_never_brings_the_page_back_and_the_second_is_tried(visit: Visit) -> None:
    visit.arrive()
    visit.places.silent.add("exit")
    visit.tab.evaluate("document.getElementById('hide-this-page').click()")
    visit.tab.wait_for_timeout(300)
    visit.painted.clear()
    visit.tab.wait_for_url(visit.places.url("second"), timeout=HANG_SECONDS * 1000)
    assert not [url for url in visit.painted if url.startswith(visit.site.url)]


def test_f4_stopping_the_way_out_does_not_bring_the_page_back(visit: Visit) -> None:
    visit.arrive()
    visit.places.silent.add("exit")
    visit.tab.evaluate("document.getElementById('hide-this-page').click()")
    visit.context.new_cdp_session(visit.tab).send("Page.stopLoading")
    assert visit.tab.evaluate("getComputedStyle(document.documentElement).display") == "none"


def test_f4_a_recording_is_silent_under_the_cover_and_nothing_starts_it_again(visit: Visit) -> None:
    visit.tab.goto(f"{visit.site.url}/help/get-help-now")
    visit.tab.focus("main audio")
    visit.tab.keyboard.press("Space")
    visit.tab.evaluate("new Promise((played) => document.querySelector('main audio').ontimeupdate = played)")
    visit.places.silent.add("exit")
    visit.tab.evaluate(
        "window.heard = document.querySelector('audio'); document.getElementById('hide-this-page').click()"
    )
    assert visit.tab.evaluate("heard.paused && heard.play().then(() => 'plays', () => 'silent')") == "silent"


def test_f4_a_refusing_exit_never_brings_the_page_back(visit: Visit) -> None:
    visit.arrive()
    visit.tab.route(visit.places.url("exit"), lambda route: route.abort("connectionrefused"))
    visit.tab.click("#hide-this-page", no_wait_after=True)
    visit.tab.wait_for_timeout(1000)
    visit.painted.clear()
    visit.press("back", 3)
    assert not [url for url in visit.painted if url.startswith(visit.site.url)]


def test_f5_five_rapid_activations_are_one_navigation(visit: Visit) -> None:
    visit.arrive()
    visit.tab.evaluate("for (let i = 0; i < 5; i++) document.getElementById('hide-this-page').click()")
    visit.tab.wait_for_url(visit.places.url("exit"))
    visit.tab.wait_for_timeout(500)
    assert len(visit.places.asked_of("exit")) == 1


@pytest.mark.parametrize("scripts", [True, False])
def test_t1_the_exit_learns_nothing_and_is_asked_nothing_before(
    chromium: Browser, visited: Visited, scripts: bool
) -> None:
    site, places = visited
    places.asked.clear()
    context = chromium.new_context(java_script_enabled=scripts)
    tab = context.new_page()
    tab.goto(f"{site.url}/help/money")
    assert places.asked_of("exit") == []
    tab.click("#hide-this-page")
    tab.wait_for_url(places.url("exit"))
    (request,) = places.asked_of("exit")
    assert request.referer is None
    assert request.path == "/"
    context.close()


def test_t2_nothing_is_stored_before_and_after(visit: Visit) -> None:
    visit.arrive()
    for path in PAGES[:2]:
        visit.read(path)
    stored = visit.tab.evaluate(
        """async () => [document.cookie, localStorage.length, sessionStorage.length, (await caches.keys()).length,
          (await navigator.serviceWorker.getRegistrations()).length, (await indexedDB.databases()).length]"""
    )
    assert stored == ["", 0, 0, 0, 0, 0]
    visit.hide()
    assert visit.context.cookies(visit.site.url) == []


def test_t2_after_several_entries_there_is_one_session_cookie(visit: Visit) -> None:
    visit.arrive()
    visit.load("/help/money")
    visit.hide()
    assert [(cookie["name"], cookie["expires"]) for cookie in visit.context.cookies(visit.site.url)] == [("w", -1)]


def test_t3_every_other_tab_of_the_site_leaves_within_a_second(visit: Visit) -> None:
    visit.arrive()
    other = visit.context.new_page()
    other.goto(f"{visit.site.url}/help/signs")
    visit.tab.bring_to_front()
    visit.hide()
    other.wait_for_url(visit.places.url("exit"), timeout=1000)


def test_t4_a_normal_print_leaves_out_the_button_and_the_name_of_the_site(visit: Visit) -> None:
    visit.load("/help/money")
    visit.tab.emulate_media(media="print")
    assert not visit.tab.locator("#hide-this-page").is_visible()
    assert not visit.tab.locator("header .name").is_visible()
    assert visit.tab.locator("h1").is_visible()


@pytest.mark.parametrize("size", [(320, 568), (320, 256), (640, 360), (1280, 800)])
def test_r1_the_link_can_be_hit_wherever_the_page_is_scrolled_to(visit: Visit, size: tuple[int, int]) -> None:
    visit.tab.set_viewport_size({"width": size[0], "height": size[1]})
    for path in ("/", "/help/get-help-now", "/contacts"):
        visit.load(path)
        hit = visit.tab.evaluate(
            """() => {
              const link = document.getElementById("hide-this-page");
              const results = [];
              for (let y = 0; y <= document.documentElement.scrollHeight; y += innerHeight / 2) {
                scrollTo({ top: y, behavior: "instant" });
                const box = link.getBoundingClientRect();
                const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
                results.push(top === link && box.width >= 44 && box.height >= 44);
              }
              return results.every(Boolean) && results.length > 1;
            }"""
        )
        assert hit, (path, size)


@pytest.mark.parametrize("path", ["/", "/cy/help/get-help-now"])
def test_r1_beside_the_text_or_under_it_the_link_covers_nothing_at_the_top_of_the_page(visit: Visit, path: str) -> None:
    visit.load(path)
    covered = []
    for width in range(320, 1500, 20):
        visit.tab.set_viewport_size({"width": width, "height": 700})
        covered += visit.tab.evaluate(
            """width => {
              const link = document.getElementById("hide-this-page").getBoundingClientRect();
              const over = (box) => box.right > link.left && box.left < link.right && box.bottom > link.top && box.top < link.bottom;
              const inFlow = link.width > innerWidth - 2 ? "header a" : "header a, main *";
              return [...document.querySelectorAll(inFlow)]
                .filter((element) => element.id !== "hide-this-page" && over(element.getBoundingClientRect()))
                .map((element) => `${width}: ${element.textContent.trim().slice(0, 20)}`);
            }""",
            width,
        )
    assert covered == []


@pytest.mark.parametrize("moved", [(0, 0), (100, 150), (240, 426)])
def test_r1_while_the_page_is_magnified_the_link_is_in_what_is_seen(
    browser: Browser, visited: Visited, moved: tuple[int, int]
) -> None:
    site, places = visited
    context = browser.new_context(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    tab = context.new_page()
    tab.goto(f"{site.url}/help/money")
    tab.evaluate("scrollTo(0, 500)")
    session = context.new_cdp_session(tab)
    session.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 3})
    tab.wait_for_function("() => visualViewport.scale === 3")
    tab.mouse.move(50, 50)
    tab.mouse.wheel(*moved)

    def has_moved() -> bool:
        offsets = tab.evaluate("[visualViewport.offsetLeft, visualViewport.offsetTop]")
        return all(offset > 0 for offset, by in zip(offsets, moved, strict=True) if by)

    eventually(has_moved)
    in_sight = """() => {
      const { scale, offsetLeft, offsetTop, width, height } = visualViewport;
      const link = document.getElementById("hide-this-page");
      const box = link.getBoundingClientRect();
      const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      const inside = box.left >= offsetLeft - 1 && box.right <= offsetLeft + width + 1
        && box.top >= offsetTop - 1 && box.bottom <= offsetTop + height + 1;
      return [scale > 1.5, hit === link, inside, box.height * scale >= 44, box.width * scale >= 44];
    }"""
    eventually(lambda: tab.evaluate(in_sight) == [True] * 5)
    tab.wait_for_timeout(300)  # and it stays there
    assert tab.evaluate(in_sight) == [True] * 5
    session.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 1})
    tab.wait_for_function("() => visualViewport.scale === 1")
    tab.wait_for_function("() => document.getElementById('hide-this-page').style.transform === ''")
    assert tab.evaluate("visualViewport.scale") == 1
    tab.tap("#hide-this-page")
    tab.wait_for_url(places.url("exit"))
    context.close()


def test_r1_nothing_that_has_focus_is_under_the_link(visit: Visit) -> None:
    visit.load("/help/get-help-now")
    for _ in range(60):
        visit.tab.keyboard.press("Tab")
        covered = visit.tab.evaluate(
            """() => {
              const link = document.getElementById("hide-this-page").getBoundingClientRect();
              const focused = document.activeElement;
              if (focused === document.body || focused.id === "hide-this-page") return false;
              const box = focused.getBoundingClientRect();
              return box.bottom > link.top + 1 && box.top < link.bottom && box.right > link.left && box.left < link.right && box.height < innerHeight / 2;
            }"""
        )
        assert not covered, visit.tab.evaluate("document.activeElement.outerHTML")


def brightness(tab: Page) -> tuple[int, int]:
    """The darkest and the brightest shade on the screen, from 0 to 255."""
    histogram = Image.open(io.BytesIO(tab.screenshot())).convert("L").histogram()
    shades = [shade for shade, count in enumerate(histogram) if count]
    return shades[0], shades[-1]


def press_shift_three_times(tab: Page, keys: tuple[str, str, str] = ("ShiftLeft", "ShiftRight", "ShiftLeft")) -> None:
    """Press Shift three times."""
    for key in keys:
        tab.keyboard.press(key)


def test_r3_overlapping_presses_of_both_shift_keys_each_count(visit: Visit) -> None:
    visit.load("/help/money")
    keyboard = visit.tab.keyboard
    keyboard.down("ShiftLeft")
    keyboard.down("ShiftRight")
    keyboard.up("ShiftLeft")
    keyboard.up("ShiftRight")
    assert "1 more time" in visit.tab.inner_text("#hide-status")
    keyboard.down("ShiftLeft")
    keyboard.up("ShiftLeft")
    visit.tab.wait_for_url(visit.places.url("exit"))


def test_r3_a_shift_key_whose_release_is_never_reported_does_not_spoil_the_next_presses(visit: Visit) -> None:
    # Windows reports the release of only one key when both were held.
    visit.load("/help/money")
    visit.tab.keyboard.down("ShiftLeft")
    for _ in range(3):
        visit.tab.keyboard.press("ShiftRight")
    visit.tab.wait_for_url(visit.places.url("exit"))


def test_r4_both_shift_keys_held_while_typing_or_for_long_do_not_leave(visit: Visit) -> None:
    visit.load("/search")
    visit.tab.focus("#query")
    keyboard = visit.tab.keyboard
    for _ in range(3):
        keyboard.down("ShiftLeft")
        keyboard.down("ShiftRight")
        keyboard.press("a")
        keyboard.up("ShiftRight")
        keyboard.up("ShiftLeft")
    for _ in range(3):
        keyboard.down("ShiftLeft")
        keyboard.down("ShiftRight")
        keyboard.down("ShiftRight")  # a held key repeats
        keyboard.up("ShiftRight")
        keyboard.up("ShiftLeft")
    visit.tab.wait_for_timeout(300)
    assert visit.tab.url == f"{visit.site.url}/search"
    assert visit.tab.locator("h1").is_visible()


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/help/money", "body"),
        ("/search", "#query"),
        ("/feedback", "#message"),
        ("/contacts", "#narrow input[value=wales]"),
        ("/help/money", "summary"),
    ],
)
def test_r3_shift_three_times_leaves_from_every_kind_of_field(visit: Visit, path: str, field: str) -> None:
    visit.load(path)
    visit.tab.focus(field)
    press_shift_three_times(visit.tab)
    visit.tab.wait_for_url(visit.places.url("exit"))


def test_r3_progress_is_announced_politely(visit: Visit) -> None:
    visit.load("/help/money")
    visit.tab.keyboard.press("Shift")
    assert "2 more times" in visit.tab.inner_text("#hide-status")
    visit.tab.keyboard.press("Shift")
    assert "1 more time" in visit.tab.inner_text("#hide-status")
    visit.tab.keyboard.press("a")
    assert visit.tab.inner_text("#hide-status") == ""


def test_r4_nothing_else_leaves(visit: Visit) -> None:
    visit.load("/search")
    tab = visit.tab
    tab.focus("#query")
    tab.keyboard.type("AAA BBB")
    for _ in range(4):
        tab.keyboard.press("Shift+ArrowLeft")
    for _ in range(4):
        tab.keyboard.press("Shift+Tab")
    for _ in range(4):
        tab.click("main h1", modifiers=["Shift"])
    for _ in range(4):
        tab.keyboard.down("Shift")
        tab.mouse.wheel(0, 20)
        tab.wait_for_timeout(30)
        tab.keyboard.up("Shift")
    for _ in range(6):
        tab.keyboard.down("Shift")  # a held key repeats
    tab.keyboard.up("Shift")
    for key in ("Shift", "Shift", "a", "Shift", "Control", "Shift"):
        tab.keyboard.press(key)
    tab.wait_for_timeout(300)
    assert tab.url == f"{visit.site.url}/search"
    assert tab.locator("h1").is_visible()


def test_r4_presses_more_than_five_seconds_apart_do_not_leave(visit: Visit) -> None:
    visit.tab.clock.install()
    visit.load("/help/money")
    for _ in range(4):
        visit.tab.keyboard.press("Shift")
        visit.tab.clock.fast_forward(5100)
    assert visit.tab.url == f"{visit.site.url}/help/money"
    assert visit.tab.locator("h1").is_visible()


def test_the_shortcut_can_be_turned_off_for_the_visit_in_the_guide_and_on_the_practice_page(visit: Visit) -> None:
    visit.load("/safer-browsing")
    visit.tab.uncheck("#shortcut-switch")
    press_shift_three_times(visit.tab)
    visit.read("/practise")
    assert not visit.tab.is_checked("#shortcut-switch")
    press_shift_three_times(visit.tab)
    visit.tab.wait_for_timeout(300)
    assert visit.tab.locator("h1").inner_text() == "Try the button"
    visit.tab.check("#shortcut-switch")
    press_shift_three_times(visit.tab)
    visit.tab.wait_for_url(visit.places.url("exit"))


def test_with_scripts_off_no_shortcut_is_promised(browser: Browser, visited: Visited) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(visited[0].url + "/practise")
    assert not tab.locator("#shortcut-switch").is_visible()
    context.close()


def test_r1_a_tap_leaves_and_scrolling_pinching_and_tapping_the_words_do_not(
    browser: Browser, visited: Visited
) -> None:
    site, places = visited
    context = browser.new_context(viewport={"width": 320, "height": 568}, has_touch=True, is_mobile=True)
    tab = context.new_page()
    tab.goto(f"{site.url}/help/money")
    for _ in range(3):
        tab.tap("main h1")
    tab.mouse.wheel(0, 400)
    assert tab.url == f"{site.url}/help/money"
    tab.tap("#hide-this-page")
    tab.wait_for_url(places.url("exit"))
    context.close()


@pytest.mark.parametrize("field", ["#query", "#message"])
def test_r1_the_link_stays_above_a_software_keyboard(visit: Visit, field: str) -> None:
    # interactive-widget=resizes-content: a keyboard makes the page's window shorter.
    visit.tab.set_viewport_size({"width": 360, "height": 300})
    visit.load("/search" if field == "#query" else "/feedback")
    visit.tab.focus(field)
    boxes = [visit.tab.locator(css).bounding_box() for css in (field, "#hide-this-page")]
    assert boxes[0]
    assert boxes[1]
    assert boxes[1]["y"] + boxes[1]["height"] <= 300
    assert boxes[0]["y"] < boxes[1]["y"]
    assert visit.tab.locator('meta[name="viewport"][content*="interactive-widget=resizes-content"]').count() == 1


def test_r2_its_accessible_name_begins_with_what_is_seen(visit: Visit) -> None:
    visit.load("/help/money")
    link = visit.tab.locator("#hide-this-page")
    session = visit.context.new_cdp_session(visit.tab)
    session.send("Accessibility.enable")
    tree = session.send("Accessibility.getFullAXTree")["nodes"]
    names = [node["name"]["value"] for node in tree if node.get("role", {}).get("value") == "link" and node.get("name")]
    assert [name for name in names if name.startswith(link.inner_text())] == ["Hide this page"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_r5_the_cover_is_as_bright_as_the_page(browser: Browser, visited: Visited, scheme: str) -> None:
    site, places = visited
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        viewport={"width": 60, "height": 60},
    )
    tab = context.new_page()
    places.silent |= {"exit", "second"}
    tab.goto(f"{site.url}/help/money")
    tab.evaluate("document.getElementById('hide-this-page').click()")
    darkest, brightest = brightness(tab)
    assert darkest == brightest, "the cover shows something"
    assert darkest < 40 if scheme == "dark" else brightest > 240
    places.silent.clear()
    context.close()


def test_t4_printing_after_activation_prints_a_blank_page(visit: Visit) -> None:
    visit.arrive()
    visit.tab.emulate_media(media="print")
    state = visit.tab.evaluate(
        """() => {
          const words = () => document.querySelector("main h1").getClientRects().length;
          const before = words();
          document.getElementById("hide-this-page").click();
          return [matchMedia("print").matches, before, words(), document.documentElement.getClientRects().length];
        }"""
    )
    assert state == [True, 1, 0, 0]


def test_f1_nothing_of_the_page_is_in_the_accessibility_tree_afterwards(visit: Visit) -> None:
    visit.arrive()
    session = visit.context.new_cdp_session(visit.tab)
    session.send("Accessibility.enable")

    def names() -> set[str]:
        tree = session.send("Accessibility.getFullAXTree")["nodes"]
        return {node.get("name", {}).get("value", "") for node in tree if not node.get("ignored")} - {"", "Untitled"}

    before = names()
    assert "Hide this page" in before
    visit.places.silent |= {"exit", "second"}
    visit.tab.evaluate("document.getElementById('hide-this-page').click()")
    assert names() & before == set()


def test_r4_an_input_method_composing_with_shift_does_not_leave(visit: Visit) -> None:
    visit.load("/search")
    visit.tab.focus("#query")
    session = visit.context.new_cdp_session(visit.tab)
    session.send("Input.imeSetComposition", {"text": "あ", "selectionStart": 1, "selectionEnd": 1})
    for _ in range(3):
        session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": "Shift", "code": "ShiftLeft"})
        session.send("Input.imeSetComposition", {"text": "ああ", "selectionStart": 2, "selectionEnd": 2})
        session.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": "Shift", "code": "ShiftLeft"})
    visit.tab.wait_for_timeout(200)
    assert visit.tab.url == f"{visit.site.url}/search"
    assert visit.tab.locator("h1").is_visible()
