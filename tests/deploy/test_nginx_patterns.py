"""deploy/nginx.conf passes on to the application what shows or takes a form, and whoever is in a chat, as our tables say.

No nginx runs here: the configuration's own patterns are read. Nothing else may go past the mirror, which answers while
the application is away.
"""

import re

import pytest
from flask import Flask

from sidedoor.chat.cookies import CONVERSATION_COOKIES, MARK_COOKIE, in_conversation
from sidedoor.documents.fixed_addresses import FIXED_ADDRESSES
from tests.server import PROJECT

CONFIGURATION = (PROJECT / "deploy" / "nginx.conf").read_text("utf-8")
_PASSED_ON = re.compile(r"^\s*location ~ (\S+) \{ return 418; \}", re.M)
_IN_CHAT = re.compile(r'^\s*"~(\S.*=)" 1;$', re.M)
LANGUAGES = ("", "/cy", "/ar", "/zh-hant")


def passed_on(path: str) -> bool:
    """Whether nginx passes every request for `path` on to the application, whatever the mirror has."""
    [pattern] = _PASSED_ON.findall(CONFIGURATION)
    return re.search(pattern, path) is not None


def test_nginx_passes_on_every_form_in_every_language_and_nothing_else() -> None:
    differ = [
        language + address.path
        for address in FIXED_ADDRESSES
        for language in LANGUAGES
        if address.path != "/" and passed_on(language + address.path) is not address.form
    ]
    assert differ == []


def test_nginx_passes_on_every_post_and_no_page_of_the_content(real_app: Flask) -> None:
    posts = [rule.rule for rule in real_app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    assert posts
    assert [path for path in posts if not passed_on(path)] == []
    public = real_app.extensions["site"].edition.edition().public
    assert [path for path in public.by_path if passed_on(path)] == []


@pytest.mark.parametrize("name", [*CONVERSATION_COOKIES, MARK_COOKIE, "chats", "xchat", "leftover", "__Host-desk"])
@pytest.mark.parametrize("others", ["", "theme=dark; ", "a=b;"])
def test_nginx_and_the_application_know_a_reader_in_a_chat_by_the_same_cookies(name: str, others: str) -> None:
    [pattern] = _IN_CHAT.findall(CONFIGURATION)
    cookies = f"{others}{name}=x"
    known = in_conversation({"HTTP_COOKIE": cookies})
    assert known is (name in (*CONVERSATION_COOKIES, MARK_COOKIE))
    assert (re.search(pattern, f"GET {cookies}") is not None) is known
