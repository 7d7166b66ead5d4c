"""What every store promises of a mailbox: UIDs, flags, MODSEQ, copies, removal."""

from datetime import timedelta, timezone

import pytest

from mailauth.mailbox.errors import (
    LimitReached,
    MessageTooBig,
    NoSuchMailbox,
    OverQuota,
)
from mailauth.mailbox.message import DELETED, FLAGGED, SEEN, FlagChange, NewMessage, Operation
from mailauth.mailbox.store import AccountMail, Counts, Limits, Mailbox, MailStore
from tests.mailbox.conftest import MakeStore, mail
from tests.support.mail import NOON


def add(*flags: str) -> FlagChange:
    """`+FLAGS`."""
    return FlagChange(Operation.ADD, frozenset(flags))


def remove(*flags: str) -> FlagChange:
    """`-FLAGS`."""
    return FlagChange(Operation.REMOVE, frozenset(flags))


def replace(*flags: str) -> FlagChange:
    """`FLAGS`."""
    return FlagChange(Operation.REPLACE, frozenset(flags))


def flags(mailbox: Mailbox, uid: int) -> set[str]:
    """The flags of a message that is there."""
    message = mailbox.get(uid)
    assert message is not None
    return set(message.flags)


def modseq(mailbox: Mailbox, uid: int) -> int:
    """The MODSEQ of a message that is there."""
    message = mailbox.get(uid)
    assert message is not None
    return message.modseq


def test_an_appended_message_is_kept_as_it_came(box: Mailbox) -> None:
    [uid] = box.append([NewMessage(b"Subject: x\r\n\r\nbody\r\n", NOON, frozenset({SEEN, "Mine"}))])
    message = box.get(uid)
    assert message is not None
    assert message.content.read() == b"Subject: x\r\n\r\nbody\r\n"
    assert message.size == 20
    assert message.internal_date == NOON
    assert message.flags == {SEEN, "Mine"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (b"a: b\n\nbody\n", b"a: b\r\n\r\nbody\r\n"),
        (b"a: b\r\n\nbody\r\n", b"a: b\r\n\r\nbody\r\n"),
        (b"a\rb\r\r\nc", b"a\rb\r\r\nc"),
        (b"\x00\xff\r\n", b"\x00\xff\r\n"),
        (b"", b""),
    ],
)
def test_lines_end_in_crlf_and_all_else_stays(box: Mailbox, given: bytes, kept: bytes) -> None:
    [uid] = box.append([NewMessage(given, NOON)])
    message = box.get(uid)
    assert message is not None
    assert message.content.read() == kept
    assert message.size == len(kept)


def test_internal_dates_are_whole_seconds_in_their_zone(box: Mailbox) -> None:
    """RFC 3501 §9 date-time."""
    zone = timezone(timedelta(hours=5, minutes=45))
    [uid] = box.append([NewMessage(b"", NOON.astimezone(zone).replace(microsecond=999_999))])
    message = box.get(uid)
    assert message is not None
    assert message.internal_date == NOON
    assert message.internal_date.utcoffset() == timedelta(hours=5, minutes=45)


def test_uids_grow_and_are_never_used_again(box: Mailbox) -> None:
    """RFC 3501 §2.3.1.1."""
    first = box.append([mail(), mail(), mail()])
    assert first == [1, 2, 3]
    assert box.expunge([3]) == [3]
    assert box.uid_next == 4
    assert box.append([mail()]) == [4]
    assert list(box.uids()) == [1, 2, 4]
    assert list(box.uids(2)) == [2, 4]
    assert [message.uid for message in box.messages()] == [1, 2, 4]


def test_flags_are_replaced_added_and_removed(box: Mailbox) -> None:
    [uid] = box.append([mail()])
    box.store([uid], add(SEEN, "$Forwarded"))
    assert flags(box, uid) == {SEEN, "$Forwarded"}
    box.store([uid], remove(SEEN, "never-seen"))
    assert flags(box, uid) == {"$Forwarded"}
    box.store([uid], replace(FLAGGED))
    assert flags(box, uid) == {FLAGGED}
    assert list(box.keywords) == ["$Forwarded"]


def test_flags_are_the_same_in_any_letter_case(box: Mailbox) -> None:
    """RFC 9051 §2.3.2: keywords, too, are found in any letter case."""
    one, two = box.append([mail("one", "\\SEEN", "Work"), mail("two", "WORK")])
    assert flags(box, one) == {SEEN, "Work"}
    assert flags(box, two) == {"Work"}
    box.store([one], remove("work"))
    assert flags(box, one) == {SEEN}


