"""Values made fit to be shown: whatever a name is made of, it does no harm."""

import datetime
from typing import Any

from mailauth.config.errors import printable

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # how a formula begins, fullwidth too


def iso(time: datetime.datetime) -> str:
    """Print a time as ISO 8601, in milliseconds unless there is more to it."""
    return time.isoformat(timespec="microseconds" if time.microsecond % 1000 else "milliseconds")


def duration(seconds: float) -> str:
    """Say how long something took, in its two largest units."""
    rest = datetime.timedelta(seconds=seconds) // datetime.timedelta(seconds=1)
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "under 1 s"


def plain(value: Any) -> Any:
    """Return what JSON can say of a value: null, truth, a number, or a text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime.datetime):
        return iso(value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def text(value: Any) -> str:
    """Return a value for a person to read: nothing in it moves the terminal or turns the line."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return printable(str(value))


def cell(value: Any) -> str:
    """Return a value for a spreadsheet: a text is never a formula."""
    shown = text(value)
    if isinstance(value, str) and shown.lstrip().startswith(_FORMULA):
        return f"'{shown}"
    return shown


def escaped_json(encoded: str) -> str:
    """Return JSON that means the same and holds nothing that a terminal would act on."""
    if encoded.isprintable():
        return encoded
    return "".join(
        character if character.isprintable() else _escaped(character) for character in encoded
    )


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
