"""The house rules, applied to every response that any test fetches (the idea is GOV.UK Notify's test client)."""

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sidedoor.web.edition import SAME_FOR_EVERYONE
from sidedoor.web.headers import IN_PLACE, NO_PAGE, policy_headers
from sidedoor.web.inline import source_hash

_STYLES = re.compile(r"style-src ([^;]+)")
_PAGE_MUST_HOLD = (
    'id="hide-this-page"',
    'id="hide-notice"',
    'id="main"',
    'href="{own}/help/get-help-now"',
    'href="{own}/safer-browsing"',
    "<h1",
)


def check_house_rules(response: TestResponse) -> None:
    """Fail where a response breaks a rule: no cookie, the whole policy, nothing from another host, a way out."""
    in_place = IN_PLACE in response.request.headers
    for name, value in policy_headers(False).items():
        # An answer that is not a page has nothing to load and nothing to run.
        is_page = response.mimetype == "text/html" or (
            response.status_code == 304 and response.headers.get(name) != NO_PAGE
        )
        if name == "Content-Security-Policy" and (in_place or not is_page):
            value = NO_PAGE
        # Only an answer to a fetch that itself stores nothing may say no-cache.
        if name == "Cache-Control" and in_place:
            value = "private, no-cache"
            assert IN_PLACE in response.headers["Vary"]
        values = response.headers.get_all(name)
        if name == "Content-Security-Policy":  # the allowed styles depend on the page and are checked below
            values, value = [_STYLES.sub("", policy) for policy in values], _STYLES.sub("", value)
        assert values == [value], f"{name} of {response.request.path}"
    # The only cookie names a conversation. It lasts from its start to its end, and no longer than the browser runs.
    for cookie in response.headers.getlist("Set-Cookie"):
        # Any answer may delete it after the reader left the conversation (public.hidden_first).
        path = response.request.path
        assert ("Max-Age=0" in cookie) or (cookie.startswith("chat=") and path.startswith("/chat")), path
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
        assert "Max-Age=0" in cookie or not ("Expires" in cookie or "Max-Age" in cookie)
    for forbidden in ("Server", "Last-Modified", SAME_FOR_EVERYONE, "X-Powered-By"):
        assert forbidden not in response.headers, f"{forbidden} of {response.request.path}"
    assert "Cookie" not in response.headers.get("Vary", "")
    assert response.status_code < 500 or response.status_code == 503, response.status
    if response.mimetype == "text/html" and response.get_data() and not response.headers.get("Content-Encoding"):
        page = response.get_data(as_text=True)
        _check_page(page, response.request.path, in_place)
        if not in_place:
            held = {source_hash(style) for style in re.findall(r"<style[^>]*>(.*?)</style>", page, re.DOTALL)}
            listed = _STYLES.search(response.headers["Content-Security-Policy"])
            assert listed and set(listed[1].split()) == (held or {"'none'"}), response.request.path


def _check_page(page: str, path: str, in_place: bool) -> None:
    if page.startswith("<!doctype html>\n<html lang=en>"):  # werkzeug's own body of a redirect
        return
    # The links to Help now and to the guide are in the page's own language.
    language = re.search(r'<html lang="([^"]+)"', page)
    site = re.search(r'id="languages" data-own="([^"]+)"', page)
    own = f"/{language[1]}" if language and site and language[1] != site[1] else ""
    # An answer shown in place goes into a page that has the rest.
    for needed in ('id="main"', "<h1") if in_place else _PAGE_MUST_HOLD:
        needed = needed.format(own=own)
        assert needed in page, f"{needed} is missing from {path}"
    for forbidden in (
        " onclick=",
        " onload=",
        "javascript:",
        "<iframe",
        '<img src="http',
        "<script src",
        'rel="preconnect"',
        " style=",
        "{&#39;",  # a table of words by language that was printed unchanged
    ):
        assert forbidden not in page, f"{forbidden} in {path}"
    assert page.count("<h1") == 1, f"more than one h1 in {path}"


class HouseClient(FlaskClient):
    """A test client that checks the rules on each response."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        check_house_rules(response)
        return response
