"""What only Maildirs promise: mail outlives the process, and others may work on it, too."""

import mailbox as stdlib
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailauth.mailbox.errors import (
    MaildropLocked,
    MessageGone,
    NoSuchMailbox,
    OverQuota,
    StoreUnavailable,
)
from mailauth.mailbox.maildir import MaildirStore, changes, scan
from mailauth.mailbox.maildir.journal import NAME
from mailauth.mailbox.message import (
    ANSWERED,
    DELETED,
    DRAFT,
    FLAGGED,
    SEEN,
    FlagChange,
    Message,
    NewMessage,
)
from mailauth.mailbox.store import Limits, SpecialUse, Stored
from mailauth.mailbox.view import View
from tests.mailbox.conftest import mail
from tests.mailbox.maildir.conftest import FullDisk, Process, box
from tests.mailbox.test_mailbox import add, flags, remove
from tests.mailbox.test_sessions import Client, act, check
from tests.mailbox.test_view import shown
from tests.support.mail import NOON, welcome


def facts(message: Message) -> tuple[object, ...]:
    """All there is to know of a message."""
    return (
        message.uid,
        message.modseq,
        message.flags,
        message.internal_date,
        message.internal_date.utcoffset(),
        message.size,
        message.content.read(),
    )


def test_everything_outlives_the_process(process: Process) -> None:
    account = process().account("bob")
    mailbox = account.create("a.b")
    zone = timezone(timedelta(hours=-3, minutes=-30))
    mailbox.append(
        [
            mail("one", SEEN, "Work"),
            NewMessage(b"x\rbare\r\n", NOON.astimezone(zone)),
            mail("three"),
            mail("four"),
        ]
    )
    View(mailbox).close()
    before = mailbox.highest_modseq
    mailbox.store([3], add(FLAGGED, "$Junk"))
    mailbox.expunge([1])
    mailbox.append([mail("five")])
    account.delete("Drafts")
    account.subscribe("elsewhere")

    again = process().account("bob")
    assert again.entries() == account.entries()
    assert again.subscriptions() == account.subscriptions()
    assert again.quota() == account.quota()
    kept = again.mailbox("a.b")
    assert list(map(facts, kept.messages())) == list(map(facts, mailbox.messages()))
    assert kept.uid_validity == mailbox.uid_validity
    assert kept.uid_next == mailbox.uid_next
    assert kept.highest_modseq == mailbox.highest_modseq
    assert kept.counts() == mailbox.counts()
    assert kept.counts().recent == 1
    assert kept.vanished_since(before) == [1]
    assert {m.uid for m in kept.changed_since(before)} == {3, 5}


def test_a_new_mailbox_never_has_the_uidvalidity_of_an_old_one(tmp_path: Path) -> None:
    """RFC 3501 §2.3.1.1: not even when the clock stands still over a restart."""
    seen = set()
    for _ in range(3):
        account = MaildirStore(tmp_path, lambda: 5, welcome).account("bob")
        seen.add(account.create("Box").uid_validity)
        account.delete("Box")
    assert len(seen) == 3


def test_other_programs_can_read_it(process: Process, bob: Path) -> None:
    box(process(), "Lists.Entwürfe & mehr").append([mail("hello", SEEN, FLAGGED, ANSWERED)])
    maildir = stdlib.Maildir(bob, create=False)
    assert "Lists.Entw&APw-rfe &- mehr" in maildir.list_folders()
    [message] = maildir.get_folder("Lists.Entw&APw-rfe &- mehr")
    assert message["Subject"] == "hello"
    assert message.get_flags() == "FRS"
    assert message.get_date() == NOON.timestamp()
    assert b"\r" not in message.as_bytes()


