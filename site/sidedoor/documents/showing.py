"""`Library.public(now)`, worked out from what has changed since the last call: even of a hundred thousand items, only a
few have.

`Library.visibility` alone decides where a document belongs. It is asked again about a plain document (see lean.py) when
the document was read again, or when one of its moments has passed; about every other document always, since it may
depend on others. The result is the same as `Library.public(now)`: tests/documents/test_showing.py compares them at each
step.
"""

import threading
from bisect import insort
from datetime import datetime

from sidedoor.documents import in_order
from sidedoor.documents.document import Document, Visibility
from sidedoor.documents.library import NEVER, Library, PublicLibrary

_MOST_CHANGED = 2000
"""With more changes than this, starting afresh is quicker."""


class Showing:
    """Remembers the last library it was given. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._library: Library | None = None
        self._public: PublicLibrary | None = None
        self._seen: dict[Document, Visibility] = {}
        self._others: set[Document] = set()
        """All documents that are not plain."""
        self._coming: list[tuple[datetime, Document]] = []
        """The future moments of plain documents, in order."""

    def public(self, library: Library, now: datetime) -> PublicLibrary:
        """What the public may see at `now` (aware)."""
        with self._lock:
            public = self._following(library, now) or self._afresh(library, now)
            self._library, self._public = library, public
            return public

    def _afresh(self, library: Library, now: datetime) -> PublicLibrary:
        self._seen = {document: library.visibility(document, now) for document in library.documents}
        self._others = {document for document in library.documents if not document.plain}
        moments = [
            (moment, document)
            for document in library.documents
            if document not in self._others
            for moment in document.transitions()
            if moment > now
        ]
        self._coming = sorted(moments, key=_when)
        return self._made(library, now)

    def _following(self, library: Library, now: datetime) -> PublicLibrary | None:
        """The public library after few changes; None if there are many, or if the clock was set back."""
        before, public = self._library, self._public
        if before is None or public is None or now < public.now or library.site != before.site:
            return None
        new: set[Document] = set()
        left: set[Document] = set()
        if library.documents is not before.documents:
            left, new = in_order.difference(before.documents, library.documents)
            if len(new) + len(left) > _MOST_CHANGED:
                return None
            self._others = {document for document in self._others | new if not document.plain} - left
        if left:
            self._coming = [entry for entry in self._coming if entry[1] not in left]
        for document in new:
            if document.plain:
                for moment in document.transitions():
                    if moment > now:
                        insort(self._coming, (moment, document), key=_when)
        to_ask = self._others | new
        while self._coming and self._coming[0][0] <= now:
            to_ask.add(self._coming.pop(0)[1])
        seen = self._seen
        moved = dict.fromkeys(
            (document for document in left if seen.pop(document) is not Visibility.HIDDEN), Visibility.HIDDEN
        )
        for document in to_ask:
            old_visibility, seen[document] = seen.get(document), library.visibility(document, now)
            if old_visibility is not seen[document]:
                moved[document] = seen[document]
        pictures = library.pictures != before.pictures
        return library.public_after(public, moved, now, self._valid_until(now), pictures)

    def _made(self, library: Library, now: datetime) -> PublicLibrary:
        return library.public_of(self._seen, now, self._valid_until(now))

    def _valid_until(self, now: datetime) -> datetime:
        moments = [moment for document in self._others for moment in document.transitions() if moment > now]
        first = self._coming[0][0] if self._coming else NEVER
        return min([first, *moments])


def _when(entry: tuple[datetime, Document]) -> datetime:
    return entry[0]
