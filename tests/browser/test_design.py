"""The design as a browser shows it: what is above the fold, how large a target is, what is announced and what is printed."""

import itertools
import re
from collections.abc import Iterable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.readers import FirefoxReader
from tests.server import RunningSite
from tests.web.test_catalogues import SHIPPED

PAGES_ALONE = True  # chromium.py

SMALL = {"width": 360, "height": 640}
PAGES = [
    *("/", "/help", "/help/get-help-now", "/cy/help/get-help-now", "/help/getting-ready", "/contacts", "/news"),
    *(
        "/news/project-cara-first-results",
        "/safer-browsing",
        "/search",
        "/feedback",
        "/chat",
        "/plan",
        "/check",
        "/card",
    ),
]
IN_EACH_LANGUAGE = ("", "/help/get-help-now", "/contacts", "/chat", "/feedback", "/search", "/nope")
# Links within a sentence may be as small as its words (WCAG 2.5.5, inline).
TARGETS = """() => [...document.querySelectorAll("a[href], button, summary, select, textarea, input[type=search], label.box")]
  .filter((target) => {
    const box = target.getBoundingClientRect();
    if (!box.width || target.matches(".skip") || target.closest(".trap")) return false;
    const words = target.closest("p:not(.up, .action, .call-now, .number), li, blockquote, .quiet");
    const own = target.textContent.trim().length;
    if (target.matches("a") && words && words.textContent.trim().length > own && !target.closest("nav, .topics, .news, .care")) return false;
    return box.width < 43.5 || box.height < 43.5;
  }).map((target) => target.outerHTML.slice(0, 120))"""


def bottom(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box, selector
    return box["y"] + box["height"]


@pytest.mark.parametrize("path", ["/help/get-help-now", "/cy/help/get-help-now"])
@pytest.mark.parametrize("size", [SMALL, {"width": 320, "height": 568}])
def test_the_three_ways_to_reach_help_stand_above_the_fold_with_the_notice_open(
    browser: Browser, site: RunningSite, path: str, size: dict[str, int]
) -> None:
    context = browser.new_context(viewport=size)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(site.url + path)
    fold = page.locator("#hide-this-page").bounding_box()
    call = page.locator(".call-now a").bounding_box()
    assert fold and call
    assert page.locator("#hide-notice summary").is_visible()
    assert page.locator("#hide-notice div").evaluate("words => words.offsetHeight") <= 48, "the notice is one line"
    assert call["width"] > size["width"] * 0.88, "as wide as the text"
    for number in range(2):
        assert bottom(page, f".action >> nth={number}") <= fold["y"]
    context.close()


def test_the_rest_of_the_notice_is_one_press_away(page: Page, site: RunningSite) -> None:
    page.goto(site.url + "/help/money")
    page.locator("#hide-notice summary").click()
    for words in ("stops someone seeing this page", "does not hide what is in your browsing history"):
        assert words in page.locator("#hide-notice p").inner_text()
    assert page.locator("#hide-notice a[href='/safer-browsing']").is_visible()
    page.get_by_role("button", name="Close").click()
    assert not page.locator("#hide-notice summary").is_visible()


def test_the_four_situations_stand_above_the_fold(browser: Browser, site: RunningSite) -> None:
    context = browser.new_context(viewport=SMALL)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(site.url + "/")
    fold = page.locator("#hide-this-page").bounding_box()
    assert fold
    assert bottom(page, ".choices li:last-child a") <= fold["y"]
    context.close()


def test_every_target_is_44_pixels_wide_and_high_and_at_twice_the_text_size_nothing_is_wider_than_the_screen(
    browser: Browser, site: RunningSite
) -> None:
    page = browser.new_page()
    small, wide = {}, []
    for path in PAGES:
        page.goto(site.url + path)
        page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            if targets := page.evaluate(TARGETS):
                small[path, width] = targets
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        for width, height in ((308, 568), (640, 360), (768, 1024)):  # 320, less a scroll bar
            page.set_viewport_size({"width": width, "height": height})
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wide.append((path, width))
    page.close()
    assert not small
    assert not wide


def wide_at_twice_the_text_size(page: Page, addresses: Iterable[str]) -> list[str]:
    """The addresses of pages that are wider than the screen with text at twice its size and every fold open."""
    wide = []
    for address in addresses:
        page.goto(address)
        page.evaluate(
            """() => {
              document.documentElement.style.fontSize = "200%";
              for (const fold of document.querySelectorAll("details")) fold.open = true;
            }"""
        )
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(address)
    return wide


def test_at_twice_the_text_size_no_languages_longest_words_are_wider_than_a_small_screen(
    browser: Browser, site: RunningSite
) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 568})
    places = (f"{site.url}/{language}{place}" for language in SHIPPED for place in IN_EACH_LANGUAGE)
    assert wide_at_twice_the_text_size(page, [*places, f"{site.url}/en-simple/help/get-help-now"]) == []
    page.close()


