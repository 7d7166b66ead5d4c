"""The texts of a message that a key searches, in comparable form (RFC 3501 §6.4.4)."""

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import assert_never

from mailauth.imap.parsed import ParsedMessage
from mailauth.imap.search.keys import Address, Body, Header, Text
from mailauth.imap.structure import transfer_encoding
from mailauth.mime.addresses import addresses
from mailauth.mime.charsets import header_text, pieces
from mailauth.mime.parts import Part, unfolded
from mailauth.mime.transfer import UnknownEncoding, decode

MAX_HEADER = 262_144  # octets of a header that are searched

Texts = Callable[[ParsedMessage], Iterator[str | None]]  # `None` gives others their turn

_FOLDED_LINE = re.compile(rb"\r?\n(?=[ \t])")
_DRESSED = re.compile(rb'[("]')  # comments and quotes do not belong to an address
# In pieces, because normalizing is quadratic in combining marks.
_NOT_ASCII = re.compile(r"[^\x00-\x7f]{1,64}")


def folded(text: str) -> str:
    """Text as it is compared: without letter case and compatibility forms (after RFC 5051)."""
    if text.isascii():
        return text.lower()
    return _NOT_ASCII.sub(lambda m: unicodedata.normalize("NFKD", m[0]), text.casefold())


def texts_of(key: Header | Address | Body | Text) -> Texts:
    """Yield the texts of a message that a key searches; long texts come in pieces."""
    match key:
        case Header(field, _):
            values = _values_of(field)
            return lambda message: (folded(header_text(value)) for value in values(message))
        case Address(field, _):
            values = _values_of(field)
            return lambda message: (
                text for value in values(message) for text in _address_texts(value)
            )
        case Body(text):
            overlap = len(folded(text))
            return lambda message: _texts(message.root, overlap)
        case Text(text):
            overlap = len(folded(text))
            return lambda message: itertools.chain(
                (_header_text(message.beginning(MAX_HEADER)),),
                _texts(message.root, overlap),
                _mime_headers(message.root),
            )
        case _:
            assert_never(key)


def _values_of(field: bytes) -> Callable[[ParsedMessage], Iterator[bytes]]:
    """A function that returns the values of the fields of this name in a message, unfolded."""
    pattern = re.compile(
        rb"\n%b[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)" % re.escape(field), re.IGNORECASE
    )
    return lambda message: map(unfolded, pattern.findall(b"\n" + message.beginning(MAX_HEADER)))


def _address_texts(value: bytes) -> Iterator[str | None]:
    """Yield an address field as it is and, if different, its addresses."""
    yield folded(header_text(value))
    if _DRESSED.search(value):
        for some in addresses(value):
            for one in some:
                name, mailbox, host = (part or b"" for part in (one.name, one.mailbox, one.host))
                shown = f"{header_text(name)} <{header_text(mailbox)}@{header_text(host)}>"
                yield folded(shown)
            yield None


def _texts(root: Part, overlap: int) -> Iterator[str]:
    """Yield the text parts of a message, and the headers of enclosed messages."""
    yield ""
    for part in root.walk():
        if part.media_type.type == b"TEXT":
            yield from _part_texts(part, overlap)
        elif part.message is not None:
            yield _header_text(part.message.beginning(MAX_HEADER))


def _mime_headers(root: Part) -> Iterator[str]:
    """Yield the headers of the parts of a message (RFC 9051 §6.4.4, TEXT)."""
    return (_header_text(part.beginning(MAX_HEADER)) for part in root.walk() if part is not root)


def _part_texts(part: Part, overlap: int) -> Iterator[str]:
    """Yield the text of a part in pieces that overlap by the given number of characters."""
    try:
        octets = decode(part.text, transfer_encoding(part))
    except UnknownEncoding:
        octets = part.text
    text = ""
    for piece in pieces(octets, part.media_type.parameter(b"CHARSET")):
        text = text[max(len(text) - overlap, 0) :] + folded(piece)
        yield text


def _header_text(header: bytes) -> str:
    return folded(header_text(_FOLDED_LINE.sub(b"", header)))
