"""Following the journal, in the process that publishes what all processes recorded.

Only committed records are read. They are published in the order of their numbers, whichever process
wrote them.
"""

import os
from collections.abc import Callable, Iterable

from twisted.logger import Logger

from mailauth.home.file_lock import LockHeld
from mailauth.login.event import LoginEvent
from mailauth.record.alarms import Alarms
from mailauth.record.files import Identity
from mailauth.record.journal import JournalError, decode
from mailauth.record.ledger import Ledger
from mailauth.record.sinks import Sinks

NOT_READ = "The journal cannot be read"

Missed = Callable[[int, int], Iterable[LoginEvent]]  # records after one number, up to another

log = Logger()


class Follower:
    """Reads what is recorded from now on, and publishes it to its sinks.

    If the journal was rotated more than once, or truncated, since the last look, `missed` reads the
    remaining records from the files.
    """

    def __init__(self, ledger: Ledger, missed: Missed, alarms: Alarms) -> None:
        self.sinks = Sinks()
        self._ledger = ledger
        self._missed = missed
        self._alarms = alarms
        self._is_reading = False
        self._descriptor = -1
        self._identity: Identity | None = None
        with ledger:
            self._seq = ledger.seq
            self._position = ledger.journal.length
            self._turn_to_current()

    def close(self) -> None:
        """Close the journal."""
        os.close(self._descriptor)

    def catch_up(self) -> None:
        """Publish what was recorded since the last call."""
        if self._is_reading:
            return  # called by a sink
        self._is_reading = True
        try:
            for event in self._news():
                self.sinks.publish(event)
        except LockHeld:
            return  # `workers.stuck` deals with the holder; the records are read later
        except OSError as error:
            self._alarms.raise_(NOT_READ, error)
        else:
            self._alarms.clear(NOT_READ)
        finally:
            self._is_reading = False

    def _news(self) -> list[LoginEvent]:
        with self._ledger as ledger:
            newest, end = ledger.seq, ledger.journal.length
            if newest <= self._seq:
                return []
            read = b""
            if ledger.journal.identity != self._identity:
                read = self._rest()
                self._turn_to_current()
                self._position = 0
        read += os.pread(self._descriptor, max(0, end - self._position), self._position)
        self._position = end
        news = [event for event in _decoded(read) if self._seq < event.seq <= newest]
        if len(news) != newest - self._seq:
            news = list(self._missed(self._seq, newest))
        self._seq = newest
        return news

    def _rest(self) -> bytes:
        """Read to the end of a file that is no longer written."""
        size = os.fstat(self._descriptor).st_size
        return os.pread(self._descriptor, max(0, size - self._position), self._position)

    def _turn_to_current(self) -> None:
        descriptor = self._ledger.journal.duplicate()
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = descriptor
        self._identity = self._ledger.journal.identity


def _decoded(records: bytes) -> Iterable[LoginEvent]:
    for record in records.split(b"\n"):
        try:
            yield decode(record)
        except JournalError:
            continue  # not one of our records, or its beginning was truncated
