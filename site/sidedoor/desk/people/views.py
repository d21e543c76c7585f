"""People: an administrator invites them, says what they may do, and takes their access away."""

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import audit, desk_staff, notices, now, sessions
from sidedoor.desk.people.person import ROLE_WORDS, ROLES, Person
from sidedoor.desk.people.staff import NotPossible
from sidedoor.desk.refusal_words import sentence

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
    name, roles = request.form.get("name", ""), request.form.getlist("role")
    try:
        with audit().recorded(current_person().name, "invited", " ".join(name.split())[:80], ", ".join(sorted(roles))):
            person = desk_staff().add(name, roles)
    except NotPossible as problem:
        return _page(problem=sentence(problem), name=name), 422
    return _page(link=link_for(person), link_for=person.name)


@blueprint.post("/<int:number>/roles")
@only("admin")
def roles(number: int) -> ResponseReturnValue:
    """Change what somebody may do."""
    person, chosen = _person(number), request.form.getlist("role")
    try:
        with audit().recorded(current_person().name, "changed the roles of", person.name, ", ".join(sorted(chosen))):
            desk_staff().set_roles(person.id, chosen)
    except NotPossible as problem:
        return _page(problem=sentence(problem)), 422
    flash(f"{person.name} may now do this: {', '.join(sorted(chosen))}.")
    return redirect(url_for("people.everybody"), 303)


@blueprint.get("/<int:number>/link")
@only("admin")
def ask_to_renew(number: int) -> ResponseReturnValue:
    """Ask before every way in of somebody is made void."""
    person = _person(number)
    return render_template(
        "desk/people/ask.html",
        heading=f"A new link for {person.name}?",
        text="Their passkeys, their password and their work account stop working, and they are signed out everywhere."
        " They come back in with the new link, and choose how to sign in from then on.",
        button="Make a new link",
        action=f"/people/{number}/link",
        back="/people",
    )


@blueprint.post("/<int:number>/link")
@only("admin")
def renew(number: int) -> ResponseReturnValue:
    """A new one-time link, for somebody who lost their device. Whatever let them in before no longer does."""
    person = _person(number)
    with audit().recorded(current_person().name, "renewed the link of", person.name):
        link = link_for(person)
    sessions().end_all(person.id)
    if person.id == current_person().id:
        flash("You are signed out. This link is your only way in: use it now.", "problem")
    return _page(link=link, link_for=person.name)


@blueprint.get("/<int:number>/remove")
@only("admin")
def ask_to_remove(number: int) -> ResponseReturnValue:
    """Ask before somebody's access is taken away."""
    person = _person(number)
    return render_template(
        "desk/people/ask.html",
        heading=f"Remove {person.name}?",
        text="They are signed out at once and can no longer sign in. What they wrote stays, and so do their lines in"
        " the log. To let them back in, somebody has to invite them again.",
        button=f"Remove {person.name}",
        action=f"/people/{number}/remove",
        back="/people",
    )


@blueprint.post("/<int:number>/remove")
@only("admin")
def remove(number: int) -> ResponseReturnValue:
    """Take somebody's access away at once."""
    person = _person(number)
    try:
        with audit().recorded(current_person().name, "removed", person.name):
            desk_staff().remove(person.id)
    except NotPossible as problem:
        return _page(problem=sentence(problem)), 422
    sessions().end_all(person.id)
    notices().forget(person.id)
    flash(f"{person.name} can no longer sign in.")
    return redirect(url_for("people.everybody"), 303)


def link_for(person: Person) -> str:
    """A new one-time link, whole; every other way in of theirs is void from now on."""
    address = str(current_app.config["SETTINGS"].desk_url).rstrip("/")
    return f"{address}/invitation/{desk_staff().new_link(person.id, now())}"


def _person(number: int) -> Person:
    return desk_staff().find(number) or abort(404)


def _page(**more: str) -> str:
    return render_template(
        "desk/people/list.html", everybody=desk_staff().everybody(), roles=ROLES, role_words=ROLE_WORDS, **more
    )
