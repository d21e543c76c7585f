"""What may stand in front matter, contacts.yaml and facts.yaml; and which problem a mistake is, in site.toml too."""

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
_EMAIL = r"[^@\s<>\\]+@[^@\s<>\\]+\.[a-z]+"
State = Literal["draft", "ready", "published", "withdrawn"]
Kind = Literal["help", "news", "page"]


class Model(BaseModel):
    """Closed (an unknown name is a mistake), frozen, and with its strings trimmed."""

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
    """Whether it looks like one."""
    return re.fullmatch(_EMAIL, written) is not None and len(written) <= 254


Moment = Annotated[datetime, BeforeValidator(_wall_time)]
Slug = Annotated[str, AfterValidator(_slug)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
OwnOrWebAddress = Annotated[str, AfterValidator(_own_or_web_address)]
OwnPath = Annotated[str, Field(pattern=rf"^{_OWN_PATH.pattern}$")]
"""An address of this site. Two slashes would begin another host."""
EmailAddress = Annotated[str, Field(pattern=rf"^{_EMAIL}$")]
Words = Annotated[str, Field(min_length=1, max_length=160)]
ReachedBy = Annotated[str, AfterValidator(_reached_by)]
Id = Annotated[str, Field(pattern=_ID, max_length=80)]
"""A name for code and files: of a contact, a place, an audience. It may be a number."""
Digits = Annotated[str, Field(pattern=_DIGITS, max_length=40)]
"""A number as its country writes it: `+1 (416) 555-0100`, `*16`. Letters are no digits: not every phone shows them."""


class Update(Model):
    """A public, dated note on what was changed in a document after it was published."""

    at: Moment
    kind: Literal["update", "correction", "clarification"] = "update"
    note: Annotated[str, Field(min_length=1, max_length=500)]
    link: OwnPath | None = None


class Withdrawal(Model):
    """Why a document was taken back. `removed`: its address answers 410 Gone, or leads to the `replacement`.

    If it is not removed, it stays at its address, under its reason.
    """

    at: Moment
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    removed: bool = False
    replacement: OwnPath | None = None


class Meta(Model):
    """Front matter that every document may have."""

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
    """When somebody has to check whether it may stay: an item that names a person, say."""
    sources: tuple[str, ...] = ()
    check: Literal["high"] | None = None
    """`high`: it relies on an old or undated source, so somebody has to look again by `check_by`."""
    check_by: date | None = None
    facts: tuple[str, ...] = ()
    """The ids of facts.yaml whose numbers, dates, costs and promises it prints."""
    translation_of: Slug | None = None
    awaiting_review: bool = False
    search_words: tuple[Words, ...] = ()
    """What readers may type into the search to find it; no page shows these words."""

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
    """Front matter of a news item. Without `publish_at` there is no date to print, so it is needed."""

    publish_at: Moment
    location: Words | None = None
    notes_to_editors: Annotated[str, Field(max_length=20_000)] = ""
    press_contact: str | None = None


class Contact(Model):
    """A helpline or another service. A field without a source is left out of the file, and not shown."""

    id: Id
    name: Words
    for_whom: Annotated[Words, Field(alias="for")]
    audiences: Annotated[tuple[Id, ...], Field(min_length=1)]
    places: tuple[Id, ...] = ()
    """Where it is, or whom it is for, of the places of site.toml; none, where no source says."""
    phone: Digits | None = None
    phone_note: Words | None = None
    text: Digits | None = None
    text_note: Annotated[str, Field(max_length=300)] | None = None
    sign_up: Words | None = None
    """The word that signs a phone up for texts to this number, where a phone that is not signed up gets no answer."""
    textphone: Digits | None = None
    """A number that only a textphone or a relay service reaches, so it is nothing to tap on a phone."""
    email: EmailAddress | None = None
    url: WebAddress | None = None
    webchat: bool = False
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
    """The fact in a sentence, for whoever has to check it."""
    values: Annotated[tuple[Words, ...], Field(min_length=1)]
    """Every way in which pages print it: `28 days`, `5 July 2021`."""
    places: tuple[Id, ...] = ()
    """Where it holds, of the places of site.toml; none, where it holds everywhere."""
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

    Raises Refused with every problem at once; `line_of` finds the line of a place such as ("updates", 0, "at").
    """
    try:
        return model.model_validate(values, context={"zone": zone})
    except ValidationError as error:
        found = error.errors()
        # A list is called too short as well when what it holds was refused.
        inside = {detail["loc"][:-1] for detail in found}
        told = [detail for detail in found if detail["type"] != "too_short" or detail["loc"] not in inside]
        raise Refused([_problem(model, detail, file, line_of) for detail in told]) from None


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
"""What pydantic's types of error are here."""
_SHAPES: Mapping[str, Code] = {
    _ID: Code.NOT_AN_ID,
    _DIGITS: Code.NOT_A_PHONE,
    rf"^{_EMAIL}$": Code.NOT_AN_EMAIL,
    rf"^{_OWN_PATH.pattern}$": Code.NOT_AN_OWN_PATH,
    COLOUR: Code.NOT_A_COLOUR,
}
"""Which patterns say what is wrong better than that they do not fit."""


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
    elif code is Code.NOT_A_LIST and file.endswith(".toml"):
        code = Code.NOT_A_TOML_LIST
    elif code is Code.NOT_A_NUMBER:
        values = _range_of(model, place)
    elif code is Code.TOO_LONG:
        values = {"most": context["max_length"]}
    return Problem(file, line_of(place), code, values, field)


def _range_of(model: type[Model], place: tuple[str | int, ...]) -> dict[str, Any]:
    """The least and the most that a number may be."""
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
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)


def _names(model: type[Model]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
