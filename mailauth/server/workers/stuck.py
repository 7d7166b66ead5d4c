"""Finds locks that a worker does not release because it was stopped, or hangs in the system.

A lock is held for microseconds. If it is held at several looks in a row, without any progress in
between, its holder does not run.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
from twisted.logger import Logger

from mailauth.home.file_lock import ProcessLock

LOOK_SECONDS = 0.25
HELD_LOOKS = 5  # then the holder is killed, well within two seconds

log = Logger()


class _Seen(msgspec.Struct):
    """What was seen of a held lock: its holder, the progress, and at how many looks."""

    holder: int | None = None
    progress: int = 0
    looks: int = 0


class StuckLocks:
    """Checks the locks that workers share. `workers` returns their process ids; `end` kills one.

    `progress` returns a number that changes as long as any process can use a lock. Looks are
    counted, not seconds, so that nothing happens if all processes were stopped for a while.
    """

    def __init__(
        self,
        locks: Iterable[ProcessLock],
        progress: Callable[[], int],
        workers: Callable[[], Sequence[int]],
        end: Callable[[int, str], None],
    ) -> None:
        self._seen = {lock: _Seen() for lock in locks}
        self._progress = progress
        self._workers = workers
        self._end = end

    def look(self) -> None:
        """Try each lock, and kill a worker that has held one for too long."""
        for lock, seen in self._seen.items():
            if not lock.is_held_by_another():
                seen.looks = 0
                continue
            now = _Seen(lock.holder(self._workers()), self._progress())
            if (now.holder, now.progress) != (seen.holder, seen.progress):
                seen.holder, seen.progress, seen.looks = now.holder, now.progress, 0
            seen.looks += 1
            if seen.looks == HELD_LOOKS:
                self._free(lock, seen.holder)

    def _free(self, lock: ProcessLock, holder: int | None) -> None:
        why = f"does not release {lock.path.name}"
        if holder is not None:
            self._end(holder, why)
        elif Path("/proc/self/fdinfo").exists():
            log.critical("{lock} is held by a process of another program", lock=lock.path)
        else:
            for worker in self._workers():
                self._end(worker, f"or another {why}")
