"""Updating what the public sees from changes alone gives the same as computing it again, after any edits at any time."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidedoor.documents.library import Library, PublicLibrary
from sidedoor.documents.loader import Loader
from sidedoor.documents.showing import Showing
from tests.content import ContentFolder

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NAMES = [f"item-{number}" for number in range(8)]


def everything(public: PublicLibrary) -> list[object]:
    """Everything that callers can read from a public library."""
    pages = sorted(public.by_path.values(), key=lambda page: page.file)
    return [
        public.now, public.valid_until, public.shown, public.withdrawn, public.removed, public.pictures,
        public.by_path, public.removed_by_path, public.redirects, public.news, list(public.news_by_year.items()), public.help,
        public.updated_at("en"), [public.own_versions(page.path) for page in pages],
        [public.lead(f"/news/{name}") for name in NAMES], [document.updates(public.now) for document in pages],
    ]  # fmt: skip


def documents_in_order(library: Library) -> list[tuple[str, str, str]]:
    """The documents, in their order."""
    return [(document.file, document.path, document.title) for document in library.documents]


def make_a_random_edit(content: ContentFolder, choose: random.Random, now: datetime) -> None:
    """A random edit: a new item, other words, another day, a withdrawal, a former address, a note or a deleted file."""
    name = choose.choice(NAMES)
    folder = choose.choice(("news", "news", "news/2014", "news/2026"))  # in two folders, the address is the same
    path = content.path / folder / f"{name}.md"
    if choose.random() < 0.2 and path.exists():
        path.unlink()
        return

    def some_time() -> str:
        when = now + timedelta(minutes=choose.choice((-800_000, -60, -3, 2, 5, 30)))
        return f"{when:%Y-%m-%d %H:%M}Z"

    front: dict[str, object] = {"title": f"{name} {choose.random()}", "publish_at": some_time()}
    front["state"] = choose.choice(("published", "published", "published", "draft", "ready", "withdrawn"))
    if front["state"] == "withdrawn":
        replaced = {"removed": "yes", "replacement": f"/news/{choose.choice(NAMES)}"}
        replacement = replaced if choose.random() < 0.5 else {}
        front["withdrawn"] = {"at": some_time(), "reason": "It was wrong.", **replacement}
    if choose.random() < 0.2:
        front["expires_at"] = f"{now + timedelta(minutes=choose.choice((40, 90))):%Y-%m-%d %H:%M}Z"
    if choose.random() < 0.2:
        front["previous_slugs"] = [f"former-{name}"]
    if choose.random() < 0.2:
        front["updates"] = [{"at": some_time(), "note": "A note."}]
    content.document(f"{folder}/{name}.md", f"Words {choose.random()}.", **front)


@pytest.mark.parametrize("seed", range(6))
def test_updating_what_is_public_step_by_step_gives_the_same_as_starting_again(
    content: ContentFolder, tmp_path: Path, seed: int
) -> None:
    choose, now, showing = random.Random(seed), NOON, Showing()
    loader = Loader(content.path, tmp_path / "data")
    for step in range(40):
        for _ in range(choose.choice((0, 1, 1, 2))):
            make_a_random_edit(content, choose, now)
        library = loader.load()
        now += timedelta(minutes=choose.choice((0, 0, 1, 4, 50, -2)))
        assert everything(showing.public(library, now)) == everything(library.public(now)), step
        assert documents_in_order(library) == documents_in_order(Loader(content.path, tmp_path / "data").load()), step
