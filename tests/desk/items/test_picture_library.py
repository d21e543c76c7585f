"""The picture library: pictures are found by their words, inserted with a description, cropped at a focus and deleted."""

import io
import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from tests.content import ContentFolder
from tests.desk.conftest import PublicSite
from tests.desk.forms import approve, fields_of, save, start


def upload(client: FlaskClient, path: str, colour: str, shows: str, **more: str) -> str:
    """Upload a picture of one colour as the visual editor does; returns its name."""
    raw = io.BytesIO()
    Image.new("RGB", (600, 400), colour).save(raw, "PNG")
    sent = {"picture": (io.BytesIO(raw.getvalue()), "a.png"), "picture_alt": shows, **more}
    answer = client.post(f"{path}/picture", data=sent)
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["name"])


def test_a_picture_is_found_by_its_description_and_inserted_with_it(
    ann: FlaskClient, ben: FlaskClient, public: PublicSite
) -> None:
    path = start(ann, "Ten new rooms are open")
    field = upload(ann, path, "green", "A [green] field", picture_credit="Jo Doe", picture_expires="2027-01-31")
    upload(ann, path, "red", "A red door")
    listed = ann.get("/pictures?words=green").text
    assert f'href="/pictures/{field}"' in listed
    assert "A [green] field" in listed and "Jo Doe" in listed and "Until 2027-01-31" in listed
    assert "A red door" not in listed
    assert listed.count("Used nowhere.") == 1
    assert f'value="{field}" data-markdown="![A \\[green\\] field](/images/{field})' in ann.get(path).text
    assert save(ann, path, "ready", body="Words.", summary="Rooms.", picture_here=field).status_code == 303
    assert f"Words.\n\n![A \\[green\\] field](/images/{field})\n\n*Picture: Jo Doe*" in str(
        fields_of(ann.get(path).text)["body"]
    )
    assert "In Ten new rooms are open." in ann.get("/pictures?words=green").text
    assert public.get(f"/images/{field}")[0] == 404
    assert public.get(f"/images/card/{field}.jpg")[0] == 404
    assert approve(ben, path).status_code == 303
    assert f"/images/480/{field}.webp 480w" in public.get("/news/ten-new-rooms-are-open")[1]


def test_a_missing_picture_loses_no_words(ann: FlaskClient) -> None:
    path = start(ann, "Rooms")
    answer = save(ann, path, "draft", body="Zqwords.", picture_here="none.jpg")
    assert answer.status_code == 422
    assert "not in the library any more" in answer.text
    assert "Zqwords.</textarea>" in answer.text


def test_a_picture_in_use_is_not_deleted_and_the_desk_says_where_it_is_used(
    desk: Flask, ann: FlaskClient, ben: FlaskClient, content: ContentFolder
) -> None:
    path = start(ann, "Rooms")
    name = upload(ann, path, "green", "A field")
    here = content.path / "images" / name
    uses: dict[str, Callable[[], object]] = {
        "“Rooms” (draft)": lambda: save(ann, path, body=f"![A field](/images/{name})"),
        "(typed by Ben Press, not saved)": lambda: (
            save(ann, path, body="Words."),
            ben.post(f"{path}/typing", data={**fields_of(ben.get(path).text), "body": f"![A field](/images/{name})"}),
        ),
        "(a change that waits)": lambda: (
            ben.post(f"{path}/typing/forget"),
            save(ann, "/items/news/first", body=f"![A field](/images/{name})"),
        ),
    }
    for words, use in uses.items():
        use()
        answer = ann.post(f"/pictures/{name}/delete")
        assert (answer.status_code, here.is_file()) == (422, True), words
        assert words in answer.text
    assert ann.post("/items/news/first/discard").status_code == 303
    assert ann.post(f"/pictures/{name}/delete").status_code == 303
    assert not here.exists()
    assert name not in (content.path / "pictures.yaml").read_text()
    assert ann.get(f"/pictures/{name}").status_code == 404
    assert "deleted a picture" in [entry.action for entry in desk.extensions["desk"].audit.everything()]


def test_a_pictures_description_and_focus_are_stored(ann: FlaskClient, content: ContentFolder) -> None:
    path = start(ann, "Rooms")
    name = upload(ann, path, "green", "A field", picture_credit="Jo Doe")
    page = ann.get(f"/pictures/{name}").text
    assert re.search(r'type="range" id="across" name="across" min="0" max="100" value="50"', page)
    sent = {"shows": "A wide field", "credit": "Jo Doe", "expires": "2027-01-31", "across": "20", "down": "900"}
    assert ann.post(f"/pictures/{name}", data=sent).status_code == 303
    facts = (content.path / "pictures.yaml").read_text()
    for line in ("shows: A wide field", "credit: Jo Doe", "expires: 2027-01-31", "by: Ann Press", "focus: 20 100"):
        assert line in facts
    wrong = ann.post(f"/pictures/{name}", data={**sent, "shows": "Zqtyped", "expires": "soon"})
    assert wrong.status_code == 422
    assert 'value="Zqtyped"' in wrong.text
    # Uploaded again, the picture keeps its facts.
    assert upload(ann, path, "green", "The same field") == name
    assert "focus: 20 100" in (content.path / "pictures.yaml").read_text()


def test_only_people_who_are_signed_in_see_the_small_pictures(desk: Flask, ann: FlaskClient) -> None:
    name = upload(ann, start(ann, "Rooms"), "green", "A field")
    for size, width in (("list", 240), ("card", 600)):
        answer = ann.get(f"/pictures/{name}/{size}")
        with Image.open(io.BytesIO(answer.data)) as small:
            assert small.width == width
        assert desk.test_client().get(f"/pictures/{name}/{size}").status_code == 303
    assert ann.get(f"/pictures/{name}/480").status_code == ann.get("/pictures/none.jpg/list").status_code == 404
