"""What floods, stalls and makes no sense gets its reply, and costs bounded memory."""

import re
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailauth.login.accounts import Account, Accounts
from mailauth.login.authority import Authority
from mailauth.login.event import Result, Service
from mailauth.login.secrets import PlaintextSecret
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.smtp.content import DISCARDED_OCTETS
from mailauth.smtp.server import SmtpServer
from mailauth.testing import Dialogue, MemoryRecorder, accounts, play, session_for
from tests.smtp.conftest import LIMITS, Connect
from tests.support.mail import NOON

SEGMENT = b"x" * 65_536
TOO_LONG = b"500 5.5.2 The line is too long\r\n"


def test_a_line_of_10_mb_is_refused_once_and_not_kept(connect: Connect) -> None:
    smtp = connect()
    smtp.connect()
    said = [smtp.send(SEGMENT) for _ in range(160)]
    assert said == [TOO_LONG] + [b""] * 159
    assert smtp.send(b"x\r\nNOOP\r\n") == b"250 2.0.0 Nothing done\r\n"


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (b"NOOP " + b"x" * 505, b"250 2.0.0 Nothing done\r\n"),
        (b"NOOP " + b"x" * 506, TOO_LONG),
        (b"MAIL FROM:<> " + b"x" * 1_550, b"555 5.5.4 A parameter is not recognized\r\n"),
        (b"MAIL FROM:<> " + b"x" * 1_551, TOO_LONG),
        (b"RCPT TO:<> " + b"x" * 1_000, TOO_LONG),
        (b"AUTH PLAIN " + b"x" * 12_277, b"501 5.5.2 Malformed authentication exchange\r\n"),
        (b"AUTH PLAIN " + b"x" * 12_278, b"500 5.5.6 The line is too long\r\n"),
    ],
)
def test_the_lengths_of_the_rfcs(mx: Dialogue, command: bytes, reply: bytes) -> None:
    """RFC 5321 §4.5.3.1.4, and what each extension adds to it."""
    assert mx.send(command + b"\r\n") == reply
    assert mx.send(b"NOOP\r\n") == b"250 2.0.0 Nothing done\r\n"


@pytest.mark.parametrize(
    ("before", "line", "mechanism"),
    [
        (b"", b"AUTH LOGIN " + SEGMENT, "LOGIN"),
        (b"", b"AUTH X" + SEGMENT, None),
        (b"AUTH PLAIN\r\n", SEGMENT, "PLAIN"),
    ],
)
def test_a_login_too_long_is_a_malformed_login(
    connect: Connect, recorder: MemoryRecorder, before: bytes, line: bytes, mechanism: str | None
) -> None:
    smtp = connect()
    smtp.connect()
    smtp.send(b"EHLO client.example\r\n")
    smtp.send(before)
    assert smtp.send(line + b"\r\n") == b"500 5.5.6 The line is too long\r\n"
    (event,) = recorder.attempts
    assert (event.result, event.reason, event.mechanism) == (
        Result.MALFORMED,
        "line too long",
        mechanism,
    )


def test_a_bare_line_feed_ends_no_command(connect: Connect, recorder: MemoryRecorder) -> None:
    """RFC 5321 §2.3.8; what may have been a password is an attempt all the same."""
    smtp = connect()
    smtp.connect()
    smtp.send(b"EHLO client.example\r\n")
    assert smtp.send(b"NOOP\n") == b"500 5.5.2 A line must end with CRLF, not with a bare LF\r\n"
    malformed = b"501 5.5.2 Malformed authentication exchange\r\n"
    assert smtp.send(b"AUTH PLAIN AG1hcnkAc2VjcmV0\n") == malformed
    smtp.send(b"AUTH PLAIN\r\n")
    assert smtp.send(b"AG1hcnkAc2VjcmV0\n") == malformed
    assert [event.reason for event in recorder.attempts] == ["bare line feed"] * 2
    assert smtp.send(b"BDAT 6 LAST\nQUIT\r\n").startswith(b"500 5.5.2")
    assert smtp.closed


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /x HTTP/1.1\r\n\r\nEHLO x\r\n",
        b"POST /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\nEHLO x\r\n",
    ],
)
def test_a_browser_is_let_go(connect: Connect, recorder: MemoryRecorder, request_: bytes) -> None:
    """A page can make a browser send any text behind its request."""
    smtp = connect()
    smtp.connect()
    assert smtp.send(request_) == b"554 5.5.1 This is SMTP, not HTTP\r\n"
    assert smtp.closed
    assert [event.reason for event in recorder.connections] == ["http-on-smtp-port"]


def test_twenty_errors_end_the_connection(connect: Connect) -> None:
    smtp = connect()
    smtp.connect()
    said = smtp.send(b"\0\xff\r\n" * 10_000)
    assert said == b"500 5.5.1 Unknown command\r\n" * 20 + b"421 4.7.0 Too many errors\r\n"
    assert smtp.closed


def test_a_refused_chunk_is_an_error_however_it_comes(connect: Connect) -> None:
    """Its octets, which are passed over as they come, are no command that was right."""
    smtp = connect()
    smtp.connect()
    said = b"".join(smtp.send(piece) for piece in (b"BDAT 3\r\n", b"a", b"b", b"c") * 20)
    assert said == b"503 5.5.1 Send MAIL and RCPT first\r\n" * 20 + b"421 4.7.0 Too many errors\r\n"
    assert smtp.closed


