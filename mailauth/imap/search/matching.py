"""SEARCH: which messages of a view match a key (RFC 3501 §6.4.4).

Messages are read only if a key depends on their contents, and then last, step by step.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import assert_never

from mailauth.imap.dates import sent_date
from mailauth.imap.parsed import ParsedMessage, ParsedMessages
from mailauth.imap.search.keys import (
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
from mailauth.imap.search.texts import folded, texts_of
from mailauth.mailbox.errors import MessageGone
from mailauth.mailbox.message import SYSTEM_FLAGS, Message
from mailauth.mailbox.view import View
from mailauth.mime.charsets import PIECE_OCTETS
from mailauth.wire.work import PAUSE, Work

_TEXT = 200  # characters that could be searched in the time that any text takes to be had

Test = Callable[[int, Message], bool]
SteppingTest = Callable[[int, Message], Work[bool]]


class Search:
    """A key, ready to be matched against messages. OLDER and YOUNGER count from `now`.

    `numbers` are the sequence numbers that can match, as far as the key limits them. `reads` says
    whether messages must be read, so that the search may take long.
    """

    def __init__(self, key: Key, view: View, parsed: ParsedMessages, now: datetime) -> None:
        self._view = view
        self._parsed = parsed
        self._now = now.replace(microsecond=0)
        self.numbers = self._named(key)
        self.reads = _cost(key) > 0
        self._test = None if self.reads else self._compiled(key)
        self._stepping = self._in_steps(key) if self._test is None else _at_once(self._test)

    def found(self) -> list[int]:
        """Return the numbers of all matching messages, for a key that needs no reading."""
        test, message_of = self._test, self._view.message
        assert test is not None, "messages have to be read"
        return [
            number
            for number in self.numbers
            if (message := message_of(number)) is not None and test(number, message)
        ]

    def matches(self, number: int) -> Work[bool]:
        """Return whether this message matches; one that is gone does not."""
        message = self._view.message(number)
        try:
            return message is not None and (yield from self._stepping(number, message))
        except MessageGone:
            return False

    def _named(self, key: Key) -> Sequence[int]:
        """Return the numbers in the sets that a message must be in."""
        keys = key.keys if isinstance(key, And) else (key,)
        sets = [one for one in keys if isinstance(one, Numbers | Uids)]
        if not sets:
            return range(1, self._view.exists + 1)
        return sorted(frozenset.intersection(*map(self._numbers, sets)))

    def _numbers(self, key: Numbers | Uids) -> frozenset[int]:
        if isinstance(key, Numbers):
            return frozenset(self._view.numbers(key.ranges))
        return frozenset(self._view.numbers_of_uids(key.ranges))

    def _in_steps(self, key: Key) -> SteppingTest:
        """Compile a key to a test that may take long."""
        if _cost(key) == 0:
            return _at_once(self._compiled(key))
        match key:
            case Not(inner):
                return _negated(self._in_steps(inner))
            case Or(one, other):
                return _any_of([self._in_steps(key) for key in sorted((one, other), key=_cost)])
            case And(keys):
                return _all_of([self._in_steps(key) for key in sorted(keys, key=_cost)])
            case Sent() | Header() | Address() | Body() | Text():
                return self._reading(key)
            case _:
                raise AssertionError("nothing else is read for")

    def _reading(self, key: Sent | Header | Address | Body | Text) -> SteppingTest:
        get = self._parsed.get
        if isinstance(key, Sent):
            when, day = key.when, key.day
            return _at_once(lambda _, message: _was_sent(get(message.content), when, day))
        needle, texts = folded(key.text), texts_of(key)
        takes_apart = isinstance(key, Body | Text)

        def test(number: int, message: Message) -> Work[bool]:
            parsed = get(message.content)
            if takes_apart:
                yield from parsed.parsing()
            return (yield from _is_in(needle, texts(parsed)))

        return test

    def _compiled(self, key: Key) -> Test:
        """Compile a key that needs no reading to a test."""
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
                first, second = self._compiled(one), self._compiled(other)
                return lambda number, message: first(number, message) or second(number, message)
            case And(keys):
                tests = [self._compiled(one) for one in keys]
                return lambda number, message: all(test(number, message) for test in tests)
            case Sent() | Header() | Address() | Body() | Text():
                raise AssertionError("this is read for")
            case _:
                return self._by_attribute(key)

    def _by_attribute(self, key: Arrived | Larger | Smaller | Older | Younger | Modseq) -> Test:
        """Compile a key to a test of what the mailbox knows about a message."""
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


def _cost(key: Key) -> int:
    """What a key must read of a message: 0, nothing; 1, its header; 2, all of it."""
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


def _at_once(test: Test) -> SteppingTest:
    def stepping(number: int, message: Message) -> Work[bool]:
        yield from ()
        return test(number, message)

    return stepping


def _negated(test: SteppingTest) -> SteppingTest:
    def stepping(number: int, message: Message) -> Work[bool]:
        return not (yield from test(number, message))

    return stepping


def _any_of(tests: list[SteppingTest]) -> SteppingTest:
    def stepping(number: int, message: Message) -> Work[bool]:
        for test in tests:
            if (yield from test(number, message)):
                return True
        return False

    return stepping


def _all_of(tests: list[SteppingTest]) -> SteppingTest:
    def stepping(number: int, message: Message) -> Work[bool]:
        for test in tests:
            if not (yield from test(number, message)):
                return False
        return True

    return stepping


def _is_in(needle: str, texts: Iterator[str | None]) -> Work[bool]:
    """Return whether the needle is in one of the texts, all of them case-folded."""
    searched = 0
    for text in texts:
        if text is None or searched > PIECE_OCTETS:
            searched = 0
            yield PAUSE
        if text is not None:
            if needle in text:
                return True
            searched += len(text) + _TEXT
    return False


def _was_sent(message: ParsedMessage, when: When, day: date) -> bool:
    sent = sent_date(message.fields.get(b"date", b""))
    return sent is not None and _stands(sent, when, day)