def test_recent_is_no_flag_to_be_kept(box: Mailbox) -> None:
    [uid] = box.append([mail("x", "\\Recent")])
    box.store([uid], add("\\Recent", "\\Nonsense"))
    assert flags(box, uid) == set()
    assert list(box.keywords) == []


def test_every_change_has_a_higher_modseq(box: Mailbox) -> None:
    """RFC 7162 §3.1."""
    one, two = box.append([mail(), mail()])
    appended = box.highest_modseq
    assert modseq(box, one) == modseq(box, two) == appended
    box.store([one], add(SEEN))
    assert box.highest_modseq == modseq(box, one) > appended
    assert modseq(box, two) == appended
    assert [message.uid for message in box.changed_since(appended)] == [one]
    assert box.changed_since(box.highest_modseq) == []


def test_a_store_that_changes_nothing_has_no_modseq_of_its_own(box: Mailbox) -> None:
    """RFC 7162 §3.1.3."""
    [uid] = box.append([mail("x", SEEN)])
    before = box.highest_modseq
    stored = box.store([uid], add(SEEN))
    assert [message.uid for message in stored.messages] == [uid]
    assert box.highest_modseq == before


def test_unchanged_since_spares_what_has_changed(box: Mailbox) -> None:
    """RFC 7162 §3.1.3."""
    one, two = box.append([mail(), mail()])
    before = box.highest_modseq
    box.store([one], add(SEEN))
    stored = box.store([one, two, 99], add(FLAGGED), unchanged_since=before)
    assert [message.uid for message in stored.messages] == [two]
    assert stored.modified == [one]
    assert flags(box, one) == {SEEN}


def test_what_vanished_is_remembered(box: Mailbox) -> None:
    box.append([mail(), mail(), mail()])
    before = box.highest_modseq
    assert box.vanished_since(before) == []
    box.expunge([1, 3])
    vanished = box.vanished_since(before)
    assert vanished is not None
    assert sorted(vanished) == [1, 3]
    assert box.vanished_since(box.highest_modseq) == []


def test_what_vanished_is_remembered_within_a_bound(make_store: MakeStore) -> None:
    box = make_store(Limits(vanished=2)).account("bob").create("Box")
    box.append([mail(), mail(), mail(), mail()])
    before = box.highest_modseq
    box.expunge([1])
    middle = box.highest_modseq
    box.expunge([2])
    box.expunge([3])
    assert box.vanished_since(before) is None
    vanished = box.vanished_since(middle)
    assert vanished is not None
    assert sorted(vanished) == [2, 3]


def test_an_expunge_larger_than_the_bound_is_not_half_remembered(make_store: MakeStore) -> None:
    box = make_store(Limits(vanished=2)).account("bob").create("Box")
    box.append([mail(), mail(), mail(), mail()])
    before = box.highest_modseq
    box.expunge([1, 2, 3])
    assert box.vanished_since(before) is None
    assert box.vanished_since(box.highest_modseq) == []


def test_counts_follow_every_change(box: Mailbox) -> None:
    size = len(mail().content)
    assert box.counts() == Counts(0, 0, 0, 0, 0)
    box.append([mail(), mail("hello", SEEN), mail("hello", DELETED)])
    assert box.counts() == Counts(messages=3, unseen=2, deleted=1, recent=3, size=3 * size)
    assert box.deleted() == [3]
    box.store([1], add(SEEN))
    box.store([2], replace(DELETED))
    assert box.counts() == Counts(messages=3, unseen=2, deleted=2, recent=3, size=3 * size)
    box.expunge(box.deleted())
    assert box.counts() == Counts(messages=1, unseen=0, deleted=0, recent=1, size=size)
    assert box.deleted() == []


def test_recent_belongs_to_the_first_session_that_asks(box: Mailbox) -> None:
    r"""RFC 3501 §2.3.2: `\Recent` is shown to one session, and EXAMINE does not take it."""
    box.append([mail(), mail()])
    assert box.claim_recent(0) == 1
    assert box.claim_recent(3) == 1
    assert box.claim_recent(3) == 3
    assert box.counts().recent == 0
    box.append([mail()])
    assert box.counts().recent == 1


def test_a_copy_keeps_flags_and_date(bob: AccountMail, box: Mailbox) -> None:
    """RFC 3501 §6.4.7, RFC 4315 §3."""
    box.append([mail("one"), mail("two", SEEN, "Mine"), mail("three")])
    target = bob.create("Target")
    target.append([mail()])
    copied = box.copy([3, 2, 77], "Target")
    assert copied.uid_validity == target.uid_validity
    assert copied.uids == [(2, 2), (3, 3)]
    message = target.get(2)
    assert message is not None
    assert message.content.read() == mail("two").content
    assert message.flags == {SEEN, "Mine"}
    assert message.internal_date == NOON
    assert list(box.uids()) == [1, 2, 3]


