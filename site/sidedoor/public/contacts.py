"""Every contact, and its card wherever a page asks for it."""

import html as html_module
import re
from collections.abc import Iterable, Set

from flask import Blueprint, render_template, request
from markupsafe import Markup, escape

from sidedoor.documents.document import Document
from sidedoor.documents.drawings import drawing
from sidedoor.documents.models import Contact
from sidedoor.documents.site import Area, Audience, Place
from sidedoor.public.pictures import with_pictures
from sidedoor.public.recordings import with_recordings
from sidedoor.web.current import current_edition, current_public, same_for_everyone, site_address
from sidedoor.web.language import current_language, direction, language_name, page_language, said, speaking

blueprint = Blueprint("contacts", __name__)
_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_TAG = re.compile(r"([^<]*)((?:<[^>]*>)?)")
_FIGURE = re.compile(r"(?<![\w#&;])[+(]?\d(?:[\d ():./-]*\d)?(?![\w;])")
"""What is dialled, typed or read off a clock: digits, and the signs between them."""
_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9&;+.'’/@:_-]*[A-Za-z0-9+])?"
_LATIN = re.compile(rf"(?<![\w#&;])(?=[0-9 ]*[A-Za-z])({_WORD}(?: {_WORD})*)(?![\w;])|{_FIGURE.pattern}")
"""The same, or words in Latin letters with their figures, as in the name of a helpline: `LGBT+`."""
_MARK = re.compile(r'<div data-contact="([^"<>]*)"></div>')
_IDEA = re.compile(r'<div class="idea" data-drawing="([\w-]+)">')
_NUMBER = re.compile(r'<div class="(number|call-now)" data-contact="([^"<>]*)">(.*?)</div>', re.DOTALL)


def names_of(offered: Iterable[Place | Audience]) -> list[tuple[str, str]]:
    """Ids and names of the places or audiences that readers choose among, in the language of the page."""
    return [(choice.id, said(choice.name)) for choice in offered]


@blueprint.route("/contacts", methods=["GET", "POST"])
@same_for_everyone
def index() -> str:
    """All contacts, or those for one reader. contacts.js narrows the page down in the browser, so that nobody learns of
    the choice; without scripts the choice is posted: it is in no address and is not stored."""
    public = current_public()
    contacts = list(public.contacts.values())
    areas = [area for area in public.site.areas if any(contact.area == area.name for contact in contacts)]
    near = {area.name: near_to(area.name, public.site.areas) for area in areas}
    used = {audience for contact in contacts for audience in contact.audiences}
    choices = {
        "place": names_of(public.site.places),
        "audience": names_of(audience for audience in public.site.audiences if audience.id in used),
        "area": [(area.name, area.name) for area in areas],
        "speaks": _spoken_languages(contacts),
    }
    chosen = {name: choice for name, options in choices.items() if (choice := request.form.get(name)) in dict(options)}
    everyone = {audience.id for audience in public.site.audiences if audience.everyone}
    place, audience, around = chosen.get("place"), chosen.get("audience"), near.get(chosen.get("area", ""))
    speaks = chosen.get("speaks")
    fits = {contact.id: fit(contact, place, audience, around, everyone, speaks) for contact in contacts}
    fitting = [contact for contact in contacts if fits[contact.id] is not None]
    return render_template(
        "contacts/list.html",
        contacts=sorted(fitting, key=lambda contact: fits[contact.id] or 0, reverse=True),
        total=len(contacts),
        choices=choices,
        chosen=chosen,
        everyone=sorted(everyone),
        near_of={
            contact.id: [name for name, options in near.items() if contact.area in options] for contact in contacts
        },
    )


