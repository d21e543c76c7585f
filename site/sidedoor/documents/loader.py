"""The content folder, read into a Library, and read again when it changes, one changed file at a time.

A file that cannot be used is reported, and its last good version stays: in memory, and in SIDEDOOR_DATA for the next
start. A changed file is read once it has stopped changing, so half a file is never shown.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sidedoor.documents.document import Document, kind_of
from sidedoor.documents.last_good import LastGood
from sidedoor.documents.library import Library
from sidedoor.documents.models import Site
from sidedoor.documents.pictures import picture_problem
from sidedoor.documents.problems import Problem, Refused
from sidedoor.documents.reading import MOST_BYTES, read_contacts, read_file, read_site, read_text
from sidedoor.documents.renderer import Renderer

_SITE, _CONTACTS, _PICTURES = "site.toml", "contacts.yaml", "images/"
_AWAY = Problem(_SITE, None, "The content folder cannot be read.", "Until it can, everything stays as it was.")

Signature = tuple[int, int, int]


@dataclass(frozen=True)
class _Record:
    """A file as it was when last read. `good` is its last good version, of this reading or an earlier one."""

    signature: Signature
    good: Any
    problems: tuple[Problem, ...] = ()


class Loader:
    """Reads the folder `content`. `data` keeps last good versions across restarts; None keeps them in memory only."""

    def __init__(self, content: Path, data: Path | None = None) -> None:
        self.content = content
        self._renderer = Renderer()
        self._last_good = LastGood(data / "last-good") if data else None
        self._records: dict[str, _Record] = {}
        self._unsettled: dict[str, Signature] = {}
        self._library: Library | None = None
        self._away = False

    def load(self, settled: bool = False) -> Library:
        """The folder as it is now; the very same Library if nothing changed since the last call.

        `settled` is for calls that are repeated: a changed file is read when it looked the same at the call before.
        Raises Refused if there is no usable site.toml, neither now nor kept.
        """
        found = dict(self._scan())
        if self._library and _SITE not in found:
            return self._while_away(self._library)
        changed = {file for file, signature in found.items() if self._signature(file) != signature}
        if settled:
            changed = self._settled(changed, found)
        removed = self._records.keys() - found.keys()
        if self._library and not (changed or removed or self._away):
            return self._library
        self._away = False
        for file in removed:
            self._forget(file)
        site = self._read_site(found, changed)
        for file in sorted(changed - {_SITE}):
            self._read(file, found[file], site)
        self._library = self._assemble(site)
        return self._library

    def close(self) -> None:
        """End the rendering process."""
        self._renderer.close()

    def _scan(self) -> Iterator[tuple[str, Signature]]:
        """Every file that counts, by its path in the folder, with what tells one version of it from another."""
        for folder, folders, names in os.walk(self.content):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            inside = Path(folder).relative_to(self.content)
            for name in sorted(names):
                file = (inside / name).as_posix()
                if name.startswith((".", "~")) or not (
                    file in (_SITE, _CONTACTS) or kind_of(file) or file.startswith(_PICTURES)
                ):
                    continue
                try:
                    status = os.stat(os.path.join(folder, name))
                    yield file, (status.st_mtime_ns, status.st_size, status.st_ino)
                except OSError:
                    yield file, (0, 0, 0)

    def _signature(self, file: str) -> Signature | None:
        record = self._records.get(file)
        return record.signature if record else None

    def _settled(self, changed: set[str], found: dict[str, Signature]) -> set[str]:
        settled = {file for file in changed if self._unsettled.get(file) == found[file]}
        self._unsettled = {file: found[file] for file in changed}
        return settled

    def _while_away(self, library: Library) -> Library:
        """The folder is being replaced or cannot be reached: nothing in it counts as deleted."""
        if not self._away:
            self._away = True
            self._library = replace(library, problems=(_AWAY, *library.problems))
        return self._library or library

    def _read_site(self, found: dict[str, Signature], changed: set[str]) -> Site:
        before = self._records.get(_SITE)
        if _SITE in changed or not before:
            self._read(_SITE, found.get(_SITE, (0, 0, 0)), None)
        site: Site | None = self._records[_SITE].good
        if not site:
            raise Refused(list(self._records.pop(_SITE).problems))
        if before and _reading_depends_on(before.good) != _reading_depends_on(site):
            changed |= {file for file in found if kind_of(file)}
        return site

    def _read(self, file: str, signature: Signature, site: Site | None) -> None:
        before = self._records.get(file)
        try:
            text = self._text(file)
            good = self._parse(file, text, site)
        except Refused as refused:
            good = before.good if before else self._kept(file, site)
            self._records[file] = _Record(signature, good, tuple(refused.problems))
        else:
            self._records[file] = _Record(signature, good)
            if self._last_good and not file.startswith(_PICTURES):
                self._last_good.keep(file, text)

    def _text(self, file: str) -> str:
        if file.startswith(_PICTURES):
            return ""
        try:
            with (self.content / file).open("rb") as source:
                return read_text(source.read(MOST_BYTES + 1), file)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "no reason given"
            raise Refused(
                [Problem(file, None, f"The file cannot be read ({reason}).", "Check that it may be read.")]
            ) from None

    def _parse(self, file: str, text: str, site: Site | None) -> Any:
        if file == _SITE:
            return read_site(text)
        if file == _CONTACTS:
            return {contact.id: contact for contact in read_contacts(text)}
        if file.startswith(_PICTURES):
            name = file.removeprefix(_PICTURES)
            if problem := picture_problem(self.content / file, name):
                raise Refused([problem])
            return name
        assert site
        return read_file(text, file, site, self._renderer)

    def _kept(self, file: str, site: Site | None) -> Any:
        """The version that was good before this process started."""
        text = self._last_good.get(file) if self._last_good else None
        if text is None:
            return None
        try:
            return self._parse(file, text, site)
        except Refused:
            return None

    def _forget(self, file: str) -> None:
        del self._records[file]
        if self._last_good:
            self._last_good.forget(file)

    def _assemble(self, site: Site) -> Library:
        documents: dict[tuple[str, str], Document] = {}
        problems = [problem for record in self._records.values() for problem in record.problems]
        for file, record in sorted(self._records.items()):
            if kind_of(file) and record.good:
                document: Document = record.good
                first = documents.setdefault((document.kind, document.slug), document)
                if first is not document:
                    problems.append(
                        Problem(
                            file, None, f"{first.file} has the same name.", "Rename one: both want the same address."
                        )
                    )
        contacts = self._records.get(_CONTACTS)
        return Library(
            site=site,
            contacts=(contacts and contacts.good) or {},
            documents=tuple(documents.values()),
            pictures=frozenset(
                record.good for file, record in self._records.items() if file.startswith(_PICTURES) and record.good
            ),
            problems=tuple(sorted(problems, key=lambda problem: (problem.file, problem.line or 0))),
        )


def _reading_depends_on(site: Site | None) -> object:
    """What of site.toml decides whether a document is well-formed, and when it is public."""
    return site and (site.timezone, site.languages, site.groups, site.press)
