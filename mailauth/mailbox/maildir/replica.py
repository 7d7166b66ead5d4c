"""What this process knows of a folder, and how it follows what others change there.

The journal has the messages; files are where it says, unless other programs have renamed them. All
but `is_current` and `reach` need the lock of the account.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TypeVar, assert_never
from weakref import ReferenceType

import msgspec

from mailauth.mailbox.contents import Contents
from mailauth.mailbox.index import Index
from mailauth.mailbox.maildir.arrival import Arrival, Carry, Folder, MaildirFile, key_of
from mailauth.mailbox.maildir.changes import Changes
from mailauth.mailbox.maildir.files import name_for, split
from mailauth.mailbox.maildir.gate import Gate
from mailauth.mailbox.maildir.journal import (
    Added,
    Begun,
    BrokenJournal,
    Claimed,
    Flagged,
    Journal,
    Record,
    Removed,
    Touched,
    Vanished,
    draft,
)
from mailauth.mailbox.maildir.marks import of_copy, unmark
from mailauth.mailbox.maildir.scan import DirectoryScan, Listing, listed, modified
from mailauth.mailbox.message import Message
from mailauth.mailbox.store import Limits

SPARE_LINES = 1_000  # of a journal, before it is rewritten
MAX_FLAG_SETS = 256  # to be remembered as they are written

T = TypeVar("T")


class Replica:
    """The contents of a folder, kept equal to its journal and its files.

    `reader` reads the contents of its messages.
    """

    def __init__(
        self, path: Path, begun: Begun, gate: Gate, limits: Limits, reader: Folder
    ) -> None:
        self.contents = Contents(limits)
        self._begun = begun
        self._gate = gate
        self._reader = ReferenceType(reader)
        self._journal = Journal(path)
        self._scan = DirectoryScan(str(path))
        self.path = str(path)
        self._edition = -1  # of the account, when the journal was last known to be the same file
        self._files: dict[str, MaildirFile] = {}  # by key
        self._uids: dict[str, int] = {}  # by key
        self._places: Listing = {}  # by key: in which directory, under what name
        self._flag_sets: dict[tuple[str, ...], frozenset[str]] = {}  # as they are written

    def is_current(self) -> bool:
        """Whether nobody has changed anything; false for a folder that cannot be read."""
        try:
            return (
                self._gate.edition() == self._edition
                and self._journal.is_read()
                and self._scan.is_current()
            )
        except OSError:
            return False

    def follow(self) -> bool:
        """Take in what others did, and return whether there was anything.

        Raises `FileNotFoundError` when the folder or its journal is another; an invalid journal is
        renamed out of the way.
        """
        edition = self._gate.edition()
        try:
            changed = self._read_journal(edition)
        except BrokenJournal as error:
            self._journal.set_aside()
            raise FileNotFoundError(self.path) from error
        self._edition = edition
        return self._list_files() or changed

    def write(self, records: Sequence[Record], changes: Changes) -> None:
        """Record what was done, and that nobody need list the folder for these changes to files."""
        records = [*records, *self._touched(changes)]
        if not records:
            return
        self._journal.append(records)
        self._apply(records)
        if self._journal.lines > 2 * len(self.contents.index) + SPARE_LINES:
            self._gate.amend()
            self._journal.write(self._whole())

    def add(self, arrivals: Sequence[Arrival], changes: Changes) -> None:
        """Let copies be messages, with UIDs from `uid_next` on; quicker than one by one."""
        index = self.contents.index
        lines, touched = [one.line for one in arrivals], self._touched(changes)
        self._journal.append_drafts(lines, index.uid_next, index.highest_modseq + 1, touched)
        uids = self.contents.add([one.message for one in arrivals])
        for uid, one in zip(uids, arrivals, strict=True):
            self._uids[one.file.key] = uid
            self._files[one.file.key] = one.file
            self._places.setdefault(one.file.key, one.place)
        self._apply(touched)

    def path_of(self, place: str) -> str:
        """Return the path of a place in the folder."""
        return f"{self.path}/{place}"

    def reach(self, key: str, action: Callable[[str], T]) -> T | None:
        """Do something to the path of a message's file, wherever it is; `None` when it is gone.

        Raises `FileNotFoundError` when the folder is gone.
        """
        for _ in range(3):
            place = self._places.get(key)
            if place is None:
                return None
            try:
                return action(self.path_of(place))
            except FileNotFoundError:
                self._places = listed(self.path)
        return None

    def rename(self, key: str, flags: frozenset[str], changes: Changes) -> bool:
        """Let the name of a message's file show the flags; return whether there is a file."""

        def show(path: str) -> bool:
            place = f"cur/{name_for(key, flags, split(self._places[key])[1])}"
            to = self.path_of(place)
            if to != path:
                changes.rename(path, to)
                self._places[key] = place
            return True

        return self.reach(key, show) or False

    def carry(self, transfer: Callable[[str, str], None], message: Message, to: str) -> bool:
        """Transfer a message's file to a path; return whether it existed."""

        def from_path(path: str) -> bool:
            transfer(path, to)
            return True

        return self.reach(key_of(message), from_path) or False

    def receive(self, message: Message, key: str, carry: Carry) -> Arrival | None:
        """Receive a message's file, which `carry` brings, before it is a message here."""
        place = f"cur/{name_for(key, message.flags)}"
        if not carry(message, self.path_of(place)):
            return None
        file = MaildirFile(self._reader, key, message.size)
        flags, date = message.flags, message.internal_date
        return Arrival(
            message=Message(message.uid, message.modseq, flags, date, file),
            file=file,
            place=place,
            line=draft(key, file.size, *dated(date), sorted(flags)),
        )

    def discard(self, arrival: Arrival, changes: Changes) -> None:
        """Remove the file of a copy that will not become a message."""
        key = arrival.file.key
        self._places.setdefault(key, arrival.place)
        self.reach(key, changes.remove)
        self._places.pop(key, None)

    def clear(self, mark: str) -> None:
        """Remove the files of a copy whose process was killed. Call `follow` before."""
        places = listed(self.path)
        for key in of_copy(mark, places):
            if key not in self._uids:
                os.unlink(self.path_of(places[key]))
        unmark(self.path, mark)

    def relocate(self, path: Path) -> None:
        """Follow the folder to where it has been moved."""
        self._journal.folder = path
        self.path = self._scan.folder = str(path)

    def _read_journal(self, edition: int) -> bool:
        """Take in what other processes wrote; return whether there was anything."""
        if edition == self._edition and self._journal.is_read():
            return False
        records, anew = self._journal.read()
        validity = self._begun.uid_validity
        if anew and isinstance(records[0], Begun) and records[0].uid_validity != validity:
            raise FileNotFoundError(self.path)
        self._apply(records)
        if anew:
            self.contents.index.order()
            self._files = {key: self._files[key] for key in self._uids}
            self._scan.forget()
        return bool(records)

    def _list_files(self) -> bool:
        """Take in what other programs did to the files; return whether there was anything."""
        if self._scan.is_current():
            return False
        index = self.contents.index
        known = {key: index.get(uid) for key, uid in self._uids.items()}
        found = self._scan.update(known, index.uid_next, index.highest_modseq + 1)
        self._places = found.places
        if found.records:
            self._journal.append(found.records)
            self._apply(found.records)
        return bool(found.records)

    def _touched(self, changes: Changes) -> list[Touched]:
        """Return what tells everybody that they know of these changes already."""
        if not changes:
            return []
        cur, new = self.path_of("cur"), self.path_of("new")
        doubtful = not changes.quick or changes.took_from(new)
        return [Touched(modified(cur), modified(new) if doubtful else 0)]

    def _apply(self, records: Iterable[Record]) -> None:
        """Take in what the journal says."""
        index, keywords = self.contents.index, self.contents.keywords
        for record in records:
            match record:
                case Added():
                    self._add(record)
                case Flagged(uid, modseq, flags):
                    self._flag(uid, modseq, keywords.spelled(flags, learn=True))
                case Removed(uids):
                    self._forget(index.remove(uids))
                case Vanished(modseq, uids):
                    index.remember(modseq, uids)
                case Claimed(recent_from):
                    index.recent_from = max(index.recent_from, recent_from)
                case Touched(cur, new):
                    self._scan.touched(cur, new)
                case Begun():
                    index = self._start(record)
                case _:
                    assert_never(record)

    def _start(self, begun: Begun) -> Index:
        """Begin with no messages; files that turn out to be the same stay the same."""
        self._begun = begun
        self._uids.clear()
        self._places.clear()
        index = self.contents.restart(begun.uid_next, begun.highest_modseq)
        index.forgotten = begun.forgotten
        index.recent_from = begun.recent_from
        return index

    def _add(self, added: Added) -> None:
        key = added.key
        content = self._files.get(key)
        if content is None or content.size != added.size:
            content = self._files[key] = MaildirFile(self._reader, key, added.size)
        written = tuple(added.flags)
        flags = self._flag_sets.get(written)
        if flags is None:
            if len(self._flag_sets) >= MAX_FLAG_SETS:
                self._flag_sets.clear()
            flags = self.contents.keywords.spelled(written, learn=True)
            self._flag_sets[written] = flags
        date = datetime.fromtimestamp(added.date, _zone(added.zone))
        self.contents.index.put(Message(added.uid, added.modseq, flags, date, content))
        self._uids[key] = added.uid
        self._places.setdefault(key, f"cur/{name_for(key, flags)}")

    def _flag(self, uid: int, modseq: int, flags: frozenset[str]) -> None:
        index = self.contents.index
        before = index.get(uid)
        if before is None:
            return
        index.put(Message(uid, modseq, flags, before.internal_date, before.content))
        key = key_of(before)
        letters = split(self._places.get(key, ""))[1]
        self._places[key] = f"cur/{name_for(key, flags, letters)}"

    def _forget(self, removed: Iterable[Message]) -> None:
        for message in removed:
            key = key_of(message)
            del self._uids[key]
            self._places.pop(key, None)
            self._files.pop(key, None)

    def _whole(self) -> list[Record]:
        """Return the records of a rewritten journal."""
        index = self.contents.index
        self._begun = msgspec.structs.replace(
            self._begun,
            generation=self._begun.generation + 1,
            uid_next=index.uid_next,
            highest_modseq=index.highest_modseq,
            recent_from=index.recent_from,
            forgotten=index.forgotten,
        )
        vanished = [
            Vanished(modseq, [uid for _, uid in removed])
            for modseq, removed in groupby(index.vanished(), key=lambda one: one[0])
        ]
        added = [
            Added(
                message.uid,
                message.modseq,
                key_of(message),
                message.size,
                *dated(message.internal_date),
                sorted(message.flags),
            )
            for message in index.messages()
        ]
        return [self._begun, *vanished, *added]


def dated(moment: datetime) -> tuple[int, int]:
    """Return a date in seconds since 1970 and its zone in minutes east."""
    offset = moment.utcoffset() or timedelta()
    return int(moment.timestamp() // 1), int(offset.total_seconds()) // 60


@lru_cache(maxsize=1_500)
def _zone(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes))
