"""A desk that is restored from a backup alone: every file, writer, flag, session end and redirect is there."""

from pathlib import Path

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor import backup
from sidedoor.chat.sqlite_store import SqliteStore
from sidedoor.desk import create_app
from sidedoor.public.feedback_store import FeedbackStore
from sidedoor.settings import Settings
from tests.conftest import SetClock
from tests.content import ContentFolder
from tests.desk.conftest import CAST, DeskClient, PublicSite, SignedIn
from tests.desk.forms import approve, fields_of, save, start
from tests.documents.test_loader import picture
from tests.test_backup import PASSWORD, everything


@pytest.fixture
def key(tmp_path: Path) -> tuple[Path, str]:
    """A key file, and its recipient."""
    return tmp_path / "key.txt", backup.new_key(tmp_path / "key.txt")


@pytest.fixture
def item_paths(
    desk: Flask, ann: FlaskClient, ben: FlaskClient, eve: FlaskClient, signed_in: SignedIn, content: ContentFolder,
    clock: SetClock,
) -> dict[str, str]:  # fmt: skip
    """Items in every state in which it matters who wrote what; their paths by a name."""
    eli, parts = signed_in("Eli Editor"), desk.extensions["desk"]
    content.write("images/rooms.png", picture())
    content.write(".gitignore", "*.bak\n")
    paths = {"one hand": start(ann, "One hand")}
    save(ann, paths["one hand"], "ready", body="Words of Ann.", publish_at="2026-12-24 09:00")
    paths["two hands"] = start(ann, "Two hands")
    save(ben, paths["two hands"], "ready", body="Words of Ben, too.")
    paths["change"] = start(ann, "A change")
    save(ann, paths["change"], "ready", body="First words.")
    approve(ben, paths["change"])
    save(ben, paths["change"], "ready", body="Ben changed it.")
    paths["alone"] = start(eve, "Alone")
    save(eve, paths["alone"], "ready", body="Eve could not wait.")
    approve(eve, paths["alone"], "override", reason="Nobody was there.")
    save(eli, paths["alone"], "ready", body="Eli corrected it.")
    paths["by hand"] = "/items/news/by-hand"
    content.document("news/by-hand.md", "Somebody's words.", title="By hand", state="ready")
    parts.live.refresh()
    approve(ann, paths["by hand"])  # the first of two approvals
    paths["moved"] = start(ann, "Moved")
    save(ann, paths["moved"], "ready", body="It has another name now.")
    approve(ben, paths["moved"])
    assert eve.post(f"{paths['moved']}/address", data={"slug": "moved-again"}).status_code == 303
    form = fields_of(ann.get(paths["one hand"]).get_data(as_text=True))
    ann.post(f"{paths['one hand']}/typing", data={**form, "body": "zqtyped and not saved"})
    return paths


def _digest(desk: Flask, file: str) -> str:
    stored = desk.extensions["desk"].shelf.read(file)
    return stored.digest if stored else ""


def four_eyes(desk: Flask) -> dict[tuple[str, str], str | None]:
    """For each item and each member of the cast: why they may not approve it, or None; and who published it alone."""
    parts, reasons = desk.extensions["desk"], dict[tuple[str, str], str | None]()
    for document in parts.live.refresh().documents:
        item = parts.items.find(document.kind, document.slug)
        for name in CAST:
            person = parts.staff.named(name)
            reasons[item.file, name] = parts.workflow.why_not(person, item)
            if alone := parts.workflow.published_alone(item):
                barred = person.id in parts.reviews.writers(item.file, "alone")
                reasons[f"{item.file} afterwards", name] = f"{alone.alone} {barred}"
    return reasons


