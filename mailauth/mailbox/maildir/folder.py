"""One mailbox in a Maildir: the operations on its files, beside what its `Replica` knows.

Every operation takes the account's lock, takes in what others did, changes files, records what was
done, and takes that in. A message comes into `cur` at once, and the journal says that it is new:
`new` is for what other programs deliver. A crash leaves files that the journal does not agree with;
they are treated as the work of another program.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from mailauth.mailbox.contents import ReadableMailbox
from mailauth.mailbox.errors import MessageGone, StoreUnavailable
from mailauth.mailbox.maildir.arrival import Arrival, Carry, key_of
from mailauth.mailbox.maildir.changes import Changes
from mailauth.mailbox.maildir.copying import MaildirCopying
from mailauth.mailbox.maildir.files import from_disk, name_for, new_key, to_disk
from mailauth.mailbox.maildir.gate import Gate
from mailauth.mailbox.maildir.journal import (
    Added,
    Begun,
    Claimed,
    Flagged,
    Record,
    Removed,
)
from mailauth.mailbox.maildir.marks import left_behind
from mailauth.mailbox.maildir.replica import Replica, dated
from mailauth.mailbox.maildir.usage import Usage
from mailauth.mailbox.message import FlagChange, Message, NewMessage, with_crlf
from mailauth.mailbox.store import Copied, Copying, Limits, Stored


class Account(Protocol):
    """The account that a mailbox is in. Its lock is held."""

    def mailbox(self, name: str) -> "MaildirMailbox":
        """Return another mailbox of it; raises `NoSuchMailbox`."""

    def identify(self, doubted: "MaildirMailbox | None" = None) -> None:
        """Find the folders, and match them to mailboxes."""

    def abandon(self, copying: MaildirCopying) -> None:
        """Schedule the cleanup of an abandoned copy."""


class MaildirMailbox(ReadableMailbox):
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
        self.replica = Replica(path, begun, gate, limits, self)
        super().__init__(name, begun.uid_validity, begun.special_use, self.replica.contents)
        self._account = account
        self._gate = gate
        self._usage = usage

    def append(self, messages: Sequence[NewMessage]) -> list[int]:
        contents = [with_crlf(message.content) for message in messages]
        with self._changing() as changes:
            self._usage.check([len(content) for content in contents])
            self._contents.check_keywords(message.flags for message in messages)
            first, modseq = self.uid_next, self.highest_modseq + 1
            records: list[Record] = []
            for uid, (message, content) in enumerate(zip(messages, contents, strict=True), first):
                flags = self._contents.keywords.spelled(message.flags, learn=True)
                date, zone = dated(message.internal_date)
                key = new_key()
                draft = self.replica.path_of(f"tmp/{key}")
                file = self.replica.path_of(f"cur/{name_for(key, flags)}")
                changes.write(draft, file, to_disk(content), date)
                records.append(Added(uid, modseq, key, len(content), date, zone, sorted(flags)))
            self._write(records, changes)
            self._usage.count(sum(map(len, contents)))
        return list(range(first, first + len(messages)))

    def store(
        self, uids: Iterable[int], change: FlagChange, unchanged_since: int | None = None
    ) -> Stored:
        with self._changing() as changes:
            plan = self._contents.planned(uids, change, unchanged_since)
            modseq = self.highest_modseq + 1
            records: list[Record] = [
                Flagged(message.uid, modseq, sorted(flags))
                for message, flags in plan.changes
                if self.replica.rename(key_of(message), flags, changes)
            ]
            self._write(records, changes)
            return Stored(self._contents.present(plan.found), plan.modified, plan.before)

    def expunge(self, uids: Iterable[int], *, deleted: bool = False) -> list[int]:
        with self._changing() as changes:
            removed = self._contents.to_expunge(uids, deleted=deleted)
            for message in removed:
                self.replica.reach(key_of(message), changes.remove)
            self._write_removed(removed, changes)
            self._usage.update()
        return [message.uid for message in removed]

    def copy(self, uids: Iterable[int], target: str) -> Copied:
        with self._changing() as changes:
            into = self._account.mailbox(target)
            messages = self._contents.present(uids)
            self._usage.check([message.size for message in messages])
            copied = into.take(messages, partial(self.replica.carry, changes.link), changes)
            self._usage.update()
        return copied

    def copying(self, target: str) -> Copying:
        with self._changing():
            into = self._account.mailbox(target)
            return MaildirCopying(self._gate, self._usage, self, into, self._account.abandon)

    def move(self, uids: Iterable[int], target: str) -> Copied:
        with self._changing() as changes:
            into = self._account.mailbox(target)
            messages = self._contents.present(uids)
            copied = into.take(messages, partial(self.replica.carry, changes.rename), changes)
            self._write_removed(messages, changes)
        return copied

    def claim_recent(self, below: int) -> int:
        first = self._contents.index.recent_from
        if below > first:
            with self._gate.lock(), Changes() as changes:
                self.sync()
                first = self._contents.index.recent_from
                if below > first and not self.removed:
                    self._write([Claimed(below)], changes)
        return first

    def poll(self) -> None:
        if self.removed or self.replica.is_current():
            return
        with self._gate.lock():
            self.sync()

    def sync(self) -> None:
        """Take in what others did, and tell the listeners. The account's lock is held."""
        for _ in range(3):
            if self.removed:
                return
            try:
                changed = self.replica.follow()
            except FileNotFoundError:
                self._account.identify(doubted=self)
            else:
                if changed:
                    self._tell()
                return
        raise StoreUnavailable("The mailbox cannot be read")

    def read(self, key: str) -> bytes:
        """Return a message's content; raises `MessageGone`, `StoreUnavailable`."""
        octets = None
        for _ in range(2):
            try:
                octets = self.replica.reach(key, _octets)
                break
            except FileNotFoundError:  # the whole folder is elsewhere
                self.poll()
            except OSError as error:
                raise StoreUnavailable("The message cannot be read") from error
        if octets is None:
            raise MessageGone("The message is gone")
        return from_disk(octets)

    # What follows is for copies, in either direction. The account's lock is held.

    def lend(self, uids: Iterable[int]) -> list[Message]:
        """Return those of the messages that exist; raises `NoSuchMailbox`."""
        self._begin()
        return self._contents.present(uids)

    def check_taking(self, flag_sets: Iterable[frozenset[str]]) -> None:
        """Raises `NoSuchMailbox`, and `LimitReached` for messages with these flags."""
        self._begin()
        self._contents.check_keywords(flag_sets)

    def take(self, messages: Sequence[Message], carry: Carry, changes: Changes) -> Copied:
        """Add messages of another folder, whose files `carry` brings, except those gone."""
        self.check_taking({message.flags for message in messages})
        arrivals = [self.replica.receive(message, new_key(), carry) for message in messages]
        return self.enter([arrival for arrival in arrivals if arrival is not None], changes)

    def enter(self, arrivals: Sequence[Arrival], changes: Changes) -> Copied:
        """Let what was received be messages here, all at once."""
        first = self.uid_next
        if arrivals:
            self.replica.add(arrivals, changes)
            self._tell()
        pairs = [(one.message.uid, uid) for uid, one in enumerate(arrivals, first)]
        return Copied(self.uid_validity, pairs)

    def clear(self) -> None:
        """Remove the files of copies whose process was killed."""
        for mark in left_behind(self.replica.path):
            self.sync()
            self.replica.clear(mark)

    def relocate(self, name: str, path: Path) -> None:
        """Follow the folder to where it has been moved."""
        self.name = name
        self.replica.relocate(path)

    def vanish(self) -> None:
        """Mark the mailbox as deleted, and tell the sessions that have selected it."""
        self.removed = True
        self._tell()

    @contextmanager
    def _changing(self) -> Iterator[Changes]:
        """Hold the account's lock, begin with how things are, and undo changes on errors."""
        with self._gate.lock():
            self._begin()
            with Changes() as changes:
                yield changes

    def _begin(self) -> None:
        self.sync()
        self._check_there()

    def _write_removed(self, messages: Sequence[Message], changes: Changes) -> None:
        if messages:
            self._write([Removed([message.uid for message in messages])], changes)

    def _write(self, records: Sequence[Record], changes: Changes) -> None:
        """Record what was done, if anything, and tell the listeners."""
        if records:
            self.replica.write(records, changes)
            self._tell()


def _octets(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
