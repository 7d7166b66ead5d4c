"""File locks between processes. The kernel releases the locks of a killed process.

flock(2) has no timeout, so a lock that is held is tried again until a deadline.
"""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from mailauth.home.directories import PRIVATE, made

BRIEFLY = 0.02  # seconds; a lock is held for a few microseconds
_TURNS = 10  # times that the CPU is yielded before sleeping
_NAPS = (0.00005, 0.001)  # seconds: the first and the longest

_let_others_run: Callable[[], object] = getattr(os, "sched_yield", lambda: None)


class LockHeld(OSError):
    """Another process holds the lock and did not release it in time."""


def take(descriptor: int, patience: float) -> None:
    """Lock an open file within this many seconds; raises `LockHeld`.

    It first yields the CPU, then sleeps for growing intervals.
    """
    deadline = time.monotonic() + patience
    turns, nap = _TURNS, _NAPS[0]
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise LockHeld(errno.EWOULDBLOCK, "Another process holds the lock") from None
        else:
            return
        if turns:
            turns -= 1
            _let_others_run()
        else:
            time.sleep(nap)  # noqa: TID251 (flock has no timeout)
            nap = min(1.05 * nap, _NAPS[1])


def holders(file: os.stat_result, processes: Iterable[int]) -> Iterator[int]:
    """Yield those of the processes that have locked a file (Linux only, proc_pid_fdinfo(5))."""
    for process in processes:
        directory = Path(f"/proc/{process}")
        try:
            descriptors = sorted((directory / "fd").iterdir(), key=lambda each: int(each.name))
            for each in descriptors:
                if os.path.samestat(each.stat(), file):
                    if "lock:" in (directory / "fdinfo" / each.name).read_text():
                        yield process
                    break
        except OSError:
            continue  # it has ended, has closed the file, or belongs to another user


class ProcessLock:
    """A file lock between processes, held for microseconds and by one thread of each process.

    A wait lasts at most `patience` seconds, because a process may be stopped while it holds the
    lock. After an unsuccessful wait, further waits are much shorter until the lock was free once.
    """

    def __init__(self, path: Path, patience: float = BRIEFLY) -> None:
        made(path.parent, PRIVATE)
        self.path = path
        # Not inherited: processes that share an open file also share its lock.
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._patience = patience
        self._in_vain = False

    def acquire(self) -> None:
        """Take the lock, waiting if necessary; raises `LockHeld`."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait()
        if self._in_vain:
            self._in_vain = False

    def release(self) -> None:
        """Release the lock, as the end of the process does."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def is_held_by_another(self) -> bool:
        """Return whether another process held the lock for as long as we would wait."""
        try:
            self.acquire()
        except LockHeld:
            return True
        self.release()
        return False

    def holder(self, processes: Iterable[int]) -> int | None:
        """Return which of these processes holds the lock; `None` if none, or if it is unknown."""
        return next(holders(os.fstat(self._descriptor), processes), None)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _wait(self) -> None:
        try:
            take(self._descriptor, self._patience / (100 if self._in_vain else 1))
        except LockHeld as error:
            self._in_vain = True
            raise LockHeld(error.errno, error.strerror, str(self.path)) from None
