"""Contacts: “checked today” takes one press; any other change waits for a second person: a number can save a life."""

from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.contacts.steps import Values
from sidedoor.desk.current import contact_steps, library, now, shelf, workflow
from sidedoor.desk.items.compare import compare
from sidedoor.desk.items.effect_words import in_contacts_words
from sidedoor.desk.items.files import change_file
from sidedoor.desk.step import FIRST_OF_TWO, Done, take
from sidedoor.documents.checks import CONTACT_CHECK_DAYS
from sidedoor.documents.library import Library
from sidedoor.documents.models import Contact
from sidedoor.documents.problems import Refused
from sidedoor.documents.reading import CONTACTS
from sidedoor.documents.site import in_language

blueprint = Blueprint("contacts", __name__, url_prefix="/contacts")
FIELDS = {
    "name": "Name",
    "for": "Who it is for",
    "phone": "Phone",
    "phone_note": "About the phone",
    "text": "Text",
    "text_note": "About texting",
    "sign_up": "Word that signs up",
    "textphone": "Textphone",
    "email": "E-mail",
    "url": "Website",
    "hours": "Hours",
    "cost": "Cost",
    "access": "Access",
    "area": "Area",
    "note": "A caution",
    "source": "Source",
}
"""The fields of a record that the form shows, in the words of the form."""
CHOICES = ("audiences", "places")
"""The fields that the form shows as boxes to tick: their values are ids in site.toml."""


def contacts_due(site_library: Library, moment: datetime) -> list[Contact]:
    """Return the contacts that nobody has checked lately, the longest unchecked first."""
    since = moment.date() - timedelta(days=CONTACT_CHECK_DAYS)
    due = [contact for contact in site_library.contacts.values() if not contact.checked or contact.checked < since]
    return sorted(due, key=lambda contact: (contact.checked.isoformat() if contact.checked else "", contact.name))


@blueprint.get("")
@only("press", "editor")
def everybody() -> ResponseReturnValue:
    """Show all contacts, those due for a check first, and the change that waits."""
    return _page()


@blueprint.post("/<contact>/checked")
@only("press", "editor")
def checked(contact: str) -> ResponseReturnValue:
    """Record that a person rang or visited a contact today, and that its record is right."""
    record = library().contacts.get(contact) or abort(404)
    message = f"Noted: {record.name} was checked today."
    next_page = "/" if request.form.get("from") == "front" else f"/contacts#{contact}"
    return _step(lambda: contact_steps().mark_checked(current_person(), contact), message, next_page)


@blueprint.route("/new", methods=["GET", "POST"])
@only("editor")
def new() -> ResponseReturnValue:
    """Add a contact. It waits for a second person."""
    values: Values = {"id": " ".join(request.form.get("id", "").split()), **_typed()}
    return _form("", values, lambda base: contact_steps().add(current_person(), values, base))


@blueprint.route("/<contact>", methods=["GET", "POST"])
@only("editor")
def edit(contact: str) -> ResponseReturnValue:
    """Change a contact. It waits for a second person."""
    record = contact_steps().record(contact) or abort(404)
    values: Values = (
        _typed() if request.method == "POST" else {name: record.get(name, "") for name in (*FIELDS, *CHOICES)}
    )
    return _form(contact, values, lambda base: contact_steps().save(current_person(), contact, values, base))


@blueprint.post("/<contact>/remove")
@only("editor")
def remove(contact: str) -> ResponseReturnValue:
    """Remove a contact. That waits for a second person, too."""
    base = request.form.get("base", "")
    message = "It goes once a second person has approved that."
    return _step(lambda: contact_steps().remove(current_person(), contact, base), message)


@blueprint.post("/approve")
@only("editor")
def approve() -> ResponseReturnValue:
    """Publish the change that waits."""
    seen = request.form.get("seen", "")
    return _approval(lambda: contact_steps().approve(current_person(), seen), "The contacts are live.")


@blueprint.post("/override")
@only("editor")
def override() -> ResponseReturnValue:
    """Publish the waiting change without a second person, in an emergency."""
    seen, reason = request.form.get("seen", ""), request.form.get("reason", "")
    return _step(lambda: contact_steps().override(current_person(), seen, reason), "The contacts are live.")


@blueprint.post("/approve-afterwards")
@only("editor")
def approve_afterwards() -> ResponseReturnValue:
    """Approve what was published without a second person."""
    seen = request.form.get("seen", "")
    return _approval(lambda: contact_steps().approve_afterwards(current_person(), seen), "You have approved it.")


