"""Whatever bytes an editor or a visitor sends: never a 500, and never a lost page."""

import string
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sidedoor.documents import front_matter
from sidedoor.documents.front_matter import Written, read_document, read_yaml
from sidedoor.documents.markdown import render
from sidedoor.documents.problem_words import file_words
from sidedoor.documents.problems import Problem, Refused
from sidedoor.documents.reading import read_text
from sidedoor.documents.slugs import slug_from_title, slug_problem
from sidedoor.documents.times import parse_wall_time
from sidedoor.public import create_app, folding
from sidedoor.settings import Settings
from tests.content import ContentFolder
from tests.house import HouseClient

NASTY = st.sampled_from(
    [
        "..",
        "%00",
        "%2e%2e",
        "%ff",
        "\\",
        "//",
        "é",
        "е",
        "ﬀ",
        "‮",
        "'",
        '"',
        "<",
        ">",
        "\x00",
        ";",
        "help",
        "news",
        "images",
        "2026",
        "page",
        "~",
    ]
)
PATHS = st.lists(st.one_of(NASTY, st.text(max_size=8)), max_size=6).map("/".join)
SCRIPTS = [
    "abcdefghijklmnopqrstuvwxyzłśżșțâîŵŷ", "ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "ابپتٹجچحخدڈرڑزسشصطعغفقکگلمنںوہھءیے",
    "অআইউএকখগঘচছজটডতথদধনপফবভমযরলশষসহ", "ਅਆਇਉਏਕਖਗਘਚਛਜਟਡਤਥਦਧਨਪਫਬਭਮਯਰਲਵਸਹ", "我你他她们家警助求在的是不了人有这中大来上国",
    "абвгдежзиклмнопрстуфхцчшщыэюя", "αβγδεζηθικλμνξοπρστυφχψω", "אבגדהוזחטיכלמנסעפצקרשת", "กขคงจชซดตถทนบปผพฟมยรลวสหอ", "あいうえおかきくけこさしすせそ",
]  # fmt: skip
"""Letters of the languages that ship and of others."""
A_WORD = st.sampled_from(SCRIPTS).flatmap(lambda letters: st.text(letters, min_size=2, max_size=9))
A_SENTENCE = st.lists(A_WORD, min_size=1, max_size=8).map(" ".join)
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def small_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A small site."""
    folder = ContentFolder(tmp_path_factory.mktemp("p") / "content")
    folder.write_basics()
    app = create_app(Settings(content=folder.path, data=tmp_path_factory.mktemp("d")))
    app.test_client_class = HouseClient
    yield app
    app.extensions["live"].close()


@quick
@given(path=PATHS, method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE"]))
def test_no_path_causes_a_server_error(small_app: Flask, path: str, method: str) -> None:
    raw = f"/{path}".encode("utf-8", "surrogatepass").decode("latin-1")
    small_app.test_client().open(
        "/", method=method, environ_overrides={"PATH_INFO": raw}
    )  # the house client refuses a 500


@quick
@given(query=st.text(max_size=300), field=st.sampled_from(["query", "message", "other"]))
def test_no_form_causes_a_server_error(small_app: Flask, query: str, field: str) -> None:
    small_app.test_client().post("/search", data={field: query})


@quick
@given(
    name=st.sampled_from(
        ["Accept-Encoding", "If-None-Match", "Range", "Cookie", "Origin", "Accept-Language", "Referer"]
    ),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80),
)
def test_no_header_causes_a_server_error(small_app: Flask, name: str, value: str) -> None:
    small_app.test_client().get("/help/money", headers={name: value})


@quick
@given(
    raw=st.one_of(
        st.binary(max_size=400),
        st.text(max_size=400).map(str.encode),
        st.text(string.printable, max_size=400).map(lambda text: f"---\n{text}\n---\n{text}".encode()),
    )
)
def test_any_bytes_are_read_as_a_document_or_refused(raw: bytes) -> None:
    try:
        read_document(read_text(raw, "help/x.md"), "help/x.md")
    except Refused as refused:
        assert refused.problems
        assert all(all(file_words(problem.code, problem.values, problem.field)) for problem in refused.problems)


@quick
@given(text=st.text(st.sampled_from("abc:-[]{}&*!|>'\"# \n\t%@`,?"), max_size=200))
def test_any_front_matter_is_read_as_strings_or_refused(text: str) -> None:
    def all_strings(value: object) -> bool:
        if isinstance(value, dict):
            return all(isinstance(key, str) and all_strings(inner) for key, inner in value.items())
        return all(map(all_strings, value)) if isinstance(value, list) else isinstance(value, str)

    try:
        assert all_strings(read_yaml(text, "x").values)
    except Refused as refused:
        assert refused.problems


def read_or_refused(text: str) -> Written | list[Problem]:
    try:
        return read_yaml(text, "x", first_line=2)
    except Refused as refused:
        return refused.problems


PIECES = [
    *"ab:-?[]{},#&*!|>%@`'\"\n \t\r\\~=.0é", "\n  ", "\n    ", "- ", ": ", "a: ", "b: x\n", "---\n", "...\n", "|\n  ", "? ",
    "&a ", "*a", "!!str ", "%YAML 1.1\n", "\x85", "\u2028", "\ufeff", "\x00", "\x7f", "\ud800", "t: 7:30 (a), 2% 'b'\n", "[[[[[[[[", "- - - - - - - - ",
]  # fmt: skip


@quick
@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=22), begins=st.sampled_from(["", "title: x\n", "l: [a, b-c]\n"])
)
@example(pieces=["b", "\t"], begins="a: ")
@example(pieces=["|", "#"], begins="a: ")
@example(pieces=["~", "?"], begins="a: [")
@example(pieces=["?"], begins="")
@example(pieces=["*a"], begins="title: x\n")
@example(pieces=["a: b: c"], begins="title: x\n")
@example(pieces=["a: b"], begins="title: x\n")
@example(pieces=["l: c"], begins="l: [a, b-c]\n")
def test_the_quick_reader_gives_the_same_values_lines_and_problems_as_the_slow_one(
    pieces: list[str], begins: str
) -> None:
    text = begins + "".join(pieces)
    assert front_matter._QUICK
    quickly = read_or_refused(text)
    front_matter._read.cache_clear()
    with patch.object(front_matter, "_QUICK", None), patch.object(front_matter, "_read_ordinary", return_value=None):
        assert quickly == read_or_refused(text)


@quick
@given(body=st.text(st.sampled_from("ab*_`[]()!<>/|#-:&;\n \"'{}"), max_size=200))
def test_no_markdown_lets_a_script_a_handler_or_another_host_through(body: str) -> None:
    html = render(body).html.lower()
    assert "<script" not in html
    assert "javascript:" not in html
    assert 'src="http' not in html
    assert 'href="//' not in html


@quick
@given(title=st.text(max_size=200))
def test_a_slug_made_from_a_title_is_valid(title: str) -> None:
    slug = slug_from_title(title)
    assert not slug or slug_problem(slug) is None or slug.isdigit() or slug == "page"


@settings(quick, max_examples=8)
@given(title=A_SENTENCE, summary=A_SENTENCE, text=A_SENTENCE)
def test_a_page_in_any_script_is_shown_and_found_by_its_words(
    small_app: Flask, title: str, summary: str, text: str
) -> None:
    folder = ContentFolder(small_app.config["CONTENT"])
    folder.document("help/money.md", text, title=title, tab_title="Zq", summary=summary)
    small_app.extensions["live"].refresh()
    client = small_app.test_client()
    page = client.get("/help/money").text
    assert f">{title}</h1>" in page and text in page
    for words in (title, text):
        word = max(words.split(), key=len)
        assert 'href="/help/money"' in client.post("/search", data={"query": word}).text.partition('id="results"')[2], (
            word
        )


@quick
@given(slug=st.text(max_size=40))
def test_a_slug_that_is_accepted_stays_in_its_folder(slug: str) -> None:
    if slug_problem(slug) is None:
        assert slug.isascii()
        assert (Path("/content/news") / f"{slug}.md").resolve().parent == Path("/content/news")


@quick
@given(written=st.text(max_size=30))
def test_any_time_is_read_or_refused_in_a_sentence(written: str) -> None:
    from zoneinfo import ZoneInfo

    try:
        assert parse_wall_time(written, ZoneInfo("Europe/London")).tzinfo is not None
    except ValueError as error:
        assert str(error).endswith(".")


@quick
@given(text=st.text(st.sampled_from([chr(code_point) for code_point in range(128)]), max_size=60))
def test_the_shortcut_for_ascii_words_changes_no_result(text: str) -> None:
    assert folding.words(f"{text} ά") == [*folding.words(text), "ά"]
    assert folding.other_spellings(f"{text} ά").split() == [*folding.other_spellings(text).split(), "α"]
