"""All workers share a search index on disk. It holds what is public, and hits match the edition that the reader sees."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidedoor.documents.loader import Loader
from sidedoor.public.search_index import SearchIndex
from tests.content import ContentFolder

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def hits(index: SearchIndex, public: object, query: str) -> list[str]:
    """The addresses of the hits."""
    return [hit.path for hit in index.search(query, public).results]  # type: ignore[arg-type]


def everything_in(data: Path) -> str:
    """Everything in the index file, without deleted rows."""
    with closing(sqlite3.connect(data / "search.sqlite3")) as database:
        return repr([database.execute(f"SELECT * FROM {table}").fetchall() for table in ("entries", "used")])


def test_all_workers_find_what_one_indexed_but_only_in_the_version_that_they_show(
    content: ContentFolder, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    loader = Loader(content.path, data)
    content.document("news/rooms.md", "zqbefore rooms", title="Rooms", expires_at="2026-11-25 12:00Z")
    before = loader.load().public(NOON)
    first, second = SearchIndex(data), SearchIndex(data)
    first.follow(before)
    assert hits(second, before, "zqbefore") == ["/news/rooms"]
    content.document("news/rooms.md", "zqafter rooms", title="Rooms", expires_at="2026-11-25 12:00Z")
    after = loader.load().public(NOON)
    first.follow(after)
    assert hits(first, after, "zqafter") == ["/news/rooms"]
    assert second.search("rooms", after).results[0].snippet.count("zqafter") == 1
    # A worker with a slightly older edition neither shows the newer words nor finds them by a wrong spelling.
    second._followed = before
    assert hits(second, before, "rooms") == []
    over = loader.load().public(NOON + timedelta(days=2))
    assert hits(second, over, "zqaftr") == []
    assert "zqafter" not in everything_in(data)
    assert hits(first, over, "money")[0] == "/help/money"


def test_the_search_works_in_memory_when_the_disk_fails(
    content: ContentFolder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    public = Loader(content.path).load().public(NOON)
    assert hits(SearchIndex(tmp_path / "data"), public, "monye") == ["/help/money"]
    assert not caplog.records
