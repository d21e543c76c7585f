"""The choice of language on every page: each language by its own name, and the address of the same page in it."""

from dataclasses import dataclass

from sidedoor.documents.fixed_addresses import CHAT, SPOKEN
from sidedoor.documents.library import PublicLibrary
from sidedoor.web.language import N_, language_name, translations

OFFER = N_("Read in English")
"""What a browser that asks for a language is offered, in that language: “Czytaj po polsku”. Each catalogue names its
own."""


@dataclass(frozen=True)
class LanguageChoice:
    """A language, and the address in it; or a form of the site's own language. `offer` is empty for a form, and if the
    language's catalogue has no words for it."""

    code: str
    name: str
    path: str
    offer: str
    is_form: bool = False


def language_choices(public: PublicLibrary, here: str, spoken: str) -> list[LanguageChoice]:
    """Every language, with the `spoken` one of the address `here` first, and the forms; none if the site has only
    one."""
    codes = [spoken, *(code for code in public.site.languages if code != spoken)]
    choices = [LanguageChoice(code, language_name(code), _same(public, here, code), _offer(code)) for code in codes]
    own = public.site.language
    choices += [
        LanguageChoice(own, form.name, _in_form(public, code), "", True) for code, form in public.site.forms.items()
    ]
    return [choice for choice in choices if choice.path] if len(choices) > 1 else []


def _in_form(public: PublicLibrary, form: str) -> str:
    """Where a form begins: with help now, or else with its first page; empty if it has none."""
    pages = public.form_pages.get(form, ())
    address = f"/{form}{public.help_now(public.site.language)}"
    return address if address in pages else next(iter(pages), "")


def _same(public: PublicLibrary, here: str, code: str) -> str:
    """The same page in another language. A page that a language lacks, or that does not exist, leads to its front page:
    an error page never repeats the requested address."""
    rest, front = public.split(here)[1], public.in_language("/", code)
    if rest.startswith("/news"):
        return public.own_versions(here).get(code, front)
    rest = CHAT if rest.startswith(f"{CHAT}/") else rest
    address = public.in_language(rest, code)
    exists = address in public.by_path or public.borrowed(address) or rest in SPOKEN
    return address if exists else front


def _offer(code: str) -> str:
    words = translations(code).gettext(OFFER)
    return words if words != OFFER or code.split("-")[0] == "en" else ""
