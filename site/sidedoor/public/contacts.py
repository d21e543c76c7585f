"""Every contact, and its card wherever a page asks for it."""

import html as html_module
import re
from collections.abc import Iterable

from flask import Blueprint, render_template, request
from markupsafe import Markup, escape

from sidedoor.documents.models import Area
from sidedoor.web.current import current_public, same_for_everyone, site_address
from sidedoor.web.language import translate as _

blueprint = Blueprint("contacts", __name__)
_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_MARK = re.compile(r'<div data-contact="([^"<>]*)"></div>')
_NUMBER = re.compile(r'<div class="number" data-contact="([^"<>]*)">(.*?)</div>', re.DOTALL)


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
    """All of them; the page narrows them down by itself, so that nobody is told of the choice.

    Areas are many and each site's own, so the one a reader picks is posted: it stands in no address and is not kept.
    """
    public = current_public()
    contacts = list(public.contacts.values())
    areas = [area for area in public.site.areas if any(contact.area == area.name for contact in contacts)]
    chosen = request.form.get("area", "")
    near = near_to(chosen, public.site.areas)
    used = {audience for contact in contacts for audience in contact.audiences}
    return render_template(
        "contacts.html",
        near=[contact for contact in contacts if contact.area in near],
        contacts=[contact for contact in contacts if contact.area not in near],
        areas=areas,
        chosen=chosen if near else "",
        nations=nations(),
        audiences=[choice for choice in audiences() if choice[0] in used],
    )


def near_to(chosen: str, areas: Iterable[Area]) -> set[str]:
    """The areas that are near for whoever is in `chosen`: itself, all it lies within, all that lie within it."""
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
    longer exists leaves no gap and no guess.
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
        if path.partition("#")[0] in html_module.unescape(words):  # an address may stand as the words: <https://…>
            words = str(escape(own + target)) if target else ""
        return f'<a href="{escape(target)}">{words}</a>' if target else words

    html = _LINK.sub(link, html)

    def card(found: re.Match[str]) -> str:
        contact = current_public().contacts.get(found[1])
        return render_template("contact_card.html", contact=contact) if contact else ""

    def number(found: re.Match[str]) -> str:
        contact = current_public().contacts.get(found[1])
        return render_template("contact_number.html", contact=contact, words=Markup(found[2])) if contact else ""

    return Markup(_NUMBER.sub(number, _MARK.sub(card, html)))


@blueprint.app_template_filter("lead")
def lead(address: str | None) -> str:
    """Where a link to an address of this site may lead now; empty where it would name what is hidden."""
    return (current_public().lead(address) or "") if address else ""


@blueprint.app_template_filter("digits")
def digits(number: str) -> str:
    """What a `tel:` or `sms:` link dials: digits and a leading + only, however the number is grouped for reading."""
    return re.sub(r"[^0-9+]", "", number)