def test_a_hundred_recipients(connect: Connect, shared: Authority) -> None:
    """RFC 5321 §4.5.3.1.10: those beyond are for the next message."""
    secret = PlaintextSecret(b"secret")
    names = [f"user{number}" for number in range(101)]
    shared.accounts = Accounts(Account(name=name, secret=secret) for name in names)
    smtp = connect(authentication_required=False)
    smtp.connect()
    smtp.send(b"HELO x\r\nMAIL FROM:<>\r\n")
    said = smtp.send(b"".join(f"RCPT TO:<{name}>\r\n".encode() for name in [*names, names[0]]))
    assert said.count(b"250 2.1.5") == 101
    assert said.count(b"452 4.5.3 Too many recipients\r\n") == 1


def test_a_message_without_an_end_ends_the_connection(connect: Connect) -> None:
    smtp = connect(authentication_required=False)
    smtp.connect()
    smtp.send(b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@mydomain.com>\r\nDATA\r\n")
    segment = b"x" * 1_048_576
    for _ in range(DISCARDED_OCTETS // len(segment)):
        assert smtp.send(segment) == b""
    assert smtp.send(segment) == b"552 5.3.4 The message is too big\r\n"
    assert smtp.closed


def test_content_is_read_in_linear_time(connect: Connect) -> None:
    """A megabyte, an octet a segment, in its worst form."""
    smtp = connect(authentication_required=False)
    smtp.connect()
    smtp.send(b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@mydomain.com>\r\nDATA\r\n")
    for octet in b"..\r\n" * 50_000:
        assert smtp.send(bytes([octet])) == b""
    assert smtp.send(b".\r\n") == b"552 5.3.4 The message is too big\r\n"


def test_a_bug_is_our_fault(connect: Connect, recorder: MemoryRecorder) -> None:
    smtp = connect()
    smtp.connect()
    smtp.send(b"EHLO client.example\r\n")
    smtp.send(b"AUTH PLAIN\r\n")
    assert smtp.fail() == b"451 4.3.0 Internal server error\r\n"
    assert smtp.closed
    assert [event.result for event in recorder.attempts] == [Result.UNAVAILABLE]


def test_leaving(connect: Connect) -> None:
    """RFC 5321 §3.8: 421, whoever ends it."""
    play(
        connect(),
        """
        S: …
        <timeout>
        S: 421 4.4.2 The connection was idle for too long
        <closed>
    """,
    )
    play(
        connect(),
        """
        S: …
        <shutdown>
        S: 421 4.3.2 The server is shutting down
        <closed>
    """,
    )


def test_every_command_and_all_content_is_patience(mx: Dialogue) -> None:
    """RFC 5321 §4.5.3.2.7: five minutes; a line that does not end gains none."""
    for sent, patience in (
        (b"NOO", None),
        (b"P\r\n", 300),
        (b"MAIL FROM:<>\r\nRCPT TO:<bob@mydomain.com>\r\nDATA\r\n", 300),
        (b"x", 300),
    ):
        mx.deadline = None
        mx.send(sent)
        assert mx.deadline == patience


WORDS = st.sampled_from(
    [
        *(b"EHLO x", b"HELO x", b"AUTH PLAIN AG1hcnkAc2VjcmV0", b"AUTH LOGIN", b"*", b"bWFyeQ=="),
        *(b"MAIL FROM:<>", b"MAIL FROM:<a@b> SIZE=9", b"RCPT TO:<bob>", b"RCPT TO:<x@y>", b"DATA"),
        *(b"BDAT 3", b"BDAT 2 LAST", b"BDAT", b"RSET", b"VRFY x", b"HELP", b"QUIT", b"GET /"),
        *(
            b".",
            b"..",
            b"\r",
            b"\n",
            b"\r\n",
            b"\r\n.\r\n",
            b"\n.\n",
            b"\0",
            b"\xff",
            b" ",
            b"x" * 600,
        ),
    ]
)


def fresh() -> Dialogue:
    store = MemoryStore(count(1).__next__, lambda account: NewMessage(b"\r\n", NOON), LIMITS)
    known = accounts()
    login = session_for(Service.SMTP, mechanisms=("PLAIN", "LOGIN"))
    core = SmtpServer(
        login, store, accounts=lambda: known, now=lambda: NOON, authentication_required=False
    )
    return Dialogue(core, login)


@settings(max_examples=300)
@given(st.lists(st.one_of(WORDS, WORDS.map(lambda word: word + b"\r\n"), st.binary(max_size=9))))
def test_it_does_not_matter_how_the_octets_arrive(pieces: list[bytes]) -> None:
    """Whatever is sent, nothing but replies comes out, and the same for every segmentation."""
    pieces = [re.sub(rb"(?i)starttls", b"", piece) for piece in pieces]
    data = b"".join(pieces)
    whole, in_pieces, by_bytes = fresh(), fresh(), fresh()
    said = whole.connect() + whole.send(data)
    assert said == in_pieces.connect() + b"".join(in_pieces.send(piece) for piece in pieces)
    assert said == by_bytes.connect() + by_bytes.send_byte_by_byte(data)
    assert whole.closed == by_bytes.closed
    assert re.fullmatch(rb"(?:\d{3}[ -][^\r\n]*\r\n)*", said)
