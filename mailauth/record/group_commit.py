"""`durability = "disk"`: records wait together for one fsync, and later ones for the next."""

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from mailauth.login.event import LoginEvent
from mailauth.record.files import Identity, LogFile
from mailauth.record.ledger import Ledger
from mailauth.wire.pending import Pending

_sync_data = getattr(os, "fdatasync", os.fsync)


class Threads(msgspec.Struct, frozen=True):
    """How work is passed to other threads, and how results come back to the reactor's.

    `callInThread` and `callFromThread` are Twisted's. fsync has its own thread, `sync`, since
    logins wait for it and must not wait for other work.
    """

    leave: Callable[[Callable[[], object]], object]
    enter: Callable[[Callable[[], object]], object]
    sync: Callable[[Callable[[], object]], object]


class _Group:
    """The records of one fsync, with duplicates of the descriptors of their files."""

    def __init__(self) -> None:
        self.waiting: list[tuple[LoginEvent, Pending[LoginEvent | None]]] = []
        self.descriptors: dict[Identity, int] = {}
        self.directory: Path | None = None
        self.error: OSError | None = None

    def need(self, file: LogFile) -> None:
        if file.identity not in self.descriptors:
            self.descriptors[file.identity] = file.duplicate()

    def sync(self) -> None:
        """Sync all files; called in a thread of its own."""
        try:
            for descriptor in self.descriptors.values():
                _sync_data(descriptor)
            if self.directory is not None:
                _sync_directory(self.directory)
        except OSError as error:
            self.error = self.error or error
        finally:
            self.close()

    def close(self) -> None:
        for descriptor in self.descriptors.values():
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self.descriptors.clear()


class GroupCommit:
    """Holds records until they are on disk.

    `ended` is called with the result for each group, and returns whether its logins may continue.
    """

    def __init__(
        self,
        ledger: Ledger,
        threads: Threads,
        ended: Callable[[Sequence[LoginEvent], OSError | None], bool],
    ) -> None:
        self._ledger = ledger
        self._threads = threads
        self._ended = ended
        self._syncing: _Group | None = None
        self._next = _Group()
        self._idle: list[Pending[None]] = []

    def hold(self, event: LoginEvent, files: Iterable[LogFile]) -> Pending[LoginEvent | None]:
        """Return the event when these files are on disk, or `None` if they cannot be synced."""
        group = self._next
        try:
            for file in files:
                group.need(file)
        except OSError as error:
            group.error = error
        pending: Pending[LoginEvent | None] = Pending()
        group.waiting.append((event, pending))
        if self._syncing is None:
            self._begin()
        return pending

    def drained(self) -> Pending[None]:
        """Return when no record waits any more."""
        idle: Pending[None] = Pending()
        if self._syncing is None:
            idle.resolve(None)
        else:
            self._idle.append(idle)
        return idle

    def _begin(self) -> None:
        group, self._next = self._next, _Group()
        self._syncing = group
        if not self._ledger.names_on_disk:
            group.directory = self._ledger.directory.path
            self._ledger.names_on_disk = True

        def work() -> None:
            group.sync()
            self._threads.enter(lambda: self._synced(group))

        self._threads.sync(work)

    def _synced(self, group: _Group) -> None:
        self._syncing = None
        if group.error is not None and group.directory is not None:
            self._ledger.names_on_disk = False
        if self._next.waiting:
            self._begin()
        admitted = self._ended([event for event, _ in group.waiting], group.error)
        for event, pending in group.waiting:
            pending.resolve(event if admitted else None)
        if self._syncing is None:
            idle, self._idle = self._idle, []
            for each in idle:
                each.resolve(None)


def _sync_directory(path: Path) -> None:
    for directory in (path, path.parent):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