def test_what_other_programs_deliver_is_new_mail(process: Process, bob: Path) -> None:
    store = process()
    heard: list[int] = []
    view = View(box(store, "INBOX"), changed=lambda: heard.append(1))
    stdlib.Maildir(bob, create=False).add(b"Subject: delivered\n\nbody\n")
    store.poll()
    assert heard == [1]
    assert shown(view.updates(expunge=True)) == ["2 EXISTS", "2 RECENT"]
    message = view.message(2)
    assert message is not None
    assert message.content.read() == b"Subject: delivered\r\n\r\nbody\r\n"
    assert message.size == len(message.content.read())
    assert abs(message.internal_date - datetime.now(UTC)) < timedelta(minutes=5)
    again = box(process(), "INBOX").get(message.uid)
    assert again is not None
    assert facts(again) == facts(message)


def test_mail_is_taken_in_the_order_in_which_it_was_delivered(process: Process, bob: Path) -> None:
    for key in ("1000000010.a", "999999999.b", "1000000002.c", "none"):
        (bob / "new" / key).write_bytes(b"Subject: %b\n\n" % key.encode())
    messages = box(process(), "INBOX").messages()[1:]
    subjects = [message.content.read().split()[1] for message in messages]
    assert subjects == [b"none", b"999999999.b", b"1000000002.c", b"1000000010.a"]


def test_a_message_that_another_program_looks_at_is_the_same(process: Process, bob: Path) -> None:
    (bob / "new" / "1.x").write_bytes(b"Subject: x\n\n")
    store = process()
    view = View(box(store, "INBOX"))
    (bob / "new" / "1.x").rename(bob / "cur" / "1.x:2,FS")
    assert shown(view.updates(expunge=True)) == ["2 FETCH \\Flagged \\Seen"]
    message = view.message(2)
    assert message is not None
    assert message.content.read() == b"Subject: x\r\n\r\n"


def test_keywords_stay_when_another_program_changes_flags(process: Process, bob: Path) -> None:
    inbox = box(process(), "INBOX")
    inbox.store([1], add("Work", SEEN))
    [file] = (bob / "cur").iterdir()
    file.rename(file.with_name(file.name.replace(":2,S", ":2,RTa")))
    inbox.poll()
    assert flags(inbox, 1) == {"Work", ANSWERED, DELETED}
    inbox.store([1], remove(DELETED))
    [file] = (bob / "cur").iterdir()
    assert file.name.endswith(":2,Ra")
    assert flags(box(process(), "INBOX"), 1) == {"Work", ANSWERED}


def test_what_another_program_removes_is_gone(process: Process, bob: Path) -> None:
    inbox = box(process(), "INBOX")
    view = View(inbox)
    message = view.message(1)
    assert message is not None
    [file] = (bob / "cur").iterdir()
    file.unlink()
    with pytest.raises(MessageGone):
        message.content.read()
    assert shown(view.updates(expunge=True)) == ["1 EXPUNGE"]


def test_a_message_is_read_under_whatever_name(process: Process, bob: Path) -> None:
    first, second = process(), process()
    view = View(box(first, "INBOX"))
    message = view.message(1)
    assert message is not None
    box(second, "INBOX").store([1], add(SEEN))
    assert b"Welcome" in message.content.read()
    second.account("bob").rename("Archive", "Old")
    archived = first.account("bob").mailbox("Old").append([mail("kept")])
    kept = box(first, "Old").get(archived[0])
    assert kept is not None
    second.account("bob").rename("Old", "Older")
    assert kept.content.read() == mail("kept").content


def test_processes_see_each_others_changes(process: Process) -> None:
    one, other = process(), process()
    mine = View(box(one))
    theirs = View(box(other))
    mine.mailbox.append([mail("a"), mail("b"), mail("c")])
    assert shown(theirs.updates(expunge=True)) == ["3 EXISTS", "3 RECENT"]
    assert shown(mine.updates(expunge=True)) == ["3 EXISTS", "0 RECENT"]
    theirs.store([2], add(SEEN, "Work"))
    assert shown(mine.updates(expunge=True)) == ["2 FETCH Work \\Seen"]
    theirs.mailbox.expunge([1])
    assert shown(mine.updates(expunge=True)) == ["1 EXPUNGE"]
    mine.mailbox.copy([2], "Sent")
    mine.mailbox.move([3], "Sent")
    assert shown(theirs.updates(expunge=True)) == ["3 EXPUNGE", "1 EXPUNGE"]
    assert list(box(other, "Sent").uids()) == [1, 2]


