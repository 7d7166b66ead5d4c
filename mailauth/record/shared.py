"""What the workers of one server share of the record: a lock, and memory that says where it stands.

The state is kept twice, with a selector in front: a new state is written into the unused half and
takes effect by the store of one octet. A worker killed at any moment leaves the old state or the
new one, never a mixture.
"""

import mmap
import os
import struct
from pathlib import Path

from mailauth.home.file_lock import BRIEFLY, ProcessLock
from mailauth.home.shared_memory import shared_memory

RECORD_LOCK = "record.lock"  # in the home's state directory

# A worker has nothing else to do, and is worth waiting for: the parent ends who does not let go of
# the lock, before that (`server.workers.stuck`). The parent itself has to stay awake for it.
WORKERS_PATIENCE = 4.0

NUMBERS = 11  # what one state holds: unsigned 64-bit integers

_STATE = struct.Struct(f"={NUMBERS}Q")
_HALVES = (64, 64 + _STATE.size)
_SIZE = 4096


class SharedState:
    """Where the record stands, as `NUMBERS` integers, for whoever has the lock."""

    def __init__(self, descriptor: int, lock: Path, patience: float = WORKERS_PATIENCE) -> None:
        """Attach to the memory behind an inherited descriptor; `lock` is the file that all lock."""
        self.descriptor = descriptor
        self.lock = ProcessLock(lock, patience)
        self._memory = mmap.mmap(descriptor, _SIZE)
        self.acquire = self.lock.acquire
        self.release = self.lock.release

    @classmethod
    def create(cls, lock: Path) -> "SharedState":
        """Make the memory; its descriptor is for workers to inherit."""
        return cls(shared_memory("mailauth-record", _SIZE), lock, BRIEFLY)

    def load(self) -> tuple[int, ...]:
        """Return the state."""
        return _STATE.unpack_from(self._memory, _HALVES[self._memory[0]])

    def progress(self) -> int:
        """Return a number that changes whenever something is stored; nobody waits for the lock."""
        return hash((self._memory[0], *self.load()))

    def store(self, *numbers: int) -> None:
        """Replace the state."""
        unused = 1 - self._memory[0]
        _STATE.pack_into(self._memory, _HALVES[unused], *numbers)
        self._memory[0] = unused

    def close(self) -> None:
        """Detach; the memory goes with the last who is attached."""
        self._memory.close()
        self.lock.close()
        os.close(self.descriptor)
