"""Everything an operator sets, in one typed place. What the site's owner chooses is in site.toml.

A value that cannot be used is a Problem under the name of its setting; its words say what is wrong and what to write.
"""

import difflib
import ipaddress
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from sidedoor.documents.codes import Code
from sidedoor.documents.models import WebAddress, is_mail_address
from sidedoor.documents.problems import Level, Problem, Refused, Wrong
from sidedoor.example import EXAMPLE
from sidedoor.home import Home

PREFIX = "SIDEDOOR_"
OF_COMMANDS = ("SIDEDOOR_BACKUP_TO", "SIDEDOOR_BACKUP_PASSPHRASE_FILE")
"""Settings that only one command reads."""
_OF_TESTS = ("SIDEDOOR_TEST_LONG",)
_HOST_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.I)


def _folder(folder: Path) -> Path:
    if str(folder) in ("", "."):
        raise Wrong(Code.SETTING_NOT_A_FOLDER, written="")
    if os.path.exists(folder) and not os.path.isdir(folder):  # False also inside a closed folder, of which others tell
        raise Wrong(Code.SETTING_NOT_A_FOLDER, written=str(folder))
    return folder


def _hosts(written: Any) -> Any:
    """Host names as JSON, `["a.example", "b.example"]`, or separated by commas."""
    if not isinstance(written, str):
        return written
    try:
        names = json.loads(written) if written.lstrip().startswith("[") else written.split(",")
    except ValueError:
        raise Wrong(Code.SETTING_NOT_HOSTS, written=written) from None
    names = [name.strip() if isinstance(name, str) else "" for name in names]
    if not all(map(_HOST_NAME.fullmatch, names)):
        raise Wrong(Code.SETTING_NOT_HOSTS, written=written)
    return names


def _host(written: str) -> str:
    try:
        ipaddress.ip_address(written)
    except ValueError:
        if not _HOST_NAME.fullmatch(written):
            raise Wrong(Code.SETTING_NOT_AN_ADDRESS, written=written) from None
    return written


def _listening(written: str) -> str:
    """An address on which a server can listen: it takes no name. `localhost` is the one name that everybody knows."""
    if written == "localhost":
        return "127.0.0.1"
    address = written.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise Wrong(Code.SETTING_NOT_AN_ADDRESS, written=written) from None
    return address


def _place(written: str) -> str:
    host, _, port = written.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise Wrong(Code.SETTING_NOT_A_PLACE, written=written)
    _host(host.strip("[]"))
    return written


@dataclass(frozen=True)
class MailServer:
    """Where the desk sends its mail. `tls`: from the start (implicit, as RFC 8314 calls it), after a greeting, or none.

    A password is never sent without it.
    """

    host: str
    port: int
    user: str
    tls: Literal["implicit", "starttls", "none"]


_MAIL_WAYS: dict[str, tuple[int, Literal["implicit", "starttls", "none"]]] = {
    "smtps": (465, "implicit"),
    "smtp": (587, "starttls"),
    "smtp+plain": (25, "none"),
}


def read_mail_server(written: str) -> MailServer:
    """Read an address such as `smtps://desk@mail.example.org`. Raises Wrong."""
    try:
        address = urlsplit(written)
        default_port, tls = _MAIL_WAYS[address.scheme]
        host, port = address.hostname or "", address.port or default_port
    except (ValueError, KeyError):
        raise Wrong(Code.SETTING_NOT_A_MAIL_SERVER, written=written.rpartition("@")[2]) from None
    user = unquote(address.username or "")
    extra_parts = address.path.strip("/") or address.query or address.fragment or address.password is not None
    if not host or extra_parts or (user and tls == "none"):
        raise Wrong(Code.SETTING_NOT_A_MAIL_SERVER, written=written.rpartition("@")[2])
    _host(host)
    return MailServer(host, port, user, tls)


def _mail_server(written: str) -> str:
    read_mail_server(written)
    return written


def _mail_address(written: str) -> str:
    if not is_mail_address(written):
        raise Wrong(Code.SETTING_NOT_A_MAIL_ADDRESS, written=written)
    return written


def _file(file: Path) -> Path:
    if not file.is_file() or not os.access(file, os.R_OK):
        raise Wrong(Code.SETTING_NOT_A_FILE, written=str(file))
    return file


