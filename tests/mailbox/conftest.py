"""A store of each kind, on which the same tests run."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from mailauth.mailbox.maildir import MaildirStore
from mailauth.mailbox.message import NewMessage
from mailauth.mailbox.store import AccountMail, Limits, Mailbox, MailStore
from tests.support.mail import NOON, memory_store, welcome

MakeStore = Callable[[Limits], MailStore]


def mail(text: str = "hello", *flags: str) -> NewMessage:
    """A small message."""
    return NewMessage(f"Subject: {text}\r\n\r\n{text}\r\n".encode(), NOON, frozenset(flags))


@pytest.fixture(params=["memory", "maildir"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStore:
    """Make a store of each kind with limits of the test's choice."""
    directories = count()

    def memory(limits: Limits) -> MailStore:
        return memory_store(limits=limits)

    def maildir(limits: Limits) -> MailStore:
        directory = tmp_path / str(next(directories))
        return MaildirStore(directory, count(1000).__next__, welcome, limits)

    return memory if request.param == "memory" else maildir


@pytest.fixture
def store(make_store: MakeStore) -> MailStore:
    """A store with the limits it has by default."""
    return make_store(Limits())


@pytest.fixture
def bob(store: MailStore) -> AccountMail:
    """An account's mail, with the welcome message in INBOX."""
    return store.account("bob@mydomain.com")


@pytest.fixture
def box(bob: AccountMail) -> Mailbox:
    """An empty mailbox."""
    return bob.create("Box")
