"""The folder as it changes: a broken edit never takes a page down, also after a restart, and half a file is never shown."""

import shutil
import time
from pathlib import Path

from sidedoor.documents.codes import Code
from sidedoor.documents.library import Library
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.loader import Loader
from sidedoor.documents.renderer import Renderer
from tests.content import ContentFolder


def title_of(library: Library, slug: str) -> str | None:
    """The title of the document with this slug."""
    return next((document.title for document in library.documents if document.slug == slug), None)


def test_nothing_changed_is_the_very_same_library(content: ContentFolder) -> None:
    loader = Loader(content.path)
    assert loader.load() is loader.load()


def test_a_broken_edit_keeps_the_last_good_version_also_after_a_restart(content: ContentFolder, tmp_path: Path) -> None:
    loader = Loader(content.path, tmp_path / "data")
    loader.load()
    content.write("help/money.md", "broken")
    content.write("contacts.yaml", "broken")
    assert title_of(loader.load(), "money") == "Money and you"
    again = Loader(content.path, tmp_path / "data")
    library = again.load()
    assert title_of(library, "money") == "Money and you"
    assert "ndah" in library.contacts
    assert {problem.file for problem in library.problems} == {"help/money.md", "contacts.yaml"}


def test_a_deleted_file_is_gone_and_does_not_come_back(content: ContentFolder, tmp_path: Path) -> None:
    loader = Loader(content.path, tmp_path / "data")
    loader.load()
    (content.path / "help/money.md").unlink()
    assert title_of(loader.load(), "money") is None
    content.write("help/money.md", "broken")
    again = Loader(content.path, tmp_path / "data")
    assert title_of(again.load(), "money") is None


def test_while_the_folder_is_away_everything_stays(content: ContentFolder) -> None:
    loader = Loader(content.path)
    before = loader.load()
    content.path.rename(content.path.with_name("elsewhere"))
    away = loader.load()
    assert away.documents == before.documents
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


def test_a_second_start_opens_only_what_changed(content: ContentFolder, tmp_path: Path) -> None:
    loader = Loader(content.path, tmp_path / "data")
    first = loader.load()
    renderer = Renderer()
    again = Loader(content.path, tmp_path / "data", renderer)
    second = again.load()
    assert renderer._child is None
    assert [vars(document) for document in first.documents] == [vars(document) for document in second.documents]
    assert second.site == first.site
    assert second.contacts == first.contacts


def test_a_data_folder_that_cannot_be_written_costs_nothing_but_the_copies(
    content: ContentFolder, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    loader = Loader(content.path, tmp_path / "data")
    assert title_of(loader.load(), "money") == "Money and you"


def test_a_broken_data_file_costs_nothing_but_the_copies(content: ContentFolder, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/kept.sqlite3").write_bytes(b"not a database" * 100)
    loader = Loader(content.path, tmp_path / "data")
    assert title_of(loader.load(), "money") == "Money and you"


def test_the_watched_folder_is_live_within_a_second_also_when_another_takes_its_place(content: ContentFolder) -> None:
    live = LiveLibrary(Loader(content.path))
    live.watch()

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


def test_other_zones_and_groups_in_site_toml_are_used_at_once(content: ContentFolder) -> None:
    loader = Loader(content.path)
    before = loader.load()
    content.write("site.toml", f'timezone = "America/New_York"\n{(content.path / "site.toml").read_text()}')
    after = loader.load()
    first, second = (next(d for d in library.documents if d.slug == "first") for library in (before, after))
    assert first.published_at
    assert second.published_at
    assert (second.published_at - first.published_at).total_seconds() == 5 * 3600
