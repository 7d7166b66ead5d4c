"""APPEND (RFC 9051 §6.3.12, RFC 4315 §3, RFC 7889, RFC 6855 §4, RFC 3516 §4.4)."""

from datetime import timedelta

import pytest

from mailauth.mailbox.memory import MemoryAccount, MemoryStore
from mailauth.mailbox.store import Limits
from mailauth.testing import Dialogue, play
from tests.imap.conftest import Connect
from tests.support.mail import NOON

HUGE = 1_000_000_000


@pytest.fixture
def limits() -> Limits:
    """Room for two large messages."""
    return Limits(message_size=200_000, account_size=300_000)


def test_rfc3501_section_6_3_11(mary: Dialogue, mail: MemoryAccount) -> None:
    play(
        mary,
        r"""
        C: A003 APPEND Sent (\Seen) {56}
        S: + OK
        C: Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)
        C: Subject: 1
        C:
        S: A003 OK [APPENDUID 1002 1] APPEND completed
    """,
    )
    [message] = mail.mailbox("Sent").messages()
    assert message.flags == {"\\Seen"}
    assert message.internal_date == NOON
    assert message.content.read().endswith(b"Subject: 1\r\n")


def test_what_append_says_of_a_message_is_kept(log_in: Connect, mail: MemoryAccount) -> None:
    mary = log_in()
    said = mary.send(
        b'a APPEND {4+}\r\nSent (\\Flagged $MDNSent \\Recent) " 7-Feb-1994 21:52:25 -0800" {7+}\r\n'
        b"a: b\r\n\n\r\n"
    )
    assert said == b"a OK [APPENDUID 1002 1] APPEND completed\r\n"
    [message] = mail.mailbox("Sent").messages()
    assert message.flags == {"\\Flagged", "$MDNSent"}
    assert message.internal_date.isoformat() == "1994-02-07T21:52:25-08:00"
    assert message.internal_date.utcoffset() == timedelta(hours=-8)
    assert message.content.read() == b"a: b\r\n\r\n"


def test_appending_to_what_is_selected_is_seen(log_in: Connect) -> None:
    """RFC 9051 §6.3.12: the new message is announced at once."""
    mary = log_in()
    mary.send(b"a SELECT INBOX\r\n")
    assert mary.send(b"b APPEND INBOX {3+}\r\nabc\r\n") == (
        b"* 2 EXISTS\r\n* 2 RECENT\r\nb OK [APPENDUID 1000 2] APPEND completed\r\n"
    )


def test_a_mailbox_that_is_not_there_is_not_made(mary: Dialogue) -> None:
    """RFC 9051 §6.3.12: TRYCREATE; of a large message before it is sent."""
    play(
        mary,
        f"""
        C: a APPEND nowhere {{3}}
        S: + OK
        C: abc
        S: a NO [TRYCREATE] The mailbox does not exist
        C: b APPEND nowhere {{{HUGE}}}
        S: b NO [TRYCREATE] The mailbox does not exist
        C: c NOOP
        S: c OK NOOP completed
    """,
    )


def test_too_big_and_too_much_are_refused_before_they_are_sent(mary: Dialogue) -> None:
    """RFC 7889 §2: TOOBIG; RFC 9208 §4.3.1: OVERQUOTA."""
    message = b"x" * 190_000
    play(
        mary,
        f"""
        C: a APPEND INBOX {{{HUGE}}}
        S: a NO [TOOBIG] A message may have at most 200000 octets
        C: b APPEND INBOX (\\Seen) "07-Feb-1994 21:52:25 -0800" ~{{{HUGE}}}
        S: b NO [TOOBIG] A message may have at most 200000 octets
        C: c APPEND INBOX {{190000}}
        S: + OK
    """,
    )
    assert mary.send(message + b"\r\n").startswith(b"c OK [APPENDUID")
    play(
        mary,
        """
        C: d APPEND INBOX {190000}
        S: d NO [OVERQUOTA] An account may have at most 300000 octets of mail
        C: e NOOP
        S: e OK NOOP completed
    """,
    )


