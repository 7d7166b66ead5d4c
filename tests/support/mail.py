"""What tests of protocols and of stores begin with: a time, mail, and a recorder in memory."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import pytest

from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.mailbox.store import Limits
from mailauth.testing import MemoryRecorder

NOON = datetime(2020, 7, 28, 12, 0, tzinfo=UTC)


@pytest.fixture
def recorder() -> MemoryRecorder:
    """What was recorded."""
    return MemoryRecorder()


def welcome(account: str) -> NewMessage:
    """A first message that names the account."""
    return NewMessage(f"Subject: Welcome, {account}\r\n\r\nHello.\r\n".encode(), NOON)


def mail_of(text: str, *flags: str) -> NewMessage:
    """A small message."""
    return NewMessage(f"Subject: {text}\r\n\r\n{text}\r\n".encode(), NOON, frozenset(flags))


def memory_store(
    first: Callable[[str], NewMessage] = welcome,
    limits: Limits = Limits(),  # noqa: B008
) -> MemoryStore:
    """A store in memory, the same in every test; each account begins with a first message."""
    return MemoryStore(count(1000).__next__, first, limits)
