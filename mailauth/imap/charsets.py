"""Text out of octets: charsets by their names in mail, and encoded words (RFC 2047)."""

import binascii
import re
from encodings import aliases

from mailauth.imap.transfer import base64

_NO_CHARSETS = (
    *("base64_codec", "bz2_codec", "hex_codec", "mbcs"),
    *("quopri_codec", "rot_13", "uu_codec", "zlib_codec"),
)
_CODECS = {name: codec for name, codec in aliases.aliases.items() if codec not in _NO_CHARSETS}
_CODECS |= {codec: codec for codec in {*_CODECS.values(), "cp720", "cp737", "cp874", "koi8_u"}}

_PUNCTUATION = re.compile(r"[^a-z0-9.]+")
_ENCODED_WORD = re.compile(rb"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_ENCODED_WORDS = re.compile(rb"(\?=)\s+(?==\?[^?\s]+\?[bBqQ]\?[^?]*\?=)")


def codec(charset: bytes) -> str | None:
    """The codec for a charset's name, if it is one; never asks for codecs by foreign names."""
    name = _PUNCTUATION.sub("_", charset.decode("ascii", "replace").lower()).strip("_")
    return _CODECS.get(name)


def decoded(octets: bytes, charset: bytes | None) -> str:
    """Text in the charset named, as far as it is; when none is known, UTF-8, or else Latin-1."""
    name = None if charset is None else codec(charset)
    if name is not None:
        return octets.decode(name, "replace")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def header_text(value: bytes) -> str:
    """An unfolded field's value with its encoded words decoded."""
    if b"=?" not in value:
        return decoded(value, None)
    value = _BETWEEN_ENCODED_WORDS.sub(rb"\1", value)
    pieces: list[str] = []
    at = 0
    charset, run = (
        b"",
        b"",
    )  # neighbours in one charset are decoded as one: they may share a character
    for word in _ENCODED_WORD.finditer(value):
        if run and (word.start() > at or word[1].lower() != charset):
            pieces.append(decoded(run, charset))
            run = b""
        pieces.append(decoded(value[at : word.start()], None))
        charset = word[1].lower()
        run += _word(word[2], word[3])
        at = word.end()
    pieces.append(decoded(run, charset))
    pieces.append(decoded(value[at:], None))
    return "".join(pieces)


def _word(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"bB":
        return base64(text)
    return binascii.a2b_qp(text, header=True)
