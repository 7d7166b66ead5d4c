"""The example dialogues of what extends POP3 (RFC 2449, 2595, 3206, 5034, 6856).

What is no server's part here is left out: Kerberos, LANG of RFC 6856 §3.3 and LOGIN-DELAY are not
offered.
"""

import msgspec
import pytest

from mailauth.login.event import Result
from mailauth.login.policy import Cleartext
from mailauth.testing import Dialogue, MemoryRecorder, play
from mailauth.testing.transcripts import HANDSHAKE
from tests.pop3.conftest import DIGEST, Visit


def test_rfc2449_section_5(visit: Visit) -> None:
    """CAPA: nothing is announced that is not here."""
    play(
        visit(mechanisms=("PLAIN", "CRAM-MD5")),
        """
        S: …
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
        S: SASL PLAIN CRAM-MD5
        S: STLS
        S: .
    """,
    )


def test_rfc2449_section_6_6(stranger: Dialogue) -> None:
    """PIPELINING: a batch of commands is answered in its order."""
    play(
        stranger,
        """
        S: …
        C: USER mrose
        C: PASS tanstaaf
        C: STAT
        C: DELE 1
        C: QUIT
        S: +OK …
        S: +OK …
        S: +OK 2 320
        S: +OK …
        S: +OK …
        <closed>
    """,
    )


@pytest.mark.usefixtures("mrose")
def test_rfc2449_section_8_1_2(visit: Visit) -> None:
    """IN-USE: the digest was right."""
    play(
        visit(),
        f"""
        S: …
        C: APOP mrose {DIGEST}
        S: -ERR [IN-USE] Another session has locked this maildrop
    """,
    )


def test_rfc2595_section_4(stranger: Dialogue) -> None:
    """STLS once."""
    play(
        stranger,
        """
        S: …
        C: STLS
        S: +OK Begin TLS negotiation
        <tls>
        C: STLS
        S: -ERR TLS is already active
    """,
    )


def test_rfc3206_section_4_and_5(
    stranger: Dialogue, visit: Visit, recorder: MemoryRecorder
) -> None:
    """SYS/TEMP is our trouble, AUTH the credentials'; with neither, another login may help."""
    recorder.failing = True
    play(
        stranger,
        f"""
        S: …
        C: APOP mrose {DIGEST}
        S: -ERR [SYS/TEMP] Login is temporarily unavailable; try again later
    """,
    )
    recorder.failing = False
    play(
        visit(),
        f"""
        S: …
        C: APOP mrose {DIGEST[::-1]}
        S: -ERR [AUTH] Authentication failed
    """,
    )


def test_rfc5034_section_6_with_an_initial_response(visit: Visit, recorder: MemoryRecorder) -> None:
    """PLAIN is announced behind TLS, and needs one round trip."""
    client = visit(mechanisms=("PLAIN",), cleartext=Cleartext.REFUSE)
    client.connect()
    before = client.send(b"CAPA\r\n").split(b"\r\n")
    assert b"STLS" in before
    assert not any(line.startswith(b"SASL") for line in before)
    play(
        client,
        """
        C: STLS
        S: +OK Begin TLS negotiation
        <tls>
    """,
    )
    behind = client.send(b"CAPA\r\n").split(b"\r\n")
    assert b"SASL PLAIN" in behind
    assert b"STLS" not in behind
    play(
        client,
        """
        C: AUTH PLAIN dGVzdAB0ZXN0AHRlc3Q=
        S: +OK Logged in, 1 messages (120 octets)
    """,
    )
    assert [event.result for event in recorder.attempts] == [Result.SUCCESS]


def test_rfc5034_section_6_without(visit: Visit) -> None:
    """PLAIN in two round trips; there is a space behind the +."""
    play(
        visit(mechanisms=("PLAIN",)),
        """
        <tls>
        S: …
        C: AUTH PLAIN
        S: +\x20
        C: dGVzdAB0ZXN0AHRlc3Q=
        S: +OK Logged in, 1 messages (120 octets)
    """,
    )


def test_rfc5034_section_6_an_empty_one(visit: Visit, recorder: MemoryRecorder) -> None:
    """EXTERNAL: `=` is the empty initial response, and the certificate says who it is."""
    client = visit(mechanisms=("PLAIN", "EXTERNAL"))
    client.handshake = msgspec.structs.replace(HANDSHAKE, certificate_names=("test",))
    play(
        client,
        """
        <tls>
        S: …
        C: AUTH EXTERNAL =
        S: +OK Logged in, 1 messages (120 octets)
    """,
    )
    assert [event.user for event in recorder.logins] == ["test"]


def test_rfc6856_section_3_3(mrose: Dialogue) -> None:
    """LANG is not offered: CAPA does not name it, and it is no command."""
    assert b"LANG" not in mrose.send(b"CAPA\r\n")
    play(mrose, "C: LANG MUL\nS: -ERR Unknown command\nC: LANG\nS: -ERR Unknown command")


def test_rfc6856_section_2_1(stranger: Dialogue) -> None:
    """UTF8 comes before the login, and is no command of the TRANSACTION state."""
    play(
        stranger,
        """
        S: …
        C: UTF8
        S: +OK UTF-8 mode
        C: USER mrose
        S: +OK Send the password
        C: PASS tanstaaf
        S: +OK Logged in, 2 messages (320 octets)
        C: UTF8
        S: -ERR This command is not allowed in the current state
    """,
    )
