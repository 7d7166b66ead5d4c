"""STARTTLS (RFC 9051 §6.2.1, §11): nothing that came in the clear is acted on behind TLS."""

import pytest

from mailauth.login.hop import Security
from mailauth.testing import Dialogue, MemoryRecorder, play
from tests.imap.conftest import Connect


def test_a_login_behind_starttls_is_secure(imap: Dialogue, recorder: MemoryRecorder) -> None:
    play(
        imap,
        """
        S: …
        C: a STARTTLS
        S: a OK Begin TLS negotiation now
        <tls>
        C: b CAPABILITY
        S: * CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR ID ENABLE LITERAL- AUTH=PLAIN AUTH=LOGIN
        S: b OK CAPABILITY completed
        C: c STARTTLS
        S: c BAD TLS is already active
        C: d LOGIN mary secret
        S: d OK …
    """,
    )
    assert recorder.logins[0].security is Security.STARTTLS


@pytest.mark.parametrize(
    ("pipelined", "count"),
    [(b"b LOGIN mary secret\r\n", 21), (b"b LOGIN ma", 10), (b"\x16\x03\x01", 3), (b"\r\n", 2)],
)
def test_what_is_pipelined_behind_starttls_is_never_executed(
    connect: Connect, recorder: MemoryRecorder, pipelined: bytes, count: int
) -> None:
    imap = connect()
    imap.connect()
    assert imap.send(b"a STARTTLS\r\n" + pipelined) == (
        b"a BAD Wait for the response to STARTTLS\r\n"
        b"* BYE Commands were sent in the clear after STARTTLS\r\n"
    )
    assert imap.closed
    assert recorder.attempts == []
    assert [event.reason for event in recorder.connections] == [
        f"pipelined-behind-starttls ({count} bytes)"
    ]


def test_starttls_needs_a_listener_that_can(connect: Connect) -> None:
    play(
        connect(tls_available=False),
        """
        S: * OK [CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR ID ENABLE LITERAL- AUTH=PLAIN AUTH=LOGIN] …
        C: a STARTTLS
        S: a BAD TLS is not available on this port
        C: b STARTTLS now
        S: b BAD Expected the end of the command
    """,
    )


def test_implicit_tls_offers_no_starttls(connect: Connect, recorder: MemoryRecorder) -> None:
    play(
        connect(tls_available=False),
        """
        <tls>
        S: * OK [CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR ID ENABLE LITERAL- AUTH=PLAIN AUTH=LOGIN] …
        C: a LOGIN mary secret
        S: a OK …
    """,
    )
    assert recorder.logins[0].security is Security.IMPLICIT


def test_an_exchange_does_not_outlive_the_handshake(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    """RFC 9051 §6.2.1: what was learnt before TLS is forgotten, the client's name too."""
    imap = connect()
    imap.connect()
    imap.send(b'a ID ("name" "clear")\r\nb STARTTLS\r\n')
    imap.start_tls()
    assert imap.session.evidence.client_name is None
