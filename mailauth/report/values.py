"""Values made safe for display, whatever a name contains."""

import datetime
from typing import Any

from mailauth.config.errors import printable

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # the beginnings of formulas


def iso(time: datetime.datetime) -> str:
    """Format a time as ISO 8601, in milliseconds unless it is more precise."""
    return time.isoformat(timespec="microseconds" if time.microsecond % 1000 else "milliseconds")


def duration(seconds: float) -> str:
    """Format a duration in its two largest units."""
    rest = datetime.timedelta(seconds=seconds) // datetime.timedelta(seconds=1)
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "under 1 s"


def plain(value: Any) -> Any:
    """Convert a value for JSON: null, a boolean, a number, or a text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime.datetime):
        return iso(value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def text(value: Any) -> str:
    """Convert a value to text that cannot control a terminal or the direction of the line."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return printable(str(value))


def cell(value: Any) -> str:
    """Convert a value for a spreadsheet; a text is never a formula."""
    shown = text(value)
    if isinstance(value, str) and shown.lstrip().startswith(_FORMULA):
        return f"'{shown}"
    return shown


def escaped_json(encoded: str) -> str:
    """Return equivalent JSON without anything that a terminal would interpret."""
    if encoded.isprintable():
        return encoded
    return "".join(
        character if character.isprintable() else _escaped(character) for character in encoded
    )


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
