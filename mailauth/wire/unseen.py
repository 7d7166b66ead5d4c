"""Characters that are invisible, or that a terminal or a line reader interprets.

They are listed here, so that the output does not depend on the version of Unicode.
"""

import re
from contextlib import suppress
from functools import lru_cache

import msgspec

# White space (the property White_Space, and the blank braille pattern).
SPACES = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000"

# Controls (Cc), format characters (Cf, bidirectional controls among them), what is not shown
# (Default_Ignorable_Code_Point) and lone surrogates.
INVISIBLE = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\ud800-\udfff"
)

_UNSEEN = re.compile(f"[{INVISIBLE}\u2028\u2029]")
_DELETE = b"\x7f"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(str).decode


def escaped_json(encoded: bytes) -> bytes:
    """Return an equivalent line of JSON that can safely be shown, split into lines and searched.

    The encoder has already escaped the controls below U+0020. There is no final line feed.
    """
    if encoded.isascii() and _DELETE not in encoded:
        return encoded
    return _UNSEEN.sub(_escape, encoded.decode()).encode()


def beginning_as_json(text: str, octets: int) -> str:
    """Return the longest beginning of a text that fits this many octets of a JSON string."""
    written = escaped_json(_encode(text))[:-1]
    if len(written) <= octets + 1:
        return text
    for cut in range(octets + 1, 0, -1):  # a character has at most twelve, including escapes
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            return _decode(written[:cut] + b'"')
    return ""


def _escape(found: re.Match[str]) -> str:
    return _escaped(found[0])


@lru_cache(maxsize=4096)  # nearly all there are: hostile clients send many
def _escaped(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
