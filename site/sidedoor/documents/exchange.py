"""A page's words as gettext PO, for translators and the programs they use, and back as a draft.

Babel reads and writes it; it came with the interface's catalogues anyway. (translate-toolkit also knows XLIFF, but its
licence would rule ours.) Each context says which page, made from which words of the original, and which piece.
"""

import io
import re
from dataclasses import dataclass

from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po, write_po

from sidedoor.documents.codes import Code
from sidedoor.documents.document import Document, folder_of
from sidedoor.documents.library import Library
from sidedoor.documents.models import MADE_FROM
from sidedoor.documents.problems import Problem, Refused
from sidedoor.documents.segments import pieces_of, put_together, side_by_side

MOST_BYTES = 1_000_000
_CONTEXT = re.compile(rf"(\S+\.md)@({MADE_FROM.strip('^$')})#(\w+)")


@dataclass(frozen=True)
class Returned:
    """What came back: the file that it translates into, by its path in the content folder, and each piece by name."""

    file: str
    original: Document
    said: dict[str, str]

    def draft(self, original: str, before: str | None) -> str:
        """The translation as a file that awaits review. `original` is the text of the original's file, `before` that of
        the translation, if there is one."""
        return put_together(original, self.said, self.original.digest, before)


def translation_file(original: str, language: str) -> str:
    """Where the translation of a page is: `ur/help/money.md`."""
    return f"{language}/{original}"


def to_po(original: Document, text: str, language: str, before: str | None, doubtful: bool) -> bytes:
    """The words of `original`, whose file says `text`, for a translator into `language`. What the translation said
    `before` stands there, too; where it may be behind (`doubtful`), or has other pieces, all is marked as such."""
    catalog = Catalog(header_comment=f"# {original.file}: {original.title}", charset="utf-8", fuzzy=False)
    catalog.locale = None
    pieces = pieces_of(text)
    there = pieces_of(before) if before else []
    known = side_by_side(pieces, there)
    doubtful = doubtful or sum(one.words for one in there) != sum(one.words for one in pieces)
    file = translation_file(original.file, language)
    for one in pieces:
        if one.words:
            said = known.get(one.name, "")
            flags = ["fuzzy"] if said and doubtful else []
            catalog.add(one.text, said, context=f"{file}@{original.digest}#{one.name}", flags=flags)
    written = io.BytesIO()
    write_po(written, catalog, width=0, omit_header=False)
    return written.getvalue().replace(b'"Language-Team: ', f'"Language: {language}\\n"\n"Language-Team: '.encode(), 1)


def from_po(raw: bytes, library: Library) -> Returned:
    """What a translator sent back. Raises Refused with one problem, the first that there is."""

    def refuse(code: Code, **values: object) -> Refused:
        return Refused([Problem("", None, code, values)])

    try:
        catalog = read_po(io.BytesIO(raw[: MOST_BYTES + 1]), abort_invalid=True)
    except (PoFileError, ValueError, LookupError, IndexError, TypeError, AttributeError):
        raise refuse(Code.PO_UNREADABLE) from None
    if len(raw) > MOST_BYTES:
        raise refuse(Code.PO_UNREADABLE)
    messages = [(found, one) for one in catalog if (found := _CONTEXT.fullmatch(one.context or ""))]
    if not messages or len({found[1] for found, _ in messages}) > 1:
        raise refuse(Code.PO_OF_ELSEWHERE)
    file, digest = messages[0][0][1], messages[0][0][2]
    language = folder_of(file)
    if language not in library.site.languages:
        raise refuse(Code.UNKNOWN_LANGUAGE, written=language, choices=tuple(library.site.languages))
    original = next((one for one in library.documents if translation_file(one.file, language) == file), None)
    if original is None:
        raise refuse(Code.PO_OF_NO_PAGE, original=file.removeprefix(f"{language}/"))
    if any(found[2] != original.digest for found, _ in messages) or digest != original.digest:
        raise refuse(Code.PO_BEHIND, original=original.file)
    lacking = [str(one.id) for _, one in messages if one.fuzzy or not str(one.string).strip()]
    if lacking:
        raise refuse(Code.PO_LACKS, count=len(lacking), start=lacking[0][:60])
    return Returned(file, original, {found[3]: str(one.string) for found, one in messages})
