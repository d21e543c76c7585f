"""The project's own pages: right numbers, plain words, no dead links and no promise that a page cannot keep."""

import re
import statistics
from dataclasses import replace

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.documents.checks import check_document, check_library, long_sentences
from sidedoor.documents.codes import Code
from sidedoor.documents.document import Document
from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.ledger import unlisted
from sidedoor.documents.problems import Level
from sidedoor.documents.readability import flesch_kincaid_grade
from sidedoor.documents.site import in_language
from sidedoor.documents.times import utc_now
from sidedoor.public.addresses import Addresses
from tests.conftest import PROJECT

HEADINGS = ["What to do now", "Who to talk to", "What next"]
SUBJECTS = (
    "get-help-now what-counts signs walking-on-eggshells money phones-and-devices at-home getting-ready a-place-to-stay orders "
    "right-to-ask making-a-report children pregnancy for-men being-yourself older-people disabled-and-deaf-people family-pressure "
    "your-status helping-a-friend your-own-behaviour "
    "neck-and-breathing your-body-your-choice being-followed keeping-notes after-you-go your-address seeing-the-children "
    "going-to-court help-with-the-law money-on-your-own banks-and-debts going-out smart-homes-and-cars private-pictures "
    "your-pets at-work no-public-funds care-at-home a-hard-day after-a-loss faith out-in-the-country places-to-ask "
    "in-wales in-scotland in-northern-ireland"
).split()
OVERCLAIMS = re.compile(
    r"hides your visit|hide your visit|you are safe here|keeps you safe|erases?\b|untraceable|leaves no trace|completely private",
    re.I,
)


IN_EACH_LANGUAGE = ("/", "/help", "/contacts", "/search", "/feedback", "/safer-browsing")
FIRST_FLIGHT = 14_600
"""The bytes a server may send before it waits for an acknowledgement: ten packets (RFC 6928)."""

