"""Every helpline, and the card of each one wherever a page asks for it."""

import re

from flask import Blueprint, render_template
from markupsafe import Markup

from sidedoor.public.current import current_public, same_for_everyone
from sidedoor.public.language import translate as _

blueprint = Blueprint("contacts", __name__)
_MARK = re.compile(r'<div data-contact="([^"<>]*)"></div>')


def nations() -> list[tuple[str, str]]:
    """Ids and names of the nations that contacts are for."""
    return [
        ("england", _("England")),
        ("wales", _("Wales")),
        ("scotland", _("Scotland")),
        ("northern-ireland", _("Northern Ireland")),
    ]


def audiences() -> list[tuple[str, str]]:
    """Ids and names of who contacts are for."""
    return [
        ("everyone", _("Everyone")),
        ("women", _("Women")),
        ("men", _("Men")),
        ("lgbt", _("LGBT+ people")),
        ("deaf", _("Deaf people")),
        ("older", _("Older people")),
        ("children", _("Children and young people")),
        ("friends", _("Friends and family")),
        ("own-behaviour", _("My own behaviour")),
        ("stalking", _("Being followed or watched")),
        ("family-pressure", _("Family pressure")),
        ("images", _("Private pictures")),
        ("legal", _("The law and courts")),
        ("housing", _("A place to stay")),
        ("money", _("Money")),
        ("disabled", _("Disabled people")),
        ("papers", _("Papers and status")),
        ("crisis", _("When it is all too much")),
        ("pets", _("Pets")),
        ("local", _("Hampshire and the Isle of Wight")),
    ]


@blueprint.get("/contacts")
@same_for_everyone
def index() -> str:
    """All of them; the page narrows them down by itself, so that nobody is told of the choice."""
    contacts = list(current_public().contacts.values())
    used = {audience for contact in contacts for audience in contact.audiences}
    return render_template(
        "contacts.html",
        contacts=contacts,
        nations=nations(),
        audiences=[choice for choice in audiences() if choice[0] in used],
    )


@blueprint.app_template_filter("with_contacts")
def with_contacts(html: str) -> Markup:
    """A document's HTML with the cards it asks for. A contact that no longer exists leaves no gap and no guess."""

    def card(found: re.Match[str]) -> str:
        contact = current_public().contacts.get(found[1])
        return render_template("contact_card.html", contact=contact) if contact else ""

    return Markup(_MARK.sub(card, html))


@blueprint.app_template_filter("digits")
def digits(number: str) -> str:
    """What a `tel:` or `sms:` link dials: digits and a leading + only, however the number is grouped for reading."""
    return re.sub(r"[^0-9+]", "", number)
