"""What a new site begins with: a starter of examples/starters, the pages it takes from the example, and what was asked.

Every file is made before any is written, and site.toml is read back as the site itself will read it.
"""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sidedoor.documents.front_matter import read_document
from sidedoor.documents.models import Model, check
from sidedoor.documents.reading import read_contacts, read_facts, read_site
from sidedoor.documents.site import Audience, Emergency, Place, Situation, in_language
from sidedoor.public.addresses import LINKED
from sidedoor.starters import EXAMPLE, EXAMPLES
from sidedoor.starters.carrying import Carried, records

STARTERS = EXAMPLES / "starters"
_SHAPE = STARTERS / "shape"
_FOLDERS = {"help": "/help/", "pages": "/"}
_OWN = ("pages/about.md", "pages/privacy.md")
"""Pages that every owner has to say in words of their own: they come from the shape, never from the example."""


_OWN_WORDS = ("pages/accessibility.md",)
"""What the example says of itself, and a new owner has to look at before saying it: it comes along as a draft."""


class Starter(Model):
    """starter.toml. `like_the_example`: its number to call, places, contacts and help pages hold here, too."""

    country: str = ""
    timezone: str = ""
    exit: tuple[str, ...] = ()
    like_the_example: bool = False
    takes: tuple[str, ...] = ()
    """Files of the example that come along, as they are where they name neither its places nor what is missing."""
    places: tuple[Place, ...] = ()


def names() -> list[str]:
    """What `--for` can be."""
    return sorted(path.parent.name for path in STARTERS.glob("*/starter.toml"))


def starter(name: str) -> Starter:
    """One of `names()`. Raises Refused if its file is wrong."""
    text = (STARTERS / name / "starter.toml").read_text("utf-8")
    return check(Starter, tomllib.loads(text), f"{name}/starter.toml", lambda place: None)


def country_names() -> Mapping[str, str]:
    """Countries by their two letters (ISO 3166)."""
    return {code: name for code, name in Locale("en").territories.items() if re.fullmatch(r"[A-Z]{2}", code)}


