"""What every test shares: a content folder to write in, a clock to set, the real application, and the house client."""

import gc
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import brotli
import hypothesis
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

from sidedoor.desk.people import staff
from sidedoor.documents.library import Library
from sidedoor.documents.live import LiveLibrary
from sidedoor.public import create_app
from sidedoor.settings import Settings
from sidedoor.web import edition
from tests.chromium import browser, chromium, headless_shell, playwright  # noqa: F401 - fixtures
from tests.content import ContentFolder
from tests.house import HouseClient
from tests.processes import AS_SMALL_AS_SENT, QUICKLY, compress_quickly


class CompiledTemplates(BytecodeCache):
    """Every application of a test run is made of the same templates: each is compiled once."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take it from memory, if it is there."""
        if known := self._compiled.get(bucket.key + bucket.checksum):
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it in memory."""
        self._compiled[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


MADE_OF_A_RULE = ("_parts", "_trace", "_converters", "arguments", "_build", "_build_unknown")


def compiled_once(compile_rule: Callable[[Rule], None]) -> Callable[[Rule], None]:
    """What werkzeug makes of each address, at last as Python's own byte code: the same for every application."""
    known: dict[object, dict[str, Any]] = {}

    def compiled(rule: Rule) -> None:
        assert rule.map
        asked = (rule.rule, rule.host, rule.subdomain, rule.merge_slashes, repr(rule.defaults), rule.map.host_matching)
        key = (*asked, *rule.map.converters.values())
        if key not in known:
            compile_rule(rule)
            known[key] = {name: getattr(rule, name) for name in MADE_OF_A_RULE}
        for name, what in known[key].items():
            setattr(rule, name, what.__func__.__get__(rule) if callable(what) else what.copy())

    return compiled


Rule.compile = compiled_once(Rule.compile)  # type: ignore[method-assign, assignment]
# Argon2 as the desk calls it, at the lowest cost it can have: every desk of a test hashes at its start and at each
# sign-in. What it costs in use is measured in tests/desk/people/test_signing_in.py.
staff.PasswordHasher = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)  # type: ignore[attr-defined, assignment]
os.environ[QUICKLY] = "yes"
compress_quickly(above=9)
Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}
hypothesis.settings.register_profile("quick", max_examples=50, deadline=None)
hypothesis.settings.register_profile("long", max_examples=1000, deadline=None)
LONG = bool(os.environ.get("SIDEDOOR_TEST_LONG"))
"""Whether there is time for every guess (`make test-long`), or for a share of each kind of them (`make test`)."""
hypothesis.settings.load_profile("long" if LONG else "quick")
PROJECT = Path(__file__).resolve().parents[1]
Refresh = Callable[[], Library]


SERVERS = {"browser", "deploy", "faults"}  # whose tests all start some


def pytest_collection_finish() -> None:
    """What is there now stays: to look through it again and again for what nobody uses takes a tenth of all time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts real servers or browsers, and keep in one process what shares something of its file."""
    for item in items:
        assert isinstance(item, pytest.Function)
        fixtures = [fixture for known in item._fixtureinfo.name2fixturedefs.values() for fixture in known]
        code = [getattr(function, "__code__", None) for function in (item.function, *(one.func for one in fixtures))]
        if SERVERS & set(item.path.parts) or any(found and "RunningSite" in found.co_names for found in code):
            item.add_marker(pytest.mark.server)
        if any(fixture.scope == "module" for fixture in fixtures):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        """Move on by a timedelta's arguments."""
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> SetClock:
    """Tuesday 24 November 2026, noon in London."""
    return SetClock()


@pytest.fixture
def content(tmp_path: Path) -> ContentFolder:
    """A small content folder: site.toml, two contacts, three help pages, one page, one news item."""
    folder = ContentFolder(tmp_path / "content")
    folder.write_basics()
    return folder


@pytest.fixture
def app(content: ContentFolder, tmp_path: Path, clock: SetClock) -> Iterator[Flask]:
    """The public application on that folder. It does not watch the folder: `refresh` on it does."""
    app = create_app(Settings(content=content.path, data=tmp_path / "data"), clock)
    app.test_client_class = HouseClient
    yield app
    app.extensions["live"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that applies the house rules to whatever it fetches."""
    return app.test_client()


@pytest.fixture
def refresh(app: Flask) -> Refresh:
    """Call it after an edit: the application looks at the folder now."""
    live: LiveLibrary = app.extensions["live"]
    return live.refresh


@pytest.fixture(scope="session")
def real_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application on the project's own content, by the real clock."""
    app = create_app(Settings(content=PROJECT / "examples/hampshire", data=tmp_path_factory.mktemp("data")))
    app.test_client_class = HouseClient
    yield app
    app.extensions["live"].close()


@pytest.fixture
def as_small_as_sent(real_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on answers of `real_app` weigh what readers get: compressing takes ten times as long then."""
    monkeypatch.setattr(brotli, "compress", AS_SMALL_AS_SENT)
    edition._compressed_page.cache_clear()
    edition._compressed_whatever_it_costs.cache_clear()
    real_app.extensions["edition"]().answers.clear()


@pytest.fixture
def real_client(real_app: Flask) -> FlaskClient:
    """A house client of the project's own content."""
    return real_app.test_client()
