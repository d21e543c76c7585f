"""Who may open which door of the desk. Every view says so itself; one that does not keeps the desk from starting.

So no route can be forgotten: what is not allowed is refused, and the table in tests/desk reads the very same marks.
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
    """Mark a view with the roles that may open it; "stranger" is anybody at all, signed in or not."""

    def mark(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        view.desk_roles = frozenset(who)  # type: ignore[attr-defined]
        return view

    return mark


def staff(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Mark a view that everybody who is signed in may open."""
    return only(*ROLES)(view)


def polled(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Mark a view that scripts ask on a timer. It does not show that anybody is there, so it keeps no session alive."""
    view.desk_polled = True  # type: ignore[attr-defined]
    return view


def asked_by_itself() -> bool:
    """Whether nobody had to be there for this request: a script's timer sent it, or a page that reloads itself."""
    view = current_app.view_functions.get(request.endpoint or "")
    return "by-itself" in request.args or bool(getattr(view, "desk_polled", False))


def roles_for(app: Flask, endpoint: str) -> frozenset[Who]:
    """The marks of the view behind `endpoint`. Raises LookupError where there are none."""
    roles: frozenset[Who] | None = getattr(app.view_functions[endpoint], "desk_roles", None)
    if not roles:
        raise LookupError(f"{endpoint} does not say who may open it.")
    return roles


def current_person() -> Person:
    """Who is signed in. Only for views that strangers may not open."""
    person: Person = g.person
    return person


def guard(app: Flask, person_of_this_request: Callable[[], Person | None]) -> None:
    """Ask before every request. Raises LookupError at once if a view of `app` is not marked."""
    for endpoint in app.view_functions:
        roles_for(app, endpoint)

    @app.before_request
    def _ask() -> ResponseReturnValue | None:
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
