"""The example dialogues of how to log in to SMTP, one by one (RFC 3207, RFC 4954, RFC 7628)."""

import pytest

from mailauth.login.accounts import Account, Accounts
from mailauth.login.authority import Authority
from mailauth.login.event import Result
from mailauth.login.hop import Security
from mailauth.login.policy import Cleartext
from mailauth.login.secrets import PlaintextSecret
from mailauth.sasl import TokenVerdict
from mailauth.testing import Dialogue, MemoryRecorder, Segments, play
from tests.smtp.conftest import Connect


@pytest.fixture
def test_1234(shared: Authority) -> None:
    """The account of RFC 4954's examples, and that of its §5."""
    shared.accounts = Accounts(
        Account(name=name, secret=PlaintextSecret(b"1234"))
        for name in ("test", "e=mc2@example.com")
    )


def test_rfc3207_section_5(smtp: Dialogue) -> None:
    """The client greets anew behind the handshake, and hears of no STARTTLS."""
    play(
        smtp,
        """
        S: 220 localhost ESMTP mailauth ready
        C: EHLO mail.example.com
        S: 250-localhost
        S: 250-PIPELINING
        S: 250-SIZE 10000
        S: 250-8BITMIME
        S: 250-SMTPUTF8
        S: 250-CHUNKING
        S: 250-ENHANCEDSTATUSCODES
        S: 250-DSN
        S: 250-HELP
        S: 250-STARTTLS
        S: 250 AUTH PLAIN LOGIN
        C: STARTTLS
        S: 220 2.0.0 Begin TLS negotiation
        <tls>
        C: EHLO mail.example.com
        S: 250-localhost
        S: 250-PIPELINING
        S: 250-SIZE 10000
        S: 250-8BITMIME
        S: 250-SMTPUTF8
        S: 250-CHUNKING
        S: 250-ENHANCEDSTATUSCODES
        S: 250-DSN
        S: 250-HELP
        S: 250 AUTH PLAIN LOGIN
    """,
    )


@pytest.mark.usefixtures("test_1234")
def test_rfc4954_section_4_1_behind_starttls(
    smtp: Dialogue, connect: Connect, recorder: MemoryRecorder
) -> None:
    """PLAIN is announced behind TLS alone, and takes an initial response."""
    client = connect(smtp.segments, mechanisms=("PLAIN",), cleartext=Cleartext.REFUSE)
    client.connect()
    assert b"AUTH" not in client.send(b"EHLO client.example.com\r\n")
    play(
        client,
        """
        C: STARTTLS
        S: 220 2.0.0 Begin TLS negotiation
        <tls>
    """,
    )
    assert client.send(b"EHLO client.example.com\r\n").endswith(b"\r\n250 AUTH PLAIN\r\n")
    play(client, "C: AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=\nS: 235 2.7.0 Logged in")
    assert [event.security for event in recorder.logins] == [Security.STARTTLS]


@pytest.mark.usefixtures("test_1234")
def test_rfc4954_section_4_1_without_an_initial_response(greeted: Dialogue) -> None:
    """PLAIN in two round trips; there is a space behind 334."""
    play(
        greeted,
        """
        C: AUTH PLAIN
        S: 334\x20
        C: dGVzdAB0ZXN0ADEyMzQ=
        S: 235 2.7.0 Logged in
    """,
    )


@pytest.mark.usefixtures("test_1234")
def test_rfc4954_section_5(greeted: Dialogue) -> None:
    """AUTH= names, as xtext, who submitted a message first."""
    play(
        greeted,
        """
        C: AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=
        S: 235 2.7.0 Logged in
        C: MAIL FROM:<e=mc2@example.com> AUTH=e+3Dmc2@example.com
        S: 250 2.1.0 Sender accepted
    """,
    )


RFC_7628 = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="


@pytest.fixture(params=Segments)
def oauth(connect: Connect, shared: Authority, request: pytest.FixtureRequest) -> Dialogue:
    """A client of the server of RFC 7628, inside TLS."""
    shared.accounts = Accounts([Account(name="user@example.com", secret=PlaintextSecret(b"x"))])
    shared.verify_token = lambda token: TokenVerdict(
        b"user@example.com", valid=token == RFC_7628.encode()
    )
    dialogue = connect(request.param, mechanisms=("LOGIN", "PLAIN", "OAUTHBEARER"))
    dialogue.connect(implicit_tls=True)
    assert b"AUTH LOGIN PLAIN OAUTHBEARER\r\n" in dialogue.send(b"EHLO sender.example.com\r\n")
    return dialogue


def test_rfc7628_section_4_1(oauth: Dialogue, recorder: MemoryRecorder) -> None:
    """A bearer token that is good; but for the tag, which SMTP does not have."""
    response = (
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2Vy"
        "dmVyLmV4YW1wbGUuY29tAXBvcnQ9NTg3AWF1dGg9QmVhcmVyIHZGOWRmd"
        "DRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
    )
    play(
        oauth,
        f"""
        C: AUTH OAUTHBEARER {response}
        S: 235 2.7.0 …
    """,
    )
    assert [event.result for event in recorder.attempts] == [Result.SUCCESS]


def test_rfc7628_section_4_4(oauth: Dialogue, recorder: MemoryRecorder) -> None:
    """A token that is not good; its header has `user=` where the grammar (§3.1) has `a=`."""
    response = (
        "bix1c2VyPXNvbWV1c2VyQGV4YW1wbGUuY29tLAFhdXRoPUJlYXJl"
        "ciB2RjlkZnQ0cW1UYzJOdmIzUmxja0JoZEhSaGRtbHpkR0V1WTI5dENnPT0BAQ=="
    )
    play(
        oauth,
        f"""
        C: AUTH OAUTHBEARER {response}
        S: 334 b64({{"status":"invalid_token","schemes":"bearer","scope":"mail"}})
        C: AQ==
        S: 535 5.7.8 …
    """,
    )
    assert [event.result for event in recorder.attempts] == [Result.BAD_CREDENTIALS]
