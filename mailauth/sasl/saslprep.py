"""SASLprep (RFC 4013): the form in which names and passwords are compared.

Input from unauthenticated clients is prepared, so this must be cheap. A text that is long, or that
becomes long (one character may become 18), is used unprepared.
"""

import re
import stringprep
import unicodedata
from collections.abc import Callable

Prepare = Callable[[bytes], bytes]

LONGEST = 128  # characters of a text that will be prepared
LONGEST_PREPARED = 256  # characters that it may become

_KNOWN = 8  # texts; an attempt has fewer

_NOTHING = re.compile(  # RFC 3454 table B.1
    r"[\xad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]+"
)
_SPACE = re.compile(r"[\xa0\u1680\u2000-\u200b\u202f\u205f\u3000]")  # table C.1.2
_PROHIBITED = re.compile(  # tables C.1.2 and C.2.1 to C.9
    r"[\x00-\x1f\x7f-\xa0\u0340-\u0341\u06dd\u070f\u1680\u180e\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u2063\u206a-\u206f\u2ff0-\u2ffb\u3000\ud800-\uf8ff\ufdd0-\ufdef\ufeff"
    r"\ufff9-\uffff\U0001d173-\U0001d17a\U0001fffe-\U0001ffff\U0002fffe-\U0002ffff"
    r"\U0003fffe-\U0003ffff\U0004fffe-\U0004ffff\U0005fffe-\U0005ffff\U0006fffe-\U0006ffff"
    r"\U0007fffe-\U0007ffff\U0008fffe-\U0008ffff\U0009fffe-\U0009ffff\U000afffe-\U000affff"
    r"\U000bfffe-\U000bffff\U000cfffe-\U000cffff\U000dfffe-\U000dffff\U000e0001"
    r"\U000e0020-\U000e007f\U000efffe-\U0010ffff]"
)
_RIGHT_TO_LEFT = re.compile(  # table D.1
    r"[\u05be\u05c0\u05c3\u05d0-\u05ea\u05f0-\u05f4\u061b\u061f\u0621-\u063a\u0640-\u064a"
    r"\u066d-\u066f\u0671-\u06d5\u06dd\u06e5-\u06e6\u06fa-\u06fe\u0700-\u070d\u0710"
    r"\u0712-\u072c\u0780-\u07a5\u07b1\u200f\ufb1d\ufb1f-\ufb28\ufb2a-\ufb36\ufb38-\ufb3c"
    r"\ufb3e\ufb40-\ufb41\ufb43-\ufb44\ufb46-\ufbb1\ufbd3-\ufd3d\ufd50-\ufd8f\ufd92-\ufdc7"
    r"\ufdf0-\ufdfc\ufe70-\ufe74\ufe76-\ufefc]"
)


class Prohibited(ValueError):
    """The text contains a character that SASLprep prohibits."""


def saslprep(text: str) -> str:
    """Return `text` prepared as a query string (unassigned code points allowed); RFC 4013 §2.

    Raises `Prohibited`.
    """
    if text.isascii() and text.isprintable():
        return text
    normalized = _normalized(text)
    _check(normalized)
    return normalized


def prepared(octets: bytes) -> bytes:
    """Prepare octets; they are unchanged if not UTF-8, prohibited or too long."""
    if octets.isascii() or len(octets) > 4 * LONGEST:  # a character has four octets at most
        return octets
    try:
        text = octets.decode("utf-8")
        if len(text) > LONGEST:
            return octets
        normalized = _normalized(text)
        if len(normalized) > LONGEST_PREPARED:
            return octets
        _check(normalized)
    except (Prohibited, UnicodeDecodeError):
        return octets
    return normalized.encode()


class PreparedOnce:
    """`prepared` with a cache for one attempt, which must be told to `forget`."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, bytes] = {}

    def __call__(self, octets: bytes) -> bytes:
        """Prepare octets, or use the cached result."""
        if octets.isascii():
            return octets
        known = self._known.get(octets)
        if known is None:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            known = self._known[octets] = prepared(octets)
        return known

    def forget(self) -> None:
        """Clear the cache."""
        self._known.clear()


def _normalized(text: str) -> str:
    """Map (RFC 4013 §2.1) and normalize (§2.2)."""
    return unicodedata.ucd_3_2_0.normalize("NFKC", _SPACE.sub(" ", _NOTHING.sub("", text)))


def _check(text: str) -> None:
    """Raise `Prohibited` for prohibited characters (RFC 4013 §2.3) and mixed directions (§2.4)."""
    if _PROHIBITED.search(text):
        raise Prohibited
    if _RIGHT_TO_LEFT.search(text) and (
        any(map(stringprep.in_table_d2, set(text)))
        or not _RIGHT_TO_LEFT.match(text)
        or not _RIGHT_TO_LEFT.match(text[-1])
    ):
        raise Prohibited
