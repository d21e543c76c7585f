"""People: an administrator invites them, decides what they may do, and takes their access away."""

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import audit, desk_staff, library, notices, now, sessions, the_desk
from sidedoor.desk.people.person import ROLE_WORDS, ROLES, Person
from sidedoor.desk.people.rights import lost_with, rights
from sidedoor.desk.people.staff import NotPossible
from sidedoor.desk.refusal_words import in_words, sentence
from sidedoor.desk.refusals import Refusal
from sidedoor.web.language import language_name

blueprint = Blueprint("people", __name__, url_prefix="/people")


@blueprint.get("")
@only("admin")
def everybody() -> ResponseReturnValue:
    """List everybody."""
    return _page()


@blueprint.get("/rights")
@only("admin")
def who_can_do_what() -> ResponseReturnValue:
    """Show people and rights on one page, with how each signs in and where they are signed in."""
    everybody_here, all_rights = desk_staff().everybody(), rights(current_app)
    people = [
        {"person": person, "ways": _ways_in(person), "sessions": sessions().of(person, now())}
        for person in everybody_here
    ]
    lacking = [right for right in all_rights if not any(right.opens_to(person) for person in everybody_here)]
    return render_template("desk/people/rights.html", people=people, rights=all_rights, lacking=lacking)


@blueprint.post("/invite")
@only("admin")
def invite() -> ResponseReturnValue:
    """Add a person. Their one-time link is shown here, once."""
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
    """Change what a person may do."""
    person, chosen = _person(number), request.form.getlist("role")
    try:
        with audit().recorded(current_person().name, "changed the roles of", person.name, ", ".join(sorted(chosen))):
            desk_staff().set_roles(person.id, chosen)
    except NotPossible as problem:
        return _page(problem=sentence(problem)), 422
    flash(f"{person.name} may now do this: {', '.join(sorted(chosen))}.")
    if lost := lost_with(person, _person(number).roles, desk_staff().everybody(), current_app):
        flash(lost, "problem")
    return redirect(url_for("people.everybody"), 303)


@blueprint.post("/<int:number>/languages")
@only("admin")
def languages(number: int) -> ResponseReturnValue:
    """Set the languages that a person knows well enough to judge a translation."""
    person, names = _person(number), _languages()
    chosen = sorted({*request.form.getlist("knows")} & names.keys())
    with audit().recorded(current_person().name, "changed the languages of", person.name, ", ".join(chosen)):
        desk_staff().set_languages(person.id, chosen)
    flash(f"{person.name} judges translations in: {', '.join(names[code] for code in chosen) or 'no language'}.")
    return redirect(url_for("people.everybody"), 303)


def _languages() -> dict[str, str]:
    """The site's other languages, each with its name in itself, and the other forms of the site's own language."""
    site = library().site
    others = {code: language_name(code) for code in site.languages if code != site.language}
    return {**others, **{code: form.name for code, form in site.forms.items()}}


@blueprint.get("/<int:number>/link")
@only("admin")
def ask_to_renew(number: int) -> ResponseReturnValue:
    """Ask before all ways in of a person are made void."""
    person = _person(number)
    return render_template(
        "desk/people/ask.html",
        heading=f"A new way in for {person.name}?",
        text="Their passkeys, their password and their work account stop working now, and they are signed out"
        " everywhere. A second person, an administrator or an editor, then makes the link with which they come back in:"
        " so nobody can take over a colleague alone.",
        button="Stop their ways in, and ask for a link",
        action=f"/people/{number}/link",
        back="/people",
    )


@blueprint.post("/<int:number>/link")
@only("admin")
def renew(number: int) -> ResponseReturnValue:
    """Void all ways in of a person, who has lost their device, say. A second person then makes the link.

    Somebody who has never signed in gets another link at once, because nobody has used that account yet.
    """
    person, asker = _person(number), current_person()
    already_asked = any(recovery.person == person.id for recovery in desk_staff().recoveries())
    if not already_asked and not desk_staff().has_way_in(person.id):
        with audit().recorded(asker.name, "renewed the link of", person.name):
            link = link_for(person)
        sessions().end_all(person.id)
        return _page(link=link, link_for=person.name)
    if already_asked:
        return _page(problem=in_words(Refusal.RECOVERY_TAKES_TWO)), 422
    with audit().recorded(asker.name, "stopped every way in of", person.name):
        desk_staff().ask_to_recover(person.id, asker.id, now())
    sessions().end_all(person.id)
    flash(f"{person.name} can no longer sign in. Tell another administrator or an editor: one of them makes the link.")
    return redirect(url_for("people.everybody" if person.id != asker.id else "signing_in.sign_in"), 303)


@blueprint.get("/recoveries")
@only("admin", "editor")
def recoveries() -> ResponseReturnValue:
    """List those who wait for a second person to let them back in."""
    return _recoveries()


@blueprint.post("/<int:number>/recover")
@only("admin", "editor")
def recover(number: int) -> ResponseReturnValue:
    """Make the link, as the second person. It is shown here, once."""
    person = _person(number)
    try:
        with audit().recorded(current_person().name, "let back in", person.name):
            token = desk_staff().recover(person.id, current_person().id, now())
    except NotPossible as problem:
        return _recoveries(problem=sentence(problem)), 422
    return _recoveries(link=_link_address(token), link_for=person.name)


def _recoveries(**more: str) -> str:
    names = {person.id: person.name for person in desk_staff().everybody()}
    waiting = [
        (recovery, names.get(recovery.person, ""), names.get(recovery.asked_by, ""))
        for recovery in desk_staff().recoveries()
    ]
    return render_template("desk/people/recoveries.html", waiting=waiting, **more)


@blueprint.get("/<int:number>/remove")
@only("admin")
def ask_to_remove(number: int) -> ResponseReturnValue:
    """Ask before a person's access is taken away."""
    person = _person(number)
    lost = lost_with(person, frozenset(), desk_staff().everybody(), current_app)
    return render_template(
        "desk/people/ask.html",
        heading=f"Remove {person.name}?",
        warning=lost,
        text="They are signed out at once and can no longer sign in. What they wrote stays, and so do their lines in"
        " the log. To let them back in, somebody has to invite them again.",
        button=f"Remove {person.name}",
        action=f"/people/{number}/remove",
        back="/people",
    )


@blueprint.post("/<int:number>/remove")
@only("admin")
def remove(number: int) -> ResponseReturnValue:
    """Take a person's access away at once."""
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


def _ways_in(person: Person) -> str:
    """How a person signs in; empty if they cannot yet."""
    keys, password = len(desk_staff().passkeys(person.id)), desk_staff().has_password(person.id)
    ways = [f"{keys} passkey{'s' if keys > 1 else ''}"] if keys else []
    ways += ["a password and six digits"] if password else []
    return ", ".join(ways) or ("a work account" if desk_staff().has_way_in(person.id) else "")


def link_for(person: Person) -> str:
    """Return the full address of a new one-time link; all other ways in of this person are void from now on."""
    return _link_address(desk_staff().new_link(person.id, now()))


def _link_address(token: str) -> str:
    return f"{the_desk().settings.desk_address}/invitation/{token}"


def _person(number: int) -> Person:
    return desk_staff().find(number) or abort(404)


def _page(**more: str) -> str:
    return render_template(
        "desk/people/list.html",
        everybody=desk_staff().everybody(),
        roles=ROLES,
        role_words=ROLE_WORDS,
        languages=_languages(),
        **more,
    )
