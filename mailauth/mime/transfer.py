"""Content transfer encodings (RFC 2045 §6), decoded as far as there is anything to decode."""

import binascii
import re

_AFTER_LINES = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n|\Z)")  # linear in long runs of white space
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


class UnknownEncoding(Exception):
    """Nobody knows how to decode this Content-Transfer-Encoding (UNKNOWN-CTE)."""


def is_identity(encoding: bytes) -> bool:
    """Whether an encoding, named in upper case, leaves everything as it is."""
    return encoding in (b"7BIT", b"8BIT", b"BINARY")


def decode(octets: bytes, encoding: bytes) -> bytes:
    """Undo an encoding, named in upper case. Raises `UnknownEncoding`."""
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
    """Decode; white space at the end of a line was added on the way (RFC 2045 §6.7, rule 3)."""
    return binascii.a2b_qp(_AFTER_LINES.sub(b"", octets))


def base64(octets: bytes) -> bytes:
    """Decode the digits there are; the last ones may be cut short."""
    try:
        return binascii.a2b_base64(octets)
    except binascii.Error:
        digits = _NOT_BASE64.sub(b"", octets)
        whole = digits[: len(digits) - (len(digits) % 4 == 1)]
        return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))
