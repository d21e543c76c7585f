"""Signing in: with a passkey, or with a password and a second factor; and the pages where people manage both."""

import base64
import hashlib
import hmac
import ipaddress
import json
import secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pyotp
import segno
import webauthn
from flask import Blueprint, Flask, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from werkzeug.wrappers import Response

from sidedoor.chat.networks import plain_address
from sidedoor.desk.access import asked_by_itself, current_person, only, staff
from sidedoor.desk.current import audit, desk_staff, library, now, sessions, the_desk
from sidedoor.desk.people.person import Person
from sidedoor.desk.people.sessions import Session, browser_in_words
from sidedoor.desk.people.staff import FAILURE_MINUTES, FAILURES, LinkSpent, NotPossible, Passkey, TooOften
from sidedoor.desk.refusal_words import sentence
from sidedoor.desk.refusals import Refusal
from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Problem, Refused
from sidedoor.private import secret_file

blueprint = Blueprint("signing_in", __name__)
LATELY = timedelta(minutes=15)
_WRONG = (
    "That did not work. Check the name, the password and the six digits; each code is good for once, and the clock of"
    " the phone has to be right."
    f" After {FAILURES} wrong tries a name rests for {FAILURE_MINUTES} minutes; a passkey works all the same."
)
_TOO_OFTEN = f"That was too often. Wait {FAILURE_MINUTES} minutes, or sign in with a passkey now."
_SPENT = "It was used already, is over seven days old, or was replaced. Ask an administrator for a new one."
_TOOK_UP = "took up an invitation"


@blueprint.get("/sign-in")
@only("stranger")
def sign_in() -> ResponseReturnValue:
    """Show the form to sign in."""
    return _sign_in_page()


@blueprint.post("/sign-in")
@only("stranger")
def with_password() -> ResponseReturnValue:
    """Sign in with name, password and code."""
    name, network = request.form.get("name", "")[:200], _network()
    person = desk_staff().named(name)
    try:
        may = desk_staff().attempt(person, network, now())
    except TooOften:
        return _sign_in_page(name, _TOO_OFTEN, 429)
    # A blocked name gets the same answer as a wrong password or an unknown name: signing in reveals no names.
    person_to_check = person if may else None
    right = desk_staff().check_password(
        person_to_check, request.form.get("password", ""), request.form.get("code", ""), now()
    )
    if not (person and right):
        # An unknown name may be a password in the wrong box.
        audit().record_stranger("could not sign in", person.name if person else "", _reason_logged(person, may))
        return _sign_in_page(name, _WRONG, 422)
    desk_staff().succeeded(person, network)
    return let_in(person, "with a password")


@blueprint.post("/sign-in/passkey/options")
@only("stranger")
def passkey_options() -> ResponseReturnValue:
    """Send what the browser needs to ask for a passkey. Any passkey of this desk will do, so no name is needed."""
    options = webauthn.generate_authentication_options(
        rp_id=_rp_id(), challenge=_new_challenge("sign in"), user_verification=UserVerificationRequirement.REQUIRED
    )
    return current_app.response_class(webauthn.options_to_json(options), mimetype="application/json")


@blueprint.post("/sign-in/passkey")
@only("stranger")
def with_passkey() -> ResponseReturnValue:
    """Sign in with a passkey."""
    answer = request.get_json(silent=True) or {}
    challenge = _challenge("sign in")
    key = desk_staff().passkey(_credential_id(answer))
    person = desk_staff().find(key.person) if key else None
    if not key or not person or not challenge:
        audit().record_stranger("could not sign in", "", "a passkey that is not known here, or an old question")
        return {"problem": "This passkey is not known here. Use another, or ask for a new link."}, 422
    try:
        verified = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=_rp_id(),
            expected_origin=_origin(),
            credential_public_key=key.public_key,
            credential_current_sign_count=key.signs,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        audit().record_stranger("could not sign in", person.name, "passkey")
        return {"problem": "The passkey was not accepted. Try again, or ask for a new link."}, 422
    desk_staff().record_passkey_use(key.credential, verified.new_sign_count, now())
    return {"go": let_in(person, "with a passkey").location}


@blueprint.post("/sign-out")
@staff
def sign_out() -> ResponseReturnValue:
    """End this session, here and on the server."""
    person, current = current_person(), _current_session()
    with audit().recorded(person.name, "signed out"):
        if current:
            sessions().end(person.id, current.name)
    session.clear()
    return redirect(url_for("signing_in.sign_in"), 303)


