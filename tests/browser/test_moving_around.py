"""Moving around in place, in Chromium: it has to be as good as loading pages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from sidedoor.public.feedback_store import FeedbackStore
from tests.chromium import LIKE_IOS_14
from tests.server import RunningSite

PAGES_ALONE = True  # chromium.py

ARRIVED = "main h1:not([data-before])"


@pytest.fixture
def tab(browser: Browser, site: RunningSite) -> Iterator[Page]:
    """A reader on the front page."""
    context = browser.new_context(
        viewport={"width": 320, "height": 568}, permissions=["clipboard-read", "clipboard-write"]
    )
    tab = context.new_page()
    tab.goto(site.url)
    yield tab
    context.close()


def mark(tab: Page) -> None:
    """Mark the present heading, so that the next page's can be told from it."""
    tab.evaluate("document.querySelector('main h1').dataset.before = ''")


def follow(tab: Page, selector: str) -> None:
    """Follow a link and wait for its page."""
    mark(tab)
    tab.locator(selector).first.click()
    tab.wait_for_selector(ARRIVED)


def test_m1_every_page_reached_in_place_is_the_same_main_as_when_loaded(tab: Page, site: RunningSite) -> None:
    context = tab.context
    direct = context.new_page()
    for path in (
        "/help",
        "/contacts",
        "/help/getting-ready",
        "/cy/help/get-help-now",
        "/news/project-cara-trial",
        "/privacy",
        "/search",
    ):
        mark(tab)
        tab.evaluate(
            "path => { const a = Object.assign(document.createElement('a'), {href: path}); document.body.append(a); a.click(); a.remove() }",
            path,
        )
        tab.wait_for_selector(ARRIVED)
        direct.goto(site.url + path)
        direct.wait_for_function("() => typeof pack === 'object'")  # it brings what a page shows to scripts alone
        # The notice is not compared: in place, it is still that of the page where the visit began.
        swapped, loaded = (
            " ".join(page.inner_text("main").replace(page.inner_text("#hide-notice"), "").split())
            for page in (tab, direct)
        )
        assert swapped == loaded
        language = direct.evaluate("document.documentElement.lang")
        assert tab.evaluate("document.querySelector('main h1').closest('[lang]').lang") == language
        assert tab.evaluate("document.activeElement === document.querySelector('main h1')")
        assert tab.evaluate("scrollY") == 0
        assert tab.text_content("#travel-status") == tab.inner_text("main h1")


def test_m1_address_and_tab_title_stay_and_the_menu_says_where_you_are(tab: Page, site: RunningSite) -> None:
    title, length = tab.title(), tab.evaluate("history.length")
    follow(tab, "footer a[href='/contacts']")
    assert (tab.url, tab.title()) == (f"{site.url}/", title)
    assert tab.evaluate("history.length") == length
    assert tab.get_attribute("footer a[href='/contacts']", "aria-current") == "page"


def test_m2_the_way_back_restores_the_page_and_the_place(tab: Page) -> None:
    follow(tab, "footer a[href='/help']")
    tab.evaluate("scrollTo(0, 400)")
    follow(tab, "main a[href='/help/orders']")
    tab.get_by_role("button", name="Back to All topics").click()
    assert tab.inner_text("main h1") == "All topics"
    assert tab.evaluate("document.activeElement.getAttribute('href')") == "/help/orders"
    assert tab.evaluate("scrollY") > 0


def test_m2_a_search_and_a_form_with_a_mistake_work_in_place(tab: Page, site: RunningSite) -> None:
    follow(tab, "footer a[href='/search']")
    tab.fill("#query", "mony")
    mark(tab)
    tab.keyboard.press("Enter")
    tab.wait_for_selector(ARRIVED)
    assert tab.locator("main a[href='/help/money']").count()
    follow(tab, "footer a[href='/feedback']")
    mark(tab)
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector(ARRIVED)
    assert tab.locator(".problem").is_visible()
    tab.fill("#message", "This helped.")
    mark(tab)
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector(ARRIVED)
    assert tab.inner_text("main h1") == "Thank you"
    assert tab.url == f"{site.url}/"


def test_m2_a_failed_fetch_says_so_and_keeps_the_page(tab: Page) -> None:
    tab.route("**/news", lambda route: route.abort())
    tab.click("footer a[href='/news']")
    tab.wait_for_selector("#travel-status:not(.visually-hidden)")
    assert tab.locator("main .choices").is_visible()


