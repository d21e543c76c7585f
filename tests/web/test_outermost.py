"""The outermost layer: the policy even on what nobody caught, unknown hosts, and https."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from sidedoor.public import create_app
from sidedoor.settings import Settings
from sidedoor.web.headers import NO_PAGE, policy_headers, with_policy
from sidedoor.web.outermost import OutermostLayer
from tests.conftest import SetClock
from tests.content import ContentFolder


def test_even_an_uncaught_error_has_the_policy(caplog: pytest.LogCaptureFixture) -> None:
    def broken(environ: object, start_response: object) -> list[bytes]:
        raise RuntimeError("broken")

    sent: list[tuple[str, list[tuple[str, str]]]] = []
    layer = OutermostLayer(
        broken,
        lambda headers: with_policy(headers, True),
        https=True,
        hosts=lambda: (),
        remembered=lambda environ: None,
        emergency=lambda: "999",
    )
    body = b"".join(
        layer(
            {"HTTP_HOST": "localhost", "PATH_INFO": "/secret-path"},
            lambda status, headers, *_: sent.append((status, headers)),  # type: ignore[arg-type]
        )
    )
    status, headers = sent[0]
    assert status.startswith("500")
    # Plain text is not a page, so nothing may load or run in it.
    assert (policy_headers(https=True) | {"Content-Security-Policy": NO_PAGE}).items() <= dict(headers).items()
    assert b"999" in body
    assert "secret-path" not in caplog.text


@pytest.mark.parametrize(
    "host", ["evil.example", "", "localhost.evil.example", "127.0.0.1.evil.example", "a@localhost", "127.0.0.1:80:80"]
)
def test_an_unknown_host_is_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


def test_behind_tls_there_is_hsts_and_plain_requests_are_redirected(
    content: ContentFolder, tmp_path: Path, clock: SetClock
) -> None:
    content.write("site.toml", f'url = "https://help.example"\n{(content.path / "site.toml").read_text()}')
    app = create_app(Settings(content=content.path, data=tmp_path / "data", https=True), clock)
    client = app.test_client()
    secure = client.get("/", headers={"Host": "help.example", "X-Forwarded-Proto": "https"})
    assert "max-age=63072000" in secure.headers["Strict-Transport-Security"]
    assert "upgrade-insecure-requests" in secure.headers["Content-Security-Policy"]
    plain = client.get("/help/money", headers={"Host": "help.example", "X-Forwarded-Proto": "http"})
    assert (plain.status_code, plain.headers["Location"]) == (308, "https://help.example/help/money")
    assert (
        "https://help.example/news/first"
        in secure.text + client.get("/news/atom.xml", headers={"Host": "help.example"}).text
    )
    app.extensions["live"].close()
