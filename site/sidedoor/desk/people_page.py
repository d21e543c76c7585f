"""People: an administrator invites them, says what they may do, and takes their access away."""

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import audit, desk_staff, now, sessions
from sidedoor.desk.people import ROLE_WORDS, ROLES, Person
from sidedoor.desk.staff import NotPossible

blueprint = Blueprint("people", __name__, url_prefix="/people")


@blueprint.get("")
@only("admin")
def everybody() -> ResponseReturnValue:
    """Who there is."""
    return _page()


@blueprint.post("/invite")
@only("admin")
def invite() -> ResponseReturnValue:
    """Add somebody; their one-time link is shown here, once."""
    name = request.form.get("name", "")
    try:
        person = desk_staff().add(name, request.form.getlist("role"))
    except NotPossible as problem:
        return _page(problem=str(problem), name=name), 422
    audit().record(current_person().name, "invited", person.name, ", ".join(sorted(person.roles)))
    return _page(link=link_for(person), link_for=person.name)


@blueprint.post("/<int:number>/roles")
@only("admin")
def roles(number: int) -> ResponseReturnValue:
    """Change what somebody may do."""
    person, chosen = _person(number), request.form.getlist("role")
    try:
        desk_staff().set_roles(person.id, chosen)
    except NotPossible as problem:
        return _page(problem=str(problem)), 422
    audit().record(current_person().name, "changed the roles of", person.name, ", ".join(sorted(chosen)))
    flash(f"{person.name} may now do this: {', '.join(sorted(chosen))}.")
    return redirect(url_for("people.everybody"), 303)


@blueprint.post("/<int:number>/link")
@only("admin")
def renew(number: int) -> ResponseReturnValue:
    """A new one-time link: for somebody who lost their device. They are signed out everywhere."""
    person = _person(number)
    sessions().end_all(person.id)
    audit().record(current_person().name, "renewed the link of", person.name)
    return _page(link=link_for(person), link_for=person.name)


@blueprint.post("/<int:number>/remove")
@only("admin")
def remove(number: int) -> ResponseReturnValue:
    """Take somebody's access away at once."""
    person = _person(number)
    try:
        desk_staff().remove(person.id)
    except NotPossible as problem:
        return _page(problem=str(problem)), 422
    sessions().end_all(person.id)
    audit().record(current_person().name, "removed", person.name)
    flash(f"{person.name} can no longer sign in.")
    return redirect(url_for("people.everybody"), 303)


def link_for(person: Person) -> str:
    """A new one-time link, whole."""
    address = str(current_app.config["SETTINGS"].desk_url).rstrip("/")
    return f"{address}/invitation/{desk_staff().new_link(person.id, now())}"


def _person(number: int) -> Person:
    return desk_staff().find(number) or abort(404)


def _page(**more: str) -> str:
    return render_template(
        "desk/people.html", everybody=desk_staff().everybody(), roles=ROLES, role_words=ROLE_WORDS, **more
    )
