"""The menu of every page: `[menu]` of site.toml, or what most sites have."""

from collections.abc import Mapping

from sidedoor.documents.fixed_addresses import CHAT, LINKED
from sidedoor.documents.library import PublicLibrary
from sidedoor.documents.site import Site
from sidedoor.web.language import marked, said
from sidedoor.web.language import translate as _

NOTICE_PAGE = "/safer-browsing"
"""The page that the notice about “Hide this page” leads to."""
PAGES = (
    "/help", "/contacts", NOTICE_PAGE, "/search", "/news", "/chat", "/feedback", "/about", "/accessibility", "/privacy",
)  # fmt: skip


def menu_pages(site: Site) -> tuple[str, ...]:
    """Addresses, in order, whether or not they exist."""
    return site.menu.pages if site.menu else PAGES


def menu(public: PublicLibrary, language: str) -> list[tuple[str, str]]:
    """Addresses and names in `language`. Help now comes first; what readers cannot open is left out."""
    site = public.site
    own = site.menu.names if site.menu else {}
    usual = _usual_names(site.chat is not None)
    entries = {public.help_now(language): _("Help now")}
    for path in menu_pages(site):
        address = public.in_language(path, language)
        document = public.by_path.get(address) or public.borrowed(address)
        if document is None and (path not in LINKED or (path == CHAT and not site.chat)):
            continue
        name = said(own[path]) if path in own else usual.get(path)
        entries.setdefault(address, name or (marked(document.title, document.language) if document else path))
    return list(entries.items())


def _usual_names(has_chat: bool) -> Mapping[str, str]:
    return {
        "/": _("Start"),
        "/help": _("All topics"),
        "/contacts": _("Contacts"),
        NOTICE_PAGE: _("Using the internet"),
        "/search": _("Search"),
        "/news": _("News"),
        "/chat": _("Questions?"),
        "/feedback": _("Write to us") if has_chat else _("Questions? Feedback?"),
        "/about": _("About"),
        "/accessibility": _("Accessibility"),
        "/privacy": _("Privacy"),
    }
