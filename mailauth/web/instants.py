"""Times as pages write them, and instants of the record's clock as times."""

from datetime import UTC, datetime


def instant(seconds: float) -> datetime:
    """Return seconds since the epoch as a time."""
    return datetime.fromtimestamp(seconds, UTC)


def moment(time: datetime) -> str:
    """Write a time for a person to read, to the minute."""
    return f"{time:%d %b %Y %H:%M}"
