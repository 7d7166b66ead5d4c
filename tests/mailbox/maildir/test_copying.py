"""A COPY of many into a Maildir: others see all of it or none, whatever becomes of who copies."""

import multiprocessing
import os
import signal
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from mailauth.mailbox.errors import (
    NoSuchMailbox,
    OverQuota,
    StoreUnavailable,
)
from mailauth.mailbox.maildir import MaildirStore, changes, copying, scan
from mailauth.mailbox.maildir.folder import MaildirMailbox
from mailauth.mailbox.message import (
    SEEN,
)
from mailauth.mailbox.store import Copying, Limits
from tests.mailbox.conftest import mail
from tests.mailbox.maildir.conftest import FullDisk, Process, box
from tests.mailbox.test_mailbox import flags
from tests.support.mail import NOON, welcome


def copying_two(mailbox: MaildirMailbox) -> Copying:
    """A copy of UIDs 1 and 2 to Sent, on its way."""
    copying = mailbox.copying("Sent")
    copying.add([1])
    copying.add([2])
    return copying


def marks(bob: Path) -> list[Path]:
    """What tells of copies on their way."""
    return list(bob.glob("**/mailauth-copying-*"))


def touch(folder: Path) -> None:
    """Let everybody look at the files anew."""
    (folder / "cur" / "1.stray").write_bytes(b"Subject: stray\n\n")
    (folder / "cur" / "1.stray").unlink()


def test_no_other_process_sees_a_copy_before_all_of_it_is_there(
    process: Process, bob: Path
) -> None:
    """RFC 3501 §6.4.7: not one that reads the journal, nor one that looks at the files."""
    here = process()
    mailbox = box(here)
    mailbox.append([mail("one"), mail("two", SEEN)])
    there = box(process(), "Sent")
    ready = copying_two(mailbox)
    assert len(list((bob / ".Sent" / "cur").iterdir())) == 2
    for _ in range(2):
        there.poll()
        assert list(there.uids()) == list(box(process(), "Sent").uids()) == []
        touch(bob / ".Sent")
    assert ready.commit().uids == [(1, 1), (2, 2)]
    for sent in (there, box(process(), "Sent")):
        sent.poll()
        assert [message.content.read() for message in sent.messages()] == [
            mail("one").content,
            mail("two").content,
        ]
        assert flags(sent, 2) == {SEEN}
    ready.close()
    here.poll()
    assert marks(bob) == []
    touch(bob / ".Sent")
    there.poll()
    assert list(there.uids()) == [1, 2]


def test_a_copy_spares_others_the_look_at_its_files(
    process: Process, monkeypatch: pytest.MonkeyPatch, listings: list[str]
) -> None:
    """However many steps it takes, nobody lists the folder for them, here or elsewhere."""
    monkeypatch.setattr(changes, "QUICK", 10**12)
    monkeypatch.setattr(scan, "GRANULARITY", -1)
    here = process()
    mailbox = box(here)
    mailbox.append([mail("one"), mail("two")])
    there = box(process(), "Sent")
    mine = box(here, "Sent")
    listings.clear()
    ready = mailbox.copying("Sent")
    for uid in (1, 2):
        ready.add([uid])
        mine.poll()
        there.poll()
    ready.commit()
    ready.close()
    here.poll()
    there.poll()
    assert list(there.uids()) == [1, 2]
    assert listings == []


