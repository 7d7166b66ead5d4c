"""Formats the data items of FETCH (RFC 9051 §7.5.2, RFC 3516 §4.3, RFC 7162 §3.1.4)."""

import functools
from collections.abc import Callable
from typing import assert_never

import msgspec

from mailauth.imap.dates import internal_date
from mailauth.imap.fetch import section
from mailauth.imap.fetch.extent import Extent, Piece
from mailauth.imap.fetch.items import Attribute, Binary, BinarySize, BodySection, Item
from mailauth.imap.fetch.section import Partial
from mailauth.imap.parsed import ParsedMessage
from mailauth.imap.session import ImapSession
from mailauth.imap.updates import shown_flags
from mailauth.mailbox.message import Message
from mailauth.wire.work import Work, done


class Known(msgspec.Struct, frozen=True):
    """An item that is known without reading the message."""

    show: Callable[[Message], bytes]


class Read(msgspec.Struct, frozen=True):
    """An item for which the message must be read.

    `prepare` computes what takes long before the response begins; it may raise `UnknownEncoding`.
    `cost` is the number of octets that `show` searches.
    """

    show: Callable[[ParsedMessage], list[Piece]]
    prepare: Callable[[ParsedMessage], Work[object]] | None = None
    cost: Callable[[ParsedMessage], int] = lambda _: 0


def showing(item: Item, session: ImapSession) -> Known | Read:
    """Return how to show an item to this client."""
    match item:
        case Attribute.UID:
            return Known(lambda message: b"UID %d" % message.uid)
        case Attribute.FLAGS:
            return Known(lambda message: b"FLAGS " + shown_flags(session, message))
        case Attribute.MODSEQ:
            return Known(lambda message: b"MODSEQ (%d)" % message.modseq)
        case Attribute.SIZE:
            return Known(lambda message: b"RFC822.SIZE %d" % message.size)
        case Attribute.INTERNALDATE:
            return Known(lambda message: b"INTERNALDATE " + internal_date(message.internal_date))
        case Attribute.ENVELOPE:
            return _worked_out(item, ParsedMessage.envelope)
        case Attribute.BODY:
            return _worked_out(item, functools.partial(ParsedMessage.body, rev2=session.rev2))
        case Attribute.BODYSTRUCTURE:
            return _worked_out(
                item, functools.partial(ParsedMessage.bodystructure, rev2=session.rev2)
            )
        case BodySection(label, what, _, partial):
            return Read(
                lambda parsed: _nstring(label, section.content(parsed, what), partial),
                ParsedMessage.parsing if what.path else None,
                functools.partial(section.searched, section=what),
            )
        case Binary(label, path, _, partial):
            return Read(
                lambda parsed: _nstring(label, section.binary(parsed, path), partial),
                functools.partial(_decoding, path=path),
            )
        case BinarySize(label, path):
            return Read(
                lambda parsed: [b"%b %d" % (label, len(section.binary(parsed, path) or b""))],
                functools.partial(_decoding, path=path),
            )
        case _:
            assert_never(item)


def _worked_out(item: Attribute, work: Callable[[ParsedMessage], Work[bytes]]) -> Read:
    return Read(lambda parsed: [item.value, b" ", done(work(parsed))], work)


def _decoding(parsed: ParsedMessage, path: tuple[int, ...]) -> Work[None]:
    """Decode a part and cache it; raises `UnknownEncoding`."""
    if path:
        yield from parsed.parsing()
    section.binary(parsed, path)


def _nstring(label: bytes, octets: Extent | None, partial: Partial | None) -> list[Piece]:
    """Format octets: NIL when the part does not exist, a literal8 if they include NUL."""
    if octets is None:
        return [label, b" NIL"]
    if partial is not None:
        octets = octets.part(partial.start, partial.length)
    eight = b" ~" if octets.has_nul else b" "
    return [label, eight, b"{%d}\r\n" % len(octets), octets]
