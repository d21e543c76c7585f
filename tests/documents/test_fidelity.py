"""A translation's numbers and links are those of its original, in whatever digits and however they are grouped."""

from dataclasses import replace

import pytest
from flask import Flask

from sidedoor.documents.document import Document
from sidedoor.documents.fidelity import check_fidelity, check_site_fidelity, numbers_left_out, numbers_not_in
from sidedoor.documents.site import Site

CALL = "Call 0808 2000 247 before 9pm on 5 July 2021, or text 999. It takes two to three minutes and costs £1.50."


@pytest.mark.parametrize(
    ("text", "other", "left_out"),
    [
        ("0808 2000 247، 5 جولائی 2021، 999، 1.50", [], []),
        ("۰۸۰۸ ۲۰۰۰ ۲۴۷، ۵ ژوئیه ۲۰۲۱، ۹۹۹، ۱٫۵۰", [], []),
        ("2021年7月5日21:00前拨打 0808-2000-247 或 999，2至3分钟，1.50 英镑", [], []),
        ("do 21.00, (0808) 2000 247, 999, 5 lipca 2021, 1,50 £", [], []),
        ("0808 2000 274, 999, 2021, 1,50", ["0808 2000 274"], ["0808 2000 247"]),
        ("247 2000 0808, 999, 2021, 1,50", ["247 2000 0808"], ["0808 2000 247"]),
        ("0808 2000, 247, 99, 2021, 1,50", ["0808 2000", "247", "99"], ["0808 2000 247", "999"]),
        ("٠٨٠٨ ٢٠٠٠ ٢٤٧، ٩٩٨، ٢٠٢١، ١٫٥٠", ["998"], ["999"]),
        ("15 minut, 0808 2000 247, 999, 2021, 1,50", ["15"], []),
    ],
)
def test_a_number_is_the_same_in_every_script_and_grouping_and_no_other(
    text: str, other: list[str], left_out: list[str]
) -> None:
    assert numbers_not_in(text, CALL, "en") == other
    assert numbers_left_out(text, CALL) == left_out


def test_the_pages_in_every_language_say_the_numbers_and_lead_to_the_places_of_their_originals(real_app: Flask) -> None:
    library = real_app.extensions["live"].library
    found = [(one, library.original_of(one)) for one in library.documents if one.folder]
    assert len(found) > 27
    parts_alone = {one.file for one, _ in found if one.slug == "safer-browsing"}  # the first screen is translated
    forms = library.site.forms  # they may say less
    said = {one.file: [*check_fidelity(one, original, one.folder not in forms)] for one, original in found if original}
    assert {file: problems for file, problems in said.items() if problems and file not in parts_alone} == {}
    assert {problem.code.value for file in parts_alone for problem in said[file]} == {"translation_leaves_out"}
    assert [str(problem) for problem in check_site_fidelity(library.site)] == []


def test_words_that_nobody_has_translated_are_told(real_app: Flask) -> None:
    library = real_app.extensions["live"].library
    urdu = next(one for one in library.documents if one.file == "ur/help/get-help-now.md")
    original = library.original_of(urdu)
    left = ("To call is quicker than to text, if you can call.", *urdu.sentences)
    half = replace(Document.from_json(urdu.to_json()), sentences=left)
    told = [(problem.code.value, *problem.values.values()) for problem in check_fidelity(half, original)]
    assert told == [("translation_not_made", "To call is quicker than to", 1, "help/get-help-now.md")]


def test_a_number_a_link_or_a_card_that_is_another_is_told(real_app: Flask) -> None:
    library = real_app.extensions["live"].library
    urdu = next(one for one in library.documents if one.file == "ur/help/get-help-now.md")
    original = library.original_of(urdu)
    links = tuple(link.replace("/help/at-home", "/help/at-work") for link in urdu.links)
    spoken = tuple(sentence.replace("55", "٥٦") for sentence in urdu.sentences)
    cards = tuple(card for card in urdu.contact_ids if card != "ndah")
    broken = replace(Document.from_json(urdu.to_json()), links=links, sentences=spoken, contact_ids=cards)
    told = [(problem.code.value, *problem.values.values()) for problem in check_fidelity(broken, original)]
    assert told == [
        ("translation_other_number", "56", "help/get-help-now.md"),
        ("translation_other_place", "/help/at-work", "help/get-help-now.md"),
        ("translation_leaves_out", ("55", "/help/at-home", "ndah"), "help/get-help-now.md"),
    ]


def test_what_site_toml_says_in_several_languages_has_the_same_numbers() -> None:
    silent = {"en": "Call 999 and press 55.", "ur": "999 پر فون کریں اور 56 دبائیں۔", "pl": "999, 55"}
    site = Site.model_validate(
        {
            "name": "A site", "organisation": "Us", "exit": ["https://example.org/"], "languages": ["en", "ur", "pl"],
            "emergency": {"number": "999", "silent": silent},
        }
    )  # fmt: skip
    told = [str(problem) for problem in check_site_fidelity(site)]
    assert told == [
        "site.toml: error: `emergency.silent.ur`: It says “56”, and en does not. Take each number over from there as it is.",
        "site.toml: warning: `emergency.silent.ur`: It leaves out what en has: 55. Put it in, if its readers need it, too.",
    ]