def test_a_wide_screen_has_a_second_column_and_nothing_stands_lost_in_it(browser: Browser, site: RunningSite) -> None:
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    for path in PAGES:
        page.goto(site.url + path)
        text, side = page.locator(".text").bounding_box(), page.locator(".side").bounding_box()
        assert text and side, path
        assert side["x"] + side["width"] - text["x"] > 1250, path
        assert side["x"] >= text["x"] + min(text["width"], 800) or path == "/", path
        assert side["y"] < 200, path
        page.mouse.wheel(0, 2000)
        expect(page.locator("header .name")).to_be_in_viewport()  # the header stays beside “Hide this page”
    page.goto(site.url + "/help/getting-ready")
    page.locator(".contents a").first.wait_for()  # the contents are open where there is room, once the pack is here
    context.close()


def test_no_link_to_a_part_of_the_page_is_marked_as_the_current_page(page: Page, site: RunningSite) -> None:
    page.goto(site.url + "/help")
    for path in ("/contacts", "/help"):
        page.evaluate("document.querySelector('h1').dataset.before = ''")
        page.click(f"footer a[href='{path}']")
        page.wait_for_selector("main h1:not([data-before])")
        assert page.locator(f"footer a[href='{path}'][aria-current=page]").count() == 1
        assert page.locator("[aria-current]:is([href^='#'], #hide-this-page)").count() == 0


def test_the_notice_stays_under_the_heading_of_the_page_that_arrives_until_it_is_closed(
    page: Page, site: RunningSite
) -> None:
    page.goto(site.url + "/")
    for path in ("/contacts", "/help", "/search"):
        page.evaluate("document.querySelector('h1').dataset.before = ''")
        page.click(f"footer a[href='{path}']")
        page.wait_for_selector("main h1:not([data-before])")
        assert page.locator("#hide-notice").count() == 1
        assert page.locator("main .top > #hide-notice summary").is_visible()
    page.locator("#way-back button").click()
    assert page.locator("main .top > #hide-notice summary").is_visible()
    assert page.inner_text("main h1") == "All topics"


def contacts_shown(page: Page) -> list[str]:
    ids: list[str] = page.eval_on_selector_all(
        "article.contact",
        "all => all.filter((contact) => contact.offsetHeight).map((contact) => contact.id.replace('contact-', ''))",
    )
    return ids


def test_the_filters_say_how_many_match_and_sort_them_as_the_server_does(page: Page, site: RunningSite) -> None:
    page.goto(site.url + "/contacts")
    total = len(contacts_shown(page))
    page.evaluate("for (const fold of document.querySelectorAll('#narrow details')) fold.open = true")
    for place, audience, area in [
        *itertools.product(["", "wales", "northern-ireland"], ["", "men", "friends"], [""]),
        ("england", "", "Southampton"),
        ("", "women", "Hampshire"),
    ]:
        page.check(f"input[name=place][value='{place}']")
        page.check(f"input[name=audience][value='{audience}']")
        page.select_option("#area", area)
        choices: dict[str, str | float | bool] = {"place": place, "audience": audience, "area": area}
        answer = page.request.post(f"{site.url}/contacts", form=choices, headers={"Origin": site.url}).text()
        assert contacts_shown(page) == re.findall(r'<article class="contact" id="contact-([\w-]+)"', answer), choices
        if place or audience:
            assert page.inner_text("#found") == f"{len(contacts_shown(page))} of {total}"
            assert page.text_content("#found-said[role=status]") == page.inner_text("#found")
    page.get_by_role("button", name="Show them").click()
    assert page.evaluate("document.activeElement.id") == "found"
    assert page.locator("#narrow summary >> nth=1").inner_text().endswith("Women")


