"""Every save is a git commit with its author, so any tool that reads git reads our history.

If content/ is a git repository itself, commits go there. If it is not (or lies inside a developer's checkout, which is
no place for the history of the news), commits go to a bare repository in SIDEDOOR_DATA/history.git. Commits are made
from trees, not from the index, so a commit of ours never includes what somebody else has staged.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from dulwich.errors import NotGitRepository
from dulwich.object_store import commit_tree_changes, tree_lookup_path
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import HEADREF, Ref
from dulwich.repo import Repo

log = logging.getLogger("sidedoor.desk.items.history")
_DISCARDED = "Sidedoor-Discarded: "
"""The trailer of a commit that discarded this file (https://git-scm.com/docs/git-interpret-trailers)."""
_DISCARDED_BEFORE_TRAILERS = "Discard "
"""How the message of such a commit began, before it had the trailer. Histories hold it, so it must stay as it is."""
_FILE_MODE = 0o100644
_STALE_SECONDS = 600


@dataclass(frozen=True)
class Author:
    """The author of a commit."""

    name: str

    def identity(self) -> bytes:
        """Return the author as git writes it. The mail address is made up: a desk knows people only by their names."""
        name = "".join(character for character in self.name if character not in "<>\n\r\0").strip() or "somebody"
        return f"{name} <{'.'.join(name.lower().split())}@desk>".encode()


BY_HAND = Author("edited outside the desk")


@dataclass(frozen=True)
class Revision:
    """A commit that changed a file. `file` is the name it had then, `at` is aware."""

    id: str
    author: str
    at: datetime
    message: str
    file: str


class History:
    """The history of the folder `content`. If it fails, saving still works: the failure is reported and the next commit
    catches up.

    Only the holder of the shelf's `turn` opens the repository, for reading or writing: so a lock file in our own
    repository is always a leftover, and no two commits start from the same tree.
    """

    def __init__(self, content: Path, data: Path, turn: Callable[[], AbstractContextManager[None]]) -> None:
        self._content, self._turn = content, turn
        self._own = data / "history.git"
        self.trouble = False
        """Whether the last save is missing from the history."""

    def note_edits_by_hand(self, files: Iterable[str]) -> None:
        """Commit what changed in `files` since their last commit, as edited outside the desk."""
        self.commit(files, BY_HAND, "Edited outside the desk")

    def commit(self, files: Iterable[str], author: Author, message: str) -> None:
        """Commit `files` as they are on disk now, if any of them changed. Never raises; see `trouble`."""
        try:
            with self._open() as repository:
                self._commit(repository, sorted(files), author, message)
            self.trouble = False
        except Exception as error:  # any error at all: the words are saved already, and that matters more
            log.warning("History is not being kept: %s", type(error).__name__, exc_info=error)
            self.trouble = True

    def revisions(self, file: str, former: Iterable[str] = ()) -> list[Revision]:
        """Return the commits that changed `file`, under this or a `former` name, the newest first."""
        names = [file, *former]
        commits = []
        with self._open() as repository:
            if not self._head(repository):
                return []
            for entry in repository.get_walker(paths=[name.encode() for name in names]):
                commit = entry.commit
                after, before = _tree(repository, commit), _tree_before(repository, commit)
                changed = [
                    name for name in names if _blob_id(repository, after, name) != _blob_id(repository, before, name)
                ]
                name = next((name for name in changed if _blob_id(repository, after, name)), None)
                if name:
                    commits.append(_revision(commit, name))
        return commits

    def discarded(self) -> list[Revision]:
        """Return the files that were discarded (see discarding) and do not exist now.

        The latest deletion comes first. Each file is listed once, with the id of the commit before its deletion, which
        has its words.
        """
        deleted: dict[str, Revision] = {}
        with self._open() as repository:
            if not self._head(repository):
                return []
            for entry in repository.get_walker():
                commit = entry.commit
                file = _discarded(commit)
                if not file or file in deleted or (self._content / file).exists():
                    continue
                if commit.parents and _blob_id(repository, _tree_before(repository, commit), file):
                    before = replace(_revision(commit, file), id=commit.parents[0].decode("ascii"))
                    deleted[file] = before
        return list(deleted.values())

    def text_at(self, revision: str, file: str) -> str | None:
        """Return the file as that commit left it; None if there is no such commit, or no such file in it."""
        try:
            with self._open() as repository:
                commit = repository[ObjectID(revision.encode("ascii"))]
                if not isinstance(commit, Commit):
                    return None
                blob_id = _blob_id(repository, _tree(repository, commit), file)
                blob = repository[blob_id] if blob_id else None
                return blob.data.decode("utf-8", "replace") if isinstance(blob, Blob) else None
        except (KeyError, ValueError, AssertionError):
            return None

    def text_with(self, digest: str, file: str, former: Iterable[str] = ()) -> str | None:
        """Return the version of `file` whose bytes have this SHA-256, in hex, or None. Never raises."""
        try:
            texts = (self.text_at(revision.id, revision.file) for revision in self.revisions(file, former))
            return next((text for text in texts if text and sha256(text.encode()).hexdigest() == digest), None)
        except Exception as error:  # a history that cannot be read must not cost anybody what they typed
            log.warning("History cannot be read: %s", type(error).__name__, exc_info=error)
            return None

    def _clear_stale_locks(self, repository: Repo) -> None:
        """Delete the lock files that a killed process left behind; with them, nobody could ever commit again.

        In our own repository only the holder of the shelf's turn commits, so any lock file there is a leftover.
        """
        folder = Path(repository.controldir())
        patience = 0 if folder == self._own else _STALE_SECONDS
        for lock in (*folder.glob("*.lock"), *folder.glob("refs/heads/**/*.lock")):
            if time.time() - lock.stat().st_mtime >= patience:
                lock.unlink(missing_ok=True)

    @contextmanager
    def _open(self) -> Iterator[Repo]:
        with self._turn(), self._repository() as repository:
            yield repository

    def _repository(self) -> Repo:
        if (self._content / ".git").exists():
            return Repo(str(self._content))
        try:
            return Repo(str(self._own))
        except NotGitRepository:
            self._own.parent.mkdir(parents=True, exist_ok=True)
            return Repo.init_bare(str(self._own), mkdir=not self._own.exists(), default_branch=b"main")

    @staticmethod
    def _head(repository: Repo) -> ObjectID | None:
        try:
            return repository.head()
        except KeyError:
            return None

    def _commit(self, repository: Repo, files: list[str], author: Author, message: str) -> None:
        self._clear_stale_locks(repository)
        store, head = repository.object_store, self._head(repository)
        tree_id = _tree(repository, repository[head]) if head else None
        if tree_id is None:
            empty = Tree()
            store.add_object(empty)
            tree_id = empty.id
        changes: list[tuple[bytes, int | None, ObjectID | None]] = []
        for file in files:
            blob, path = self._blob(file), file.encode()
            if (blob.id if blob else None) != _blob_id(repository, tree_id, file):
                if blob:
                    store.add_object(blob)
                changes.append((path, _FILE_MODE, blob.id) if blob else (path, None, None))
        if not changes:
            return
        now = int(datetime.now(UTC).timestamp())
        commit = Commit()
        commit.tree = commit_tree_changes(store, tree_id, changes)
        commit.parents = [head] if head else []
        commit.author = commit.committer = author.identity()
        commit.author_time = commit.commit_time = now
        commit.author_timezone = commit.commit_timezone = 0
        commit.encoding = b"UTF-8"
        commit.message = message.encode()
        store.add_object(commit)
        branch = Ref(repository.refs.follow(HEADREF)[0][-1])
        moved = (
            repository.refs.set_if_equals(branch, head, commit.id)
            if head
            else repository.refs.add_if_new(branch, commit.id)
        )
        if not moved:
            raise RuntimeError("the branch moved meanwhile")
        if repository.has_index():
            repository.get_worktree().stage([path for path, _, _ in changes])

    def _blob(self, file: str) -> Blob | None:
        try:
            return Blob.from_string((self._content / file).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None


def _tree(repository: Repo, commit: object) -> ObjectID:
    assert isinstance(commit, Commit)
    return ObjectID(commit.tree)


def _tree_before(repository: Repo, commit: Commit) -> ObjectID | None:
    return _tree(repository, repository[commit.parents[0]]) if commit.parents else None


def _blob_id(repository: Repo, tree: ObjectID | None, file: str) -> ObjectID | None:
    try:
        entry = tree_lookup_path(repository.object_store.__getitem__, tree, file.encode()) if tree else None
        return ObjectID(entry[1]) if entry else None
    except (KeyError, NotADirectoryError):
        return None


def discarding(file: str) -> str:
    """Return the message of a commit that discards `file`: its trailer says so to `History.discarded`."""
    return f"Discard {file}\n\n{_DISCARDED}{file}\n"


def _discarded(commit: Commit) -> str | None:
    """Return the file that a commit discarded, if it did."""
    message: str = commit.message.decode("utf-8", "replace")
    first, *others = message.strip().split("\n")
    trailer = next((line for line in others if line.startswith(_DISCARDED)), None)
    if trailer:
        return trailer.removeprefix(_DISCARDED)
    is_older = first.startswith(_DISCARDED_BEFORE_TRAILERS) and not others
    return first.removeprefix(_DISCARDED_BEFORE_TRAILERS).strip() if is_older else None


def _revision(commit: Commit, file: str) -> Revision:
    author = commit.author.decode("utf-8", "replace").rpartition(" <")[0]
    at = datetime.fromtimestamp(commit.author_time, UTC)
    return Revision(commit.id.decode("ascii"), author, at, commit.message.decode("utf-8", "replace").strip(), file)