# What readers type, and the page that must come first.
SEARCHES = [
    ("he choked me", "neck-and-breathing"),
    ("she strangled me", "neck-and-breathing"),
    ("hands around my throat", "neck-and-breathing"),
    ("hes been strangeling me", "neck-and-breathing"),
    ("stalking", "being-followed"),
    ("my ex waits outside my house", "being-followed"),
    ("rape", "your-body-your-choice"),
    ("forced to have sex with my husband", "your-body-your-choice"),
    ("universal credit", "money-on-your-own"),
    ("joint bank account debt", "banks-and-debts"),
    ("custody of my kids", "seeing-the-children"),
    ("how do i vote without him seeing my address", "your-address"),
    ("no recourse to public funds", "no-public-funds"),
    ("will i be deported", "no-public-funds"),
    ("i want to die", "a-hard-day"),
    ("suicidal", "a-hard-day"),
    ("revenge porn", "private-pictures"),
    ("nudes", "private-pictures"),
    ("airtag in my bag", "smart-homes-and-cars"),
    ("ring doorbell", "smart-homes-and-cars"),
    ("my dog", "your-pets"),
    ("solicitor i cannot afford", "help-with-the-law"),
    ("witness in court", "going-to-court"),
    ("mosque", "faith"),
    ("my boss", "at-work"),
    ("carer takes my medication", "care-at-home"),
    ("clares law", "right-to-ask"),
    ("coercive control", "walking-on-eggshells"),
    ("ask for ani", "places-to-ask"),
    ("my sister was murdered", "after-a-loss"),
    ("register to text 999", "get-help-now"),
    ("injunction", "orders"),
    ("belfast", "in-northern-ireland"),
    ("law in scotland", "in-scotland"),
    ("farm with no signal", "out-in-the-country"),
    # In danger, or not able to say it well.
    ("help", "get-help-now"),
    ("help me", "get-help-now"),
    ("he has a knife", "get-help-now"),
    ("hes got a gun", "get-help-now"),
    ("he said he will kill me if i leave", "get-help-now"),
    ("hes going to kill me", "get-help-now"),
    ("i cant talk", "get-help-now"),
    ("can't speak", "get-help-now"),
    ("he can hear me", "get-help-now"),
    ("he is here now", "get-help-now"),
    ("my husband beats me", "get-help-now"),
    ("i am scared", "get-help-now"),
    ("999", "get-help-now"),
    ("kill myself", "a-hard-day"),
    ("he says he will kill himself if i leave", "a-hard-day"),
    ("overdose", "a-hard-day"),
    ("depression", "a-hard-day"),
    # Who does what to whom: nobody who is hit is shown the page for those who hit, nor the other way round.
    ("he hit me", "signs"),
    ("my wife hits me", "for-men"),
    ("i hit my wife", "your-own-behaviour"),
    ("i am the abuser", "your-own-behaviour"),
    ("anger management", "your-own-behaviour"),
    ("im a man", "for-men"),
    ("my dad hits my mum", "children"),
    ("im 15 and my boyfriend hits me", "going-out"),
    ("my son hits me", "older-people"),
    ("my mum is being abused", "helping-a-friend"),
    ("my daughter's boyfriend hits her", "helping-a-friend"),
    ("i can hear shouting next door", "helping-a-friend"),
    ("is it abuse if he never hits me", "what-counts"),
    ("is it my fault", "signs"),
    ("narcissist", "walking-on-eggshells"),
    ("boyfriend wont let me see my friends", "walking-on-eggshells"),
    ("he kicked my stomach", "pregnancy"),
    ("he checks my phone", "phones-and-devices"),
    ("he knows where i am", "phones-and-devices"),
    ("can i take the kids", "seeing-the-children"),
    ("forced marrage", "family-pressure"),
    ("injunktion", "orders"),
    ("bail", "making-a-report"),
    ("no money to leave", "money"),
    ("womens refuge near me", "a-place-to-stay"),
    ("photos of bruises", "keeping-notes"),
    ("deaf", "disabled-and-deaf-people"),
    ("im 70 and my son takes my pension", "older-people"),
    ("transgender", "being-yourself"),
    ("he threatened me", "get-help-now"),
    ("he locks me in", "get-help-now"),
    ("i think im abusive", "your-own-behaviour"),
    ("cant go on", "a-hard-day"),
    ("how do i leave", "getting-ready"),
    ("should i leave him", "getting-ready"),
    ("he breached the order", "orders"),
    ("what happens if i call the police", "making-a-report"),
    ("sore throat after he grabbed me", "neck-and-breathing"),
    ("suicide of my sister", "after-a-loss"),
    ("indefinite leave", "your-status"),
    ("emotional abuse", "walking-on-eggshells"),
    ("violent partner", "signs"),
    ("he threw a plate at me", "signs"),
    ("he follows me to work", "being-followed"),
    ("my arm is broken", "get-help-now"),
]
# The same, in other languages: where they are typed, and what must come first.
SEARCHES_IN_LANGUAGES = [
    ("cy", "trais", "get-help-now"), ("cy", "plant", "get-help-now"), ("cy", "mae fy ngŵr yn fy nharo", "get-help-now"),
    ("pl", "pomoc", "get-help-now"), ("pl", "mąż mnie bije", "get-help-now"), ("pl", "maz mnie bije", "get-help-now"),
    ("pl", "dusil mnie", "get-help-now"), ("pl", "wiza", "signs"), ("ro", "soțul mă bate", "get-help-now"),
    ("ro", "copii", "signs"), ("ur", "شوہر مارتا ہے", "get-help-now"), ("ur", "ویزا", "signs"),
    ("ur", "زبردستی شادی", "get-help-now"), ("pa", "ਪਤੀ ਮਾਰਦਾ ਹੈ", "get-help-now"), ("bn", "স্বামী মারে", "get-help-now"),
    ("ar", "زوجي يضربني", "get-help-now"), ("ar", "شرطة", "get-help-now"), ("ar", "أطفال", "signs"),
    ("so", "ninkaygu wuu i garaacaa", "get-help-now"), ("zh", "家暴", "get-help-now"), ("zh", "老公昨天晚上又打我了", "get-help-now"),
    ("fa", "شوهرم کتکم می‌زند", "get-help-now"), ("fa", "خودکشی", "get-help-now"),
]  # fmt: skip


