"""What a report is asked for: a period, in the log's own zone, and whose logins."""

import contextlib
import enum
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from mailauth.login.event import Service

ABSENT_DAYS = 30


class PeriodError(ValueError):
    """The text is no time; the message goes on after "expected"."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `since` is inclusive, `until` exclusive, both naive in the log's zone.

    `account` is a whole name, in any letter case; `account_part`, `client`, `address` and
    `listener` are parts of what a row says, in any letter case, for reports that say it
    (`Row.filters`). `origin` and `mechanism` are whole ones; a mechanism that is not known is
    `unknown`. `secure` counts where logins of both verdicts are listed or counted: in `Login`,
    `Country`, `Shares` and `Totals`. `newest_first` is for `Login` only, which otherwise comes in
    the order of the log.
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


def parse_time(text: str, now: datetime | None = None) -> datetime:
    """Read a time in the zone of the log: ISO 8601 without an offset; a bare date is its midnight.

    With `now` it may also be so long ago (`7d`, `24h`, `30m`, `2w`), `now`, `today` or
    `yesterday`, or a day of the week, which is the last one, today included; days begin at
    midnight. Raises `PeriodError`.
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
    """Return the time that is told from now, `None` where it is none such."""
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
