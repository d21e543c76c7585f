"""A page's words are exported as PO and imported as a draft. Only words are exported; a wrong file gets one sentence."""

import io
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po
from flask import Flask

from sidedoor.documents.front_matter import read_document
from sidedoor.documents.segments import pieces_of, put_together, side_by_side
from tests.conftest import PROJECT, Refresh
from tests.content import ContentFolder

PAGE = """Pack a bag. Call 999.

/// action | #who-to-talk-to
Whom to call
///

//// fold | Your papers
- Your passport
- Your bank card,
  if you have one
////

/// contact | ndah
///

## Who to talk to

See [all of them](#who-to-talk-to).
"""
TRANSLATED = {
    "Pack a bag. Call 999.": "بیگ تیار کریں۔ 999 پر فون کریں۔", "Whom to call": "کسے فون کریں", "Your papers": "آپ کے کاغذات",
    "Your passport": "پاسپورٹ", "Your bank card,\n  if you have one": "بینک کارڈ، اگر ہو", "Who to talk to": "کس سے بات کریں",
    "See [all of them](#who-to-talk-to).": "[سب دیکھیں](#who-to-talk-to)۔", "Getting ready": "تیاری", "Ready": "تیار",
    "What it is about.": "یہ کس بارے میں ہے۔",
}  # fmt: skip


@pytest.fixture
def site(content: ContentFolder, refresh: Refresh) -> ContentFolder:
    toml = (content.path / "site.toml").read_text("utf-8").replace('languages = ["en", "cy"]\n', "")
    content.write("site.toml", f'{toml}\n[languages.cy]\n[languages.ur]\nshow = "all"\n')
    content.document(
        "help/getting-ready.md", PAGE, title="Getting ready", tab_title="Ready", summary="What it is about."
    )
    refresh()
    return content


def run(app: Flask, *words: str | Path) -> str:
    return app.test_cli_runner().invoke(args=["translations", *map(str, words)]).output


def translated(po: str) -> str:
    catalog = read_po(io.BytesIO(po.encode()))
    for message in catalog:
        if message.context:
            message.string = TRANSLATED[str(message.id)]
    out = io.BytesIO()
    write_po(out, catalog, width=0)
    return out.getvalue().decode()


def test_exported_words_come_back_as_a_draft_with_every_block_and_link_of_the_original(
    site: ContentFolder, app: Flask, refresh: Refresh, tmp_path: Path
) -> None:
    assert "getting-ready.po" in run(app, "export", "ur", tmp_path, "help/getting-ready.md")
    file = tmp_path / "ur/help/getting-ready.po"
    po = file.read_text("utf-8")
    assert "ndah" not in po and "///" not in po and '"Language: ur\\n"' in po
    file.write_text(translated(po), "utf-8")
    assert "ur/help/getting-ready.md: a draft" in run(app, "import", file)
    written = read_document((site.path / "ur/help/getting-ready.md").read_text("utf-8"), "")
    assert (written.values["title"], written.values["state"]) == ("تیاری", "draft")
    assert "/// action | #کس-سے-بات-کریں\nکسے فون کریں\n///" in written.body
    assert "- بینک کارڈ، اگر ہو\n////" in written.body and "[سب دیکھیں](#کس-سے-بات-کریں)" in written.body
    assert "/// contact | ndah\n///" in written.body
    problems = app.test_cli_runner().invoke(args=["content", "check"]).output
    refresh()
    assert "ur/help/getting-ready.md: error" not in problems
    # A second export contains the translation, and importing it again changes nothing.
    before = (site.path / "ur/help/getting-ready.md").read_text("utf-8")
    run(app, "export", "ur", tmp_path, "help/getting-ready.md")
    assert "fuzzy" not in file.read_text("utf-8")
    assert "a draft" in run(app, "import", file)
    assert (site.path / "ur/help/getting-ready.md").read_text("utf-8") == before


def test_a_wrong_file_gets_one_sentence_and_changes_nothing(
    site: ContentFolder, app: Flask, refresh: Refresh, tmp_path: Path
) -> None:
    run(app, "export", "ur", tmp_path, "help/getting-ready.md")
    po = (tmp_path / "ur/help/getting-ready.po").read_text("utf-8")
    wrong = tmp_path / "wrong.po"

    def refused(text: str | bytes) -> str:
        wrong.write_bytes(text if isinstance(text, bytes) else text.encode())
        return run(app, "import", wrong).partition("wrong.po: ")[2].strip()

    for nonsense in (b"\x89PNG\r\n\x1a\n\0\0", "msgid broken", "<xliff/>", 'msgid "a\nmsgstr "b"', po.encode("utf-16")):
        assert refused(nonsense).startswith(("This is no PO file", "It holds no words")), nonsense
    assert refused('msgid "Save"\nmsgstr "Zapisz"\n').startswith("It holds no words of a page of this site.")
    assert refused(po).startswith("Not translated yet, or marked as doubtful: 10; the first is “Getting ready”.")
    fuzzy = translated(po).replace("msgctxt", "#, fuzzy\nmsgctxt", 1)
    assert refused(fuzzy).startswith("Not translated yet, or marked as doubtful: 1;")
    assert refused(translated(po).replace("ur/help", "fr/help")).startswith("The language “fr” is not one")
    assert refused(translated(po).replace("getting-ready.md@", "gone.md@")).startswith("It translates help/gone.md")
    site.document("help/getting-ready.md", PAGE + "More.", title="Getting ready", tab_title="Ready", summary="What.")
    refresh()
    assert refused(translated(po)).startswith("The words of help/getting-ready.md have changed since")
    assert not (site.path / "ur/help/getting-ready.md").exists()
    assert "pl" not in run(app, "export", "pl", tmp_path) or "languages are en, cy, ur" in run(
        app, "export", "pl", tmp_path
    )


def test_an_import_does_not_replace_a_public_page(
    site: ContentFolder, app: Flask, refresh: Refresh, tmp_path: Path
) -> None:
    site.document("ur/help/getting-ready.md", "بیگ", title="تیاری", tab_title="تیار", summary="یہ")
    refresh()
    run(app, "export", "ur", tmp_path, "help/getting-ready.md")
    file = tmp_path / "ur/help/getting-ready.po"
    assert "#, fuzzy" in file.read_text("utf-8"), "its pieces differ from those of its original"
    file.write_text(translated(file.read_text("utf-8")).replace("#, fuzzy\n", ""), "utf-8")
    assert "ur/help/getting-ready.md is public." in run(app, "import", file)


def test_every_page_of_the_project_can_be_put_together_from_its_pieces() -> None:
    pages = [*PROJECT.glob("examples/hampshire/help/*.md"), *PROJECT.glob("examples/hampshire/pages/*.md")]
    for page in pages:
        text = page.read_text("utf-8")
        same = {piece.name: piece.text for piece in pieces_of(text) if piece.words}
        assert side_by_side(pieces_of(text), pieces_of(text)) == same
        assert (
            read_document(put_together(text, same, "0" * 12 + "-" + "0" * 12), "").body == read_document(text, "").body
        )