def test_what_a_copy_that_came_to_nothing_has_left_is_removed_in_turns(
    process: Process, bob: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many files at each look of the server; nobody sees any of them meanwhile."""
    monkeypatch.setattr(copying, "UNDONE_AT_ONCE", 2)
    store = process()
    mailbox = box(store)
    mailbox.append([mail("x")] * 5)
    ready = mailbox.copying("Sent")
    ready.add([1, 2, 3])
    ready.add([4, 5])
    ready.close()
    left = []
    while marks(bob):
        left.append(len(list((bob / ".Sent" / "cur").iterdir())))
        touch(bob / ".Sent")
        assert list(box(process(), "Sent").uids()) == []
        store.poll()
    assert left == [5, 3, 1]
    assert list((bob / ".Sent" / "cur").iterdir()) == []
    store.poll()
    assert list(box(store, "Sent").uids()) == []


def test_a_copy_into_a_folder_that_another_process_removes(process: Process, bob: Path) -> None:
    """Its files go with it; so do those of one that came to nothing."""
    store = process()
    mailbox = box(store)
    mailbox.append([mail("one"), mail("two")])
    ready = copying_two(mailbox)
    process().account("bob").delete("Sent")
    with pytest.raises(NoSuchMailbox):
        ready.commit()
    ready.close()
    store.poll()
    store.poll()
    assert not (bob / ".Sent").exists()


def test_a_copy_that_cannot_be_written_down_is_not_done(
    process: Process, bob: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = process()
    mailbox = box(store)
    mailbox.append([mail("one"), mail("two")])
    files = sorted(bob.rglob("*"))
    ready = copying_two(mailbox)
    with FullDisk(monkeypatch), pytest.raises(StoreUnavailable):
        ready.commit()
    ready.close()
    store.poll()
    assert sorted(bob.rglob("*")) == files
    assert list(box(process(), "Sent").uids()) == list(box(store, "Sent").uids()) == []


def test_a_copy_for_which_another_process_has_taken_the_room(tmp_path: Path) -> None:
    """It had some when it was made ready; what is kept is what is held against the limits."""
    limits = Limits(account_messages=5)
    clock = count(1000)
    stores = [MaildirStore(tmp_path, clock.__next__, welcome, limits) for _ in range(2)]
    mailbox = box(stores[0])
    mailbox.append([mail("one"), mail("two")])
    ready = copying_two(mailbox)
    stores[1].account("bob").deliver(b"x", NOON)
    with pytest.raises(OverQuota):
        ready.commit()
    ready.close()
    stores[0].poll()
    assert stores[0].account("bob").quota().messages == 4


def test_another_program_may_work_on_what_is_being_copied(process: Process, bob: Path) -> None:
    """It does not know of copies that are not all there: what it did counts in the end."""
    store = process()
    mailbox = box(store)
    mailbox.append([mail("one"), mail("two")])
    ready = copying_two(mailbox)
    one, two = sorted((bob / ".Sent" / "cur").iterdir())
    one.rename(f"{one}S")
    two.unlink()
    assert ready.commit().uids == [(1, 1), (2, 2)]
    ready.close()
    store.poll()
    sent = box(process(), "Sent")
    assert {message.uid: set(message.flags) for message in sent.messages()} == {1: {SEEN}}
    ready = copying_two(mailbox)
    for file in (bob / ".Sent" / "cur").iterdir():
        if file != one:
            file.rename(f"{file}F")
    ready.close()
    store.poll()
    assert list(box(process(), "Sent").uids()) == [1]
    assert len(list((bob / ".Sent" / "cur").iterdir())) == 1


def copy_half(directory: Path, said: Connection) -> None:
    """Be in the middle of a copy, and of another that is all there but for saying so."""
    mailbox = box(MaildirStore(directory, lambda: 1, welcome))
    mailbox.append([mail("one"), mail("two")])
    half, whole = copying_two(mailbox), copying_two(mailbox)
    whole.commit()
    said.send(True)
    signal.pause()
    half.commit()


def test_a_copy_whose_process_is_killed_is_never_seen(tmp_path: Path) -> None:
    """What it has left goes when the account is opened next; and not while it lives."""
    context = multiprocessing.get_context("spawn")
    hears, says = context.Pipe(duplex=False)
    copier = context.Process(target=copy_half, args=(tmp_path, says))
    copier.start()
    assert hears.recv()
    before = MaildirStore(tmp_path, lambda: 1, welcome)
    folder = tmp_path / "bob" / ".Sent" / "cur"
    assert list(box(before, "Sent").uids()) == [1, 2]
    assert len(list(folder.iterdir())) == 4
    assert copier.pid is not None
    os.kill(copier.pid, signal.SIGKILL)
    copier.join(30)
    touch(folder.parent)
    before.poll()
    assert list(box(before, "Sent").uids()) == [1, 2]
    after = box(MaildirStore(tmp_path, lambda: 1, welcome), "Sent")
    assert len(list(folder.iterdir())) == 2
    assert marks(tmp_path / "bob") == []
    for sent in (after, box(before, "Sent")):
        assert [message.content.read() for message in sent.messages()] == [
            mail("one").content,
            mail("two").content,
        ]
