"""STLS (RFC 2595 §4): nothing that came in the clear is acted on behind TLS."""

import pytest

from mailauth.login.hop import Security
from mailauth.login.policy import Cleartext
from mailauth.testing import Dialogue, MemoryRecorder, play
from tests.pop3.conftest import Connect


def test_a_login_behind_stls_is_secure(pop3: Dialogue, recorder: MemoryRecorder) -> None:
    """RFC 2595 §4, the example."""
    play(
        pop3,
        """
        S: …
        C: STLS
        S: +OK Begin TLS negotiation
        <tls>
        C: STLS
        S: -ERR TLS is already active
        C: USER mary
        S: +OK …
        C: PASS secret
        S: +OK …
    """,
    )
    (event,) = recorder.attempts
    assert event.security is Security.STARTTLS
    assert not event.exposed


def test_the_name_given_in_the_clear_is_forgotten(pop3: Dialogue, recorder: MemoryRecorder) -> None:
    play(
        pop3,
        """
        S: …
        C: USER mary
        S: +OK …
        C: STLS
        S: +OK …
        <tls>
        C: PASS secret
        S: -ERR Send USER first
    """,
    )
    assert recorder.attempts == []


@pytest.mark.parametrize(
    ("pipelined", "count"),
    [(b"PASS secret\r\n", 13), (b"PASS se", 7), (b"\x16\x03\x01", 3), (b"\r\n", 2)],
)
def test_what_is_pipelined_behind_stls_is_never_executed(
    connect: Connect, recorder: MemoryRecorder, pipelined: bytes, count: int
) -> None:
    pop3 = connect()
    pop3.connect()
    said = pop3.send(b"USER mary\r\nSTLS\r\n" + pipelined)
    assert said.endswith(b"-ERR Commands were sent in the clear after STLS; wait for its reply\r\n")
    assert pop3.closed
    assert recorder.attempts == []
    assert [event.reason for event in recorder.connections] == [
        f"pipelined-behind-starttls ({count} bytes)"
    ]


def test_stls_needs_a_listener_that_can(connect: Connect) -> None:
    play(
        connect(tls_available=False),
        """
        S: …
        C: STLS
        S: -ERR TLS is not available on this port
        C: STLS now
        S: -ERR STLS takes no argument
    """,
    )


def test_what_is_refused_in_the_clear_is_announced_behind_stls(connect: Connect) -> None:
    pop3 = connect(cleartext=Cleartext.REFUSE)
    pop3.connect()
    before = pop3.send(b"CAPA\r\n").split(b"\r\n")
    pop3.send(b"STLS\r\n")
    pop3.start_tls()
    behind = pop3.send(b"CAPA\r\n").split(b"\r\n")
    assert set(before) - set(behind) == {b"STLS"}
    assert set(behind) - set(before) == {b"USER", b"SASL PLAIN LOGIN"}