def _database(written: str) -> str:
    if written and not re.match(r"postgres(ql)?://[^/?]*/[^/?]", written):
        raise Wrong(Code.SETTING_NOT_A_DATABASE)
    return written


def _own_or_example() -> Path:
    """The folder `content` in the current folder, if there is one; else the example."""
    return Path("content") if Path("content").is_dir() else EXAMPLE


class Settings(BaseSettings):
    """Settings from SIDEDOOR_*, HOST and PORT. Raises pydantic.ValidationError for a value it cannot use."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, populate_by_name=True)

    content: Annotated[Path, AfterValidator(_folder)] = Field(default_factory=_own_or_example)
    """The folder with what editors write."""
    data: Annotated[Path, AfterValidator(_folder)] = Path("data")
    """A folder for databases and copies, made when first needed."""
    exit_url: WebAddress | None = None
    """Where "Hide this page" goes, instead of the exits of site.toml."""
    https: bool = False
    """The site is reached through TLS: send HSTS, and send plain requests to https."""
    chat_store: str = "sqlite:"
    """Where conversations are kept while they last: `sqlite:` (in `data`) or `sqlite:/folder`; `valkey://host:6379/0`,
    if several machines serve the site."""
    database: Annotated[str, AfterValidator(_database)] = ""
    """Where feedback and all of the desk's data is kept: in files in `data`; or, if several machines serve the site, on
    a PostgreSQL server, `postgresql://user:password@host:5432/sidedoor`."""
    proxies: Annotated[int, Field(ge=0, le=5)] = 0
    """How many of your web servers stand in front; each adds to X-Forwarded-For the address that called it."""
    desk_url: WebAddress = "http://localhost:5001"
    """Where staff reach the desk. Passkeys belong to its host name, and one-time links begin with it."""
    oidc_issuer: WebAddress | None = None
    """An OpenID Connect provider whose accounts people may connect to the desk."""
    oidc_client_id: str = ""
    """The name that the provider gave the desk."""
    oidc_client_secret: SecretStr = SecretStr("")
    """The secret that belongs to `oidc_client_id`."""
    desk_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)] = ()
    """Host names at which staff reach the desk, besides this machine's own and that of `desk_url`."""
    monitor: Annotated[str, AfterValidator(_place)] | None = None
    """Where the desk answers a monitor's questions, `/metrics` and `/healthz`: `127.0.0.1:5002`."""
    messages: Annotated[Path, AfterValidator(_folder)] | None = None
    """The folder for readers' messages, if site and desk have separate data folders: both must be able to write it."""
    message_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """After how many days readers' messages are deleted for good."""
    mail_server: Annotated[str, AfterValidator(_mail_server)] | None = None
    """Where the desk sends its mail: `smtps://USER@host`, `smtp://USER@host:587` (STARTTLS),
    `smtp+plain://localhost`."""
    mail_from: Annotated[str, AfterValidator(_mail_address)] | None = None
    """The sender's address of the desk's mail."""
    mail_password_file: Annotated[Path, AfterValidator(_file)] | None = None
    """A file that holds nothing but the password of `mail_server`'s user."""
    backup_hours: Annotated[int, Field(ge=0, le=9000)] = 48
    """Once backups are made, the desk warns if the last one is older than this. 0: it never warns."""
    host: Annotated[str, Field(validation_alias="HOST"), AfterValidator(_listening)] = "127.0.0.1"
    """The address of this machine on which to listen."""
    port: Annotated[int, Field(validation_alias="PORT", ge=1, le=65535)] = 5000
    """The port on which to listen."""

    @model_validator(mode="before")
    @classmethod
    def _without_spaces_around(cls, written: dict[str, Any]) -> dict[str, Any]:
        """Nobody means the space, or Windows' sign for a new line, at the end of a line in a file of settings."""
        return {name: value.strip() if isinstance(value, str) else value for name, value in written.items()}

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Self:
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret.get_secret_value()):
            raise Wrong(Code.SETTING_MISSING_BESIDE, beside="SIDEDOOR_OIDC_CLIENT_ID and SIDEDOOR_OIDC_CLIENT_SECRET")
        return self

    @model_validator(mode="after")
    def _mail_is_whole(self) -> Self:
        if self.mail_server and not self.mail_from:
            raise Wrong(Code.SETTING_MISSING_BESIDE, of="SIDEDOOR_MAIL_SERVER", beside="SIDEDOOR_MAIL_FROM")
        if self.mail_server and read_mail_server(self.mail_server).user and not self.mail_password_file:
            raise Wrong(Code.SETTING_MISSING_BESIDE, of="SIDEDOOR_MAIL_SERVER", beside="SIDEDOOR_MAIL_PASSWORD_FILE")
        return self

    @property
    def mail_password(self) -> str:
        """The password of the mail server's user. Raises OSError or UnicodeDecodeError if the file cannot be read."""
        return self.mail_password_file.read_text("utf-8").strip() if self.mail_password_file else ""

    @property
    def desk_address(self) -> str:
        """Where staff reach the desk, without a slash at its end: what the addresses of its pages begin with."""
        return self.desk_url.rstrip("/")

    @property
    def messages_home(self) -> Home:
        """Where readers' messages are kept."""
        return Home((self.messages or self.data).resolve(), self.database)

    @property
    def home(self) -> Home:
        """Where lasting data is kept."""
        return Home(self.data.resolve(), self.database)

    @property
    def served_at(self) -> str:
        """The address at which the site answers if site.toml names none."""
        everywhere = ("127.0.0.1", "0.0.0.0", "::", "::1")  # noqa: S104 - compared, not bound
        host = "localhost" if self.host in everywhere else in_address(self.host)
        return f"{'https' if self.https else 'http'}://{host}:{self.port}"


