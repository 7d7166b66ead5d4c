"""Decodes text: charsets by their names in mail, and encoded words (RFC 2047)."""

import binascii
import codecs
import re
from collections.abc import Iterator
from encodings import aliases

from mailauth.mime.transfer import base64
from mailauth.wire.utf8 import is_utf8

PIECE_OCTETS = 131_072  # decoded at a time
_LONGEST_CHARACTER = 64  # octets; no character has more, with its shift sequences

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
    """Return the codec for a charset's name, from a fixed table."""
    name = _PUNCTUATION.sub("_", charset.decode("ascii", "replace").lower()).strip("_")
    return _CODECS.get(name)


def decoded(octets: bytes, charset: bytes | None) -> str:
    """Decode text; without a known charset, try UTF-8, then Latin-1."""
    name = None if charset is None else codec(charset)
    if name is not None:
        return octets.decode(name, "replace")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def pieces(octets: bytes, charset: bytes | None) -> Iterator[str]:
    """Decode text like `decoded`, in pieces."""
    if len(octets) <= PIECE_OCTETS:
        yield decoded(octets, charset)
        return
    name = None if charset is None else codec(charset)
    if name is None:
        name = "utf-8" if is_utf8(octets) else "latin-1"
    decoder = codecs.getincrementaldecoder(name)("replace")
    for start in range(0, len(octets), PIECE_OCTETS):
        yield decoder.decode(octets[start : start + PIECE_OCTETS])
        if len(decoder.getstate()[0]) > _LONGEST_CHARACTER:  # UTF-7 buffers an unended run
            yield decoder.decode(b"", final=True)
            decoder.reset()
    yield decoder.decode(b"", final=True)


def header_text(value: bytes) -> str:
    """Return an unfolded field's value with encoded words decoded."""
    if b"=?" not in value:
        return decoded(value, None)
    value = _BETWEEN_ENCODED_WORDS.sub(rb"\1", value)
    pieces: list[str] = []
    at = 0
    # Neighbours in one charset are decoded as one: they may share a character.
    charset, run = b"", b""
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
