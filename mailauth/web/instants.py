"""Times in the format of pages, and instants converted to times."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo


def instant(seconds: float) -> datetime:
    """Convert seconds since the epoch to a time."""
    return datetime.fromtimestamp(seconds, UTC)


def moment(time: datetime) -> str:
    """Format a time for people, to the minute."""
    return f"{time:%d %b %Y %H:%M}"


def second(time: datetime) -> str:
    """Format a time for people, to the second."""
    return f"{time:%d %b %Y %H:%M:%S}"


class Clockface:
    """The zone of the log, in which pages show times; `None` is the machine's own."""

    def __init__(self, now: Callable[[], float], zone: tzinfo | None) -> None:
        self._now = now
        self._zone = zone

    def local(self, time: datetime) -> datetime:
        """Return a time in the zone; one without an offset already is."""
        return time if time.tzinfo is None else time.astimezone(self._zone)

    def zone(self) -> str:
        """Return the zone's name with its current offset."""
        now = datetime.fromtimestamp(self._now(), UTC).astimezone(self._zone)
        offset = f"{now:%z}"
        name = self._zone.key if isinstance(self._zone, ZoneInfo) else now.tzname()
        return name if name == "UTC" else f"{name} (UTC{offset[:3]}:{offset[3:5]})"
