"""A translation has the numbers and links of its original, in any digits and any grouping."""

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
def test_a_number_is_recognised_in_every_script_and_grouping(text: str, other: list[str], left_out: list[str]) -> None:
    assert numbers_not_in(text, CALL, "en") == other
    assert numbers_left_out(text, CALL) == left_out


def test_every_translated_page_has_the_numbers_and_links_of_its_original(real_app: Flask) -> None:
    library = real_app.extensions["live"].library
    translations = [(page, library.original_of(page)) for page in library.documents if page.folder]
    assert len(translations) > 27
    partly_translated = {
        page.file for page, _ in translations if page.slug == "safer-browsing"
    }  # only their first screen is translated
    forms = library.site.forms  # pages in another form may say less
    problems_by_file = {
        page.file: [*check_fidelity(page, original, page.folder not in forms)]
        for page, original in translations
        if original
    }
    assert {
        file: problems for file, problems in problems_by_file.items() if problems and file not in partly_translated
    } == {}
    assert {problem.code.value for file in partly_translated for problem in problems_by_file[file]} == {
        "translation_leaves_out"
    }
    assert [str(problem) for problem in check_site_fidelity(library.site)] == []


def test_untranslated_words_are_reported(real_app: Flask) -> None:
    library = real_app.extensions["live"].library
    urdu = next(page for page in library.documents if page.file == "ur/help/get-help-now.md")
    original = library.original_of(urdu)
    sentences = ("To call is quicker than to text, if you can call.", *urdu.sentences)
    partly_translated = replace(Document.from_json(urdu.to_json()), sentences=sentences)
    problems = [
        (problem.code.value, *problem.values.values()) for problem in check_fidelity(partly_translated, original)
    ]
    assert problems == [("translation_not_made", "To call is quicker than to", 1, "help/get-help-now.md")]


def test_a_different_number_link_or_card_is_reported(real_app: Flask) -> None:
    library = real_app.extensions["live"].library
    urdu = next(page for page in library.documents if page.file == "ur/help/get-help-now.md")
    original = library.original_of(urdu)
    links = tuple(link.replace("/help/at-home", "/help/at-work") for link in urdu.links)
    spoken = tuple(sentence.replace("55", "٥٦") for sentence in urdu.sentences)
    cards = tuple(card for card in urdu.contact_ids if card != "ndah")
    broken = replace(Document.from_json(urdu.to_json()), links=links, sentences=spoken, contact_ids=cards)
    problems = [(problem.code.value, *problem.values.values()) for problem in check_fidelity(broken, original)]
    assert problems == [
        ("translation_other_number", "56", "help/get-help-now.md"),
        ("translation_other_place", "/help/at-work", "help/get-help-now.md"),
        ("translation_leaves_out", ("55", "/help/at-home", "ndah"), "help/get-help-now.md"),
    ]


def test_texts_of_site_toml_in_several_languages_must_have_the_same_numbers() -> None:
    silent = {"en": "Call 999 and press 55.", "ur": "999 پر فون کریں اور 56 دبائیں۔", "pl": "999, 55"}
    site = Site.model_validate(
        {
            "name": "A site", "organisation": "Us", "exit": ["https://example.org/"], "languages": ["en", "ur", "pl"],
            "emergency": {"number": "999", "silent": silent},
        }
    )  # fmt: skip
    problems = [str(problem) for problem in check_site_fidelity(site)]
    assert problems == [
        "site.toml: error: `emergency.silent.ur`: It says “56”, and en does not. Take each number over from there as it is.",
        "site.toml: warning: `emergency.silent.ur`: It leaves out what en has: 55. Put it in, if its readers need it, too.",
    ]
