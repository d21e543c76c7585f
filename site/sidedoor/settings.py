"""Everything an operator sets, in one typed place. What the site's owner chooses is in content/site.toml."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from sidedoor.documents.models import WebAddress


class Settings(BaseSettings):
    """Read from SIDEDOOR_*, HOST and PORT. Raises pydantic.ValidationError for a value it cannot use."""

    model_config = SettingsConfigDict(env_prefix="SIDEDOOR_", frozen=True, populate_by_name=True)

    content: Path = Path("content")
    """The folder that editors write."""
    data: Path = Path("data")
    """A folder for databases and copies; made when first needed."""
    exit_url: WebAddress | None = None
    """Where "Hide this page" goes, instead of the exits of site.toml."""
    https: bool = False
    """The site is reached through TLS: send HSTS, and send plain requests to https."""
    chat_store: str = "sqlite:"
    """Where conversations are while they last: `sqlite:` (in `data`) or `sqlite:/folder`; `valkey://host:6379/0`, if
    several machines serve the site."""
    proxies: Annotated[int, Field(ge=0, le=5)] = 0
    """How many web servers of yours stand in front, each adding to X-Forwarded-For the address it was called from."""
    desk_url: WebAddress = "http://localhost:5001"
    """Where staff reach the desk. Passkeys belong to its host name, and one-time links begin with it."""
    oidc_issuer: WebAddress | None = None
    """An OpenID Connect provider whose accounts people may connect to the desk."""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    desk_hosts: tuple[str, ...] = ()
    """Host names that the desk is reached by, besides this machine's own: `["desk.example.org"]`."""
    host: Annotated[str, Field(validation_alias="HOST")] = "127.0.0.1"
    port: Annotated[int, Field(validation_alias="PORT", ge=1, le=65535)] = 5000

    @property
    def served_at(self) -> str:
        """The address the site answers on when site.toml names none."""
        everywhere = ("127.0.0.1", "0.0.0.0", "::", "::1")  # noqa: S104 - compared, not bound
        host = "localhost" if self.host in everywhere else self.host
        return f"{'https' if self.https else 'http'}://{host}:{self.port}"
