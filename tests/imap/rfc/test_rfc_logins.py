"""The examples of how to log in to IMAP, one by one (RFC 4959, 7888, 2195, 7628)."""

import msgspec
import pytest

from mailauth.login.accounts import Account, Accounts
from mailauth.login.authority import Authority
from mailauth.login.event import Result
from mailauth.login.secrets import PlaintextSecret
from mailauth.sasl import TokenVerdict
from mailauth.testing import Dialogue, MemoryRecorder, play
from mailauth.testing.transcripts import HANDSHAKE
from tests.imap.conftest import Connect, Connection

TOKEN = b"vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
GOOD_TOKEN = (
    "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI"
    "HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
)
NO_TOKEN = "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9AQE="
ANNOUNCED = "CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR ID ENABLE LITERAL-"


@pytest.fixture(autouse=True)
def names(shared: Authority) -> None:
    """The accounts of the examples."""
    shared.accounts = Accounts(
        Account(name=name, secret=PlaintextSecret(password))
        for name, password in (
            ("test", b"test"),
            ("FRED FOOBAR", b"fat man"),
            ("tim", b"tanstaaftanstaaf"),
            ("user@example.com", b"x"),
        )
    )
    shared.verify_token = lambda token: TokenVerdict(b"user@example.com", valid=token == TOKEN)


@pytest.fixture
def external(imap: Connection, connect: Connect) -> Connection:
    """A client inside TLS that has shown a certificate of `test`."""
    dialogue = connect(imap.segments, mechanisms=("PLAIN", "EXTERNAL"))
    dialogue.handshake = msgspec.structs.replace(HANDSHAKE, certificate_names=("test",))
    return dialogue


def test_rfc4959_section_4_with_an_initial_response(imap: Dialogue) -> None:
    """PLAIN in one round trip."""
    play(
        imap,
        f"""
        <tls>
        S: …
        C: C01 CAPABILITY
        S: * {ANNOUNCED} AUTH=PLAIN AUTH=LOGIN
        S: C01 OK CAPABILITY completed
        C: A01 AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=
        S: A01 OK [CAPABILITY …] Logged in
    """,
    )


def test_rfc4959_section_4_without(imap: Dialogue) -> None:
    """The same in two; there is a space behind the +."""
    play(
        imap,
        """
        <tls>
        S: …
        C: A01 AUTHENTICATE PLAIN
        S: +\x20
        C: dGVzdAB0ZXN0AHRlc3Q=
        S: A01 OK [CAPABILITY …] Logged in
    """,
    )


def test_rfc4959_section_4_an_empty_one(external: Connection, recorder: MemoryRecorder) -> None:
    """EXTERNAL: `=` is the empty initial response."""
    play(
        external,
        f"""
        <tls>
        S: …
        C: C01 CAPABILITY
        S: * {ANNOUNCED} AUTH=PLAIN AUTH=EXTERNAL
        S: C01 OK CAPABILITY completed
        C: A01 AUTHENTICATE EXTERNAL =
        S: A01 OK [CAPABILITY …] Logged in
    """,
    )
    assert [event.mechanism for event in recorder.logins] == ["EXTERNAL"]


def test_rfc4959_section_4_an_empty_response(
    external: Connection, recorder: MemoryRecorder
) -> None:
    """EXTERNAL without one: the empty response is an empty line."""
    play(
        external,
        """
        <tls>
        S: …
        C: A01 AUTHENTICATE EXTERNAL
        S: +\x20
        C:
        S: A01 OK [CAPABILITY …] Logged in
    """,
    )
    assert [event.user for event in recorder.logins] == ["test"]


def test_rfc7888_section_3(imap: Connection, connect: Connect) -> None:
    """Non-synchronizing literals, which nobody asks for, and the same as quoted strings."""
    play(
        imap,
        """
        S: …
        C: A001 LOGIN {11+}
        C: FRED FOOBAR {7+}
        C: fat man
        S: A001 OK [CAPABILITY …] Logged in
    """,
    )
    play(
        connect(imap.segments),
        """
        S: …
        C: A001 LOGIN "FRED FOOBAR" "fat man"
        S: A001 OK [CAPABILITY …] Logged in
    """,
    )


def test_rfc2195_section_2(imap: Connection, connect: Connect, shared: Authority) -> None:
    """CRAM-MD5, to the letter."""
    shared.hostname = "postoffice.reston.mci.net"
    shared.nonce = lambda: "1896.697170952"
    play(
        connect(imap.segments, mechanisms=("CRAM-MD5",)),
        """
        S: …
        C: A0001 AUTHENTICATE CRAM-MD5
        S: + PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
        C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
        S: A0001 OK [CAPABILITY …] Logged in
    """,
    )


@pytest.fixture
def oauth(imap: Connection, connect: Connect) -> Connection:
    """A client of the server of RFC 7628, inside TLS."""
    dialogue = connect(imap.segments, mechanisms=("OAUTHBEARER",))
    dialogue.connect(implicit_tls=True)
    return dialogue


def test_rfc7628_section_4_1(oauth: Connection, recorder: MemoryRecorder) -> None:
    """A bearer token that is good."""
    play(
        oauth,
        f"""
        C: t0 CAPABILITY
        S: * {ANNOUNCED} AUTH=OAUTHBEARER
        S: t0 OK CAPABILITY completed
        C: t1 AUTHENTICATE OAUTHBEARER {GOOD_TOKEN}
        S: t1 OK [CAPABILITY …] Logged in
    """,
    )
    assert [event.user for event in recorder.logins] == ["user@example.com"]


@pytest.mark.parametrize(
    ("last", "answer", "result"),
    [
        ("AQ==", "NO [AUTHENTICATIONFAILED] Authentication failed", Result.BAD_CREDENTIALS),
        ("*", "BAD Login cancelled", Result.CANCELLED),
    ],
)
def test_rfc7628_section_4_3(
    oauth: Connection, recorder: MemoryRecorder, last: str, answer: str, result: Result
) -> None:
    """No token: why not comes as a challenge, after which the client ends it or cancels.

    A cancelled exchange is BAD (RFC 9051 §6.2.2), where the example has NO.
    """
    play(
        oauth,
        f"""
        C: t1 AUTHENTICATE OAUTHBEARER {NO_TOKEN}
        S: + b64({{"status":"invalid_token","schemes":"bearer","scope":"mail"}})
        C: {last}
        S: t1 {answer}
    """,
    )
    assert [event.result for event in recorder.attempts] == [result]
