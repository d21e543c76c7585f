"""One search index on disk for all workers: it holds what is public, and a hit is of what this reader's edition shows."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidedoor.documents.loader import Loader
from sidedoor.public.search_index import SearchIndex
from tests.content import ContentFolder

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def found(index: SearchIndex, public: object, query: str) -> list[str]:
    """The addresses of what is found."""
    return [hit.path for hit in index.search(query, public).results]  # type: ignore[arg-type]


def everything_in(data: Path) -> str:
    """All that the file of the index says, deleted rows left out."""
    with closing(sqlite3.connect(data / "search.sqlite3")) as database:
        return repr([database.execute(f"SELECT * FROM {table}").fetchall() for table in ("entries", "used")])


def test_what_one_worker_indexed_all_find_and_only_in_the_version_that_they_show(
    content: ContentFolder, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    loader = Loader(content.path, data)
    content.document("news/rooms.md", "zqbefore rooms", title="Rooms", expires_at="2026-11-25 12:00Z")
    before = loader.load().public(NOON)
    one, other = SearchIndex(data), SearchIndex(data)
    one.follow(before)
    assert found(other, before, "zqbefore") == ["/news/rooms"]
    content.document("news/rooms.md", "zqafter rooms", title="Rooms", expires_at="2026-11-25 12:00Z")
    after = loader.load().public(NOON)
    one.follow(after)
    assert found(one, after, "zqafter") == ["/news/rooms"]
    assert other.search("rooms", after).results[0].snippet.count("zqafter") == 1
    # A worker whose edition is a little older neither sees the newer words nor finds them by a wrong spelling.
    other._followed = before
    assert found(other, before, "rooms") == []
    over = loader.load().public(NOON + timedelta(days=2))
    assert found(other, over, "zqaftr") == []
    assert "zqafter" not in everything_in(data)
    assert found(one, over, "money")[0] == "/help/money"


def test_where_the_disk_fails_the_search_makes_do_with_memory(
    content: ContentFolder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    public = Loader(content.path).load().public(NOON)
    assert found(SearchIndex(tmp_path / "data"), public, "monye") == ["/help/money"]
    assert not caplog.records