@pytest.mark.parametrize("change", [add(SEEN), remove(SEEN)], ids=["anew", "to no effect"])
def test_a_silent_store_hides_nothing_that_another_process_did_just_before(
    process: Process, monkeypatch: pytest.MonkeyPatch, change: FlagChange
) -> None:
    """RFC 3501 §6.4.6: others' changes are told, however late they are seen."""
    one, other = process(), process()
    mine = View(box(one))
    mine.mailbox.append([mail("a")])
    mine.updates(expunge=True)
    store = mine.mailbox.store

    def store_too_late(*arguments: Any) -> Stored:
        box(other).store([1], add(FLAGGED))
        return store(*arguments)

    monkeypatch.setattr(mine.mailbox, "store", store_too_late)
    mine.store([1], change, silent=True)
    told = "1 FETCH \\Flagged" + (" \\Seen" if change == add(SEEN) else "")
    assert shown(mine.updates(expunge=True)) == [told]


def test_a_message_that_another_process_undeletes_just_before_is_kept(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    r"""RFC 3501 §6.4.3: what is removed has `\Deleted`, and not only had it a moment ago."""
    one, other = process(), process()
    mine = View(box(one))
    mine.mailbox.append([mail("a", DELETED), mail("b", DELETED)])
    poll = mine.mailbox.poll

    def poll_too_early() -> None:
        poll()
        box(other).store([1], remove(DELETED))

    monkeypatch.setattr(mine.mailbox, "poll", poll_too_early)
    mine.expunge(mine.deleted())
    assert mine.mailbox.uids() == [1]
    assert box(other).uids() == [1]


def test_a_mailbox_that_another_process_renames_is_the_same(process: Process) -> None:
    one, other = process(), process()
    view = View(box(one))
    view.mailbox.append([mail("x")])
    other.account("bob").rename("Box", "New.Name")
    other.account("bob").mailbox("New.Name").append([mail("y")])
    assert shown(view.updates(expunge=True)) == ["2 EXISTS", "2 RECENT"]
    assert view.mailbox.name == "New.Name"
    assert view.mailbox is one.account("bob").mailbox("New.Name")
    with pytest.raises(NoSuchMailbox):
        one.account("bob").mailbox("Box")


def test_a_mailbox_that_another_process_deletes_is_removed(process: Process) -> None:
    one, other = process(), process()
    heard: list[bool] = []
    mailbox = box(one)
    mailbox.append([mail()])
    mailbox.watch(lambda: heard.append(mailbox.removed))
    message = mailbox.get(1)
    assert message is not None
    other.account("bob").delete("Box")
    box(other).append([mail("another")])
    one.poll()
    assert heard == [True]
    with pytest.raises(NoSuchMailbox):
        mailbox.append([mail()])
    with pytest.raises(MessageGone):
        message.content.read()
    assert box(one).uid_validity > mailbox.uid_validity
    assert list(box(one).uids()) == [1]


def test_a_mailbox_deleted_and_made_anew_is_another_every_time(process: Process) -> None:
    """File systems give a new folder and its journal the numbers of the old ones."""
    one, other = process(), process()
    box(one)
    for _ in range(60):
        mailbox = box(one)
        view = View(mailbox)
        other.account("bob").delete("Box")
        again = other.account("bob").create("Box")
        assert view.updates(expunge=True) == []
        assert mailbox.removed
        assert box(one).uid_validity == again.uid_validity


def test_an_account_that_is_taken_away_begins_anew(process: Process, bob: Path) -> None:
    store = process()
    inbox = box(store, "INBOX")
    inbox.append([mail()])
    bob.rename(bob.with_name("elsewhere"))
    with pytest.raises(StoreUnavailable):
        inbox.append([mail()])
    assert list(box(store, "INBOX").uids()) == [1]


def test_folders_made_by_other_programs_are_mailboxes(process: Process, bob: Path) -> None:
    stdlib.Maildir(bob, create=False).add_folder("Theirs").add(b"Subject: x\n\n")
    (bob / ".not-a-folder").mkdir()
    (bob / ".br&oken").mkdir()
    (bob / ".br&oken" / "cur").mkdir()
    store = process()
    names = [entry.name for entry in store.account("bob").entries()]
    assert "Theirs" in names
    assert len(names) == 7
    assert list(box(store, "Theirs").uids()) == [1]
    assert box(process(), "Theirs").uid_validity == box(store, "Theirs").uid_validity


def test_a_directory_in_the_way_becomes_the_mailbox(process: Process, bob: Path) -> None:
    (bob / ".Box" / "other").mkdir(parents=True)
    account = process().account("bob")
    assert account.create("Box").append([mail()]) == [1]
    (bob / ".To" / "other").mkdir(parents=True)
    account.create("From.below")
    before = account.entries()
    with pytest.raises(StoreUnavailable):
        account.rename("From", "To")
    assert account.entries() == before


def test_a_copied_folder_is_another_mailbox(process: Process, bob: Path) -> None:
    store = process()
    original = box(store)
    original.append([mail()])
    stdlib.Maildir(bob, create=False).add_folder("Copy")
    (bob / ".Copy" / NAME).write_bytes((bob / ".Box" / NAME).read_bytes())
    assert box(store, "Copy").uid_validity != original.uid_validity
    assert list(box(store, "Copy").uids()) == []
    assert list(original.uids()) == [1]


def test_what_is_special_stays_special(process: Process) -> None:
    process().account("bob").rename("Sent", "Gesendet")
    uses = {entry.name: entry.special_use for entry in process().account("bob").entries()}
    assert uses["Gesendet"] is SpecialUse.SENT


def test_the_maildrop_is_locked_for_all_processes(process: Process) -> None:
    one, other = process(), process()
    lock = one.account("bob").lock_maildrop()
    with pytest.raises(MaildropLocked):
        other.account("bob").lock_maildrop()
    lock.release()
    other.account("bob").lock_maildrop().release()


def test_the_bound_on_all_mail_holds_for_all_processes(tmp_path: Path) -> None:
    limits = Limits(total_size=2_000)
    one, other = (MaildirStore(tmp_path, lambda: 1, welcome, limits) for _ in range(2))
    one.account("bob").deliver(b"x" * 1_500, NOON)
    with pytest.raises(OverQuota):
        other.account("mary").deliver(b"x" * 1_500, NOON)
    third = MaildirStore(tmp_path, lambda: 1, welcome, limits)
    with pytest.raises(OverQuota):
        third.account("mary").deliver(b"x" * 1_500, NOON)
    third.account("bob").mailbox("INBOX").expunge([2])
    other.account("mary").deliver(b"x" * 1_500, NOON)


def test_the_journal_does_not_grow_for_ever(process: Process, bob: Path) -> None:
    one, other = process(), process()
    mine, theirs = box(one), View(box(other))
    mine.append([mail(), mail("b"), mail("c")])
    for _ in range(800):
        mine.store([1], add(SEEN))
        mine.store([1], remove(SEEN))
    mine.expunge([2])
    before = mine.highest_modseq
    assert len((bob / ".Box" / NAME).read_bytes().splitlines()) < 1_500
    assert shown(theirs.updates(expunge=True)) == ["2 EXISTS", "2 RECENT"]
    assert theirs.mailbox.highest_modseq == before
    assert theirs.mailbox.vanished_since(before - 1) == [2]
    assert list(map(facts, box(process()).messages())) == list(map(facts, mine.messages()))


def test_a_process_reads_on_where_the_journal_was_written_anew(process: Process) -> None:
    mine, theirs = box(process()), View(box(process()))
    mine.append([mail() for _ in range(5)])
    theirs.updates(expunge=True)
    kept = theirs.message(5)
    mine.expunge([1])
    for _ in range(700):
        mine.store([2], add(SEEN))
        mine.store([2], remove(SEEN))
    mine.store([3], add(FLAGGED))
    heard = shown(theirs.updates(expunge=True))
    assert heard[0] == "1 EXPUNGE"
    assert "2 FETCH \\Flagged" in heard
    message = theirs.message(4)
    assert kept is not None
    assert message is not None
    assert message.content is kept.content


def test_a_line_that_was_not_written_whole_does_not_count(process: Process, bob: Path) -> None:
    mailbox = box(process())
    mailbox.append([mail("one")])
    journal = bob / ".Box" / NAME
    whole = journal.read_bytes()
    with journal.open("ab") as file:
        file.write(b'["f",1,99,["\\\\Se')
    again = box(process())
    assert flags(again, 1) == set()
    again.store([1], add(FLAGGED))
    assert journal.read_bytes().startswith(whole)
    assert flags(box(process()), 1) == {FLAGGED}


@pytest.mark.parametrize("broken", [b"", b"nonsense\n", b'["+",1]\n', b'["mailbox",2,1]\n'])
def test_a_journal_that_cannot_be_read_is_set_aside(
    process: Process, bob: Path, broken: bytes
) -> None:
    """The messages are there, in a mailbox that tells its clients to begin anew."""
    store = process()
    mailbox = box(store)
    mailbox.append([mail("one", SEEN)])
    (bob / ".Box" / NAME).write_bytes(broken)
    mailbox.poll()
    assert mailbox.removed
    again = box(store)
    assert again.uid_validity > mailbox.uid_validity
    [message] = again.messages()
    assert message.content.read() == mail("one").content
    assert message.flags == {SEEN}
    assert (bob / ".Box" / f"{NAME}.broken").read_bytes() == broken


def test_a_journal_broken_further_on_is_set_aside(process: Process, bob: Path) -> None:
    mailbox = box(process())
    mailbox.append([mail("one")])
    with (bob / ".Box" / NAME).open("ab") as file:
        file.write(b"\0\0\0\n")
    assert len(box(process()).messages()) == 1
    mailbox.poll()
    assert mailbox.removed


def test_what_cannot_be_written_down_is_not_done(
    process: Process, bob: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = process()
    mailbox = box(store)
    mailbox.append([mail("one"), mail("two", SEEN)])
    before = list(map(facts, mailbox.messages()))
    files = sorted(bob.rglob("*"))
    with FullDisk(monkeypatch):
        for attempt in (
            lambda: mailbox.append([mail("three")]),
            lambda: mailbox.store([1, 2], add(FLAGGED)),
            lambda: mailbox.copy([1, 2], "Sent"),
            lambda: mailbox.move([1, 2], "Sent"),
        ):
            with pytest.raises(StoreUnavailable):
                attempt()
            mailbox.poll()
            assert list(map(facts, mailbox.messages())) == before
            assert sorted(bob.rglob("*")) == files
    mailbox.append([mail("three")])
    assert list(box(process()).uids()) == [1, 2, 3]
    assert list(box(process(), "Sent").uids()) == []


def test_a_journal_that_was_written_in_part_is_cut_back(
    process: Process, bob: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = box(process())
    mailbox.append([mail("one")])
    journal = (bob / ".Box" / NAME).read_bytes()
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, octets, at: pwrite(fd, octets[:5], at))
    with pytest.raises(StoreUnavailable):
        mailbox.append([mail("two")])
    monkeypatch.undo()
    assert (bob / ".Box" / NAME).read_bytes() == journal
    assert mailbox.append([mail("two")]) == [2]


def test_what_a_crash_left_half_done_is_met_as_it_is(process: Process, bob: Path) -> None:
    mailbox = box(process())
    mailbox.append([mail("one"), mail("two"), mail("three")])
    journal = (bob / ".Box" / NAME).read_bytes()
    mailbox.store([1], add(SEEN))
    mailbox.expunge([2])
    mailbox.append([mail("four")])
    (bob / ".Box" / NAME).write_bytes(journal)  # all that was done since was not written down
    again = box(process())
    assert {message.uid: set(message.flags) for message in again.messages()} == {
        1: {SEEN},
        3: set(),
        4: set(),
    }


def test_drafts_and_removed_folders_are_swept_up(process: Process, bob: Path) -> None:
    old, new = bob / "tmp" / "old", bob / "tmp" / "new"
    for draft in (old, new):
        draft.write_bytes(b"x")
    os.utime(old, (0, 0))
    (bob / "mailauth-removed-1.x" / "cur").mkdir(parents=True)
    process().account("bob")
    assert not old.exists()
    assert new.exists()
    assert not (bob / "mailauth-removed-1.x").exists()


def test_a_draft_that_is_delivered_while_the_sweep_looks_at_it(
    process: Process, bob: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bob / "tmp" / "1.x").write_bytes(b"Subject: x\n\n")
    iterdir = Path.iterdir

    def deliver(directory: Path) -> Iterator[Path]:
        for path in iterdir(directory):
            if path.name == "1.x":
                path.rename(bob / "new" / "1.x")
            yield path

    monkeypatch.setattr(Path, "iterdir", deliver)
    assert list(box(process(), "INBOX").uids()) == [1, 2]


@pytest.mark.parametrize("directory", ["cur", "new"])
def test_slices_that_take_long_do_not_list_the_folder_again(
    process: Process,
    bob: Path,
    monkeypatch: pytest.MonkeyPatch,
    listings: list[str],
    directory: str,
) -> None:
    """Neither does another process, wherever the program that delivered them has put them."""
    monkeypatch.setattr(changes, "QUICK", -1)
    monkeypatch.setattr(scan, "GRANULARITY", -1)
    monkeypatch.setattr(scan, "LITTLE_TRUST", 60)
    here, there = process(), process()
    boxes = box(here), box(here, "Sent"), box(there), box(there, "Sent")
    for number in range(4):
        (bob / ".Box" / directory / f"{number}.delivered").write_bytes(b"Subject: x\n\nx\n")
    for store in (here, there):
        assert store.account("bob").quota().messages == 5
    listings.clear()
    for uid in (1, 2):
        boxes[0].store([uid], add(SEEN))
        boxes[2].poll()
    for uid in (1, 2, 3, 4):
        assert boxes[0].move([uid], "Sent").uids == [(uid, uid)]
        boxes[3].poll()
    boxes[0].append([mail("one"), mail("two")])
    boxes[2].expunge([5])
    boxes[0].poll()
    assert listings == []
    assert [list(each.uids()) for each in boxes] == [[6], [1, 2, 3, 4]] * 2


def test_what_another_program_does_during_a_slice_is_found_a_little_later(
    process: Process, bob: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It changes the directories at the same time, so their times of change do not show it."""
    monkeypatch.setattr(changes, "QUICK", -1)
    clock = [time.monotonic()]
    monkeypatch.setattr(scan, "monotonic", lambda: clock[0])
    boxes = [box(process()) for _ in range(2)]
    boxes[0].append([mail("one"), mail("two", DRAFT)])
    (two,) = (bob / ".Box" / "cur").glob("*:2,D")
    rename = os.rename

    def both(file: str, to: str) -> None:
        rename(file, to)
        two.unlink(missing_ok=True)
        (bob / ".Box" / "new" / "3.delivered").write_bytes(b"Subject: x\n\nx\n")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", both)
        boxes[0].store([1], add(SEEN))
    for each in boxes:
        each.poll()
    clock[0] += scan.LITTLE_TRUST
    for each in boxes:
        each.poll()
        assert list(each.uids()) == [1, 3]


def test_files_that_are_no_messages_are_left_alone(process: Process, bob: Path) -> None:
    (bob / "cur" / "directory").mkdir()
    (bob / "cur" / ".hidden").write_bytes(b"x")
    (bob / "cur" / os.fsdecode(b"\xff")).touch()
    assert len(box(process(), "INBOX").messages()) == 1


@given(st.integers(min_value=0, max_value=2**32), st.integers(min_value=0, max_value=60))
@settings(max_examples=15)
def test_clients_of_several_processes_end_with_the_truth(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: int
) -> None:
    """RFC 3501 §5.2, with one process for each client."""
    choice = random.Random(seed)
    directory = tmp_path_factory.mktemp("mail")
    clock = count(1)
    stores = [MaildirStore(directory, clock.__next__, welcome) for _ in range(3)]
    clients = [Client(box(store)) for store in stores]
    for _ in range(steps):
        act(choice.choice(clients), choice)
    check(clients)
    kept = box(MaildirStore(directory, clock.__next__, welcome))
    assert {message.uid: message.flags for message in kept.messages()} == clients[0].flags


def work(directory: Path, seed: int, steps: int) -> None:
    """One process among several, doing anything."""
    store = MaildirStore(directory, lambda: 1, welcome)
    client = Client(box(store))
    choice = random.Random(seed)
    for step in range(steps):
        act(client, choice)
        if step % 10 == 0:
            for message in client.box.messages()[:3]:
                with suppress(MessageGone):
                    assert len(message.content.read()) == message.size
    client.hear(expunge=True)
    assert client.uids == list(client.view.uids) == sorted(client.flags)


def meddle(folder: Path, seed: int, steps: int) -> None:
    """A program that knows of Maildirs, and of nothing else that is here."""
    maildir = stdlib.Maildir(folder, create=False)
    choice = random.Random(seed)
    for _ in range(steps):
        files = [file for part in ("new", "cur") for file in (folder / part).iterdir()]
        file = choice.choice(files) if files else None
        match choice.randrange(4):
            case 0:
                maildir.add(b"Subject: x\n\nx\n")
            case 1 if file is not None:
                file.unlink(missing_ok=True)
            case 2 | 3 if file is not None:
                letters = "".join(sorted(choice.sample("FST", choice.randrange(4))))
                key = file.name.partition(":")[0]
                with suppress(FileNotFoundError):
                    file.rename(folder / "cur" / f"{key}:2,{letters}")


@pytest.mark.parametrize("meddling", [False, True])
def test_processes_at_once_end_with_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meddling: bool
) -> None:
    store = MaildirStore(tmp_path, lambda: 1, welcome)
    client = Client(box(store))
    folder = tmp_path / "bob" / ".Box"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=work, args=(tmp_path, seed, 80)) for seed in range(3)]
    if meddling:
        workers[0] = context.Process(target=meddle, args=(folder, 7, 80))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    monkeypatch.setattr(scan, "TRUST", 0)
    monkeypatch.setattr(scan, "LITTLE_TRUST", 0)
    check([client, Client(box(MaildirStore(tmp_path, lambda: 1, welcome)))])
    assert len(list(folder.glob("[cn]*/*"))) == len(client.uids)
    assert not list(folder.glob("tmp/*"))


def append_for_ever(directory: Path, said: Connection) -> None:
    """Say each UID once its message is there."""
    mailbox = box(MaildirStore(directory, lambda: 1, welcome))
    while True:
        said.send(mailbox.append([mail("x"), mail("y")]))


def test_mail_that_was_acknowledged_outlives_being_killed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    hears, says = context.Pipe(duplex=False)
    process = context.Process(target=append_for_ever, args=(tmp_path, says))
    process.start()
    said = [hears.recv() for _ in range(20)]
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    says.close()
    while True:
        try:
            said.append(hears.recv())
        except EOFError:
            break
    uids = [uid for pair in said for uid in pair]
    mailbox = box(MaildirStore(tmp_path, lambda: 1, welcome))
    assert set(uids) <= set(mailbox.uids())
    mailbox.append([mail("z")])
    assert max(Counter(mailbox.uids()).values()) == 1
    assert all(message.content.read() for message in mailbox.messages())
