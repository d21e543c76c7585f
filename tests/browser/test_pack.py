"""The pack in real Chromium and Firefox: one quiet request, then none; offline; old; dropped; and languages in place."""

import json
import shutil
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import test_back
from tests.browser.conftest import Visited
from tests.browser.readers import ChromiumReader, Reader, eventually, read, wait_for
from tests.browser.test_every_engine import Visit
from tests.browser.traces import PACK_CAME
from tests.server import RunningSite, SlowSite, copy_content, started_before

PAGES_ALONE = True  # chromium.py

visit, slow = test_back.visit, test_back.slow  # fixtures
# `pack` is a name in the page's own script: Chromium's driver can see it, Firefox's cannot.
HERE = 'return typeof pack === "object" && Boolean(pack.page("/help/money"))'
SEVEN = ["/help/money", "/help", "/contacts", "/help/signs", "/safer-browsing", "/", "/help/orders"]
HEADING = 'return document.querySelector("main h1").textContent.trim()'
LATER = "{ const { Date } = window.wrappedJSObject ?? window; const later = Date.now() + 16 * 60000; Date.now = () => later; }"
IN_PLACE = """{
  const link = Object.assign(document.createElement("a"), { href: %r });
  document.body.append(link);
  link.click();
  link.remove();
}"""


def arrive(visit: Visit, slow: SlowSite) -> Reader:
    """Come to the site behind the proxy, and wait until the pack is here."""
    visit.reader.go(visit.places.url("search"))
    visit.follow("#in", f"{slow.url}/")
    wait_for(visit.reader, PACK_CAME, 20)
    time.sleep(0.3)
    return visit.reader


def holds_pages(visit: Visit) -> bool:
    """Whether the memory of the page holds pages, as far as a driver can tell."""
    return isinstance(visit.reader, ChromiumReader) and bool(visit.reader.run(HERE))


def test_after_one_quiet_request_seven_pages_are_read_with_none(visit: Visit, slow: SlowSite) -> None:
    reader = arrive(visit, slow)
    paths = [path for path, _ in slow.answered if path != "/favicon.ico"]
    assert paths == ["/", "/pack"]
    for path in SEVEN:
        read(reader, path)
    assert [path for path, _ in slow.answered if path != "/favicon.ico"] == paths
    assert reader.run("return document.cookie + localStorage.length + sessionStorage.length") == "00"


def test_the_rest_is_asked_for_whole_when_the_first_of_its_pages_is_tapped(visit: Visit, slow: SlowSite) -> None:
    """So the network shows that somebody reads one of these pages, and never which."""
    reader = arrive(visit, slow)
    for path, heading in (
        ("/help/faith", "Faith and community"),
        ("/help/money", "Money and you"),
        ("/plan", "My plan"),
    ):
        read(reader, path)
        assert reader.run(HEADING) == heading
    assert [path for path, _ in slow.answered if path != "/favicon.ico"] == ["/", "/pack", "/pack-rest"]


def test_a_page_of_the_pack_is_there_before_the_tap_is_over(visit: Visit, slow: SlowSite) -> None:
    reader = arrive(visit, slow)
    assert reader.run(IN_PLACE % "/help/money" + HEADING) == "Money and you"


def test_without_a_network_pages_of_the_pack_can_be_read_and_a_status_says_that_others_cannot(
    visit: Visit,
    slow: SlowSite,
) -> None:
    reader = arrive(visit, slow)
    slow.away = True
    for path in SEVEN:
        read(reader, path)
    before = reader.run(HEADING)
    reader.run(IN_PLACE % "/news")
    wait_for(reader, 'return !document.getElementById("travel-status").classList.contains("visually-hidden")')
    assert reader.run(HEADING) == before
    # An old pack is used, too: there is nobody to ask for a newer one.
    reader.run(LATER + IN_PLACE % "/help/signs")
    wait_for(reader, f"{HEADING} !== {before!r}", 10)
    read(reader, "/help/orders")


