"""The TRANSACTION and UPDATE states (RFC 1939 §5-7), and CAPA (RFC 2449 §5)."""

import pytest

from mailauth.mailbox.memory import MemoryStore
from mailauth.testing import Dialogue, play
from tests.pop3.conftest import Connect
from tests.support.mail import NOON

MARY = "mary@mydomain.com"


def test_a_session_reads_and_removes(mary: Dialogue, store: MemoryStore) -> None:
    store.account(MARY).deliver(b"Subject: Later\r\n\r\nNot in this session.\r\n", NOON)
    play(
        mary,
        """
        C: STAT
        S: +OK 1 35
        C: LIST
        S: +OK 1 messages (35 octets)
        S: 1 35
        S: .
        C: LIST 1
        S: +OK 1 35
        C: UIDL
        S: +OK Unique-ids follow
        S: 1 1000.1
        S: .
        C: UIDL 1
        S: +OK 1 1000.1
        C: RETR 1
        S: +OK 35 octets
        S: Subject: Welcome
        S:
        S: Hello.
        S: ..Dots
        S: .
        C: TOP 1 0
        S: +OK Top of message follows
        S: Subject: Welcome
        S:
        S: .
        C: TOP 1 1
        S: +OK Top of message follows
        S: Subject: Welcome
        S:
        S: Hello.
        S: .
        C: DELE 1
        S: +OK Message 1 deleted
        C: RETR 1
        S: -ERR Message 1 is deleted
        C: DELE 1
        S: -ERR Message 1 is deleted
        C: LIST
        S: +OK 0 messages (0 octets)
        S: .
        C: STAT
        S: +OK 0 0
        C: RSET
        S: +OK 1 messages (35 octets)
        C: NOOP
        S: +OK Nothing done
        C: DELE 1
        S: +OK Message 1 deleted
        C: QUIT
        S: +OK Bye
        <closed>
    """,
    )
    left = store.account(MARY).mailbox("INBOX").messages()
    assert [message.uid for message in left] == [2]


@pytest.mark.parametrize("ending", ["lost", "timeout", "shutdown"])
def test_without_quit_nothing_is_removed(mary: Dialogue, store: MemoryStore, ending: str) -> None:
    """RFC 1939 §3 and §6; at the timeout there is no reply either."""
    mary.send(b"DELE 1\r\n")
    match ending:
        case "timeout":
            assert mary.time_out() == b""
            assert mary.closed
        case "shutdown":
            assert mary.shut_down() == b"-ERR [SYS/TEMP] The server is shutting down\r\n"
            assert mary.closed
    mary.lose()
    assert store.account(MARY).mailbox("INBOX").counts().messages == 1
    store.account(MARY).lock_maildrop()


def test_the_maildrop_has_one_session_at_a_time(mary: Dialogue, connect: Connect) -> None:
    """RFC 2449 §8.1.2."""
    second = connect()
    play(
        second,
        """
        S: …
        C: USER mary
        S: +OK …
        C: PASS secret
        S: -ERR [IN-USE] Another session has locked this maildrop
        C: USER bob
        S: +OK …
        C: PASS secret
        S: +OK …
    """,
    )
    mary.send(b"QUIT\r\n")
    third = connect()
    third.connect()
    assert third.send(b"USER mary\r\nPASS secret\r\n").endswith(b"octets)\r\n")


def test_a_message_that_another_session_removed_cannot_be_read(
    mary: Dialogue, store: MemoryStore
) -> None:
    store.account(MARY).mailbox("INBOX").expunge([1])
    assert mary.send(b"STAT\r\n") == b"+OK 1 35\r\n"
    assert mary.send(b"DELE 1\r\nQUIT\r\n") == b"+OK Message 1 deleted\r\n+OK Bye\r\n"


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (b"RETR 2", b"-ERR No such message, only 1 in the maildrop"),
        (b"RETR 0", b"-ERR No such message, only 1 in the maildrop"),
        (b"RETR 99999999999", b"-ERR A number is missing or malformed"),
        (b"RETR -1", b"-ERR A number is missing or malformed"),
        (b"RETR \xd9\xa1", b"-ERR A number is missing or malformed"),
        (b"RETR", b"-ERR A number is missing or malformed"),
        (b"TOP 1", b"-ERR A number is missing or malformed"),
        (b"LIST 1 1", b"-ERR A number is missing or malformed"),
        (b"STAT 1", b"-ERR This command takes no argument"),
        (b"UTF8", b"-ERR This command is not allowed in the current state"),
        (b"XYZZY", b"-ERR Unknown command"),
        (b"", b"-ERR Unknown command"),
    ],
)
def test_what_is_wrong_is_said(mary: Dialogue, command: bytes, reply: bytes) -> None:
    assert mary.send(command + b"\r\n") == reply + b"\r\n"


def test_capabilities_after_login(mary: Dialogue) -> None:
    """RFC 2449 §5: what is announced before is announced after; RFC 2595 §4: but for STLS."""
    play(
        mary,
        """
        C: CAPA
        S: +OK Capability list follows
        S: TOP
        S: UIDL
        S: RESP-CODES
        S: AUTH-RESP-CODE
        S: PIPELINING
        S: EXPIRE NEVER
        S: UTF8 USER
        S: USER
        S: SASL PLAIN LOGIN
        S: .
    """,
    )


def test_utf_8_in_a_header_needs_the_mode(connect: Connect, store: MemoryStore) -> None:
    """RFC 6856 §2.1: without UTF8 a surrogate is sent; behind it, the message as it is."""
    message = "Subject: Grüße\r\n\r\nGrüße\r\n"
    store.account(MARY).deliver(message.encode(), NOON)
    surrogate = "Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n\r\nGrüße\r\n"
    for mode, expected in ((b"", surrogate), (b"UTF8\r\n", message)):
        pop3 = connect()
        pop3.connect()
        pop3.send(mode + b"USER mary\r\nPASS secret\r\n")
        size = len(expected.encode())
        assert pop3.send(b"RETR 2\r\n") == f"+OK {size} octets\r\n{expected}.\r\n".encode()
        pop3.send(b"QUIT\r\n")
        pop3.lose()