def test_m2_a_slow_page_says_that_it_is_coming(tab: Page) -> None:
    waiting = []
    tab.route("**/news", lambda route: waiting.append(route))
    tab.click("footer a[href='/news']")
    tab.wait_for_selector("#travel-status:not(.visually-hidden)")
    mark(tab)
    waiting[0].continue_()
    tab.wait_for_selector(ARRIVED)
    assert tab.inner_text("main h1") == "News"


def test_m2_a_page_that_is_not_there_is_shown_in_place(tab: Page) -> None:
    mark(tab)
    tab.evaluate(
        "const a = Object.assign(document.createElement('a'), {href: '/nowhere'}); document.body.append(a); a.click()"
    )
    tab.wait_for_selector(ARRIVED)
    assert tab.inner_text("main h1") == "This page is not here"


def test_m2_fragments_only_scroll(tab: Page, site: RunningSite) -> None:
    length = tab.evaluate("history.length")
    tab.click("header a[href='#menu']")
    assert tab.evaluate("scrollY") > 0
    assert (tab.evaluate("history.length"), tab.url) == (length, f"{site.url}/")


def test_m2_a_stray_percent_sign_or_an_unknown_name_in_a_fragment_is_no_failure(tab: Page, site: RunningSite) -> None:
    link = "hash => { const a = Object.assign(document.createElement('a'), {href: hash}); document.body.append(a); a.click() }"
    for address in ("/contacts#%", "/help#nothing%20here", "/contacts#contact-ndah", "/help#%E0%A4%A"):
        mark(tab)
        tab.evaluate(link, address)
        tab.wait_for_selector(ARRIVED)
        assert tab.inner_text("main h1") in ("Contacts", "All topics")
        tab.wait_for_timeout(100)
        assert "did not come" not in (tab.text_content("#travel-status") or "")
    requests: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    for address in ("#%", "#menu", "#%6Denu", "#nothing", "/help#%"):
        tab.evaluate(link, address)
    tab.wait_for_selector("main h1:text('All topics')")
    assert [url for url in requests if not url.endswith("/help")] == []


@pytest.mark.parametrize("scripts", [True, False])
def test_a_second_press_of_send_is_the_same_press(browser: Browser, site: RunningSite, scripts: bool) -> None:
    words = f"Once, please, {'with' if scripts else 'without'} scripts."
    context = browser.new_context(java_script_enabled=scripts)
    tab = context.new_page()
    tab.goto(f"{site.url}/feedback")
    tab.fill("#message", words)
    tab.get_by_role("button", name="Send").dblclick(no_wait_after=True)
    tab.wait_for_selector("h1:text('Thank you')")
    assert [message.text for message in FeedbackStore(site.data).all() if message.text == words] == [words]
    context.close()


def test_the_addresses_of_the_feeds_can_be_copied(tab: Page, site: RunningSite) -> None:
    follow(tab, "footer a[href='/news']")
    tab.get_by_role("button", name="Copy link").first.click()
    tab.wait_for_selector("#travel-status >> text=Copied")
    assert tab.evaluate("navigator.clipboard.readText()").endswith("/news/rss.xml")


def test_m3_modified_clicks_and_other_schemes_are_left_to_the_browser(tab: Page) -> None:
    tab.evaluate(
        "addEventListener('click', event => { window.prevented = event.defaultPrevented; event.preventDefault() })"
    )
    for modifier in ("Control", "Shift", "Meta"):
        tab.locator("footer a[href='/contacts']").click(modifiers=[modifier])
        assert tab.evaluate("window.prevented") is False
    for href in ("tel:999", "sms:999", "mailto:a@example.org", "https://elsewhere.example/"):
        tab.evaluate(
            "href => { const a = Object.assign(document.createElement('a'), {href}); document.body.append(a); a.click() }",
            href,
        )
        assert tab.evaluate("window.prevented") is False


