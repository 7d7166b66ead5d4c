"""What floods, stalls and makes no sense gets its reply, and costs bounded memory."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailauth.login.event import Result, Service
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.pop3.maildrop import Maildrop
from mailauth.pop3.server import Pop3Server
from mailauth.testing import Dialogue, MemoryRecorder, play, session_for
from tests.pop3.conftest import Connect
from tests.support.mail import NOON

SEGMENT = b"x" * 65_536


def test_a_line_of_10_mb_is_refused_once_and_not_kept(connect: Connect) -> None:
    pop3 = connect()
    pop3.connect()
    said = [pop3.send(SEGMENT) for _ in range(160)]
    assert said == [b"-ERR The line is too long\r\n"] + [b""] * 159
    assert pop3.send(b"x\r\nUSER mary\r\n") == b"+OK Send the password\r\n"


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (b"NOOP " + b"x" * 248, b"-ERR This command is not allowed in the current state\r\n"),
        (b"NOOP " + b"x" * 249, b"-ERR The line is too long\r\n"),
        (b"AUTH PLAIN " + b"x" * 12_277, b"-ERR Malformed authentication exchange\r\n"),
        (b"AUTH PLAIN " + b"x" * 12_278, b"-ERR The line is too long\r\n"),
    ],
)
def test_the_lengths_of_the_rfcs(connect: Connect, command: bytes, reply: bytes) -> None:
    """RFC 2449 §4: 255 octets; RFC 5034 §4: 12,288 and the line ending for what logs in."""
    pop3 = connect()
    pop3.connect()
    assert pop3.send(command + b"\r\n") == reply
    assert pop3.send(b"USER mary\r\n") == b"+OK Send the password\r\n"


@pytest.mark.parametrize(
    ("before", "line", "mechanism"),
    [
        (b"USER mary\r\n", b"PASS " + b"x" * 300, "USER-PASS"),
        (b"USER mary\r\n", b"PASS " + SEGMENT, "USER-PASS"),
        (b"", b"APOP " + SEGMENT, "APOP"),
        (b"", b"AUTH LOGIN " + SEGMENT, "LOGIN"),
        (b"", b"AUTH X" + SEGMENT, None),
        (b"AUTH PLAIN\r\n", SEGMENT, "PLAIN"),
    ],
)
def test_a_login_too_long_is_a_malformed_login(
    connect: Connect, recorder: MemoryRecorder, before: bytes, line: bytes, mechanism: str | None
) -> None:
    pop3 = connect()
    pop3.connect()
    pop3.send(before)
    assert pop3.send(line + b"\r\n") == b"-ERR The line is too long\r\n"
    (event,) = recorder.attempts
    assert (event.result, event.reason, event.mechanism) == (
        Result.MALFORMED,
        "line too long",
        mechanism,
    )
    assert pop3.send(b"USER mary\r\n") == b"+OK Send the password\r\n"


def test_twenty_bad_commands_end_the_connection(connect: Connect) -> None:
    pop3 = connect()
    pop3.connect()
    said = pop3.send(b"\0\xff\r\n" * 10_000)
    assert said == b"-ERR Unknown command\r\n" * 20 + b"-ERR Too many bad commands\r\n"
    assert pop3.closed


def test_good_commands_between_bad_ones_are_patience(mary: Dialogue) -> None:
    assert mary.send(b"NOOP\r\nX\r\n" * 50).count(b"\r\n") == 100
    assert not mary.closed


def test_ten_thousand_commands_at_once(mary: Dialogue) -> None:
    """They are answered one by one, and what is owed is handed over in pieces."""
    said = mary.send(b"RETR 1\r\nLIST\r\nNOOP\r\n" * 10_000)
    assert said.count(b"\r\n.\r\n") == 20_000
    assert said.endswith(b"+OK Nothing done\r\n")


def test_a_bug_is_our_fault(connect: Connect, recorder: MemoryRecorder) -> None:
    pop3 = connect()
    pop3.connect()
    pop3.send(b"AUTH PLAIN\r\n")
    assert pop3.fail() == b"-ERR [SYS/TEMP] Internal server error\r\n"
    assert pop3.closed
    assert [event.result for event in recorder.attempts] == [Result.UNAVAILABLE]


def test_an_idle_client_is_let_go_without_a_word(pop3: Dialogue) -> None:
    """RFC 1939 §3: the session does not enter UPDATE, and there is no response."""
    play(
        pop3,
        """
        S: …
        <timeout>
        <closed>
    """,
    )
    assert pop3.deadline == 180


def test_the_autologout_timer_is_ten_minutes_of_silence(mary: Dialogue) -> None:
    """RFC 1939 §3: no less than that."""
    assert mary.deadline == 600
    mary.deadline = None
    mary.send(b"NOO")
    assert mary.deadline is None
    mary.send(b"P\r\n")
    assert mary.deadline == 600


WORDS = st.sampled_from(
    [
        *(b"USER mary", b"PASS secret", b"AUTH PLAIN", b"AG1hcnkAc2VjcmV0", b"AUTH LOGIN ="),
        *(b"AUTH", b"*", b"APOP a b", b"UTF8", b"CAPA", b"STAT", b"LIST", b"RETR 1", b"TOP 1 1"),
        *(b"UIDL 1", b"DELE 1", b"RSET", b"QUIT", b"1", b" ", b"\r\n", b"\n", b"\0", b"\xff"),
        *(b"x" * 300, b"x" * 13_000),
    ]
)


def fresh() -> Dialogue:
    store = MemoryStore(lambda: 1, lambda account: NewMessage(b"A: b\r\n\r\n.c\r\n", NOON))
    maildrop = Maildrop(store)
    login = session_for(Service.POP3, mechanisms=("PLAIN", "LOGIN"), admission=maildrop)
    return Dialogue(Pop3Server(login, maildrop, tls_available=True), login)


@settings(max_examples=200)
@given(st.lists(st.one_of(WORDS, WORDS.map(lambda word: word + b"\r\n"), st.binary(max_size=9))))
def test_it_does_not_matter_how_the_octets_arrive(pieces: list[bytes]) -> None:
    """Whatever is sent, nothing but replies comes out, and the same for every segmentation."""
    data = re.sub(rb"(?i)stls", b"", b"".join(pieces))
    whole, in_pieces, by_bytes = fresh(), fresh(), fresh()
    said = whole.connect() + whole.send(data)
    assert said == in_pieces.connect() + b"".join(in_pieces.send(piece) for piece in pieces)
    assert said == by_bytes.connect() + by_bytes.send_byte_by_byte(data)
    assert whole.closed == by_bytes.closed
