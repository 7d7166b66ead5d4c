"""Instants, which are whole microseconds since the epoch, and their format in the log's zone."""

from datetime import UTC, datetime, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MICROSECONDS = 1_000_000


class ZoneError(ValueError):
    """The time zone does not exist; the message names it."""


def zone_named(name: str) -> tzinfo | None:
    """Return an IANA zone; `None` is the machine's local one. Raises `ZoneError`."""
    if name == "local":
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ZoneError(f'there is no time zone "{name}"') from None


def instant_of(seconds: float) -> int:
    """Convert a clock's reading to an instant."""
    return round(seconds * MICROSECONDS)


class Stamps:
    """Formats instants in one zone; it caches the text of the last second for bursts of logins."""

    __slots__ = ("_base", "_printed", "_second", "zone")

    def __init__(self, zone: tzinfo | None) -> None:
        self.zone = zone
        self._turn(0)

    def at(self, instant: int) -> datetime:
        """Return the instant as a time with the zone's offset at that time."""
        second, microsecond = divmod(instant, MICROSECONDS)
        if second != self._second:
            self._turn(second)
        return self._base.replace(microsecond=microsecond)

    def of(self, time: datetime) -> datetime:
        """Convert a time of another source to what `at` would return."""
        return _with_fixed_offset(time.astimezone(self.zone))

    def printed(self, instant: int) -> str:
        """Format the instant as in a line, milliseconds truncated."""
        second, microsecond = divmod(instant, MICROSECONDS)
        if second != self._second:
            self._turn(second)
        return f"{self._printed},{microsecond // 1000:03d}"

    def _turn(self, second: int) -> None:
        self._second = second
        self._base = self.of(datetime.fromtimestamp(second, UTC))
        self._printed = self._base.replace(tzinfo=None).isoformat(" ")


def _with_fixed_offset(time: datetime) -> datetime:
    """Replace a zone by its offset, since times with a zone compare wrongly in a repeated hour."""
    offset = time.utcoffset()
    assert offset is not None, "the time is aware"
    return time.replace(tzinfo=timezone(offset), fold=0)
