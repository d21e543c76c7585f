"""Which of the files that are not there are deleted, and which are on their way.

Whoever replaces a folder, by a copy, a checkout or a deployment, takes a moment in which a part of it is not there. Who
believed it would answer "no such page" for pages that are back a second later.
"""

import time
from collections.abc import Collection, Mapping

from sidedoor.documents.document import kind_of

STILL_SECONDS = 2.0
"""A folder that is being replaced is whole again when nothing in it has changed for so long."""


class Missing:
    """What was missed at the looks before."""

    def __init__(self) -> None:
        self._folder: int | None = None
        self._found: Mapping[str, object] = {}
        self._still_since = 0.0
        self.files: frozenset[str] = frozenset()
        """Not there, and not believed to be deleted."""
        self.replaced = False
        """Whether the folder is being replaced: then only a look at everything tells more."""

    def deleted(
        self, gone: set[str], known: Collection[str], found: Mapping[str, object], folder: int | None, settled: bool
    ) -> set[str]:
        """Those of `gone` that are deleted: none while the folder is being replaced.

        `known`: the files that there were. `folder` is the inode of a folder that was looked at as a whole, `found` all
        that is in it; None, where only some files were. `settled`: a file is deleted that was gone at the look before.
        """
        if folder is not None:
            another = self._folder not in (None, folder)
            self._folder = folder
            self.replaced = bool(gone) and (self.replaced or another or _most(gone, known))
            if self.replaced and not self._is_still(found):
                self.files = frozenset(gone)
                return set()
            self.replaced, self._found = False, {}
        believed = gone & self.files if settled else gone
        self.files = frozenset(gone - believed)
        return believed

    def _is_still(self, found: Mapping[str, object]) -> bool:
        if found != self._found:
            self._found, self._still_since = found, time.monotonic()
        return time.monotonic() - self._still_since >= STILL_SECONDS


def _most(gone: Collection[str], known: Collection[str]) -> bool:
    """Whether most of the documents are gone."""
    return 2 * sum(map(bool, map(kind_of, gone))) > sum(map(bool, map(kind_of, known)))
