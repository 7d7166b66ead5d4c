"""What a report is asked for: a period, in the log's own zone, and whose logins."""

import enum
from collections.abc import Sequence
from datetime import datetime

import msgspec

from mailauth.login.event import Protocol

ABSENT_DAYS = 30


class PeriodError(ValueError):
    """The text is no time; the message goes on after "expected"."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `since` is inclusive, `until` exclusive, both naive in the log's zone.

    `account` is a whole name; `account_part`, `client`, `address` and `listener` are parts of what
    a row says, in any letter case, for reports that say it (`Row.filters`). `origin` and
    `mechanism` are whole ones; a mechanism that is not known is `unknown`.
    `secure` and `newest_first` count for `Login` only, which else comes in the order of the log.
    """

    since: datetime | None = None
    until: datetime | None = None
    account: str | None = None
    account_part: str | None = None
    service: Protocol | None = None
    client: str | None = None
    address: str | None = None
    listener: str | None = None
    origin: str | None = None
    mechanism: str | None = None
    secure: bool | None = None
    newest_first: bool = False


class Unit(enum.Enum):
    """How finely logins are shared out by time."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What `Absent` is told: who should be there, the time, and how many days are a while."""

    now: datetime
    accounts: Sequence[str] = ()
    days: int = ABSENT_DAYS


def parse_time(text: str) -> datetime:
    """Read a time as ISO 8601 prints it, without an offset; a bare date is its midnight.

    Raises `PeriodError`.
    """
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        time = None
    if time is None or time.tzinfo is not None:
        raise PeriodError('a date or time in the zone of the log, such as "2020-07-28T16:12"')
    return time
