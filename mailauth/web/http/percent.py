"""Percent-encoding (RFC 3986 §2.1). Pure."""

import re
from urllib.parse import unquote_to_bytes

from mailauth.web.http.message import HttpError

MAX_STRAY = 64

_STRAY = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def decoded(octets: bytes) -> bytes:
    """Decode; a % that encodes nothing stays as it is. Raises `HttpError` if there are many."""
    check(octets)
    return unquote_to_bytes(octets)


def check(octets: bytes) -> None:
    """Raise `HttpError` for many invalid percent signs: each costs more than ten valid ones."""
    for number, _ in enumerate(_STRAY.finditer(octets)):
        if number == MAX_STRAY:
            raise HttpError(
                400, "Too many percent signs are not followed by two hexadecimal digits."
            )
