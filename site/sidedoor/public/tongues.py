"""The choice of language on every page: each language by its own name, and where the same page is in it."""

from dataclasses import dataclass

from sidedoor.documents.library import SPOKEN_PLACES, PublicLibrary
from sidedoor.web.language import N_, language_name, translations

OFFER = N_("Read in English")
"""What a browser that asks for a language is offered, in it: “Czytaj po polsku”. Each catalogue names its own."""


@dataclass(frozen=True)
class Tongue:
    """A language, and the address in it; or a form of the site's own. `offer` is empty where its catalogue has no words
    for that, and of a form."""

    code: str
    name: str
    path: str
    offer: str
    is_form: bool = False


def tongues(public: PublicLibrary, here: str, spoken: str) -> list[Tongue]:
    """Every language, the one `spoken` at the address `here` first, and the forms; none where the site has no other."""
    codes = [spoken, *(code for code in public.site.languages if code != spoken)]
    found = [Tongue(code, language_name(code), _same(public, here, code), _offer(code)) for code in codes]
    own = public.site.language
    found += [Tongue(own, form.name, _in_form(public, code), "", True) for code, form in public.site.forms.items()]
    return [one for one in found if one.path] if len(found) > 1 else []


def _in_form(public: PublicLibrary, form: str) -> str:
    """Where a form begins: with help now, or with the first page that it has; empty where it has none."""
    pages = public.form_pages.get(form, ())
    there = f"/{form}{public.help_now(public.site.language)}"
    return there if there in pages else next(iter(pages), "")


def _same(public: PublicLibrary, here: str, code: str) -> str:
    """The same page in another language. What a language has not, and what is nowhere, leads to its front page: an
    error page repeats no address that it was asked for."""
    rest, front = public.split(here)[1], public.in_language("/", code)
    if rest.startswith("/news"):
        return public.own_versions(here).get(code, front)
    rest = "/chat" if rest.startswith("/chat/") else rest
    there = public.in_language(rest, code)
    is_there = there in public.by_path or public.borrowed(there) or rest in SPOKEN_PLACES
    return there if is_there else front


def _offer(code: str) -> str:
    words = translations(code).gettext(OFFER)
    return words if words != OFFER or code.split("-")[0] == "en" else ""
