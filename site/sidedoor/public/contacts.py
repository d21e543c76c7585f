"""Every contact, and its card wherever a page asks for it."""

import html as html_module
import re
from collections.abc import Iterable

from flask import Blueprint, render_template, request
from markupsafe import Markup, escape

from sidedoor.documents.models import Area, Contact
from sidedoor.web.current import current_public, same_for_everyone, site_address
from sidedoor.web.language import translate as _

blueprint = Blueprint("contacts", __name__)
_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_MARK = re.compile(r'<div data-contact="([^"<>]*)"></div>')
_NUMBER = re.compile(r'<div class="(number|call-now)" data-contact="([^"<>]*)">(.*?)</div>', re.DOTALL)


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


@blueprint.route("/contacts", methods=["GET", "POST"])
@same_for_everyone
def index() -> str:
    """All of them, or those for one reader. contacts.js narrows the page down by itself, so that nobody is told of the
    choice; without scripts it is posted: it stands in no address and is not kept.
    """
    public = current_public()
    contacts = list(public.contacts.values())
    areas = [area for area in public.site.areas if any(contact.area == area.name for contact in contacts)]
    near = {area.name: near_to(area.name, public.site.areas) for area in areas}
    used = {audience for contact in contacts for audience in contact.audiences}
    choices = {
        "nation": nations(),
        "audience": [choice for choice in audiences() if choice[0] in used],
        "area": [(area.name, area.name) for area in areas],
    }
    chosen = {name: asked for name, some in choices.items() if (asked := request.form.get(name)) in dict(some)}
    fits = {
        contact.id: fit(contact, chosen.get("nation"), chosen.get("audience"), near.get(chosen.get("area", "")))
        for contact in contacts
    }
    found = [contact for contact in contacts if fits[contact.id] is not None]
    return render_template(
        "contacts.html",
        contacts=sorted(found, key=lambda contact: fits[contact.id] or 0, reverse=True),
        total=len(contacts),
        choices=choices,
        chosen=chosen,
        near_of={contact.id: [name for name, some in near.items() if contact.area in some] for contact in contacts},
    )


def fit(contact: Contact, nation: str | None, audience: str | None, near: set[str] | None) -> int | None:
    """How well a contact fits the reader; None where it does not. contacts.js works it out the same way.

    One near them comes first and one of another area last; then one that is for them alone, and for their nation alone.
    """
    points = 0
    if nation and contact.nations:
        if nation not in contact.nations:
            return None
        points += 2 if len(contact.nations) == 1 else 1
    if audience:
        if audience not in contact.audiences and "everyone" not in contact.audiences:
            return None
        points += 4 if contact.audiences[0] == audience else 2 if audience in contact.audiences else 0
    if near and contact.area:
        points += 8 if contact.area in near else -8
    return points


def near_to(chosen: str, areas: Iterable[Area]) -> set[str]:
    """The areas near to a reader in `chosen`: itself, all it lies within, all that lie within it."""
    within = {area.name: area.within for area in areas}
    near, waiting = set(), [chosen]
    while waiting:
        name = waiting.pop()
        if name in within and name not in near:
            near.add(name)
            waiting += within[name]
    inside = {name for name in within if chosen in within[name]}
    while inside - near:
        near |= inside
        inside = {name for name in within if inside & set(within[name])}
    return near


@blueprint.app_template_filter("with_contacts")
def with_contacts(html: str) -> Markup:
    """A document's HTML as readers may see it now: the cards it asks for, and no link to what is hidden.

    The words of such a link stay, and the link is back with the edition in which its page is open. A contact that no
    longer exists is left out without a trace.
    """

    public = current_public()
    own = site_address()

    def link(found: re.Match[str]) -> str:
        tag, address, words = found[0], html_module.unescape(found[1]), found[2]
        path = address.removeprefix(own) or "/"
        if not path.startswith("/") or path.startswith("//"):
            return tag
        target = public.lead(path)
        if target == path:
            return tag
        if path.partition("#")[0] in html_module.unescape(words):  # the words may be the address itself: <https://…>
            words = str(escape(own + target)) if target else ""
        return f'<a href="{escape(target)}">{words}</a>' if target else words

    html = _LINK.sub(link, html)

    def card(found: re.Match[str]) -> str:
        contact = current_public().contacts.get(found[1])
        return render_template("contact_card.html", contact=contact) if contact else ""

    def number(found: re.Match[str]) -> str:
        contact = current_public().contacts.get(found[2])
        template = {"number": "contact_number.html", "call-now": "contact_call.html"}[found[1]]
        return render_template(template, contact=contact, words=Markup(found[3])) if contact else ""

    return Markup(_NUMBER.sub(number, _MARK.sub(card, html)))


@blueprint.app_template_filter("lead")
def lead(address: str | None) -> str:
    """Where a link to an address of this site may lead now; empty where it would name what is hidden."""
    return (current_public().lead(address) or "") if address else ""


@blueprint.app_template_filter("digits")
def digits(number: str) -> str:
    """What a `tel:` or `sms:` link dials: digits and a leading + only, however the number is grouped for reading."""
    return re.sub(r"[^0-9+]", "", number)
