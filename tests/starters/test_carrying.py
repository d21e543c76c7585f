"""A page carried to another site loses what belongs to one place and what leads to nothing there, and no more."""

import pytest

from sidedoor.starters.carrying import Carried, records

CARRIED = Carried({"line"}, {"/help/money", "/contacts"}, ("Northshire", "Port Town"))


@pytest.mark.parametrize(
    ("written", "carried"),
    [
        ("One. In Northshire, two. Three.", "One. Three.\n"),
        ("All of it is about Port Town.", ""),
        ("Port Townsend is another place.", "Port Townsend is another place.\n"),
        ("- [Money](/help/money#part)\n- [Gone](/help/gone)\n- In Northshire", "- [Money](/help/money#part)\n"),
        ("- In Northshire, ask.\n- Ask. In Northshire, ask twice.\n1. Port Town. Ask.\n2. Ask.", "- Ask.\n2. Ask.\n"),
        ("- [Money](/help/money) is here. It is [there too](/help/gone).", "- [Money](/help/money) is here.\n"),
        ("/// contact | line\n///\n\n/// contact | gone\n///", "/// contact | line\n///\n"),
        ("/// action | #i-cannot-speak\nI cannot speak\n///", "/// action | #i-cannot-speak\nI cannot speak\n///\n"),
        ("/// action | /help/gone\nGone\n///", ""),
        ("/// callout | Note\nHere.\n\nIn Northshire.\n///", "/// callout | Note\nHere.\n///\n"),
        ("//// place | north\n/// number | gone\nGone\n///\n////", ""),
        (
            "## Kept\n\nWords.\n\n### Empty\n\n/// contact | gone\n///\n\n## Empty too\n\nIn Port Town.",
            "## Kept\n\nWords.\n",
        ),
        ("## Parent\n\n### Child\n\nWords.", "## Parent\n\n### Child\n\nWords.\n"),
    ],
)
def test_parts_that_do_not_fit_the_other_site_are_left_out(written: str, carried: str) -> None:
    assert CARRIED.body(written).strip("\n") == carried.strip("\n")


def test_front_matter_keeps_its_sources_and_loses_links_to_missing_pages() -> None:
    page = "---\ntitle: A\nrelated_help:\n  - money\n  - gone\nsources:\n  - Northshire council\n---\nWords.\n"
    assert (
        CARRIED.page(page) == "---\ntitle: A\nrelated_help:\n  - money\nsources:\n  - Northshire council\n---\nWords.\n"
    )
    only = "---\ntitle: A\nrelated_help:\n  - gone\n---\nWords.\n"
    assert CARRIED.page(only) == "---\ntitle: A\n---\nWords.\n"


def test_records_are_split_by_their_ids() -> None:
    head, written = records("# A note.\ncontacts:\n  - id: one\n    name: One\n\n  - id: two\n    name: Two\n")
    assert head == "# A note.\ncontacts:\n"
    assert written == {"one": "  - id: one\n    name: One\n", "two": "  - id: two\n    name: Two\n"}
