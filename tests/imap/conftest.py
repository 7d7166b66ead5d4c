"""IMAP connections to one server in memory."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import pytest

from mailauth.imap.server import ImapServer
from mailauth.login.accounts import Account
from mailauth.login.event import Protocol
from mailauth.login.policy import Cleartext
from mailauth.login.secrets import PlaintextSecret
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.mailbox.store import Limits
from mailauth.testing import Dialogue, MemoryRecorder, Segments, accounts, authority, session_for

NOON = datetime(2020, 7, 28, 12, 0, tzinfo=UTC)

Connect = Callable[..., Dialogue]


def welcome(account: str) -> NewMessage:
    """A first message that names the account."""
    return NewMessage(f"Subject: Welcome, {account}\r\n\r\nHello.\r\n".encode(), NOON)


@pytest.fixture
def recorder() -> MemoryRecorder:
    """What was recorded."""
    return MemoryRecorder()


@pytest.fixture
def store() -> MemoryStore:
    """The mail of everybody."""
    return MemoryStore(count(1000).__next__, welcome, Limits())


@pytest.fixture
def connect(recorder: MemoryRecorder, store: MemoryStore) -> Connect:
    """Make connections to a `starttls` listener; they do not begin by themselves."""
    shared = authority(recorder, accounts(Account(name="o\\dd", secret=PlaintextSecret(b's"e\\c'))))

    def connect(
        segments: Segments = Segments.WHOLE,
        *,
        cleartext: Cleartext = Cleartext.ALLOW,
        mechanisms: tuple[str, ...] | None = ("PLAIN", "LOGIN"),
        tls_available: bool = True,
    ) -> Dialogue:
        session = session_for(Protocol.IMAP, shared, cleartext=cleartext, mechanisms=mechanisms)
        core = ImapServer(session, store, now=lambda: NOON, tls_available=tls_available)
        return Dialogue(core, session, segments)

    return connect


@pytest.fixture(params=Segments)
def imap(connect: Connect, request: pytest.FixtureRequest) -> Dialogue:
    """One connection, whose client's lines come whole or byte by byte."""
    return connect(request.param)
