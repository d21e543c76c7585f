"""The pages of a person's notices, and of their choice how mail tells them."""

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, staff
from sidedoor.desk.current import audit, library, notices, now, the_desk
from sidedoor.desk.notices.due import MAY_BE_TOLD
from sidedoor.desk.notices.letters import CHOICES, FOR_ONE, HOWS, TEST
from sidedoor.desk.notices.mail import NotTaken, hand_in, message_of
from sidedoor.desk.notices.seen import comments_seen
from sidedoor.desk.notices.store import EVENTS, Kind, Letter, Notice, Wishes
from sidedoor.desk.notices.store import HOWS as HOW_NAMES
from sidedoor.desk.people.person import Person
from sidedoor.desk.refusal_words import STOPS, sentence
from sidedoor.desk.refusals import Refusal, Stopped
from sidedoor.documents.models import is_mail_address

blueprint = Blueprint("notices", __name__, url_prefix="/notices")


@blueprint.get("")
@staff
def everything() -> ResponseReturnValue:
    """Show all notices of this person, and how they wish to be told."""
    return _page()


@blueprint.get("/<notice>")
@staff
def notice_page(notice: str) -> ResponseReturnValue:
    """Lead from a mail to the page it is about. The mail cannot name that page, as a page's address shows its title."""
    person = current_person()
    match = notices().find(person.id, notice)
    if not match:
        flash("It is settled already: somebody else did it, or you have seen it.")
        return redirect("/notices", 303)
    notices().mark_seen(person.id, [match.id])
    return redirect(match.path, 303)


@blueprint.post("/seen")
@staff
def seen() -> ResponseReturnValue:
    """Mark everything that happened as seen."""
    person = current_person()
    standing = notices().of(person.id)
    comments_seen({notice.about for notice in standing if notice.kind is Kind.COMMENT})
    notices().mark_seen(person.id, [notice.id for notice in standing])
    return redirect("/notices", 303)


@blueprint.post("/wishes")
@staff
def wishes() -> ResponseReturnValue:
    """Store how this person wishes to be told."""
    person, address = current_person(), request.form.get("address", "").strip()
    chosen = {kind: how for kind in _kinds(person) if (how := request.form.get(kind.value)) in HOW_NAMES}
    try:
        if address and not is_mail_address(address):
            raise Stopped(Refusal.NOT_A_MAIL_ADDRESS, written=address[:80])
        with audit().recorded(person.name, "changed how they are told", person.name):
            notices().wish(person.id, address, chosen, now().astimezone(library().site.zone).date())
    except STOPS as stopped:
        return _page(sentence(stopped), Wishes(address, chosen)), 422
    flash("Kept. From now on you are told like this." if address else "Kept. You are told at the desk alone.")
    return redirect("/notices", 303)


@blueprint.post("/test")
@staff
def test() -> ResponseReturnValue:
    """Send this person a mail now, and show what the server answers."""
    person, desk = current_person(), the_desk()
    address = notices().wishes(person.id).address
    if not address:
        return _page("Write your address first, and keep it."), 422
    letter = Letter(f"test-{now():%Y%m%d%H%M%S}-{person.id}", person.id, *TEST, now(), 1)
    try:
        with audit().recorded(person.name, "sent a test mail", person.name):
            hand_in(desk.settings, message_of(desk.settings, letter, address, library().site.name))
    except NotTaken as problem:
        return _page(sentence(problem)), 422
    flash(f"The mail server took it. Look into the mailbox of {address}.")
    return redirect("/notices", 303)


def events_of(person: Person) -> list[tuple[Notice, str, str]]:
    """Return what happened to this person's items that they have not seen: each notice, its words and its title."""
    return [entry for entry in _in_words(person) if entry[0].kind in EVENTS]


def _in_words(person: Person) -> list[tuple[Notice, str, str]]:
    titles = {document.file: document.title for document in library().documents}
    return [
        (notice, FOR_ONE[notice.kind], titles.get(notice.about, ""))
        for notice in notices().of(person.id)
        if person.may(*MAY_BE_TOLD[notice.kind])
    ]


def _kinds(person: Person) -> list[Kind]:
    return [kind for kind, roles in MAY_BE_TOLD.items() if person.may(*roles)]


def _page(problem: str = "", typed: Wishes | None = None) -> str:
    person = current_person()
    if not (kinds := _kinds(person)) and problem:
        abort(422)
    stored = notices().wishes(person.id)
    trouble = Refusal(stored.trouble) if stored.trouble in list(Refusal) else None
    shown = typed or stored
    return render_template(
        "desk/notices/list.html",
        problem=problem,
        listed=_in_words(person),
        events=EVENTS,
        kinds=[(kind, CHOICES[kind], shown.kinds.get(kind) or Wishes().kinds[kind]) for kind in kinds],
        hows=HOWS,
        address=shown.address,
        mail=the_desk().settings.mail_server is not None,
        trouble=trouble,
    )
