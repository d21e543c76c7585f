"""Contacts: “checked today” in one press; any other change waits for a second person, for a number can save a life."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.compare import compare
from sidedoor.desk.contacts_file import read_records, with_record
from sidedoor.desk.current import audit, library, live, now, reviews, shelf
from sidedoor.desk.history import Author
from sidedoor.desk.newsroom import NotAllowed
from sidedoor.desk.shelf import CannotSave, Conflict, Shelf, Stored, change_file
from sidedoor.desk.writing import sentence
from sidedoor.documents.checks import CONTACT_CHECK_DAYS
from sidedoor.documents.library import Library
from sidedoor.documents.models import Contact
from sidedoor.documents.problems import Refused
from sidedoor.documents.reading import CONTACTS, read_contacts

blueprint = Blueprint("contacts", __name__, url_prefix="/contacts")
_WAITING = change_file(CONTACTS)
FIELDS = {
    "name": "Name",
    "for": "Who it is for",
    "phone": "Phone",
    "phone_note": "About the phone",
    "text": "Text",
    "text_note": "About texting",
    "email": "E-mail",
    "url": "Website",
    "hours": "Hours",
    "cost": "Cost",
    "access": "Access",
    "area": "Area",
    "note": "A caution",
    "source": "Source",
}
"""What the form shows of a record, in the words of the form."""


def contacts_due(known: Library, moment: datetime) -> list[Contact]:
    """Those nobody made sure of lately, the longest unchecked first."""
    since = moment.date() - timedelta(days=CONTACT_CHECK_DAYS)
    due = [contact for contact in known.contacts.values() if not contact.checked or contact.checked < since]
    return sorted(due, key=lambda contact: (contact.checked.isoformat() if contact.checked else "", contact.name))


def change_waits(where: Shelf) -> bool:
    """Whether a change to the contacts waits for approval."""
    return where.read(_WAITING) is not None


@blueprint.get("")
@only("press", "editor")
def everybody() -> ResponseReturnValue:
    """All contacts, those that are due first, and the change that waits."""
    return _page()


@blueprint.post("/<contact>/checked")
@only("press", "editor")
def checked(contact: str) -> ResponseReturnValue:
    """Somebody rang or visited it today, and it is as it says."""
    person = current_person()
    if contact not in library().contacts:
        abort(404)
    try:
        with shelf().turn():
            for file in (CONTACTS, _WAITING):
                if stored := shelf().read(file):
                    text = with_record(stored.text, contact, {"checked": now().date().isoformat()})
                    _write({file: (text, stored.digest)}, f"Checked {contact}")
            if base := shelf().read(CONTACTS):
                _keep_base(base)
    except (CannotSave, Conflict, Refused) as refused:
        return _page(sentence(refused)), 422
    audit().record(person.name, "checked the contact", contact)
    flash(f"Noted: {library().contacts[contact].name} was checked today.")
    return redirect((request.form.get("from") == "front" and "/") or f"/contacts#{contact}", 303)


@blueprint.route("/<contact>", methods=["GET", "POST"])
@only("editor")
def edit(contact: str) -> ResponseReturnValue:
    """Change a contact. It waits for a second person."""
    stored = _working()
    record = next((one for one in read_records(stored.text) if one.get("id") == contact), None) or abort(404)
    values, problem = {name: str(record.get(name, "")) for name in FIELDS}, ""
    if request.method == "POST":
        values = {name: " ".join(request.form.get(name, "").split()) for name in FIELDS}
        try:
            _save(contact, values, request.form.get("base", ""))
            flash("It is saved, and waits for a second person.")
            return redirect("/contacts", 303)
        except (CannotSave, Conflict, Refused, NotAllowed) as refused:
            problem = sentence(refused)
    page = render_template(
        "desk/contact.html", contact=contact, fields=FIELDS, values=values, base=stored.digest, problem=problem
    )
    return page, 422 if problem else 200


@blueprint.post("/approve")
@only("editor")
def approve() -> ResponseReturnValue:
    """Publish the change that waits."""
    person, waiting, public = current_person(), shelf().read(_WAITING) or abort(404), shelf().read(CONTACTS)
    override = request.form.get("reason", "").strip()
    try:
        if person.id in reviews().writers(CONTACTS) and not override:
            raise NotAllowed("You changed this yourself. Somebody else has to approve it.")
        if waiting.digest != request.form.get("seen") or not public:
            raise NotAllowed("It was changed since you read it. Read it again, then decide.")
        if reviews().base(CONTACTS) not in (None, public.digest):
            raise NotAllowed(
                "contacts.yaml was changed outside the desk meanwhile. Throw the change away and make it again."
            )
        read_contacts(waiting.text)
        _write({CONTACTS: (waiting.text, public.digest), _WAITING: (None, waiting.digest)}, "Approve contacts.yaml")
    except (NotAllowed, CannotSave, Conflict, Refused) as refused:
        return _page(sentence(refused)), 422
    verdict = "override" if override else "approved"
    reviews().decide(CONTACTS, waiting.digest, verdict, person.id, person.name, now(), override)  # type: ignore[arg-type]
    audit().record(person.name, "published without a second person" if override else "approved", CONTACTS, override)
    flash("The contacts are live.")
    return redirect("/contacts", 303)


@blueprint.post("/approve-afterwards")
@only("editor")
def approve_afterwards() -> ResponseReturnValue:
    """Stand by what was published without a second person."""
    person, public = current_person(), shelf().read(CONTACTS) or abort(404)
    if person.id in reviews().writers(CONTACTS):
        return _page("You changed this yourself. Somebody else has to approve it."), 422
    reviews().decide(CONTACTS, public.digest, "approved afterwards", person.id, person.name, now())
    audit().record(person.name, "approved afterwards", CONTACTS)
    return redirect("/contacts", 303)


@blueprint.post("/discard")
@only("editor")
def discard() -> ResponseReturnValue:
    """Throw the change away."""
    waiting = shelf().read(_WAITING) or abort(404)
    try:
        _write({_WAITING: (None, waiting.digest)}, "Discard the change to contacts.yaml")
    except (CannotSave, Conflict) as refused:
        return _page(sentence(refused)), 422
    reviews().abandon(CONTACTS)
    audit().record(current_person().name, "threw away", CONTACTS)
    return redirect("/contacts", 303)


def _page(problem: str = "") -> str:
    waiting, public = shelf().read(_WAITING), shelf().read(CONTACTS)
    due = contacts_due(library(), now())
    return render_template(
        "desk/contacts.html",
        due=due,
        others=[contact for contact in library().contacts.values() if contact not in due],
        waiting=waiting,
        parts=compare(public.text, waiting.text) if waiting and public else [],
        own=current_person().id in reviews().writers(CONTACTS),
        flagged=next((one for one in reviews().overrides() if one.file == CONTACTS), None),
        problem=problem,
    )


def _working() -> Stored:
    stored: Stored = shelf().read(_WAITING) or shelf().read(CONTACTS) or abort(404)
    return stored


def _save(contact: str, values: dict[str, str], base: str) -> None:
    person, stored, public = current_person(), _working(), shelf().read(CONTACTS)
    if stored.digest != base:
        raise NotAllowed(
            "Somebody changed the contacts meanwhile. What you typed is below; compare it, and save again."
        )
    text = with_record(stored.text, contact, values)
    read_contacts(text)
    waiting = shelf().read(_WAITING)
    _write({_WAITING: (text, waiting.digest if waiting else None)}, f"Change the contact {contact}")
    reviews().wrote(CONTACTS, person.id, person.name, now(), None if waiting else public.digest if public else None)
    audit().record(person.name, "changed the contact", contact)


def _write(changes: dict[str, Any], message: str) -> None:
    shelf().change(changes, Author(current_person().name), message)
    live().refresh()


def _keep_base(public: Stored) -> None:
    """A date that was added to both versions is no change made outside the desk."""
    if reviews().base(CONTACTS):
        reviews().rebase(CONTACTS, public.digest)
