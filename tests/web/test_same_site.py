"""Posts from other sites are refused."""

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200), ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403), ({"Origin": "http://localhost"}, 200),
        ({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403), ({"Origin": "http://[bad"}, 403), ({}, 200),
    ],
)  # fmt: skip
def test_a_post_from_another_site_is_refused(client: FlaskClient, headers: dict[str, str], status: int) -> None:
    assert client.post("/search", data={"query": "money"}, headers=headers).status_code == status
