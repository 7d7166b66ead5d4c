"""The rows of the reports. Their fields are the columns of the SQL, in the same order.

Times are naive, in the zone of the log. `unknown` is the number of logins of the same account and
service for which another server's log does not say whether TLS was used; their `account` is empty
if it is not named. Without a journal, these are null: `listener`, `port`, `client`, `exposed`,
`security`, `mechanism`, `tls_version`.
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
        """Return whether a filter of `Wanted` for a whole value applies to these rows."""
        fields = cls.__struct_fields__
        return name in fields or (name == "origin" and "country" in fields)

    @classmethod
    def filters(cls) -> dict[str, str]:
        """Return the column for each filter of `Wanted` that applies to these rows."""
        columns = {
            "account_part": "account",
            "client": "client",
            "address": "address",
            "listener": "listeners" if "listeners" in cls.__struct_fields__ else "listener",
        }
        return {name: each for name, each in columns.items() if each in cls.__struct_fields__}


class Login(Row, frozen=True, kw_only=True):
    """One successful login."""

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
    """The UNSECURE logins of an account to a service with one client, in the period.

    `count`, `first` and `last` are about these; `open` is whether no SECURE login to the service
    followed.
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
    """The UNSECURE logins of an account to a service: opened, perhaps fixed after `time_to_fix` s.

    `reopened` is how often it only seemed to be fixed. It is `exposed` until a password that was
    sent in the clear has been changed. Address, client and listener are those of the latest
    UNSECURE login.
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
    """A password that crossed a network in the clear and has not been changed since."""

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
    """A client that would fail if cleartext were refused today."""

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
    """An account without a SECURE or recent login. `days` is since its last login."""

    report: ClassVar[str] = "absent"

    account: str
    last: datetime | None
    last_secure: datetime | None
    logins: int
    unknown: int
    days: int | None
    never_secure: bool


class Country(Row, frozen=True, kw_only=True):
    """The logins of an account from a country; it is `new` if the account was elsewhere before."""

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
    """A group of logins: how many were SECURE, UNSECURE and unknown."""

    label: str
    secure: int
    unsecure: int
    unknown: int = 0


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """The logins of a period in groups: those by time in order, others by size."""

    time: list[Share]
    service: list[Share]
    country: list[Share]
    mechanism: list[Share]


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The number of logins in a period, and their times."""

    logins: int
    unsecure: int
    unknown: int
    accounts: int
    first: datetime | None
    last: datetime | None


ROWS: tuple[type[Row], ...] = (Login, Insecure, Case, Exposure, Cutoff, Absent, Country)