@blueprint.post("/discard")
@only("editor")
def discard() -> ResponseReturnValue:
    """Throw away the waiting change."""
    return _step(lambda: contact_steps().discard(current_person()), "It is thrown away. Its words are in the history.")


@blueprint.get("/history")
@only("press", "editor")
def history() -> ResponseReturnValue:
    """Show every save of the contacts; with `revision`, compare that save with the present version."""
    revisions = shelf().history.revisions(CONTACTS, [change_file(CONTACTS)])
    chosen = next((revision for revision in revisions if revision.id == request.args.get("revision")), None)
    text = shelf().history.text_at(chosen.id, chosen.file) if chosen else None
    base = contact_steps().working()
    parts = compare(text, base.text) if text is not None else None
    return render_template(
        "desk/contacts/history.html", revisions=revisions, chosen=chosen, parts=parts, base=base.digest
    )


@blueprint.post("/history/restore")
@only("editor")
def restore() -> ResponseReturnValue:
    """Make an old version the change that waits."""
    revisions = shelf().history.revisions(CONTACTS, [change_file(CONTACTS)])
    wanted = request.form.get("revision")
    chosen = next((revision for revision in revisions if revision.id == wanted), None) or abort(404)
    text, base = shelf().history.text_at(chosen.id, chosen.file) or abort(404), request.form.get("base", "")
    message = f"Restore the contacts of {chosen.at:%Y-%m-%d %H:%M}"
    waits = "It waits for a second person."
    return _step(lambda: contact_steps().restore(current_person(), text, base, message), waits)


def _step(step: Callable[[], None], words: str, onward: str = "/contacts") -> ResponseReturnValue:
    def taken() -> Done:
        step()
        return Done(words, onward)

    return take(taken, _page, lambda: onward)


def _approval(approve: Callable[[], bool], words: str) -> ResponseReturnValue:
    return take(lambda: Done(words if approve() else FIRST_OF_TWO, "/contacts"), _page, lambda: "/contacts")


def _form(contact: str, values: Values, save: Callable[[str], None]) -> ResponseReturnValue:
    if request.method != "POST":
        return _form_page(contact, values)

    def taken() -> Done:
        save(request.form.get("base", ""))
        return Done("It is saved, and waits for a second person.", "/contacts")

    return take(taken, lambda problem: _form_page(contact, values, problem), lambda: "/contacts")


def _form_page(contact: str, values: Values, problem: str = "") -> str:
    base = contact_steps().working().digest
    return render_template(
        "desk/contacts/contact.html", contact=contact, fields=FIELDS, values=values, problem=problem, base=base,
        theirs=_differences(contact, values) if problem and request.form.get("base") != base else {},
        choices={name: _choices(name, values) for name in CHOICES},
    )  # fmt: skip


def _choices(name: str, values: Values) -> dict[str, str]:
    """What can be ticked: the places or audiences in site.toml, and any others that the record has."""
    site = library().site
    offered = site.places if name == "places" else site.audiences
    named = {choice.id: in_language(choice.name, site.language) for choice in offered}
    return named | {written: written for written in values.get(name) or () if written not in named}


def _differences(contact: str, values: Values) -> dict[str, str | list[str]]:
    """The present values of a record that differ from `values`, because somebody saved it meanwhile."""
    record = contact_steps().record(contact) or {}
    return {name: record.get(name, "") for name in values if (record.get(name) or "") != (values[name] or "")}


def _typed() -> Values:
    lists: dict[str, str | list[str]] = {name: request.form.getlist(name) for name in CHOICES}
    return lists | {name: " ".join(request.form.get(name, "").split()) for name in FIELDS}


def _effect() -> str:
    try:
        return in_contacts_words(contact_steps().effect())
    except Refused:
        return ""


def _page(problem: str = "") -> str:
    subject, flow, due = contact_steps().subject(), workflow(), contacts_due(library(), now())
    alone = flow.published_alone(subject)
    return render_template(
        "desk/contacts/list.html",
        due=due,
        others=[contact for contact in library().contacts.values() if contact not in due],
        waiting=subject.change,
        parts=compare(subject.stored.text, subject.change.text) if subject.change else [],
        effect=_effect(),
        why_not=flow.why_not(current_person(), subject),
        writers=flow.writers(subject),
        unknown=flow.written_by_unknown(subject),
        first_of_two=flow.first_of_two(subject),
        overtaken=flow.overtaken(subject),
        published_alone=alone,
        alone_parts=compare(alone.before, alone.text) if alone and alone.before is not None else None,
        problem=problem,
    )
