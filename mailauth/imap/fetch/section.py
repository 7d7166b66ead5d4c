"""Sections of a message, for BODY[…] and BINARY[…] (RFC 9051 §6.4.5.1, RFC 3516)."""

import enum
import re
from typing import assert_never

import msgspec

from mailauth.imap.fetch.extent import Extent, whole
from mailauth.imap.parsed import ParsedMessage
from mailauth.imap.structure import transfer_encoding
from mailauth.mime.parts import Part
from mailauth.mime.transfer import decode, is_identity

MAX_HEADER = 524_288  # octets of a header that are searched for fields

_FIELD = re.compile(rb"\n([^\s:]+)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*")


class Specifier(enum.Enum):
    """A part specifier other than a number."""

    HEADER = b"HEADER"
    HEADER_FIELDS = b"HEADER.FIELDS"
    HEADER_FIELDS_NOT = b"HEADER.FIELDS.NOT"
    TEXT = b"TEXT"
    MIME = b"MIME"


class Section(msgspec.Struct, frozen=True):
    """The contents of the brackets. `fields` are the names for HEADER.FIELDS and its negation."""

    path: tuple[int, ...] = ()
    specifier: Specifier | None = None
    fields: tuple[bytes, ...] = ()


class Partial(msgspec.Struct, frozen=True):
    """`<start.length>`, shown in the response as `<start>`."""

    start: int
    length: int


def content(message: ParsedMessage, section: Section) -> Extent | None:
    """Return the octets of a section; `None` when the part does not exist.

    NUL, which an IMAP string cannot contain, is replaced.
    """
    data = message.without_nul
    part: Part | None = None
    if section.path:
        part = find(message.root, section.path)
        if part is None:
            return None
        if section.specifier is None:
            return Extent(data, part.body, part.end)
        if section.specifier is Specifier.MIME:
            return Extent(data, part.start, part.body)
        part = part.message
        if part is None:
            return None
    start, body, end = (
        (0, message.header_octets, len(data)) if part is None else (part.start, part.body, part.end)
    )
    match section.specifier:
        case None:
            return whole(data)
        case Specifier.HEADER | Specifier.MIME:
            return Extent(data, start, body)
        case Specifier.TEXT:
            return Extent(data, body, end)
        case Specifier.HEADER_FIELDS | Specifier.HEADER_FIELDS_NOT:
            names = frozenset(name.lower() for name in section.fields)
            others = section.specifier is Specifier.HEADER_FIELDS_NOT
            return whole(header_fields(data[start:body], names, others=others))
        case _:
            assert_never(section.specifier)


def searched(message: ParsedMessage, section: Section) -> int:
    """Return how many octets `content` searches for fields at most."""
    if not section.fields:
        return 0
    return min(len(message.data) if section.path else message.header_octets, MAX_HEADER)


def binary(message: ParsedMessage, path: tuple[int, ...]) -> Extent | None:
    """Return the decoded body of a part (RFC 3516 §4.3); `None` when it does not exist.

    Without a path, return the message unchanged. Raises `mime.transfer.UnknownEncoding`.
    """
    if not path:
        return whole(message.data)
    part = find(message.root, path)
    if part is None:
        return None
    if part.media_type.is_multipart or part.message is not None:  # not encoded (RFC 2046 §5)
        return Extent(message.data, part.body, part.end)
    encoding = transfer_encoding(part)
    if is_identity(encoding):
        return Extent(message.data, part.body, part.end)
    return whole(message.decoded(part, lambda: decode(part.text, encoding)))


def find(message: Part, path: tuple[int, ...]) -> Part | None:
    """Follow part numbers; a part that is not a multipart is its own part 1, once."""
    part = message
    inside: Part | None = message  # the next number counts its parts
    for number in path:
        if inside is None:
            return None
        if inside.media_type.is_multipart:
            if number > len(inside.children):
                return None
            part = inside.children[number - 1]
        elif number == 1:
            part = inside
        else:
            return None
        inside = _within(part)
    return part


def header_fields(header: bytes, names: frozenset[bytes], *, others: bool = False) -> bytes:
    """Return the fields with these lower-case names or, if `others`, all other lines.

    A blank line follows if the header has one.
    """
    blank = b"\r\n" if header == b"\r\n" or header.endswith(b"\n\r\n") else b""
    lines = header[: min(len(header) - len(blank), MAX_HEADER)]
    if lines and not lines.endswith(b"\n"):
        lines += b"\r\n"
    if others:
        kept = _FIELD.sub(lambda m: b"" if m[1].lower() in names else m[0], b"\n" + lines)[1:]
        return kept + blank
    found = [m[0][1:] for m in _FIELD.finditer(b"\n" + lines) if m[1].lower() in names]
    return b"".join([b"%b\n" % field for field in found]) + blank


def _within(part: Part) -> Part | None:
    """Return the part whose parts a further number counts, if any."""
    if part.message is not None:
        return part.message
    return part if part.media_type.is_multipart else None
