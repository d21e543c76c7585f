"""Makes a new site from a starter of examples/starters, the pages it takes from the example, and the owner's answers.

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

from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.front_matter import read_document
from sidedoor.documents.models import Model, check
from sidedoor.documents.reading import read_contacts, read_facts, read_site
from sidedoor.documents.site import Audience, Emergency, Place, Situation, in_language
from sidedoor.example import EXAMPLE, EXAMPLES
from sidedoor.starters.carrying import Carried, records

STARTERS = EXAMPLES / "starters"
_SHAPE = STARTERS / "shape"
_FOLDERS = {"help": "/help/", "pages": "/"}
_OWN = ("pages/about.md", "pages/privacy.md")
"""Pages that every owner has to write: they come from the shape, never from the example."""


_OWN_WORDS = ("pages/accessibility.md",)
"""Pages in which the example describes itself: a new owner has to review them first, so they come along as drafts."""


class Starter(Model):
    """starter.toml. `like_the_example`: the example's emergency number, places, contacts and help pages apply here,
    too."""

    country: str = ""
    timezone: str = ""
    exit: tuple[str, ...] = ()
    like_the_example: bool = False
    takes: tuple[str, ...] = ()
    """Files of the example to carry over, without what names its places or what is missing here."""
    places: tuple[Place, ...] = ()


def names() -> list[str]:
    """The choices for `--for`."""
    return sorted(path.parent.name for path in STARTERS.glob("*/starter.toml"))


def starter(name: str) -> Starter:
    """The starter with one of `names()`. Raises Refused if its file is wrong."""
    text = (STARTERS / name / "starter.toml").read_text("utf-8")
    return check(Starter, tomllib.loads(text), f"{name}/starter.toml", lambda place: None)


def country_names() -> Mapping[str, str]:
    """Names of countries by their two letters (ISO 3166)."""
    return {code: name for code, name in Locale("en").territories.items() if re.fullmatch(r"[A-Z]{2}", code)}


def zones_of(country: str) -> list[str]:
    """The time zones of a country, as the time zone database lists them."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.split("\n") if line and not line.startswith("#"))
    return [row[2].strip() for row in rows if row[0] == country]


@dataclass(frozen=True)
class Answers:
    """The answers of the person who runs `init`."""

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
        """The text of each file. Raises Refused if an answer cannot be used."""
        files = {
            "site.toml": self._shaped("site.toml"),
            "contacts.yaml": self._contacts(),
            **dict(self._pages()),
            "README.md": self._shaped("README.md"),
        }
        if facts := self._facts(files):
            files["facts.yaml"] = facts
        read_site(files["site.toml"])
        read_contacts(files["contacts.yaml"])
        return files

    @cached_property
    def _example(self) -> Any:
        return read_site((EXAMPLE / "site.toml").read_text("utf-8"))

    @cached_property
    def _example_contacts(self) -> Mapping[str, Any]:
        return {contact.id: contact for contact in read_contacts((EXAMPLE / "contacts.yaml").read_text("utf-8"))}

    @cached_property
    def _elsewhere(self) -> tuple[str, ...]:
        """Names that belong only to the example: the places that its own services serve, those services, and itself."""
        areas = {contact.area for contact in self._example_contacts.values() if contact.area}
        contacts = (contact.name for contact in self._example_contacts.values() if contact.id not in self._contact_ids)
        return (*sorted(areas), self._example.organisation, *contacts)

    @property
    def _emergency(self) -> Emergency | None:
        if self.starter.like_the_example and not self.answers.emergency:
            emergency: Emergency | None = self._example.emergency
            return emergency
        return Emergency(number=self.answers.emergency) if self.answers.emergency else None

    @cached_property
    def _audiences(self) -> tuple[Audience, ...]:
        return tuple(
            audience for audience in self._example.audiences if in_language(audience.name, "en") not in self._elsewhere
        )

    @cached_property
    def _languages(self) -> tuple[str, ...]:
        return self._example.languages if self.starter.like_the_example else ("en",)

    @cached_property
    def _taken(self) -> tuple[str, ...]:
        """Files of the example that are carried over."""
        files = {str(path.relative_to(EXAMPLE)) for pattern in self.starter.takes for path in EXAMPLE.glob(pattern)}
        return tuple(sorted(files - set(_OWN)))

    @cached_property
    def _situations(self) -> tuple[Situation, ...]:
        """The example's choices whose pages exist here; the first is help now."""
        pages = self._help_pages
        return tuple(situation for situation in self._example.situations if situation.page in pages)

    @cached_property
    def _help_pages(self) -> frozenset[str]:
        taken = {Path(file).stem for file in self._taken if file.startswith("help/")}
        return frozenset(taken | {path.stem for path in (_SHAPE / "help").glob("*.md")})

    @cached_property
    def _contact_ids(self) -> tuple[str, ...]:
        if not self.starter.like_the_example:
            return ("emergency",) if self._emergency else ()
        return tuple(contact.id for contact in self._example_contacts.values() if not contact.area)

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
        """The facts that the pages print, for this site's places."""
        head, all_records = records((EXAMPLE / "facts.yaml").read_text("utf-8"))
        printed = {
            fact
            for file, text in files.items() if file.endswith(".md") and "/" in file
            for fact in read_document(text, file).values.get("facts", ())
        }  # fmt: skip
        place_ids = {place.id for place in self._places}

        def in_our_places(match: re.Match[str]) -> str:
            places = [name.strip() for name in match[1].split(",") if name.strip() in place_ids]
            return f"    places: [{', '.join(places)}]\n" if places else ""

        facts = "".join(record for name, record in all_records.items() if name in printed)
        text = head + re.sub(r"    places: \[(.*)\]\n", in_our_places, facts)
        if facts:
            read_facts(text)
        return text if facts else ""

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
        """The locale for English in this country, if Babel knows one."""
        tag = f"en-{self.answers.country}"
        try:
            Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            return "en"
        return tag

    def _wording(self, words: Mapping[str, str]) -> str:
        """The owner's words as TOML, in this site's languages."""
        own_wording = {language: text for language, text in words.items() if language in self._languages}
        if len(own_wording) > 1:
            return "{ " + ", ".join(f"{language} = {quoted(text)}" for language, text in own_wording.items()) + " }"
        return quoted(in_language(words, "en"))


def _as_draft(text: str) -> str:
    return text.replace("\nstate: published\n", "\nstate: draft\nawaiting_review: true\n", 1)


def quoted(words: str) -> str:
    """Words in quotes, as TOML, YAML and JSON all read them."""
    return json.dumps(words, ensure_ascii=False)


def plain(words: str) -> str:
    """Words escaped so that Markdown shows them unchanged, whatever signs are in them."""
    words = " ".join(words.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]#|{}])", r"\\\1", words)