def words(page: str) -> str:
    """The words of a page, without tags, on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page[page.index("<main") : page.index("</main>")]).split())


def section(page: str, heading: str) -> str:
    """The words under one `h2` or `h3` of a page, up to the next heading of either level."""
    _, heading_tag, rest = page.partition(f">{heading}</h")
    assert heading_tag, heading
    return " ".join(re.sub(r"<[^>]+>", " ", re.split(r"<h[23]", rest)[0]).split())


def help_pages(app: Flask) -> list[Document]:
    """The help pages in English."""
    return list(app.extensions["live"].library.public(utc_now()).help_in("en"))


def test_nothing_in_the_content_folder_is_wrong(real_app: Flask) -> None:
    problems = check_library(real_app.extensions["live"].library, utc_now(), LINKED)
    assert [str(problem) for problem in problems if problem.level is Level.ERROR] == []


def test_every_number_date_percentage_age_sum_and_duration_on_a_page_is_in_the_ledger(real_app: Flask) -> None:
    library = real_app.extensions["live"].library
    assert len(library.facts) > 30
    unlisted_figures = {page.file: figures for page in library.documents if (figures := unlisted(page, library))}
    assert unlisted_figures == {}, "run `flask content check --facts`"


TELLING = {
    "cy": "Trais yn y cartref", "pl": "Przemoc domowa", "ro": "Violență în familie", "ur": "گھریلو تشدد", "pa": "ਘਰੇਲੂ ਹਿੰਸਾ",
    "bn": "পারিবারিক সহিংসতা", "ar": "ما هو العُنف المنزلي", "so": "Xadgudubka guriga", "zh": "什么是家庭暴力", "fa": "خشونت خانگی",
}  # fmt: skip


def test_a_title_that_gives_a_page_away_is_reported_in_every_language_and_no_page_has_such_a_title(
    real_app: Flask,
) -> None:
    library = real_app.extensions["live"].library
    fields = {}
    for page in library.documents:
        if page.slug == "get-help-now" and page.folder in TELLING:
            meta = page.meta.model_copy(update={"tab_title": TELLING[page.language]})
            renamed = replace(Document.from_json(page.to_json()), meta=meta)
            problems = check_document(renamed, library, utc_now(), LINKED)
            fields[page.language] = [problem.field for problem in problems if problem.code is Code.TELLING_WORD]
    assert fields == {language: ["tab_title"] for language in TELLING}


def test_every_subject_has_its_page(real_app: Flask) -> None:
    assert set(SUBJECTS) <= {page.slug for page in help_pages(real_app)}


def test_every_help_page_is_easy_to_read_and_says_what_to_do_whom_to_ask_and_what_next(real_app: Flask) -> None:
    for page in help_pages(real_app):
        assert flesch_kincaid_grade(page.sentences) <= 6, page.slug
        assert long_sentences(page.sentences, 25) == [], page.slug
        headings = re.findall(r"<h2[^>]*>(.*?)</h2>", page.html)
        assert [heading for heading in headings if heading in HEADINGS] == HEADINGS, page.slug
        assert page.meta.sources, page.slug


def test_every_internal_link_leads_somewhere_and_links_to_tap_lead_to_pages_with_hide_this_page(
    real_app: Flask, real_client: FlaskClient
) -> None:
    public = real_app.extensions["live"].library.public(utc_now())
    waiting, seen = ["/", *public.by_path], set()
    tapped, with_hide = set(), set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = real_client.get(path)
        assert answer.status_code == 200, path
        if answer.mimetype != "text/html":
            continue
        if 'id="hide-this-page"' in answer.text:
            with_hide.add(path)
        tapped |= set(re.findall(r'<a [^>]*href="(/[^"#]*)', answer.text))
        ids = set(re.findall(r'\bid="([^"]+)"', answer.text))
        for link in re.findall(r'href="([/#][^"]*)"', answer.text):
            address, _, fragment = link.partition("#")
            assert not fragment or address not in ("", path) or fragment in ids, (path, link)
            if address:
                waiting.append(address)
    assert len(seen) > 35
    assert tapped <= with_hide


def test_the_numbers_on_the_contacts_page_are_those_of_the_file_digit_for_digit(real_client: FlaskClient) -> None:
    page = real_client.get("/contacts").text
    records = yaml.safe_load((PROJECT / "examples/hampshire/contacts.yaml").read_text("utf-8"))["contacts"]
    for scheme, field in (("tel", "phone"), ("sms", "text")):
        dialled = re.findall(rf'href="{scheme}:([^"?]*)(\?body=[a-zA-Z]+)?"', page)
        # Where a phone has to sign up first, the first link's message is the word for that.
        expected = [
            (re.sub(r"\D", "", str(record[field])), body)
            for record in records
            if field in record
            for body in ([f"?body={record['sign_up']}", ""] if field == "text" and "sign_up" in record else [""])
        ]
        assert dialled == expected
        assert all(number.isdigit() for number, _ in dialled)


def test_there_are_thirty_five_help_pages_or_more_in_five_or_six_groups(real_app: Flask) -> None:
    public = real_app.extensions["live"].library.public(utc_now())
    assert len(help_pages(real_app)) >= 35
    assert len(public.groups("en")) in (5, 6)


def sent_size(client: FlaskClient, path: str) -> int:
    """The size of a page as it is sent, in bytes, with its headers."""
    page = client.get(path, headers={"Accept-Encoding": "br"})
    assert page.headers["Content-Encoding"] == "br", path
    return sum(len(f"{name}: {value}\r\n".encode()) for name, value in page.headers.items()) + len(page.data)


def test_every_page_fits_in_the_first_flight(
    real_app: Flask, real_client: FlaskClient, request: pytest.FixtureRequest
) -> None:
    """Tests compress quickly, which makes pages larger: only those that do not fit then are fetched at full compression."""
    public = real_app.extensions["live"].library.public(utc_now())
    places = {public.in_language(place, code) for code in public.site.languages for place in IN_EACH_LANGUAGE}
    facts = (path for path in Addresses(public) if "/sources/" in path)
    quickly = {path: sent_size(real_client, path) for path in (*sorted(places), *public.by_path, *facts)}
    by_weight = sorted(quickly, key=quickly.__getitem__)
    heaviest, middle = by_weight[-3:], by_weight[len(by_weight) // 2 - 2 :][:5]
    request.getfixturevalue("as_small_as_sent")
    for path in {*heaviest, *(path for path, size in quickly.items() if size > FIRST_FLIGHT)}:
        assert sent_size(real_client, path) <= min(FIRST_FLIGHT, quickly[path] - 500), path
    median = statistics.median(sent_size(real_client, path) for path in middle)
    assert median < 9_000, "most pages are lighter; the median was 9,430 when each page carried the style rules of all"


def test_help_pages_avoid_the_words_on_our_own_list(real_app: Flask) -> None:
    avoided = real_app.extensions["live"].library.site.words_to_avoid
    for page in help_pages(real_app):
        written = " ".join([page.title, page.summary, *page.sentences]).lower()
        assert [word for word in avoided if re.search(rf"\b{re.escape(word)}\b", written)] == [], page.slug


def test_a_page_that_rests_on_old_or_undated_sources_says_by_when_somebody_looks_again(real_app: Flask) -> None:
    marked = 0
    for page in real_app.extensions["live"].library.documents:
        assert (page.meta.check == "high") == (page.meta.check_by is not None), page.slug
        marked += page.meta.check == "high"
        if page.kind == "help" and any("undated" in source for source in page.meta.sources):
            assert page.meta.check == "high", page.slug
    assert marked > 25


@pytest.mark.parametrize(("typed", "slug"), SEARCHES)
def test_a_search_for_what_readers_type_shows_the_right_page_first(
    real_client: FlaskClient, typed: str, slug: str
) -> None:
    results = real_client.post("/search", data={"query": typed}).text
    first = re.search(r'href="(/help/[^"]+)"', results[results.index("<main") :])
    assert first
    assert first[1] == f"/help/{slug}"


def first_hit(client: FlaskClient, path: str, typed: str) -> str | None:
    """The address of the first result."""
    results = client.post(path, data={"query": typed}).text
    hit = re.search(r'<li><a href="([^"]+)">', results[results.index('id="results"') : results.index("</main>")])
    return hit and hit[1]


@pytest.mark.parametrize(("language", "typed", "slug"), SEARCHES_IN_LANGUAGES)
def test_a_search_in_another_language_shows_the_right_page_first(
    real_client: FlaskClient, language: str, typed: str, slug: str
) -> None:
    assert first_hit(real_client, f"/{language}/search", typed) == f"/{language}/help/{slug}"


def test_who_types_their_own_language_on_an_english_page_is_shown_pages_in_it(real_client: FlaskClient) -> None:
    for language, typed in (("pl", "pomoc"), ("pl", "maz mnie bije"), ("cy", "gwasanaeth"), ("ur", "شوہر مارتا ہے"), ("ar", "زوجي يضربني"), ("zh", "家暴"), ("bn", "স্বামী মারে"), ("so", "ninkaygu wuu i garaacaa"), ("pl", "polski")):  # fmt: skip
        assert first_hit(real_client, "/search", typed) == f"/{language}/help/get-help-now", typed
    assert (first_hit(real_client, "/search", "help") or "").startswith("/help/")


def test_the_four_steps_of_signing_up_come_before_the_advice_to_text(
    real_client: FlaskClient,
) -> None:
    for path, heading in (("/help/get-help-now", "By text"), ("/cy/help/get-help-now", "Drwy neges destun")):
        text = section(real_client.get(path).text, heading)
        positions = [text.index(step) for step in ("999", "register", "yes")]
        assert positions == sorted(positions), path
    text = section(real_client.get("/help/get-help-now").text, "By text")
    assert text.index("Sign up first") < text.index("Read the whole reply") < text.index("Wait for the text")
    assert text.index("Wait for the text") < text.index("When you need help") < text.index("two to three minutes")
    assert "A new number has to sign up again" in text


def test_the_page_on_scottish_law_shows_no_service_that_works_only_elsewhere(
    real_app: Flask, real_client: FlaskClient
) -> None:
    contacts = real_app.extensions["live"].library.contacts
    for contact in contacts.values():  # a contact without nations is shown for every nation
        if "legal" in contact.audiences:
            assert contact.places, contact.id
    page = real_client.get("/help/in-scotland").text
    cards = set(re.findall(r"<h3>([^<]*)</h3>\n<p>", page))
    elsewhere = {contact.name for contact in contacts.values() if contact.places and "scotland" not in contact.places}
    assert cards & elsewhere == set()


def test_a_reader_whose_visa_excludes_public_funds_sees_the_exception_next_to_council_housing(
    real_client: FlaskClient,
) -> None:
    text = section(real_client.get("/help/a-place-to-stay").text, "England: ask the council")
    assert "no recourse to public funds" in text
    assert "does not have to house you" in text
    for path in ("/help/a-place-to-stay", "/help/money", "/help/no-public-funds"):
        assert not re.search(r"council must|must (?:give|find) you|must not contact", real_client.get(path).text), path


def test_a_reader_in_northern_ireland_finds_their_right_to_ask(real_client: FlaskClient) -> None:
    text = section(real_client.get("/help/right-to-ask").text, "Northern Ireland")
    assert "PSNI" in text
    assert "ex" in text.split("covers")[1]
    assert (
        'href="/help/right-to-ask"' in real_client.post("/search", data={"query": "northern ireland partner past"}).text
    )


def test_a_reader_in_camden_is_not_told_that_the_new_order_is_open_there(real_client: FlaskClient) -> None:
    text = words(real_client.get("/help/orders").text)
    assert not re.search(r"London|Greater Manchester|Cleveland|North Wales", text.partition("Where these facts")[0])
    assert "ask the police or a lawyer if it is open where the abusive person lives" in text


def test_every_page_with_a_helpline_for_england_or_wales_has_the_northern_irish_one(real_app: Flask) -> None:
    contacts = real_app.extensions["live"].library.contacts
    for page in help_pages(real_app):
        nations = [set(contacts[name].places) for name in page.contact_ids]
        if any(nation and nation <= {"england", "wales"} for nation in nations):
            assert "dsa-helpline-ni" in page.contact_ids, page.slug


def test_every_contact_can_be_reached_from_its_card(real_app: Flask) -> None:
    for contact in real_app.extensions["live"].library.contacts.values():
        ways = (contact.phone, contact.text, contact.textphone, contact.email, contact.url)
        assert any(ways), contact.id


def test_a_card_says_where_its_service_works_unless_it_works_everywhere(real_app: Flask) -> None:
    """A card is read alone, in the list, in a search and beside a chat that is closed, by readers of every nation."""
    library = real_app.extensions["live"].library
    names = {place.id: in_language(place.name, "en") for place in library.site.places}
    for contact in library.contacts.values():
        # Those for pets are called after the part of the country that they are for.
        if "pets" not in contact.audiences and not contact.area and set(contact.places) != set(names):
            said = f"{contact.name}, {contact.for_whom}"
            assert [place for place in contact.places if names[place] not in said] == [], contact.id


def test_a_textphone_number_cannot_be_tapped(real_client: FlaskClient) -> None:
    for path in ("/contacts", "/help/get-help-now", "/help/disabled-and-deaf-people"):
        page = real_client.get(path).text
        assert 'href="tel:18000"' not in page
        assert "18000" in page


def test_deaf_readers_are_not_sent_to_a_voice_line(real_app: Flask) -> None:
    page = next(page for page in help_pages(real_app) if page.slug == "disabled-and-deaf-people")
    assert "silent-solution" not in page.contact_ids
    assert {"999-bsl", "textphone-18000", "emergency-sms"} <= set(page.contact_ids)


def test_the_landline_advice_says_to_pick_up_again(real_client: FlaskClient) -> None:
    text = section(real_client.get("/help/get-help-now").text, "On a landline")
    assert "may stay open for 45 seconds. Pick it up again" in text


def test_pages_on_immigration_papers_are_plain_about_what_the_police_do(real_client: FlaskClient) -> None:
    for path in ("/help/your-status", "/help/making-a-report", "/help/no-public-funds"):
        text = words(real_client.get(path).text)
        assert "999" in text and "whatever your papers" in text, path
        assert not re.search(r"police (?:will|shall) (?:not )?(?:share|pass)", text), path
    assert "537 victims" in words(real_client.get("/help/your-status").text)


def test_each_nation_reads_its_own_rule_on_living_apart_and_on_exes(real_client: FlaskClient) -> None:
    text = words(real_client.get("/help/walking-on-eggshells").text)
    for date in ("5 April 2023", "1 April 2019", "21 February 2022"):
        assert date in text


def test_signs_and_the_first_page_lead_to_the_page_about_neck_and_breath(real_client: FlaskClient) -> None:
    for path in ("/help/signs", "/help/get-help-now", "/help/helping-a-friend", "/cy/help/get-help-now"):
        assert '/help/neck-and-breathing"' in real_client.get(path).text, path


def test_the_questions_lead_to_the_page_about_what_was_ticked(real_client: FlaskClient) -> None:
    page = real_client.get("/check").text
    questions = re.split(r"<h3[^>]*>", page[page.index("<main") : page.index("</main>")])
    asked = {
        "neck": "/help/neck-and-breathing",
        "into sex": "/help/your-body-your-choice",
        "private pictures": "/help/private-pictures",
        "follow you": "/help/being-followed",
        "debts": "/help/banks-and-debts",
        "aids or medicine": "/help/care-at-home",
        "hurt themselves": "/help/a-hard-day",
        "teenager": "/help/going-out",
        "cannot go on": "/help/a-hard-day",
        "out of the country": "/help/no-public-funds",
    }
    for words_of_question, path in asked.items():
        (question,) = (part for part in questions if words_of_question in part.partition("</h3>")[0])
        assert f'href="{path}"' in question, words_of_question


def test_the_questions_name_each_page_by_its_own_heading(real_app: Flask, real_client: FlaskClient) -> None:
    titles = {page.path: page.title for page in help_pages(real_app)}
    page = real_client.get("/check").text
    asked = page[page.index(">The questions</h2>") : page.index(">You can always call</h2>")]
    links = re.findall(r'<li>\s*<a href="(/help/[^"]+)">([^<]*)</a>', asked)
    assert len(links) > 15
    assert [(path, name) for path, name in links if titles[path] != name] == []


def test_a_number_that_is_answered_at_night_can_be_tapped(real_client: FlaskClient) -> None:
    """In an address, a note beside another number is no link: the wide button would call an office that is closed."""
    for path in ("/contacts", "/help/a-place-to-stay", "/help/in-northern-ireland"):
        page = real_client.get(path).text
        assert 'href="tel:03448920900"' in page, path
        assert 'href="tel:03448920908"' in page, path


def test_every_language_says_what_kind_of_place_a_and_e_is(real_app: Flask) -> None:
    pages = [page for page in real_app.extensions["live"].library.documents if page.folder and page.kind == "help"]
    texts = {page.file: " ".join(page.sentences) for page in pages}
    naming = {file: text for file, text in texts.items() if "A&E" in text}
    assert len(naming) > 9
    for file, text in naming.items():
        assert re.search(r"[(（]A&E[)）]", text) or "A&E is the part of a hospital" in text, file


def test_a_child_reads_first_that_it_is_not_their_fault_and_whom_to_call(real_client: FlaskClient) -> None:
    page = real_client.get("/help/children").text
    own_words = section(page, "If you are the child, or a teenager")
    assert "It is not your fault" in own_words
    assert page.index('href="tel:08001111"') < page.index(">If you are a parent</h3>")


@pytest.mark.parametrize(
    ("slug", "ids"),
    [
        ("older-people", {"hourglass", "ndah", "live-fear-free", "sdafmh", "dsa-helpline-ni", "mens-advice-line"}),
        ("being-yourself", {"galop", "live-fear-free", "sdafmh", "dsa-helpline-ni"}),
        ("helping-a-friend", {"ndah", "live-fear-free", "sdafmh", "dsa-helpline-ni", "mens-advice-line", "nspcc"}),
    ],
)
def test_pages_for_whoever_it_is_have_the_line_for_every_nation(real_app: Flask, slug: str, ids: set[str]) -> None:
    (page,) = (page for page in help_pages(real_app) if page.slug == slug)
    assert ids <= set(page.contact_ids)


def test_only_news_uses_the_police_forces_old_name() -> None:
    for path in (PROJECT / "examples/hampshire").rglob("*"):
        if path.suffix in {".md", ".toml", ".yaml"} and path.parent.name != "news":
            assert "Hampshire Constabulary" not in path.read_text("utf-8"), path.name


def test_the_feedback_form_says_who_reads_it_before_a_reader_writes(real_app: Flask, real_client: FlaskClient) -> None:
    site = real_app.extensions["live"].library.site
    form = real_client.get("/feedback").text
    before = form[form.index("<main") : form.index("<textarea")]
    assert site.organisation in before
    assert site.must_act
    assert in_language(site.must_act, "en") in before


def test_steps_for_phones_name_no_keys_and_no_computer_menus(real_client: FlaskClient) -> None:
    guide = real_client.get("/safer-browsing").text
    for device in ("firefox-android", "firefox-iphone", "edge-phone", "chrome-android", "chrome-iphone", "samsung"):
        steps = re.search(rf'<section class="device" id="device-{device}">(.*?)</section>', guide, re.S)
        assert steps, device
        assert not re.search(r"keyboard|Ctrl|mouse|\bclick\b|Shift", steps[1], re.I), device


def test_the_front_page_offers_the_four_situations(real_client: FlaskClient) -> None:
    page = real_client.get("/").text
    positions = [
        page.index(situation)
        for situation in (
            "I need help now",
            "I am planning to leave",
            "I am worried about a friend",
            "I think I am hurting someone",
        )
    ]
    assert positions == sorted(positions)


def test_help_pages_give_nothing_away_in_tab_title_description_or_shared_link(
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


@pytest.mark.parametrize("folder", ["examples", "site/sidedoor/templates", "site/sidedoor/locale", "static"])
def test_no_text_promises_what_a_page_cannot_do(folder: str) -> None:
    for path in (PROJECT / folder).rglob("*"):
        if path.suffix in {".md", ".html", ".toml", ".yaml", ".js", ".po"}:
            overclaim = OVERCLAIMS.search(path.read_text("utf-8"))
            assert not overclaim, f"{path.relative_to(PROJECT)}: {overclaim and overclaim[0]}"


def test_the_two_sets_of_figures_are_kept_apart(real_client: FlaskClient) -> None:
    first, trial = (
        real_client.get("/news/project-cara-first-results").text,
        real_client.get("/news/project-cara-trial").text,
    )
    assert "46%" in first
    assert "27%" not in first
    assert "Two sets of figures" in trial