def test_the_guide_shows_the_readers_own_browser_first_in_place_and_loaded(tab: Page, site: RunningSite) -> None:
    follow(tab, "footer a[href='/safer-browsing']")
    assert tab.locator("main .device").first.get_attribute("id") == "device-chrome-computer"
    tab.goto(f"{site.url}/safer-browsing")
    tab.locator("main .device.yours").wait_for(state="attached")  # the script that puts it first comes with the pack
    assert tab.locator("main .device").first.get_attribute("id") == "device-chrome-computer"


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (Android 15; Mobile; rv:149.0) Gecko/149.0 Firefox/149.0", "firefox-android"),
        ("Mozilla/5.0 (Android 15; Tablet; rv:149.0) Gecko/149.0 Firefox/149.0", "firefox-android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/149.0 Mobile/15E148 Safari/605.1.15", "firefox-iphone"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36 EdgA/140.0.0.0", "edge-phone"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 EdgiOS/140.0.0.0 Mobile/15E148 Safari/604.1", "edge-phone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "edge-computer"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:149.0) Gecko/20100101 Firefox/149.0", "firefox-computer"),
    ],
)  # fmt: skip
def test_a_phones_browser_gets_a_phones_steps_and_no_keys(
    browser: Browser, site: RunningSite, agent: str, device: str
) -> None:
    with browser.new_context(user_agent=agent) as context:
        tab = context.new_page()
        tab.goto(f"{site.url}/safer-browsing")
        tab.locator("main .device.yours").wait_for(
            state="attached"
        )  # the script that puts it first comes with the pack
        first = tab.locator("main .device").first
        assert first.get_attribute("id") == f"device-{device}"
        assert first.get_attribute("class") == "device yours"
        assert first.locator("details[open]").count() == 1
        assert device.endswith("computer") == ("keyboard" in (first.text_content() or ""))


def test_a_news_item_shows_its_own_address_and_copies_it(tab: Page) -> None:
    follow(tab, "footer a[href='/news']")
    follow(tab, "main a[href='/news/project-cara-trial']")
    tab.get_by_role("button", name="Copy link").click()
    tab.wait_for_selector("#travel-status >> text=Copied")
    assert tab.evaluate("navigator.clipboard.readText()").endswith("/news/project-cara-trial")


def test_the_contacts_page_narrows_itself_down_without_a_request(tab: Page, site: RunningSite) -> None:
    held: list[Route] = []
    tab.route("**/pack", lambda route: held.append(route))
    with tab.expect_request("**/pack"):  # which every page asks for once it is shown
        tab.goto(f"{site.url}/contacts")
    shown = tab.locator("article.contact:visible")
    everyone = shown.count()
    requests: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    for row in tab.locator("#narrow summary").all():
        row.click()
    tab.get_by_label("Wales").check()  # before the script that narrows the page has come
    held[0].continue_()
    tab.locator("#contact-ndah").wait_for(state="hidden")
    narrowed = shown.count()
    tab.get_by_label("Men", exact=True).check()
    assert 0 < shown.count() < narrowed < everyone
    assert tab.locator("#contact-live-fear-free").is_visible()
    assert not tab.locator("#contact-ndah").is_visible()
    assert requests == []


def test_in_a_browser_like_ios_14_pages_are_shown_in_place_and_the_notice_closes(tab: Page, site: RunningSite) -> None:
    tab.add_init_script(LIKE_IOS_14)
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(f"{site.url}/help/money")
    tab.wait_for_function("() => typeof pack === 'object'")
    tab.locator("#hide-notice button").click()
    tab.locator("#hide-notice").wait_for(state="detached")
    for path in ("/help", "/search"):
        follow(tab, f"footer a[href='{path}']")
        assert tab.locator("#travel-status").text_content() == tab.locator("h1").text_content()
        assert tab.locator("h1:focus").count() == 1
    tab.get_by_label("What are you looking for?").fill("money")
    tab.get_by_role("button", name="Search").click()
    tab.locator("#results:focus").wait_for()
    mark(tab)
    tab.locator("#way-back button").click()
    tab.wait_for_selector(ARRIVED)
    assert (tab.url, errors) == (f"{site.url}/help/money", []), "without another entry in the tab"


def test_where_a_browser_refuses_channels_what_comes_after_them_in_the_pack_still_works(
    tab: Page, site: RunningSite
) -> None:
    """As in Firefox, if it is to block all cookies."""
    tab.add_init_script(
        "window.BroadcastChannel = class { constructor() { throw new DOMException('', 'SecurityError'); } }"
    )
    tab.goto(f"{site.url}/check")
    tab.locator("#questions input").first.check()
    tab.locator("#fits li").first.wait_for()


def test_a_page_that_the_browser_translates_leads_on_to_the_other_languages(tab: Page, site: RunningSite) -> None:
    """Chromium writes the language that it translates to into the document; here it does before the pack has come."""
    tab.add_init_script("addEventListener('load', () => { document.documentElement.lang = 'pl'; });")
    with tab.expect_response("**/pack"):
        tab.goto(f"{site.url}/help/money?fbclid=1")
    follow(tab, "header a[href='/help/get-help-now']")
    tab.locator("#languages summary").click()
    assert tab.locator("#languages a").first.get_attribute("href") == "/cy/help/get-help-now"
    follow(tab, "#languages a[hreflang=pl]")
    assert tab.locator("main h1").text_content() == "Pomoc teraz"
    assert tab.locator("footer a").first.get_attribute("href") == "/pl/help/get-help-now"
