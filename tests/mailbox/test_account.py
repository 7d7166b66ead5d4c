"""What every store promises of an account: its mailboxes, their names, quota and the maildrop."""

import pytest

from mailauth.mailbox.errors import (
    LimitReached,
    MailboxExists,
    MailboxNotAllowed,
    MaildropLocked,
    NoSuchMailbox,
    OverQuota,
)
from mailauth.mailbox.store import AccountMail, Limits, ListEntry, MailStore, Quota, SpecialUse
from tests.mailbox.conftest import MakeStore, mail
from tests.support.mail import NOON

PROVIDED = ["INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"]


def names(account: AccountMail) -> list[str]:
    """The names LIST would show."""
    return [entry.name for entry in account.entries()]


def test_an_account_begins_with_a_welcome_and_the_usual_mailboxes(bob: AccountMail) -> None:
    """RFC 6154: each but INBOX says what it is for."""
    assert bob.entries() == [
        ListEntry("INBOX", exists=True, has_children=False, special_use=None),
        ListEntry("Archive", exists=True, has_children=False, special_use=SpecialUse.ARCHIVE),
        ListEntry("Drafts", exists=True, has_children=False, special_use=SpecialUse.DRAFTS),
        ListEntry("Junk", exists=True, has_children=False, special_use=SpecialUse.JUNK),
        ListEntry("Sent", exists=True, has_children=False, special_use=SpecialUse.SENT),
        ListEntry("Trash", exists=True, has_children=False, special_use=SpecialUse.TRASH),
    ]
    assert sorted(bob.subscriptions()) == sorted(PROVIDED)
    [message] = bob.mailbox("INBOX").messages()
    assert b"Welcome, bob@mydomain.com" in message.content.read()


def test_an_account_is_the_same_for_all_who_ask(store: MailStore) -> None:
    first = store.account("bob@mydomain.com")
    first.create("Box").append([mail()])
    assert list(store.account("bob@mydomain.com").mailbox("Box").uids()) == [1]
    with pytest.raises(NoSuchMailbox):
        store.account("mary@mydomain.com").mailbox("Box")


@pytest.mark.parametrize(
    "name", ["bob", "b/../ob", "..", ".", "a\0b", "ü@例え.jp", "x" * 200, "UPPER", "upper", "%41"]
)
def test_an_account_may_have_any_name(store: MailStore, name: str) -> None:
    store.account(name).create("Mine")
    assert "Mine" in names(store.account(name))
    assert "Mine" not in names(store.account("other"))


def test_inbox_is_found_in_any_letter_case(bob: AccountMail) -> None:
    """RFC 3501 §5.1."""
    assert bob.mailbox("inBox") is bob.mailbox("INBOX")
    assert bob.create("inbox.Lists").name == "INBOX.Lists"
    with pytest.raises(MailboxExists):
        bob.create("Inbox")


def test_other_names_are_not(bob: AccountMail) -> None:
    bob.create("sent")
    assert "sent" in names(bob)
    assert "Sent" in names(bob)


def test_superiors_are_made_along(bob: AccountMail) -> None:
    """RFC 3501 §6.3.3."""
    bob.create("a.b.c")
    assert names(bob)[1:4] == ["Archive", "Drafts", "Junk"]
    assert names(bob)[-3:] == ["a", "a.b", "a.b.c"]
    assert bob.create("a.d.").name == "a.d"


@pytest.mark.parametrize(
    "name",
    ["", ".", ".a", "a..b", "a..", "a*", "a%", "a/b", "~a", "a\nb", "a\0b", "x" * 300, "\ud800"],
)
def test_some_names_cannot_be_used(bob: AccountMail, name: str) -> None:
    before = names(bob)
    with pytest.raises(MailboxNotAllowed):
        bob.create(name)
    with pytest.raises(MailboxNotAllowed):
        bob.rename("Trash", name)
    with pytest.raises(MailboxNotAllowed):
        bob.subscribe(name)
    assert names(bob) == before


