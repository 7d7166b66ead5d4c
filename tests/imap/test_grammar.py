"""The grammar and the reader on whatever comes: they answer, and raise only their own error."""

import contextlib
import itertools
import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.imap import append, sequence
from mailauth.imap.errors import Bad, ParseError, StatusError
from mailauth.imap.fetch.items import fetch_items
from mailauth.imap.grammar import Parser
from mailauth.imap.reader import (
    AFTER_LOGIN,
    BEFORE_LOGIN,
    Announced,
    Assembled,
    CommandReader,
    Continue,
    Limits,
    Read,
    Refused,
    TooLong,
)
from mailauth.imap.responses import astring, nstring
from mailauth.imap.responses import string as imap_string
from mailauth.imap.search.grammar import search_arguments
from mailauth.imap.sequence import Saved
from mailauth.wire import utf7
from mailauth.wire.lines import LineBuffer

TOKENS = [
    *(b'"', b"\\", b"(", b")", b"{", b"}", b"[", b"]", b"<", b">", b"*", b"%", b"$", b":", b","),
    *(b" ", b"\r\n", b"\0", b"\xff", b"&", b"~", b"+", b"-", b".", b"=", b"0", b"1", b"42"),
    *(b"NIL", b"INBOX", b"BODY[", b"HEADER.FIELDS", b"RETURN", b"NOT ", b"OR ", b"ALL", b"{3+}"),
    *(b"{99}\r\n", b"UTF8 (", b"1-Jan-2020", b'" 1-Jan-2020 00:00:00 +0000"', b"CHARSET UTF-8 "),
    *(b"(\\Seen)", b"MODSEQ ", b"STATUS (", b"TEXT", b"FLAGS", b"UID ", b"<0.1>", b"a"),
]
hostile = st.one_of(
    st.binary(max_size=60), st.lists(st.sampled_from(TOKENS), max_size=15).map(b"".join)
)

RULES = [
    Parser.atom,
    Parser.astring,
    Parser.string,
    Parser.nstring,
    Parser.literal,
    Parser.literal8,
    Parser.number,
    Parser.nz_number,
    Parser.number64,
    Parser.mailbox,
    Parser.list_mailbox,
    Parser.flag,
    Parser.flag_list,
    Parser.sequence_set,
    Parser.date,
    Parser.date_time,
    fetch_items,
]


@given(hostile, st.sampled_from(RULES), st.booleans())
def test_rules_raise_only_their_own_error(data: bytes, rule: object, utf8: bool) -> None:
    assert callable(rule)
    parser = Parser(data, utf8=utf8)
    with contextlib.suppress(ParseError):
        rule(parser)
    assert 0 <= parser._at <= len(data)


@given(hostile)
def test_search_raises_only_a_status(data: bytes) -> None:
    with contextlib.suppress(StatusError):
        search_arguments(Parser(b" " + data), [1, 2])


@pytest.mark.parametrize("rule", RULES)
def test_an_error_does_not_quote_what_was_sent(rule: object) -> None:
    """Somebody may have sent a password in the wrong place."""
    assert callable(rule)
    with pytest.raises(ParseError) as raised:
        rule(Parser(b")s3cret"))
    assert "s3cret" not in str(raised.value)


@given(st.binary())
def test_strings_come_back_as_they_were(value: bytes) -> None:
    """What we write is read as the same by our own grammar, NUL aside."""
    value = value.replace(b"\0", b"")
    for written in (imap_string(value), nstring(value), astring(value)):
        parser = Parser(written)
        assert parser.astring() == value
        parser.end()
    assert Parser(nstring(None)).nstring() is None


@given(st.text())
def test_names_come_back_from_utf_7(name: str) -> None:
    try:
        encoded = utf7.encode(name)
    except UnicodeEncodeError:
        return  # a lone surrogate
    assert encoded.isascii()
    assert utf7.decode(encoded) == name


@given(hostile)
def test_utf_7_raises_only_its_own_error(octets: bytes) -> None:
    """And a name has one spelling: what can be read is written the same."""
    try:
        name = utf7.decode(octets)
    except utf7.InvalidUtf7:
        return
    assert utf7.decode(utf7.encode(name)) == name


@pytest.mark.parametrize("octets", [b"&", b"&Jjo", b"&Jjo!", b"a\xe9", b"&AGE-", b"&2AA-", b"&AA-"])
def test_rfc9051_appendix_a_1(octets: bytes) -> None:
    """Nothing that could be written plainly, no half characters, no shift left open."""
    with pytest.raises(utf7.InvalidUtf7):
        utf7.decode(octets)


