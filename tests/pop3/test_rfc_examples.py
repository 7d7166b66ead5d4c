"""The dialogues of the RFCs, with the texts of this server where those are free."""

from mailauth.login.accounts import Account, Accounts
from mailauth.login.authority import Authority
from mailauth.login.event import Protocol
from mailauth.login.secrets import PlaintextSecret
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.pop3.maildrop import Maildrop
from mailauth.pop3.server import Pop3Server
from mailauth.testing import Dialogue, authority, play, session_for
from tests.pop3.conftest import NOON

HOST = "dbc.mtview.ca.us"


def mrose(shared: Authority | None = None) -> Dialogue:
    """A connection to the server of RFC 1939's examples, where mrose has two messages."""
    known = Accounts([Account(name="mrose", secret=PlaintextSecret(b"tanstaaf"))])
    shared = shared if shared is not None else authority(known=known)
    shared.hostname = HOST
    shared.nonce = lambda: "1896.697170952"
    store = MemoryStore(lambda: 1, lambda account: NewMessage(b"x" * 118 + b"\r\n", NOON))
    store.account("mrose").deliver(b"y" * 198 + b"\r\n", NOON)
    maildrop = Maildrop(store)
    login = session_for(Protocol.POP3, shared, admission=maildrop)
    core = Pop3Server(login, maildrop, hostname=HOST, tls_available=True)
    return Dialogue(core, login)


def test_rfc_1939_section_10() -> None:
    play(
        mrose(),
        f"""
        S: +OK … <1896.697170952@dbc.mtview.ca.us>
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK …2 messages (320 octets)
        C: STAT
        S: +OK 2 320
        C: LIST
        S: +OK 2 messages (320 octets)
        S: 1 120
        S: 2 200
        S: .
        C: RETR 1
        S: +OK 120 octets
        S: {"x" * 118}
        S: .
        C: DELE 1
        S: +OK Message 1 deleted
        C: RETR 2
        S: +OK 200 octets
        S: {"y" * 198}
        S: .
        C: DELE 2
        S: +OK Message 2 deleted
        C: QUIT
        S: +OK …
        <closed>
    """,
    )


def test_rfc_1939_section_7() -> None:
    """APOP on its own."""
    play(
        mrose(),
        """
        S: +OK … <1896.697170952@dbc.mtview.ca.us>
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK …
        C: QUIT
        S: +OK …
        <closed>
    """,
    )


def test_rfc_1939_section_5_list() -> None:
    dialogue = mrose()
    dialogue.connect()
    dialogue.send(b"USER mrose\r\nPASS tanstaaf\r\n")
    play(
        dialogue,
        """
        C: LIST 2
        S: +OK 2 200
        C: LIST 3
        S: -ERR No such message, there are 2
        C: DELE 2
        S: +OK Message 2 deleted
        C: DELE 2
        S: -ERR Message 2 is deleted
        C: RSET
        S: +OK 2 messages (320 octets)
    """,
    )


def test_rfc_2449_section_6_6_pipelining() -> None:
    """A batch of commands is answered in its order."""
    play(
        mrose(),
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


def test_rfc_2595_section_4() -> None:
    play(
        mrose(),
        """
        S: …
        C: STLS
        S: +OK Begin TLS negotiation
        <tls>
        C: STLS
        S: -ERR …
    """,
    )
