"""A backup: whole or not at all, sealed, refused when damaged, and opened by age itself. tests/desk/test_restore.py restores a desk."""

import hashlib
import io
import os
import shlex
import sqlite3
import subprocess
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import pyrage
import pytest

from sidedoor import backup
from sidedoor.desk.audit.store import Audit
from sidedoor.desk.items.files import Shelf, digest_of
from sidedoor.desk.items.reviews import Reviews
from sidedoor.desk.items.steps import ItemSteps
from sidedoor.desk.items.workflow import Workflow
from sidedoor.desk.people.person import Person
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.loader import Loader
from sidedoor.public.feedback_store import FeedbackStore
from tests.conftest import SetClock
from tests.content import ContentFolder
from tests.documents.test_loader import picture
from tests.faults.test_faults import wait_until
from tests.processes import SIDEDOOR, run

PASSWORD = "four words of nobody"


def sidedoor(*words: str | Path, fails: bool = False, environment: dict[str, str] | None = None) -> str:
    """Run a command; its output, or its error output where it has to fail."""
    done = run([SIDEDOOR, *words], environment or {})
    assert (done.returncode != 0) is fails, done.stderr
    return done.stderr if fails else done.stdout


@pytest.fixture
def key(tmp_path: Path) -> tuple[Path, str]:
    """A key file, and its recipient."""
    return tmp_path / "key.txt", backup.new_key(tmp_path / "key.txt")


