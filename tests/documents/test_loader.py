"""A folder that changes: a broken edit never takes a page down, even after a restart, and half a file is never shown."""

import io
import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sidedoor.documents import live as watching
from sidedoor.documents import loader as loading
from sidedoor.documents import missing
from sidedoor.documents.codes import Code
from sidedoor.documents.document import Document
from sidedoor.documents.kept import reading_modules
from sidedoor.documents.lean import Words, WordsGone
from sidedoor.documents.library import Library
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.loader import Loader
from sidedoor.documents.problems import Refused
from sidedoor.documents.reading import from_text
from sidedoor.documents.renderer import Renderer
from sidedoor.web import health
from tests.content import ContentFolder


def title_of(library: Library, slug: str) -> str | None:
    """The title of the document with this slug."""
    return next((document.title for document in library.documents if document.slug == slug), None)


def picture() -> bytes:
    """A small picture."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "navy").save(file, "PNG")
    return file.getvalue()


def texts(library: Library) -> list[str]:
    """Everything that is stored about each document."""
    return [document.to_json() for document in library.documents]


def test_loading_without_a_change_returns_the_same_library_object(content: ContentFolder) -> None:
    loader = Loader(content.path)
    assert loader.load() is loader.load()


def test_a_broken_edit_keeps_the_last_good_version_even_after_a_restart(content: ContentFolder, tmp_path: Path) -> None:
    loader = Loader(content.path, tmp_path / "data")
    loader.load()
    content.write("help/money.md", "broken")
    content.write("contacts.yaml", "broken")
    assert title_of(loader.load(), "money") == "Money and you"
    restarted = Loader(content.path, tmp_path / "data")
    library = restarted.load()
    assert title_of(library, "money") == "Money and you"
    assert "ndah" in library.contacts
    assert {problem.file for problem in library.problems} == {"help/money.md", "contacts.yaml"}


def test_a_deleted_file_is_gone_and_does_not_come_back(content: ContentFolder, tmp_path: Path) -> None:
    loader = Loader(content.path, tmp_path / "data")
    loader.load()
    (content.path / "help/money.md").unlink()
    assert title_of(loader.load(), "money") is None
    content.write("help/money.md", "broken")
    restarted = Loader(content.path, tmp_path / "data")
    assert title_of(restarted.load(), "money") is None


def test_while_the_folder_is_missing_everything_stays(content: ContentFolder) -> None:
    loader = Loader(content.path)
    before = loader.load()
    content.path.rename(content.path.with_name("elsewhere"))
    away = loader.load()
    assert texts(away) == texts(before)
    assert away.problems[0].code is Code.FOLDER_AWAY
    content.path.with_name("elsewhere").rename(content.path)
    assert loader.load().problems == ()


def test_a_file_that_is_still_changing_is_not_read_yet(content: ContentFolder) -> None:
    loader = Loader(content.path)
    loader.load()
    content.document("help/money.md", title="Half", tab_title="x")
    assert title_of(loader.load(settled=True), "money") == "Money and you"
    content.document("help/money.md", "More.", title="Whole", tab_title="x")
    assert title_of(loader.load(settled=True), "money") == "Money and you"
    assert title_of(loader.load(settled=True), "money") == "Whole"


@pytest.mark.parametrize("way", ["another", "emptied", "started"])
def test_while_a_folder_is_being_replaced_nothing_in_it_counts_as_deleted(
    content: ContentFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    loader = Loader(content.path, tmp_path / "data")
    pages = {document.path for document in loader.load(seconds=60).documents}
    last = sorted(str(path.relative_to(content.path)) for path in content.path.glob("*/*.md"))[1:]
    whole = {file: (content.path / file).read_bytes() for file in last}
    if way == "another":
        content.path.rename(tmp_path / "before")
        shutil.copytree(tmp_path / "before", content.path)
        last = last[-1:]  # the copy stops for a moment before its last file
    for file in last:
        (content.path / file).unlink()
    if way == "started":
        loader = Loader(content.path, tmp_path / "data")
        assert {document.path for document in loader.load(seconds=60).documents} == pages
    for _ in range(3):
        now += 0.3
        assert {document.path for document in loader.load(settled=True, changed=loader.waiting).documents} == pages
    content.write(last[0], whole[last[0]])
    for _ in range(3):
        now += 0.8
        assert {document.path for document in loader.load(settled=True).documents} == pages
    if last[1:]:
        now += 2
        shown = {document.path for document in loader.load(settled=True).documents}
        assert shown < pages  # nothing came for two seconds, so they count as deleted
        assert not loader.waiting


def test_a_command_waits_for_a_folder_that_is_being_replaced(
    content: ContentFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = {document.path for document in Loader(content.path, tmp_path / "data").load().documents}
    away = tmp_path / "before"
    content.path.rename(away)
    content.path.mkdir()
    for name in ("site.toml", "contacts.yaml", "help/get-help-now.md"):
        content.write(name, (away / name).read_bytes())
    rest = threading.Timer(0.5, lambda: shutil.copytree(away, content.path, dirs_exist_ok=True))
    rest.start()
    assert {document.path for document in Loader(content.path, tmp_path / "data").load().documents} == pages
    rest.join()
    monkeypatch.setattr(missing, "STILL_SECONDS", 0.1)
    shutil.rmtree(content.path / "help")
    content.write("help/money.md", (away / "help/money.md").read_bytes())
    left = {document.path for document in Loader(content.path, tmp_path / "data").load().documents}
    assert left < pages
    assert {document.path for document in Loader(content.path, tmp_path / "data").load().documents} == left


def test_a_file_that_came_and_went_keeps_nothing_waiting(content: ContentFolder) -> None:
    loader = Loader(content.path)
    loader.load()
    content.document("help/new.md", title="New", tab_title="x")
    loader.load(settled=True, changed=["help/new.md"])
    assert loader.waiting
    (content.path / "help/new.md").unlink()
    loader.load(settled=True, changed=loader.waiting)
    assert not loader.waiting


def test_a_file_counts_as_deleted_when_it_is_missing_in_two_looks(content: ContentFolder) -> None:
    loader = Loader(content.path)
    loader.load()
    text = (content.path / "help/money.md").read_bytes()
    (content.path / "help/money.md").unlink()
    assert title_of(loader.load(settled=True, changed=["help/money.md"]), "money")
    content.write("help/money.md", text)
    assert title_of(loader.load(settled=True, changed=loader.waiting), "money")
    (content.path / "help/money.md").unlink()
    assert title_of(loader.load(settled=True, changed=["help/money.md"]), "money")
    assert title_of(loader.load(settled=True, changed=loader.waiting), "money") is None
    assert not loader.waiting


def test_a_second_start_reads_only_changed_files(content: ContentFolder, tmp_path: Path) -> None:
    loader = Loader(content.path, tmp_path / "data")
    first = loader.load()
    renderer = Renderer()
    restarted = Loader(content.path, tmp_path / "data", renderer)
    second = restarted.load()
    assert renderer._child is None
    assert texts(first) == texts(second)
    assert second.site == first.site
    assert second.contacts == first.contacts


def test_a_data_folder_that_cannot_be_written_costs_only_the_stored_copies(
    content: ContentFolder, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    loader = Loader(content.path, tmp_path / "data")
    assert title_of(loader.load(), "money") == "Money and you"


def test_a_broken_data_file_costs_only_the_stored_copies(content: ContentFolder, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/kept.sqlite3").write_bytes(b"not a database" * 100)
    loader = Loader(content.path, tmp_path / "data")
    assert title_of(loader.load(), "money") == "Money and you"


def test_changes_during_a_long_start_are_noticed(content: ContentFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_LONG_START_SECONDS", 0)
    live = LiveLibrary(Loader(content.path))
    content.document("help/money.md", title="Meanwhile", tab_title="x")
    watcher = threading.Thread(target=live.watch, daemon=True)
    watcher.start()
    try:
        give_up = time.monotonic() + 20
        while title_of(live.library, "money") != "Meanwhile":
            assert time.monotonic() < give_up
            time.sleep(0.01)
        assert watcher.is_alive(), "it watches in the thread that was given to it"
    finally:
        live.close()
    watcher.join(10)
    assert not watcher.is_alive()


def test_a_watcher_that_died_is_reported_and_no_watcher_is_not(
    content: ContentFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = LiveLibrary(Loader(content.path))
    live._seen -= 3600
    assert not list(health.content(live)()), "commands and tests watch nothing"

    def dies(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("watchfiles.watch", dies)
    with pytest.raises(RuntimeError):
        live.watch()
    live._seen -= 3600
    assert [problem.code for problem in health.content(live)()] == [Code.HEALTH_CONTENT_UNSEEN]
    live.close()


def test_what_a_quick_start_left_is_read_by_the_thread_that_catches_up(
    content: ContentFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_FIRST_SECONDS", 0)
    for number in range(600):
        content.document(f"news/left-{number}.md")
    live = LiveLibrary(Loader(content.path, tmp_path / "data"), soon=True)
    assert live.behind
    live.catch_up()
    assert not live.behind
    assert sum(document.slug.startswith("left-") for document in live.library.documents) == 600
    live.close()


@pytest.mark.alone
def test_changes_are_live_within_a_second_even_after_the_folder_was_replaced(content: ContentFolder) -> None:
    live = LiveLibrary(Loader(content.path))
    threading.Thread(target=live.watch, daemon=True).start()

    def until(title: str) -> float:
        began = time.monotonic()
        while title_of(live.library, "money") != title and time.monotonic() - began < 10:
            time.sleep(0.01)
        return time.monotonic() - began

    try:
        content.document("help/money.md", title="One", tab_title="x")
        assert until("One") < 1
        copy = content.path.with_name("copy")
        shutil.copytree(content.path, copy)
        shutil.move(content.path, content.path.with_name("old"))
        shutil.move(copy, content.path)
        content.document("help/money.md", title="Two", tab_title="x")
        assert until("Two") < 2
        content.document("help/money.md", title="Three", tab_title="x")
        assert until("Three") < 1
    finally:
        live.close()


def test_another_time_zone_in_site_toml_applies_at_once(content: ContentFolder) -> None:
    loader = Loader(content.path)
    before = loader.load()
    site = (content.path / "site.toml").read_text()
    assert "Europe/London" in site
    content.write("site.toml", site.replace("Europe/London", "America/New_York"))
    after = loader.load()
    first, second = (next(d for d in library.documents if d.slug == "first") for library in (before, after))
    assert first.published_at
    assert second.published_at
    assert (second.published_at - first.published_at).total_seconds() == 5 * 3600


def move_away(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def leave_the_mount_point(folder: Path) -> None:
    move_away(folder)
    folder.mkdir()


def leave_only_site_toml(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("elsewhere"))
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)


GONE: dict[str, Callable[[Path], None]] = {
    "not there": move_away,
    "empty": leave_the_mount_point,
    "holding only site.toml": leave_only_site_toml,
}


@pytest.mark.parametrize("gone", GONE)
def test_a_start_without_the_folder_shows_the_last_good_version_and_forgets_nothing(
    content: ContentFolder, tmp_path: Path, gone: str
) -> None:
    content.write("images/rooms.png", picture())
    content.document("help/money.md", "![Rooms](/images/rooms.png)", title="Money and you", tab_title="Money")
    data, folder = tmp_path / "data", content.path
    before = Loader(folder, data).load()
    GONE[gone](folder)
    for _ in range(2):  # a second start shows as much as the first
        loader = Loader(folder, data)
        away = loader.load()
        assert loader.load() is away
        assert texts(away) == texts(before)
        assert (away.site, away.contacts, away.pictures) == (before.site, before.contacts, before.pictures)
        assert [problem.code for problem in away.problems] == [Code.FOLDER_AWAY]
        assert str(folder) in str(away.problems[0])
    if gone != "holding only site.toml":
        assert loader.picture("rooms.png") == picture()
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_name("elsewhere").rename(folder)
    content.document("help/money.md", "Other words.", title="Money today", tab_title="Money")
    back = loader.load()
    assert back.problems == ()
    assert title_of(back, "money") == "Money today"
    assert len(back.documents) == len(before.documents)


@pytest.mark.parametrize("gone", ["empty", "holding only site.toml"])
def test_a_folder_that_is_emptied_later_keeps_showing_everything(content: ContentFolder, gone: str) -> None:
    loader = Loader(content.path)
    before = loader.load()
    GONE[gone](content.path)
    away = loader.load()
    assert texts(away) == texts(before)
    assert away.problems[0].code is Code.FOLDER_AWAY


def test_the_error_about_a_mistyped_folder_names_it(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        Loader(tmp_path / "contnet", tmp_path / "data").load()
    assert f"There is no site in {tmp_path / 'contnet'}" in str(refused.value)
    assert "SIDEDOOR_CONTENT" in str(refused.value)
    assert not (tmp_path / "contnet").exists()


def test_the_contents_of_an_unreadable_folder_do_not_count_as_deleted(content: ContentFolder, tmp_path: Path) -> None:
    data, somebody = tmp_path / "data", 65534
    before = Loader(content.path, data).load()
    for path in (tmp_path, data, *data.rglob("*"), content.path, *content.path.rglob("*")):
        os.chown(path, somebody, somebody)
    for above in tmp_path.parents:
        if above.stat().st_uid == os.getuid() and above.stat().st_mode & 0o077 == 0:
            above.chmod(0o711)
    os.seteuid(somebody)
    try:
        running = Loader(content.path, data)
        running.load()
        (content.path / "help").chmod(0)
        for loader in (running, Loader(content.path, data)):
            closed = loader.load()
            assert texts(closed) == texts(before)
            assert [str(problem) for problem in closed.problems] == [
                "help/: error: This folder cannot be looked into. What is in it stays as it was last good. Give the"
                " site the right to read it."
            ]
            assert loader.load() is closed
        (content.path / "help").chmod(0o700)
        assert running.load().problems == ()
        (content.path / "help/money.md").unlink()
        assert title_of(running.load(), "money") is None
    finally:
        os.seteuid(0)


def test_no_copy_of_a_deleted_picture_is_kept(content: ContentFolder, tmp_path: Path) -> None:
    content.write("images/rooms.png", picture())
    loader = Loader(content.path, tmp_path / "data")
    loader.load()
    assert (tmp_path / "data/pictures/rooms.png").stat().st_mode & 0o077 == 0
    (content.path / "images/rooms.png").unlink()
    loader.load()
    assert loader.picture("rooms.png") is None


def test_each_fact_about_a_file_is_logged_once_and_so_is_its_repair(
    content: ContentFolder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    live = LiveLibrary(Loader(content.path))
    content.write("help/money.md", "broken")
    live.refresh()
    live.refresh()
    content.document("help/money.md", title="Money and you", tab_title="Money")
    live.refresh()
    content.path.rename(content.path.with_name("elsewhere"))
    live.refresh()
    assert live.away
    content.path.with_name("elsewhere").rename(content.path)
    live.refresh()
    assert not live.away
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split(": ")[:2] for line in lines] == [
        ["help/money.md:1", "error"], ["help/money.md", "mended."], ["site.toml", "error"], ["the content folder", "mended."],
    ]  # fmt: skip


def test_stored_copies_expire_only_when_modules_used_for_reading_change() -> None:
    used = {path.stem for path in reading_modules()}
    assert used >= {"reading", "document", "lean", "front_matter", "models", "site", "times", "markdown", "blocks"}
    assert not used & {"library", "showing", "loader", "kept", "live", "checks", "ledger", "codes", "problem_words"}


def news(library: Library) -> list[str]:
    """The slugs of all news, including drafts."""
    return [document.slug for document in library.documents if document.kind == "news"]


def test_a_first_start_serves_everything_but_news_and_then_reads_the_news(
    content: ContentFolder, tmp_path: Path
) -> None:
    for number in range(250):
        content.document(f"news/item-{number}.md", f"zq {number}")
    first, second = (LiveLibrary(Loader(content.path, tmp_path / "data"), soon=True) for _ in range(2))
    loader = Loader(content.path)
    partial = loader.load(seconds=0)
    assert (title_of(partial, "money"), news(partial), loader.behind) == ("Money and you", [], 251)
    content.document("news/item-7.md", "zqnow", title="Changed")
    assert news(loader.load(changed=["news/item-7.md"])) == ["item-7"], "an edited file is read at once"
    while loader.behind:
        loader.read_on(0.1)
    assert title_of(loader.load(), "item-7") == "Changed"
    assert texts(loader.load()) == texts(Loader(content.path, tmp_path / "data").load())
    for live in (first, second):
        while live.behind:
            live.read_on(0.1)
        assert len(news(live.library)) == 251


def test_after_an_upgrade_stored_copies_are_shown_until_files_are_read_again(
    content: ContentFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content.document("news/later.md", title="Later", publish_at="2026-12-24 09:00")
    data = tmp_path / "data"
    Loader(content.path, data).load()
    content.document("news/first.md", title="Changed while it was down")
    monkeypatch.setattr(loading, "reader_version", lambda: "newer")
    upgraded = Loader(content.path, data)
    assert news(upgraded.load(seconds=0)) == ["later"], "a changed file must not be shown in its old version"
    assert upgraded.behind == 2
    site = (content.path / "site.toml").read_text()
    content.write("site.toml", site.replace("Europe/London", "America/New_York"))
    assert news(Loader(content.path, data).load(seconds=0)) == [], "in another time zone it may be due at another time"


# As the release of 28 November 2026 stored them, with `meta` as a JSON string of its own.
OLDER_HEADS: list[dict[str, Any]] = [
    {
        "kind": "news", "slug": "night", "file": "news/2005/night.md", "links": [], "pictures": ["a.png"], "contact_ids": [],
        "digest": "03c504635f15-e3b0c44298fc", "title": "Night", "plain": True,
        "schedule": ["published", "2005-01-01T09:00:00+00:00", None, None, False, []],
        "meta": {"title": "Night", "summary": "S.", "state": "published", "publish_at": "2005-01-01T09:00:00Z"},
    },
    {
        "kind": "help", "slug": "money", "file": "help/money.md", "links": ["/help/signs"], "pictures": [],
        "contact_ids": ["ndah"], "digest": "0d837aed9c08-bb6fa4c5cd51", "title": "Money", "plain": False,
        "schedule": ["published", None, None, None, False, ["2026-11-02T10:00:00+00:00"]],
        "meta": {"title": "Money", "summary": "S.", "state": "published", "group": "help", "tab_title": "M",
                 "updates": [{"at": "2026-11-02T10:00:00Z", "note": "N."}]},
    },
]  # fmt: skip


@pytest.mark.parametrize("before", OLDER_HEADS)
def test_documents_that_an_older_release_stored_can_be_read(before: dict[str, Any]) -> None:
    stored = json.dumps({**before, "meta": json.dumps(before["meta"])})
    document = from_text(before["file"], stored, ("digest", "reader"), lambda _: Words("<p>zq</p>", "", ("zq",)))
    assert isinstance(document, Document)
    fields = json.loads(document.to_json())
    assert all(
        fields[name] == before[name] for name in ("kind", "slug", "file", "links", "pictures", "contact_ids", "digest")
    )
    state, published, *_, notes = before["schedule"]
    assert (document.title, document.plain, document.schedule.state) == (before["title"], before["plain"], state)
    assert (document.published_at.isoformat() if document.published_at else None) == published
    assert [note.isoformat() for note in document.schedule.notes] == notes
    assert json.loads(document.meta.model_dump_json(exclude_defaults=True)) == before["meta"]


def test_a_version_never_shows_the_words_of_another_version(content: ContentFolder, tmp_path: Path) -> None:
    old_worker, new_worker = Loader(content.path, tmp_path / "data"), Loader(content.path, tmp_path / "data")
    content.document("help/money.md", "zqpublic", title="Money", tab_title="x")
    before = next(page for page in old_worker.load().documents if page.slug == "money")
    content.document("help/money.md", "zqdraft", title="Money", tab_title="x", state="draft")
    new_worker.load()
    assert "zqpublic" in before.html, "a worker that has only the old version shows all of it"
    old_worker._cached_words.cache_clear()
    (tmp_path / "data/kept.sqlite3").unlink()
    with pytest.raises(WordsGone):
        _ = before.html
    content.document("help/money.md", "zqpublic", title="Money", tab_title="x")
    assert "zqpublic" in before.html, "the words can come from the file as long as it is the same"
