"""The shelf and its history under load and damage: whole files, one after the other, with their authors, or a clear error."""

import contextlib
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from dulwich.repo import Repo
from hypothesis import given
from hypothesis import strategies as st

from sidedoor.desk.items.compare import compare
from sidedoor.desk.items.composing import compose
from sidedoor.desk.items.files import CannotSave, Conflict, Shelf, change_file
from sidedoor.desk.items.history import Author, discarding
from sidedoor.desk.refusal_words import sentence
from sidedoor.desk.refusals import HalfDone, Refusal
from sidedoor.documents.front_matter import read_document
from sidedoor.documents.loader import Loader
from sidedoor.documents.reading import CONTROLS
from sidedoor.private import secret_file
from tests.conftest import PROJECT
from tests.content import ContentFolder
from tests.processes import PROCESSES

ANN, BEN = Author("Ann Lee"), Author("Ben <evil@example.org>\nOkoro")


@pytest.fixture
def shelf(content: ContentFolder, tmp_path: Path) -> Shelf:
    return Shelf(content.path, tmp_path / "data")


_WORDS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40).filter(lambda text: not CONTROLS.search(text)),
    st.sampled_from(["no", "12:30", "---", "a: b", "- x", " x", "x ", "#x", "'", '"', "|", ">", "{a}", "*x", "&x", "!x",
                     "%x", "@x", "`x", "a\n---\nb", "a\n  b\n", "\n", "\n\na", "~", "null", "? x", "...", "a\n...\nb"]),
)  # fmt: skip
_VALUES = st.one_of(
    _WORDS,
    st.lists(_WORDS, max_size=3),
    st.lists(st.dictionaries(st.sampled_from(["at", "note"]), _WORDS, min_size=1), max_size=2),
)
_FRONT = st.dictionaries(st.sampled_from(["title", "summary", "notes_to_editors", "sources", "updates"]), _VALUES)


@given(front=_FRONT, body=_WORDS, other=_FRONT)
def test_every_composed_document_reads_back_unchanged(
    front: dict[str, object], body: str, other: dict[str, object]
) -> None:
    for before in (None, compose(other, "old")):
        written = read_document(compose(front, body, before), "file")
        assert (written.values, written.body) == (front, body)


def test_unchanged_fields_keep_their_lines() -> None:
    for path in [*(PROJECT / "examples/hampshire").glob("*/*.md")]:
        text = path.read_text("utf-8")
        written = read_document(text, path.name)
        assert compose(written.values, written.body, text) == text, path.name
    text = "---\n# mine\ntitle:   Old\nsummary: 'Kept'   # as it is\n---\nWords\n"
    assert compose({"title": "New", "summary": "Kept"}, "Words\n", text) == (
        "---\n# mine\ntitle: New\nsummary: 'Kept'   # as it is\n---\nWords\n".replace("# mine\n", "")
    )


def test_a_save_names_the_version_that_it_was_made_from(shelf: Shelf, content: ContentFolder) -> None:
    first = shelf.write("news/a.md", "one\n", None, ANN, "Start")
    content.write("news/a.md", "by hand\n")
    with pytest.raises(Conflict) as conflict:
        shelf.write("news/a.md", "two\n", first.digest, ANN, "Save")
    assert conflict.value.text == "by hand\n"
    assert (content.path / "news/a.md").read_text("utf-8") == "by hand\n"
    assert conflict.value.digest
    shelf.write("news/a.md", "two\n", conflict.value.digest, BEN, "Save")
    revisions = shelf.history.revisions("news/a.md")
    assert [(revision.author, revision.message) for revision in revisions] == [
        ("Ben evil@example.orgOkoro", "Save"), ("edited outside the desk", "Edited outside the desk"), ("Ann Lee", "Start"),
    ]  # fmt: skip
    assert [shelf.history.text_at(revision.id, revision.file) for revision in revisions] == [
        "two\n",
        "by hand\n",
        "one\n",
    ]


def test_the_history_uses_the_folders_own_repository_if_it_has_one(content: ContentFolder, tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", content.path, *arguments], capture_output=True, text=True, check=True
        ).stdout

    git("init", "-q")
    git("add", "site.toml")
    shelf = Shelf(content.path, tmp_path / "data")
    shelf.write("news/a.md", "one\n", None, ANN, "Start")
    assert git("log", "--format=%an: %s", "--name-only").split("\n")[:3] == ["Ann Lee: Start", "", "news/a.md"]
    assert "A  site.toml" in git("status", "--short"), "files that somebody else staged stay staged"
    assert "news/a.md" not in git("status", "--short")


