"""The dialogues of the RFCs, with the texts of this server where those are free."""

import pytest

from mailauth.login.accounts import Account, Accounts
from mailauth.login.authority import Authority
from mailauth.login.event import Result
from mailauth.login.secrets import PlaintextSecret
from mailauth.sasl import TokenVerdict
from mailauth.testing import Dialogue, MemoryRecorder, Segments, play
from tests.smtp.conftest import Connect, Inbox


@pytest.fixture
def foo_com(shared: Authority) -> None:
    """The accounts of RFC 5321's examples."""
    secret = PlaintextSecret(b"tanstaaftanstaaf")
    names = ("Jones@foo.com", "Brown@foo.com", "ned@innosoft.com", "dan@innosoft.com", "tim")
    shared.accounts = Accounts(Account(name=name, secret=secret) for name in names)


@pytest.mark.usefixtures("foo_com")
def test_rfc_5321_appendix_d_1(mx: Dialogue, inbox: Inbox) -> None:
    """A typical transaction: one recipient of three is unknown, the others get the message."""
    play(
        mx,
        """
        C: MAIL FROM:<Smith@bar.com>
        S: 250 …
        C: RCPT TO:<Jones@foo.com>
        S: 250 …
        C: RCPT TO:<Green@foo.com>
        S: 550 5.1.1 …
        C: RCPT TO:<Brown@foo.com>
        S: 250 …
        C: DATA
        S: 354 …
        C: Blah blah blah...
        C: ...etc. etc. etc.
        C: .
        S: 250 …
        C: QUIT
        S: 221 …
        <closed>
    """,
    )
    for name in ("Jones@foo.com", "Brown@foo.com"):
        (message,) = inbox(name)
        assert message.endswith(b"\r\nBlah blah blah...\r\n..etc. etc. etc.\r\n")


@pytest.mark.usefixtures("foo_com")
def test_rfc_5321_appendix_d_2(mx: Dialogue) -> None:
    """An aborted transaction."""
    play(
        mx,
        """
        C: MAIL FROM:<Smith@bar.com>
        S: 250 …
        C: RCPT TO:<Jones@foo.com>
        S: 250 …
        C: RCPT TO:<Green@foo.com>
        S: 550 5.1.1 …
        C: RSET
        S: 250 …
        C: DATA
        S: 503 …
        C: QUIT
        S: 221 …
        <closed>
    """,
    )


@pytest.mark.usefixtures("foo_com")
def test_rfc_2920_section_4(mx: Dialogue) -> None:
    """MAIL, every RCPT and DATA in one segment."""
    play(
        mx,
        """
        C: MAIL FROM:<mrose@dbc.mtview.ca.us>
        C: RCPT TO:<ned@innosoft.com>
        C: RCPT TO:<dan@innosoft.com>
        C: RCPT TO:<kvc@innosoft.com>
        C: DATA
        S: 250 …
        S: 250 …
        S: 250 …
        S: 550 …
        S: 354 …
        C: ...
        C: .
        C: QUIT
        S: 250 …
        S: 221 …
        <closed>
    """,
    )


@pytest.mark.usefixtures("foo_com")
def test_rfc_2920_section_4_without_a_valid_recipient(mx: Dialogue) -> None:
    """DATA that was sent ahead is refused, so that the client does not send a message."""
    play(
        mx,
        """
        C: MAIL FROM:<mrose@dbc.mtview.ca.us>
        C: RCPT TO:<nsb@thumper.bellcore.com>
        C: RCPT TO:<galvin@tis.com>
        C: DATA
        S: 250 …
        S: 550 5.7.1 …
        S: 550 5.7.1 …
        S: 554 5.5.1 No valid recipients
        C: QUIT
        S: 221 …
        <closed>
    """,
    )