@blueprint.get("/invitation/<token>")
@only("stranger")
def invitation(token: str) -> ResponseReturnValue:
    """Show where a one-time link leads: the person chooses how to sign in from now on."""
    person = desk_staff().invited(token, now())
    if not person:
        return link_is_spent()
    return _ways_in("desk/people/invitation.html", person, token=token)


@blueprint.post("/invitation/<token>/password")
@only("stranger")
def accept_with_password(token: str) -> ResponseReturnValue:
    """Set a password with a one-time link."""
    person = desk_staff().invited(token, now())
    if not person:
        return link_is_spent()
    try:
        _set_password(person, token)
    except LinkSpent:
        return link_is_spent()
    except NotPossible as problem:
        return _ways_in("desk/people/invitation.html", person, 422, token=token, problem=sentence(problem))
    return let_in(person, "with a password")


@blueprint.post("/invitation/<token>/passkey/options")
@only("stranger")
def invited_passkey_options(token: str) -> ResponseReturnValue:
    """Send what the browser needs to make the first passkey."""
    return _registration_options(desk_staff().invited(token, now()) or abort(404), token)


@blueprint.post("/invitation/<token>/passkey")
@only("stranger")
def accept_with_passkey(token: str) -> ResponseReturnValue:
    """Store the first passkey, made with a one-time link."""
    person = desk_staff().invited(token, now())
    if not person:
        return {"problem": _SPENT}, 410
    try:
        _keep_passkey(person, token)
    except NotPossible as problem:
        return {"problem": sentence(problem)}, 410 if isinstance(problem, LinkSpent) else 422
    return {"go": let_in(person, "with a passkey").location}


@blueprint.get("/account")
@staff
def account() -> ResponseReturnValue:
    """Show a person their own ways in, and where they are signed in."""
    return _ways_in("desk/people/account.html", current_person())


@blueprint.post("/account/password")
@staff
def change_password() -> ResponseReturnValue:
    """Set or change a person's own password. All their other sessions end."""
    person = current_person()
    if sign_in_first := _sign_in_again_first():
        return sign_in_first
    try:
        _set_password(person)
    except NotPossible as problem:
        return _ways_in("desk/people/account.html", person, 422, problem=sentence(problem))
    return _ways_in_changed(person, "Your password is set. You are signed out everywhere else.")


@blueprint.post("/account/passkey/options")
@staff
def more_passkey_options() -> ResponseReturnValue:
    """Send what the browser needs to make another passkey."""
    if sign_in_first := _sign_in_again_first():
        return {"go": sign_in_first.location}
    return _registration_options(current_person())


@blueprint.post("/account/passkey")
@staff
def add_passkey() -> ResponseReturnValue:
    """Store another passkey."""
    if sign_in_first := _sign_in_again_first():
        return {"go": sign_in_first.location}
    try:
        _keep_passkey(current_person())
    except NotPossible as problem:
        return {"problem": sentence(problem)}, 422
    flash("The passkey is kept.")
    return {"go": url_for("signing_in.account")}


@blueprint.post("/account/passkey/name")
@staff
def name_passkey() -> ResponseReturnValue:
    """Give a person's own passkey a name that tells it from the others."""
    person, label = current_person(), " ".join(request.form.get("label", "").split())
    if label:
        with audit().recorded(person.name, "named a passkey", person.name, label[:60]):
            desk_staff().name_passkey(person.id, _from_base64url(request.form.get("credential", "")), label)
        flash(f"It is called {label[:60]} now.")
    return redirect(url_for("signing_in.account"), 303)


@blueprint.get("/account/passkey/remove")
@staff
def ask_to_remove_passkey() -> ResponseReturnValue:
    """Ask before a passkey is deleted."""
    credential = request.args.get("credential", "")
    key = desk_staff().passkey(_from_base64url(credential))
    if not key or key.person != current_person().id:
        abort(404)
    return render_template(
        "desk/people/ask.html",
        heading="Forget this passkey?",
        text=f"{key.label}: it no longer opens the desk, and you are signed out everywhere else.",
        button="Forget it",
        action="/account/passkey/remove",
        fields=[("credential", credential)],
        back="/account",
    )


