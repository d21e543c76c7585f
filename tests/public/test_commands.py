"""The commands: `flask content check` and `flask news new`."""

from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Refresh
from tests.content import ContentFolder


def test_content_check_reports_errors_and_fails(app: Flask, content: ContentFolder, refresh: Refresh) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=["content", "check"]).exit_code == 0
    content.document("pages/safer-browsing.md", "x", title="t", tab_title="t", sources=["s"])
    content.write("help/wrong.md", "broken")
    refresh()
    result = runner.invoke(args=["content", "check"])
    assert result.exit_code == 1
    assert "help/wrong.md:1: error: The first line is not ---." in result.output
    assert "locale/cy: warning" in result.output


def test_news_new_starts_a_draft_that_is_well_formed_and_not_public(
    app: Flask, client: FlaskClient, content: ContentFolder, refresh: Refresh
) -> None:
    runner = app.test_cli_runner()
    result = runner.invoke(args=["news", "new", 'Ten years: "CARA"'])
    assert result.exit_code == 0
    path = content.path / "news/ten-years-cara.md"
    path.write_text(path.read_text().replace("summary:", "summary: Short."))
    library = refresh()
    assert library.problems == ()
    assert client.get("/news/ten-years-cara").status_code == 404
    assert "already" in runner.invoke(args=["news", "new", "Ten years: CARA"]).output
    assert runner.invoke(args=["news", "new", "…"]).exit_code == 1
