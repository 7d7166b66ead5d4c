"""The data items of FETCH, and their parsing (RFC 9051 §9 fetch-att, RFC 3501, 3516)."""

import enum

import msgspec

from mailauth.imap.fetch.section import Partial, Section, Specifier
from mailauth.imap.grammar import Parser
from mailauth.imap.responses import astring

MAX_ITEMS = 200


class Attribute(enum.Enum):
    """A data item without arguments, by name."""

    BODY = b"BODY"
    BODYSTRUCTURE = b"BODYSTRUCTURE"
    ENVELOPE = b"ENVELOPE"
    FLAGS = b"FLAGS"
    INTERNALDATE = b"INTERNALDATE"
    MODSEQ = b"MODSEQ"
    SIZE = b"RFC822.SIZE"
    UID = b"UID"


class BodySection(msgspec.Struct, frozen=True):
    """BODY[…], BODY.PEEK[…] and the RFC822 items; `label` is the name in the response."""

    label: bytes
    section: Section
    peek: bool
    partial: Partial | None = None


class Binary(msgspec.Struct, frozen=True):
    """BINARY[…] and BINARY.PEEK[…]."""

    label: bytes
    path: tuple[int, ...]
    peek: bool
    partial: Partial | None = None


class BinarySize(msgspec.Struct, frozen=True):
    """BINARY.SIZE[…]."""

    label: bytes
    path: tuple[int, ...]


Item = Attribute | BodySection | Binary | BinarySize

_FAST = (Attribute.FLAGS, Attribute.INTERNALDATE, Attribute.SIZE)
_ALL = (*_FAST, Attribute.ENVELOPE)
_MACROS: dict[bytes, tuple[Item, ...]] = {
    b"FAST": _FAST,
    b"ALL": _ALL,
    b"FULL": (*_ALL, Attribute.BODY),
}
_RFC822: dict[bytes, Item] = {
    b"RFC822": BodySection(b"RFC822", Section(), peek=False),
    b"RFC822.HEADER": BodySection(b"RFC822.HEADER", Section((), Specifier.HEADER), peek=True),
    b"RFC822.TEXT": BodySection(b"RFC822.TEXT", Section((), Specifier.TEXT), peek=False),
}
_SIMPLE: dict[bytes, Item] = {attribute.value: attribute for attribute in Attribute} | _RFC822
_WITH_SECTION = (b"BODY", b"BODY.PEEK", b"BINARY", b"BINARY.PEEK", b"BINARY.SIZE")
_SPECIFIERS = sorted(Specifier, key=lambda specifier: len(specifier.value), reverse=True)


def fetch_items(parser: Parser) -> tuple[Item, ...]:
    """A macro, one data item, or several in parentheses; duplicates are removed."""
    for name, items in _MACROS.items():
        if parser.accept_word(name):
            return items
    if not parser.peek(b"("):
        return (fetch_att(parser),)
    items = tuple(dict.fromkeys(parser.parenthesized(lambda: fetch_att(parser))))
    if len(items) > MAX_ITEMS:
        parser.fail(f"at most {MAX_ITEMS} data items")
    return items


def fetch_att(parser: Parser) -> Item:
    """fetch-att"""
    name = parser.fetch_name()
    if name in _WITH_SECTION and parser.accept(b"["):
        return _with_section(parser, name)
    item = _SIMPLE.get(name)
    if item is None:
        parser.fail("a data item")
    return item


def _with_section(parser: Parser, name: bytes) -> Item:
    answered = name.removesuffix(b".PEEK")
    peek = name.endswith(b".PEEK")
    section = _section(parser)
    if answered != b"BODY" and section.specifier is not None:
        parser.fail("a part number")
    parser.expect(b"]")
    label = b"%b[%b]" % (answered, _written(section))
    if answered == b"BINARY.SIZE":
        return BinarySize(label, section.path)
    partial = _partial(parser)
    if partial is not None:
        label = b"%b<%d>" % (label, partial.start)
    if answered == b"BINARY":
        return Binary(label, section.path, peek, partial)
    return BodySection(label, section, peek, partial)


def _section(parser: Parser) -> Section:
    """section-spec: part numbers and a specifier, separated by full stops."""
    path: list[int] = []
    while not parser.peek(b"]"):
        for specifier in _SPECIFIERS:
            if parser.accept(specifier.value):
                return _specified(parser, tuple(path), specifier)
        path.append(parser.nz_number())
        if not parser.accept(b"."):
            break
        if parser.peek(b"]"):
            parser.fail("a part")
    return Section(tuple(path))


def _specified(parser: Parser, path: tuple[int, ...], specifier: Specifier) -> Section:
    if specifier is Specifier.MIME and not path:
        parser.fail("a part number before MIME")
    fields: tuple[bytes, ...] = ()
    if specifier in (Specifier.HEADER_FIELDS, Specifier.HEADER_FIELDS_NOT):
        parser.sp()
        fields = tuple(parser.parenthesized(parser.astring))
    return Section(path, specifier, fields)


def _partial(parser: Parser) -> Partial | None:
    if not parser.accept(b"<"):
        return None
    start = parser.number64()
    parser.expect(b".")
    length = parser.number64()
    if length == 0:
        parser.fail("a partial length greater than zero")
    parser.expect(b">")
    return Partial(start, length)


def _written(section: Section) -> bytes:
    """Format a section for the response."""
    parts = [b"%d" % number for number in section.path]
    if section.specifier is not None:
        parts.append(section.specifier.value)
    written = b".".join(parts)
    if section.fields:
        written += b" (%b)" % b" ".join(astring(field) for field in section.fields)
    return written
