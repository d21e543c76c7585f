"""Decides which missing files were deleted, and which are only on their way back.

Replacing a folder, by a copy, a checkout or a deployment, takes a moment during which a part of it is not there. A site
that took this for deletion would answer "no such page" for pages that are back a second later.
"""

import time
from collections.abc import Collection, Mapping

from sidedoor.documents.document import kind_of

STILL_SECONDS = 2.0
"""A folder that is being replaced counts as whole when nothing in it has changed for this long."""


class Missing:
    """Remembers the files that were missing at earlier looks at the folder."""

    def __init__(self) -> None:
        self._folder: int | None = None
        self._signatures: Mapping[str, object] = {}
        self._still_since = 0.0
        self.files: frozenset[str] = frozenset()
        """Files that are missing but not yet believed to be deleted."""
        self.replaced = False
        """Whether the folder is being replaced: then only a look at everything tells more."""

    def deleted(
        self,
        gone: set[str],
        known_files: Collection[str],
        signatures: Mapping[str, object],
        folder: int | None,
        settled: bool,
    ) -> set[str]:
        """The files of `gone` that were deleted: none while the folder is being replaced.

        `known_files`: the files that there were. After a look at the whole folder, `folder` is its inode and
        `signatures` describes every file in it; after a look at only some files, `folder` is None. `settled`: count a
        file as deleted only if it was also gone at the look before.
        """
        if folder is not None:
            is_another_folder = self._folder not in (None, folder)
            self._folder = folder
            self.replaced = bool(gone) and (self.replaced or is_another_folder or _most(gone, known_files))
            if self.replaced and not self._is_still(signatures):
                self.files = frozenset(gone)
                return set()
            self.replaced, self._signatures = False, {}
        believed = gone & self.files if settled else gone
        self.files = frozenset(gone - believed)
        return believed

    def _is_still(self, signatures: Mapping[str, object]) -> bool:
        if signatures != self._signatures:
            self._signatures, self._still_since = signatures, time.monotonic()
        return time.monotonic() - self._still_since >= STILL_SECONDS


def _most(gone: Collection[str], known_files: Collection[str]) -> bool:
    """Whether most of the documents are gone."""
    return 2 * sum(map(bool, map(kind_of, gone))) > sum(map(bool, map(kind_of, known_files)))
