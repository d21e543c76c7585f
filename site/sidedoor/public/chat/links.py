"""Finds what an adviser's words name: pages of this site, numbers to call, addresses of other sites.

The words stay as they were written; parts of them become links. A reader's own words get no links, so that a slip of
the thumb on something they pasted leads nowhere.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from sidedoor.documents.fixed_addresses import LINKED, SPOKEN
from sidedoor.documents.library import PublicLibrary
from sidedoor.public.contacts import digits

_NAMED = re.compile(
    r"(?P<web>https?://[^\s<>\"“”]+)"
    r"|(?<![\w/.])(?P<own>/[a-z0-9][a-z0-9/_-]*)"
    r"|(?<![\w/.:+-])(?P<number>\+?\d[\d ()-]*\d)(?![\w/:-])"
)
_END = ".,;:!?)]}’'"
_FEWEST, _MOST = 9, 15
"""The fewest and most digits of a number that is dialled although no contact has it (E.164 has at most fifteen)."""


@dataclass(frozen=True)
class Part:
    """A piece of a message. `href` is empty for plain words; `away`: it leads to another site."""

    text: str
    href: str = ""
    away: bool = False


def parts(text: str, public: PublicLibrary, hosts: frozenset[str], language: str) -> list[Part]:
    """Split `text` into parts, which joined are `text` again. `hosts`: the names of this site.

    A page is named by its address in the site's own language, or in any. The link leads to it in the reader's
    `language`, if it has the page: an adviser need not know.
    """
    pieces, at = [], 0
    for match in _NAMED.finditer(text):
        for start, part in _links(match, public, hosts, language):
            if start > at:
                pieces.append(Part(text[at:start]))
            pieces.append(part)
            at = start + len(part.text)
    if at < len(text):
        pieces.append(Part(text[at:]))
    return pieces


def named(messages: list[list[Part]]) -> list[Part]:
    """The pages and numbers that messages name, each once; not other sites, which we cannot vouch for."""
    return list({part.href: part for message in messages for part in message if part.href and not part.away}.values())


def _links(
    match: re.Match[str], public: PublicLibrary, hosts: frozenset[str], language: str
) -> Iterator[tuple[int, Part]]:
    start = match.start()
    if web := match["web"]:
        address = web.rstrip(_END)
        at_host, path = _split(address)
        if at_host in hosts and _is_ours(path, public):
            yield start, Part(address, public.in_language(path, language))
        elif at_host and at_host not in hosts:
            yield start, Part(address, address, away=True)
    elif own := match["own"]:
        own = own.rstrip("/") if not _is_ours(own, public) else own
        if _is_ours(own, public):
            yield start, Part(own, public.in_language(own, language))
    else:
        yield from _numbers(match["number"], start, public)


def _numbers(written: str, start: int, public: PublicLibrary) -> Iterator[tuple[int, Part]]:
    """The number as a whole; if it is not one number, each of those that are written side by side."""
    if href := _dialled(written, public):
        yield start, Part(written, href)
    elif " " in written:
        for match in re.finditer(r"\S+", written):
            if href := _dialled(match[0], public):
                yield start + match.start(), Part(match[0], href)


def _dialled(written: str, public: PublicLibrary) -> str:
    number = digits(written)
    called = {digits(contact.phone) for contact in public.contacts.values() if contact.phone}
    if public.site.emergency:
        called.add(digits(public.site.emergency.number))
    if number in called:
        return f"tel:{number}"
    if number in {digits(contact.text) for contact in public.contacts.values() if contact.text}:
        return f"sms:{number}"
    return f"tel:{number}" if number[0] in "+0" and _FEWEST <= len(number.lstrip("+")) <= _MOST else ""


def _is_ours(path: str, public: PublicLibrary) -> bool:
    folder, rest = public.split(path)
    return path in public.by_path or rest in (SPOKEN if folder else LINKED) or bool(public.borrowed(path))


def _split(address: str) -> tuple[str, str]:
    try:
        split = urlsplit(address)
        return split.hostname or "", address.partition(split.netloc)[2] or "/"
    except ValueError:  # no address after all
        return "", ""