def test_a_message_nobody_asked_for_is_thrown_away(log_in: Connect, mail: MemoryAccount) -> None:
    """RFC 7888 §4: what a non-synchronizing literal announces is read, and not kept."""
    mary = log_in()
    size = 10_000_000
    assert mary.send(b"a APPEND INBOX {%d+}\r\n" % size) == b""
    for _ in range(size // 50_000):
        assert mary.send(b"b NOOP\r\n".ljust(50_000)) == b""
    assert mary.send(b"\r\nb NOOP\r\n") == (
        b"a NO [TOOBIG] A message may have at most 200000 octets\r\nb OK NOOP completed\r\n"
    )
    assert len(mail.mailbox("INBOX").uids()) == 1


def test_a_gigabyte_nobody_asked_for_ends_the_connection(log_in: Connect) -> None:
    mary = log_in()
    assert mary.send(b"a APPEND INBOX {%d+}\r\n" % HUGE) == (
        b"a NO [TOOBIG] A message may have at most 200000 octets\r\n"
        b"* BYE [TOOBIG] The command cannot be skipped\r\n"
    )
    assert mary.closed


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (b"", b"BAD"),
        (b" INBOX", b"BAD"),
        (b' INBOX "abc"', b"BAD"),
        (b" INBOX (\\Seen {3+}\r\nabc", b"BAD"),
        (b" INBOX (a b) {0+}\r\n", b"NO The message is empty"),
        (b' INBOX "32-Feb-1994 21:52:25 -0800" {3+}\r\nabc', b"BAD"),
        (b' INBOX "01-Feb-1994 21:52:25 -9900" {3+}\r\nabc', b"BAD"),
        (b' INBOX "01-Foo-1994 21:52:25 -0800" {3+}\r\nabc', b"BAD"),
        (b" INBOX {3+}\r\na\0c", b"BAD Expected a literal without NUL"),
        (b" INBOX ~{3+}\r\na\0c", b"NO [UNKNOWN-CTE]"),
        (b" INBOX ~{3+}\r\nabc", b"OK [APPENDUID"),
        (b" INBOX {3+}\r\nabc {3+}\r\nabc", b"BAD Expected the end of the command"),
        (b" INBOX UTF8 (~{3+}\r\nabc)", b"BAD Enable UTF8=ACCEPT first"),
        (b" INBOX {99999999999999999999999}", b"BAD Malformed literal"),
    ],
)
def test_appends_good_and_bad(log_in: Connect, arguments: bytes, answer: bytes) -> None:
    said = log_in().send(b"a APPEND%b\r\n" % arguments)
    assert said.startswith(b"a " + answer)


def test_only_a_message_may_be_large(log_in: Connect) -> None:
    mary = log_in()
    assert mary.send(b"a APPEND {70000}\r\n").startswith(b"a BAD")
    assert mary.send(b"b SEARCH TEXT {70000}\r\n") == b"b BAD [TOOBIG] The literal is too long\r\n"
    assert mary.send(b"c APPEND INBOX {3+}\r\nabc {70000}\r\n").startswith(b"c BAD")
    assert mary.send(b"d APPEND INBOX {70000}\r\n") == b"+ OK\r\n"
    mary.send(b"x" * 70_000)
    assert mary.send(b" {70000}\r\n").startswith(b"d BAD")
    assert mary.send(b"e NOOP\r\n") == b"e OK NOOP completed\r\n"


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (b"Subject: Gr\xc3\xbc\xc3\x9fe\r\n\r\n", False),
        (b"Subject: Gr\xfc\xdfe", False),
        (b"Subject: x\nX-Y: \xff\n\nbody", False),
        (b"Subject: x\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n", True),
        (b"Subject: x\n\nGr\xfc\xdfe\n", True),
    ],
)
def test_rfc6855_section_4_without_enable(log_in: Connect, message: bytes, kept: bool) -> None:
    """NO to any 8-bit character in header fields; a body may have them."""
    said = log_in().send(b"a APPEND Sent {%d+}\r\n%b\r\n" % (len(message), message))
    assert said.startswith(b"a OK" if kept else b"a NO [CANNOT]")


def test_imap4rev2_has_utf_8_in_headers(log_in: Connect, mail: MemoryAccount) -> None:
    """RFC 9051 §6.3.12: ENABLE UTF8=ACCEPT is not needed, too."""
    mary = log_in()
    mary.send(b"a ENABLE IMAP4rev2\r\n")
    message = "Subject: Grüße\r\n\r\n".encode()
    assert mary.send(b"b APPEND Sent {%d+}\r\n%b\r\n" % (len(message), message)).startswith(b"b OK")
    assert mail.mailbox("Sent").messages()[0].content.read() == message


def test_rfc6855_section_4(log_in: Connect, mail: MemoryAccount) -> None:
    mary = log_in()
    mary.send(b"a ENABLE UTF8=ACCEPT\r\n")
    message = "Subject: Grüße\r\n\r\n".encode()
    said = mary.send(b"b APPEND Sent UTF8 (~{%d+}\r\n%b)\r\n" % (len(message), message))
    assert said == b"b OK [APPENDUID 1002 1] APPEND completed\r\n"
    assert mail.mailbox("Sent").messages()[0].content.read() == message


@pytest.mark.parametrize(
    ("encoding", "ending", "answer"),
    [
        (b"binary", b"\n", b"a NO [UNKNOWN-CTE] "),
        (b"BINARY", b"\n", b"a NO [UNKNOWN-CTE] "),
        (b"binary", b"\r\n", b"a OK "),
        (b"8bit", b"\n", b"a OK "),
        (b"binary-x", b"\r\n", b"a OK "),
    ],
)
def test_rfc3516_section_4_4(
    log_in: Connect, encoding: bytes, ending: bytes, answer: bytes
) -> None:
    """What would lose data when it is kept is refused: line feeds become CRLF here."""
    message = b"Content-Transfer-Encoding: %b%b%bx%b" % (encoding, ending, ending, ending)
    said = log_in().send(b"a APPEND INBOX ~{%d+}\r\n%b\r\n" % (len(message), message))
    assert said.startswith(answer)


def test_keywords_are_bounded(log_in: Connect, store: MemoryStore) -> None:
    mary = log_in()
    flags = " ".join(f"k{number}" for number in range(300))
    said = mary.send(f"a APPEND INBOX ({flags}) {{3+}}\r\nabc\r\n".encode())
    assert said.startswith(b"a NO [LIMIT]")
