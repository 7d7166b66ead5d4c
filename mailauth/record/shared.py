"""What the workers of one server share of the record: a lock, and the state in shared memory.

The state is stored twice, with a selector. A new state is written to the unused half and takes
effect when one octet, the selector, is stored. So a worker that is killed leaves the old state or
the new one, never a mixture.
"""

import mmap
import os
import struct
from pathlib import Path

from mailauth.home.file_lock import BRIEFLY, ProcessLock
from mailauth.home.shared_memory import shared_memory

RECORD_LOCK = "record.lock"  # in the home's state directory

# A worker can wait for long: before that, the parent ends the process that does not release the
# lock (`server.workers.stuck`). The parent itself must remain responsive for it.
WORKERS_PATIENCE = 4.0

NUMBERS = 11  # of one state: unsigned 64-bit integers

_STATE = struct.Struct(f"={NUMBERS}Q")
_HALVES = (64, 64 + _STATE.size)
_SIZE = 4096


class SharedState:
    """The state of the record as `NUMBERS` integers, for the holder of the lock."""

    def __init__(self, descriptor: int, lock: Path, patience: float = WORKERS_PATIENCE) -> None:
        """Attach to the memory of an inherited descriptor; `lock` is the file that all lock."""
        self.descriptor = descriptor
        self.lock = ProcessLock(lock, patience)
        self._memory = mmap.mmap(descriptor, _SIZE)
        self.acquire = self.lock.acquire
        self.release = self.lock.release

    @classmethod
    def create(cls, lock: Path) -> "SharedState":
        """Create the memory; workers inherit its descriptor."""
        return cls(shared_memory("mailauth-record", _SIZE), lock, BRIEFLY)

    def load(self) -> tuple[int, ...]:
        """Return the state."""
        return _STATE.unpack_from(self._memory, _HALVES[self._memory[0]])

    def progress(self) -> int:
        """Return a number that changes with every store; this needs no lock."""
        return hash((self._memory[0], *self.load()))

    def store(self, *numbers: int) -> None:
        """Replace the state."""
        unused = 1 - self._memory[0]
        _STATE.pack_into(self._memory, _HALVES[unused], *numbers)
        self._memory[0] = unused

    def close(self) -> None:
        """Detach; the memory is freed when all have detached."""
        self._memory.close()
        self.lock.close()
        os.close(self.descriptor)
