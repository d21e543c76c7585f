"""The models of front matter, contacts.yaml and facts.yaml; and which problem each mistake is, also in site.toml."""

import difflib
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from sidedoor.documents.codes import Code
from sidedoor.documents.problem_words import Name
from sidedoor.documents.problems import Problem, Refused, Wrong
from sidedoor.documents.slugs import slug_problem
from sidedoor.documents.times import parse_wall_time

_OWN_PATH = re.compile(r"/([a-z0-9-]+(/[a-z0-9-]+)*)?")
_ID = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_DIGITS = r"^[+(]?[0-9*#][0-9 ()./*#-]*$"
COLOUR = r"^#[0-9a-fA-F]{6}$"
MADE_FROM = r"^[0-9a-f]{12}-[0-9a-f]{12}$"
_EMAIL = r"[^@\s<>\\]+@[^@\s<>\\]+\.[a-z]+"
State = Literal["draft", "ready", "published", "withdrawn"]
Kind = Literal["help", "news", "page"]


class Model(BaseModel):
    """A closed model (an unknown name is a mistake), frozen, with its strings trimmed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, defer_build=True)


def _wall_time(written: Any, info: ValidationInfo) -> Any:
    return parse_wall_time(written, (info.context or {})["zone"]) if isinstance(written, str) else written


def _slug(slug: str) -> str:
    if problem := slug_problem(slug):
        raise problem
    return slug


def _web_address(address: str) -> str:
    try:
        parts = urlsplit(address)
        good = parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.username is None
    except ValueError:
        good = False
    if not good or any(character.isspace() or character in '"<>\\' for character in address):
        raise Wrong(Code.NOT_A_WEB_ADDRESS, written=address)
    return address


def _own_or_web_address(address: str) -> str:
    return address if _OWN_PATH.fullmatch(address) else _web_address(address)


def _reached_by(address: str) -> str:
    mail = address.removeprefix("mailto:")
    return address if mail != address and re.fullmatch(_EMAIL, mail) else _own_or_web_address(address)


def is_mail_address(written: str) -> bool:
    """Whether it looks like a mail address."""
    return re.fullmatch(_EMAIL, written) is not None and len(written) <= 254


Moment = Annotated[datetime, BeforeValidator(_wall_time)]
Slug = Annotated[str, AfterValidator(_slug)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
OwnOrWebAddress = Annotated[str, AfterValidator(_own_or_web_address)]
OwnPath = Annotated[str, Field(pattern=rf"^{_OWN_PATH.pattern}$")]
"""An address on this site. Two slashes would lead to another host."""
EmailAddress = Annotated[str, Field(pattern=rf"^{_EMAIL}$")]
Words = Annotated[str, Field(min_length=1, max_length=160)]
ReachedBy = Annotated[str, AfterValidator(_reached_by)]
Id = Annotated[str, Field(pattern=_ID, max_length=80)]
"""A name for use in code and files: for a contact, a place, an audience. It may be a number."""
Digits = Annotated[str, Field(pattern=_DIGITS, max_length=40)]
"""A number as its country writes it: `+1 (416) 555-0100`, `*16`. Letters are not allowed: not every phone shows them on
its keys."""


class Update(Model):
    """A public, dated note about a change to a document after it was published."""

    at: Moment
    kind: Literal["update", "correction", "clarification"] = "update"
    note: Annotated[str, Field(min_length=1, max_length=500)]
    link: OwnPath | None = None


class Withdrawal(Model):
    """Why a document was withdrawn. If `removed`, its address answers 410 Gone, or leads to the `replacement`.

    Otherwise it stays at its address, below the reason.
    """

    at: Moment
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    removed: bool = False
    replacement: OwnPath | None = None


class Meta(Model):
    """Front matter that any document may have."""

    title: Annotated[str, Field(min_length=1, max_length=120)]
    summary: Words
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"
    state: State = "draft"
    publish_at: Moment | None = None
    expires_at: Moment | None = None
    updates: tuple[Update, ...] = ()
    withdrawn: Withdrawal | None = None
    previous_slugs: tuple[Slug, ...] = ()
    related_help: tuple[Slug, ...] = ()
    reviewed: date | None = None
    legal_review_on: date | None = None
    """The day by which somebody has to check whether it may stay: an item that names a person, say."""
    sources: tuple[str, ...] = ()
    check: Literal["high"] | None = None
    """`high`: it relies on an old or undated source, so somebody has to check it again by `check_by`."""
    check_by: date | None = None
    facts: tuple[str, ...] = ()
    """Ids of the facts in facts.yaml whose numbers, dates, costs and promises it prints."""
    awaiting_review: bool = False
    search_words: tuple[Words, ...] = ()
    """Words that readers may type into the search to find it; no page shows them."""

    @model_validator(mode="after")
    def _states_agree(self) -> "Meta":
        if self.state == "withdrawn" and not self.withdrawn:
            raise Wrong(Code.WITHDRAWN_WITHOUT_REASON)
        if self.publish_at and self.expires_at and self.expires_at <= self.publish_at:
            raise Wrong(Code.EXPIRES_TOO_SOON)
        return self


class HelpMeta(Meta):
    """Front matter of a help page."""

    tab_title: Annotated[str, Field(min_length=1, max_length=30)]
    group: Annotated[str, Field(pattern=r"^[a-z-]+$")]
    order: Annotated[int, Field(ge=0, le=9999)] = 100


class PageMeta(Meta):
    """Front matter of a page about the site, or of a tool. A page with a `group` is listed among the help pages."""

    tab_title: Annotated[str, Field(min_length=1, max_length=30)]
    group: Annotated[str, Field(pattern=r"^[a-z-]+$")] | None = None
    order: Annotated[int, Field(ge=0, le=9999)] = 100


class NewsMeta(Meta):
    """Front matter of a news item. `publish_at` is required, because a news item prints its date."""

    publish_at: Moment
    location: Words | None = None
    notes_to_editors: Annotated[str, Field(max_length=20_000)] = ""
    press_contact: str | None = None


class TranslationMeta(Meta):
    """Front matter that any page in a language folder may have. What it leaves out (the group and the order, the
    sources, the facts, the days) comes from its original. `sidedoor translations stamp` writes `made_from`."""

    made_from: Annotated[str, Field(pattern=MADE_FROM)] | None = None
    """The digest of the original when the translation matched it."""
    translator: Words | None = None
    reviewer: Words | None = None
    """Who knows the language and has read the translation beside its original. Without a reviewer it awaits review."""


class TranslatedHelp(TranslationMeta, HelpMeta):
    """Front matter of a help page in a language folder."""

    group: Annotated[str, Field(pattern=r"^[a-z-]+$")] | None = None  # type: ignore[assignment]


class TranslatedPage(TranslationMeta, PageMeta):
    """Front matter of any other page in a language folder."""


class TranslatedNews(TranslationMeta, NewsMeta):
    """Front matter of news in a language folder."""


class Contact(Model):
    """A helpline or another service. A field that no source supports is left out of the file, and not shown."""

    id: Id
    name: Words
    for_whom: Annotated[Words, Field(alias="for")]
    audiences: Annotated[tuple[Id, ...], Field(min_length=1)]
    places: tuple[Id, ...] = ()
    """The places of site.toml where it is or that it serves; empty if no source says."""
    phone: Digits | None = None
    phone_note: Words | None = None
    text: Digits | None = None
    text_note: Annotated[str, Field(max_length=300)] | None = None
    sign_up: Words | None = None
    """The word to text to this number to sign a phone up, if a phone that is not signed up gets no answer."""
    textphone: Digits | None = None
    """A number that only a textphone or a relay service reaches, so it is not a link to tap on a phone."""
    email: EmailAddress | None = None
    url: WebAddress | None = None
    webchat: bool = False
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[a-z0-9]{2,8})*$")], ...] = ()
    """The languages spoken there, as far as a source says so: codes, as in site.toml."""
    interpreter: Literal["yes", "name-it"] | None = None
    """`yes`: callers may speak through an interpreter; `name-it`: they say the name of their language in English."""
    hours: Words | None = None
    cost: Words | None = None
    access: Annotated[str, Field(max_length=300)] | None = None
    area: Words | None = None
    note: Annotated[str, Field(max_length=400)] | None = None
    source: WebAddress
    checked: date | None = None


class ContactsFile(Model):
    """contacts.yaml."""

    contacts: tuple[Contact, ...]

    @model_validator(mode="after")
    def _ids_differ(self) -> "ContactsFile":
        ids = [contact.id for contact in self.contacts]
        if twice := next((name for name in ids if ids.count(name) > 1), None):
            raise Wrong(Code.CONTACT_ID_TWICE, id=twice)
        return self


class Fact(Model):
    """A number, date, cost, law or promise that pages print, and where it comes from."""

    id: Slug
    says: Annotated[str, Field(min_length=1, max_length=400)]
    """The fact in a sentence, for whoever checks it."""
    values: Annotated[tuple[Words, ...], Field(min_length=1)]
    """Every way in which pages print it: `28 days`, `5 July 2021`."""
    places: tuple[Id, ...] = ()
    """The places of site.toml where it holds; empty if it holds everywhere."""
    source: Annotated[str, Field(min_length=1, max_length=400)]
    source_date: Annotated[str, Field(pattern=r"^(undated|\d{4}(-\d\d(-\d\d)?)?)$")]
    """The day, month or year of the source, `2024-11`, or `undated`."""
    check_by: date


class FactsFile(Model):
    """facts.yaml."""

    facts: tuple[Fact, ...]

    @model_validator(mode="after")
    def _ids_differ(self) -> "FactsFile":
        ids = [fact.id for fact in self.facts]
        if twice := next((name for name in ids if ids.count(name) > 1), None):
            raise Wrong(Code.FACT_ID_TWICE, id=twice)
        return self


AnyModel = TypeVar("AnyModel", bound=Model)
LineOf = Callable[[tuple[str | int, ...]], int | None]


def check(
    model: type[AnyModel], values: Mapping[str, Any], file: str, line_of: LineOf, zone: ZoneInfo | None = None
) -> AnyModel:
    """Make a `model` of plain `values`, reading wall times in `zone`.

    Raises Refused with all problems at once; `line_of` finds the line of a place such as ("updates", 0, "at").
    """
    try:
        return model.model_validate(values, context={"zone": zone})
    except ValidationError as error:
        details = error.errors()
        # If an item of a list is refused, pydantic also calls the list too short.
        lists_of_refused = {detail["loc"][:-1] for detail in details}
        relevant = [
            detail for detail in details if detail["type"] != "too_short" or detail["loc"] not in lists_of_refused
        ]
        raise Refused([_problem(model, detail, file, line_of) for detail in relevant]) from None


_CODES: Mapping[str, Code] = {
    "missing": Code.MISSING,
    "literal_error": Code.NOT_A_CHOICE,
    "string_too_short": Code.EMPTY,
    "string_too_long": Code.TOO_LONG,
    "string_pattern_mismatch": Code.WRONG_SHAPE,
    "date_from_datetime_parsing": Code.NOT_A_DAY,
    "date_parsing": Code.NOT_A_DAY,
    "date_from_datetime_inexact": Code.NOT_A_DAY,
    "bool_parsing": Code.NOT_YES_OR_NO,
    "bool_type": Code.NOT_YES_OR_NO,
    "int_parsing": Code.NOT_A_NUMBER,
    "int_type": Code.NOT_A_NUMBER,
    "greater_than_equal": Code.NOT_A_NUMBER,
    "less_than_equal": Code.NOT_A_NUMBER,
    "tuple_type": Code.NOT_A_LIST,
    "too_short": Code.NOT_A_LIST,
    "string_type": Code.NOT_WORDS,
    "model_type": Code.NOT_A_TABLE,
    "mapping_type": Code.NOT_A_TABLE,
    "dict_type": Code.NOT_A_TABLE,
}
"""Our code for each of pydantic's types of error."""
_SHAPES: Mapping[str, Code] = {
    _ID: Code.NOT_AN_ID,
    _DIGITS: Code.NOT_A_PHONE,
    rf"^{_EMAIL}$": Code.NOT_AN_EMAIL,
    rf"^{_OWN_PATH.pattern}$": Code.NOT_AN_OWN_PATH,
    COLOUR: Code.NOT_A_COLOUR,
}
"""Patterns with a code that says what is wrong better than that the value does not fit."""


