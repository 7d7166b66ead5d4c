"""The example dialogues of the RFCs, one by one, with the texts of this server where they are free.

What is no server's part here is left out: Kerberos, LANG of RFC 6856 §3.3 and LOGIN-DELAY are not
offered.
"""

from collections.abc import Callable

import msgspec
import pytest

from mailauth.login.accounts import Account, Accounts
from mailauth.login.authority import Authority
from mailauth.login.event import Protocol, Result
from mailauth.login.policy import Cleartext
from mailauth.login.secrets import PlaintextSecret
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.pop3.maildrop import Maildrop
from mailauth.pop3.server import Pop3Server
from mailauth.testing import Dialogue, MemoryRecorder, Segments, play, session_for
from mailauth.testing.transcripts import HANDSHAKE
from tests.pop3.conftest import NOON

HOST = "dbc.mtview.ca.us"
DIGEST = "c4c9334bac560ecc979e58001b3e22fb"
FIRST = "Subject: one\r\n\r\n" + "x" * 102 + "\r\n"
SECOND = "Subject: two\r\n\r\n" + "y" * 80 + "\r\n" + "z" * 100 + "\r\n"

Visit = Callable[..., Dialogue]


@pytest.fixture
def visit(shared: Authority, segments: Segments) -> Visit:
    """Connections to the server of RFC 1939's examples, where mrose has two messages."""
    shared.hostname = HOST
    shared.nonce = lambda: "1896.697170952"
    shared.accounts = Accounts(
        Account(name=name, secret=PlaintextSecret(password))
        for name, password in (("mrose", b"tanstaaf"), ("test", b"test"))
    )
    store = MemoryStore(lambda: 1, lambda account: NewMessage(FIRST.encode(), NOON))
    store.account("mrose").deliver(SECOND.encode(), NOON)

    def visit(
        mechanisms: tuple[str, ...] | None = None, cleartext: Cleartext = Cleartext.ALLOW
    ) -> Dialogue:
        maildrop = Maildrop(store)
        login = session_for(
            Protocol.POP3, shared, mechanisms=mechanisms, cleartext=cleartext, admission=maildrop
        )
        core = Pop3Server(login, maildrop, hostname=HOST, tls_available=True)
        return Dialogue(core, login, segments)

    return visit


@pytest.fixture(params=Segments)
def segments(request: pytest.FixtureRequest) -> Segments:
    """How the client's lines arrive."""
    assert isinstance(request.param, Segments)
    return request.param


@pytest.fixture
def stranger(visit: Visit) -> Dialogue:
    """A client that has not logged in."""
    return visit()


@pytest.fixture
def mrose(visit: Visit) -> Dialogue:
    """A client that has logged in."""
    dialogue = visit()
    dialogue.connect()
    assert dialogue.send(f"APOP mrose {DIGEST}\r\n".encode()).startswith(b"+OK")
    return dialogue


def message(content: str) -> str:
    """Lines of a multi-line response."""
    return "\n".join(f"        S: {line}" for line in content.split("\r\n")[:-1]).strip()


def test_rfc1939_section_4(stranger: Dialogue) -> None:
    """The greeting, and QUIT before a login."""
    play(
        stranger,
        """
        S: +OK dbc.mtview.ca.us ready <1896.697170952@dbc.mtview.ca.us>
        C: QUIT
        S: +OK Bye
        <closed>
    """,
    )


def test_rfc1939_section_5(mrose: Dialogue) -> None:
    """STAT, LIST, RETR, DELE, NOOP and RSET."""
    play(
        mrose,
        f"""
        C: STAT
        S: +OK 2 320
        C: LIST
        S: +OK 2 messages (320 octets)
        S: 1 120
        S: 2 200
        S: .
        C: LIST 2
        S: +OK 2 200
        C: LIST 3
        S: -ERR No such message, there are 2
        C: RETR 1
        S: +OK 120 octets
        {message(FIRST)}
        S: .
        C: DELE 1
        S: +OK Message 1 deleted
        C: DELE 2
        S: +OK Message 2 deleted
        C: DELE 2
        S: -ERR Message 2 is deleted
        C: NOOP
        S: +OK Nothing done
        C: RSET
        S: +OK 2 messages (320 octets)
    """,
    )


