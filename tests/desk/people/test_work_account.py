"""Sign-in with a work account, against a test provider that speaks OpenID Connect over HTTP."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from flask import Flask, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from pydantic import SecretStr
from werkzeug.serving import make_server

from sidedoor.desk import create_app
from sidedoor.settings import Settings
from tests.content import ContentFolder
from tests.desk.conftest import DeskClient


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Provider:
    """An OpenID provider. `lie` replaces claims of the identity token; `key` can be swapped for somebody else's."""

    def __init__(self) -> None:
        self.key = self._own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.lie: dict[str, Any] = {}
        self.subject = "ann-4711"
        self._asked: dict[str, str] = {}
        app = Flask("provider")
        app.get("/.well-known/openid-configuration")(self._metadata)
        app.get("/keys")(self._keys)
        app.post("/token")(self._token)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def agree(self, sent_to: str) -> str:
        """Agree as the person at the provider; returns the address to which the provider sends them back."""
        self._asked = {name: values[0] for name, values in parse_qs(urlsplit(sent_to).query).items()}
        return f"{urlsplit(self._asked['redirect_uri']).path}?code=the-code&state={self._asked['state']}"

    def _metadata(self) -> ResponseReturnValue:
        return {
            "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize", "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys", "id_token_signing_alg_values_supported": ["RS256"],
        }  # fmt: skip

    def _keys(self) -> ResponseReturnValue:
        public = self._own.public_key().public_numbers()
        return {
            "keys": [
                {"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "n": number(public.n), "e": number(public.e)}
            ]
        }

    def _token(self) -> ResponseReturnValue:
        proof = base64url(hashlib.sha256(request.form["code_verifier"].encode()).digest())
        if request.form["code"] != "the-code" or proof != self._asked["code_challenge"]:
            return {"error": "invalid_grant"}, 400
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": self.subject,
            "aud": "desk",
            "iat": now,
            "exp": now + 60,
            "nonce": self._asked["nonce"],
            **self.lie,
        }
        head = base64url(json.dumps({"alg": "RS256", "kid": "1"}).encode())
        signed = f"{head}.{base64url(json.dumps(claims).encode())}"
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return {"access_token": "x", "token_type": "Bearer", "id_token": f"{signed}.{base64url(signature)}"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture
def desk(content: ContentFolder, tmp_path: Path, provider: Provider) -> Iterator[Flask]:
    """A desk that knows the provider. It uses the real clock, because tokens carry times."""
    settings = Settings(
        content=content.path,
        data=tmp_path / "data",
        oidc_issuer=provider.url,
        oidc_client_id="desk",
        oidc_client_secret=SecretStr("a secret"),
    )
    app = create_app(settings)
    app.test_client_class = DeskClient
    app.extensions["desk"].staff.add("Ann Press", ["press"])
    yield app
    app.extensions["desk"].live.close()


def connect(client: FlaskClient, token: str) -> str:
    """Press the button on the page of a one-time link; returns where the browser goes from there."""
    client.get(f"/invitation/{token}")
    leads_on = client.post("/work-account/connect", data={"link": token}).get_data(as_text=True)
    assert '<meta http-equiv="refresh" content="0; url=/work-account/connect">' in leads_on
    return str(client.get("/work-account/connect").location)


def test_an_account_is_connected_by_a_link_and_signs_in_from_then_on(desk: Flask, provider: Provider) -> None:
    staff = desk.extensions["desk"].staff
    clock = desk.extensions["desk"].clock
    stranger = desk.test_client()
    assert "Sign in with your work account" in stranger.get("/sign-in").get_data(as_text=True)
    back = provider.agree(str(stranger.get("/work-account").location))
    assert stranger.get(back).status_code == 422, "an account alone opens nothing"
    token = staff.new_link(staff.named("Ann Press").id, clock())
    ann = desk.test_client()
    assert "Use your work account" in ann.get(f"/invitation/{token}").get_data(as_text=True)
    sent_to = connect(ann, token)
    assert sent_to.startswith(f"{provider.url}/authorize?")
    assert "code_challenge_method=S256" in sent_to
    assert ann.get(provider.agree(sent_to)).status_code == 303
    assert "Ann Press" in ann.get("/account").get_data(as_text=True)
    assert desk.test_client().get(f"/invitation/{token}").status_code == 410
    second = desk.test_client()
    assert second.get(provider.agree(str(second.get("/work-account?next=/items").location))).location == "/items"
    assert second.get("/items").status_code == 200
    elsewhere = desk.test_client()
    assert (
        elsewhere.get(provider.agree(str(elsewhere.get("/work-account?next=//evil.example").location))).location == "/"
    )
    staff.add("Ada Admin", ["admin"])
    staff.remove(staff.named("Ann Press").id)
    gone = desk.test_client()
    assert gone.get(provider.agree(str(gone.get("/work-account").location))).status_code == 422


@pytest.mark.parametrize(
    "lie",
    [{"nonce": "another"}, {"aud": "another"}, {"iss": "https://evil.example"}, {"exp": 1}, "key", "state", "code"],
)
def test_a_forged_answer_opens_nothing(desk: Flask, provider: Provider, lie: Any) -> None:
    staff = desk.extensions["desk"].staff
    person = staff.named("Ann Press")
    staff.connect(person.id, f"{provider.url} {provider.subject}", desk.extensions["desk"].clock())
    client = desk.test_client()
    back = provider.agree(str(client.get("/work-account").location))
    if lie == "key":
        provider.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    elif lie == "state":
        back = back[:-1] + ("A" if back[-1] != "A" else "B")
    elif lie == "code":
        back = back.replace("the-code", "a-code")
    else:
        provider.lie = lie
    assert client.get(back).status_code == 503
    assert client.get("/account").status_code == 303


def test_an_unreachable_provider_is_reported_in_a_sentence(desk: Flask, provider: Provider) -> None:
    desk.extensions["desk"].work_account._server_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"
    answer = desk.test_client().get("/work-account")
    assert answer.status_code == 503
    assert "use another way in" in answer.get_data(as_text=True)


def test_no_other_site_can_connect_an_account_and_a_connected_account_is_not_taken_over(
    desk: Flask, provider: Provider
) -> None:
    staff, clock = desk.extensions["desk"].staff, desk.extensions["desk"].clock
    mallory = staff.add("Mallory Press", ["press"])
    token = staff.new_link(mallory.id, clock())
    victim = desk.test_client()
    # Through a link or a picture on another site: the victim's account comes back, and is connected to nobody.
    back = provider.agree(str(victim.get(f"/work-account?link={token}").location))
    assert victim.get(back).status_code == 422
    assert victim.get("/work-account/connect").location == "/sign-in", "nobody pressed the button"
    forged = victim.post(
        "/work-account/connect", data={"link": token}, headers={"Sec-Fetch-Site": "cross-site"}, with_token=False
    )
    assert forged.status_code in (400, 403)
    assert staff.connected(f"{provider.url} {provider.subject}") is None
    # Ann connects hers. Mallory's link cannot take it over, and trying does not use up the link.
    ann = desk.test_client()
    hers = staff.new_link(staff.named("Ann Press").id, clock())
    assert ann.get(provider.agree(connect(ann, hers))).status_code == 303
    other = desk.test_client()
    assert other.get(provider.agree(connect(other, token))).status_code == 422
    assert staff.connected(f"{provider.url} {provider.subject}").name == "Ann Press"
    assert staff.invited(token, clock()) == staff.find(mallory.id)
    actions = [entry.action for entry in desk.extensions["desk"].audit.entries()]
    assert actions[:2] == ["did not get through", "took up an invitation"]