def _problem(model: type[Model], detail: Any, file: str, line_of: LineOf) -> Problem:
    unsaid = ("function-", "literal[", "constrained-")
    place = tuple(part for part in detail["loc"] if part != "" and not str(part).startswith(unsaid))
    field = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
    context = detail.get("ctx", {})
    code, values = _CODES.get(detail["type"], Code.UNREADABLE_VALUE), dict[str, Any]()
    if isinstance(wrong := context.get("error"), Wrong):
        code, values = wrong.code, wrong.values
    elif detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(place[-1]), _names(_model_of(model, place)), n=1)
        code, values = (Code.MISSPELT_NAME, {"near": Name(near[0])}) if near else (Code.UNKNOWN_NAME, {})
    elif code in (Code.NOT_A_CHOICE, Code.WRONG_SHAPE, Code.NOT_YES_OR_NO):
        values = {"written": str(detail["input"]), "expected": context.get("expected", "")}
        code = _SHAPES.get(context.get("pattern", ""), code)
    elif code is Code.NOT_A_LIST and isinstance(detail["input"], Mapping):
        code = Code.EMPTY
    elif code is Code.NOT_A_NUMBER:
        values = _range_of(model, place)
    elif code is Code.TOO_LONG:
        values = {"most": context["max_length"]}
    if file.endswith(".toml"):
        code = {
            Code.NOT_A_LIST: Code.NOT_A_TOML_LIST,
            Code.MISSING: Code.MISSING_IN_SITE if len(place) == 1 else Code.MISSING_IN_SECTION,
            Code.UNKNOWN_NAME: Code.UNKNOWN_IN_SITE,
        }.get(code, code)
    return Problem(file, line_of(place), code, values, field)


def _range_of(model: type[Model], place: tuple[str | int, ...]) -> dict[str, Any]:
    """The smallest and the largest value that a number may have."""
    fields = _model_of(model, place).model_fields.items()
    bounds = next((field.metadata for name, field in fields if (field.alias or name) == place[-1]), [])
    least, most = ([getattr(bound, name) for bound in bounds if hasattr(bound, name)] for name in ("ge", "le"))
    return {"least": least[0] if least else 0, "most": most[0] if most else 9999}


def _model_of(model: type[Model], place: tuple[str | int, ...]) -> type[Model]:
    """The model that the last name of `place` is a field of: for ("chat", "open", 0, "from"), that of a slot."""
    for part in place[:-1]:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if part in fields:
            model = _model_in(fields[str(part)].annotation) or model
    return model


def _model_in(annotation: Any) -> type[Model] | None:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    return next((model for inner in get_args(annotation) if (model := _model_in(inner))), None)


def _names(model: type[Model]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
