"""The selection of a report: a period in the log's own zone, and whose logins."""

import contextlib
import enum
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from mailauth.login.event import Service

ABSENT_DAYS = 30


class PeriodError(ValueError):
    """The text is not a valid time; the message is what was expected."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The selection of a report, with naive times in the log's zone; `until` is exclusive.

    `account`, `origin` and `mechanism` must be equal to the value of a row; `account_part`,
    `client`, `address` and `listener` must be contained in it. Letter case does not matter, and an
    unknown mechanism is `unknown`. Not every report supports each of them (`Row.filters`).

    `secure` selects a verdict in `Login`, `Country`, `Shares` and `Totals`, which have both, and
    `unknown` selects logins of which another server's log does not say whether TLS was used.
    `newest_first` is only for `Login`, whose rows are otherwise in the order of the log.
    """

    since: datetime | None = None
    until: datetime | None = None
    account: str | None = None
    account_part: str | None = None
    service: Service | None = None
    client: str | None = None
    address: str | None = None
    listener: str | None = None
    origin: str | None = None
    mechanism: str | None = None
    secure: bool | None = None
    unknown: bool = False
    newest_first: bool = False


class Unit(enum.Enum):
    """The unit of time by which logins are counted."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """For `Absent`: the expected accounts, the current time, and the days that count as long."""

    now: datetime
    accounts: Sequence[str] = ()
    days: int = ABSENT_DAYS


def parse_time(text: str, now: datetime | None = None) -> datetime:
    """Parse a time in the log's zone: ISO 8601 without an offset; a date means its midnight.

    With `now` it may also be relative: `7d`, `24h`, `30m` or `2w` ago, `now`, `today`, `yesterday`,
    or the last day of this name, such as `monday`, including today. Days begin at midnight. Raises
    `PeriodError`.
    """
    given = text.strip()
    time = _relative(given.lower(), now) if now is not None else None
    if time is None:
        with contextlib.suppress(ValueError):
            time = datetime.fromisoformat(given)
    if time is None or time.tzinfo is not None:
        ways = ', a span such as "7d" or "24h", "today", "yesterday" or a day such as "monday"'
        raise PeriodError(
            'a date or time in the zone of the log, such as "2020-07-28T16:12"'
            f"{ways if now is not None else ''}"
        )
    return time


def _relative(text: str, now: datetime) -> datetime | None:
    """Return a relative time, or `None` if the text is not one."""
    if text == "now":
        return now
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if text in ("today", "yesterday"):
        return midnight - timedelta(days=text == "yesterday")
    if text in _WEEKDAYS:
        return midnight - timedelta(days=(now.weekday() - _WEEKDAYS.index(text)) % 7)
    span = _SPAN.fullmatch(text)
    if span is None:
        return None
    try:
        return now - int(span[1]) * _UNITS[span[2]]
    except OverflowError:
        raise PeriodError(f"a time that is not {text} ago") from None


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_SPAN = re.compile(r"([0-9]{1,9}) ?(s|m|min|h|d|w)")
