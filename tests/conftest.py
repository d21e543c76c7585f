"""Fixtures that every test shares: a content folder, a clock to set, the real application, and the house client."""

import gc
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
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
from tests.server import RUNNING


class CompiledTemplates(BytecodeCache):
    """A cache in memory: all applications of a test run have the same templates, so each template is compiled once."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a template from memory, if it is there."""
        if known := self._compiled.get(bucket.key + bucket.checksum):
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template in memory."""
        self._compiled[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


COMPILED_ATTRIBUTES = ("_parts", "_trace", "_converters", "arguments", "_build", "_build_unknown")


def compiled_once(compile_rule: Callable[[Rule], None]) -> Callable[[Rule], None]:
    """Wrap werkzeug's `Rule.compile`, whose result is the same in every application: compile each rule once."""
    known: dict[object, dict[str, Any]] = {}

    def compiled(rule: Rule) -> None:
        assert rule.map
        inputs = (rule.rule, rule.host, rule.subdomain, rule.merge_slashes, repr(rule.defaults), rule.map.host_matching)
        key = (*inputs, *rule.map.converters.values())
        if key not in known:
            compile_rule(rule)
            known[key] = {name: getattr(rule, name) for name in COMPILED_ATTRIBUTES}
        for name, value in known[key].items():
            setattr(rule, name, value.__func__.__get__(rule) if callable(value) else value.copy())

    return compiled


Rule.compile = compiled_once(Rule.compile)  # type: ignore[method-assign, assignment]
# Argon2 at the lowest cost that it allows: each desk hashes at its start and at each sign-in.
# tests/desk/people/test_signing_in.py checks the cost in use.
staff.PasswordHasher = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)  # type: ignore[attr-defined, assignment]
os.environ[QUICKLY] = "yes"
compress_quickly(above=9)
Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}
hypothesis.settings.register_profile("quick", max_examples=50, deadline=None)
hypothesis.settings.register_profile("long", max_examples=1000, deadline=None)
LONG = bool(os.environ.get("SIDEDOOR_TEST_LONG"))
"""Whether to try every generated example (`make test-long`), or a share of each kind (`make test`)."""
hypothesis.settings.load_profile("long" if LONG else "quick")
PROJECT = Path(__file__).resolve().parents[1]
Refresh = Callable[[], Library]


SERVERS = {"browser", "deploy", "faults"}  # folders in which every test starts a server


def pytest_collection_finish() -> None:
    """Exempt what is loaded now from garbage collection: searching it again and again takes a tenth of all time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that start real servers or browsers, and keep tests that share a fixture of their file in one process."""
    for item in items:
        assert isinstance(item, pytest.Function)
        fixtures = [fixture for fixtures in item._fixtureinfo.name2fixturedefs.values() for fixture in fixtures]
        functions = (item.function, *(fixture.func for fixture in fixtures))
        codes = [function.__code__ for function in functions if hasattr(function, "__code__")]
        if SERVERS & set(item.path.parts) or any("RunningSite" in code.co_names for code in codes):
            item.add_marker(pytest.mark.server)
        if any(fixture.scope == "module" for fixture in fixtures):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failed test what its servers logged last."""
    report = yield
    for site in RUNNING if report.failed else ():
        with suppress(OSError):  # the site's folder may be gone
            if logged := site.log.read_text("utf-8", "replace"):
                report.sections.append((f"log of {site.url}", logged[-3000:]))
    return report


class SetClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        """Move forward by a span, given as the arguments of a timedelta."""
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
    """The public application on that folder. It does not watch the folder: call `refresh` after an edit."""
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
    """A function that makes the application look at the folder now."""
    live: LiveLibrary = app.extensions["live"]
    return live.refresh


@pytest.fixture(scope="session")
def real_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application on the project's own content, with the real clock."""
    app = create_app(Settings(content=PROJECT / "examples/hampshire", data=tmp_path_factory.mktemp("data")))
    app.test_client_class = HouseClient
    yield app
    app.extensions["live"].close()


@pytest.fixture
def as_small_as_sent(real_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compress the responses of `real_app` as for readers, which takes ten times as long."""
    monkeypatch.setattr(brotli, "compress", AS_SMALL_AS_SENT)
    edition._compressed_page.cache_clear()
    edition._compressed_whatever_it_costs.cache_clear()
    real_app.extensions["site"].edition.edition().answers.clear()


@pytest.fixture
def real_client(real_app: Flask) -> FlaskClient:
    """A house client for the project's own content."""
    return real_app.test_client()
