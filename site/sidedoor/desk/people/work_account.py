"""Sign-in with the organisation's own accounts (OpenID Connect), if the operator names a provider.

An optional extra, `pip install 'sidedoor[oidc]'`. An account alone lets nobody in: a person of the desk first connects
theirs with a one-time link, and is recognised by the provider's name and subject from then on (OIDC Core, 2).
"""

import logging

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from flask import Blueprint, Flask, abort, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from requests.exceptions import RequestException

from sidedoor.desk.access import only
from sidedoor.desk.current import audit, desk_staff, now, the_desk
from sidedoor.desk.people.signing_in import let_in, link_is_spent, own_path
from sidedoor.desk.people.staff import LinkSpent, NotPossible
from sidedoor.desk.refusal_words import sentence
from sidedoor.settings import Settings

blueprint = Blueprint("work_account", __name__, url_prefix="/work-account")
log = logging.getLogger(__name__)


def provider(app: Flask, settings: Settings) -> FlaskOAuth2App:
    """Return the provider that `settings` name. Its addresses are fetched when somebody first signs in."""
    oauth = OAuth(app)
    oauth.register(
        name="work_account",
        server_metadata_url=f"{str(settings.oidc_issuer).rstrip('/')}/.well-known/openid-configuration",
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        client_kwargs={"scope": "openid", "code_challenge_method": "S256"},
    )
    registered: FlaskOAuth2App = oauth.work_account
    return registered


@blueprint.get("")
@only("stranger")
def start() -> ResponseReturnValue:
    """Send a person to the provider, to sign in with an account that is connected already."""
    session["onward"] = own_path(request.args.get("next", "/"))
    session.pop("connect", None)
    return _to_the_provider()


@blueprint.post("/connect")
@only("stranger")
def connect() -> ResponseReturnValue:
    """Start to connect an account, from the button on the page of a one-time link: the account they come back with.

    This is a POST, so that no other site can send a browser here. The answer is a page that leads on by itself, because
    the policy lets no form end at another site (CSP form-action covers redirects).
    """
    session["connect"] = request.form.get("link", "")
    return render_template("desk/people/onward.html")


@blueprint.get("/connect")
@only("stranger")
def onward() -> ResponseReturnValue:
    """Send a person who pressed that button to the provider."""
    return _to_the_provider() if session.get("connect") else redirect("/sign-in", 303)


def _to_the_provider() -> ResponseReturnValue:
    back = f"{the_desk().settings.desk_address}/work-account/back"
    try:
        answer: ResponseReturnValue = _provider().authorize_redirect(back)
    except (OAuthError, RequestException) as error:
        return _sign_in_failed(error)
    return answer


@blueprint.get("/back")
@only("stranger")
def back() -> ResponseReturnValue:
    """Receive a person back from the provider. Its answer is checked: state, nonce, code verifier, signature."""
    onward, link = session.pop("onward", "/"), session.pop("connect", "")
    try:
        claims = _provider().authorize_access_token().get("userinfo") or {}
        account = f"{claims['iss']} {claims['sub']}"
    except (OAuthError, RequestException, JoseError, KeyError, ValueError) as error:
        return _sign_in_failed(error)
    if link:
        person = desk_staff().invited(link, now())
        if not person:
            return link_is_spent()
        try:
            with audit().recorded(person.name, "took up an invitation", person.name, "with a work account"):
                desk_staff().connect(person.id, account, now(), link)
        except LinkSpent:
            return link_is_spent()
        except NotPossible as problem:
            return _problem(sentence(problem), 422)
        return let_in(person, "with a work account")
    person_here = desk_staff().connected(account)
    if not person_here:
        audit().record_stranger("could not sign in", "", "a work account that is not known here")
        return _problem("This account is not known here. Ask an administrator for a link, and connect it there.", 422)
    let_in(person_here, "with a work account")
    return redirect(onward, 303)


def _provider() -> FlaskOAuth2App:
    return the_desk().work_account or abort(404)


def _sign_in_failed(error: Exception) -> ResponseReturnValue:
    log.warning("Signing in with a work account failed: %s", type(error).__name__)
    return _problem("Your organisation's sign-in did not answer as it should. Try again, or use another way in.", 503)


def _problem(text: str, status: int) -> ResponseReturnValue:
    return render_template("desk/error.html", heading="That did not work", text=text), status
