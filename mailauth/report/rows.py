"""The rows of the reports. Fields are the columns of the report's SQL, in the same order.

Times are naive, in the zone of the log. `unknown` counts logins of which another server's log does
not tell whether TLS was used, of the same account and service; of these the `account` may be empty,
where it is not named. What only the journal knows is null without one:
`listener`, `port`, `client`, `exposed`, `security`, `mechanism`, `tls_version`.
"""

from datetime import datetime
from typing import ClassVar

import msgspec

from mailauth.login.event import Service


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a report."""

    report: ClassVar[str]

    @classmethod
    def knows(cls, name: str) -> bool:
        """Say whether rows can be asked by a filter of `Wanted` that is about the whole of it."""
        fields = cls.__struct_fields__
        return name in fields or (name == "origin" and "country" in fields)

    @classmethod
    def filters(cls) -> dict[str, str]:
        """Return the column that each filter of `Wanted` is about which rows can be asked by."""
        columns = {
            "account_part": "account",
            "client": "client",
            "address": "address",
            "listener": "listeners" if "listeners" in cls.__struct_fields__ else "listener",
        }
        return {name: each for name, each in columns.items() if each in cls.__struct_fields__}


class Login(Row, frozen=True, kw_only=True):
    """One login that succeeded."""

    report: ClassVar[str] = "logins"

    time: datetime
    account: str
    service: Service
    verdict: str
    address: str
    origin: str
    listener: str | None
    port: int | None
    security: str | None
    mechanism: str | None
    tls_version: str | None
    client: str | None
    exposed: bool | None


class Insecure(Row, frozen=True, kw_only=True):
    """UNSECURE logins of one account to one service with one client, in the period.

    `count`, `first` and `last` are of these; `open` while no SECURE login to the service came
    after.
    """

    report: ClassVar[str] = "insecure"

    account: str
    service: Service
    client: str | None
    address: str
    origin: str
    listener: str | None
    port: int | None
    first: datetime
    last: datetime
    count: int
    unknown: int
    last_secure: datetime | None
    open: bool
    exposed: bool | None


class Case(Row, frozen=True, kw_only=True):
    """The story of one account and one service: opened, perhaps fixed. `time_to_fix` is in seconds.

    `reopened` counts how often it had looked fixed. It is `exposed` while a password that crossed
    the wire has not been changed. Where from, with which client and by which listener is said of
    the latest UNSECURE login.
    """

    report: ClassVar[str] = "cases"

    account: str
    service: Service
    open: bool
    opened: datetime
    last_unsecure: datetime
    unsecure: int
    unknown: int
    fixed: datetime | None
    time_to_fix: float | None
    reopened: int
    listener: str | None
    port: int | None
    address: str
    origin: str
    client: str | None
    exposed: bool | None


class Exposure(Row, frozen=True, kw_only=True):
    """A password that crossed a network in clear and has not been changed since."""

    report: ClassVar[str] = "exposures"

    account: str
    network: str
    first: datetime
    last: datetime
    count: int
    accepted: int
    refused: int
    services: str
    listeners: str
    address: str
    origin: str
    client: str | None


class Cutoff(Row, frozen=True, kw_only=True):
    """A client that would break if cleartext were refused today."""

    report: ClassVar[str] = "cutoff"

    listener: str | None
    port: int | None
    service: Service
    account: str
    verdict: str
    client: str | None
    address: str
    origin: str
    last: datetime
    count: int


class Absent(Row, frozen=True, kw_only=True):
    """An account never seen SECURE, or not seen for a while. `days` is since its last login."""

    report: ClassVar[str] = "absent"

    account: str
    last: datetime | None
    last_secure: datetime | None
    logins: int
    unknown: int
    days: int | None
    never_secure: bool


class Country(Row, frozen=True, kw_only=True):
    """The logins of one account from one country; `new` where it came later than others."""

    report: ClassVar[str] = "countries"

    country: str
    country_logins: int
    account: str
    logins: int
    unsecure: int
    unknown: int
    first: datetime
    last: datetime
    new: bool


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How many logins of one kind were SECURE, how many were not, and of how many nobody knows."""

    label: str
    secure: int
    unsecure: int
    unknown: int = 0


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """The logins of a period shared out in several ways: times in order, else the largest first."""

    time: list[Share]
    service: list[Share]
    country: list[Share]
    mechanism: list[Share]


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the logs in a period."""

    logins: int
    unsecure: int
    unknown: int
    accounts: int
    first: datetime | None
    last: datetime | None


ROWS: tuple[type[Row], ...] = (Login, Insecure, Case, Exposure, Cutoff, Absent, Country)