def zones_of(country: str) -> list[str]:
    """The time zones of a country, as the time zone database lists them."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.split("\n") if line and not line.startswith("#"))
    return [row[2].strip() for row in rows if row[0] == country]


@dataclass(frozen=True)
class Answers:
    """What whoever runs `init` said."""

    name: str
    organisation: str
    exit: tuple[str, ...]
    country: str
    timezone: str
    url: str = ""
    emergency: str = ""
    emergency_source: str = ""


@dataclass(frozen=True)
class NewSite:
    """Every file of a new site, by its path in the folder."""

    starter: Starter
    answers: Answers
    program: str
    folder: str
    today: date = field(default_factory=date.today)

    @cached_property
    def files(self) -> Mapping[str, str]:
        """Raises Refused where an answer cannot be used."""
        made = {
            "site.toml": self._shaped("site.toml"),
            "contacts.yaml": self._contacts(),
            **dict(self._pages()),
            "README.md": self._shaped("README.md"),
        }
        if facts := self._facts(made):
            made["facts.yaml"] = facts
        read_site(made["site.toml"])
        read_contacts(made["contacts.yaml"])
        return made

    @cached_property
    def _example(self) -> Any:
        return read_site((EXAMPLE / "site.toml").read_text("utf-8"))

    @cached_property
    def _example_contacts(self) -> Mapping[str, Any]:
        return {one.id: one for one in read_contacts((EXAMPLE / "contacts.yaml").read_text("utf-8"))}

    @cached_property
    def _elsewhere(self) -> tuple[str, ...]:
        """Names that are the example's alone: places that its own services are for, those services, and itself."""
        areas = {contact.area for contact in self._example_contacts.values() if contact.area}
        contacts = (one.name for one in self._example_contacts.values() if one.id not in self._contact_ids)
        return (*sorted(areas), self._example.organisation, *contacts)

    @property
    def _emergency(self) -> Emergency | None:
        if self.starter.like_the_example and not self.answers.emergency:
            found: Emergency | None = self._example.emergency
            return found
        return Emergency(number=self.answers.emergency) if self.answers.emergency else None

    @cached_property
    def _audiences(self) -> tuple[Audience, ...]:
        return tuple(one for one in self._example.audiences if in_language(one.name, "en") not in self._elsewhere)

    @cached_property
    def _languages(self) -> tuple[str, ...]:
        return self._example.languages if self.starter.like_the_example else ("en",)

    @cached_property
    def _taken(self) -> tuple[str, ...]:
        """Files of the example that come along."""
        found = {str(path.relative_to(EXAMPLE)) for pattern in self.starter.takes for path in EXAMPLE.glob(pattern)}
        return tuple(sorted(found - set(_OWN)))

    @cached_property
    def _situations(self) -> tuple[Situation, ...]:
        """The example's choices whose pages are there; the first is help now."""
        pages = self._help_pages
        return tuple(one for one in self._example.situations if one.page in pages)

    @cached_property
    def _help_pages(self) -> frozenset[str]:
        taken = {Path(file).stem for file in self._taken if file.startswith("help/")}
        return frozenset(taken | {path.stem for path in (_SHAPE / "help").glob("*.md")})

    @cached_property
    def _contact_ids(self) -> tuple[str, ...]:
        if not self.starter.like_the_example:
            return ("emergency",) if self._emergency else ()
        return tuple(one.id for one in self._example_contacts.values() if not one.area)

    def _contacts(self) -> str:
        if not self.starter.like_the_example:
            return self._shaped("contacts.yaml")
        head, written = records((EXAMPLE / "contacts.yaml").read_text("utf-8"))
        return head + "".join(written[name] for name in self._contact_ids)

    def _pages(self) -> Iterator[tuple[str, str]]:
        own = [str(path.relative_to(_SHAPE)) for path in sorted(_SHAPE.glob("*/*.md"))]
        own = [file for file in own if file not in self._taken]
        paths = {_FOLDERS[Path(file).parts[0]] + Path(file).stem for file in (*self._taken, *own)}
        carried = Carried(self._contact_ids, paths | LINKED, self._elsewhere)
        for file in self._taken:
            text = carried.page((EXAMPLE / file).read_text("utf-8"))
            yield file, _as_draft(text) if file in _OWN_WORDS else text
        for file in own:
            yield file, self._shaped(file)

    def _facts(self, files: Mapping[str, str]) -> str:
        """The facts that the pages print, for the places that this site has."""
        head, written = records((EXAMPLE / "facts.yaml").read_text("utf-8"))
        printed = {
            fact
            for file, text in files.items() if file.endswith(".md") and "/" in file
            for fact in read_document(text, file).values.get("facts", ())
        }  # fmt: skip
        here = {place.id for place in self._places}

        def in_our_places(found: re.Match[str]) -> str:
            kept = [name.strip() for name in found[1].split(",") if name.strip() in here]
            return f"    places: [{', '.join(kept)}]\n" if kept else ""

        kept = "".join(record for name, record in written.items() if name in printed)
        text = head + re.sub(r"    places: \[(.*)\]\n", in_our_places, kept)
        if kept:
            read_facts(text)
        return text if kept else ""

    @property
    def _places(self) -> tuple[Place, ...]:
        return self._example.places if self.starter.like_the_example else self.starter.places

    def _shaped(self, file: str) -> str:
        environment = Environment(  # noqa: S701 - it makes TOML, YAML and Markdown; each value is written as its kind
            loader=FileSystemLoader(_SHAPE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
            keep_trailing_newline=True,
        )  # fmt: skip
        environment.filters |= {"quoted": quoted, "plain": plain, "wording": self._wording, "for_a_shell": shlex.quote}
        return environment.get_template(file).render(
            answers=self.answers, emergency=self._emergency, example=self._example, places=self._places,
            audiences=self._audiences, situations=self._situations, languages=self._languages,
            dates=self._dates(), country=country_names().get(self.answers.country, ""), today=self.today,
            program=self.program, folder=self.folder, like_the_example=self.starter.like_the_example,
            has_help_now="get-help-now" in self._help_pages,
        )  # fmt: skip

    def _dates(self) -> str:
        """English as this country writes it, if it is one of which that is known."""
        tag = f"en-{self.answers.country}"
        try:
            Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            return "en"
        return tag

    def _wording(self, words: Mapping[str, str]) -> str:
        """The owner's words as TOML, in the languages that this site has."""
        kept = {language: said for language, said in words.items() if language in self._languages}
        if len(kept) > 1:
            return "{ " + ", ".join(f"{language} = {quoted(said)}" for language, said in kept.items()) + " }"
        return quoted(in_language(words, "en"))


def _as_draft(text: str) -> str:
    return text.replace("\nstate: published\n", "\nstate: draft\nawaiting_review: true\n", 1)


def quoted(words: str) -> str:
    """Words between quotes, as TOML, YAML and JSON all read them."""
    return json.dumps(words, ensure_ascii=False)


def plain(words: str) -> str:
    """Words that stand in Markdown as they are, whatever signs are in them."""
    words = " ".join(words.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]#|{}])", r"\\\1", words)