def test_what_was_discarded_is_known_by_a_trailer_and_in_older_histories_by_the_message(shelf: Shelf) -> None:
    def throw_away(file: str, message: str) -> None:
        shelf.change({file: (None, shelf.write(file, "words\n", None, ANN, "Start").digest)}, ANN, message)

    throw_away("news/older.md", "Discard news/older.md")
    throw_away("news/newer.md", discarding("news/newer.md").replace("Discard news", "Throw away news"))
    throw_away("news/by-hand.md", "Remove news/by-hand.md")
    discarded = shelf.history.discarded()
    assert [revision.file for revision in discarded] == ["news/newer.md", "news/older.md"]
    assert [shelf.history.text_at(revision.id, revision.file) for revision in discarded] == ["words\n", "words\n"]


def test_a_broken_history_stops_no_save_and_catches_up_later(
    shelf: Shelf, tmp_path: Path, content: ContentFolder
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/history.git").write_text("not a repository")
    stored = shelf.write("news/a.md", "one\n", None, ANN, "Start")
    assert shelf.history.trouble
    assert shelf.history.text_with(stored.digest, "news/a.md") is None
    (tmp_path / "data/history.git").unlink()
    shelf.write("news/a.md", "two\n", stored.digest, ANN, "Save")
    assert not shelf.history.trouble
    assert [revision.message for revision in shelf.history.revisions("news/a.md")] == [
        "Save",
        "Edited outside the desk",
    ]
    assert shelf.history.text_with(stored.digest, "news/a.md") == "one\n"


def test_a_lock_that_a_dead_process_left_in_git_stops_nothing(shelf: Shelf, tmp_path: Path) -> None:
    stored = shelf.write("news/a.md", "one\n", None, ANN, "Start")
    lock = tmp_path / "data/history.git/refs/heads/main.lock"
    lock.write_bytes(b"")
    os.utime(lock, (time.time() - 3600, time.time() - 3600))
    stored = shelf.write("news/a.md", "two\n", stored.digest, ANN, "Save")
    assert not shelf.history.trouble
    assert len(shelf.history.revisions("news/a.md")) == 2


def test_the_public_site_ignores_waiting_changes(shelf: Shelf, content: ContentFolder) -> None:
    text = (content.path / "news/first.md").read_text("utf-8").replace("The first news.", "zqwaiting")
    shelf.write(change_file("news/first.md"), text, None, ANN, "Change")
    shelf.write(change_file("contacts.yaml"), "contacts: []\n", None, ANN, "Change")
    loader = Loader(content.path)
    library = loader.load()
    assert not library.problems
    assert not [document for document in library.documents if "zqwaiting" in document.html]
    assert library.contacts


@pytest.mark.parametrize(
    "file",
    ["../x.md", "news/../x.md", "/etc/passwd", "news/x", "other.toml", "news/a/b.md", "changes/../x.md", "changes/changes/news/a.md",
     "images/x.svg", "images/../a.png", "news/.md", "news/A.md", "", "news/a.md\0", ".git/config", "templates/a.md"],
)  # fmt: skip
def test_a_file_name_that_is_not_ours_is_refused(shelf: Shelf, file: str) -> None:
    with pytest.raises(CannotSave) as refused:
        shelf.write(file, "x", None, ANN, "x")
    assert refused.value.why is Refusal.NOT_OUR_NAME


def test_a_change_of_which_only_the_first_file_was_written_is_reported_as_half_done(
    shelf: Shelf, content: ContentFolder
) -> None:
    shutil.rmtree(content.path / "pages", ignore_errors=True)
    (content.path / "pages").write_text("a file where a folder is expected")
    with pytest.raises(HalfDone) as half:
        shelf.change({"news/a.md": ("one\n", None), "pages/b.md": ("two\n", None)}, ANN, "Both")
    assert shelf.read("news/a.md")
    assert sentence(half.value).startswith(
        "Only part of it is done: pages/b.md could not be written (Not a directory)."
    )
    with pytest.raises(CannotSave):
        shelf.change({"pages/b.md": ("two\n", None), "news/c.md": ("one\n", None)}, ANN, "Both")
    assert not shelf.read("news/c.md"), "if the first file fails, nothing is done"


def _save_often(content: Path, data: Path, name: str, rounds: int) -> None:
    shelf, saved = Shelf(content, data), 0
    while saved < rounds:
        stored = shelf.read("news/shared.md")
        assert stored
        with contextlib.suppress(Conflict):
            shelf.write("news/shared.md", stored.text + f"{name} {saved}\n", stored.digest, Author(name), "Save")
            saved += 1


def test_simultaneous_saves_from_several_processes_lose_nothing(
    shelf: Shelf, content: ContentFolder, tmp_path: Path
) -> None:
    shelf.write("news/shared.md", "", None, ANN, "Start")
    names = ["Ann", "Ben", "Cat"]
    arguments = [(content.path, tmp_path / "data", name, 15) for name in names]
    workers = [PROCESSES.Process(target=_save_often, args=process_arguments) for process_arguments in arguments]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    lines = (content.path / "news/shared.md").read_text("utf-8").splitlines()
    assert sorted(lines) == sorted(f"{name} {number}" for name in names for number in range(15))
    assert len(shelf.history.revisions("news/shared.md")) == 46


def _save_without_end(content: Path, data: Path, numbers: Connection) -> None:
    shelf, number = Shelf(content, data), 0
    while True:
        stored = shelf.read("news/shared.md")
        number += 1
        text = f"{number} " + "words " * 20000 + f"end {number}\n"
        shelf.write("news/shared.md", text, stored.digest if stored else None, Author("Ann"), "Save")
        numbers.send(number)


def _numbers_left_in(numbers: Connection) -> Iterator[int]:
    """The numbers that a dead process sent before it died."""
    with contextlib.suppress(EOFError):
        while True:
            yield numbers.recv()


def test_a_killed_save_leaves_the_old_or_the_new_file_and_the_next_save_works(
    shelf: Shelf, content: ContentFolder, tmp_path: Path
) -> None:
    chance = random.Random(7)
    for _ in range(8):
        receiver, sender = PROCESSES.Pipe(duplex=False)
        worker = PROCESSES.Process(target=_save_without_end, args=(content.path, tmp_path / "data", sender))
        worker.start()
        sender.close()
        receiver.recv()
        time.sleep(chance.random() / 5)
        worker.kill()
        acknowledged = list(_numbers_left_in(receiver))
        receiver.close()
        worker.join()
        text = (content.path / "news/shared.md").read_text("utf-8")
        first, last = text.split(" ", 1)[0], text.rsplit(" ", 1)[1]
        assert last == f"{first}\n", "the file is whole"
        assert not acknowledged or int(first) >= acknowledged[-1], "a save that was reported is on disk"
    stored = shelf.read("news/shared.md")
    assert stored
    shelf.write("news/shared.md", "after all that\n", stored.digest, ANN, "After")
    assert not shelf.history.trouble
    newest = shelf.history.revisions("news/shared.md")[0]
    assert (newest.author, shelf.history.text_at(newest.id, newest.file)) == ("Ann Lee", "after all that\n")
    with Repo(str(tmp_path / "data/history.git")) as repository:
        assert sum(1 for _ in repository.get_walker()) > 8


def test_a_full_disk_and_a_read_only_folder_are_reported_in_a_sentence(content: ContentFolder, tmp_path: Path) -> None:
    Shelf(content.path, tmp_path / "data").write("news/a.md", "one\n", None, ANN, "Start")
    script = (
        "import sys; from pathlib import Path; from sidedoor.desk.items.files import *; from sidedoor.desk.refusal_words import sentence;"
        "shelf = Shelf(Path(sys.argv[1]), Path(sys.argv[2])); stored = shelf.read('news/a.md')\n"
        "try: shelf.write('news/a.md', 'two\\n' * 5000, stored.digest, Author('Ann'), 'Save')\n"
        "except CannotSave as problem: print(sentence(problem))"
    )
    full = ["prlimit", "--fsize=100", "--", sys.executable, "-c", script, str(content.path), str(tmp_path / "data")]
    output = subprocess.run(full, capture_output=True, text=True, check=True).stdout
    assert output.startswith("It could not be saved (File too large). What you typed is still here")
    assert (content.path / "news/a.md").read_text("utf-8") == "one\n"
    assert not [path for path in (content.path / "news").iterdir() if path.name.startswith(".a.md")]
    # Root may write anywhere, so another user tries.
    nobody = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as readable:
        folder = Path(readable)
        folder.chmod(0o755)
        shutil.copytree(content.path, folder / "content")
        (folder / "data").mkdir(mode=0o777)
        (folder / "data").chmod(0o777)
        for path in (folder / "content").rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (folder / "content").chmod(0o755)
        (folder / "content/news").chmod(0o555)
        if subprocess.run(
            [*nobody, sys.executable, "-c", "import sidedoor"], capture_output=True, check=False
        ).returncode:
            pytest.skip("nobody but root can run this Python, and root may write anywhere")
        command = [*nobody, sys.executable, "-c", script, str(folder / "content"), str(folder / "data")]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        (folder / "content/news").chmod(0o755)
    assert output.startswith("It could not be saved (Permission denied). What you typed is still here")


def test_a_file_that_is_not_utf8_is_never_overwritten(shelf: Shelf, content: ContentFolder) -> None:
    raw = "Caf\xe9 words.\n".encode("latin-1")
    content.write("news/latin.md", raw)
    stored = shelf.read("news/latin.md")
    assert stored
    assert not stored.readable
    ways: list[str | bytes | None] = ["Coffee words.\n", b"Coffee words.\n", None]
    for text in ways:
        with pytest.raises(CannotSave) as refused:
            shelf.change({"news/latin.md": (text, stored.digest)}, ANN, "Over it")
        assert sentence(refused.value).startswith("news/latin.md is not UTF-8 text")
    assert (content.path / "news/latin.md").read_bytes() == raw


def test_a_replacement_character_is_never_written(shelf: Shelf, content: ContentFolder) -> None:
    with pytest.raises(CannotSave) as refused:
        shelf.change({"news/a.md": ("Fine.\n", None), "news/b.md": ("Caf\ufffd\n", None)}, ANN, "Two")
    assert sentence(refused.value).startswith("A character of it cannot be read any more")
    assert not (content.path / "news/a.md").exists(), "neither file is written"
    assert not (content.path / "news/b.md").exists()


def test_a_comparison_reads_like_prose() -> None:
    parts = compare("One fine day.\n\nThe end.\n", "One cold day.\n\nThe end.\n")
    assert [(part.kind, part.text) for part in parts] == [
        ("same", "One "), ("removed", "fine"), ("added", "cold"), ("same", " day.\n"), ("same", "\nThe end.\n"),
    ]  # fmt: skip
    parts = compare("A whole paragraph that goes away.\n", "Something altogether different stands here!\n")
    assert [part.kind for part in parts] == ["removed", "added"]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (
            "\n\n".join(f"Line {n} is short." for n in range(2500)),
            "\n\n".join(f"Line {n} was short." for n in range(2500)),
        ),
        (
            "\n".join(random.Random(1).choices(["a", "b", "c"], k=30_000)),
            "\n".join(random.Random(2).choices(["a", "b", "c"], k=30_000)),
        ),
        (
            " ".join(random.Random(1).choices(["a", "b", "c"], k=60_000)),
            " ".join(random.Random(2).choices(["a", "b", "c"], k=60_000)),
        ),
        ("\n" * 100_000, "x\n" * 66_000),
    ],
    ids=["every paragraph changed", "three lines over and over", "three words over and over", "empty lines"],
)
def test_a_comparison_is_bounded_in_time_and_memory(older: str, newer: str) -> None:
    began, peak = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    parts = compare(older, newer)
    seconds, kilobytes = time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    assert "".join(part.text for part in parts if part.kind != "added") == older
    assert "".join(part.text for part in parts if part.kind != "removed") == newer
    assert seconds < 8, "seconds of processor time, on a slow machine"
    assert kilobytes < 100_000, "kB"


