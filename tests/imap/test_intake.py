"""Messages on their way have a bound over all connections (RFC 5530 §3: UNAVAILABLE)."""

import pytest

from mailauth.mailbox.memory import MemoryAccount
from mailauth.mailbox.store import Limits
from tests.imap.conftest import Connect

SIZE = 300_000
ANNOUNCED = b"a APPEND INBOX {%d+}\r\n" % SIZE


@pytest.fixture
def limits() -> Limits:
    """Room for three messages at a time."""
    return Limits(arriving=1_000_000)


def test_what_is_beyond_the_bound_is_thrown_away(log_in: Connect, mail: MemoryAccount) -> None:
    """The client is told when it has sent it; then it may try again."""
    clients = [log_in() for _ in range(4)]
    for client in clients:
        assert client.send(ANNOUNCED + b"x" * (SIZE - 10)) == b""
    replies = [client.send(b"x" * 10 + b"\r\n")[:18] for client in clients]
    assert replies.count(b"a OK [APPENDUID 10") == 3
    assert replies.count(b"a NO [UNAVAILABLE]") == 1
    assert mail.quota().messages == 1 + 3
    for client in clients:
        assert client.send(ANNOUNCED + b"x" * SIZE + b"\r\nb NOOP\r\n").startswith(b"a OK")


def test_who_is_gone_leaves_room(log_in: Connect) -> None:
    for _ in range(5):
        client = log_in()
        client.send(ANNOUNCED + b"x" * (SIZE - 10))
        client.lose()
    assert log_in().send(ANNOUNCED + b"x" * SIZE + b"\r\n").startswith(b"a OK")
