"""The desk's front page lists the facts and pages that somebody has to look up again, and links to them."""

import re

from flask import Flask
from flask.testing import FlaskClient

from tests.content import SITE, ContentFolder
from tests.documents.test_ledger import FACTS


def section(page: str, heading: str) -> str:
    """The part of the page under a heading; empty if there is none."""
    match = re.search(rf"<section[^>]*><h2>{heading}</h2>.*?</section>", page, re.DOTALL)
    return match[0] if match else ""


def test_the_front_page_lists_a_fact_that_is_due_with_every_page_that_prints_it(
    desk: Flask, ann: FlaskClient, content: ContentFolder
) -> None:
    content.write("facts.yaml", FACTS.replace("2027-05-01", "2026-12-01"))
    content.document("help/order.md", "28 days", title="Orders", facts=["order-length"])
    content.document("pages/law.md", "28 days", title="The law", facts=["order-length"])
    desk.extensions["desk"].live.refresh()
    due = section(ann.get("/").get_data(as_text=True), "Facts to look up again")
    assert "An order lasts up to 28 days." in due
    assert "2026-12-01" in due and "The Act, section 1, 2024-05" in due
    assert re.findall(r'href="([^"]+)">([^<]+)<', due) == [
        ("/items/help/order", "Orders"),
        ("/items/page/law", "The law"),
    ]
    assert "Nobody prints this" not in due
    content.write("facts.yaml", FACTS)
    desk.extensions["desk"].live.refresh()
    assert section(ann.get("/").get_data(as_text=True), "Facts to look up again") == ""


def test_the_front_page_lists_a_page_with_old_facts_shortly_before_its_check_date(
    desk: Flask, ann: FlaskClient, eve: FlaskClient, content: ContentFolder
) -> None:
    content.document("help/order.md", title="Orders", check="high", check_by="2026-12-01", reviewed="2026-11-01")
    content.document("help/later.md", title="Later", check="high", check_by="2027-12-01", reviewed="2026-11-01")
    desk.extensions["desk"].live.refresh()
    due = section(eve.get("/").get_data(as_text=True), "Due")
    assert "Orders</a>: Its facts are to be looked at again by 2026-12-01." in due
    assert "Later" not in due
    assert "order" not in ann.get("/").get_data(as_text=True).lower(), "a press officer may not open it"


def test_the_front_page_lists_errors_of_the_site_as_a_whole(
    desk: Flask, ann: FlaskClient, content: ContentFolder
) -> None:
    assert "/nowhere" not in ann.get("/").text
    content.write("site.toml", SITE.replace("pages = [", 'pages = ["/nowhere", ') + '[look]\naccent = "#dddddd"\n')
    desk.extensions["desk"].live.refresh()
    page = ann.get("/").text
    assert "/nowhere" in section(page, "Wrong in the files")
    assert "look" in section(page, "Wrong in the files") + section(page, "Due")


def test_the_front_page_lists_an_error_in_the_contacts(desk: Flask, ann: FlaskClient, content: ContentFolder) -> None:
    content.write("contacts.yaml", "contacts: [")
    desk.extensions["desk"].live.refresh()
    assert "contacts.yaml" in section(ann.get("/").get_data(as_text=True), "Wrong in the files")