@given(st.lists(st.integers(1, 60), unique=True).map(sorted))
def test_sequence_sets_come_back(numbers: list[int]) -> None:
    if not numbers:
        assert sequence.written(numbers) == ""
        return
    ranges = Parser(sequence.written(numbers).encode()).sequence_set()
    assert not isinstance(ranges, Saved)
    spans = [range(start, end + 1) for start, end in ranges if start and end]
    assert list(itertools.chain(*spans)) == numbers
    assert all(before.stop < after.start for before, after in itertools.pairwise(spans))


def test_a_date_and_time_is_what_it_says() -> None:
    """RFC 9051 §9 date-time: a day of one digit has a space before it."""
    parsed = Parser(b'" 7-Feb-1994 21:52:25 -0830"').date_time()
    assert parsed == datetime(1994, 2, 8, 6, 22, 25, tzinfo=UTC)


# The reader.


def refuse(announced: Announced) -> None:
    """Admit nothing large."""
    raise Bad("too large")


def read_all(pieces: list[bytes], limits: Limits) -> list[Read]:
    """Everything that a reader makes of these pieces."""
    buffer = LineBuffer()
    reader = CommandReader(buffer)
    reader.limits = limits
    events = []
    for piece in pieces:
        buffer.feed(piece)
        while (event := reader.read(refuse)) is not None:
            events.append(event)
            if isinstance(event, Refused) and event.fatal:
                return events
    return events


literals = st.binary(max_size=40)
plain = st.text(string.ascii_letters + ' "(){', max_size=20).map(str.encode)


@given(st.lists(st.tuples(plain, st.booleans(), literals), max_size=4), plain, st.data())
def test_commands_are_assembled_in_whatever_pieces(
    parts: list[tuple[bytes, bool, bytes]], end: bytes, data: st.DataObject
) -> None:
    """The same events come, whole or byte by byte; literals stand in a command as they came."""
    sent = b""
    for text, synchronizing, literal in parts:
        mark = b"" if synchronizing else b"+"
        sent += b"%b {%d%b}\r\n%b" % (text, len(literal), mark, literal)
    sent += end + b"\r\n"
    cut = data.draw(st.integers(0, len(sent)))
    whole = read_all([sent], AFTER_LOGIN)
    assert whole[-1] == Assembled(sent[:-2])
    assert whole[:-1] == [Continue()] * sum(synchronizing for _, synchronizing, _ in parts)
    assert read_all([sent[:cut], sent[cut:]], AFTER_LOGIN) == whole
    assert read_all([sent[at : at + 1] for at in range(len(sent))], AFTER_LOGIN) == whole


@given(st.lists(hostile), st.sampled_from([BEFORE_LOGIN, AFTER_LOGIN]))
def test_the_reader_takes_anything(pieces: list[bytes], limits: Limits) -> None:
    events = read_all(pieces, limits)
    assert all(isinstance(event, Assembled | Continue | Refused | TooLong) for event in events)


def test_too_many_literals_are_refused_at_the_end_of_their_command() -> None:
    events = read_all([b"a LOGIN" + b" {1+}\r\nx" * 5 + b" y\r\nb NOOP\r\n"], BEFORE_LOGIN)
    assert [type(event) for event in events] == [Refused, Assembled]
    assert isinstance(events[0], Refused)
    assert events[0].command.startswith(b"a LOGIN {1+}")


def test_a_refused_literal_that_would_have_been_asked_for_ends_its_command() -> None:
    events = read_all([b"a LOGIN {5000}\r\nb NOOP\r\n"], BEFORE_LOGIN)
    assert [type(event) for event in events] == [Refused, Assembled]


def test_a_line_is_too_long_once() -> None:
    limit = BEFORE_LOGIN.line
    events = read_all([b"a" * limit, b"a", b"a" * limit, b"a\r\nb NOOP\r\n"], BEFORE_LOGIN)
    assert events == [TooLong(b"a" * 256), Assembled(b"b NOOP")]


def test_a_line_too_long_behind_a_literal_names_its_command() -> None:
    sent = b"a LOGIN {4+}\r\nmary " + b"x" * BEFORE_LOGIN.line
    events = read_all([sent], BEFORE_LOGIN)
    assert events == [TooLong(b"a LOGIN {4+}\r\nmary")]


def test_what_stands_before_a_message_is_looked_at_before_it_is_sent() -> None:
    """`append.admit` parses the same rule as APPEND does."""
    parser = Parser(b" INBOX (\\Seen) {99}\r\n")
    assert append._before_the_message(parser).flags == {"\\Seen"}
    assert parser.announces_message()
