"""FETCH (RFC 9051 §6.4.5, §7.5.2, RFC 3501 §6.4.5, RFC 3516 §4, RFC 7162 §3.1.4)."""

import itertools
from collections.abc import Iterator

import msgspec

from mailauth.imap import condstore
from mailauth.imap.command import Command
from mailauth.imap.fetch import extent
from mailauth.imap.fetch.extent import CHUNK_OCTETS, Piece
from mailauth.imap.fetch.items import Attribute, Binary, BodySection, Item, fetch_items
from mailauth.imap.fetch.showing import Known, Read, showing
from mailauth.imap.grammar import Parser
from mailauth.imap.parsed import MESSAGE_OCTETS, TURN_OCTETS, ParsedMessage
from mailauth.imap.responses import status
from mailauth.imap.sequence import SequenceSet
from mailauth.imap.session import ImapSession
from mailauth.imap.updates import updates
from mailauth.mailbox.errors import MessageGone
from mailauth.mailbox.message import SEEN, FlagChange, Message, Operation
from mailauth.mime.transfer import UnknownEncoding
from mailauth.wire.effects import Effect, Stream, Write
from mailauth.wire.work import PAUSE, Work


class Fetches(msgspec.Struct, frozen=True):
    """The arguments of FETCH."""

    messages: SequenceSet
    items: tuple[Item, ...]
    changed_since: int | None


class Fetched(msgspec.Struct, frozen=True, gc=False):
    """A message to be shown, and whether FETCH itself has changed its flags."""

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
    if any(map(_sets_seen, items)) and not session.selected.view.read_only:
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
    """Return the current messages, without those that another session has removed."""
    message_of = session.selected.view.message
    return [
        Fetched(number, message)
        for number in numbers
        if (message := message_of(number)) is not None
        and (changed_since is None or message.modseq > changed_since)
    ]


def _sets_seen(item: Item) -> bool:
    r"""Return whether an item sets `\Seen`."""
    return isinstance(item, BodySection | Binary) and not item.peek


def _seen(session: ImapSession, fetched: list[Fetched]) -> list[Fetched]:
    r"""Set `\Seen` on the messages without it."""
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


class _Answer:
    """The responses to one FETCH, produced as the client reads them, and the tagged response."""

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
        self._items = [showing(item, session) for item in items]
        read = [item for item in self._items if isinstance(item, Read)]
        self._reads = bool(read)
        self._preparations = [item.prepare for item in read if item.prepare is not None]
        told = [Attribute.FLAGS]
        if session.condstore:  # RFC 7162 §3.2.4
            told += [Attribute.UID, Attribute.MODSEQ]
        self._unasked = [showing(item, session) for item in told if item not in items]

    def chunks(self, fetched: list[Fetched]) -> Iterator[bytes]:
        """Yield the responses in chunks, including the tagged one.

        When a turn is used up, an empty chunk gives other connections theirs.
        """
        pieces: list[Piece] = []
        octets = spent = 0
        for one in fetched:
            parsed = None
            if self._reads:
                parsed = yield from self._read(one.message)
                if parsed is None:
                    continue
            for some, cost in self._response(one, parsed):
                pieces += some
                octets += sum(map(len, some))
                spent += cost
                if octets >= CHUNK_OCTETS:
                    spent += TURN_OCTETS // 4  # a client that reads fast must not occupy us either
                elif spent < TURN_OCTETS:
                    continue
                yield from extent.chunks(pieces)
                pieces.clear()
                octets = 0
                if spent >= TURN_OCTETS:
                    yield PAUSE
                    spent = 0
        pieces.append(updates(self._session, expunge=self._uid))
        pieces.append(self._tagged())
        yield from extent.chunks(pieces)

    def _read(self, message: Message) -> Work[ParsedMessage | None]:
        """Read a message, and compute what takes long.

        Return `None` when the message was removed or cannot be decoded.
        """
        try:
            parsed = self._session.parsed.get(message.content)
            for prepare in self._preparations:
                yield from prepare(parsed)
        except MessageGone:
            self._gone = True
            return None
        except UnknownEncoding:
            self._undecodable = True
            return None
        return parsed

    def _response(
        self, fetched: Fetched, parsed: ParsedMessage | None
    ) -> Iterator[tuple[list[Piece], int]]:
        """Yield one response in pieces, with the cost of each in octets."""
        message = fetched.message
        pieces: list[Piece] = []
        if parsed is not None:
            yield pieces, message.size + MESSAGE_OCTETS
        before = b"* %d FETCH (" % fetched.number
        for item in [*self._items, *self._unasked] if fetched.flags_changed else self._items:
            pieces.append(before)
            before = b" "
            if isinstance(item, Known):
                pieces.append(item.show(message))
            else:
                assert parsed is not None, "the message was not read"
                pieces += item.show(parsed)
                yield pieces, item.cost(parsed)
                pieces = []
        pieces.append(b")\r\n")
        yield pieces, 0

    def _tagged(self) -> bytes:
        if self._undecodable:
            text = "A part has an unknown content transfer encoding"
            return status(self._command.tag, b"NO", text, "UNKNOWN-CTE")
        return self._command.ok(code="EXPUNGEISSUED" if self._gone else None)
