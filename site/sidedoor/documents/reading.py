"""Reads and checks one file of the content folder: from its bytes, makes what the file describes, or says what is
wrong."""

import errno
import json
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from sidedoor.documents.codes import Code
from sidedoor.documents.darkroom import read_picture
from sidedoor.documents.digest import digest_of
from sidedoor.documents.document import Document, folder_of, kind_of, model_of, slug_of
from sidedoor.documents.front_matter import Written, read_document, read_yaml
from sidedoor.documents.lean import Fetch, LeanDocument, head_of
from sidedoor.documents.markdown import Rendered
from sidedoor.documents.models import Contact, ContactsFile, FactsFile, HelpMeta, Meta, NewsMeta, PageMeta, check
from sidedoor.documents.pictures import MOST_BYTES as MOST_PICTURE_BYTES
from sidedoor.documents.pictures import Picture, PictureFacts
from sidedoor.documents.problems import Problem, Refused, Wrong
from sidedoor.documents.recordings import most_bytes as most_recording_bytes
from sidedoor.documents.recordings import read_recording
from sidedoor.documents.renderer import Renderer, RenderingFailed
from sidedoor.documents.site import Site

MOST_BYTES = 200_000
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


SITE, CONTACTS, FACTS, PICTURES, RECORDINGS = "site.toml", "contacts.yaml", "facts.yaml", "images/", "media/"
CREDITS = "pictures.yaml"
SHOWN = (PICTURES, RECORDINGS)
"""Folders of files that pages show unchanged."""

Contacts = dict[str, Contact]
Good = Site | Contacts | FactsFile | PictureFacts | Document | Picture | str
"""What a file can describe: the site's choices, contacts by id, facts, facts about pictures, a document, a picture, or
a recording's name."""


def is_content_file(file: str) -> bool:
    """Whether the loader reads the file at this path in the content folder."""
    return file in (SITE, CONTACTS, FACTS, CREDITS) or kind_of(file) is not None or file.startswith(SHOWN)


def most_bytes(file: str) -> int:
    """How many bytes a file may have."""
    if file.startswith(RECORDINGS):
        return most_recording_bytes(file)
    return MOST_PICTURE_BYTES if file.startswith(PICTURES) else MOST_BYTES


def read_bytes(content: Path, file: str) -> bytes:
    """The bytes of a file, at most one more than it may have. Raises Refused."""
    try:
        # Opening a named pipe or a device might never return, or do worse.
        source = os.open(os.path.join(content, file), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(source).st_mode):
                raise OSError(errno.EINVAL, "")
            raw, most = b"", most_bytes(file) + 1
            while len(raw) < most and (more := os.read(source, most - len(raw))):
                raw += more
            return raw
        finally:
            os.close(source)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "no reason given"
        raise Refused([Problem(file, None, Code.FILE_UNREADABLE, {"reason": reason})]) from None


def read(raw: bytes, file: str, site: Site | None, renderer: Renderer) -> Good:
    """Read a content file; everything except site.toml itself needs `site`. Raises Refused with every problem."""
    if file.startswith(PICTURES):
        return read_picture(raw, file)
    if file.startswith(RECORDINGS):
        return read_recording(raw, file)
    text = read_text(raw, file)
    if file == SITE:
        return read_site(text)
    if file == CONTACTS:
        return {contact.id: contact for contact in read_contacts(text)}
    if file == FACTS:
        return read_facts(text)
    if file == CREDITS:
        return PictureFacts.of(read_yaml(text, CREDITS).values)
    assert site
    return read_file(text, file, site, renderer)


def to_text(good: Good) -> str:
    """The result of reading, as text for `from_text`; for a document, what lists need (see lean.py)."""
    if isinstance(good, Document):
        return head_of(good)
    if isinstance(good, Site | FactsFile):
        return good.model_dump_json()
    if isinstance(good, dict):
        return ContactsFile(contacts=tuple(good.values())).model_dump_json(by_alias=True)
    if isinstance(good, PictureFacts):
        return json.dumps(good.focus)
    if isinstance(good, Picture):
        return good.to_json()
    return good


def from_text(file: str, text: str, made_from: tuple[str, str], fetch: Fetch) -> Good:
    """The result of reading, from what `to_text` made of it; `made_from`: the digest and the reader it came from.

    Raises ValueError, TypeError or KeyError for what another version of this code wrote.
    """
    if kind := kind_of(file):
        # Earlier releases kept documents whole, with their words.
        whole = text.startswith("{") and '"html": ' in text[:2000]
        return Document.from_json(text) if whole else LeanDocument.of(text, file, kind, made_from, fetch)
    if file == SITE:
        return Site.model_validate_json(text)
    if file == CONTACTS:
        return {contact.id: contact for contact in ContactsFile.model_validate_json(text).contacts}
    if file == FACTS:
        return FactsFile.model_validate_json(text)
    if file == CREDITS:
        return PictureFacts({name: (across, down) for name, (across, down) in json.loads(text).items()})
    if file.startswith(PICTURES):
        return Picture.from_json(text)
    return text