def test_without_scripts_the_filters_are_a_form(browser: Browser, site: RunningSite) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url + "/contacts")
    page.click("#narrow summary >> nth=0")
    page.get_by_label("Wales").check()
    page.get_by_role("button", name="Show them").click()
    page.wait_for_selector("#found:has-text(' of ')")
    assert page.locator("#contact-ndah").count() == 0
    assert page.locator("#contact-live-fear-free").is_visible()
    assert page.url == f"{site.url}/contacts#found"
    context.close()


def test_results_and_mistakes_take_the_focus(page: Page, site: RunningSite) -> None:
    page.goto(site.url + "/search")
    page.fill("#query", "money")
    page.keyboard.press("Enter")
    page.wait_for_selector("#results")
    assert page.evaluate("document.activeElement.id") == "results"
    page.goto(site.url + "/feedback")
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector("#message-problem")
    assert page.evaluate("document.activeElement.id") == "message-problem"


def test_without_scripts_a_mistake_takes_the_focus_too(browser: Browser, site: RunningSite) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url + "/feedback")
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector("#message-problem:focus")
    context.close()


def test_shifts_progress_shows_in_forced_colours_and_says_when_its_time_has_run_out(
    browser: Browser, site: RunningSite
) -> None:
    context = browser.new_context(viewport=SMALL, forced_colors="active")  # type: ignore[arg-type]
    page = context.new_page()
    page.clock.install()
    page.goto(site.url + "/help/money")
    page.keyboard.press("Shift")
    bar = "getComputedStyle(document.getElementById('hide-this-page'), '::after')"
    width, border, colour, behind = page.evaluate(
        f"[parseFloat({bar}.inlineSize), parseFloat({bar}.borderTopWidth), {bar}.borderTopColor, {bar}.backgroundColor]"
    )
    assert width > 60
    assert border >= 3
    assert colour != behind
    page.clock.fast_forward(5100)
    assert "run out" in page.inner_text("#hide-status")
    page.keyboard.press("Shift")
    page.keyboard.press("a")
    assert page.inner_text("#hide-status") == "", "nothing is announced to somebody who types on"
    context.close()


def test_a_link_to_a_folded_part_opens_it(page: Page, site: RunningSite) -> None:
    page.goto(site.url + "/safer-browsing")
    name = page.locator(".fold h2").nth(6).get_attribute("id")
    page.evaluate("name => document.querySelector('.text .fold').before(Object.assign(document.createElement('a'), { href: '#' + name, textContent: 'Go' }))", name)  # fmt: skip
    page.get_by_role("link", name="Go", exact=True).click()
    assert page.locator(f".fold:has(#{name})").get_attribute("open") is not None
    assert page.evaluate("document.activeElement.id") == name


def test_a_print_has_everything_that_was_folded_and_the_sites_name_only_if_it_is_asked_for(
    page: Page, site: RunningSite
) -> None:
    page.goto(site.url + "/safer-browsing")
    page.emulate_media(media="print")
    assert page.locator(".fold p").first.is_visible(), "also without the script"
    for left_out in ("header", "footer", "#hide-this-page", "#hide-notice summary", ".print", ".side"):
        assert not page.locator(left_out).first.is_visible(), left_out
    size = "parseFloat(getComputedStyle(document.body).fontSize)"
    usual = page.evaluate(size)
    for choice in ("#print-large", "#print-name"):
        page.evaluate("css => { document.querySelector(css).checked = true }", choice)
    assert page.evaluate(size) > usual * 1.3
    assert page.locator("header .name").is_visible()
    assert not page.locator("#hide-this-page").is_visible()
    page.goto(site.url + "/contacts")
    while not page.evaluate("typeof pack === 'object'"):  # the pack brings the script that unfolds for printing
        page.wait_for_timeout(50)
    assert page.evaluate("getComputedStyle(document.querySelector('.contact')).breakInside") == "avoid"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".contact details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".contact details[open]").count() == 0


def test_in_firefox_tab_does_not_stop_at_the_notice_itself_and_comes_to_the_call_right_after_it(
    firefox: FirefoxReader, site: RunningSite
) -> None:
    firefox.go(f"{site.url}/help/get-help-now")
    stops: list[str] = []
    while len(stops) < 20 and not (stops and stops[-1].startswith("A: Call")):
        firefox.press_keys("\ue004")
        stops.append(
            firefox.run("const { tagName, innerText } = document.activeElement; return `${tagName}: ${innerText}`")
        )
    assert [stop.partition(":")[0] for stop in stops[-3:]] == ["SUMMARY", "BUTTON", "A"], stops
    assert not [stop for stop in stops if stop.startswith("DIALOG")]