@blueprint.post("/account/passkey/remove")
@staff
def remove_passkey() -> ResponseReturnValue:
    """Delete a person's own passkey."""
    person = current_person()
    if sign_in_first := _sign_in_again_first():
        return sign_in_first
    try:
        with audit().recorded(person.name, "removed a passkey", person.name):
            desk_staff().remove_passkey(person.id, _from_base64url(request.form.get("credential", "")))
    except NotPossible as problem:
        return _ways_in("desk/people/account.html", person, 422, problem=sentence(problem))
    return _ways_in_changed(person, "The passkey is forgotten. You are signed out everywhere else.")


@blueprint.post("/account/sessions/end")
@staff
def end_session() -> ResponseReturnValue:
    """End one of a person's own sessions, or all the others."""
    person, current, name = current_person(), _current_session(), request.form.get("session", "")
    with audit().recorded(person.name, "ended a session", person.name):
        if name == "others":
            sessions().end_all(person.id, current.name if current else "")
        else:
            sessions().end(person.id, name)
    flash("Signed out there.")
    return redirect(url_for("signing_in.account"), 303)


def _sign_in_again_first() -> Response | None:
    """Return where a person has to go before they can change their ways in; None if they signed in lately.

    Nobody may take over an account by finding a browser that was left open.
    """
    current = _current_session()
    if current and now() - current.made < LATELY:
        return None
    flash("Sign in again before you change how you sign in.")
    return redirect(url_for("signing_in.sign_in", next=url_for("signing_in.account")), 303)


def person_of_this_request() -> Person | None:
    """Return who sent this request. Removed people and ended sessions count as strangers from that moment on."""
    current = _current_session(used=not asked_by_itself())
    person = desk_staff().find(current.person) if current else None
    return person if current and person and person.epoch == current.epoch else None


def set_up_cookie(app: Flask, https: bool) -> None:
    """Set up the cookie that names a session: signed, never readable by scripts, gone when the browser closes.

    Raises problems.Refused, as `secret_of` does.
    """
    app.secret_key = secret_of(app.config["DATA"])
    app.config.update(
        SESSION_COOKIE_NAME="__Host-desk" if https else "desk",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=https,
        WTF_CSRF_TIME_LIMIT=None,
        # same_site.py checks the Origin and Sec-Fetch-Site of every POST already.
        WTF_CSRF_SSL_STRICT=False,
    )


def secret_of(data: Path) -> bytes:
    """The secret that signs the cookie, made if there is none in `data`. Raises problems.Refused if it cannot be."""
    try:
        return secret_file(data / "desk.secret", secrets.token_bytes(32))
    except OSError as error:
        values = {"folder": str(data), "reason": error.strerror or "no reason given"}
        raise Refused([Problem("SIDEDOOR_DATA", None, Code.DATA_NOT_OURS, values)]) from error


def _sign_in_page(name: str = "", problem: str = "", status: int = 200) -> ResponseReturnValue:
    by_number = urlsplit(request.host_url).hostname != _rp_id()
    passkeys_at = _origin() + "/sign-in" if by_number else ""
    page = render_template(
        "desk/people/sign_in.html", name=name, problem=problem, next=_next(), passkeys_at=passkeys_at
    )
    return page, status


def let_in(person: Person, how: str) -> Response:
    """Start a session for a person who has proved who they are, and send them on."""
    # Start from an empty session, so that nothing from a cookie set before signing in is trusted (session fixation).
    onward = _next()
    session.clear()
    with audit().recorded(person.name, "signed in", person.name, how):
        session["token"] = sessions().start(person, request.headers.get("User-Agent", ""), now())
    return redirect(onward, 303)


def link_is_spent() -> ResponseReturnValue:
    """Show the page of a one-time link that is no longer valid."""
    return render_template("desk/error.html", heading="This link is no longer good", text=_SPENT), 410


def _ways_in_changed(person: Person, message: str) -> ResponseReturnValue:
    current = _current_session()
    sessions().end_all(person.id, current.name if current else "")
    flash(message)
    return redirect(url_for("signing_in.account"), 303)


def own_path(wanted: str) -> str:
    """Return `wanted` if it is an address of the desk, otherwise the front page: signing in leads nowhere else."""
    good = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()
    return wanted if good else "/"


def _next() -> str:
    return own_path(request.values.get("next", "/"))


def _current_session(used: bool = True) -> Session | None:
    token = session.get("token")
    return sessions().find(token, now(), used) if isinstance(token, str) else None


