"""Scenarios: logins with a time, an address and a way in, to be played against real listeners.

    timezone = "America/New_York"
    [overrides]                       # like [geoip] overrides
    "79.80.81.82/32" = "United States"
    [[login]]
    at = 2020-07-24T16:12:25.189      # in the scenario's zone, unless it has an offset
    service = "imap"                  # smtp, imap, pop3, http
    tls = "implicit"                  # none, starttls, implicit
    user = "mary@mydomain.com"
    from = "10.11.12.110"

`password` defaults to the account's own, so that a login succeeds; another one makes it fail.
`strangers = ["admin@mydomain.com"]` are names without an account, and `client` is the name that a
client gives itself.
"""

import datetime
import zoneinfo
from typing import Annotated

import msgspec

from mailauth.config import ServiceName, TlsMode

PASSWORD = "secret"


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One login to play. `client` is the client's own name."""

    at: datetime.datetime
    service: ServiceName
    user: str
    address: str = msgspec.field(name="from")
    tls: TlsMode = TlsMode.NONE
    password: str = PASSWORD
    client: str | None = None


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole scenario.

    Every user in it has an account with the password `secret`, except for the `strangers`.
    """

    timezone: str = "UTC"
    overrides: dict[str, str] = {}
    strangers: tuple[str, ...] = ()
    login: Annotated[tuple[Login, ...], msgspec.Meta(min_length=1)]

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The zone of the scenario's times and of its log."""
        return zoneinfo.ZoneInfo(self.timezone)
