"""Mail as at first, in the memory store; who is logged in sees it as another session's doing."""

from itertools import count

import pytest

from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import FlagChange, Operation
from mailauth.mailbox.store import Limits
from tests.mailbox.conftest import mail
from tests.support.mail import welcome

BOB = "bob@mydomain.com"
FIRST = ["INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(count(1000).__next__, welcome, Limits())


def test_everything_is_as_at_first(store: MemoryStore) -> None:
    bob = store.account(BOB)
    used = bob.quota()
    bob.mailbox("INBOX").append([mail("one"), mail("two")])
    bob.create("Box.Inner").append([mail("three")])
    bob.delete("Junk")
    bob.rename("Sent", "Gone")
    bob.unsubscribe("Trash")
    store.reset()
    assert [entry.name for entry in bob.entries()] == FIRST
    assert sorted(bob.subscriptions()) == sorted(FIRST)
    [message] = bob.mailbox("INBOX").messages()
    assert b"Welcome" in message.content.read()
    assert bob.quota() == used
    assert store.account(BOB) is bob


def test_a_session_sees_messages_go_and_its_mailbox_removed(store: MemoryStore) -> None:
    bob = store.account(BOB)
    inbox, box = bob.mailbox("INBOX"), bob.create("Box")
    inbox.append([mail("one")])
    uid_next = inbox.uid_next
    news = []
    inbox.watch(lambda: news.append("inbox"))
    store.reset()
    assert bob.mailbox("INBOX") is inbox
    assert list(inbox.uids()) == [uid_next], "UIDs are not used again (RFC 9051 §2.3.1.1)"
    assert box.removed
    assert news


def test_what_has_not_changed_is_not_touched(store: MemoryStore) -> None:
    inbox = store.account(BOB).mailbox("INBOX")
    news = []
    inbox.watch(lambda: news.append("inbox"))
    store.reset()
    store.reset()
    assert (list(inbox.uids()), news) == ([1], [])
    inbox.store([1], FlagChange(Operation.ADD, frozenset({"\\Seen"})))
    store.reset()
    assert list(inbox.uids()) == [2]
    assert inbox.messages()[0].flags == frozenset()
