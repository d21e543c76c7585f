"""Markdown: the author blocks, and everything that is forbidden and reported with its line."""

import random
import re
from pathlib import Path

import pytest
from markdown.extensions.toc import TocTreeprocessor

from sidedoor.documents.markdown import render, render_prose
from sidedoor.documents.problem_words import file_words
from tests.conftest import LONG

PROJECT = Path(__file__).resolve().parents[2]
OURS = re.compile(r"""\bid="([^"{}]+)"|getElementById\("([^"]+)"\)|\.id = "([^"]+)"|"#([a-z][\w-]*)\b""")
"""The places where templates and scripts name elements."""


def problems_of(body: str) -> list[tuple[int | None, str]]:
    """The line and the text of each problem in `body`."""
    return [(finding.line, file_words(finding.code, finding.values).what) for finding in render(body).findings]


@pytest.mark.parametrize(
    ("body", "html"),
    [
        (
            "/// callout | Good to know\nText\n///",
            '<div class="callout">\n<p class="block-title">Good to know</p>\n<p>Text</p>\n</div>',
        ),
        ("/// emergency\nCall 999.\n///", '<div class="emergency">\n<p>Call 999.</p>\n</div>'),
        ("/// contact | ndah\n///", '<div data-contact="ndah"></div>'),
        ("/// steps\n1. One\n2. Two\n///", '<div class="steps">\n<ol>\n<li>One</li>\n<li>Two</li>\n</ol>\n</div>'),
        (
            "/// statistic | 46%\nless\n///",
            '<div class="statistic">\n<p class="figure"><strong>46%</strong></p>\n<p>less</p>\n</div>',
        ),
        (
            "/// quote | A, b\nWords\n///",
            '<figure class="quote">\n<blockquote>\n<p>Words</p>\n</blockquote>\n<figcaption>A, b</figcaption>\n</figure>',
        ),
        ("/// action | /help/x\nGo\n///", '<p class="action"><a href="/help/x">Go</a></p>'),
        (
            "/// device | edge\n### Edge\n///",
            '<section class="device" id="device-edge">\n<details><summary><h3 id="part-edge">Edge</h3>\n</summary></details></section>',
        ),
        ("/// call | 999\nWhisper.\n///", '<div class="call-now" data-contact="999">Whisper.</div>'),
        (
            "//// fold | Email\nText\n////",
            '<details class="fold">\n<summary>\n<h2 id="part-email">Email</h2>\n</summary>\n<p>Text</p>\n</details>',
        ),
        (
            '![A hill](/images/hill.png "From the north")',
            '<figure><img alt="A hill" src="/images/hill.png"><figcaption>From the north</figcaption></figure>',
        ),
    ],
)
def test_each_author_block(body: str, html: str) -> None:
    rendered = render(body)
    assert (rendered.html, rendered.findings) == (html, [])


def test_the_title_of_an_emergency_block_is_a_heading_of_the_right_level() -> None:
    box = "/// emergency | In danger now\nCall.\n///"
    assert '<h2 class="block-title" id="part-in-danger-now">' in render(box).html
    assert '<h3 class="block-title" id="part-in-danger-now">' in render(f"## First\n\n{box}").html
    assert '<p class="block-title">Note</p>' in render("/// callout | Note\nText\n///").html


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("<b>bold</b>", "HTML is written here"),
        ("<script>alert(1)</script>", "HTML is written here"),
        ("<img src=x onerror=alert(1)>", "HTML is written here"),
        ("<!-- secret -->", "HTML is written here"),
        ("![x](/images/a.png){: onerror=alert(1) }", "Attributes are written here"),
        ("[x](javascript:alert(1))", "leads nowhere this site allows"),
        ("[x](JaVaScRiPt:alert(1))", "leads nowhere this site allows"),
        ("[x](data:text/html,x)", "leads nowhere this site allows"),
        ("[x](//evil.example)", "leads nowhere this site allows"),
        ("[x](http://plain.example)", "leads nowhere this site allows"),
        ("![x](https://evil.example/p.gif)", "is not one of this site's own"),
        ("![x](/images/../secret.png)", "is not one of this site's own"),
        ("![](/images/a.png)", "has no words for people who cannot see it"),
        ("# Top", "A heading has one # only"),
        ("/// nonsense", "There is no block named"),
        ("/// callout", "is never closed"),
        ("///", "closes no block"),
        ("*[HTML]: Hyper", "Abbreviations are not explained this way"),
    ],
)
def test_forbidden_markup_is_reported_with_its_line_and_removed_from_the_page(line: str, message: str) -> None:
    body = f"First.\n\n{line}\n"
    assert any(number == 3 and message in words for number, words in problems_of(body)), problems_of(body)
    html = render(body).html
    for forbidden in (
        "<script",
        "<b>",
        "<img src=x",
        "<!--",
        'href="javascript',
        'href="data',
        "//evil.example",
        'src="https',
    ):
        assert forbidden not in html.lower()
    assert not re.search(r"<[^>]*\son\w+=", html)


def test_a_handler_among_a_blocks_options_is_reported() -> None:
    problems = problems_of("/// callout | x\n    attrs: {onclick: alert(1)}\n\nText\n///")
    assert any("onclick" in message for _, message in problems)


def test_code_may_contain_html() -> None:
    assert problems_of("Write `<b>` like this.\n\n```\n<script>\n```") == []