def read_text(raw: bytes, file: str) -> str:
    """Decode a file. Raises Refused if it is too long, not UTF-8, or holds characters that do not print."""
    if len(raw) > MOST_BYTES:
        raise Refused([Problem(file, None, Code.FILE_TOO_LONG, {"kilobytes": MOST_BYTES // 1000})])
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Refused([Problem(file, line, Code.NOT_UTF8)]) from None
    if match := CONTROLS.search(text):
        line = text[: match.start()].count("\n") + 1
        raise Refused([Problem(file, line, Code.CONTROL_CHARACTER)])
    return text


def read_site(text: str) -> Site:
    """Read site.toml. Raises Refused."""
    file = SITE
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        reason = str(error).split(" (at")[0].lower()
        twice = reason.startswith(("cannot declare", "cannot overwrite", "cannot mutate"))
        code, values = (Code.TOML_TWICE, {}) if twice else (Code.TOML_UNREADABLE, {"reason": reason})
        raise Refused([Problem(file, int(line[1]) if line else None, code, values)]) from None
    except RecursionError:
        raise Refused([Problem(file, None, Code.NESTED_TOO_DEEPLY)]) from None

    return check(Site, values, file, lambda place: _line_in_toml(text.split("\n"), place))


def _line_in_toml(lines: list[str], place: tuple[str | int, ...]) -> int | None:
    """The line of a place: ("chat", "open", 1, "from") is `from` in the second table under [[chat.open]]."""
    names: list[str] = []
    first, last, line = 0, len(lines), None
    for at, part in enumerate(place):
        if isinstance(part, int):
            continue
        names.append(part)
        table_number = place[at + 1] if at + 1 < len(place) and isinstance(place[at + 1], int) else 0
        header = re.compile(rf"\s*\[+\s*{re.escape('.'.join(names))}\s*\]+")
        headers = [number for number, text in enumerate(lines) if header.match(text)]
        if len(headers) > int(table_number):
            first = line = headers[int(table_number)]
            last = next((n for n in range(first + 1, len(lines)) if re.match(r"\s*\[", lines[n])), len(lines))
            continue
        own = re.compile(rf"\s*(?:\S+\.)?[\"']?{re.escape(part)}[\"']?\s*[=.]")
        line = next((number for number in range(first, last) if own.match(lines[number])), line)
    return None if line is None else line + 1


def read_contacts(text: str) -> tuple[Contact, ...]:
    """Read contacts.yaml. Raises Refused."""
    file = CONTACTS
    written = read_yaml(text, file)
    return check(ContactsFile, written.values, file, written.line_of).contacts


def read_facts(text: str) -> FactsFile:
    """Read facts.yaml. Raises Refused."""
    written = read_yaml(text, FACTS)
    return check(FactsFile, written.values, FACTS, written.line_of)


def read_file(text: str, file: str, site: Site, renderer: Renderer) -> Document:
    """Make a Document of the text of `file`, its path in the content folder. Raises Refused with every problem."""
    kind = kind_of(file)
    assert kind, f"{file} is not in a folder of documents"
    written = read_document(text, file)
    problems: list[Problem] = []
    meta = slug = None
    try:
        slug = slug_of(file)
    except Wrong as wrong:
        problems.append(Problem(file, None, Code.FILE_NAME, {**wrong.values, "why": wrong.code}))
    written.values.setdefault("language", _language_in(folder_of(file), site))
    try:
        meta = check(model_of(file), written.values, file, written.line_of, site.zone)
        problems += _odd_choices(meta, file, written, site)
    except Refused as refused:
        problems += refused.problems
    body = _render(written.body, file, written.body_line, renderer, problems)
    notes = Rendered("")
    if isinstance(meta, NewsMeta) and meta.notes_to_editors:
        first = written.line_of(("notes_to_editors",)) or 1
        notes = _render(meta.notes_to_editors, file, first + 1, renderer, problems)
    if problems or meta is None or slug is None:
        raise Refused(problems)
    return Document(
        kind=kind,
        slug=slug,
        file=file,
        meta=meta,
        html=body.html,
        notes_html=notes.html,
        sentences=tuple(body.sentences),
        links=tuple(body.links + notes.links),
        pictures=tuple(body.pictures + notes.pictures),
        contact_ids=tuple(body.contacts),
        digest=digest_of(meta.title, meta.summary, written.body, getattr(meta, "notes_to_editors", "")),
    )


def _language_in(folder: str, site: Site) -> str:
    """The language of the pages in a folder of a language or form."""
    return site.language if folder in site.forms else folder or site.language


def _odd_choices(meta: Meta, file: str, written: Written, site: Site) -> Iterator[Problem]:
    """Report well-formed values that name something site.toml does not have."""

    def odd(name: str, code: Code, value: str | None, choices: Iterable[str]) -> Problem:
        values = {"written": value, "choices": tuple(choices)}
        return Problem(file, written.line_of((name,)), code, values, name)

    groups = [group.id for group in site.groups]
    folder = folder_of(file)
    if meta.language not in site.languages:
        yield odd("language", Code.UNKNOWN_LANGUAGE, meta.language, site.languages)
    elif folder == site.language or meta.language != _language_in(folder, site):
        own = "" if meta.language == site.language else f"{meta.language}/"
        values = {"written": meta.language, "there": own + file.removeprefix(f"{folder}/" if folder else "")}
        yield Problem(file, written.line_of(("language",)), Code.ANOTHER_FOLDER, values, "language")
    if isinstance(meta, HelpMeta | PageMeta) and meta.group not in (None, *groups):
        yield odd("group", Code.UNKNOWN_GROUP, meta.group, groups)
    if isinstance(meta, NewsMeta) and meta.press_contact not in (None, *site.press):
        yield odd("press_contact", Code.UNKNOWN_PRESS_CONTACT, meta.press_contact, site.press)


def _render(body: str, file: str, first_line: int, renderer: Renderer, problems: list[Problem]) -> Rendered:
    try:
        rendered = renderer.render(body)
    except RenderingFailed:
        problems.append(Problem(file, first_line, Code.RENDERING_TOO_SLOW))
        return Rendered("")
    problems += [
        Problem(file, finding.line + first_line - 1 if finding.line else None, finding.code, finding.values)
        for finding in rendered.findings
    ]
    return rendered