@pytest.mark.parametrize(
    "name", ["Entwürfe", "台北", "a b", "A&B", '"q"', "back\\slash", "#x", "'"]
)
def test_most_names_can_be_used(bob: AccountMail, name: str) -> None:
    bob.create(name).append([mail()])
    assert name in names(bob)
    assert list(bob.mailbox(name).uids()) == [1]
    bob.delete(name)
    assert name not in names(bob)


def test_mailboxes_are_deleted_but_not_inbox(bob: AccountMail) -> None:
    bob.mailbox("Trash").append([mail()])
    bob.delete("Trash")
    assert "Trash" not in names(bob)
    assert bob.quota().messages == 1
    with pytest.raises(NoSuchMailbox):
        bob.delete("Trash")
    with pytest.raises(MailboxNotAllowed):
        bob.delete("inbox")


def test_a_superior_without_a_mailbox_is_only_a_name(bob: AccountMail) -> None:
    """RFC 3501 §6.3.4."""
    bob.create("a.b")
    bob.delete("a")
    assert bob.entries()[-2:] == [
        ListEntry("a", exists=False, has_children=True, special_use=None),
        ListEntry("a.b", exists=True, has_children=False, special_use=None),
    ]
    with pytest.raises(NoSuchMailbox):
        bob.mailbox("a")
    with pytest.raises(NoSuchMailbox):
        bob.delete("a")
    bob.create("a")
    assert bob.entries()[-2] == ListEntry("a", exists=True, has_children=True, special_use=None)


def test_a_mailbox_made_again_is_another(bob: AccountMail) -> None:
    """RFC 3501 §2.3.1.1: its UIDVALIDITY is higher. What it is for comes with its name."""
    before = bob.mailbox("Trash").uid_validity
    bob.mailbox("Trash").append([mail()])
    bob.delete("Trash")
    again = bob.create("Trash")
    assert again.uid_validity > before
    assert list(again.uids()) == []
    assert [entry.special_use for entry in bob.entries() if entry.name == "Trash"] == [
        SpecialUse.TRASH
    ]


def test_inferiors_are_renamed_along(bob: AccountMail) -> None:
    """RFC 3501 §6.3.5."""
    bob.create("a.b.c").append([mail()])
    box = bob.mailbox("a.b.c")
    bob.create("ab")
    validity = box.uid_validity
    bob.rename("a", "x.y")
    assert names(bob)[-5:] == ["ab", "x", "x.y", "x.y.b", "x.y.b.c"]
    assert box.name == "x.y.b.c"
    assert bob.mailbox("x.y.b.c") is box
    assert box.uid_validity == validity
    assert list(box.uids()) == [1]


def test_a_mailbox_may_take_its_superiors_place(bob: AccountMail) -> None:
    deepest = bob.create("a.b.b.b")
    bob.delete("a.b.b")
    middle = bob.create("a.b.b")
    bob.delete("a")
    bob.rename("a.b", "a")
    assert names(bob)[-3:] == ["a", "a.b", "a.b.b"]
    assert bob.mailbox("a.b") is middle
    assert bob.mailbox("a.b.b") is deepest


def test_a_mailbox_keeps_its_use_when_renamed(bob: AccountMail) -> None:
    bob.rename("Sent", "Gesendet")
    assert ListEntry("Gesendet", True, False, SpecialUse.SENT) in bob.entries()
    bob.create("Sent")
    assert ListEntry("Sent", True, False, None) in bob.entries()


def test_rename_refuses_what_would_lose_a_mailbox(bob: AccountMail) -> None:
    bob.create("a.b")
    bob.create("x")
    with pytest.raises(MailboxExists):
        bob.rename("a", "x")
    with pytest.raises(MailboxExists):
        bob.rename("a", "a")
    with pytest.raises(MailboxNotAllowed):
        bob.rename("a", "a.c")
    with pytest.raises(NoSuchMailbox):
        bob.rename("nowhere", "z")
    with pytest.raises(MailboxExists):
        bob.rename("a", "INBOX")
    bob.create("y.b")
    bob.delete("y")
    with pytest.raises(MailboxExists):
        bob.rename("a", "y")
    assert names(bob)[-5:] == ["a", "a.b", "x", "y", "y.b"]


