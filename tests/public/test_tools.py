"""Tools are files in the folder pages/ that are listed among the help pages and checked like them."""

import re

from flask import Flask
from flask.testing import FlaskClient

from sidedoor.documents.checks import check_library
from sidedoor.documents.codes import Code
from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.problems import Level
from sidedoor.documents.readability import flesch_kincaid_grade
from tests.content import ContentFolder

TOOLS = ("plan", "check", "card")


def test_a_page_with_a_group_is_listed_among_the_help_pages_in_its_order(
    app: Flask, client: FlaskClient, content: ContentFolder
) -> None:
    content.document("pages/tool.md", title="A tool", group="plan", order=1)
    app.extensions["live"].refresh()
    front, topics = client.get("/").text, client.get("/help").text
    assert 'href="/tool"' in front
    assert topics.index('href="/tool"') < topics.index('href="/help/money"')
    for page in (front, topics):
        assert page.count('href="/safer-browsing"') == 2  # in the notice and the menu
    content.document("pages/tool.md", title="A tool", group="nowhere")
    problems = app.extensions["live"].refresh().problems
    assert any("There is no group “nowhere”" in str(problem) for problem in problems)


def test_a_tool_is_checked_for_telling_and_hard_words_like_a_help_page(app: Flask, content: ContentFolder) -> None:
    hard = "Notwithstanding jurisdictional considerations, organisational responsibilities necessitate deliberation."
    content.document("pages/tool.md", hard, title="Abuse", group="plan")
    content.document("pages/about.md", hard, title="Abuse")
    problems = check_library(app.extensions["live"].refresh(), app.extensions["clock"](), LINKED)
    assert [problem.file for problem in problems if problem.code is Code.TELLING_WORD] == ["pages/tool.md"]
    levels = {problem.file: problem.level for problem in problems if problem.code is Code.HARD_TO_READ}
    assert levels == {"pages/tool.md": Level.ERROR, "pages/about.md": Level.WARNING}


def test_the_projects_tools_are_easy_to_read_and_linked_from_the_front_page_and_all_topics(
    real_app: Flask, real_client: FlaskClient
) -> None:
    pages = {page.slug: page for page in real_app.extensions["live"].library.documents if page.kind == "page"}
    for tool in TOOLS:
        assert flesch_kincaid_grade(pages[tool].sentences) <= 6
        assert pages[tool].meta.sources
        for path in ("/", "/help", "/sitemap.xml"):
            assert f"/{tool}" in real_client.get(path).text, (tool, path)
        results = real_client.post("/search", data={"query": pages[tool].title}).text
        assert f'href="/{tool}"' in results


def test_the_plan_says_where_words_go_before_the_first_field(real_client: FlaskClient) -> None:
    page = real_client.get("/plan").text
    assert page.index("not sent to us") < page.index('class="ticks"')
    main = page[page.index("</dialog>") : page.index("</main>")]
    assert not re.search(r"<(input|textarea|form)\b", main)  # without scripts, a list to print


def test_the_scripts_of_the_tools_come_with_the_pack_and_are_on_no_page(real_client: FlaskClient) -> None:
    marks = ("div#plan", "div#questions", "form#narrow")
    for path in ("/", "/help/money", "/contacts", "/card", "/plan", "/check"):
        page = real_client.get(path).text
        assert not [mark for mark in marks if mark in page], path
    assert all(mark in real_client.get("/pack.js").text for mark in marks)


def test_a_card_takes_its_numbers_from_the_contacts(real_client: FlaskClient) -> None:
    page = real_client.get("/card").text
    scotland = page[page.index('id="card-scotland"') : page.index('id="card-northern-ireland"')]
    assert re.findall(r'href="tel:(\d+)"', scotland) == ["999", "101", "08000271234", "116123"]
    for nation, number in (("wales", "08088010800"), ("england", "08082000247"), ("northern-ireland", "08088021414")):
        start = page.index(f'id="card-{nation}"')
        assert f'tel:{number}"' in page[start : page.index("</section>", start)]
