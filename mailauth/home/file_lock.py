"""Locks on files, between processes: a killed process lets go of them, and nobody waits for ever.

flock(2) knows no deadline, so a lock is tried again and again; where it is free, once.
"""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from mailauth.home.directories import PRIVATE, made

BRIEFLY = 0.02  # seconds: thousands of times as long as a lock is held
_TURNS = 10  # given to others before a wait is slept through
_NAPS = (0.00005, 0.001)  # the first and the longest

_let_others_run: Callable[[], object] = getattr(os, "sched_yield", lambda: None)


class LockHeld(OSError):
    """Another process has the lock, and does not let go of it in time."""


def take(descriptor: int, patience: float) -> None:
    """Lock an open file, waiting for so many seconds at most; raises `LockHeld`.

    It takes turns with the others, then sleeps more and more.
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
            time.sleep(nap)  # noqa: TID251 (the kernel wakes nobody who may stop waiting)
            nap = min(1.05 * nap, _NAPS[1])


def holders(file: os.stat_result, processes: Iterable[int]) -> Iterator[int]:
    """Say which of these processes have locked a file, where Linux tells it.

    It tells it of each open file (proc_pid_fdinfo(5)).
    """
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
            continue  # it has ended, closed what was looked at, or is somebody else's


class ProcessLock:
    """A lock between processes, on a file. It is held for microseconds, by one thread of each.

    Nobody waits for it for longer than `patience` in seconds: a process may be stopped while it has
    the lock. Whoever has waited in vain does not wait for long again, until the lock was free.
    """

    def __init__(self, path: Path, patience: float = BRIEFLY) -> None:
        made(path.parent, PRIVATE)
        self.path = path
        # Not inherited: processes that share an open file also share its lock.
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._patience = patience
        self._in_vain = False

    def acquire(self) -> None:
        """Take the lock, waiting for it; raises `LockHeld`."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait()
        if self._in_vain:
            self._in_vain = False

    def release(self) -> None:
        """Give the lock back; the end of a process does the same."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def is_held_by_another(self) -> bool:
        """Say whether another process has had it all the time that we would wait for it."""
        try:
            self.acquire()
        except LockHeld:
            return True
        self.release()
        return False

    def holder(self, processes: Iterable[int]) -> int | None:
        """Say which of these has the lock; `None` for none of them, or where that is not told."""
        return next(holders(os.fstat(self._descriptor), processes), None)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _wait(self) -> None:
        try:
            take(self._descriptor, self._patience / (100 if self._in_vain else 1))
        except LockHeld as error:
            self._in_vain = True
            raise LockHeld(error.errno, error.strerror, str(self.path)) from None