def test_a_mailbox_can_be_copied_into_itself(box: Mailbox) -> None:
    box.append([mail()])
    assert box.copy([1], "Box").uids == [(1, 2)]
    assert list(box.uids()) == [1, 2]


def test_a_copy_of_many_is_there_at_once(bob: AccountMail, box: Mailbox) -> None:
    """RFC 3501 §6.4.7: what is prepared takes room, and is seen by nobody."""
    box.append([mail("one"), mail("two", SEEN, "Mine"), mail("three")])
    target = bob.create("Target")
    heard: list[list[int]] = []
    target.watch(lambda: heard.append(list(target.uids())))
    used = bob.quota()
    copying = box.copying("Target")
    copying.add([1, 2])
    target.append([mail("another's")])
    copying.add([3, 77])
    target.poll()
    assert list(target.uids()) == [1]
    assert bob.quota().messages == used.messages + 1 + 3
    copied = copying.commit()
    copying.close()
    assert copied.uid_validity == target.uid_validity
    assert copied.uids == [(1, 2), (2, 3), (3, 4)]
    assert heard == [[1], [1, 2, 3, 4]]
    message = target.get(3)
    assert message is not None
    assert message.content.read() == mail("two").content
    assert message.flags == {SEEN, "Mine"}
    assert message.internal_date == NOON
    assert modseq(target, 2) == modseq(target, 4) == target.highest_modseq
    assert target.counts().unseen == 3
    assert bob.quota().messages == used.messages + 4
    kept = [bob.mailbox(name).counts().size for name in ("INBOX", "Box", "Target")]
    assert bob.quota().size == sum(kept)


def test_a_copy_that_is_not_committed_has_not_happened(
    store: MailStore, bob: AccountMail, box: Mailbox
) -> None:
    """What is left to be undone, and takes room so long, is so when the store is next looked at."""
    box.append([mail("one", "Mine"), mail("two")])
    used = bob.quota()
    target = bob.mailbox("Archive")
    copying = box.copying("Archive")
    copying.add([1, 2])
    copying.close()
    store.poll()
    assert (list(target.uids()), target.uid_next, list(target.keywords)) == ([], 1, [])
    assert bob.quota() == used


def test_a_copy_into_a_mailbox_that_is_renamed_meanwhile(bob: AccountMail, box: Mailbox) -> None:
    """It is the same mailbox; but not one that has got the name since another was deleted."""
    box.append([mail("one"), mail("two")])
    bob.create("Old")
    copying = box.copying("Old")
    copying.add([1])
    bob.rename("Old", "New")
    copying.add([2])
    assert copying.commit().uids == [(1, 1), (2, 2)]
    copying.close()
    assert bob.mailbox("New").counts().messages == 2
    copying = box.copying("New")
    copying.add([1])
    bob.delete("New")
    bob.create("New")
    for attempt in (lambda: copying.add([2]), copying.commit):
        with pytest.raises(NoSuchMailbox):
            attempt()
    copying.close()
    assert bob.mailbox("New").counts().messages == 0


def test_a_copy_of_what_is_removed_meanwhile(bob: AccountMail, box: Mailbox) -> None:
    """What was prepared is copied as it was; what was not yet is left out."""
    box.append([mail("one"), mail("two"), mail("three")])
    copying = box.copying("Archive")
    copying.add([1])
    box.store([1], add(FLAGGED))
    box.expunge([1, 2])
    copying.add([2, 3])
    assert copying.commit().uids == [(1, 1), (3, 2)]
    copying.close()
    archive = bob.mailbox("Archive")
    assert flags(archive, 1) == set()
    message = archive.get(1)
    assert message is not None
    assert message.content.read() == mail("one").content


def test_a_copy_of_many_into_the_mailbox_itself(box: Mailbox) -> None:
    box.append([mail("one"), mail("two", DELETED)])
    copying = box.copying("Box")
    copying.add([1])
    copying.add([2])
    assert copying.commit().uids == [(1, 3), (2, 4)]
    copying.close()
    assert list(box.uids()) == [1, 2, 3, 4]
    assert box.deleted() == [2, 4]


def test_moved_messages_are_in_one_place(bob: AccountMail, box: Mailbox) -> None:
    """RFC 6851 §3.3."""
    box.append([mail("one"), mail("two"), mail("three")])
    used = bob.quota()
    moved = box.move([1, 3], "Archive")
    assert moved.uids == [(1, 1), (3, 2)]
    assert list(box.uids()) == [2]
    message = bob.mailbox("Archive").get(2)
    assert message is not None
    assert message.content.read() == mail("three").content
    assert bob.quota() == used