def test_a_rename_that_makes_an_inferior_too_long_is_refused_whole(bob: AccountMail) -> None:
    bob.create("a." + "b" * 100)
    before = names(bob)
    with pytest.raises(MailboxNotAllowed):
        bob.rename("a", "c" * 150)
    assert names(bob) == before


def test_renaming_inbox_moves_its_messages(bob: AccountMail) -> None:
    """RFC 3501 §6.3.5."""
    inbox = bob.mailbox("INBOX")
    bob.create("INBOX.below")
    bob.rename("inbox", "old-mail")
    assert bob.mailbox("INBOX") is inbox
    assert list(inbox.uids()) == []
    assert len(bob.mailbox("old-mail").uids()) == 1
    assert "INBOX.below" in names(bob)


def test_subscriptions_are_names_that_need_not_exist(bob: AccountMail) -> None:
    """RFC 3501 §6.3.6, §6.3.9."""
    bob.subscribe("not-there")
    bob.subscribe("not-there")
    bob.delete("Trash")
    assert {"not-there", "Trash"} <= set(bob.subscriptions())
    bob.unsubscribe("Trash")
    bob.unsubscribe("inbox")
    bob.unsubscribe("never-subscribed")
    assert sorted(bob.subscriptions()) == ["Archive", "Drafts", "Junk", "Sent", "not-there"]


def test_mailboxes_and_subscriptions_are_bounded(make_store: MakeStore) -> None:
    account = make_store(Limits(mailboxes=8)).account("bob")
    with pytest.raises(LimitReached):
        account.create("a.b.c")
    account.create("a.b")
    with pytest.raises(LimitReached):
        account.create("c")
    with pytest.raises(LimitReached):
        account.rename("a", "d.a")
    account.rename("a", "d")
    account.subscribe("one")
    account.subscribe("two")
    account.subscribe("two")
    with pytest.raises(LimitReached):
        account.subscribe("three")


def test_quota_counts_all_mailboxes(make_store: MakeStore) -> None:
    account = make_store(Limits(account_size=1000, account_messages=7)).account("bob")
    [welcome] = account.mailbox("INBOX").messages()
    account.mailbox("Sent").append([mail(), mail()])
    size = welcome.size + 2 * len(mail().content)
    assert account.quota() == Quota(size=size, size_limit=1000, messages=3, messages_limit=7)
    account.check_room(1000 - size)
    with pytest.raises(OverQuota):
        account.check_room(1001 - size)
    account.mailbox("Sent").expunge([1])
    account.delete("Sent")
    assert account.quota().size == welcome.size


def test_the_store_as_a_whole_is_bounded(make_store: MakeStore) -> None:
    store = make_store(Limits(total_size=1000))
    bob, mary = store.account("bob"), store.account("mary")
    bob.mailbox("INBOX").append([mail("x" * 300)])
    with pytest.raises(OverQuota):
        mary.deliver(mail("x" * 300).content, NOON)
    bob.mailbox("INBOX").expunge(bob.mailbox("INBOX").uids())
    mary.deliver(mail("x" * 300).content, NOON)


def test_delivered_mail_is_heard_of_in_inbox(bob: AccountMail) -> None:
    inbox = bob.mailbox("INBOX")
    heard: list[int] = []
    inbox.watch(lambda: heard.append(inbox.uid_next))
    bob.deliver(b"Subject: new\r\n\r\nmail\r\n", NOON)
    assert heard == [3]
    message = inbox.get(2)
    assert message is not None
    assert message.internal_date == NOON
    assert message.flags == frozenset()


def test_a_maildrop_has_one_session(store: MailStore, bob: AccountMail) -> None:
    """RFC 1939 §4: exclusive access."""
    lock = bob.lock_maildrop()
    with pytest.raises(MaildropLocked):
        bob.lock_maildrop()
    store.account("mary@mydomain.com").lock_maildrop().release()
    lock.release()
    again = bob.lock_maildrop()
    lock.release()
    with pytest.raises(MaildropLocked):
        bob.lock_maildrop()
    again.release()