def test_a_tap_before_the_pack_has_come_says_that_the_page_is_on_its_way_and_adds_no_entry(
    visit: Visit, slow: SlowSite
) -> None:
    slow.held |= {"/pack", "/pack.js"}
    visit.reader.go(visit.places.url("search"))
    visit.follow("#in", f"{slow.url}/")
    slow.wait_for_request("/pack")
    entries, before = visit.reader.run("return history.length"), visit.reader.run(HEADING)
    visit.reader.run(IN_PLACE % "/help/money")
    seen = 'const { textContent, className } = document.getElementById("travel-status"); return className ? "" : textContent'
    wait_for(visit.reader, f'return (() => {{ {seen} }})().startsWith("The page is on its way")')
    assert visit.reader.run(HEADING) == before
    # The script comes alone; the pack may take its time.
    slow.held.remove("/pack.js")
    wait_for(visit.reader, f"{HEADING} === 'Money and you'", 10)
    assert visit.reader.run("return [location.pathname, history.length]") == ["/", entries]
    slow.held.clear()


def test_a_pack_of_another_release_does_not_run_and_the_browser_follows_the_link_itself(
    browser: Browser, visited: Visited
) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.route("**/pack", lambda route: route.fulfill(body='["window.ran = true;",\n{"direction":"ltr","pages":{}}]'))
    tab.route("**/pack.js", lambda route: route.fulfill(body="window.ran = true;"))
    tab.goto(visited[0].url)
    tab.click("footer a[href='/contacts']")
    tab.wait_for_url("**/contacts")
    assert tab.evaluate("window.ran") is None
    context.close()


def test_an_old_pack_is_asked_for_by_its_tag_before_it_is_used(visit: Visit, slow: SlowSite) -> None:
    reader = arrive(visit, slow)
    reader.run(LATER)
    read(reader, "/help/money")
    read(reader, "/help/signs")
    assert [answer for answer in slow.answered if answer[0] != "/favicon.ico"] == [
        ("/", 200),
        ("/pack", 200),
        ("/pack", 304),
    ]


def pages_at(site: RunningSite) -> list[str]:
    """The pages that the server's pack holds."""
    with urllib.request.urlopen(f"{site.url}/pack", timeout=20) as answer:
        return list(json.load(answer)[1]["pages"])


def test_a_deleted_page_is_gone_the_next_time_the_pack_is_checked(reader: Reader, tmp_path: Path) -> None:
    copy_content(tmp_path / "content", ["https://weather.example/"])
    site = RunningSite(tmp_path / "content", started_before(tmp_path / "data"))
    reader.go(site.url)
    wait_for(reader, PACK_CAME, 20)
    time.sleep(0.3)
    (tmp_path / "content/help/money.md").unlink()
    while "/help/money" in pages_at(site):
        time.sleep(0.1)
    read(reader, "/help/money")
    assert reader.run(HEADING) == "Money and you", "not asked yet"
    reader.run(LATER)
    read(reader, "/help/money")
    assert reader.run(HEADING) == "This page is not here"
    read(reader, "/help/signs")
    site.close()


def test_hide_gives_up_a_pack_that_is_on_its_way(visit: Visit, slow: SlowSite) -> None:
    slow.held.add("/pack")
    visit.reader.go(visit.places.url("search"))
    visit.follow("#in", f"{slow.url}/")
    slow.wait_for_request("/pack")
    visit.places.silent |= {"exit", "second"}
    visit.reader.run('document.getElementById("hide-this-page").click()')
    slow.held.clear()
    time.sleep(0.5)
    assert not holds_pages(visit)


def test_hide_empties_the_memory(visit: Visit, slow: SlowSite) -> None:
    reader = arrive(visit, slow)
    assert holds_pages(visit) == isinstance(reader, ChromiumReader)
    visit.places.silent |= {"exit", "second"}
    reader.run(
        'document.getElementById("hide-this-page").click();' + LATER + IN_PLACE % "/help/money" + IN_PLACE % "/news"
    )
    eventually(lambda: "/chat/hide" in {path for path, _ in slow.answered} and not holds_pages(visit))
    time.sleep(0.3)  # for requests that came after the press
    assert {path for path, _ in slow.answered} - {"/favicon.ico"} == {"/", "/pack", "/chat/hide"}, "the last says Hide"


def test_a_cached_page_drops_its_pack_once_another_tab_was_hidden(visit: Visit, slow: SlowSite) -> None:
    reader = arrive(visit, slow)
    visit.places.silent |= {"exit", "second"}
    assert holds_pages(visit) == isinstance(reader, ChromiumReader)
    state = reader.run(
        """document.cookie = "w=1";
        dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
        return [getComputedStyle(document.documentElement).display,
          typeof pack === "object" && Boolean(pack.page("/help/money"))]"""
    )
    assert state == ["none", False]