@pytest.mark.usefixtures("foo_com")
def test_rfc_3030_section_4_2(mx: Dialogue, inbox: Inbox) -> None:
    """BDAT pipelined with all that goes before it."""
    first = b"To: Susan\r\nFrom: Sam\r\nSubject: This is a bodyless chunk\r\n"
    second = b"\r\n.\r\nafter a dot\r\n"
    said = mx.send(
        b"MAIL FROM:<sam@random.com>\r\nRCPT TO:<ned@innosoft.com>\r\n"
        + b"BDAT %d\r\n" % len(first)
        + first
        + b"BDAT %d\r\n" % len(second)
        + second
        + b"BDAT 0 LAST\r\nQUIT\r\n"
    )
    assert [line[:3] for line in said.split(b"\r\n")[:-1]] == [b"250"] * 5 + [b"221"]
    (message,) = inbox("ned@innosoft.com")
    assert message.endswith(first + second)


def test_rfc_1870_section_6(mx: Dialogue) -> None:
    """A message too big is refused before it is sent."""
    play(
        mx,
        """
        C: MAIL FROM:<ned@thor.innosoft.com> SIZE=500000
        S: 552 5.3.4 The message is too big
        C: MAIL FROM:<ned@thor.innosoft.com> SIZE=5000
        S: 250 …
    """,
    )


def test_rfc_3207_section_5(smtp: Dialogue) -> None:
    """The client greets anew behind the handshake, and hears of no STARTTLS."""
    smtp.connect()
    smtp.send(b"EHLO mail.example.com\r\n")
    assert smtp.send(b"STARTTLS\r\n") == b"220 2.0.0 Begin TLS negotiation\r\n"
    smtp.start_tls()
    said = smtp.send(b"EHLO mail.example.com\r\n")
    assert said.startswith(b"250-localhost\r\n")
    assert b"STARTTLS" not in said


@pytest.mark.usefixtures("foo_com")
def test_rfc_4954_section_4_1(greeted: Dialogue, recorder: MemoryRecorder) -> None:
    """PLAIN with an initial response; and without, after a wrong password."""
    play(
        greeted,
        """
        C: AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=
        S: 535 5.7.8 …
        C: AUTH PLAIN
        S: 334…
        C: b64(\\0tim\\0tanstaaftanstaaf)
        S: 235 2.7.0 …
    """.replace("\\0", "\0"),
    )
    assert [event.result for event in recorder.attempts] == [
        Result.BAD_CREDENTIALS,
        Result.SUCCESS,
    ]


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


def test_rfc_7628_section_4_1(oauth: Dialogue, recorder: MemoryRecorder) -> None:
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


def test_rfc_7628_section_4_4(oauth: Dialogue, recorder: MemoryRecorder) -> None:
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


def test_rfc_3461_section_4(connect: Connect) -> None:
    """Every parameter of DSN, in the spelling of the examples of section 10."""
    smtp = connect(authentication_required=False)
    smtp.connect()
    smtp.send(b"EHLO Example.ORG\r\n")
    play(
        smtp,
        """
        C: MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159
        S: 250 …
        C: RCPT TO:<Bob@mydomain.com> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM
        S: 250 …
        C: RCPT TO:<mary@mydomain.com> NOTIFY=FAILURE ORCPT=rfc822;Carol@Ivory.EDU
        S: 250 …
        C: RCPT TO:<sue@mydomain.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU
        S: 250 …
        C: RCPT TO:<derek@mydomain.com> NOTIFY=NEVER
        S: 250 …
    """,
    )


@pytest.mark.usefixtures("foo_com")
def test_rfc_3030_section_4_1(mx: Dialogue, inbox: Inbox) -> None:
    """A message without a body in one chunk, which needs no dot at its end."""
    content = b"To: Ned@innosoft.com\r\nFrom: Sam@random.com\r\nSubject: a bodyless test\r\n"
    assert mx.send(b"MAIL FROM:<Sam@Random.com>\r\n").startswith(b"250")
    assert mx.send(b"RCPT TO:<ned@innosoft.com>\r\n").startswith(b"250")
    assert mx.send(b"BDAT %d LAST\r\n%b" % (len(content), content)).startswith(b"250")
    assert mx.send(b"QUIT\r\n").startswith(b"221")
    (message,) = inbox("ned@innosoft.com")
    assert message.endswith(content)
