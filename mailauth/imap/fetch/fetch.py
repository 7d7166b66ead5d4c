"""FETCH (RFC 9051 §6.4.5, §7.5.2, RFC 3501 §6.4.5, RFC 3516 §4, RFC 7162 §3.1.4)."""

import itertools
from collections.abc import Callable, Iterator
from typing import assert_never

import msgspec

from mailauth.imap import condstore
from mailauth.imap.command import Command
from mailauth.imap.dates import internal_date
from mailauth.imap.fetch import extent, section
from mailauth.imap.fetch.extent import CHUNK_OCTETS, Extent, Piece
from mailauth.imap.fetch.items import Attribute, Binary, BinarySize, BodySection, Item, fetch_items
from mailauth.imap.fetch.section import Partial
from mailauth.imap.grammar import Parser
from mailauth.imap.parsed import MESSAGE_OCTETS, TURN_OCTETS, ParsedMessage
from mailauth.imap.responses import status
from mailauth.imap.sequence import SequenceSet
from mailauth.imap.session import ImapSession
from mailauth.imap.updates import shown_flags, updates
from mailauth.mailbox.errors import MessageGone
from mailauth.mailbox.message import SEEN, FlagChange, Message, Operation
from mailauth.mime.transfer import UnknownEncoding
from mailauth.wire.effects import Effect, Stream, Write
from mailauth.wire.work import PAUSE, Work, done

_UNREAD = (  # what is known of a message without reading it
    Attribute.FLAGS,
    Attribute.INTERNALDATE,
    Attribute.MODSEQ,
    Attribute.SIZE,
    Attribute.UID,
)
Show = Callable[["Shown", list[Piece]], None]  # adds one data item, in pieces


class Fetches(msgspec.Struct, frozen=True):
    """The arguments of FETCH."""

    messages: SequenceSet
    items: tuple[Item, ...]
    changed_since: int | None


class Fetched(msgspec.Struct, frozen=True, gc=False):
    """A message to be shown, and whether its flags are news to the client, asked for or not."""

    number: int
    message: Message
    flags_changed: bool = False


def fetch(session: ImapSession, command: Command) -> list[Effect]:
    """FETCH"""
    return _fetch(session, command, uid=False)


def uid_fetch(session: ImapSession, command: Command) -> list[Effect]:
    """UID FETCH"""
    return _fetch(session, command, uid=True)


def _fetch(session: ImapSession, command: Command, *, uid: bool) -> list[Effect]:
    asked = _fetch_arguments(command.arguments)
    items = asked.items
    if uid and Attribute.UID not in items:
        items = (Attribute.UID, *items)
    if asked.changed_since is not None and Attribute.MODSEQ not in items:
        items = (*items, Attribute.MODSEQ)
    numbers = session.selected.numbers(asked.messages, uid=uid)
    said = condstore.enable(session) if Attribute.MODSEQ in items else b""
    fetched = _fetched(session, numbers, asked.changed_since)
    if any(map(_reads, items)) and not session.selected.view.read_only:
        fetched = _seen(session, fetched)
    gone = asked.changed_since is None and len(fetched) < len(numbers)
    answer = _Answer(session, command, items, uid=uid, gone=gone)
    chunks = answer.chunks(fetched)
    begun = [said] if said else []
    for chunk in chunks:
        begun.append(chunk)
        if chunk == PAUSE or len(begun) == 3:
            return [Stream(itertools.chain(begun, chunks))]
    return [Write(b"".join(begun))]


def _fetch_arguments(parser: Parser) -> Fetches:
    parser.sp()
    messages = parser.sequence_set()
    parser.sp()
    items = fetch_items(parser)
    changed_since = None
    if not parser.at_end():
        parser.expect(b" (CHANGEDSINCE ")
        changed_since = parser.number64()
        parser.expect(b")")
    parser.end()
    return Fetches(messages, items, changed_since)


