"""Times as pages write them, and instants of the record's clock as times."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo


def instant(seconds: float) -> datetime:
    """Return seconds since the epoch as a time."""
    return datetime.fromtimestamp(seconds, UTC)


def moment(time: datetime) -> str:
    """Write a time for a person to read, to the minute."""
    return f"{time:%d %b %Y %H:%M}"


def second(time: datetime) -> str:
    """Write a time for a person to read, to the second."""
    return f"{time:%d %b %Y %H:%M:%S}"


class Clockface:
    """The zone of the log, in which pages show times; `None` is the machine's own."""

    def __init__(self, now: Callable[[], float], zone: tzinfo | None) -> None:
        self._now = now
        self._zone = zone

    def local(self, time: datetime) -> datetime:
        """Return a time in the zone; one without an offset is in it already."""
        return time if time.tzinfo is None else time.astimezone(self._zone)

    def zone(self) -> str:
        """Name the zone, with the offset that it has now."""
        now = datetime.fromtimestamp(self._now(), UTC).astimezone(self._zone)
        offset = f"{now:%z}"
        name = self._zone.key if isinstance(self._zone, ZoneInfo) else now.tzname()
        return name if name == "UTC" else f"{name} (UTC{offset[:3]}:{offset[3:5]})"
