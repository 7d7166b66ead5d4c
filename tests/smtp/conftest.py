"""SMTP connections to one server in memory."""

from collections.abc import Callable

import pytest

from mailauth.login.accounts import Account, Accounts, Role
from mailauth.login.authority import Authority
from mailauth.login.event import Service
from mailauth.login.policy import Cleartext
from mailauth.login.secrets import PlaintextSecret
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.mailbox.store import Limits
from mailauth.smtp.limits import TRACE_OCTETS
from mailauth.smtp.server import SmtpServer
from mailauth.testing import Dialogue, MemoryRecorder, Segments, accounts, authority, session_for
from tests.support.mail import NOON, memory_store
from tests.support.mail import recorder as recorder

LIMITS = Limits(message_size=10_000 + TRACE_OCTETS, account_size=30_000)

Connect = Callable[..., Dialogue]
Inbox = Callable[[str], list[bytes]]


@pytest.fixture
def shared(recorder: MemoryRecorder) -> Authority:
    """What all connections share: the demo accounts, and some of other shapes."""
    secret = PlaintextSecret(b"secret")
    return authority(
        recorder,
        accounts(
            Account(name="root", secret=secret, role=Role.ADMIN),
            Account(name="gone@mydomain.com", secret=secret, disabled=True),
            Account(name="jörg@bücher.example", secret=secret),
            Account(name="two words@mydomain.com", secret=secret),
        ),
    )


@pytest.fixture
def foo_com(shared: Authority) -> None:
    """The accounts of the examples of the RFCs, in place of those."""
    shared.accounts = Accounts(
        Account(name=name, secret=PlaintextSecret(b"secret"))
        for name in (
            "Jones@foo.com",
            "Brown@foo.com",
            "Admin.MRC@foo.com",
            "Jones@XYZ.COM",
            "ned@innosoft.com",
            "dan@innosoft.com",
            "mrose@dbc.mtview.ca.us",
        )
    )


@pytest.fixture
def store() -> MemoryStore:
    """The mail of everybody: one small message each."""
    return memory_store(lambda account: NewMessage(b"\r\n", NOON), LIMITS)


@pytest.fixture
def inbox(store: MemoryStore) -> Inbox:
    """What was delivered to an account."""

    def inbox(name: str) -> list[bytes]:
        if "@" not in name and name != "root":
            name = f"{name}@mydomain.com"
        messages = store.account(name).mailbox("INBOX").messages()[1:]
        return [message.content.read() for message in messages]

    return inbox


@pytest.fixture
def connect(shared: Authority, store: MemoryStore) -> Connect:
    """Make connections to a STARTTLS listener; they do not begin by themselves."""

    def connect(
        segments: Segments = Segments.WHOLE,
        *,
        cleartext: Cleartext = Cleartext.ALLOW,
        mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN"),
        tls_available: bool = True,
        authentication_required: bool = True,
        ip: str = "192.0.2.7",
    ) -> Dialogue:
        login = session_for(Service.SMTP, shared, cleartext=cleartext, mechanisms=mechanisms, ip=ip)
        core = SmtpServer(
            login,
            store,
            accounts=lambda: shared.accounts,
            now=lambda: NOON,
            tls_available=tls_available,
            authentication_required=authentication_required,
        )
        return Dialogue(core, login, segments)

    return connect


@pytest.fixture(params=Segments)
def smtp(connect: Connect, request: pytest.FixtureRequest) -> Dialogue:
    """A connection to which transcripts are played whole, and byte by byte."""
    return connect(request.param)


@pytest.fixture
def greeted(smtp: Dialogue) -> Dialogue:
    """The same, and the client has said EHLO."""
    smtp.connect()
    assert smtp.send(b"EHLO client.example\r\n").startswith(b"250-localhost\r\n")
    return smtp


@pytest.fixture(params=Segments)
def mx(connect: Connect, request: pytest.FixtureRequest) -> Dialogue:
    """A connection from a client that has said EHLO, where mail is taken from anybody."""
    dialogue = connect(request.param, authentication_required=False)
    dialogue.connect()
    dialogue.send(b"EHLO client.example\r\n")
    return dialogue
