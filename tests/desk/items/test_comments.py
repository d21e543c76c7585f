"""Comments on a passage: said, answered and closed at the desk; nowhere else, whatever becomes of the item."""

import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from sidedoor.desk.items.comments import Comments
from tests.content import ContentFolder
from tests.desk.conftest import PublicSite
from tests.desk.forms import approve, save, start

SignedIn = Callable[[str], FlaskClient]


def written(ann: FlaskClient) -> str:
    path = start(ann, "Ten new rooms are open")
    body = "The rooms are “ready” now.\n\nSomebody else wrote this.\n"
    assert save(ann, path, "ready", summary="Rooms are open.", body=body).status_code == 303
    return path


def test_a_comment_names_its_passage_is_answered_closed_and_opened_again(ann: FlaskClient, ben: FlaskClient) -> None:
    path = written(ann)
    page = ben.get(f"{path}/review").text
    paragraphs = re.findall(r'<option value="([^"]*)"[^>]*>', page[page.index('id="paragraph"') :])
    assert paragraphs[:5] == ["", "Ten new rooms are open", "Rooms are open.", "The rooms are “ready” now.", "Somebody else wrote this."]  # fmt: skip
    # Quoted by hand, with the marks a keyboard has; chosen from the list; on the whole.
    for form in ({"passage": 'are "ready"'}, {"paragraph": paragraphs[4]}, {}):
        assert ben.post(f"{path}/comments", data={**form, "words": "Is <this> so?"}).status_code == 303
    page = ann.get(f"{path}/review").text
    assert page.count('class="typed">Is &lt;this&gt; so?</span>') == 3
    assert "<blockquote>are &#34;ready&#34;</blockquote>" in page
    assert "3 comments are open." in page
    assert "Is &lt;this&gt; so?" in ann.get(path).text, "in sight of whoever writes"
    assert ann.post(f"{path}/comments/1/answer", data={"words": "It is."}).status_code == 303
    assert ann.post(f"{path}/comments/1/close").status_code == 303
    page = ben.get(f"{path}/review").text
    assert "2 comments are open." in page
    assert "It is." in page and "Closed by Ann Press." in page
    assert ben.post(f"{path}/comments/1/close", data={"again": "yes"}).status_code == 303
    assert "3 comments are open." in ben.get(f"{path}/review").text
    save(ann, path, body="Other words.")
    assert ben.get(f"{path}/review").text.count("These words have changed since.") == 2


def test_what_cannot_be_kept_says_why_and_costs_no_word(ann: FlaskClient, ben: FlaskClient) -> None:
    path = written(ann)
    ben.post(f"{path}/comments", data={"words": "Is this so?"})
    for where, form, why in (
        ("", {"passage": "Never said.", "words": "Zqwords"}, "These words do not stand in the text now."),
        ("", {"words": " "}, "Write what you want to say."),
        ("", {"words": "Zqwords" * 200}, "Say it in 1000 letters or fewer."),
        ("/1/answer", {"words": "Zqwords" * 200}, "Say it in 1000 letters or fewer."),
        ("/99/answer", {"words": "Zqwords"}, "That comment is not there any more."),
    ):
        answer = ben.post(f"{path}/comments{where}", data=form)
        assert answer.status_code == 422, form
        assert why in answer.text
        if "Zq" in form["words"] and "99" not in where:
            assert f"{form['words']}</textarea>" in answer.text
    assert ben.get(f"{path}/review").text.count('<article class="comment"') == 1


def test_no_word_of_a_comment_leaves_the_desks_own_database(
    desk: Flask, ann: FlaskClient, ben: FlaskClient, content: ContentFolder, public: PublicSite
) -> None:
    path = written(ann)
    ben.post(f"{path}/comments", data={"passage": "rooms are", "words": "zqcomment"})
    ann.post(f"{path}/comments/1/answer", data={"words": "zqanswer"})
    link = re.search(r"/p/[\w-]+", ann.post(f"{path}/links", data={"for_whom": "The council"}).text)
    assert link
    outside = desk.test_client()
    told = outside.get(link[0]).text + outside.get(f"{link[0]}/page").text + ann.get(f"{path}/preview").text
    assert approve(ben, path).status_code == 303
    told += public.get("/news/ten-new-rooms-are-open")[1] + public.get("/news")[1] + public.get("/news/atom.xml")[1]
    told += "".join(str(vars(one)) for one in desk.extensions["desk"].audit.everything())
    told += ann.get("/notices").text + ann.get("/").text
    files = [one for one in content.path.rglob("*") if one.is_file()]
    data = [one for one in desk.config["DATA"].rglob("*") if one.is_file() and one.name != "reviews.sqlite3"]
    raw = b"".join(one.read_bytes() for one in (*files, *data))
    assert not [word for word in ("zqcomment", "zqanswer") if word in told or word.encode() in raw]
    assert "zqcomment" in ann.get(f"{path}/review").text, "it is still there for the next change"


def test_comments_go_along_where_an_item_gets_another_address(desk: Flask, ann: FlaskClient) -> None:
    path = written(ann)
    ann.post(f"{path}/comments", data={"words": "Is this so?"})
    assert ann.post(f"{path}/address", data={"slug": "rooms"}).status_code == 303
    assert "Is this so?" in ann.get("/items/news/rooms/review").text
    store: Comments = desk.extensions["desk"].comments
    assert store.of("news/ten-new-rooms-are-open.md") == []


def test_only_who_writes_a_kind_comments_on_it(signed_in: SignedIn, ann: FlaskClient) -> None:
    for name, path in (("Ann Press", "/items/help/money"), ("Kit Adviser", "/items/news/first")):
        assert signed_in(name).post(f"{path}/comments", data={"words": "Hm"}).status_code == 403