def in_address(host: str) -> str:
    """A host as it is written before the colon of a port: RFC 3986 puts an IPv6 address into brackets."""
    return f"[{host}]" if ":" in host else host


def name_of(field: str) -> str:
    """A setting's name in the environment."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"{PREFIX}{field.upper()}"


NAMES = tuple(map(name_of, Settings.model_fields))


def of_environment() -> Settings:
    """The settings of this process. Raises Refused with a problem for each that cannot be used."""
    try:
        return Settings()
    except ValidationError as error:
        raise Refused([_problem(detail) for detail in error.errors()]) from None


def unknown_names(environment: Mapping[str, str] = os.environ) -> list[Problem]:
    """Names in the environment that begin like ours but are not settings: each was meant to have an effect."""
    known = {*NAMES, *OF_COMMANDS, *_OF_TESTS}
    return [
        _unknown(name, known)
        for name in sorted(environment)
        if name.upper().startswith(PREFIX) and name.upper() not in known
    ]


def _unknown(name: str, known: Iterable[str]) -> Problem:
    near = difflib.get_close_matches(name.upper(), known, 1, 0.8)
    code = Code.SETTING_MISSPELT if near else Code.SETTING_UNKNOWN
    return Problem(name, None, code, {"near": near[0]} if near else {}, level=Level.WARNING)


def _problem(detail: Any) -> Problem:
    """Turn one of pydantic's errors into a problem. It never contains a secret."""
    context = detail.get("ctx", {})
    wrong = context.get("error")
    incomplete_setting = (
        wrong.values.get("of", "SIDEDOOR_OIDC_ISSUER") if isinstance(wrong, Wrong) else "SIDEDOOR_OIDC_ISSUER"
    )
    name = str(detail["loc"][0]) if detail["loc"] else str(incomplete_setting)
    name = name if name in NAMES else name_of(name.lower().removeprefix(PREFIX.lower()))
    if isinstance(wrong, Wrong):
        return Problem(name, None, wrong.code, wrong.values)
    written = {"written": str(detail["input"])[:80]}
    if detail["type"].startswith("bool"):
        return Problem(name, None, Code.SETTING_NOT_YES_OR_NO, written)
    ranges = {
        "SIDEDOOR_PROXIES": (0, 5, 1),
        "PORT": (1, 65535, 5000),
        "SIDEDOOR_BACKUP_HOURS": (0, 9000, 48),
        "SIDEDOOR_MESSAGE_DAYS": (1, 3650, 90),
    }
    least, most, example = ranges[name]
    return Problem(name, None, Code.SETTING_NOT_A_NUMBER, {**written, "least": least, "most": most, "like": example})
