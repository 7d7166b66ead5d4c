"""Sections of a message, as BODY[…] and BINARY[…] name them (RFC 9051 §6.4.5.1, RFC 3516)."""

import enum
import re
from typing import assert_never

import msgspec

from mailauth.imap.mime import Part
from mailauth.imap.parsed import ParsedMessage
from mailauth.imap.structure import transfer_encoding
from mailauth.imap.transfer import decode

MAX_HEADER = 1_048_576  # octets of a header that are searched for fields

_FIELD = re.compile(rb"\n([^\s:]+)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*")


class Specifier(enum.Enum):
    """The part specifier that is no number."""

    HEADER = b"HEADER"
    HEADER_FIELDS = b"HEADER.FIELDS"
    HEADER_FIELDS_NOT = b"HEADER.FIELDS.NOT"
    TEXT = b"TEXT"
    MIME = b"MIME"


class Section(msgspec.Struct, frozen=True):
    """What stands between the brackets. `fields` are header names, for the two that take them."""

    path: tuple[int, ...] = ()
    specifier: Specifier | None = None
    fields: tuple[bytes, ...] = ()


class Partial(msgspec.Struct, frozen=True):
    """`<start.length>`, which the answer shows as `<start>`."""

    start: int
    length: int

    def of(self, content: bytes) -> bytes:
        """The octets asked for; none when the content ends before them."""
        return content[self.start : self.start + self.length]


def content(message: ParsedMessage, section: Section) -> bytes | None:
    """The octets of a section; `None` when the message has no such part.

    NUL, which no string of IMAP can have, is shown as another octet.
    """
    octets = _content(message, section)
    return octets if octets is None else octets.replace(b"\0", b"\x80")


def binary(message: ParsedMessage, path: tuple[int, ...]) -> bytes | None:
    """A part's body without its transfer encoding (RFC 3516 §4.3); `None` when there is none.

    Without a path, the message as it is. Raises `transfer.UnknownEncoding`.
    """
    if not path:
        return message.data
    part = find(message.root, path)
    return part if part is None else decoded(part)


def decoded(part: Part) -> bytes:
    """The body without its transfer encoding; a multipart has none. Raises `UnknownEncoding`."""
    if part.media_type.is_multipart:
        return part.text
    return decode(part.text, transfer_encoding(part))


def find(message: Part, path: tuple[int, ...]) -> Part | None:
    """Follow part numbers; a part that is no multipart has itself as its part 1, once."""
    part = message
    inside: Part | None = message  # whose parts the next number counts
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
    """The fields of these names (in lower case) or, if `others`, all but them; then the blank line.

    Only a header without a blank line gives none. What is no field counts as another.
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


def _content(message: ParsedMessage, section: Section) -> bytes | None:
    within: ParsedMessage | Part = message
    if section.path:
        part = find(message.root, section.path)
        if part is None:
            return None
        if section.specifier is None:
            return part.text
        if section.specifier is Specifier.MIME:
            return part.header
        if part.message is None:
            return None
        within = part.message
    match section.specifier:
        case None:
            return message.data
        case Specifier.HEADER | Specifier.MIME:
            return within.header
        case Specifier.TEXT:
            return within.text
        case Specifier.HEADER_FIELDS | Specifier.HEADER_FIELDS_NOT:
            names = frozenset(name.lower() for name in section.fields)
            others = section.specifier is Specifier.HEADER_FIELDS_NOT
            return header_fields(within.header, names, others=others)
        case _:
            assert_never(section.specifier)


def _within(part: Part) -> Part | None:
    """What a further part number counts in, if anything."""
    if part.message is not None:
        return part.message
    return part if part.media_type.is_multipart else None
