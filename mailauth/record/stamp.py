"""Instants and how they are printed: whole microseconds since the epoch, in the zone of the log."""

from datetime import UTC, datetime, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MICROSECONDS = 1_000_000


class ZoneError(ValueError):
    """There is no such time zone; the message names it."""


def zone_named(name: str) -> tzinfo | None:
    """Return an IANA zone; `None` is what the machine calls local. Raises `ZoneError`."""
    if name == "local":
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ZoneError(f'there is no time zone "{name}"') from None


def instant_of(seconds: float) -> int:
    """Return a clock's reading as an instant."""
    return round(seconds * MICROSECONDS)


class Stamps:
    """Prints instants in one zone; the last second's text is kept, for logins come in crowds."""

    __slots__ = ("_base", "_printed", "_second", "zone")

    def __init__(self, zone: tzinfo | None) -> None:
        self.zone = zone
        self._turn(0)

    def at(self, instant: int) -> datetime:
        """Return the instant as a time with the offset that the zone has then."""
        second, microsecond = divmod(instant, MICROSECONDS)
        if second != self._second:
            self._turn(second)
        return self._base.replace(microsecond=microsecond)

    def of(self, time: datetime) -> datetime:
        """Return a time that somebody else has taken as `at` would."""
        return _with_fixed_offset(time.astimezone(self.zone))

    def printed(self, instant: int) -> str:
        """Return the instant as a line prints it: milliseconds truncated."""
        second, microsecond = divmod(instant, MICROSECONDS)
        if second != self._second:
            self._turn(second)
        return f"{self._printed},{microsecond // 1000:03d}"

    def _turn(self, second: int) -> None:
        self._second = second
        self._base = self.of(datetime.fromtimestamp(second, UTC))
        self._printed = self._base.replace(tzinfo=None).isoformat(" ")


def _with_fixed_offset(time: datetime) -> datetime:
    """Replace a zone by its offset: times of a zone compare wrongly in an hour that it repeats."""
    offset = time.utcoffset()
    assert offset is not None, "the time is aware"
    return time.replace(tzinfo=timezone(offset), fold=0)
