"""Gathers the interface's sentences for translators again: updates every .po file of site/sidedoor/locale.

Only the messages change: a file's header stays byte for byte, and so does its statement whether anybody has reviewed
the translation. Babel's own `update` writes a new header.
"""

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

SOURCE = Path(__file__).resolve().parents[1] / "site/sidedoor"
LOCALE = SOURCE / "locale"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]


def sentences() -> Catalog:
    """Every sentence that code and templates mark for translation."""
    catalog = Catalog()
    for _file, _line, message, comments, context in extract_from_dir(SOURCE, METHODS):
        catalog.add(message, auto_comments=comments, context=context)
    return catalog


def gathered(text: str, template: Catalog) -> str:
    """A .po file with the sentences that there are now, and with its translations of them."""
    header, _, _ = text.partition("\n\n")
    catalog = read_po(io.BytesIO(text.encode()))
    catalog.update(template, no_fuzzy_matching=True, update_header_comment=False)
    written = io.BytesIO()
    write_po(written, catalog, no_location=True, sort_output=True, ignore_obsolete=True)
    _, _, messages = written.getvalue().decode().partition("\n\n")
    return f"{header}\n\n{messages.rstrip()}\n"


def main() -> None:
    """Update all files, and say how much each still lacks."""
    template = sentences()
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/sidedoor.po")):
        path.write_text(text := gathered(path.read_text("utf-8"), template), "utf-8")
        catalog = read_po(io.BytesIO(text.encode()))
        lacking = [message for message in catalog if message.id and not _is_translated(message.string)]
        sys.stdout.write(f"{path.parents[1].name}: {len(lacking)} to translate\n")


def _is_translated(string: object) -> bool:
    return all(string) if isinstance(string, list | tuple) else bool(string)


if __name__ == "__main__":
    main()
