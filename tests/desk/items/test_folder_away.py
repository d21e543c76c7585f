"""While the content folder is not mounted or empty, the desk says so, opens and saves nothing, and loses no words."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.desk import create_app
from sidedoor.documents.live import LiveLibrary
from sidedoor.settings import Settings
from tests.conftest import SetClock
from tests.content import ContentFolder
from tests.desk.forms import fields_of

AWAY = "cannot be reached just now"


def unmount(desk: Flask, folder: Path, mount_point: bool) -> Callable[[], None]:
    """Take the folder away and leave its empty mount point, or nothing. Returns a function that puts it back."""
    live: LiveLibrary = desk.extensions["desk"].live
    folder.rename(folder.with_name("elsewhere"))
    if mount_point:
        folder.mkdir()
    live.refresh()

    def mount_again() -> None:
        if mount_point:
            assert list(folder.iterdir()) == [], "something was saved where the folder should be"
            folder.rmdir()
        assert not folder.exists()
        folder.with_name("elsewhere").rename(folder)
        live.refresh()

    return mount_again


@pytest.mark.parametrize("mount_point", [True, False])
def test_words_typed_while_the_folder_is_missing_are_shown_again_and_saved_when_it_is_back(
    desk: Flask, ann: FlaskClient, content: ContentFolder, mount_point: bool
) -> None:
    ann.post("/items/new", data={"kind": "news", "title": "Ten rooms"})
    form = fields_of(ann.get("/items/news/ten-rooms").get_data(as_text=True))
    ann.post("/items/news/ten-rooms/typing", data={**form, "body": "zqtyped"})
    mount_again = unmount(desk, content.path, mount_point)
    refused = ann.post("/items/news/ten-rooms", data={**form, "body": "zqposted"})
    assert "zqposted</textarea>" in refused.get_data(as_text=True)
    for answer in (
        refused,
        ann.post("/items/new", data={"kind": "news", "title": "Ten rooms"}),
        ann.get("/items/news/ten-rooms"),
        ann.get("/"),
    ):
        assert answer.status_code in (422, 503), answer.request.path
        assert AWAY in answer.get_data(as_text=True)
    mount_again()
    page = ann.get("/items/news/ten-rooms").get_data(as_text=True)
    assert "zqtyped" in page
    saved = ann.post("/items/news/ten-rooms", data={**form, "body": "zqposted"})
    assert saved.status_code in (302, 303)
    assert "zqposted" in (content.path / "news/ten-rooms.md").read_text("utf-8")
    assert list(desk.extensions["desk"].reviews.writers("news/ten-rooms.md").values()) == ["Ann Press"]


def test_the_desk_starts_without_its_content_folder_and_does_not_create_it(
    desk: Flask, content: ContentFolder, tmp_path: Path, clock: SetClock
) -> None:
    desk.extensions["desk"].live.close()
    content.path.rename(content.path.with_name("elsewhere"))
    restarted = create_app(Settings(content=content.path, data=tmp_path / "data"), clock)
    assert restarted.extensions["desk"].live.away
    assert restarted.test_client().get("/sign-in").status_code == 200
    assert not content.path.exists()