def test_a_page_outside_the_pack_comes_as_its_main_alone(visit: Visit, slow: SlowSite) -> None:
    reader = arrive(visit, slow)
    read(reader, "/news")
    size = 'return performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("/news"))[0].decodedBodySize'
    with urllib.request.urlopen(f"{visit.site.url}/news") as whole:
        assert 500 < reader.run(size) < len(whole.read()) / 3


@pytest.mark.parametrize(
    "connection", [{"saveData": True}, {"effectiveType": "2g"}, {"effectiveType": "slow-2g"}, {"effectiveType": "4g"}]
)
def test_on_an_expensive_or_slow_connection_the_first_tap_brings_the_pack(
    browser: Browser, visited: Visited, connection: dict[str, object]
) -> None:
    context = browser.new_context()
    literal = str(connection).replace("True", "true")
    context.add_init_script(f"Object.defineProperty(navigator, 'connection', {{ value: {literal} }})")
    tab = context.new_page()
    paths: list[str] = []
    tab.on("request", lambda request: paths.append(request.url.removeprefix(visited[0].url)))
    tab.goto(visited[0].url)
    tab.wait_for_timeout(500)
    at_once = connection == {"effectiveType": "4g"}
    here = "typeof pack === 'object' && Boolean(pack.page('/help/money'))"
    while at_once and not tab.evaluate(here):
        tab.wait_for_timeout(50)
    assert paths == ["/", "/pack"] if at_once else ["/"]
    tab.click("footer a[href='/contacts']")
    tab.wait_for_selector("h1:text('Contacts')")
    while not tab.evaluate(here):
        tab.wait_for_timeout(50)
    assert paths == ["/", "/pack"] if at_once else ["/", "/contacts", "/pack.js", "/pack"]
    tab.click("footer a[href='/help']")
    tab.wait_for_selector("h1:text('All topics')")
    assert len(paths) == (2 if at_once else 4)
    context.close()


def test_an_expensive_connection_brings_the_scripts_that_a_page_needs_and_no_pages(
    browser: Browser, visited: Visited
) -> None:
    context = browser.new_context()
    context.add_init_script("Object.defineProperty(navigator, 'connection', { value: { saveData: true } })")
    tab = context.new_page()
    paths: list[str] = []
    tab.on("request", lambda request: paths.append(request.url.removeprefix(visited[0].url)))
    tab.goto(f"{visited[0].url}/plan")
    tab.wait_for_selector("form#plan input")
    assert paths == ["/plan", "/pack.js"]
    context.close()


