"""What processes share: memory without a name, and a lock that a killed process lets go of."""

import fcntl
import os
import tempfile
from pathlib import Path


def shared_memory(name: str, size: int) -> int:
    """Make zeroed memory of so many octets; return a descriptor for others to inherit."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(name)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.write(descriptor, bytes(size))  # all of it: a store must not need room later
    return descriptor


class ProcessLock:
    """A lock between processes, on a file. It is held for microseconds, by one thread of each."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Not inherited: processes that share an open file also share its lock.
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def acquire(self) -> None:
        """Take the lock, waiting for it."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def release(self) -> None:
        """Give the lock back; the end of a process does the same."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)
