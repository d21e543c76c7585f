"""Decides who may open which page of the desk. Every view is marked with its roles; without a mark, the desk does not
start.

So no route can be forgotten: what is not allowed is refused, and the table in tests/desk reads the same marks.
"""

from collections.abc import Callable
from typing import Literal, ParamSpec, TypeVar

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from sidedoor.desk.people.person import ROLES, Person, Role

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Who = Role | Literal["stranger"]


def only(*who: Who) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Mark a view with the roles that may open it; "stranger" means everybody, signed in or not."""

    def mark(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        view.desk_roles = frozenset(who)  # type: ignore[attr-defined]
        return view

    return mark


def staff(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Mark a view that everybody who is signed in may open."""
    return only(*ROLES)(view)


def polled(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Mark a view that scripts request on a timer: it does not prove that anybody is there, so it renews no session."""
    view.desk_polled = True  # type: ignore[attr-defined]
    return view


def asked_by_itself() -> bool:
    """Whether this request came without a person: from a script's timer, or from a page that reloads itself."""
    view = current_app.view_functions.get(request.endpoint or "")
    return "by-itself" in request.args or bool(getattr(view, "desk_polled", False))


def roles_for(app: Flask, endpoint: str) -> frozenset[Who]:
    """Return the roles of the view behind `endpoint`. Raises LookupError if it is not marked."""
    roles: frozenset[Who] | None = getattr(app.view_functions[endpoint], "desk_roles", None)
    if not roles:
        raise LookupError(f"{endpoint} does not say who may open it.")
    return roles


def current_person() -> Person:
    """Return who is signed in. Only for views that strangers may not open."""
    person: Person = g.person
    return person


def guard(app: Flask, person_of_this_request: Callable[[], Person | None]) -> None:
    """Check every request. Raises LookupError at once if a view of `app` is not marked."""
    for endpoint in app.view_functions:
        roles_for(app, endpoint)

    @app.before_request
    def _check() -> ResponseReturnValue | None:
        g.person = person_of_this_request()
        if not request.endpoint:
            return None  # there is no such address: 404, or 405
        roles = roles_for(current_app, request.endpoint)
        if "stranger" in roles:
            return None
        if g.person is None:
            if request.method == "GET":
                return redirect(url_for("signing_in.sign_in", next=request.path), 303)
            abort(401)
        if g.person.roles.isdisjoint(roles):
            abort(403)
        return None
