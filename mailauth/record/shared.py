"""What the workers of one server share of the record: a lock, and memory that says where it stands.

The state is kept twice, with a selector in front: a new state is written into the unused half and
takes effect by the store of one octet. A worker killed at any moment leaves the old state or the
new one, never a mixture.
"""

import fcntl
import mmap
import os
import struct
import tempfile
from pathlib import Path

NUMBERS = 11  # what one state holds: unsigned 64-bit integers

_STATE = struct.Struct(f"={NUMBERS}Q")
_HALVES = (64, 64 + _STATE.size)
_SIZE = 4096


class SharedState:
    """Where the record stands, as `NUMBERS` integers, for whoever has the lock."""

    def __init__(self, descriptor: int, lock: Path) -> None:
        """Attach to the memory behind an inherited descriptor; `lock` is the file that all lock."""
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _SIZE)
        # Not inherited: processes that share an open file also share its lock.
        self._lock = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @classmethod
    def create(cls, lock: Path) -> "SharedState":
        """Make the memory; its descriptor is for workers to inherit."""
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(_anonymous_memory(), lock)

    def acquire(self) -> None:
        """Take the lock, waiting for it; it is held for microseconds."""
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def release(self) -> None:
        """Give the lock back; the end of a process does the same."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def load(self) -> tuple[int, ...]:
        """Return the state."""
        return _STATE.unpack_from(self._memory, _HALVES[self._memory[0]])

    def store(self, *numbers: int) -> None:
        """Replace the state."""
        unused = 1 - self._memory[0]
        _STATE.pack_into(self._memory, _HALVES[unused], *numbers)
        self._memory[0] = unused

    def close(self) -> None:
        """Detach; the memory goes with the last who is attached."""
        self._memory.close()
        os.close(self._lock)
        os.close(self.descriptor)


def _anonymous_memory() -> int:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("mailauth-record")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.write(
        descriptor, bytes(_SIZE)
    )  # not sparse: a store into memory must not need room on a disk
    return descriptor