def _fetched(session: ImapSession, numbers: list[int], changed_since: int | None) -> list[Fetched]:
    """The messages as they are now; those that another session has removed are left out."""
    message_of = session.selected.view.message
    return [
        Fetched(number, message)
        for number in numbers
        if (message := message_of(number)) is not None
        and (changed_since is None or message.modseq > changed_since)
    ]


def _reads(item: Item) -> bool:
    r"""Whether an item sets `\Seen`."""
    return isinstance(item, BodySection | Binary) and not item.peek


def _seen(session: ImapSession, fetched: list[Fetched]) -> list[Fetched]:
    r"""Set `\Seen` where it is missing."""
    unseen = [one.number for one in fetched if SEEN not in one.message.flags]
    if not unseen:
        return fetched
    stored = session.selected.view.store(unseen, FlagChange(Operation.ADD, frozenset({SEEN})))
    changed = {one.number: one.message for one in stored.messages}
    return [
        Fetched(one.number, changed[one.number], flags_changed=True)
        if one.number in changed
        else one
        for one in fetched
    ]


class Shown:
    """A message on its way to the client, read at most once."""

    __slots__ = ("_parsed", "fetched", "message")

    def __init__(self, fetched: Fetched, parsed: ParsedMessage | None) -> None:
        self.fetched = fetched
        self.message = fetched.message
        self._parsed = parsed

    @property
    def parsed(self) -> ParsedMessage:
        """What is in the message."""
        assert self._parsed is not None, "the message was not read"
        return self._parsed