def test_single_changed_words_are_found_in_a_long_text() -> None:
    lines = [f"Line {n} is short.\n\n" for n in range(2500)]
    older = "".join(lines)
    newer = "".join(line.replace("short", "long") if n in (3, 1200, 2400) else line for n, line in enumerate(lines))
    parts = compare(older, newer)
    assert [part.text for part in parts if part.kind != "same"] == ["short", "long"] * 3


def test_only_the_process_whose_turn_it_is_touches_the_history(
    shelf: Shelf, content: ContentFolder, tmp_path: Path
) -> None:
    stored = shelf.write("news/a.md", "one\n", None, ANN, "Start")
    lock = tmp_path / "data/history.git/refs/heads/main.lock"
    of_another_process = Shelf(content.path, tmp_path / "data")
    (revision,) = shelf.history.revisions("news/a.md")
    readers = [
        lambda: shelf.history.note_edits_by_hand(["news/a.md"]),
        lambda: shelf.history.revisions("news/a.md"),
        lambda: shelf.history.text_at(revision.id, "news/a.md"),
        lambda: shelf.history.text_with(stored.digest, "news/a.md"),
    ]
    for number, read_history in enumerate(readers):
        with of_another_process.turn():
            lock.write_bytes(b"")  # git's own lock, while the other process commits
            waiting = threading.Thread(target=read_history)
            waiting.start()
            waiting.join(0.5)
            assert waiting.is_alive(), (number, "it has to wait for its turn")
            assert lock.exists(), (number, "a lock in use is not removed")
            lock.unlink()
        waiting.join(10)
        assert not waiting.is_alive()


def test_programs_that_start_at_once_get_the_same_whole_secret(tmp_path: Path) -> None:
    for attempt in range(5):
        secret = tmp_path / f"{attempt}/desk.secret"
        with ThreadPoolExecutor(16) as pool:
            secrets = set(pool.map(lambda _, secret=secret: secret_file(secret, os.urandom(32)), range(64)))
        assert len(secrets) == 1
        assert len(secrets.pop()) == 32
        assert secret.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in secret.parent.iterdir()] == ["desk.secret"]
