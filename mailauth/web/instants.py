"""Instants of the record's clock as times."""

from datetime import UTC, datetime


def instant(seconds: float) -> datetime:
    """Return seconds since the epoch as a time."""
    return datetime.fromtimestamp(seconds, UTC)
