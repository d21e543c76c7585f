"""Promises of the design that a page's HTML shows: orientation, cards, filters, forms, sharing, print."""

import re

from flask import Flask
from flask.testing import FlaskClient

from sidedoor.documents.times import utc_now
from sidedoor.public.orientation import FEWEST, headings, onward
from tests.conftest import Refresh
from tests.content import ContentFolder


def main(page: str) -> str:
    return page[page.index("<main") : page.index("</main>")]


def test_help_now_offers_a_call_then_the_silent_way_then_the_written_way_in_every_language(
    real_app: Flask, real_client: FlaskClient
) -> None:
    public = real_app.extensions["live"].library.public(utc_now())
    help_now = next(page for page in public.help if page.path == public.help_now("en"))
    for path in public.own_versions(help_now.path).values():
        text = main(real_client.get(path).text).partition('<div class="text">')[2]
        reader_view, _, text = text.partition("</p>")  # the exit that only a reader view shows
        assert reader_view.lstrip().startswith('<p class="way-out">')
        links = re.findall(r'<a href="([^"]+)"', text)
        assert links[0] == f"tel:{public.contacts['999'].phone}", path
        assert all(link.startswith("#") for link in links[1:3]), path
        assert text.lstrip().startswith('<p class="call-now">'), path


def test_the_front_page_has_a_promise_situations_groups_contacts_and_the_owner_but_no_topics(
    real_app: Flask, real_client: FlaskClient
) -> None:
    public = real_app.extensions["live"].library.public(utc_now())
    page = main(real_client.get("/").text)
    assert "Nobody is told. You do not have to leave, or report." in page
    assert page.count('<svg class="icon"') == len(public.site.situations) == 4
    assert page.count('href="/help#group-') == len(public.groups("en"))
    assert f"{len(public.contacts)} helplines and services" in page
    assert public.site.organisation in page
    assert len(re.findall('href="/help/', page)) == 4, "the page All topics lists them"


def test_every_help_page_names_its_group_and_a_long_page_lists_its_headings(
    real_app: Flask, real_client: FlaskClient
) -> None:
    public = real_app.extensions["live"].library.public(utc_now())
    topics = real_client.get("/help").text
    many = 0
    for document in public.help:
        page = main(real_client.get(document.path).text)
        group = public.group_of(document)
        assert group
        assert page.index(f'<a href="/help#group-{group.id}"') < page.index("<h1"), document.slug
        assert f'id="group-{group.id}"' in topics
        parts = headings(document.html)
        many += bool(parts)
        assert re.findall(r'<li(?: class="sub")?><a href="#([^"]+)">', page) == [name for _, name, _ in parts]
        assert len(re.findall("<h[23] id=", document.html)) < FEWEST or parts, document.slug
    assert many > 30


def test_more_like_this_never_repeats_what_next(real_app: Flask, real_client: FlaskClient) -> None:
    public = real_app.extensions["live"].library.public(utc_now())
    lists = 0
    for document in public.help:
        _, heading, rest = main(real_client.get(document.path).text).partition("<h2>More like this</h2>")
        lists += bool(heading)
        more = set(re.findall(r'<a href="([^"]+)"', rest.partition("</ul>")[0]))
        assert not more & onward(document.html), document.slug
        assert bool(more) == bool(heading), "an empty list has no heading"
    assert lists > 20


def test_the_guide_is_a_list_of_steps_that_open(real_client: FlaskClient) -> None:
    page = main(real_client.get("/safer-browsing").text)
    assert page.count('<details class="fold">') > 10
    assert len(re.findall(r'<section class="device" id="[^"]+">\n<details>', page)) > 8
    assert "<h2>The Shift key</h2>" in page


