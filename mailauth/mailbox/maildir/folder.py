"""One mailbox in a Maildir: its journal and its files.

All is done under the account's lock: take in what others did, change files, write what was done,
take it in. A message comes into `cur` at once, and the journal tells that it is new: `new` is for
what other programs deliver. A crash leaves files that the journal does not agree with; they are
met as the work of another program.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from mailauth.mailbox.errors import MessageGone, StoreUnavailable
from mailauth.mailbox.maildir.arrival import Arrival, Carry, MaildirFile, key_of
from mailauth.mailbox.maildir.changes import Changes
from mailauth.mailbox.maildir.copying import MaildirCopying
from mailauth.mailbox.maildir.files import from_disk, name_for, new_key, split, to_disk
from mailauth.mailbox.maildir.gate import Gate
from mailauth.mailbox.maildir.journal import (
    Added,
    Begun,
    BrokenJournal,
    Claimed,
    Flagged,
    Record,
    Removed,
    Touched,
    draft,
)
from mailauth.mailbox.maildir.journaled import JournaledMailbox, dated
from mailauth.mailbox.maildir.marks import left_behind, of_copy, unmark
from mailauth.mailbox.maildir.scan import listed, modified
from mailauth.mailbox.maildir.usage import Usage
from mailauth.mailbox.message import FlagChange, Message, NewMessage, with_crlf
from mailauth.mailbox.store import Copied, Copying, Limits, Stored

SPARE_LINES = 1_000  # of a journal, before it is written anew

T = TypeVar("T")


class Account(Protocol):
    """The account that a mailbox is in. Its lock is held."""

    def mailbox(self, name: str) -> "MaildirMailbox":
        """Another mailbox of it; raises `NoSuchMailbox`."""

    def identify(self, doubted: "MaildirMailbox | None" = None) -> None:
        """Find out which folders there are, and which mailboxes they are."""

    def abandon(self, copying: MaildirCopying) -> None:
        """Have undone what there is to undo of a copy, by and by."""


class MaildirMailbox(JournaledMailbox):
    """One mailbox of a `MaildirAccount`; see `store.Mailbox`."""

    def __init__(
        self,
        name: str,
        path: Path,
        begun: Begun,
        account: Account,
        gate: Gate,
        usage: Usage,
        limits: Limits,
    ) -> None:
        super().__init__(name, path, begun, limits)
        self._account = account
        self._gate = gate
        self._usage = usage
        self._path = str(path)
        self._edition = -1  # of the account, when it was made sure that the journal is the same

    def append(self, messages: Sequence[NewMessage]) -> list[int]:
        contents = [with_crlf(message.content) for message in messages]
        with self._gate.lock(), Changes() as changes:
            self._begin()
            self._usage.check([len(content) for content in contents])
            self._check_keywords(message.flags for message in messages)
            first, modseq = self._index.uid_next, self._index.highest_modseq + 1
            records: list[Record] = []
            for uid, (message, content) in enumerate(zip(messages, contents, strict=True), first):
                flags = self._keywords.spelled(message.flags, learn=True)
                date, zone = dated(message.internal_date)
                key = new_key()
                file = self.file(f"cur/{name_for(key, flags)}")
                changes.write(self.file(f"tmp/{key}"), file, to_disk(content), date)
                records.append(Added(uid, modseq, key, len(content), date, zone, sorted(flags)))
            self._write(records, changes)
            self._usage.count(sum(map(len, contents)))
        return list(range(first, first + len(messages)))

    def store(
        self, uids: Iterable[int], change: FlagChange, unchanged_since: int | None = None
    ) -> Stored:
        with self._gate.lock(), Changes() as changes:
            self._begin()
            plan = self._planned(uids, change, unchanged_since)
            modseq = self._index.highest_modseq + 1
            records: list[Record] = [
                Flagged(message.uid, modseq, sorted(flags))
                for message, flags in plan.changes
                if self._reach(key := key_of(message), partial(self._rename, changes, key, flags))
            ]
            self._write(records, changes)
            return Stored(self._present(plan.found), plan.modified, plan.before)

    def expunge(self, uids: Iterable[int], *, deleted: bool = False) -> list[int]:
        with self._gate.lock(), Changes() as changes:
            self._begin()
            removed = self._to_expunge(uids, deleted=deleted)
            for message in removed:
                self._reach(key_of(message), partial(self._remove, changes))
            self._write_removed(removed, changes)
            self._usage.update()
        return [message.uid for message in removed]

    def copy(self, uids: Iterable[int], target: str) -> Copied:
        with self._gate.lock(), Changes() as changes:
            self._begin()
            into = self._account.mailbox(target)
            messages = self._present(uids)
            self._usage.check([message.size for message in messages])
            copied = into.take(messages, partial(self.carry, changes.link), changes)
            self._usage.update()
        return copied

    def copying(self, target: str) -> Copying:
        with self._gate.lock():
            self._begin()
            into = self._account.mailbox(target)
            return MaildirCopying(self._gate, self._usage, self, into, self._account.abandon)

    def move(self, uids: Iterable[int], target: str) -> Copied:
        with self._gate.lock(), Changes() as changes:
            self._begin()
            into = self._account.mailbox(target)
            messages = self._present(uids)
            copied = into.take(messages, partial(self.carry, changes.rename), changes)
            self._write_removed(messages, changes)
        return copied

    def claim_recent(self, below: int) -> int:
        if below <= self._index.recent_from:
            return self._index.recent_from
        with self._gate.lock(), Changes() as changes:
            self.sync()
            first = self._index.recent_from
            if below > first and not self.removed:
                self._write([Claimed(below)], changes)
        return first

    def poll(self) -> None:
        if self.removed or self._is_current():
            return
        with self._gate.lock():
            self.sync()

    def sync(self) -> None:
        """Take in what others did, and tell the listeners. The account's lock is held."""
        for _ in range(3):
            if self.removed:
                return
            try:
                edition = self._gate.edition()
                changed = self._read_journal(edition)
                self._edition = edition
                changed = self._look() or changed
            except FileNotFoundError:
                self._account.identify(doubted=self)
            except BrokenJournal:
                self._journal.set_aside()
                self._account.identify(doubted=self)
            else:
                if changed:
                    self._tell()
                return
        raise StoreUnavailable("The mailbox cannot be read")

    def read(self, key: str) -> bytes:
        """A message's content; raises `MessageGone`, `StoreUnavailable`."""
        octets = None
        for _ in range(2):
            try:
                octets = self._reach(key, self._octets)
                break
            except FileNotFoundError:  # the whole folder is elsewhere
                self.poll()
            except OSError as error:
                raise StoreUnavailable("The message cannot be read") from error
        if octets is None:
            raise MessageGone("The message is gone")
        return from_disk(octets)

    # What follows is for those who copy; they hold the account's lock.

    def lend(self, uids: Iterable[int]) -> list[Message]:
        """Those of the messages that are here; raises `NoSuchMailbox`."""
        self._begin()
        return self._present(uids)

    def carry(self, transfer: Callable[[str, str], None], message: Message, to: str) -> bool:
        """Let a message's file be another's; say whether it was there."""

        def from_place(place: str) -> bool:
            transfer(self.file(place), to)
            return True

        return self._reach(key_of(message), from_place) or False

    def check_taking(self, flag_sets: Iterable[frozenset[str]]) -> None:
        """Raises `NoSuchMailbox`, and `LimitReached` for messages with these flags."""
        self._begin()
        self._check_keywords(flag_sets)

    def take(self, messages: Sequence[Message], carry: Carry, changes: Changes) -> Copied:
        """Have messages of another folder, whose files `carry` brings; those gone are left out."""
        self.check_taking({message.flags for message in messages})
        arrivals = [self.receive(message, new_key(), carry) for message in messages]
        return self.enter([arrival for arrival in arrivals if arrival is not None], changes)

    def receive(self, message: Message, key: str, carry: Carry) -> Arrival | None:
        """Have a message's file, which `carry` brings, before it is a message here."""
        place = f"cur/{name_for(key, message.flags)}"
        if not carry(message, self.file(place)):
            return None
        return Arrival(
            copied_from=message.uid,
            key=key,
            place=place,
            content=MaildirFile(self._itself, key, message.size),
            flags=message.flags,
            internal_date=message.internal_date,
            line=draft(key, message.size, *dated(message.internal_date), sorted(message.flags)),
        )

    def enter(self, arrivals: Sequence[Arrival], changes: Changes) -> Copied:
        """Let what was received be messages here, all at once."""
        if not arrivals:
            return Copied(self.uid_validity, [])
        first, modseq = self._index.uid_next, self._index.highest_modseq + 1
        touched = self._touched(changes)
        self._journal.append_drafts([one.line for one in arrivals], first, modseq, touched)
        self._add_all(arrivals, first, modseq)
        self._apply(touched)
        self._tell()
        pairs = [(one.copied_from, uid) for uid, one in enumerate(arrivals, first)]
        return Copied(self.uid_validity, pairs)

    def discard(self, arrival: Arrival, changes: Changes) -> None:
        """Remove the file of what is not to be a message."""
        self._places.setdefault(arrival.key, arrival.place)
        self._reach(arrival.key, partial(self._remove, changes))
        self._places.pop(arrival.key, None)

    def touch(self, changes: Changes) -> None:
        """Spare everybody a look at files that are no messages yet, or none any more."""
        touched = self._touched(changes)
        if touched:
            self._journal.append(touched)
            self._apply(touched)

    def clear(self) -> None:
        """Remove what copies have left whose process was killed."""
        for mark in left_behind(self._path):
            self.sync()
            places = listed(self._path)
            for key in of_copy(mark, places):
                if key not in self._uids:
                    os.unlink(self.file(places[key]))
            unmark(self._path, mark)

    def relocate(self, name: str, path: Path) -> None:
        """Be where the mailbox has been moved to."""
        self.name = name
        self._journal.folder = path
        self._path = self._scan.folder = str(path)

    def vanish(self) -> None:
        """Mark the mailbox as deleted, and tell the sessions that have selected it."""
        self.removed = True
        self._tell()

    def _begin(self) -> None:
        """Make sure that the operation begins with how things are."""
        self.sync()
        self._check_there()

    def _rename(self, changes: Changes, key: str, flags: frozenset[str], place: str) -> bool:
        """Let a file's name tell the flags."""
        to = f"cur/{name_for(key, flags, split(place)[1])}"
        if to != place:
            changes.rename(self.file(place), self.file(to))
            self._places[key] = to
        return True

    def _remove(self, changes: Changes, place: str) -> bool:
        changes.remove(self.file(place))
        return True

    def _octets(self, place: str) -> bytes:
        with open(self.file(place), "rb") as file:
            return file.read()

    def file(self, place: str) -> str:
        return f"{self._path}/{place}"

    def _reach(self, key: str, action: Callable[[str], T]) -> T | None:
        """Do something to a message's file, wherever it is by now; `None` when it is gone.

        Raises `FileNotFoundError` when the folder is.
        """
        for _ in range(3):
            place = self._places.get(key)
            if place is None:
                return None
            try:
                return action(place)
            except FileNotFoundError:
                self._places = listed(self._path)
        return None

    def _is_current(self) -> bool:
        """Whether nobody has done anything; a folder that cannot be looked at is not current."""
        try:
            return (
                self._gate.edition() == self._edition
                and self._journal.is_read()
                and self._scan.is_current()
            )
        except OSError:
            return False

    def _read_journal(self, edition: int) -> bool:
        """Take in what other processes wrote; say whether there was anything."""
        if edition == self._edition and self._journal.is_read():
            return False
        records, anew = self._journal.read()
        if anew and isinstance(records[0], Begun) and records[0].uid_validity != self.uid_validity:
            raise FileNotFoundError(self._path)
        self._apply(records)
        if anew:
            self._index.order()
            self._contents = {key: self._contents[key] for key in self._uids}
            self._scan.forget()
        return bool(records)

    def _look(self) -> bool:
        """Take in what other programs did to the files; say whether there was anything."""
        if self._scan.is_current():
            return False
        known = {key: self._index.get(uid) for key, uid in self._uids.items()}
        found = self._scan.update(known, self._index.uid_next, self._index.highest_modseq + 1)
        self._places = found.places
        if found.records:
            self._journal.append(found.records)
            self._apply(found.records)
        return bool(found.records)

    def _write_removed(self, messages: Sequence[Message], changes: Changes) -> None:
        if messages:
            self._write([Removed([message.uid for message in messages])], changes)

    def _write(self, records: Sequence[Record], changes: Changes) -> None:
        """Write down what was done, take it in, and tell the listeners."""
        if not records:
            return
        records = [*records, *self._touched(changes)]
        self._journal.append(records)
        self._apply(records)
        if self._journal.lines > 2 * len(self._index) + SPARE_LINES:
            self._gate.amend()
            self._journal.write(self._whole())
        self._tell()

    def _touched(self, changes: Changes) -> list[Touched]:
        """What tells others that these changes to the files are none that they do not know of."""
        if changes and changes.quick:
            return [Touched(modified(self.file("cur")))]
        return []
