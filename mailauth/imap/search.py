"""SEARCH: which messages of a view are as a key asks (RFC 3501 §6.4.4).

Messages are read only where a key asks for what is in them, and then last.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import assert_never

from mailauth.imap.addresses import addresses
from mailauth.imap.charsets import decoded, header_text
from mailauth.imap.dates import sent_date
from mailauth.imap.mime import Part, unfolded
from mailauth.imap.parsed import ParsedMessage, ParsedMessages
from mailauth.imap.search_keys import (
    Address,
    All,
    And,
    Arrived,
    Body,
    Flag,
    Header,
    Key,
    Larger,
    Modseq,
    Not,
    Numbers,
    Older,
    Or,
    Recent,
    Sent,
    Smaller,
    Text,
    Uids,
    When,
    Younger,
)
from mailauth.imap.structure import transfer_encoding
from mailauth.imap.transfer import UnknownEncoding, decode
from mailauth.mailbox.errors import MessageGone
from mailauth.mailbox.message import SYSTEM_FLAGS, Message
from mailauth.mailbox.view import View

MAX_HEADER = 262_144  # octets of a header that are searched

Test = Callable[[int, Message], bool]
ReadTest = Callable[[ParsedMessage], bool]

_FOLDED_LINE = re.compile(rb"\r?\n(?=[ \t])")
_DRESSED = re.compile(rb'[("]')  # comments and quotes are no part of an address
_NOT_ASCII = re.compile(r"[^\x00-\x7f]{1,64}")  # in pieces: normalizing is quadratic in marks


class Search:
    """A key, ready to be held against messages. OLDER and YOUNGER count from `now`.

    `numbers` are the sequence numbers that may match, by what the key says of them. `reads` tells
    whether messages have to be read: then a search takes its time.
    """

    def __init__(self, key: Key, view: View, parsed: ParsedMessages, now: datetime) -> None:
        self._view = view
        self._parsed = parsed
        self._now = now.replace(microsecond=0)
        self._test = self._compiled(key)
        self.numbers = self._named(key)
        self.reads = _cost(key) > 0

    def found(self) -> list[int]:
        """The sequence numbers of all messages found."""
        return [number for number in self.numbers if self.matches(number)]

    def matches(self, number: int) -> bool:
        """Whether this message is found; one that is gone is not."""
        message = self._view.message(number)
        try:
            return message is not None and self._test(number, message)
        except MessageGone:
            return False

    def _named(self, key: Key) -> Sequence[int]:
        """The numbers of the sets that a message has to be in."""
        keys = key.keys if isinstance(key, And) else (key,)
        sets = [one for one in keys if isinstance(one, Numbers | Uids)]
        if not sets:
            return range(1, self._view.exists + 1)
        return sorted(frozenset.intersection(*map(self._numbers, sets)))

    def _numbers(self, key: Numbers | Uids) -> frozenset[int]:
        if isinstance(key, Numbers):
            return frozenset(self._view.numbers(key.ranges))
        return frozenset(self._view.numbers_of_uids(key.ranges))

    def _compiled(self, key: Key) -> Test:
        """The test that a key is."""
        match key:
            case All():
                return lambda number, message: True
            case Numbers() | Uids():
                numbers = self._numbers(key)
                return lambda number, message: number in numbers
            case Recent():
                return lambda number, message: self._view.is_recent(message.uid)
            case Flag(flag):
                spelling = self._spelled(flag)
                return lambda number, message: spelling in message.flags
            case Not(inner):
                test = self._compiled(inner)
                return lambda number, message: not test(number, message)
            case Or(one, other):
                first, second = map(self._compiled, sorted((one, other), key=_cost))
                return lambda number, message: first(number, message) or second(number, message)
            case And(keys):
                tests = [self._compiled(one) for one in sorted(keys, key=_cost)]
                return lambda number, message: all(test(number, message) for test in tests)
            case Sent() | Header() | Address() | Body() | Text():
                read_test = _reading(key)
                get = self._parsed.get
                return lambda number, message: read_test(get(message.content))
            case _:
                return self._by_attribute(key)

    def _by_attribute(self, key: Arrived | Larger | Smaller | Older | Younger | Modseq) -> Test:
        """A test of what the mailbox knows of a message."""
        match key:
            case Arrived(when, day):
                return lambda number, message: _stands(message.internal_date.date(), when, day)
            case Larger(size):
                return lambda number, message: message.size > size
            case Smaller(size):
                return lambda number, message: message.size < size
            case Older(seconds):
                latest = self._now - timedelta(seconds=seconds)
                return lambda number, message: message.internal_date <= latest
            case Younger(seconds):
                earliest = self._now - timedelta(seconds=seconds)
                return lambda number, message: message.internal_date >= earliest
            case Modseq(modseq):
                return lambda number, message: message.modseq >= modseq
            case _:
                assert_never(key)

    def _spelled(self, flag: str) -> str:
        lower = flag.lower()
        known = (*SYSTEM_FLAGS, *self._view.mailbox.keywords)
        return next((one for one in known if one.lower() == lower), flag)


def folded(text: str) -> str:
    """Text as it is compared: without letter case and compatibility forms (after RFC 5051)."""
    if text.isascii():
        return text.lower()
    return _NOT_ASCII.sub(lambda m: unicodedata.normalize("NFKD", m[0]), text.casefold())


def _cost(key: Key) -> int:
    """0: nothing is read; 1: a header is; 2: a whole message is."""
    match key:
        case Sent() | Header() | Address():
            return 1
        case Body() | Text():
            return 2
        case Not(inner):
            return _cost(inner)
        case Or(one, other):
            return max(_cost(one), _cost(other))
        case And(keys):
            return max(map(_cost, keys), default=0)
        case _:
            return 0


def _stands(one: date, when: When, other: date) -> bool:
    match when:
        case When.BEFORE:
            return one < other
        case When.ON:
            return one == other
        case When.SINCE:
            return one >= other
        case _:
            assert_never(when)


def _reading(key: Sent | Header | Address | Body | Text) -> ReadTest:
    """A test of what is in a message."""
    match key:
        case Sent(when, day):
            return lambda message: _was_sent(message, when, day)
        case Header(field, text):
            values, needle = _values_of(field), folded(text)
            return lambda message: any(
                needle in folded(header_text(value)) for value in values(message)
            )
        case Address(field, text):
            values, needle = _values_of(field), folded(text)
            return lambda message: any(
                needle in folded(one) for value in values(message) for one in _address_texts(value)
            )
        case Body(text):
            needle = folded(text)
            return lambda message: any(needle in folded(one) for one in _texts(message.root))
        case Text(text):
            needle = folded(text)
            return lambda message: (
                needle in folded(_header_text(message.header))
                or any(needle in folded(one) for one in _texts(message.root))
                or any(needle in folded(one) for one in _mime_headers(message.root))
            )
        case _:
            assert_never(key)


def _values_of(field: bytes) -> Callable[[ParsedMessage], Iterator[bytes]]:
    """A function that returns the values of the fields of this name in a message, unfolded."""
    pattern = re.compile(
        rb"\n%b[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)" % re.escape(field), re.IGNORECASE
    )
    return lambda message: map(unfolded, pattern.findall(b"\n" + message.header[:MAX_HEADER]))


def _address_texts(value: bytes) -> Iterator[str]:
    """An address field as it is, and, where that is not the same, address by address."""
    yield header_text(value)
    if _DRESSED.search(value):
        for one in addresses(value):
            name, mailbox, host = (part or b"" for part in (one.name, one.mailbox, one.host))
            yield f"{header_text(name)} <{header_text(mailbox)}@{header_text(host)}>"


def _was_sent(message: ParsedMessage, when: When, day: date) -> bool:
    sent = sent_date(message.fields.get(b"date", b""))
    return sent is not None and _stands(sent, when, day)


def _texts(root: Part) -> Iterator[str]:
    """The texts of a message: its text parts, and the headers of messages in it."""
    yield ""
    for part in root.walk():
        if part.media_type.type == b"TEXT":
            yield _part_text(part)
        elif part.message is not None:
            yield _header_text(part.message.header)


def _mime_headers(root: Part) -> Iterator[str]:
    """The headers of the parts in a message (RFC 9051 §6.4.4, TEXT)."""
    return (_header_text(part.header) for part in root.walk() if part is not root)


def _part_text(part: Part) -> str:
    try:
        octets = decode(part.text, transfer_encoding(part))
    except UnknownEncoding:
        octets = part.text
    return decoded(octets, part.media_type.parameter(b"CHARSET"))


def _header_text(header: bytes) -> str:
    return header_text(_FOLDED_LINE.sub(b"", header[:MAX_HEADER]))
