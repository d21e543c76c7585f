"""A page's words as gettext PO, for translators and the programs they use, and back as a draft.

Babel reads and writes PO; we already use it for the interface's catalogues. (translate-toolkit also knows XLIFF, but
its licence would govern ours.) Each message's context names the page, the digest of the original's words, and the
piece.
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
    """A translation that came back: its file, by its path in the content folder, and the text of each piece by name."""

    file: str
    original: Document
    texts: dict[str, str]

    def draft(self, original: str, before: str | None) -> str:
        """The translation as a file that awaits review. `original` is the text of the original's file, `before` the
        text of the translation so far, if there is one."""
        return put_together(original, self.texts, self.original.digest, before)


def translation_file(original: str, language: str) -> str:
    """The file of a page's translation: `ur/help/money.md`."""
    return f"{language}/{original}"


def to_po(original: Document, text: str, language: str, before: str | None, doubtful: bool) -> bytes:
    """The words of `original`, whose file holds `text`, for a translator into `language`. They include the translation
    from `before`; if it may be behind (`doubtful`) or has other pieces, all of it is marked as fuzzy."""
    catalog = Catalog(header_comment=f"# {original.file}: {original.title}", charset="utf-8", fuzzy=False)
    catalog.locale = None
    pieces = pieces_of(text)
    old_pieces = pieces_of(before) if before else []
    translated = side_by_side(pieces, old_pieces)
    doubtful = doubtful or sum(piece.words for piece in old_pieces) != sum(piece.words for piece in pieces)
    file = translation_file(original.file, language)
    for piece in pieces:
        if piece.words:
            translation = translated.get(piece.name, "")
            flags = ["fuzzy"] if translation and doubtful else []
            catalog.add(piece.text, translation, context=f"{file}@{original.digest}#{piece.name}", flags=flags)
    written = io.BytesIO()
    write_po(written, catalog, width=0, omit_header=False)
    return written.getvalue().replace(b'"Language-Team: ', f'"Language: {language}\\n"\n"Language-Team: '.encode(), 1)


def from_po(raw: bytes, library: Library) -> Returned:
    """Read what a translator sent back. Raises Refused with the first problem."""

    def refuse(code: Code, **values: object) -> Refused:
        return Refused([Problem("", None, code, values)])

    try:
        catalog = read_po(io.BytesIO(raw[: MOST_BYTES + 1]), abort_invalid=True)
    except (PoFileError, ValueError, LookupError, IndexError, TypeError, AttributeError):
        raise refuse(Code.PO_UNREADABLE) from None
    if len(raw) > MOST_BYTES:
        raise refuse(Code.PO_UNREADABLE)
    messages = [(match, message) for message in catalog if (match := _CONTEXT.fullmatch(message.context or ""))]
    if not messages or len({context[1] for context, _ in messages}) > 1:
        raise refuse(Code.PO_OF_ELSEWHERE)
    file, digest = messages[0][0][1], messages[0][0][2]
    language = folder_of(file)
    if language not in library.site.languages:
        raise refuse(Code.UNKNOWN_LANGUAGE, written=language, choices=tuple(library.site.languages))
    original = next((page for page in library.documents if translation_file(page.file, language) == file), None)
    if original is None:
        raise refuse(Code.PO_OF_NO_PAGE, original=file.removeprefix(f"{language}/"))
    if any(context[2] != original.digest for context, _ in messages) or digest != original.digest:
        raise refuse(Code.PO_BEHIND, original=original.file)
    lacking = [str(message.id) for _, message in messages if message.fuzzy or not str(message.string).strip()]
    if lacking:
        raise refuse(Code.PO_LACKS, count=len(lacking), start=lacking[0][:60])
    return Returned(file, original, {context[3]: str(message.string) for context, message in messages})