def test_sentences_are_collected_block_by_block() -> None:
    assert render("One *two*.\n\n- “a”\n- b\n\n| c |\n|---|\n| d |").sentences == ["One two.", "“a”", "b", "c", "d"]


def ids_of_the_layout() -> set[str]:
    """Every id that a template, a script or the style sheet names."""
    files = [*(PROJECT / "site/sidedoor/templates").rglob("*.html"), *(PROJECT / "static/js").rglob("*.js")]
    named = {name for file in files for ids in OURS.findall(file.read_text("utf-8")) for name in ids if name}
    return named | set(re.findall(r"#([a-z][\w-]*)", (PROJECT / "static/css/public.css").read_text("utf-8")))


def test_no_id_from_an_editors_text_clashes_with_the_layout() -> None:
    ours = ids_of_the_layout()
    assert {
        "chat-news",
        "main",
        "hide-this-page",
        "menu",
        "way-back",
        "travel-status",
        "message",
        "chat-status",
    } <= ours
    words = [name.replace("-", " ") for name in sorted(ours)]
    body = "\n\n".join(
        f"## {heading}" for name, text in zip(sorted(ours), words, strict=True) for heading in (text, name)
    )
    devices = "\n\n".join(f"/// device | {name}\nx\n///" for name in sorted(ours))
    ids = re.findall(r'\bid="([^"]*)"', render(f"{body}\n\n{devices}").html)
    assert len(ids) == 3 * len(ours)
    assert len(set(ids)) == len(ids), "no id is used twice"
    assert set(ids) & ours == set()
    assert not [name for name in ours if name.startswith(("part-", "device-", "contact-"))], (
        "these prefixes are for editors' texts"
    )


def test_a_link_to_a_heading_uses_its_words() -> None:
    html = render("## Who to call\n\n[There](#who-to-call) and [here](#part-who-to-call), not [this](#main).").html
    assert 'id="part-who-to-call"' in html
    assert re.findall('href="([^"]+)"', html) == ["#part-who-to-call", "#part-who-to-call", "#main"]


@pytest.mark.parametrize(
    "heading", ["আমি কথা বলতে পারছি না", "میں بول نہیں سکتی", "نمی‌توانم حرف بزنم", "我不能说话", "Nie mogę mówić"]
)
def test_a_heading_in_any_script_gets_its_own_id(heading: str) -> None:
    html = render(f"## {heading}\n\n## 2. {heading}\n\n[There](#{heading.replace(' ', '-')})").html
    first, second = re.findall(' id="part-([^"]+)"', html)
    assert first == re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-"))
    assert second == f"2-{first}"
    assert re.findall('href="#part-([^"]+)"', html) == [first]


def test_the_blocks_of_tools_become_lists_questions_and_cards() -> None:
    ticks = render("/// ticks\n- Keys\n///\n\n/// write | What else\n///")
    assert ticks.html.split() == '<div class="ticks"> <ul> <li>Keys</li> </ul> </div> <div class="write"> <p class="block-title">What else</p> </div>'.split()  # fmt: skip
    question = render("/// question | Is it so?\n- [Here](/help/x)\n///")
    assert '<section class="question">' in question.html
    assert "Is it so?</h3>" in question.html
    assert question.links == ["/help/x"]
    card = render("//// place | wales\n## Wales\n\n/// number | ndah\nDay *and* night\n///\n////")
    assert '<section class="card" id="card-wales">' in card.html
    assert '<div class="number" data-contact="ndah">Day <em>and</em> night</div>' in card.html
    assert card.contacts == ["ndah"]
    assert not [*ticks.findings, *question.findings, *card.findings]


_PIECES = (
    "a", "word", "7", " ", "  ", "\n", "  \n", "\n\n", "'", '"', "*", "**", "_", "`", "\\", "[", "](/help)", "![", "](/images/a.jpg)",
    "[TOC]", "<https://a.org>", "<b>", "&amp;", "&", ".", "...", "....", "-", "--", "---", "’", "s", "- ", "1. ", "> ", "## ", "| ", "!", "\u00e9", "\u06cc",
)  # fmt: skip
_OF_PROSE = (
    "a", "b c", "word", "\n", "\n\n", " ", "  ", ".", "-", "“", "’", "1.", "£5", "é", "/", "(z)", "%", ":", "²", "١. x", "বাং",
    "_a_",
)  # fmt: skip


def test_the_shortcut_for_plain_prose_changes_no_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choose = random.Random(7)
    bodies = ["".join(choose.choices(_PIECES, k=choose.randint(1, 30))) for _ in range(1500 if LONG else 300)]
    bodies += [
        "\n\n".join("".join(choose.choices(_OF_PROSE, k=4)) for _ in range(choose.randint(1, 3)))
        for _ in range(4000 if LONG else 600)
    ]
    share = sum(render_prose(body) is not None for body in bodies) / len(bodies)
    assert 0.03 < share < 0.3, "some of the texts take the shortcut and most do not"
    bodies += [path.read_text("utf-8").split("---\n", 2)[-1] for path in Path("examples").rglob("*.md")]
    all_rendered = [render(body) for body in bodies]
    monkeypatch.setattr("sidedoor.documents.markdown._Hide.run", lambda self, root: None)
    monkeypatch.setattr("sidedoor.documents.markdown._Headings.run", TocTreeprocessor.run)
    monkeypatch.setattr("sidedoor.documents.markdown.render_prose", lambda body: None)
    for body, rendered in zip(bodies, all_rendered, strict=True):
        assert rendered == render(body), body
