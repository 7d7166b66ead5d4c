"""What a mailbox does that has its messages in a journal: take in what that says, and say it anew.

What it says of a message's file is where it should be; others may have given it another name.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import assert_never
from weakref import ReferenceType

from mailauth.mailbox.index import Index
from mailauth.mailbox.indexed import IndexedMailbox
from mailauth.mailbox.maildir.arrival import Arrival, Folder, MaildirFile, key_of
from mailauth.mailbox.maildir.files import name_for, split
from mailauth.mailbox.maildir.journal import (
    Added,
    Begun,
    Claimed,
    Flagged,
    Journal,
    Record,
    Removed,
    Touched,
    Vanished,
)
from mailauth.mailbox.maildir.scan import DirectoryScan, Listing
from mailauth.mailbox.message import Message
from mailauth.mailbox.store import Limits

MAX_FLAG_SETS = 256  # to be remembered as they are written


class JournaledMailbox(IndexedMailbox, ABC):
    """The part of a Maildir's mailbox that is in its journal."""

    def __init__(self, name: str, path: Path, begun: Begun, limits: Limits) -> None:
        super().__init__(name, begun.uid_validity, begun.special_use, limits)
        self._journal = Journal(path)
        self._begun = begun
        self._contents: dict[str, MaildirFile] = {}  # by key
        self._uids: dict[str, int] = {}  # by key
        self._places: Listing = {}  # by key: in which directory, under what name
        self._flag_sets: dict[tuple[str, ...], frozenset[str]] = {}  # as they are written
        self._scan = DirectoryScan(str(path))
        self._itself: ReferenceType[Folder] = ReferenceType(self)

    @abstractmethod
    def read(self, key: str) -> bytes:
        """A message's content; raises `MessageGone`, `StoreUnavailable`."""

    def _apply(self, records: Iterable[Record]) -> None:
        """Take in what the journal says."""
        for record in records:
            match record:
                case Added():
                    self._add(record)
                case Flagged(uid, modseq, flags):
                    self._flag(uid, modseq, self._keywords.spelled(flags, learn=True))
                case Removed(uids):
                    self._forget(self._index.remove(uids))
                case Vanished(modseq, uids):
                    self._index.remember(modseq, uids)
                case Claimed(recent_from):
                    self._index.recent_from = max(self._index.recent_from, recent_from)
                case Touched(at):
                    self._scan.touched(at)
                case Begun():
                    self._start(record)
                case _:
                    assert_never(record)

    def _start(self, begun: Begun) -> None:
        """Begin with nothing; contents that turn out to be the same stay the same."""
        self._begun = begun
        self._index = Index(self._limits.vanished, begun.uid_next, begun.highest_modseq)
        self._index.forgotten = begun.forgotten
        self._index.recent_from = begun.recent_from
        self._uids.clear()
        self._places.clear()

    def _add(self, added: Added) -> None:
        key = added.key
        content = self._contents.get(key)
        if content is None or content.size != added.size:
            content = self._contents[key] = MaildirFile(self._itself, key, added.size)
        written = tuple(added.flags)
        flags = self._flag_sets.get(written)
        if flags is None:
            if len(self._flag_sets) >= MAX_FLAG_SETS:
                self._flag_sets.clear()
            flags = self._flag_sets[written] = self._keywords.spelled(written, learn=True)
        date = datetime.fromtimestamp(added.date, _zone(added.zone))
        self._index.put(Message(added.uid, added.modseq, flags, date, content))
        self._uids[key] = added.uid
        self._places.setdefault(key, f"cur/{name_for(key, flags)}")

    def _add_all(self, arrivals: Sequence[Arrival], first: int, modseq: int) -> None:
        """Add what has been written down, with UIDs from `first` on; quicker than one by one."""
        learnt = self._learnt(arrival.flags for arrival in arrivals)
        self._index.extend(
            [
                Message(uid, modseq, learnt[one.flags], one.internal_date, one.content)
                for uid, one in enumerate(arrivals, first)
            ]
        )
        self._uids.update([(one.key, uid) for uid, one in enumerate(arrivals, first)])
        self._contents.update([(one.key, one.content) for one in arrivals])
        for one in arrivals:
            self._places.setdefault(one.key, one.place)

    def _flag(self, uid: int, modseq: int, flags: frozenset[str]) -> None:
        before = self._index.get(uid)
        if before is None:
            return
        self._index.put(Message(uid, modseq, flags, before.internal_date, before.content))
        key = key_of(before)
        letters = split(self._places.get(key, ""))[1]
        self._places[key] = f"cur/{name_for(key, flags, letters)}"

    def _forget(self, removed: Iterable[Message]) -> None:
        for message in removed:
            key = key_of(message)
            del self._uids[key]
            self._places.pop(key, None)
            self._contents.pop(key, None)

    def _whole(self) -> list[Record]:
        """The journal, written anew."""
        index = self._index
        self._begun = Begun(
            version=1,
            generation=self._begun.generation + 1,
            uid_validity=self.uid_validity,
            special_use=self.special_use,
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
    """A date in seconds since 1970 and its zone in minutes east."""
    offset = moment.utcoffset() or timedelta()
    return int(moment.timestamp() // 1), int(offset.total_seconds()) // 60


@lru_cache(maxsize=1_500)
def _zone(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes))
