"""Characters that are not seen, or that a terminal or a reader of lines acts on.

They are written out here, so that what is written does not depend on the version of Unicode that
writes or reads it.
"""

import re
from contextlib import suppress
from functools import lru_cache

import msgspec

# White space (the property White_Space, and the braille pattern that looks like it).
SPACES = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000"

# Controls (Cc), format characters (Cf, bidirectional controls among them), what is shown as nothing
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
    """Return a line of JSON that means the same and can be shown, split into lines and searched.

    Its encoder has escaped the controls below U+0020 already. The line ends without a line feed.
    """
    if encoded.isascii() and _DELETE not in encoded:
        return encoded
    return _UNSEEN.sub(_escape, encoded.decode()).encode()


def beginning_as_json(text: str, octets: int) -> str:
    """Return as much of the text as takes at most so many octets inside a JSON string."""
    written = escaped_json(_encode(text))[:-1]
    if len(written) <= octets + 1:
        return text
    for cut in range(octets + 1, 0, -1):  # a character has at most twelve, its escapes counted
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            return _decode(written[:cut] + b'"')
    return ""


def _escape(found: re.Match[str]) -> str:
    return _escaped(found[0])


@lru_cache(maxsize=4096)  # nearly all that there are: strangers send many
def _escaped(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
