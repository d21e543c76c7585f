"""The addresses that the public site has whatever documents there are, in one table, and those of its lists of news.

They stand here, and not in public/, because a link to one of them is never a link to a hidden document (see
library.py). public/addresses.py makes all addresses of a site from these and its documents.
"""

import re
from dataclasses import dataclass

HEALTH = "/healthz"
"""Where monitors ask: the public site, the desk, and SIDEDOOR_MONITOR."""
AWAY = "/w"
"""Leads to the exit (see public/exit.py). A short address that says nothing: it may stay in a history."""
CHAT = "/chat"
HIDE_CONVERSATION = "/chat/hide"
"""Where a conversation ends and its reader leaves: by a beacon (POST) or, without scripts, by the link itself (GET)."""
PACK, PACK_REST = "/pack", "/pack-rest"
"""Each language with pages has its own (see public/pack.py)."""


@dataclass(frozen=True)
class FixedAddress:
    """An address that exists whatever documents there are.

    `listed`: in the sitemap. `linked`: pages may link to it. `spoken`: it exists in every language. `form`: it shows or
    takes a form, so a web server passes every request on to the application. `mirrored`: a file in the mirror. `live`:
    the mirror's copy only says where the live one is. `of_chat`: it exists only if the site has a chat. `personal`:
    its answer is for one reader, so it is never remembered, and a mistyped address is not redirected to it.
    `at_once`: it is answered apart from all else, because scripts request it all the time, or because somebody who
    hides must not wait behind those who search. It has to cost little: a flood of it must not hold up the others.
    """

    path: str
    listed: bool = False
    linked: bool = False
    spoken: bool = False
    form: bool = False
    mirrored: bool = True
    live: bool = False
    of_chat: bool = False
    personal: bool = False
    at_once: bool = False


def _step(path: str, at_once: bool = False) -> FixedAddress:
    return FixedAddress(path, form=True, mirrored=False, of_chat=True, personal=True, at_once=at_once)


FIXED_ADDRESSES = (
    FixedAddress("/", listed=True, linked=True, spoken=True),
    FixedAddress("/help", listed=True, linked=True, spoken=True),
    FixedAddress("/contacts", listed=True, linked=True, spoken=True, form=True),
    FixedAddress("/news", listed=True, linked=True),
    FixedAddress("/news/rss.xml"),
    FixedAddress("/news/atom.xml"),
    FixedAddress("/news/feed.json"),
    FixedAddress("/search", linked=True, spoken=True, form=True, live=True),
    FixedAddress("/feedback", linked=True, spoken=True, form=True, live=True),
    FixedAddress("/feedback/press", linked=True, form=True, live=True),
    FixedAddress("/pack.js"),
    FixedAddress("/feedback/sent", spoken=True, form=True, mirrored=False),
    FixedAddress("/journalists", listed=True, linked=True),
    FixedAddress(CHAT, linked=True, spoken=True, form=True, live=True, of_chat=True),
    FixedAddress("/chat.js", mirrored=False, of_chat=True),
    FixedAddress("/sitemap.xml"),
    FixedAddress("/robots.txt"),
    FixedAddress("/.well-known/security.txt"),
    FixedAddress(AWAY),
    FixedAddress(HEALTH, mirrored=False),
    FixedAddress("/favicon.ico", mirrored=False),
    _step(f"{CHAT}/start"),
    _step(f"{CHAT}/wait"),
    _step(f"{CHAT}/messages", at_once=True),
    _step(f"{CHAT}/say", at_once=True),
    _step(f"{CHAT}/draft"),
    _step(f"{CHAT}/here"),
    _step(f"{CHAT}/open"),
    _step(f"{CHAT}/end"),
    _step(f"{CHAT}/how"),
    _step(HIDE_CONVERSATION, at_once=True),
)
LISTED = tuple(address.path for address in FIXED_ADDRESSES if address.listed)
LINKED = frozenset(address.path for address in FIXED_ADDRESSES if address.linked)
SPOKEN = frozenset(address.path for address in FIXED_ADDRESSES if address.spoken)

_FEEDS = frozenset(address.path for address in FIXED_ADDRESSES if address.path.startswith("/news/"))
_FURTHER_LIST = re.compile(r"/news/(?:\d{4}(?:/page/\d+)?|page/\d+)")
_TOP_LEVEL = frozenset(path.split("/")[1] for path in {*LINKED, PACK})


def is_list_of_news(path: str) -> bool:
    """Whether `path` is that of a list or feed of news in the site's own language, whatever news there is."""
    return path == "/news" or path in _FEEDS or _FURTHER_LIST.fullmatch(path) is not None


def list_of_news(path: str, year: int | None = None, page: int = 1) -> str:
    """The address of a further list: of a `year`, or a further page of a list. `path`: the list of a language."""
    of_year = path if year is None else f"{path}/{year}"
    return of_year if page == 1 else f"{of_year}/page/{page}"


def usual_form(path: str, language: str) -> str:
    """A path as this site writes it: without capitals, doubled slashes, slashes at its end, or the site's own
    `language` in front. The site redirects there."""
    usual = re.sub(r"/{2,}", "/", path.lower()).rstrip("/") or "/"
    return usual[len(language) + 1 :] or "/" if f"{usual}/".startswith(f"/{language}/") else usual


def may_be_document(path: str) -> bool:
    """Whether a path could be that of a document, shown or not: `/help/…`, `/news/…`, or a page at the top level."""
    first, _, rest = path.removeprefix("/").rstrip("/").partition("/")
    if first == "news" and rest:
        return not is_list_of_news(path)
    return bool(rest) if first == "help" else bool(first) and not rest and first not in _TOP_LEVEL