def test_a_contact_card_has_one_button_and_every_link_names_its_helpline(
    real_app: Flask, real_client: FlaskClient
) -> None:
    public = real_app.extensions["live"].library.public(utc_now())
    cards = re.findall(r'<article class="contact".*?</article>', real_client.get("/contacts").text, re.DOTALL)
    assert len(cards) == len(public.contacts)
    for card, contact in zip(cards, public.contacts.values(), strict=True):
        shown = card.partition("<details>")[0]
        assert shown.count('class="call"') == (0 if contact.textphone and not contact.phone else 1), contact.id
        for scheme in ("tel", "https"):
            for words in re.findall(rf'<a [^>]*href="{scheme}:[^>]*>(.*?)</a>', card):
                assert words.endswith('<span class="visually-hidden">, ' + escaped(contact.name) + "</span>"), words
        if contact.cost:
            assert f"<li>{escaped(contact.cost)}</li>" in shown
        if contact.note:
            assert escaped(contact.note) in shown, "a caution is never folded away"
    for page in ("/help/get-help-now", "/help/getting-ready"):
        for words in re.findall(r'<a [^>]*href="tel:[^>]*>(.*?)</a>', real_client.get(page).text):
            assert 'class="visually-hidden">, ' in words, page


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("'", "&#39;").replace('"', "&#34;")


def contact_ids(page: str) -> list[str]:
    return re.findall(r'<article class="contact" id="contact-([\w-]+)"', page)


def test_the_filters_are_a_form_and_the_best_match_comes_first(real_app: Flask, real_client: FlaskClient) -> None:
    total = len(real_app.extensions["live"].library.contacts)
    results = real_client.post("/contacts", data={"place": "wales", "audience": "men"})
    assert results.headers["Cache-Control"] == "no-store"
    first, *others = contact_ids(results.text)
    assert first == "mens-advice-line", "a contact for men alone is the best match"
    assert "live-fear-free" in others
    assert "ndah" not in others
    assert re.search(rf'<h2 id="found" tabindex="-1"[^>]*>{len(others) + 1} of {total}</h2>', results.text)
    assert 'name="place" value="wales" checked' in results.text
    assert "Show all" in results.text
    everything = real_client.get("/contacts").text
    assert contact_ids(everything) == list(real_app.extensions["live"].library.contacts)
    for odd in ({"place": "<b>"}, {"audience": "zq"}, {"place": "", "audience": "", "area": ""}):
        assert contact_ids(real_client.post("/contacts", data=odd).text) == contact_ids(everything)


def test_a_mistake_in_a_form_is_linked_to_its_field_and_gets_the_focus(real_client: FlaskClient) -> None:
    empty = real_client.get("/feedback").text
    assert 'action="/feedback#message-problem"' in empty
    assert "aria-invalid" not in empty
    page = real_client.post("/feedback", data={"message": ""}).text
    assert '<p id="message-problem" class="problem" role="alert" tabindex="-1" autofocus>' in page
    field = re.search(r"<textarea[^>]*>", page)
    assert field
    assert 'aria-describedby="message-hint message-problem"' in field[0]
    assert 'aria-invalid="true"' in field[0]
    assert 'aria-describedby="chat-problem"' in re.findall(r"<textarea[^>]*>", chat_page(real_client))[0]


def chat_page(client: FlaskClient) -> str:
    """The chat's template; a page would need an adviser who is present."""
    from sidedoor.web.inline import STATIC

    return (STATIC.parent / "site/sidedoor/templates/chat/conversation.html").read_text("utf-8")


def test_the_search_form_leads_to_the_results_on_the_page(real_client: FlaskClient) -> None:
    page = real_client.post("/search", data={"query": "money"}).text
    assert 'action="/search#results"' in page
    assert re.search(r'<h2 id="results" tabindex="-1">\d+ results</h2>', page)


def test_a_shared_page_gives_nothing_away_unless_it_is_news(
    app: Flask, content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    for path in ("/", "/help/money", "/contacts", "/search", "/news"):
        head = client.get(path).text.partition("</head>")[0]
        assert "og:" not in head
        assert "twitter:" not in head
    news = client.get("/news/first").text.partition("</head>")[0]
    assert 'name="twitter:card" content="summary"' in news
    assert "og:image" not in news


def test_only_pages_that_give_nothing_away_have_a_drawing(real_client: FlaskClient) -> None:
    drawn = {
        path
        for path in ("/", "/nope", "/feedback/sent", "/help", "/help/signs", "/contacts", "/news", "/safer-browsing")
        if '<svg class="drawing"' in real_client.get(path).text
    }
    assert drawn == {"/", "/nope", "/feedback/sent"}


def test_print_settings_offer_large_print_and_the_sites_name(real_client: FlaskClient) -> None:
    for path in ("/help/money", "/about", "/news/project-cara-trial"):
        page = real_client.get(path).text
        assert 'id="print-large"' in page
        assert 'id="print-name"' in page
