"""SASLprep (RFC 4013): the form in which names and passwords are compared."""

import stringprep
import unicodedata

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


class Prohibited(ValueError):
    """The text has a character that SASLprep does not allow."""


def saslprep(text: str) -> str:
    """Return `text` prepared as a query string (unassigned code points allowed); RFC 4013 §2.

    Raises `Prohibited`.
    """
    if text.isascii() and text.isprintable():
        return text
    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in text
        if not stringprep.in_table_b1(character)
    )
    prepared = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    if any(table(character) for character in prepared for table in _PROHIBITED):
        raise Prohibited
    if any(stringprep.in_table_d1(character) for character in prepared) and (
        any(stringprep.in_table_d2(character) for character in prepared)
        or not stringprep.in_table_d1(prepared[0])
        or not stringprep.in_table_d1(prepared[-1])
    ):
        raise Prohibited
    return prepared


def prepared(octets: bytes) -> bytes:
    """The same as prepared text; what is no UTF-8, or prohibited, stays as it is."""
    if octets.isascii():
        return octets
    try:
        return saslprep(octets.decode("utf-8")).encode()
    except (Prohibited, UnicodeDecodeError):
        return octets
