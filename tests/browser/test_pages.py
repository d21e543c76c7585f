"""Every page as a browser shows it: accessible by axe's rules, valid, one request, no wider than the screen."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from sidedoor.documents.loader import Loader
from sidedoor.documents.times import utc_now
from tests.server import PROJECT, RunningSite, node_environment

PAGES_ALONE = True  # chromium.py

AXE = Axe().axe_script
WIDTHS = [320, 768, 1280]
PARTS = 8
RULES = {
    # Describe violations only: to name every element that keeps a rule takes most of axe's time.
    "resultTypes": ["violations"],
    # Whatever has too little contrast for WCAG AA has too little for AAA, too, and that is checked.
    "rules": {"color-contrast": {"enabled": False}},
    "runOnly": {
        "type": "tag",
        "values": [
            *("wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag21aaa"),
            *("wcag22a", "wcag22aa", "wcag22aaa", "best-practice"),
        ],
    },
}

pytestmark = pytest.mark.timeout(300)  # each part checks an eighth of the pages, which takes a busy machine long
COLOURS = {"resultTypes": ["violations"], "runOnly": ["color-contrast-enhanced", "link-in-text-block"]}
"""The rules that depend on colours, which are all that the dark scheme changes: see its block in the style sheet."""
ALIKE = re.compile("(?!)" if "SIDEDOOR_TEST_LONG" in os.environ else r"/help/(?!get-help-now$)|/[a-z]{2}(-[a-z]+)?/")
"""Many pages of few templates. Each is checked with all rules at one width, in light or dark, which take turns. All other
pages, and in `make test-long` these, too, are checked with all rules at every width, and with COLOURS again in the dark."""


@cache
def addresses() -> list[str]:
    """Every page of the site that is the same for everyone, and an error page."""
    loader = Loader(PROJECT / "examples/hampshire")
    public = loader.load().public(utc_now())
    own = ["/", "/help", "/contacts", "/news", "/search", "/feedback", "/feedback/sent", "/chat", "/no-such-page"]
    return [*own, *sorted(public.by_path)]


def problems_of(page: Page, rules: Mapping[str, object] = RULES) -> list[str]:
    """axe's violations, one line each."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE)
    broken = page.evaluate("rules => axe.run(rules).then((results) => results.violations)", rules)
    return [f"{rule['id']}: {node['target']} {node['html'][:120]}" for rule in broken for node in rule["nodes"]]


class Network:
    """What a tab asks for, and what is written to its console."""

    def __init__(self, page: Page) -> None:
        self.requests: list[str] = []
        self.console: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.console.append(message.text))
        page.on("pageerror", lambda error: self.console.append(str(error)))

    def check(self, site: str, address: str) -> None:
        """Check that the page made one request and one for the pack, on the chat's page one for its script, and wrote nothing
        to the console."""
        # After the page comes its pack and nothing else; the pack of the page before it may come this late.
        packs = [url for url in self.requests if url.endswith("/pack")]
        scripts = [f"{site}/chat.js"] if address.endswith("/chat") else []
        assert [url for url in self.requests if url not in packs] == [site + address, *scripts]
        assert address != "/" or packs == [f"{site}/pack"]
        assert len(packs) <= 2
        assert not self.console, (address, self.console)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_one_request_says_nothing_in_the_console_breaks_no_rule_of_axe_and_is_no_wider_than_the_screen(
    browser: Browser, site: RunningSite, part: int
) -> None:
    context = browser.new_context()
    page = context.new_page()
    network = Network(page)
    broken = {}
    for number, address in enumerate(addresses()[part::PARTS]):
        network.requests.clear()
        page.goto(site.url + address, wait_until="networkidle" if address == "/" else "load")
        if address != "/no-such-page":
            network.check(site.url, address)
        alike, turn, dark = ALIKE.match(address), number % len(WIDTHS), number // len(WIDTHS) % 2
        page.emulate_media(color_scheme="dark" if alike and dark else "light")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 640})
            problems = problems_of(page, RULES) if not alike or width == WIDTHS[turn] else []
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                problems.append("wider than the screen")
            if problems:
                broken[f"{address} at {width}{' in the dark' if alike and dark else ''}"] = problems
        if not alike:
            page.emulate_media(color_scheme="dark")
            if problems := problems_of(page, COLOURS):
                broken[f"{address} in the dark"] = problems
        if address == "/no-such-page":  # the console reports its status
            network.console.clear()
    assert not context.cookies()
    context.close()
    assert not broken, json.dumps(broken, indent=1)


def test_the_dark_scheme_changes_nothing_but_colours() -> None:
    style = (PROJECT / "static/css/public.css").read_text("utf-8")
    (dark,) = re.findall(r"(?s)prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}\s*\}", style)
    assert style.count("prefers-color-scheme") == 1
    assert re.fullmatch(r"(\s*--[a-z-]+: #[0-9a-f]{3,6};)+\s*", dark)


# Each kind of control that a form can have, with words in it. A browser's own colours for one of them are too faint.
CONTROLS = """() => {
  const main = document.querySelector("main");
  const add = (name, facts = {}) => {
    const label = Object.assign(document.createElement("label"), { textContent: `A ${name} ` });
    label.append(Object.assign(document.createElement(name), facts));
    main.append(label);
    return label.lastChild;
  };
  for (const type of ["text", "search", "email", "tel", "url", "password", "number", "date", "time", "file"])
    add("input", { type, name: type });
  for (const type of ["text", "search", "email", "tel", "url"]) main.querySelector(`[name=${type}]`).value = "Words";
  for (const type of ["checkbox", "radio"]) add("input", { type });
  for (const type of ["button", "submit", "reset"]) add("input", { type, value: "Words" });
  add("textarea", { value: "Words" });
  add("button", { textContent: "Words" });
  for (const multiple of [false, true]) {
    const group = Object.assign(document.createElement("optgroup"), { label: "Words" });
    group.append(new Option("Words"), new Option("More words", "", true, true));
    add("select", { multiple }).append(group);
  }
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_kind_of_form_control_can_be_read(browser: Browser, site: RunningSite, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(site.url + "/feedback")
    page.evaluate(CONTROLS)
    assert page.locator("main select").count() == 3, "what it is about, and these two"
    problems = problems_of(page)
    context.close()
    assert not problems, json.dumps(problems, indent=1)


def test_every_page_is_valid_html(browser: Browser, site: RunningSite, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    for number, address in enumerate(addresses()):
        answer = context.request.get(site.url + address)
        (tmp_path / f"{number:02}{address.replace('/', '_')}.html").write_text(answer.text(), "utf-8")
    context.close()
    checker = PROJECT / "tests" / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
    settings = PROJECT / "tests" / "browser" / "html-validate.json"
    ran = subprocess.run(
        ["node", str(checker), "--config", str(settings), "--formatter", "text", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
        env=node_environment(),
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    "setting", [{"forced_colors": "active"}, {"reduced_motion": "reduce"}, {"java_script_enabled": False}]
)
def test_the_exit_and_the_link_to_help_are_there_whatever_the_reader_has_set(
    browser: Browser, site: RunningSite, setting: dict[str, object]
) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 568}, **setting)  # type: ignore[arg-type]
    page = context.new_page()
    for address in ("/", "/help/getting-ready", "/contacts", "/no-such-page"):
        page.goto(site.url + address)
        assert page.locator("#hide-this-page").is_visible()
        box = page.locator("#hide-this-page").bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["width"] >= 44
        assert page.get_by_role("link", name="Help now").first.is_visible()
    context.close()