class _Answer:
    """The responses to one FETCH, made as the client takes them, and the end of the command."""

    def __init__(
        self,
        session: ImapSession,
        command: Command,
        items: tuple[Item, ...],
        *,
        uid: bool,
        gone: bool,
    ) -> None:
        self._session = session
        self._command = command
        self._uid = uid
        self._gone = gone  # another session removed some of the messages
        self._undecodable = False
        self._shows = [self._show(item) for item in items]
        self._reads = any(item not in _UNREAD for item in items)
        self._items = items
        self._searches = sum(
            isinstance(item, BodySection) and bool(item.section.fields) for item in items
        )
        told = [Attribute.FLAGS]
        if session.condstore:  # RFC 7162 §3.2.4
            told += [Attribute.UID, Attribute.MODSEQ]
        self._unasked = [self._show(item) for item in told if item not in items]

    def chunks(self, fetched: list[Fetched]) -> Iterator[bytes]:
        """The responses, in chunks of some size, down to the tagged one.

        After a while, an empty chunk lets others have their turn.
        """
        pieces: list[Piece] = []
        octets = read = 0
        for one in fetched:
            shown = yield from self._shown(one)
            if shown is None:
                continue
            searched = self._searches * min(one.message.size, section.MAX_HEADER)
            for some in self._response(shown):
                if searched > TURN_OCTETS:
                    yield PAUSE
                pieces += some
                octets += sum(map(len, some))
                if octets >= CHUNK_OCTETS:
                    yield from extent.chunks(pieces)
                    pieces.clear()
                    octets = 0
                    read += TURN_OCTETS // 4  # a client that reads fast must not keep us either
            read += one.message.size + MESSAGE_OCTETS if self._reads else 0
            if read >= TURN_OCTETS:
                yield from extent.chunks(pieces)
                yield PAUSE
                pieces.clear()
                octets = read = 0
        pieces.append(updates(self._session, expunge=self._uid))
        pieces.append(self._tagged())
        yield from extent.chunks(pieces)

    def _shown(self, fetched: Fetched) -> Work[Shown | None]:
        """Read the message, if need be, and work out what takes long.

        `None` when it is gone or cannot be decoded.
        """
        if not self._reads:
            return Shown(fetched, None)
        try:
            parsed = self._session.parsed.get(fetched.message.content)
            for item in self._items:
                yield from self._work(item, parsed)
        except MessageGone:
            self._gone = True
            return None
        except UnknownEncoding:
            self._undecodable = True
            return None
        return Shown(fetched, parsed)

    def _work(self, item: Item, parsed: ParsedMessage) -> Work[None]:
        """Work out what an item shows, as far as that takes long, for `_show` to find it."""
        rev2 = self._session.rev2
        match item:
            case Attribute.ENVELOPE:
                yield from parsed.envelope()
            case Attribute.BODY:
                yield from parsed.body(rev2=rev2)
            case Attribute.BODYSTRUCTURE:
                yield from parsed.bodystructure(rev2=rev2)
            case BodySection(section=what) if what.path:
                yield from parsed.parsing()
            case Binary(path=path) | BinarySize(path=path):
                if path:
                    yield from parsed.parsing()
                section.binary(parsed, path)

    def _response(self, shown: Shown) -> Iterator[list[Piece]]:
        """One response: at once, or, where the message was read, item by item."""
        pieces: list[Piece] = [b"* %d FETCH (" % shown.fetched.number]
        shows = self._shows
        if shown.fetched.flags_changed:
            shows = [*shows, *self._unasked]
        separate = False
        for show in shows:
            if separate:
                pieces.append(b" ")
            separate = True
            show(shown, pieces)
            if self._reads:
                yield pieces
                pieces = []
        pieces.append(b")\r\n")
        yield pieces

    def _tagged(self) -> bytes:
        if self._undecodable:
            text = "A part has an unknown content transfer encoding"
            return status(self._command.tag, b"NO", text, "UNKNOWN-CTE")
        return self._command.ok(code="EXPUNGEISSUED" if self._gone else None)

    def _show(self, item: Item) -> Show:
        match item:
            case Attribute():
                return self._attribute(item)
            case BodySection(label, what, _, partial):
                return lambda shown, pieces: pieces.extend(
                    _nstring(label, section.content(shown.parsed, what), partial)
                )
            case Binary(label, path, _, partial):
                return lambda shown, pieces: pieces.extend(
                    _nstring(label, section.binary(shown.parsed, path), partial)
                )
            case BinarySize(label, path):
                return lambda shown, pieces: pieces.append(
                    b"%b %d" % (label, len(section.binary(shown.parsed, path) or b""))
                )
            case _:
                assert_never(item)

    def _attribute(self, attribute: Attribute) -> Show:
        session = self._session
        match attribute:
            case Attribute.UID:
                return lambda shown, pieces: pieces.append(b"UID %d" % shown.message.uid)
            case Attribute.FLAGS:
                return lambda shown, pieces: pieces.append(
                    b"FLAGS " + shown_flags(session, shown.message)
                )
            case Attribute.MODSEQ:
                return lambda shown, pieces: pieces.append(b"MODSEQ (%d)" % shown.message.modseq)
            case Attribute.SIZE:
                return lambda shown, pieces: pieces.append(b"RFC822.SIZE %d" % shown.message.size)
            case Attribute.INTERNALDATE:
                return lambda shown, pieces: pieces.append(
                    b"INTERNALDATE " + internal_date(shown.message.internal_date)
                )
            case Attribute.ENVELOPE:
                return lambda shown, pieces: pieces.append(
                    b"ENVELOPE " + done(shown.parsed.envelope())
                )
            case Attribute.BODY:
                return lambda shown, pieces: pieces.append(
                    b"BODY " + done(shown.parsed.body(rev2=session.rev2))
                )
            case Attribute.BODYSTRUCTURE:
                return lambda shown, pieces: pieces.append(
                    b"BODYSTRUCTURE " + done(shown.parsed.bodystructure(rev2=session.rev2))
                )
            case _:
                assert_never(attribute)


def _nstring(label: bytes, octets: Extent | None, partial: Partial | None) -> list[Piece]:
    """A section's octets: NIL when there is no such part, a literal8 when NUL is in it."""
    if octets is None:
        return [label, b" NIL"]
    if partial is not None:
        octets = octets.part(partial.start, partial.length)
    eight = b" ~" if octets.has_nul else b" "
    return [label, eight, b"{%d}\r\n" % len(octets), octets]
