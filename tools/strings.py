"""Gathers the interface's sentences anew for the translators: every .po file of site/sidedoor/locale.

Only what is said changes: a file's header stays byte for byte, and with it whether anybody has read the translation.
Babel's own `update` writes a new one.
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
    """Every sentence that code and templates mark."""
    found = Catalog()
    for _file, _line, message, comments, context in extract_from_dir(SOURCE, METHODS):
        found.add(message, auto_comments=comments, context=context)
    return found


def gathered(text: str, template: Catalog) -> str:
    """A .po file that says what it said, of the sentences that there are now."""
    header, _, _ = text.partition("\n\n")
    catalog = read_po(io.BytesIO(text.encode()))
    catalog.update(template, no_fuzzy_matching=True, update_header_comment=False)
    written = io.BytesIO()
    write_po(written, catalog, no_location=True, sort_output=True, ignore_obsolete=True)
    _, _, said = written.getvalue().decode().partition("\n\n")
    return f"{header}\n\n{said.rstrip()}\n"


def main() -> None:
    """Write them all, and say what each still lacks."""
    template = sentences()
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/sidedoor.po")):
        path.write_text(text := gathered(path.read_text("utf-8"), template), "utf-8")
        lacking = [one for one in read_po(io.BytesIO(text.encode())) if one.id and not _is_said(one.string)]
        sys.stdout.write(f"{path.parents[1].name}: {len(lacking)} to translate\n")


def _is_said(string: object) -> bool:
    return all(string) if isinstance(string, list | tuple) else bool(string)


if __name__ == "__main__":
    main()
