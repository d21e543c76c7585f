"""Every role and a stranger try every door of the desk, and every step of an item in every state."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests.conftest import SetClock
from tests.content import ContentFolder
from tests.desk.conftest import SignedIn
from tests.desk.doors import DOORS
from tests.desk.forms import approve, save, seen, start

CAST_BY_ROLE = {
    "press": "Ann Press",
    "editor": "Eve Editor",
    "adviser": "Kit Adviser",
    "supervisor": "Sue Supervisor",
    "admin": "Ada Admin",
    "stranger": "",
}
VALUES = {
    "kind": "news", "slug": "first", "name": "a.png", "token": "guessed", "number": 999, "contact": "ndah",
    "revision": "0" * 40, "notice": "0" * 16, "step": "take", "file": "cy/help/nope", "size": "list",
}  # fmt: skip


def browser_of(role: str, desk: Flask, signed_in: SignedIn, name: str = "") -> FlaskClient:
    """A new browser in which somebody with this role is signed in, or a stranger's."""
    if role != "stranger":
        return signed_in(name or CAST_BY_ROLE[role])
    client = desk.test_client()
    client.get("/sign-in")
    return client


def address_of(desk: Flask, rule: Rule) -> str:
    kind_of_endpoint = {"static_files.file": "css", "audit.everything": "csv"}
    values = {name: VALUES[name] for name in rule.arguments}
    if rule.endpoint in kind_of_endpoint:
        values["kind"] = kind_of_endpoint[rule.endpoint]
    if rule.endpoint == "static_files.file":
        values["name"] = "desk.css"
    with desk.test_request_context():
        return str(desk.url_map.bind("localhost").build(rule.endpoint, values))


def test_every_route_is_in_the_table(desk: Flask) -> None:
    assert {rule.endpoint for rule in desk.url_map.iter_rules()} == set(DOORS)


@pytest.mark.parametrize("role", CAST_BY_ROLE)
def test_every_door_opens_only_to_its_roles(desk: Flask, signed_in: SignedIn, role: str) -> None:
    wrong = []
    client = browser_of(role, desk, signed_in)
    for rule in sorted(desk.url_map.iter_rules(), key=lambda rule: rule.endpoint):
        address = address_of(desk, rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            answer = client.open(address, method=method)
            status, open_ = answer.status_code, role in DOORS[rule.endpoint]
            shut = {303} if role == "stranger" and method == "GET" else {401} if role == "stranger" else {403}
            asked_to_sign_in = (answer.location or "").startswith("/sign-in?next=")
            # An open door may still answer that something is missing, wrong or too late.
            if (open_ and (status in {401, 403, 500} or asked_to_sign_in)) or (not open_ and status not in shut):
                wrong.append(f"{role} {method} {address}: {status}")
            if rule.endpoint.startswith("signing_in."):  # signing out is among these doors
                client = browser_of(role, desk, signed_in)
    assert not wrong, "\n".join(wrong)


STEPS = [
    "approve", "override", "approve-afterwards", "send-back", "unschedule", "withdraw", "bring-back", "discard",
]  # fmt: skip
# state → the steps that a colleague (an editor who did not write the item) can take in it
POSSIBLE: dict[str, set[str]] = {
    "draft": {"override", "discard"},
    "ready": {"approve", "override", "send-back", "discard"},
    "scheduled": {"unschedule"},
    "published": {"withdraw"},
    "published, a change waits": {"approve", "override", "send-back", "withdraw", "discard"},
    "published alone": {"approve-afterwards", "withdraw"},
    "withdrawn": {"withdraw", "bring-back"},
    "expired": {"withdraw"},
}


# role → the steps that it cannot take in any state; roles that are not listed can take none
SHUT = {"press": {"override"}, "editor": set[str]()}


def bring_to(state: str, ann: FlaskClient, eli: FlaskClient, clock: SetClock) -> str:
    """An item that Ann wrote, in this state."""
    path = start(ann, "Rooms")
    publish = {"publish_date": "2026-12-01", "publish_time": "09:00"} if state == "scheduled" else {}
    soon = clock() + timedelta(minutes=5)
    expires = {"expires_date": f"{soon:%Y-%m-%d}", "expires_time": f"{soon:%H:%M}"} if state == "expired" else {}
    words = {"summary": "Rooms.", "body": "Rooms are open.", **publish, **expires}
    save(ann, path, "draft" if state == "draft" else "ready", **words)
    if state in ("draft", "ready"):
        return path
    if state == "published alone":
        assert approve(eli, path, "override", reason="Now").status_code == 303
        return path
    assert approve(eli, path).status_code == 303
    if state == "published, a change waits":
        save(ann, path, "ready", body="More rooms are open.")
    if state == "withdrawn":
        ann.post(f"{path}/withdraw", data={"reason": "Wrong.", "how": "withdraw"})
        assert approve(eli, path).status_code == 303
    if state == "expired":
        clock.forward(minutes=6)
    return path


@pytest.mark.parametrize("state", POSSIBLE)
def test_every_role_takes_only_its_own_steps_in_every_state(
    desk: Flask, signed_in: SignedIn, ann: FlaskClient, content: ContentFolder, clock: SetClock, state: str
) -> None:
    eli = signed_in("Eli Editor")
    path = ""
    # Roles that can take no step come first: they can all share one item, because every step is refused.
    for role in sorted(CAST_BY_ROLE, key=lambda role: role in SHUT):
        # A press officer and an editor who did not write the item.
        client = browser_of(role, desk, signed_in, "Ben Press" if role == "press" else CAST_BY_ROLE[role])
        for step in STEPS:
            if not path:
                path = bring_to(state, ann, eli, clock)
                form = {"seen": seen(eli, path), "reason": "Because.", "note": "Look again.", "how": "withdraw"}
                files = sorted(content.path.glob(f"**/{path.rsplit('/', 1)[-1]}.md"))
                before = [file.read_bytes() for file in files]
            status = client.post(f"{path}/{step}", data=form).status_code
            if step in SHUT.get(role, STEPS):
                assert status == (401 if role == "stranger" else 403), (role, state, step)
            else:
                assert status == (303 if step in POSSIBLE[state] else 422), (role, state, step)
            if status == 303:
                path = ""  # the item is in another state now
            else:
                assert [file.read_bytes() for file in files] == before, (role, state, step)


@pytest.mark.parametrize("state", [state for state in POSSIBLE if state != "published alone"])
def test_nobody_approves_what_they_wrote_in_any_state(
    signed_in: SignedIn, ann: FlaskClient, eve: FlaskClient, clock: SetClock, state: str
) -> None:
    path = bring_to(state, ann, signed_in("Eli Editor"), clock)
    for step in ("approve", "approve-afterwards"):
        assert ann.post(f"{path}/{step}", data={"seen": seen(eve, path)}).status_code == 422, (state, step)


def test_a_press_officer_does_not_write_help_pages(ann: FlaskClient, eve: FlaskClient) -> None:
    assert ann.get("/items/help/money").status_code == 403
    assert ann.post("/items/help/money", data={"step": "draft", "body": "x"}).status_code == 403
    assert ann.post("/items/new", data={"kind": "help", "title": "A new page"}).status_code == 422
    assert eve.get("/items/help/money").status_code == 200


def test_nothing_public_leads_to_the_desk(app: Flask, client: FlaskClient) -> None:
    for path in ("/sign-in", "/items", "/p/guessed", "/people", "/log", "/invitation/x", "/changes/news/first.md"):
        assert client.get(path).status_code == 404
    assert not [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint in DOORS and rule.endpoint.split(".")[0] != "contacts"
    ]
