"""The desk's front page, which says what there is to do."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, staff
from sidedoor.desk.contacts.views import contacts_due
from sidedoor.desk.current import contact_steps, item_steps, library, now, reviews, shelf, the_desk
from sidedoor.desk.feedback.views import unanswered
from sidedoor.desk.items.calendar import by_month
from sidedoor.desk.items.effect_words import in_approving_words, in_contacts_words
from sidedoor.desk.items.files import CannotSave
from sidedoor.desk.items.listing import Row, due, rows
from sidedoor.desk.items.steps import WRITERS
from sidedoor.desk.notices.views import events_of
from sidedoor.desk.people.person import Person
from sidedoor.desk.translations.views import translations_waiting
from sidedoor.documents.document import kind_of
from sidedoor.documents.ledger import facts_due, pages_of
from sidedoor.documents.problems import Level, Problem, Refused
from sidedoor.documents.reading import CONTACTS, FACTS
from sidedoor.public.site_checks import check_site
from sidedoor.web.language import awaiting_review

blueprint = Blueprint("front", __name__)
_A_LIST = 12


@blueprint.get("/")
@staff
def to_do() -> ResponseReturnValue:
    """Show what waits for this person, what is due, and what goes live next."""
    person = current_person()
    if not person.may("press", "editor"):
        return render_template("desk/welcome.html")
    items = rows(library(), shelf(), reviews(), now(), person)
    mine = {row.file for row in items if person.id in reviews().writers(row.file)}
    waiting = [row for row in items if row.needs_approval]
    # The editor shows what a draft still lacks.
    drafts = {row.file for row in items if row.standing in ("draft", "ready")}
    reported = [*_site_problems(), *due(library(), shelf(), now())]
    problems = [problem for problem in reported if problem.file not in drafts and _concerns(problem.file, person)]
    wrong = [problem for problem in problems if problem.level is Level.ERROR]
    # Contacts and facts that are due have separate lists.
    later = [
        problem for problem in problems if problem.level is not Level.ERROR and problem.file not in (CONTACTS, FACTS)
    ]
    return render_template(
        "desk/front.html",
        happened=events_of(person),
        feedback=unanswered(),
        waiting=waiting,
        effects={row.file: _effect(row) for row in waiting},
        mine=mine,
        flagged=[row for row in items if row.flagged],
        contacts_flagged=reviews().alone(CONTACTS) is not None,
        drafts=[row for row in items if row.standing == "draft" or row.waiting == "draft"][:_A_LIST],
        coming=by_month(items, now().astimezone(library().site.zone)),
        contacts=contacts_due(library(), now()),
        contacts_wait=_contacts_effect(),
        translations=translations_waiting(),
        wrong=wrong[:_A_LIST],
        items={row.file: row for row in items},
        due=later[:_A_LIST],
        more_due=max(0, len(later) - _A_LIST),
        facts=[(fact, pages_of(fact, library())) for fact in facts_due(library(), now())],
    )


def _concerns(file: str, person: Person) -> bool:
    kind = kind_of(file)
    return kind is None or person.may(*WRITERS[kind])


def _site_problems() -> list[Problem]:
    """What `sidedoor check` says about the whole site: menu, languages, colours, and remains of the site it was copied
    from."""
    desk = the_desk()
    return [*check_site(library(), now, desk.content, desk.settings.https), *awaiting_review(library().site.languages)]


def _effect(row: Row) -> str:
    try:
        item = item_steps().find(row.kind, row.slug)
        return in_approving_words(item_steps().effect(item), library().site) if item else ""
    except (Refused, CannotSave):
        return ""


def _contacts_effect() -> str:
    """What approving the waiting change to the contacts would do; empty if none waits."""
    if not contact_steps().waiting():
        return ""
    try:
        return in_contacts_words(contact_steps().effect())
    except (Refused, CannotSave):
        return "it cannot be read"
