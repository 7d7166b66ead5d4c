"""A COPY of many messages into a folder, some at a time, of which nothing is seen before the end.

Its files come into `cur` at once, under keys that begin with the name of a mark (`marks`). All
become messages with the lines that the journal gets at the end.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from mailauth.mailbox.maildir import marks
from mailauth.mailbox.maildir.arrival import Arrival
from mailauth.mailbox.maildir.changes import Changes
from mailauth.mailbox.maildir.files import new_key
from mailauth.mailbox.maildir.gate import Gate
from mailauth.mailbox.maildir.replica import Replica
from mailauth.mailbox.maildir.usage import Usage
from mailauth.mailbox.message import Message
from mailauth.mailbox.store import Copied

UNDONE_AT_ONCE = 500  # files


class Source(Protocol):
    """The mailbox that is copied from. The account's lock is held."""

    replica: Replica

    def lend(self, uids: Iterable[int]) -> list[Message]:
        """Return those of the messages that exist; raises `NoSuchMailbox`."""


class Target(Protocol):
    """The mailbox that is copied to. The account's lock is held."""

    removed: bool
    replica: Replica

    def sync(self) -> None:
        """Take in what others did, and tell the listeners."""

    def check_taking(self, flag_sets: Iterable[frozenset[str]]) -> None:
        """Raises `NoSuchMailbox`, and `LimitReached` for messages with these flags."""

    def enter(self, arrivals: Sequence[Arrival], changes: Changes) -> Copied:
        """Let what was received be messages here, all at once."""


class MaildirCopying:
    """A copy of many; see `store.Copying`.

    What came to nothing is given to `abandon`, to be undone later and in turns.
    """

    def __init__(
        self,
        gate: Gate,
        usage: Usage,
        source: Source,
        target: Target,
        abandon: Callable[["MaildirCopying"], None],
    ) -> None:
        self._gate = gate
        self._usage = usage
        self._abandon = abandon
        self._source = source
        self._target = target
        self._arrivals: list[Arrival] = []
        self._flag_sets: set[frozenset[str]] = set()
        self._key = new_key()
        self._mark: int | None = None  # the open file
        self._files = 0

    def add(self, uids: Iterable[int]) -> None:
        with self._gate.lock():
            messages = self._source.lend(uids)
            self._flag_sets.update(message.flags for message in messages)
            self._target.check_taking(self._flag_sets)
            self._usage.check([message.size for message in messages])
            if self._mark is None:
                self._mark = marks.marked(self._target.replica.path_of(marks.PREFIX + self._key))
            with Changes() as changes:
                carry = partial(self._source.replica.carry, changes.link)
                arrivals = []
                for message in messages:
                    self._files += 1
                    key = f"{self._key}-{self._files}"
                    arrival = self._target.replica.receive(message, key, carry)
                    if arrival is not None:
                        arrivals.append(arrival)
                self._target.replica.write([], changes)
            self._arrivals += arrivals
            self._reserve(arrivals, 1)

    def commit(self) -> Copied:
        with self._gate.lock(), Changes() as changes:
            self._target.check_taking(self._flag_sets)
            self._usage.check([])  # other processes may have taken the room
            copied = self._target.enter(self._arrivals, changes)
            arrivals, self._arrivals = self._arrivals, []
            self._reserve(arrivals, -1)
            self._usage.count(sum([arrival.file.size for arrival in arrivals]))
        return copied

    def close(self) -> None:
        if self._mark is not None:
            self._abandon(self)

    def undo(self) -> bool:
        """Remove what came to nothing, some files at a time; say whether that is all.

        The account's lock is held.
        """
        assert self._mark is not None
        self._target.sync()
        there = not self._target.removed
        some = self._arrivals[-UNDONE_AT_ONCE:] if there else self._arrivals
        if there:
            with Changes() as changes:
                for arrival in some:
                    self._target.replica.discard(arrival, changes)
                self._target.replica.write([], changes)
        self._reserve(some, -1)
        self._arrivals = self._arrivals[: len(self._arrivals) - len(some)]
        if self._arrivals:
            return False
        if there:
            with suppress(FileNotFoundError):
                os.unlink(self._target.replica.path_of(marks.PREFIX + self._key))
        os.close(self._mark)
        self._mark = None
        return True

    def _reserve(self, arrivals: Sequence[Arrival], sign: int) -> None:
        """Take room for these messages or, with -1, give it back."""
        sizes = [arrival.file.size for arrival in arrivals]
        self._usage.reserve(sign * len(sizes), sign * sum(sizes))
