"""Scenarios: logins with a time, an address and a way in, to be played against real listeners.

    timezone = "America/New_York"
    [overrides]                       # as [geoip] overrides
    "79.80.81.82/32" = "United States"
    [[login]]
    at = 2020-07-24T16:12:25.189      # in the scenario's zone; an offset may be given
    service = "imap"                  # smtp, imap, pop3, http
    tls = "implicit"                  # none, starttls, implicit
    user = "mary@mydomain.com"
    from = "10.11.12.110"

`password` defaults to the account's own, so that a login succeeds; another one makes it fail.
"""

import datetime
import tomllib
import zoneinfo
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import msgspec

from mailauth.config import ConfigError, ListenerProtocol, TlsMode

PASSWORD = "secret"


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One login to be played. `client` is the name that it gives itself."""

    at: datetime.datetime
    service: ListenerProtocol
    user: str
    address: str = msgspec.field(name="from")
    tls: TlsMode = TlsMode.NONE
    password: str = PASSWORD
    client: str | None = None


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole scenario. Every user named in it has an account with the password `secret`."""

    timezone: str = "UTC"
    overrides: dict[str, str] = {}
    login: Annotated[tuple[Login, ...], msgspec.Meta(min_length=1)]

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The zone of the scenario's times and of the log that it leaves."""
        return zoneinfo.ZoneInfo(self.timezone)


def built_in() -> list[str]:
    """List the names of the scenarios that come with mailauth."""
    files = resources.files("mailauth.kit") / "scenarios"
    return sorted(
        file.name.removesuffix(".toml") for file in files.iterdir() if file.name.endswith(".toml")
    )


def load(name: str) -> Scenario:
    """Load a built-in scenario by its name, or a file by its path. Raises `ConfigError`."""
    if name in built_in():
        file: Traversable = resources.files("mailauth.kit") / "scenarios" / f"{name}.toml"
    elif Path(name).suffix == ".toml" or Path(name).exists():
        file = Path(name)
    else:
        known = ", ".join(built_in())
        raise ConfigError(f'no scenario "{name}": expected a file, or one of {known}')
    try:
        table = tomllib.loads(file.read_bytes().decode("utf-8"))
        scenario = msgspec.convert(table, Scenario)
        zone = scenario.zone
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{name}: {error}") from None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise ConfigError(f"{name}: timezone: no IANA time zone") from None
    return msgspec.structs.replace(
        scenario, login=tuple(_placed(login, zone) for login in scenario.login)
    )


def _placed(login: Login, zone: zoneinfo.ZoneInfo) -> Login:
    """Give a time without an offset the scenario's zone."""
    if login.at.tzinfo is not None:
        return login
    return msgspec.structs.replace(login, at=login.at.replace(tzinfo=zone))