def test_rfc1939_section_6(mrose: Dialogue, visit: Visit) -> None:
    """QUIT, with messages left in the maildrop and with none."""
    play(mrose, "C: QUIT\nS: +OK Bye\n<closed>")
    mrose.lose()
    again = visit()
    play(
        again,
        f"""
        S: …
        C: APOP mrose {DIGEST}
        S: +OK Logged in, 2 messages (320 octets)
        C: DELE 1
        C: DELE 2
        S: +OK …
        S: +OK …
        C: QUIT
        S: +OK Bye
        <closed>
    """,
    )
    again.lose()
    play(visit(), f"S: …\nC: APOP mrose {DIGEST}\nS: +OK Logged in, 0 messages (0 octets)")


def test_rfc1939_section_7_top_and_uidl(mrose: Dialogue) -> None:
    """TOP and UIDL."""
    play(
        mrose,
        f"""
        C: TOP 1 10
        S: +OK Top of message follows
        {message(FIRST)}
        S: .
        C: TOP 2 1
        S: +OK Top of message follows
        S: Subject: two
        S:
        S: {"y" * 80}
        S: .
        C: TOP 100 3
        S: -ERR No such message, there are 2
        C: UIDL
        S: +OK Unique-ids follow
        S: 1 1.1
        S: 2 1.2
        S: .
        C: UIDL 2
        S: +OK 2 1.2
        C: UIDL 3
        S: -ERR No such message, there are 2
    """,
    )


def test_rfc1939_section_7_user_and_pass(mrose: Dialogue, visit: Visit) -> None:
    """USER says of nobody whether there is such a mailbox; a maildrop may be locked."""
    client = visit()
    play(
        client,
        """
        S: …
        C: USER frated
        S: +OK Send the password
        C: USER mrose
        S: +OK Send the password
        C: PASS tanstaaf
        S: -ERR [IN-USE] Another session has this maildrop
    """,
    )
    mrose.send(b"QUIT\r\n")
    mrose.lose()
    play(
        client,
        """
        C: USER mrose
        S: +OK Send the password
        C: PASS tanstaaf
        S: +OK Logged in, 2 messages (320 octets)
    """,
    )


def test_rfc1939_section_7_apop(stranger: Dialogue) -> None:
    """APOP, with the digest as it is computed there."""
    play(
        stranger,
        f"""
        S: +OK dbc.mtview.ca.us ready <1896.697170952@dbc.mtview.ca.us>
        C: APOP mrose {DIGEST}
        S: +OK Logged in, 2 messages (320 octets)
    """,
    )


def test_rfc1939_section_10(stranger: Dialogue) -> None:
    """The example session."""
    play(
        stranger,
        f"""
        S: +OK dbc.mtview.ca.us ready <1896.697170952@dbc.mtview.ca.us>
        C: APOP mrose {DIGEST}
        S: +OK Logged in, 2 messages (320 octets)
        C: STAT
        S: +OK 2 320
        C: LIST
        S: +OK 2 messages (320 octets)
        S: 1 120
        S: 2 200
        S: .
        C: RETR 1
        S: +OK 120 octets
        {message(FIRST)}
        S: .
        C: DELE 1
        S: +OK Message 1 deleted
        C: RETR 2
        S: +OK 200 octets
        {message(SECOND)}
        S: .
        C: DELE 2
        S: +OK Message 2 deleted
        C: QUIT
        S: +OK Bye
        <closed>
    """,
    )


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
        S: -ERR [IN-USE] Another session has this maildrop
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
        S: -ERR TLS is active already
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
        S: -ERR [SYS/TEMP] Logins are not possible now, try again later
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
        S: -ERR Not possible in this state
    """,
    )
