"""POP3 connections to one server in memory."""

from collections.abc import Callable

import pytest

from mailauth.login.accounts import Account, Accounts
from mailauth.login.authority import Authority
from mailauth.login.event import Service
from mailauth.login.policy import Cleartext
from mailauth.login.secrets import PlaintextSecret
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.pop3.maildrop import Maildrop
from mailauth.pop3.server import Pop3Server
from mailauth.testing import Dialogue, MemoryRecorder, Segments, authority, session_for
from tests.support.mail import NOON, memory_store
from tests.support.mail import recorder as recorder

WELCOME = b"Subject: Welcome\r\n\r\nHello.\r\n.Dots\r\n"

Connect = Callable[..., Dialogue]


@pytest.fixture
def shared(recorder: MemoryRecorder) -> Authority:
    """What all connections share."""
    return authority(recorder)


@pytest.fixture
def store() -> MemoryStore:
    """The mail of everybody: one message each."""
    return memory_store(lambda account: NewMessage(WELCOME, NOON))


@pytest.fixture
def connect(shared: Authority, store: MemoryStore) -> Connect:
    """Make connections to an STLS listener; they do not begin by themselves."""

    def connect(
        segments: Segments = Segments.WHOLE,
        *,
        cleartext: Cleartext = Cleartext.ALLOW,
        mechanisms: tuple[str, ...] | None = ("PLAIN", "LOGIN"),
        tls_available: bool = True,
    ) -> Dialogue:
        maildrop = Maildrop(store)
        login = session_for(
            Service.POP3, shared, cleartext=cleartext, mechanisms=mechanisms, admission=maildrop
        )
        return Dialogue(Pop3Server(login, maildrop, tls_available=tls_available), login, segments)

    return connect


@pytest.fixture(params=Segments)
def pop3(connect: Connect, request: pytest.FixtureRequest) -> Dialogue:
    """A connection to which transcripts are played whole, and byte by byte."""
    return connect(request.param)


@pytest.fixture
def mary(connect: Connect) -> Dialogue:
    """A connection on which mary has logged in."""
    dialogue = connect()
    dialogue.connect()
    assert dialogue.send(b"USER mary\r\nPASS secret\r\n").endswith(b"octets)\r\n")
    return dialogue


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
            Service.POP3, shared, mechanisms=mechanisms, cleartext=cleartext, admission=maildrop
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
