"""IMAP connections to one server in memory."""

from collections.abc import Callable

import pytest

from mailauth.imap.parsed import ParsedMessages
from mailauth.imap.server import ImapServer
from mailauth.login.accounts import Account
from mailauth.login.authority import Authority
from mailauth.login.event import Service
from mailauth.login.policy import Cleartext
from mailauth.login.secrets import PlaintextSecret
from mailauth.login.session import LoginSession
from mailauth.mailbox.memory import MemoryAccount, MemoryStore
from mailauth.mailbox.store import Limits
from mailauth.testing import Dialogue, MemoryRecorder, Segments, accounts, authority, session_for
from tests.support.mail import NOON, memory_store
from tests.support.mail import recorder as recorder

Connect = Callable[..., "Connection"]


class Connection(Dialogue):
    """A dialogue that counts how often it was called to ask for news."""

    def __init__(self, core: ImapServer, session: LoginSession, segments: Segments) -> None:
        super().__init__(core, session, segments)
        self.calls = 0

    def call(self) -> None:
        """There is news."""
        self.calls += 1


@pytest.fixture
def limits() -> Limits:
    """The bounds of the store."""
    return Limits()


@pytest.fixture
def store(limits: Limits) -> MemoryStore:
    """The mail of everybody."""
    return memory_store(limits=limits)


@pytest.fixture
def shared(recorder: MemoryRecorder) -> Authority:
    """What all connections share: the demo accounts, and one that needs escapes."""
    odd = Account(name="o\\dd", secret=PlaintextSecret(b's"e\\c'))
    return authority(recorder, accounts(odd))


@pytest.fixture
def connect(shared: Authority, store: MemoryStore) -> Connect:
    """Make connections to a `starttls` listener; they do not begin by themselves."""
    parsed = ParsedMessages()

    def connect(
        segments: Segments = Segments.WHOLE,
        *,
        cleartext: Cleartext = Cleartext.ALLOW,
        mechanisms: tuple[str, ...] | None = ("PLAIN", "LOGIN"),
        tls_available: bool = True,
    ) -> Connection:
        session = session_for(Service.IMAP, shared, cleartext=cleartext, mechanisms=mechanisms)
        core = ImapServer(
            session,
            store,
            now=lambda: NOON,
            parsed=parsed,
            tls_available=tls_available,
            changed=lambda: dialogue.call(),
        )
        dialogue = Connection(core, session, segments)
        return dialogue

    return connect


@pytest.fixture
def log_in(connect: Connect) -> Connect:
    """Make connections whose client has logged in as mary."""

    def log_in(segments: Segments = Segments.WHOLE) -> Connection:
        dialogue = connect(segments)
        dialogue.connect()
        assert dialogue.send(b"login LOGIN mary secret\r\n").startswith(b"login OK")
        return dialogue

    return log_in


@pytest.fixture
def mail(store: MemoryStore) -> MemoryAccount:
    """Mary's mail."""
    return store.account("mary@mydomain.com")


@pytest.fixture(params=Segments)
def mary(log_in: Connect, request: pytest.FixtureRequest) -> Connection:
    """A client that has logged in, whose lines come whole or byte by byte."""
    return log_in(request.param)


@pytest.fixture
def rev2(mary: Connection) -> Connection:
    """A client that has logged in and enabled IMAP4rev2."""
    assert mary.send(b"e ENABLE IMAP4rev2\r\n").startswith(b"* ENABLED IMAP4rev2\r\n")
    return mary


@pytest.fixture(params=Segments)
def imap(connect: Connect, request: pytest.FixtureRequest) -> Connection:
    """One connection, whose client's lines come whole or byte by byte."""
    return connect(request.param)
