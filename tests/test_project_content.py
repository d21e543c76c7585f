"""The project's own pages: right numbers, plain words, no dead link, nothing promised that cannot be kept."""

import re
from pathlib import Path

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.documents.checks import check_library, long_sentences
from sidedoor.documents.document import Document
from sidedoor.documents.ledger import unlisted
from sidedoor.documents.problems import Level
from sidedoor.documents.readability import flesch_kincaid_grade
from sidedoor.documents.times import utc_now
from sidedoor.public.addresses import LINKED
from tests.conftest import PROJECT

HEADINGS = ["What to do now", "Who to talk to", "What next"]
SUBJECTS = (
    "get-help-now what-counts signs walking-on-eggshells money phones-and-devices at-home getting-ready a-place-to-stay orders "
    "right-to-ask making-a-report children pregnancy for-men being-yourself older-people disabled-and-deaf-people family-pressure "
    "your-status helping-a-friend your-own-behaviour"
).split()
OVERCLAIMS = re.compile(
    r"hides your visit|hide your visit|you are safe here|keeps you safe|erases?\b|untraceable|leaves no trace|completely private",
    re.I,
)


def help_pages(app: Flask) -> list[Document]:
    """The help pages in English."""
    return list(app.extensions["live"].library.public(utc_now()).help_in("en"))


def test_nothing_in_the_content_folder_is_wrong(real_app: Flask) -> None:
    problems = check_library(real_app.extensions["live"].library, utc_now(), LINKED)
    assert [str(problem) for problem in problems if problem.level is Level.ERROR] == []


def test_every_number_date_percentage_age_sum_and_duration_on_a_page_is_in_the_ledger(real_app: Flask) -> None:
    library = real_app.extensions["live"].library
    assert len(library.facts) > 30
    found = {page.file: figures for page in library.documents if (figures := unlisted(page, library))}
    assert found == {}, "run `flask content check --facts`"


def test_every_subject_has_its_page(real_app: Flask) -> None:
    assert set(SUBJECTS) <= {page.slug for page in help_pages(real_app)}


def test_every_help_page_is_easy_to_read_and_says_what_to_do_whom_to_ask_and_what_next(real_app: Flask) -> None:
    for page in help_pages(real_app):
        assert flesch_kincaid_grade(page.sentences) <= 6, page.slug
        assert long_sentences(page.sentences, 25) == [], page.slug
        headings = re.findall(r"<h2[^>]*>(.*?)</h2>", page.html)
        assert [heading for heading in headings if heading in HEADINGS] == HEADINGS, page.slug
        assert page.meta.sources, page.slug


def test_every_internal_link_of_every_page_leads_somewhere(real_app: Flask, real_client: FlaskClient) -> None:
    public = real_app.extensions["live"].library.public(utc_now())
    waiting, seen = ["/", *public.by_path], set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = real_client.get(path)
        assert answer.status_code == 200, path
        if answer.mimetype != "text/html":
            continue
        ids = set(re.findall(r'\bid="([^"]+)"', answer.text))
        for link in re.findall(r'href="([/#][^"]*)"', answer.text):
            address, _, fragment = link.partition("#")
            assert not fragment or address not in ("", path) or fragment in ids, (path, link)
            if address:
                waiting.append(address)
    assert len(seen) > 35


def test_the_numbers_on_the_contacts_page_are_those_of_the_file_digit_for_digit(real_client: FlaskClient) -> None:
    page = real_client.get("/contacts").text
    records = yaml.safe_load((PROJECT / "content/contacts.yaml").read_text("utf-8"))["contacts"]
    for scheme, field in (("tel", "phone"), ("sms", "text")):
        dialled = re.findall(rf'href="{scheme}:([^"?]*)(\?body=[a-zA-Z]+)?"', page)
        # Where a phone has to sign up, its first text holds the word for that.
        expected = [
            (re.sub(r"\D", "", str(record[field])), body)
            for record in records
            if field in record
            for body in ([f"?body={record['sign_up']}", ""] if field == "text" and "sign_up" in record else [""])
        ]
        assert dialled == expected
        assert all(number.isdigit() for number, _ in dialled)


def test_the_front_page_offers_the_four_situations(real_client: FlaskClient) -> None:
    page = real_client.get("/").text
    places = [
        page.index(says)
        for says in (
            "I need help now",
            "I am planning to leave",
            "I am worried about a friend",
            "I think I am hurting someone",
        )
    ]
    assert places == sorted(places)


def test_help_pages_tell_nothing_in_tab_title_description_or_shared_link(
    real_app: Flask, real_client: FlaskClient
) -> None:
    telling = real_app.extensions["live"].library.site.telling_words
    for page in help_pages(real_app):
        html = real_client.get(page.path).text
        head = html[: html.index("</head>")]
        assert "og:" not in head
        assert 'name="description"' not in head
        title = re.search(r"<title>(.*?)</title>", head)
        assert title
        assert not any(word.startswith(tuple(telling)) for word in re.findall(r"[a-z]+", title[1].lower())), page.slug


@pytest.mark.parametrize("folder", ["content", "site/sidedoor/templates", "site/sidedoor/locale", "static"])
def test_no_text_promises_what_a_page_cannot_do(folder: str) -> None:
    for path in (PROJECT / folder).rglob("*"):
        if path.suffix in {".md", ".html", ".toml", ".yaml", ".js", ".po"}:
            found = OVERCLAIMS.search(path.read_text("utf-8"))
            assert not found, f"{path.relative_to(PROJECT)}: {found and found[0]}"


def test_the_two_sets_of_figures_are_kept_apart(real_client: FlaskClient) -> None:
    first, trial = (
        real_client.get("/news/project-cara-first-results").text,
        real_client.get("/news/project-cara-trial").text,
    )
    assert "46%" in first
    assert "27%" not in first
    assert "Two sets of figures" in trial


def test_every_interface_string_has_its_welsh(tmp_path: Path) -> None:
    from babel.messages.extract import extract_from_dir
    from babel.messages.pofile import read_po

    with (PROJECT / "site/sidedoor/locale/cy/LC_MESSAGES/sidedoor.po").open("rb") as source:
        welsh = {
            message.id if isinstance(message.id, str) else message.id[0]: message.string for message in read_po(source)
        }
    methods = [("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
    found = {
        message if isinstance(message, str) else message[0]
        for _, _, message, _, _ in extract_from_dir(PROJECT / "site/sidedoor", methods)
    }
    assert sorted(text for text in found if not welsh.get(text)) == []