def everything(folder: Path) -> dict[str, str]:
    """Every file of a folder with the digest of its bytes; a database with its whole contents."""
    contents = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and path.suffix == ".sqlite3":
            with closing(sqlite3.connect(path)) as database:
                version = database.execute("PRAGMA user_version").fetchone()
                contents[name] = f"{version} {chr(10).join(database.iterdump())}"
        elif path.is_symlink():
            contents[name] = str(path.readlink())
        elif path.is_file():
            contents[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            contents[f"{name}/"] = ""
    return contents


def test_a_backup_holds_what_the_desk_saves_meanwhile_whole_or_not_at_all(
    tmp_path: Path, key: tuple[Path, str]
) -> None:
    """A writer saves without a pause; at whatever moment the archive is made, each version in it has its writer."""
    folder = ContentFolder(tmp_path / "content")
    folder.write_basics()
    data, clock, ann = tmp_path / "data", SetClock(), Person(1, "Ann Lee", frozenset({"press"}))
    for number in range(600):  # so that a backup takes a while
        (folder.path / "zz").mkdir(exist_ok=True)
        (folder.path / f"zz/{number}.txt").write_bytes(os.urandom(4000))
    live, shelf, audit = LiveLibrary(Loader(folder.path)), Shelf(folder.path, data), Audit(data, clock)
    steps = ItemSteps(Workflow(shelf, Reviews(data), audit, live, clock), audit, live, clock)
    item = steps.start(ann, "news", "Ten rooms")
    stop, saved = threading.Event(), 0

    def type_and_save() -> None:
        nonlocal item, saved
        while not stop.is_set():
            item = steps.save(
                ann, item, {"title": "Ten rooms", "summary": "s", "body": f"Round {saved}."}, item.working.digest, False
            )
            saved += 1

    typist = threading.Thread(target=type_and_save)
    typist.start()
    try:
        for number in range(4):
            before = saved
            wait_until(lambda before=before: saved > before, 20)  # type: ignore[misc]
            backup.back_up(folder.path, data, tmp_path / f"{number}.age", backup.ForRecipients([key[1]]))
    finally:
        stop.set()
        typist.join()
    for number in range(4):
        new = tmp_path / f"new {number}"
        backup.restore(tmp_path / f"{number}.age", new, backup.WithKey(key[0]))
        text = (new / "content/news/ten-rooms.md").read_text("utf-8")
        assert Reviews(new / "data").knows("news/ten-rooms.md", digest_of(text))
        assert Audit(new / "data", clock).first_broken() is None
        history = Shelf(new / "content", new / "data").history
        newest = history.revisions("news/ten-rooms.md")[0]
        assert history.text_at(newest.id, newest.file) == text, "the history is from the same moment"


def test_age_itself_opens_a_backup_and_the_restore_command_says_how_to_go_on(
    content: ContentFolder, tmp_path: Path
) -> None:
    data, folder = tmp_path / "data", tmp_path / "backups"
    folder.mkdir()
    environment = {"SIDEDOOR_CONTENT": str(content.path), "SIDEDOOR_DATA": str(data)}
    sidedoor("staff", "add", "Ann Lee", "--role", "admin", environment=environment)
    recipient = sidedoor("backup-key", tmp_path / "key.txt").strip()
    assert (tmp_path / "key.txt").stat().st_mode & 0o077 == 0
    assert "is there already" in sidedoor("backup-key", tmp_path / "key.txt", fails=True)
    for second in (1, 2, 3):
        (folder / f"sidedoor-2026-11-0{second}T000000Z.age").write_bytes(b"old")
    (folder / "mine.age").write_bytes(b"kept by hand")
    output = sidedoor("backup", folder, "--keep", "2", environment={"SIDEDOOR_BACKUP_TO": recipient, **environment})
    assert "read again and found whole" in output
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 3 and names[:2] == ["mine.age", "sidedoor-2026-11-03T000000Z.age"]
    keys = [line for line in (tmp_path / "key.txt").read_text().splitlines() if not line.startswith("#")]
    plain = pyrage.decrypt((folder / names[2]).read_bytes(), [pyrage.x25519.Identity.from_str(keys[0])])
    (tmp_path / "plain.tar.gz").write_bytes(plain)
    with tarfile.open(tmp_path / "plain.tar.gz") as tar:
        assert {"content/site.toml", "data/staff.sqlite3", "data/audit.key"} <= set(tar.getnames())
    output = sidedoor("restore", folder / names[2], tmp_path / "new", "--key", tmp_path / "key.txt")
    assert f"SIDEDOOR_CONTENT={tmp_path}/new/content SIDEDOOR_DATA={tmp_path}/new/data sidedoor run" in output


def test_a_passphrase_opens_a_backup_and_a_wrong_passphrase_writes_nothing(
    content: ContentFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup.back_up(content.path, tmp_path / "data", tmp_path / "one.age", backup.WithPassphrase(PASSWORD))
    with pytest.raises(backup.CannotBackUp, match="does not open: it was made with another key"):
        backup.restore(tmp_path / "one.age", tmp_path / "new", backup.WithPassphrase("another set of words"))
    assert not (tmp_path / "new").exists()
    backup.restore(tmp_path / "one.age", tmp_path / "new", backup.WithPassphrase(PASSWORD))
    assert everything(tmp_path / "new/content") == everything(content.path)
    with pytest.raises(backup.CannotBackUp, match="12 letters or more"):
        backup.WithPassphrase("short")
    monkeypatch.setattr(backup, "_MOST_WITH_A_PASSPHRASE", 1000)
    with pytest.raises(backup.CannotBackUp, match="too much for a passphrase"):
        backup.back_up(content.path, tmp_path / "data", tmp_path / "two.age", backup.WithPassphrase(PASSWORD))
    assert not (tmp_path / "two.age").exists()


@pytest.mark.parametrize("harm", ["cut short", "one byte", "another key", "no archive"])
def test_a_damaged_backup_is_refused_and_writes_nothing(
    content: ContentFolder, tmp_path: Path, key: tuple[Path, str], harm: str
) -> None:
    content.write("images/rooms.png", picture())
    file = backup.back_up(content.path, tmp_path / "data", tmp_path / "one.age", backup.ForRecipients([key[1]])).file
    raw, opens = file.read_bytes(), key[0]
    if harm == "cut short":
        file.write_bytes(raw[: len(raw) // 2])
    elif harm == "one byte":
        file.write_bytes(raw[:-100] + bytes([raw[-100] ^ 1]) + raw[-99:])
    elif harm == "another key":
        opens = tmp_path / "other.txt"
        backup.new_key(opens)
    else:
        file.write_bytes(pyrage.encrypt(b"a letter", [pyrage.x25519.Recipient.from_str(key[1])]))
    (tmp_path / "new").mkdir()
    with pytest.raises(backup.CannotBackUp):
        backup.restore(file, tmp_path / "new", backup.WithKey(opens))
    assert list((tmp_path / "new").iterdir()) == []


def test_a_backup_with_a_file_outside_of_its_folder_is_refused(tmp_path: Path, key: tuple[Path, str]) -> None:
    for name, link in (("content/../../evil", ""), ("/evil", ""), ("elsewhere/evil", ""), ("content/out/evil", "..")):
        with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
            header = tarfile.TarInfo("sidedoor-backup.json")
            header.size = len(b'{"format": 1}')
            tar.addfile(header, io.BytesIO(b'{"format": 1}'))
            if link:
                link_out = tarfile.TarInfo("content/out")
                link_out.type, link_out.linkname = tarfile.SYMTYPE, "../.."
                tar.addfile(link_out)
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
        file = tmp_path / "evil.age"
        file.write_bytes(
            pyrage.encrypt((tmp_path / "evil.tar.gz").read_bytes(), [pyrage.x25519.Recipient.from_str(key[1])])
        )
        with pytest.raises(backup.CannotBackUp, match="This backup holds a file"):
            backup.restore(file, tmp_path / "new", backup.WithKey(key[0]))
        assert not (tmp_path / "new").exists() and not (tmp_path / "evil").exists() and not Path("/evil").exists()


def test_a_missing_folder_is_not_backed_up_and_no_file_is_overwritten(
    content: ContentFolder, tmp_path: Path, key: tuple[Path, str]
) -> None:
    seal, data = backup.ForRecipients([key[1]]), tmp_path / "data"
    backup.back_up(content.path, data, tmp_path / "one.age", seal)
    with pytest.raises(backup.CannotBackUp, match="is there already"):
        backup.back_up(content.path, data, tmp_path / "one.age", seal)
    with pytest.raises(backup.CannotBackUp, match="is not empty"):
        backup.restore(tmp_path / "one.age", content.path, backup.WithKey(key[0]))
    content.path.rename(content.path.with_name("elsewhere"))
    with pytest.raises(backup.CannotBackUp, match="nothing was backed up"):
        backup.back_up(content.path, data, tmp_path / "two.age", seal)
    assert not (tmp_path / "two.age").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can mount")
def test_a_full_disk_leaves_no_partial_backup(content: ContentFolder, tmp_path: Path, key: tuple[Path, str]) -> None:
    small = tmp_path / "small"
    small.mkdir()
    content.write("images/noise.bin", b"")
    content.write("help/noise.txt", os.urandom(300_000))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", small], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        with pytest.raises(backup.CannotBackUp, match="No space left"):
            backup.back_up(content.path, tmp_path / "data", small / "one.age", backup.ForRecipients([key[1]]))
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser runs a command in another's name")
def test_a_backup_and_a_restore_by_the_superuser_leave_files_that_the_service_can_write(
    content: ContentFolder, tmp_path: Path, key: tuple[Path, str]
) -> None:
    data, new, somebody = tmp_path / "data", tmp_path / "new", 65534
    for folder in (data, new):
        folder.mkdir(mode=0o700)
    for path in (data, new, content.path, *content.path.rglob("*")):
        os.chown(path, somebody, somebody)
    backup.back_up(content.path, data, tmp_path / "one.age", backup.ForRecipients([key[1]]))
    backup.restore(tmp_path / "one.age", new, backup.WithKey(key[0]))
    paths = [path for folder in (data, new, content.path) for path in folder.rglob("*")]
    assert (data / "shelf.lock").exists()
    assert [str(path) for path in paths if path.stat().st_uid != somebody] == []


def test_readers_messages_in_a_folder_of_their_own_are_in_a_backup_without_being_named(
    content: ContentFolder, tmp_path: Path, key: tuple[Path, str]
) -> None:
    messages = tmp_path / "messages"
    FeedbackStore(messages).add("Thank you", SetClock()())
    settings = {
        "SIDEDOOR_CONTENT": str(content.path), "SIDEDOOR_DATA": str(tmp_path / "data"), "SIDEDOOR_MESSAGES": str(messages),
    }  # fmt: skip
    sidedoor("backup", tmp_path / "all.age", "--to", key[1], environment=settings)
    output = sidedoor("restore", tmp_path / "all.age", tmp_path / "a new one", "--key", key[0])
    (start,) = [line for line in output.splitlines() if line.endswith("sidedoor run")]
    restored = dict(word.split("=", 1) for word in shlex.split(start)[:-2])
    assert list(restored) == list(settings), "the command to start with has each folder"
    assert [message.text for message in FeedbackStore(Path(restored["SIDEDOOR_MESSAGES"])).all()] == ["Thank you"]