def _reason_logged(person: Person | None, may: bool) -> str:
    return "" if person and may else "rests after too many tries" if person else "a name that is not known here"


def _ways_in(template: str, person: Person, status: int = 200, **more: str) -> ResponseReturnValue:
    """A page with a form to set a password. The second factor is made here, and stored once a code has proved it."""
    secret = request.form.get("secret") or pyotp.random_base32()
    site = library().site
    address = pyotp.TOTP(secret).provisioning_uri(name=person.name, issuer_name=f"{site.name} desk")
    current = _current_session()
    page = render_template(
        template,
        who=person,
        secret=secret,
        drawing=segno.make(address, micro=False).svg_inline(scale=4, border=2, light="#fff", dark="#000"),
        passkeys=[(bytes_to_base64url(key.credential), key) for key in desk_staff().passkeys(person.id)],
        has_password=desk_staff().has_password(person.id),
        sessions=sessions().of(person, now()),
        current=current.name if current else "",
        **more,
    )
    return page, status


def _set_password(person: Person, link: str = "") -> None:
    secret = request.form.get("secret", "")
    if not (len(secret) == 32 and set(secret) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")):
        raise NotPossible(Refusal.FORM_INCOMPLETE)
    typed, code = request.form.get("password", ""), request.form.get("code", "")
    password = desk_staff().new_password(person, typed, secret, code, now())
    with audit().recorded(person.name, _TOOK_UP if link else "set a password", person.name, "with a password"):
        desk_staff().set_password(person.id, password, now(), link)


def _registration_options(person: Person, link: str = "") -> ResponseReturnValue:
    options = webauthn.generate_registration_options(
        rp_id=_rp_id(),
        rp_name="Sidedoor desk",
        challenge=_new_challenge(_registering(person, link)),
        user_name=person.name,
        user_id=f"sidedoor-{person.id}".encode(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=key.credential) for key in desk_staff().passkeys(person.id)
        ],
    )
    return current_app.response_class(webauthn.options_to_json(options), mimetype="application/json")


def _keep_passkey(person: Person, link: str = "") -> None:
    challenge = _challenge(_registering(person, link))
    if not challenge:
        raise NotPossible(Refusal.FORM_INCOMPLETE)
    try:
        verified = webauthn.verify_registration_response(
            credential=request.get_json(silent=True) or {},
            expected_challenge=challenge,
            expected_rp_id=_rp_id(),
            expected_origin=_origin(),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise NotPossible(Refusal.PASSKEY_REFUSED) from None
    label = browser_in_words(request.headers.get("User-Agent", ""))
    key = Passkey(
        verified.credential_id, person.id, verified.credential_public_key, verified.sign_count, label, now(), None
    )
    with audit().recorded(person.name, _TOOK_UP if link else "added a passkey", person.name, f"a passkey, {label}"):
        desk_staff().add_passkey(key, link)


def _registering(person: Person, link: str) -> str:
    return f"a passkey for {person.id} {'by link' if link else 'at the desk'}"


def _new_challenge(purpose: str) -> bytes:
    challenge = desk_staff().challenge(purpose, now())
    session["challenge"] = bytes_to_base64url(challenge)
    return challenge


def _challenge(purpose: str) -> bytes | None:
    """The challenge that this browser was given for `purpose`; valid once, and not for long."""
    encoded = session.pop("challenge", None)
    challenge = _from_base64url(encoded) if isinstance(encoded, str) else b""
    return challenge if desk_staff().answered(challenge, purpose, now()) else None


def _credential_id(answer: object) -> bytes:
    written = answer.get("rawId") if isinstance(answer, dict) else None
    return _from_base64url(written) if isinstance(written, str) else b""


def _from_base64url(written: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))
    except ValueError:
        return b""


def _origin() -> str:
    return the_desk().settings.desk_address


def _rp_id() -> str:
    return urlsplit(_origin()).hostname or "localhost"


def _network() -> str:
    """A name for the network that a request comes from: a keyed hash, so that no address is stored."""
    address = plain_address(request.remote_addr or "") or ipaddress.IPv4Address(0)
    network = ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False)
    key = current_app.secret_key
    assert isinstance(key, bytes)
    return "network " + hmac.new(key, json.dumps(str(network)).encode(), hashlib.sha256).hexdigest()[:24]