def fit(
    contact: Contact,
    place: str | None,
    audience: str | None,
    near: set[str] | None,
    everyone: Set[str],
    speaks: str | None = None,
) -> int | None:
    """How well a contact fits a reader; None if it does not. contacts.js works it out in the same way.

    An area near the reader counts most, and another area puts a contact last. Next come the reader's language, and an
    audience that the contact names first; last the place, where it counts more to serve no other. `everyone`: the
    audiences that every reader belongs to.
    """
    points = 0
    if place and contact.places:
        if place not in contact.places:
            return None
        points += 2 if len(contact.places) == 1 else 1
    if audience:
        if audience not in contact.audiences and not everyone & set(contact.audiences):
            return None
        points += 4 if contact.audiences[0] == audience else 2 if audience in contact.audiences else 0
    if speaks:
        if speaks not in contact.languages and not contact.interpreter:
            return None
        points += 4 if speaks in contact.languages else 0
    if near and contact.area:
        points += 8 if contact.area in near else -8
    return points


def _spoken_languages(contacts: Iterable[Contact]) -> list[tuple[str, str]]:
    """The languages in which readers can speak to somebody: those that contacts name and, if any has an interpreter,
    those of the site; none if no contact says anything."""
    all_contacts = list(contacts)
    named = {code for contact in all_contacts for code in contact.languages}
    if any(contact.interpreter for contact in all_contacts):
        named |= set(current_public().site.languages)
    site = current_public().site
    return [(code, language_name(code)) for code in sorted(named - {site.language})]


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


@blueprint.app_template_filter("body")
def body(document: Document) -> Markup:
    """A document's words as readers may see them now, with cards in its own language, whatever page it is on."""
    with speaking(document.language):
        return Markup(with_pictures(with_contacts(document.html)))


@blueprint.app_template_filter("with_contacts")
def with_contacts(html: str) -> Markup:
    """A document's HTML as readers may see it now: with the cards and recordings it asks for, and no link to
    what is hidden.

    The words of such a link stay, and the link is back with the edition in which its page is public. A contact that no
    longer exists is left out without a trace.
    """

    public = current_public()
    own = site_address()

    def link(match: re.Match[str]) -> str:
        tag, address, words = match[0], html_module.unescape(match[1]), match[2]
        path = public.site.path_here(address, own)
        if path is None:
            return tag
        target = public.lead(path, page_language())
        if target == path:
            return tag
        if path.partition("#")[0] in html_module.unescape(words):  # the words may be the address itself: <https://…>
            words = str(escape(own + target)) if target else ""
        return f'<a href="{escape(target)}">{words}</a>' if target else words

    html = with_recordings(_LINK.sub(link, html))
    if direction(current_language()) == "rtl":
        html = _TAG.sub(lambda match: _LATIN.sub(_isolated, match[1]) + match[2], html)

    parts, language = current_edition().parts, current_language()

    def card(match: re.Match[str]) -> str:
        contact = public.contacts.get(match[1])
        key = ("card", match[1], language)
        if contact and key not in parts:
            parts[key] = render_template("contacts/card.html", contact=contact)
        return parts.get(key, "")

    def number(match: re.Match[str]) -> str:
        contact = public.contacts.get(match[2])
        template = {"number": "contacts/number.html", "call-now": "contacts/call.html"}[match[1]]
        return render_template(template, contact=contact, words=Markup(match[3])) if contact else ""

    html = _IDEA.sub(lambda match: f'<div class="idea">{drawing(match[1])}', html)
    return Markup(_NUMBER.sub(number, _MARK.sub(card, html)))


def _isolated(match: re.Match[str]) -> str:
    if match[1] is None:
        return f'<bdi dir="ltr">{match[0]}</bdi>'
    return f'<span lang="{current_public().site.language}" dir="ltr">{match[0]}</span>'


@blueprint.app_template_filter("lead")
def lead(address: str | None) -> str:
    """Where a link to an address of this site may lead now; empty if it would name what is hidden."""
    return (current_public().lead(address, page_language()) or "") if address else ""


@blueprint.app_template_filter("digits")
def digits(number: str) -> str:
    """What a `tel:` or `sms:` link dials (RFC 3966): the number without the signs that group it for reading.

    The 0 of `+44 (0)20` is for people who dial without the country's code.
    """
    number = number.replace("(0)", "") if number.startswith("+") else number
    return re.sub(r"[^0-9+*#]", "", number).replace("#", "%23")
