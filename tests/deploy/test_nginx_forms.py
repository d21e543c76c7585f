"""deploy/nginx.conf passes on to the application what shows or takes a form, as the registry of addresses says.

No nginx runs here: the configuration's own pattern is read. Nothing else may go past the mirror, which answers while
the application is away.
"""

import re

from flask import Flask

from sidedoor.documents.fixed_addresses import FIXED_ADDRESSES
from tests.server import PROJECT

_PASSED_ON = re.compile(r"^\s*location ~ (\S+) \{ return 418; \}", re.M)
LANGUAGES = ("", "/cy", "/ar", "/zh-hant")


def passed_on(path: str) -> bool:
    """Whether nginx passes every request for `path` on to the application, whatever the mirror has."""
    [pattern] = _PASSED_ON.findall((PROJECT / "deploy" / "nginx.conf").read_text("utf-8"))
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
    public = real_app.extensions["edition"]().public
    assert [path for path in public.by_path if passed_on(path)] == []
