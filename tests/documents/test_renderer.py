"""The five inputs that hang Python-Markdown, and anything else that would, are refused; the next document renders."""

import resource

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.documents import limits
from sidedoor.documents.renderer import Renderer, RenderingFailed
from tests.content import ContentFolder

BOMBS = {
    "brackets": "[" * 5000,
    "pictures": "![](" * 5000,
    "tags": "<a " * 20000,
    "abbreviations": "\n".join(f"*[A{number}]: x" for number in range(2000)),
    "nested lists": "\n".join("    " * depth + "- x" for depth in range(400)),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_and_the_last_good_version_stays(
    content: ContentFolder, app: Flask, client: FlaskClient, bomb: str
) -> None:
    content.document("help/money.md", bomb, title="Money and you", tab_title="Money", group="plan")
    library = app.extensions["live"].refresh()
    assert [problem.file for problem in library.problems] and {problem.file for problem in library.problems} == {
        "help/money.md"
    }
    assert "Money can be kept from you." in client.get("/help/money").text


def processor_seconds_of_children() -> float:
    """The processor time of child processes that have ended. A clock would include how long they waited on a busy machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_rendering_that_takes_too_long_is_stopped_and_the_next_document_renders() -> None:
    with Renderer() as renderer:
        slow = " ".join("`" * length for length in range(1, 900))
        before = processor_seconds_of_children()
        with pytest.raises(RenderingFailed):
            renderer.render(slow)
        assert limits.SECONDS_A_QUESTION <= processor_seconds_of_children() - before < 3 * limits.SECONDS_A_QUESTION
        assert renderer.render("*Fine*").html == "<p><em>Fine</em></p>"


def test_a_killed_child_process_is_started_again() -> None:
    with Renderer() as renderer:
        renderer.render("*One*")
        assert renderer._child
        renderer._child._process.kill()
        renderer._child._process.wait()
        with pytest.raises(RenderingFailed):
            renderer.render("*Two*")
        assert renderer.render("*Three*").html == "<p><em>Three</em></p>"
