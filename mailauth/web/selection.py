"""The events that a client wants, and may have."""

import enum
import re
from collections.abc import Mapping
from typing import TypeVar

from mailauth.events.selection import Selection
from mailauth.login.event import Kind, Result, Service
from mailauth.web.access import Viewer
from mailauth.web.http.message import HttpError

MAX_NUMBER = 2**53 - 1  # the largest number that every JSON parser supports

_NUMBER = re.compile(r"[0-9]{1,18}")
_DECIMAL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")

E = TypeVar("E", bound=enum.Enum)


class Verdict(enum.Enum):
    """The verdicts in a query; another server's log may leave it unknown."""

    SECURE = "true"
    UNSECURE = "false"
    UNKNOWN = "unknown"


def selection(query: Mapping[str, str], viewer: Viewer) -> Selection:
    """Parse a selection from a query; a user gets only their own events.

    Raises `HttpError`.
    """
    return Selection(
        kind=choice(query, "kind", Kind),
        result=choice(query, "result", Result),
        protocol=choice(query, "protocol", Service),
        secure=secure(query),
        unknown=is_unknown(query),
        user=viewer.only_user or query.get("user"),
    )


def choice(query: Mapping[str, str], name: str, choices: type[E]) -> E | None:
    """Parse one of an enumeration's values, in any letter case. Raises `HttpError`."""
    text = query.get(name)
    if text is None:
        return None
    for member in choices:
        if member.value.lower() == text.lower():
            return member
    allowed = ", ".join(str(member.value) for member in choices)
    raise HttpError(400, f"{name}: expected one of {allowed}.")


def secure(query: Mapping[str, str]) -> bool | None:
    """Parse the wanted verdict; `None` for any, and for unknown. Raises `HttpError`."""
    verdict = choice(query, "secure", Verdict)
    return verdict is Verdict.SECURE if verdict not in (None, Verdict.UNKNOWN) else None


def is_unknown(query: Mapping[str, str]) -> bool:
    """Return whether logins with an unknown verdict are wanted. Raises `HttpError`."""
    return choice(query, "secure", Verdict) is Verdict.UNKNOWN


def truth(query: Mapping[str, str], name: str) -> bool | None:
    """Parse `true` or `false`. Raises `HttpError`."""
    text = query.get(name)
    if text is None:
        return None
    if text not in ("true", "false"):
        raise HttpError(400, f"{name}: expected true or false.")
    return text == "true"


def number(
    query: Mapping[str, str], name: str, default: int, at_most: int, *, at_least: int = 0
) -> int:
    """Parse a whole number. Raises `HttpError`."""
    text = query.get(name)
    if text is None:
        return default
    if _NUMBER.fullmatch(text) is None or not at_least <= int(text) <= at_most:
        raise HttpError(400, f"{name}: expected a whole number from {at_least} to {at_most}.")
    return int(text)


def decimal(query: Mapping[str, str], name: str, at_most: int) -> float:
    """Parse a number with or without a fraction, by default 0. Raises `HttpError`."""
    text = query.get(name, "0")
    if not _DECIMAL.fullmatch(text) or not 0 <= float(text) <= at_most:
        raise HttpError(400, f"{name}: expected a number from 0 to {at_most}.")
    return float(text)
