"""Addresses that a browser reads as another host or page are refused with their line, wherever an editor can write them."""

import pytest

from sidedoor.documents.checks import check_library
from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.loader import Loader
from sidedoor.documents.markdown import render
from tests.conftest import SetClock
from tests.content import ContentFolder

HOSTS = [
    r"/\host", r"\\host", r"/\\host", r"/\/host", r"https:\\evil.example", r"https:/\evil.example", "//evil.example",
    r"https://a.example\@evil.example", r"\host", r"/help\money", r"/..\..\chat\hide", "/%5Chost", "/%5chost", "/%09/host", "/%0a/host",
    "/&#92;host", "/&#x5c;host", "/&bsol;host", "/&Tab;/host", "/&NewLine;/host", "/&sol;host", "&sol;&sol;host", "<//evil.example>", r"</\host>",
    "</\t/host>", "/&#0;/host", "/&#9;/host", "mailto:a\\b@example.org", "/&#x09;/host",
]  # fmt: skip
PICTURES = [
    r"/images/..\chat\hide", r"/images/\\host", r"\images\x.png", r"/images\x.png", "/images/%5c..%5cchat%5chide", "/images/..&#92;chat",
    "/images/../chat/hide", "/images/%2e%2e/chat/hide", "/images/..", "/images/.%2e", "//evil.example/x.png", r"/\evil.example/x.png",
    "/images/x.png?y", "/images/x.png#y", "/images/&Tab;/x.png", "/images//evil", "https://evil.example/x.png", "/images/&period;&period;",
]  # fmt: skip


@pytest.mark.parametrize("address", HOSTS)
@pytest.mark.parametrize(
    "markdown",
    ["one\n\n[a]({})", "one\n\n[a][b]\n\n[b]: {}", 'one\n\n[a]({} "title")', "one\n\n/// action | {}\nGo\n///"],
)
def test_a_link_with_a_backslash_in_any_encoding_is_refused_with_its_line(address: str, markdown: str) -> None:
    rendered = render(markdown.format(address))
    if "href" not in rendered.html and "<a>" not in rendered.html and not rendered.links:
        return  # Markdown takes the address for words and makes no link
    assert rendered.findings, rendered.html
    assert rendered.findings[0].line in (3, 5), rendered.findings
    assert "href" not in rendered.html or 'href="https:' in rendered.html, rendered.html


@pytest.mark.parametrize("address", PICTURES)
def test_a_picture_address_that_is_not_a_plain_name_is_refused_with_its_line(address: str) -> None:
    rendered = render(f"one\n\n![a]({address})")
    assert rendered.findings
    assert rendered.findings[0].line == 3
    assert "src" not in rendered.html


@pytest.mark.parametrize(
    "address",
    ["/help/money", "/help/money#what-next", "https://www.example.org/a?b=c%20d&e=f", "mailto:a@example.org", "#x"],
)
def test_an_honest_address_is_left_alone(address: str) -> None:
    rendered = render(f"[a]({address})")
    assert rendered.findings == []
    assert "href" in rendered.html


def problems(content: ContentFolder) -> str:
    """All problems of the content folder, one per line."""
    live = LiveLibrary(Loader(content.path))
    try:
        return "\n".join(map(str, check_library(live.library, SetClock()(), LINKED)))
    finally:
        live.close()


@pytest.mark.parametrize("address", [r"/\host", "//host", "//evil/help", "/help//money", "/help/", r"/help\money"])
def test_an_address_in_front_matter_that_is_not_ours_is_refused_with_its_line(
    content: ContentFolder, address: str
) -> None:
    content.document("news/a.md", updates=[{"at": "2026-11-02 09:00", "note": "n", "link": f"'{address}'"}])
    content.document("news/b.md", state="withdrawn", withdrawn={"at": "2026-11-02 09:00", "reason": "r", "removed": "yes", "replacement": f"'{address}'"})  # fmt: skip
    errors = problems(content)
    for file in ("a", "b"):
        assert f"news/{file}.md:6: error" in errors, errors


@pytest.mark.parametrize(
    "address",
    [r"https:\\evil.example", r"https://good.example\@evil.example", r"/\host", "https:///x", "https://a b.example"],
)
def test_an_address_in_contacts_and_site_toml_with_a_backslash_is_refused_with_its_line(
    content: ContentFolder, address: str
) -> None:
    site, contacts = (content.path / "site.toml").read_text(), (content.path / "contacts.yaml").read_text()
    content.write(
        "contacts.yaml", contacts.replace("    phone: 0808 2000", f"    url: '{address}'\n    phone: 0808 2000")
    )
    assert "contacts.yaml:7: error" in problems(content)
    content.write("contacts.yaml", contacts)
    live = LiveLibrary(Loader(content.path))
    try:
        for wrong in (
            site.replace('"https://second.example/"', f"'{address}'"),
            f"url = '{address}'\n{site}",
            f"{site}url = '{address}'\n",
            f"{site}email = 'a\\b@example.org'\n",
            f"{site}[security]\ncontact = '{address}'\n",
        ):
            content.write("site.toml", wrong)
            site_problems = [problem for problem in live.refresh().problems if problem.file == "site.toml"]
            assert site_problems, wrong
            assert site_problems[0].line, site_problems
    finally:
        live.close()