@pytest.fixture(scope="module")
def multilingual_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A site with a language written from right to left, which has all the pages that Welsh has."""
    folder = tmp_path_factory.mktemp("multilingual")
    copy_content(folder / "content", ["https://weather.example/"])
    shutil.copytree(folder / "content/cy", folder / "content/ur", dirs_exist_ok=True)
    site = RunningSite(folder / "content", started_before(folder / "data"))
    yield site
    site.close()


@pytest.fixture
def multilingual(multilingual_site: RunningSite, browser: Browser) -> Iterator[tuple[Page, RunningSite]]:
    """A reader on the front page of the multilingual site, and the site."""
    context = browser.new_context(viewport={"width": 360, "height": 640})
    tab = context.new_page()
    tab.goto(multilingual_site.url)
    yield tab, multilingual_site
    context.close()


AROUND = """() => [document.documentElement.lang, document.documentElement.dir,
  ...[".skip", "header", "#hide-notice", "#way-back", "footer"].map((part) =>
    document.querySelector(part)?.textContent.replace(/\\s+/g, " ").trim()),
  ...["two", "one"].map((key) => document.getElementById("hide-this-page").dataset[key]),
  [...document.querySelectorAll("#languages a")].map((a) => a.getAttribute("href")),
  document.getElementById("travel-status").dataset.failed]"""


def test_language_direction_and_the_words_around_follow_in_place(multilingual: tuple[Page, RunningSite]) -> None:
    tab, site = multilingual
    title = tab.title()
    tab.evaluate("window.link = document.getElementById('hide-this-page')")
    direct = tab.context.new_page()
    direct.goto(site.url)
    english = direct.evaluate(AROUND)
    for path, direction in (
        ("/cy/help/get-help-now", "ltr"),
        ("/ur/help/get-help-now", "rtl"),
        ("/cy/help/money", "ltr"),
        ("/ur", "rtl"),
        ("/news", "ltr"),
    ):
        tab.evaluate("document.querySelector('main h1').dataset.before = ''")
        tab.evaluate("path => { const a = Object.assign(document.createElement('a'), {href: path}); document.body.append(a); a.click(); a.remove() }", path)  # fmt: skip
        tab.wait_for_selector("main h1:not([data-before])")
        direct.goto(site.url + path)
        here, there = tab.evaluate(AROUND), direct.evaluate(AROUND)
        assert here[1] == direction
        assert [*here[:5], *here[6:]] == [*there[:5], *there[6:]], "all but the name of the page to go back to"
        assert tab.evaluate("link === document.getElementById('hide-this-page') && link.isConnected")
        assert tab.evaluate("document.activeElement === document.querySelector('main h1')")
        assert tab.title() == title
    for _ in range(5):
        tab.click("#way-back button")
    assert tab.evaluate(AROUND) == english
    assert (
        tab.evaluate("document.querySelector('#hide-this-page').click() || document.documentElement.style.display")
        == "none"
    )


def test_a_change_of_language_brings_the_pack_of_that_language(multilingual: tuple[Page, RunningSite]) -> None:
    tab, _ = multilingual
    # An earlier tap would be handled before the pack is.
    tab.wait_for_function("() => typeof pack === 'object' && pack.page('/help/money')")
    with tab.expect_response("**/cy/pack") as answer:
        tab.evaluate(
            "const a = Object.assign(document.createElement('a'), {href: '/cy/help/get-help-now'}); document.body.append(a); a.click()"
        )
    places = {"/cy", "/cy/help", "/cy/contacts", "/cy/safer-browsing", "/cy/help/get-help-now"}
    assert answer.value.json()[1]["pages"].keys() == places
    tab.wait_for_function("() => pack.page('/cy/help/get-help-now') && pack.page('/help/money')")


def test_easy_read_is_one_press_away_in_place_and_the_choice_of_language_leads_on_from_it(
    multilingual: tuple[Page, RunningSite],
) -> None:
    tab, site = multilingual
    tab.goto(f"{site.url}/help/get-help-now")
    before = tab.evaluate("[history.length, location.href, document.title]")
    tab.click(".up .other")
    tab.wait_for_selector("main .idea svg")
    assert tab.evaluate("[history.length, location.href, document.title]") == before
    drawn = tab.evaluate(
        "(({ width, height }) => [width, height])(document.querySelector('.idea svg').getBoundingClientRect())"
    )
    assert 80 <= drawn[0] == drawn[1] <= 160, "its style came along"
    choice = tab.evaluate(
        "[...document.querySelectorAll('#languages a')].map((a) => [a.getAttribute('href'), a.ariaCurrent])"
    )
    assert ["/cy/help/get-help-now", None] in choice
    assert ["/en-simple/help/get-help-now", "page"] in choice
    tab.click(".up .other")
    tab.wait_for_selector("main .emergency")
    assert tab.locator(".idea").count() == 0


def test_a_browsers_language_is_offered_in_its_own_words_and_one_press_reads_the_page_in_it_in_place(
    multilingual: tuple[Page, RunningSite], browser: Browser
) -> None:
    _, site = multilingual
    for locale, offer in (("cy-GB", "Darllenwch yn Gymraeg"), ("ur", "اردو میں پڑھیں"), ("en-GB", None), ("fr", None)):
        context = browser.new_context(locale=locale, viewport={"width": 320, "height": 640})
        tab = context.new_page()
        tab.goto(f"{site.url}/help/get-help-now")
        assert tab.locator("#offer a").all_text_contents() == ([offer] if offer else []), locale
        assert tab.evaluate("document.documentElement.scrollWidth") <= 320
        if offer:
            assert tab.evaluate("document.querySelector('#offer a').offsetHeight") >= 44
            tab.click("#offer a")
            tab.wait_for_selector(f"html[lang={locale[:2]}]")
            assert (tab.evaluate("history.length"), tab.evaluate("location.pathname")) == (2, "/help/get-help-now")
            assert tab.locator("#offer").count() == 0
            tab.click("#languages summary")
            heights = tab.locator("#languages a").evaluate_all("all => all.map((link) => link.offsetHeight)")
            assert min(heights) >= 44
            tab.click("#languages a[hreflang=en]")
            tab.wait_for_selector("html[lang=en]")
            assert not tab.locator("#languages[open]").count()
        context.close()
