"""The instants of stamps that have no year, no zone, or both (RFC 3164 §4.1.2).

The year is known at the start of a file and increases at New Year. In an hour that the zone
repeats, the order of the lines decides. A session id with a time (Dovecot's, Cyrus') is more
reliable than either.
"""

import math
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTH = {name: number for number, name in enumerate(_MONTHS, 1)}
_HALF_A_YEAR = 6  # months: a larger step crosses New Year
_QUARTER = timedelta(minutes=15)  # zone offsets are multiples of this
_LONGEST_LOGIN = timedelta(minutes=10)  # from the beginning of a session until it is logged
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9999, 12, 30, tzinfo=UTC)
_STAMP = re.compile(
    r"(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)[T ](?P<time>\d\d:\d\d:\d\d)"
    r"(?:[.,](?P<fraction>\d{1,9}))? ?(?P<zone>Z|[+-]\d\d:?\d\d)?\Z"
)


class Calendar:
    """Converts the stamps of one log, in the order of its lines, to instants.

    `zone` is for stamps without one. `modified` is when the file was last written, from which the
    year of the first stamp follows; `year` overrides that.
    """

    def __init__(self, zone: tzinfo, modified: datetime, *, year: int | None = None) -> None:
        self._zone = zone
        self.offset: timezone | None = None  # found in session ids
        self._modified = modified
        self._year = year
        self._month = 0
        self._last: datetime | None = None
        self.guessed_year = False
        self.guessed_zone = False

    def instant(self, stamp: str | datetime, began: datetime | None = None) -> datetime | None:
        """Return when a line was written, with its offset, or `None` for an invalid stamp.

        `began` is the beginning of the line's session, if its id says so. A stamp before 1970 or at
        the end of the calendar, which other zones cannot express, is invalid.
        """
        try:
            found = self._of(stamp, began)
        except (ValueError, OverflowError, KeyError):
            return None
        return found if found is not None and _FIRST <= found < _END else None

    def note(self, stamp: str) -> None:
        """Note the stamp of a line without a login, since New Year may lie between two logins."""
        month = _MONTH.get(stamp[:3], 0)
        if month and month != self._month:
            self._enter(month, stamp)

    def _of(self, stamp: str | datetime, began: datetime | None) -> datetime | None:
        if isinstance(stamp, datetime):
            return stamp.astimezone(self._zone)
        if stamp[:3] in _MONTH:
            return self._of_bsd(stamp, began)
        exact = _STAMP.match(stamp)
        return self._of_numbers(exact) if exact is not None else None

    def _of_numbers(self, exact: re.Match[str]) -> datetime:
        text = f"{exact['year']}-{exact['month']}-{exact['day']}T{exact['time']}"
        local = datetime.fromisoformat(text)
        if exact["fraction"]:
            local += timedelta(microseconds=int(exact["fraction"][:6].ljust(6, "0")))
        if exact["zone"]:
            return local.replace(tzinfo=_offset(exact["zone"]))
        self.guessed_zone = True
        return self._in_zone(local)

    def _of_bsd(self, stamp: str, began: datetime | None) -> datetime:
        month = _MONTH[stamp[:3]]
        if month != self._month:
            self._enter(month, stamp)
        assert self._year is not None, "a month has been entered"
        local = _local(self._year, stamp)
        if began is not None:
            exact = began.astimezone(self.offset) if self.offset is not None else began
            if self.offset is not None and exact.replace(microsecond=0, tzinfo=None) == local:
                return exact  # as nearly all are
            return self._beside(local, began)
        self.guessed_year = True
        if self.offset is not None:
            return local.replace(tzinfo=self.offset)
        self.guessed_zone = True
        return self._in_zone(local)

    def _enter(self, month: int, stamp: str) -> None:
        """Continue in another month, perhaps of the next year, or back in an earlier one."""
        if self._year is None:
            modified = self._modified.astimezone(self._zone) + timedelta(days=1)
            text = stamp[4:6].strip()
            day = int(text) if text.isascii() and text.isdecimal() else 1
            later = (month, day) > (modified.month, modified.day)
            self._year = modified.year - later
        elif self._month:
            self._year += (month - self._month < -_HALF_A_YEAR) - (
                month - self._month > _HALF_A_YEAR
            )
        self._month = month

    def _beside(self, local: datetime, began: datetime) -> datetime:
        """Return the instant of a stamp, with year and offset from the beginning of its session."""
        for year in (began.year, began.year + 1, began.year - 1):
            try:
                candidate = local.replace(year=year)
            except ValueError:  # 29 February
                continue
            apart = candidate - began.replace(tzinfo=None)
            offset = (apart + timedelta(seconds=1)) // _QUARTER * _QUARTER
            if abs(offset) <= timedelta(hours=14) and apart - offset < _LONGEST_LOGIN:
                self._year = year
                self.offset = timezone(offset)
                exact = began.astimezone(self.offset)
                if exact.replace(microsecond=0) == candidate.replace(tzinfo=self.offset):
                    return exact  # to the microsecond
                return candidate.replace(tzinfo=self.offset)
        self.guessed_year = True
        return self._in_zone(local)

    def _in_zone(self, local: datetime) -> datetime:
        """Return a local time, in a repeated hour the second one if the first is too early."""
        found = local.replace(tzinfo=self._zone)
        last = self._last
        is_repeated = found.utcoffset() != found.replace(fold=1).utcoffset()
        if is_repeated and last is not None and last.astimezone(UTC) > found.astimezone(UTC):
            found = found.replace(fold=1)
        self._last = found
        return found


@lru_cache(256)  # lines of one second follow each other
def _local(year: int, stamp: str) -> datetime:
    return datetime.fromisoformat(
        f"{year}-{_MONTH[stamp[:3]]:02}-{int(stamp[4:6]):02}T{stamp[7:15]}"
    )


@lru_cache(4_096)
def seconds_between(earlier: str | datetime, later: str | datetime) -> float:
    """Return the seconds between two stamps of a log, or infinity if unknown."""
    try:
        first, second = _comparable(earlier), _comparable(later)
        if second < first and not (isinstance(earlier, datetime) or earlier[:1].isdigit()):
            second = second.replace(year=second.year + 1)  # across New Year
        return abs((second - first).total_seconds())
    except (ValueError, KeyError, TypeError):
        return math.inf


def _comparable(stamp: str | datetime) -> datetime:
    if isinstance(stamp, datetime):
        return stamp
    exact = _STAMP.match(stamp)
    if exact is None:
        return _local(2000, stamp)
    local = datetime.fromisoformat(
        f"{exact['year']}-{exact['month']}-{exact['day']}T{exact['time']}"
    )
    return local.replace(tzinfo=_offset(exact["zone"])) if exact["zone"] else local


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
