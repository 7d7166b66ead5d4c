"""A COPY of many messages into a folder, some at a time, of which nothing is seen before the end.

Its files come into `cur` at once, under keys that begin with the name of a mark, which is a file
in the folder. While that is there, such a file is no message unless the journal says so: all become
messages with the lines that the journal gets at the end. Who copies holds the mark locked, so that
what a process that was killed has left is known for what it is.
"""

import fcntl
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from mailauth.mailbox.maildir.changes import Changes
from mailauth.mailbox.maildir.files import new_key
from mailauth.mailbox.store import Copied

if TYPE_CHECKING:
    from mailauth.mailbox.maildir.account import MaildirAccount
    from mailauth.mailbox.maildir.folder import MaildirMailbox
    from mailauth.mailbox.maildir.journaled import Arrival

UNDONE_AT_ONCE = 500  # files

_MARK = "mailauth-copying-"


class MaildirCopying:
    """A copy of many; see `store.Copying`.

    What is undone is undone by the account, later and in turns.
    """

    def __init__(
        self, account: "MaildirAccount", source: "MaildirMailbox", target: "MaildirMailbox"
    ) -> None:
        self._account = account
        self._source = source
        self._target = target
        self._arrivals: list[Arrival] = []
        self._flag_sets: set[frozenset[str]] = set()
        self._key = new_key()
        self._mark: int | None = None  # the open file
        self._files = 0

    def add(self, uids: Iterable[int]) -> None:
        with self._account.lock():
            messages = self._source.lend(uids)
            self._flag_sets.update(message.flags for message in messages)
            self._target.check_taking(self._flag_sets)
            self._account.check_sizes([message.size for message in messages])
            if self._mark is None:
                self._mark = _marked(self._target.file(_MARK + self._key))
            with Changes() as changes:
                carry = partial(self._source.carry, changes.link)
                arrivals = []
                for message in messages:
                    self._files += 1
                    key = f"{self._key}-{self._files}"
                    arrival = self._target.receive(message, key, carry)
                    if arrival is not None:
                        arrivals.append(arrival)
                self._target.touch(changes)
            self._arrivals += arrivals
            self._reserve(arrivals, 1)

    def commit(self) -> Copied:
        with self._account.lock(), Changes() as changes:
            self._target.check_taking(self._flag_sets)
            self._account.check_sizes([])  # other processes may have taken the room
            copied = self._target.enter(self._arrivals, changes)
            arrivals, self._arrivals = self._arrivals, []
            self._reserve(arrivals, -1)
            self._account.count(sum([arrival.content.size for arrival in arrivals]))
        return copied

    def close(self) -> None:
        if self._mark is not None:
            self._account.abandon(self)

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
                    self._target.discard(arrival, changes)
                self._target.touch(changes)
        self._reserve(some, -1)
        self._arrivals = self._arrivals[: len(self._arrivals) - len(some)]
        if self._arrivals:
            return False
        if there:
            with suppress(FileNotFoundError):
                os.unlink(self._target.file(_MARK + self._key))
        os.close(self._mark)
        self._mark = None
        return True

    def _reserve(self, arrivals: Sequence["Arrival"], sign: int) -> None:
        """Take room for these messages or, with -1, give it back."""
        sizes = [arrival.content.size for arrival in arrivals]
        self._account.reserve(sign * len(sizes), sign * sum(sizes))


def without_copies(folder: str, keys: list[str]) -> list[str]:
    """Those of the keys, which the journal has not, that are not of an unfinished copy."""
    marks = _marks(folder) if keys else []
    if not marks:
        return keys
    return [key for key in keys if key.rpartition("-")[0] not in marks]


def left_behind(folder: str) -> list[str]:
    """The marks of copies whose process is no more. The account's lock is held."""
    return [mark for mark in _marks(folder) if _is_free(f"{folder}/{_MARK}{mark}")]


def of_copy(mark: str, keys: Iterable[str]) -> list[str]:
    """The keys of one copy's files."""
    return [key for key in keys if key.rpartition("-")[0] == mark]


def unmark(folder: str, mark: str) -> None:
    """Let the files of a copy be files like others."""
    os.unlink(f"{folder}/{_MARK}{mark}")


def _marks(folder: str) -> list[str]:
    return [name[len(_MARK) :] for name in os.listdir(folder) if name.startswith(_MARK)]


def _marked(file: str) -> int:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _is_free(file: str) -> bool:
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