def test_a_restore_gives_back_every_file_writer_flag_session_end_and_redirect(
    desk: Flask, item_paths: dict[str, str], ann: FlaskClient, ben: FlaskClient, content: ContentFolder, tmp_path: Path,
    clock: SetClock, key: tuple[Path, str],
) -> None:  # fmt: skip
    parts, data = desk.extensions["desk"], tmp_path / "data"
    secret = pyotp.random_base32()
    kit = parts.staff.named("Kit Adviser")
    chosen = parts.staff.new_password(kit, PASSWORD, secret, pyotp.TOTP(secret).at(clock()), clock())
    parts.staff.set_password(kit.id, chosen, clock())
    FeedbackStore(data).add("Thank you for the page on money.", clock())
    parts.chats.start((), 9, clock())
    running, ended = (parts.sessions.start(parts.staff.named("Sue Supervisor"), "Firefox", clock()) for _ in range(2))
    parts.sessions.end(parts.staff.named("Sue Supervisor").id, parts.sessions.find(ended, clock()).name)
    link = parts.previews.make(
        "news/one-hand.md", _digest(desk, "news/one-hand.md"), "Ann Press", "Council", True, clock()
    )
    rows, before_content, before_data = four_eyes(desk), everything(content.path), everything(data)

    archive = backup.back_up(content.path, data, tmp_path / "one.age", backup.ForRecipients([key[1]]))
    raw = archive.file.read_bytes()
    assert secret.encode() not in raw and b"Ann Press" not in raw and raw.startswith(b"age-encryption.org/v1")
    assert archive.file.stat().st_mode & 0o077 == 0
    new = tmp_path / "new machine"
    backup.restore(archive.file, new, backup.WithKey(key[0]))

    assert everything(new / "content") == before_content
    chats = {name for name in before_data if name.startswith("chat")} | {"shelf.lock", "desk/reading.lock"}
    assert chats >= {"chat.sqlite3", "chat-1.key"}
    left = {
        name: held
        for name, held in before_data.items()
        if name not in chats and "-wal" not in name and "-shm" not in name
    }
    assert {name: held for name, held in everything(new / "data").items() if name != "chat.sqlite3"} == left
    chats_now = SqliteStore(new / "data")
    assert chats_now.counts() == parts.chats.counts() != []
    assert chats_now.live(clock()) == [], "of chats, only their counts"
    assert not [path for path in new.rglob("*") if path.stat().st_mode & 0o077]

    restored_desk = create_app(Settings(content=new / "content", data=new / "data"), clock)
    restored_desk.test_client_class = DeskClient
    restored = restored_desk.extensions["desk"]
    try:
        assert four_eyes(restored_desk) == rows
        # The same checks spelt out, so that an empty table does not pass.
        allowed = {
            (file, name): reason is None for (file, name), reason in rows.items() if not file.endswith("afterwards")
        }
        assert not allowed["news/one-hand.md", "Ann Press"] and allowed["news/one-hand.md", "Ben Press"]
        assert not allowed["news/two-hands.md", "Ann Press"] and not allowed["news/two-hands.md", "Ben Press"]
        assert not allowed["news/a-change.md", "Ben Press"] and allowed["news/a-change.md", "Ann Press"]
        assert not allowed["news/by-hand.md", "Ann Press"], "she was the first of two"
        assert not allowed["news/alone.md", "Eli Editor"] and allowed["news/alone.md", "Eve Editor"]
        assert restored.reviews.alone("news/alone.md").name == "Eve Editor"
        for name, status in (("Ann Press", 422), ("Ben Press", 303)):
            client = restored_desk.test_client()
            with client.session_transaction() as session:
                session["token"] = restored.sessions.start(restored.staff.named(name), "Firefox", clock())
            client.get("/nothing-here")
            assert approve(client, item_paths["one hand"]).status_code == status
        assert restored.sessions.find(running, clock()) and not restored.sessions.find(ended, clock())
        assert restored.audit.first_broken() is None
        assert restored.audit.everything()[: len(parts.audit.everything())] == parts.audit.everything()
        assert restored.previews.find(link, clock()) is None, "it was approved, so the link is void"
        assert [message.text for message in FeedbackStore(new / "data").all()] == ["Thank you for the page on money."]
        history = restored.shelf.history.revisions("news/two-hands.md")
        assert {revision.author for revision in history} == {"Ann Press", "Ben Press"}
        code = pyotp.TOTP(secret).at(clock.now.timestamp() + 60)
        clock.forward(seconds=60)
        assert restored.staff.check_password(restored.staff.named("Kit Adviser"), PASSWORD, code, clock())
        assert restored.live.picture("rooms.png") == picture()
    finally:
        restored.live.close()
    site = PublicSite(new / "content", tmp_path / "public", clock)
    assert site.app.test_client().get("/news/moved").location.endswith("/news/moved-again")
    site.app.extensions["live"].close()


def test_a_backup_reports_a_damaged_database(
    desk: Flask, ann: FlaskClient, content: ContentFolder, tmp_path: Path, key: tuple[Path, str]
) -> None:
    start(ann, "Ten rooms")
    path = tmp_path / "data/reviews.sqlite3"
    raw = bytearray(path.read_bytes())
    raw[4096:4196] = bytes(100)
    path.write_bytes(raw)
    with pytest.raises(backup.CannotBackUp, match=r"reviews\.sqlite3 is damaged|malformed"):
        backup.back_up(content.path, tmp_path / "data", tmp_path / "one.age", backup.ForRecipients([key[1]]))