def test_a_move_within_a_mailbox_gives_new_uids(box: Mailbox) -> None:
    box.append([mail("one"), mail("two")])
    assert box.move([1], "Box").uids == [(1, 3)]
    assert list(box.uids()) == [2, 3]


def test_the_target_of_a_copy_must_be_there(box: Mailbox) -> None:
    box.append([mail()])
    with pytest.raises(NoSuchMailbox):
        box.copy([1], "Nowhere")
    with pytest.raises(NoSuchMailbox):
        box.move([1], "Nowhere")
    assert list(box.uids()) == [1]


def test_nothing_is_appended_when_one_message_is_refused(make_store: MakeStore) -> None:
    """RFC 3502 §6.3.11: all or none."""
    limits = Limits(message_size=100, account_messages=4, account_size=300, keywords=2)
    account = make_store(limits).account("bob")
    box = account.create("Box")
    with pytest.raises(MessageTooBig):
        box.append([mail(), NewMessage(b"x" * 101, NOON)])
    with pytest.raises(OverQuota):
        box.append([mail(), mail(), mail(), mail()])
    with pytest.raises(OverQuota):
        box.append([NewMessage(b"x" * 100, NOON)] * 3)
    with pytest.raises(LimitReached):
        box.append([mail("x", "one"), mail("x", "two", "three")])
    with pytest.raises(LimitReached):
        box.append([mail("x", "k" * 101)])
    assert list(box.uids()) == []
    assert box.uid_next == 1
    assert list(box.keywords) == []
    assert account.quota().messages == 1


def test_a_copy_that_does_not_fit_leaves_nothing_behind(make_store: MakeStore) -> None:
    """RFC 3501 §6.4.7: the target is restored to its state before the COPY."""
    account = make_store(Limits(account_messages=4)).account("bob")
    box = account.create("Box")
    box.append([mail(), mail()])
    with pytest.raises(OverQuota):
        box.copy([1, 2], "Sent")
    assert list(account.mailbox("Sent").uids()) == []
    assert box.move([1, 2], "Sent").uids == [(1, 1), (2, 2)]


def test_a_copy_of_many_that_does_not_fit_leaves_nothing_behind(make_store: MakeStore) -> None:
    """Whether the room or the keywords are too few from the start, or are taken meanwhile."""
    store = make_store(Limits(account_messages=7, keywords=2))
    account = store.account("bob")
    box, sent = account.create("Box"), account.mailbox("Sent")
    box.append([mail("x", "one"), mail("x", "two"), mail("x")])
    copying = box.copying("Sent")
    copying.add([3])
    box.store([3], add("one"))
    sent.append([mail("x", "three")])
    copying.add([1])
    with pytest.raises(LimitReached):
        copying.add([2])
    copying.close()
    store.poll()
    copying = box.copying("Sent")
    copying.add([3])
    account.deliver(b"x", NOON)
    with pytest.raises(OverQuota):
        copying.add([1])
    copying.close()
    store.poll()
    account.deliver(b"x", NOON)
    assert list(sent.uids()) == [1]
    assert list(sent.keywords) == ["three"]


def test_keywords_are_bounded(make_store: MakeStore) -> None:
    box = make_store(Limits(keywords=2)).account("bob").create("Box")
    [uid] = box.append([mail("x", "one")])
    assert box.takes_keywords
    box.store([uid], add("two"))
    assert not box.takes_keywords
    with pytest.raises(LimitReached):
        box.store([uid], add("three"))
    box.store([uid], remove("three"))
    assert flags(box, uid) == {"one", "two"}


def test_listeners_hear_every_change_once(box: Mailbox) -> None:
    heard: list[int] = []

    def listener() -> None:
        heard.append(box.highest_modseq)

    box.watch(listener)
    box.append([mail(), mail()])
    box.store([1, 2], add(SEEN))
    box.store([1, 2], add(SEEN))
    box.expunge([1, 2])
    box.expunge([1, 2])
    assert len(heard) == 3
    box.unwatch(listener)
    box.append([mail()])
    assert len(heard) == 3


def test_a_deleted_mailbox_takes_nothing_more(bob: AccountMail, box: Mailbox) -> None:
    box.append([mail()])
    heard: list[bool] = []
    box.watch(lambda: heard.append(box.removed))
    bob.delete("Box")
    assert heard == [True]
    for attempt in (
        lambda: box.append([mail()]),
        lambda: box.store([1], add(SEEN)),
        lambda: box.expunge([1]),
        lambda: box.copy([1], "INBOX"),
        lambda: box.move([1], "INBOX"),
    ):
        with pytest.raises(NoSuchMailbox):
            attempt()
    assert bob.quota().messages == 1
