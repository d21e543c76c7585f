"""A page's style holds only the rules that it uses: in a browser every element looks as it does with all rules."""

import re

from flask.testing import FlaskClient
from playwright.sync_api import Page

from sidedoor.web.sheet import NO_RULES, used, whole

PAGES = (
    "/",
    "/help",
    "/help/money",
    "/help/get-help-now",
    "/contacts",
    "/card",
    "/news",
    "/ur/feedback",
    "/safer-browsing",
)
LOOK = """(rules) => {
  document.querySelector("style").textContent = rules;
  return [...document.querySelectorAll("*")].flatMap((element) => ["", "::before", "::after", "::marker"].map((part) => {
    const style = getComputedStyle(element, part || null);
    const properties = ["display", "position", "color", "background-color", "font", "margin", "padding", "border", "width", "height",
      "inset", "list-style", "text-align", "text-decoration", "grid-template", "gap", "content", "stroke", "fill"];
    return element.cloneNode().outerHTML.slice(0, 80) + part + properties.map((name) => style.getPropertyValue(name)).join(";");
  }));
}"""


def test_a_page_with_only_its_own_rules_looks_the_same_as_with_all_rules(real_client: FlaskClient, page: Page) -> None:
    pages = {path: re.sub(r"(?s)<script\b.*?</script>", "", real_client.get(path).text) for path in PAGES}
    for path, text in pages.items():
        page.set_content(text)
        page.evaluate("() => document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        for width, medium, colours in ((360, "screen", "none"), (1280, "screen", "none"), (1280, "print", "none"), (360, "screen", "active")):  # fmt: skip
            page.set_viewport_size({"width": width, "height": 640})
            page.emulate_media(media=medium, forced_colors=colours)  # type: ignore[arg-type]
            own, every = (page.evaluate(LOOK, rules) for rules in (used(text, NO_RULES), whole()))
            assert [pair for pair in zip(own, every, strict=True) if pair[0] != pair[1]][:3] == [], (
                path,
                width,
                medium,
            )
        own_bytes, every_bytes = len(used(text)), len(whole())
        assert own_bytes < 0.75 * every_bytes, path
