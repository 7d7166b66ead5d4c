"""Messages on their way have a bound over all connections (RFC 5321 §4.2.3: 452)."""

from itertools import count

import pytest

from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.mailbox.store import Limits
from mailauth.testing import Dialogue
from tests.smtp.conftest import Connect
from tests.support.mail import NOON

LINES = (b"x" * 998 + b"\r\n") * 300
ENVELOPE = b"EHLO client.example\r\nMAIL FROM:<a@b.org>\r\nRCPT TO:<mary@mydomain.com>\r\n"


@pytest.fixture
def store() -> MemoryStore:
    """Room for two messages at a time."""
    return MemoryStore(
        count(1000).__next__, lambda _: NewMessage(b"\r\n", NOON), Limits(arriving=700_000)
    )


@pytest.fixture
def clients(connect: Connect) -> list[Dialogue]:
    """Three that are about to send a message."""
    clients = [connect(authentication_required=False) for _ in range(3)]
    for client in clients:
        client.connect()
        client.send(ENVELOPE)
    return clients


def test_data_beyond_the_bound_is_thrown_away(clients: list[Dialogue]) -> None:
    """The client hears of it at the end, and may try again."""
    for client in clients:
        assert client.send(b"DATA\r\n").startswith(b"354")
        assert client.send(LINES) == b""
    replies = [client.send(b".\r\n")[:9] for client in clients]
    assert replies == [b"250 2.0.0", b"250 2.0.0", b"452 4.3.1"]
    clients[2].send(ENVELOPE + b"DATA\r\n")
    assert clients[2].send(LINES + b".\r\n").startswith(b"250 2.0.0")


def test_a_chunk_beyond_the_bound_ends_the_transaction(clients: list[Dialogue]) -> None:
    """RFC 3030 §2: a BDAT that fails fails the message."""
    for client in clients:
        assert client.send(b"BDAT 400000\r\n" + LINES) == b""
    replies = [client.send(b"x" * 100_000)[:9] for client in clients]
    assert replies == [b"250 2.0.0", b"250 2.0.0", b"452 4.3.1"]
    assert clients[2].send(b"BDAT 0 LAST\r\n").startswith(b"503")


def test_who_is_gone_leaves_room(clients: list[Dialogue]) -> None:
    for client in clients[:2]:
        client.send(b"DATA\r\n" + LINES)
        client.lose()
    clients[2].send(b"DATA\r\n")
    assert clients[2].send(LINES * 2 + b".\r\n").startswith(b"250 2.0.0")


def test_a_reset_leaves_room(clients: list[Dialogue]) -> None:
    """RSET between chunks."""
    for client in clients:
        assert client.send(b"BDAT 300000\r\n" + LINES).startswith(b"250 2.0.0")
        assert client.send(b"RSET\r\n").startswith(b"250")
