"""The list of the desk's databases is complete, and the desk looks at each of them before it starts."""

import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest

from sidedoor.desk.databases import KEPT
from sidedoor.desk.server import check
from sidedoor.documents.problems import Refused
from sidedoor.public import feedback_store
from sidedoor.schema import Schema
from sidedoor.settings import Settings
from tests.conftest import PROJECT
from tests.content import ContentFolder

PACKAGE = PROJECT / "site"


def test_every_schema_of_the_desk_is_kept() -> None:
    files = [path for path in (PACKAGE / "sidedoor/desk").rglob("*.py") if "Schema(" in path.read_text("utf-8")]
    modules = [import_module(".".join(path.relative_to(PACKAGE).with_suffix("").parts)) for path in files]
    schemas = {value.name for module in modules for value in vars(module).values() if isinstance(value, Schema)}
    assert schemas | {feedback_store.SCHEMA.name} == {schema.name for schema in KEPT}


@pytest.mark.parametrize("schema", KEPT, ids=lambda schema: schema.name)
def test_the_desk_does_not_start_on_a_newer_file_of_any_store(
    schema: Schema, content: ContentFolder, tmp_path: Path
) -> None:
    """Readers' messages have a folder of their own here, as on a server with several sites."""
    settings = Settings(content=content.path, data=tmp_path / "data", messages=tmp_path / "messages")
    check(settings)
    folder = (settings.messages_home if schema is feedback_store.SCHEMA else settings.home).data
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / schema.file)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(Refused, match=schema.file):
        check(settings)
