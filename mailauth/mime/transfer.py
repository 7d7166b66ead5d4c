"""Content transfer encodings (RFC 2045 §6), decoded leniently."""

import binascii
import re

_AFTER_LINES = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n|\Z)")  # linear in long runs of white space
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


class UnknownEncoding(Exception):
    """The Content-Transfer-Encoding is unknown (UNKNOWN-CTE)."""


def is_identity(encoding: bytes) -> bool:
    """Return whether an encoding, named in upper case, changes nothing."""
    return encoding in (b"7BIT", b"8BIT", b"BINARY")


def decode(octets: bytes, encoding: bytes) -> bytes:
    """Decode from an encoding, named in upper case. Raises `UnknownEncoding`."""
    match encoding:
        case _ if is_identity(encoding):
            return octets
        case b"QUOTED-PRINTABLE":
            return quoted_printable(octets)
        case b"BASE64":
            return base64(octets)
        case _:
            raise UnknownEncoding


def quoted_printable(octets: bytes) -> bytes:
    """Decode quoted-printable, without trailing white space (RFC 2045 §6.7, rule 3)."""
    return binascii.a2b_qp(_AFTER_LINES.sub(b"", octets))


def base64(octets: bytes) -> bytes:
    """Decode base64; other characters are ignored, and the end may be incomplete."""
    try:
        return binascii.a2b_base64(octets)
    except binascii.Error:
        digits = _NOT_BASE64.sub(b"", octets)
        whole = digits[: len(digits) - (len(digits) % 4 == 1)]
        return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))
