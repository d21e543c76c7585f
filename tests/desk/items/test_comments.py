"""Comments on a passage are made, answered and closed at the desk and never leave it, whatever happens to the item."""

import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from sidedoor.desk.items.comments import Comments
from tests.content import ContentFolder
from tests.desk.conftest import PublicSite
from tests.desk.forms import approve, save, start

SignedIn = Callable[[str], FlaskClient]


def written_item(ann: FlaskClient) -> str:
    path = start(ann, "Ten new rooms are open")
    body = "The rooms are “ready” now.\n\nSomebody else wrote this.\n"
    assert save(ann, path, "ready", summary="Rooms are open.", body=body).status_code == 303
    return path


def test_a_comment_names_its_passage_and_is_answered_closed_and_reopened(ann: FlaskClient, ben: FlaskClient) -> None:
    path = written_item(ann)
    page = ben.get(f"{path}/review").text
    paragraphs = re.findall(r'<option value="([^"]*)"[^>]*>', page[page.index('id="paragraph"') :])
    assert paragraphs[:5] == ["", "Ten new rooms are open", "Rooms are open.", "The rooms are “ready” now.", "Somebody else wrote this."]  # fmt: skip
    # A passage quoted by hand, with straight quotation marks; one chosen from the list; none, for the whole item.
    for form in ({"passage": 'are "ready"'}, {"paragraph": paragraphs[4]}, {}):
        assert ben.post(f"{path}/comments", data={**form, "words": "Is <this> so?"}).status_code == 303
    page = ann.get(f"{path}/review").text
    assert page.count('class="typed">Is &lt;this&gt; so?</span>') == 3
    assert "<blockquote>are &#34;ready&#34;</blockquote>" in page
    assert "3 comments are open." in page
    assert "Is &lt;this&gt; so?" in ann.get(path).text, "the editor shows it, too"
    assert ann.post(f"{path}/comments/1/answer", data={"words": "It is."}).status_code == 303
    assert ann.post(f"{path}/comments/1/close").status_code == 303
    page = ben.get(f"{path}/review").text
    assert "2 comments are open." in page
    assert "It is." in page and "Closed by Ann Press." in page
    assert ben.post(f"{path}/comments/1/close", data={"again": "yes"}).status_code == 303
    assert "3 comments are open." in ben.get(f"{path}/review").text
    save(ann, path, body="Other words.")
    assert ben.get(f"{path}/review").text.count("These words have changed since.") == 2


def test_a_comment_that_is_refused_says_why_and_loses_no_words(ann: FlaskClient, ben: FlaskClient) -> None:
    path = written_item(ann)
    ben.post(f"{path}/comments", data={"words": "Is this so?"})
    for step, form, reason in (
        ("", {"passage": "Never said.", "words": "Zqwords"}, "These words are not in the text now."),
        ("", {"words": " "}, "Write what you want to say."),
        ("", {"words": "Zqwords" * 200}, "Say it in 1000 characters or fewer."),
        ("/1/answer", {"words": "Zqwords" * 200}, "Say it in 1000 characters or fewer."),
        ("/99/answer", {"words": "Zqwords"}, "That comment is not there any more."),
    ):
        answer = ben.post(f"{path}/comments{step}", data=form)
        assert answer.status_code == 422, form
        assert reason in answer.text
        if "Zq" in form["words"] and "99" not in step:
            assert f"{form['words']}</textarea>" in answer.text
    assert ben.get(f"{path}/review").text.count('<article class="comment"') == 1


def test_no_words_of_a_comment_leave_the_desks_own_database(
    desk: Flask, ann: FlaskClient, ben: FlaskClient, content: ContentFolder, public: PublicSite
) -> None:
    address = written_item(ann)
    ben.post(f"{address}/comments", data={"passage": "rooms are", "words": "zqcomment"})
    ann.post(f"{address}/comments/1/answer", data={"words": "zqanswer"})
    link = re.search(r"/p/[\w-]+", ann.post(f"{address}/links", data={"for_whom": "The council"}).text)
    assert link
    outside = desk.test_client()
    text = outside.get(link[0]).text + outside.get(f"{link[0]}/page").text + ann.get(f"{address}/preview").text
    assert approve(ben, address).status_code == 303
    text += public.get("/news/ten-new-rooms-are-open")[1] + public.get("/news")[1] + public.get("/news/atom.xml")[1]
    text += "".join(str(vars(entry)) for entry in desk.extensions["desk"].audit.everything())
    text += ann.get("/notices").text + ann.get("/").text
    files = [path for path in content.path.rglob("*") if path.is_file()]
    data = [path for path in desk.config["DATA"].rglob("*") if path.is_file() and path.name != "reviews.sqlite3"]
    raw = b"".join(path.read_bytes() for path in (*files, *data))
    assert not [word for word in ("zqcomment", "zqanswer") if word in text or word.encode() in raw]
    assert "zqcomment" in ann.get(f"{address}/review").text, "it is still there for the next change"


def test_comments_move_with_an_item_that_gets_another_address(desk: Flask, ann: FlaskClient) -> None:
    path = written_item(ann)
    ann.post(f"{path}/comments", data={"words": "Is this so?"})
    assert ann.post(f"{path}/address", data={"slug": "rooms"}).status_code == 303
    assert "Is this so?" in ann.get("/items/news/rooms/review").text
    store: Comments = desk.extensions["desk"].comments
    assert store.of("news/ten-new-rooms-are-open.md") == []


def test_only_the_writers_of_a_kind_of_item_comment_on_it(signed_in: SignedIn, ann: FlaskClient) -> None:
    for name, path in (("Ann Press", "/items/help/money"), ("Kit Adviser", "/items/news/first")):
        assert signed_in(name).post(f"{path}/comments", data={"words": "Hm"}).status_code == 403
