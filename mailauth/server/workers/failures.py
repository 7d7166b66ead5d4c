"""The failures of each address, in memory shared by all processes of a server.

The table has no pointers and works like a processor's cache. A secret hash assigns each address to
a set of eight slots. If its set is full, a new address replaces the one whose last attempt is the
oldest. So a flood of addresses needs no more memory than the table, and an attacker cannot choose a
slot.

Writers lock the table, and readers do not. A writer does not wait for a lock that is held too long
(by a stopped process) but continues without it: a count that may be one too low is better than a
login that hangs. A writer marks a slot as used last, so if it is killed, the slot is unchanged or
empty.
"""

import contextlib
import hmac
import mmap
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from mailauth.home.file_lock import LockHeld, ProcessLock
from mailauth.home.shared_memory import shared_memory
from mailauth.login.blocking import IPV6_PREFIX, Count, Counts

FAILURES_LOCK = "failures.lock"  # in the home's state directory

SETS = 8192
SLOTS = 8  # of a set
_CELLS = 5  # of a slot: whether it is used, two halves of the block, failures, last attempt
_KEY_CELLS = 4
_HEADER_CELLS = 1 + _KEY_CELLS  # an upper bound of the used slots; the secret
_SIZE = 8 * (_HEADER_CELLS + SETS * SLOTS * _CELLS)

_IPV4 = 0xFFFF << 32  # IPv4-mapped (RFC 4291 §2.5.5.2)
_MICROSECONDS = 1_000_000


class SharedCounts(Counts):
    """The counts in the memory of an inherited descriptor; `lock` is the file that all lock."""

    def __init__(self, descriptor: int, lock: Path) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _SIZE)
        self._cells = memoryview(self._memory).cast("Q")
        self._key = bytes(self._memory[8 : 8 * _HEADER_CELLS])
        self.lock = ProcessLock(lock)

    @classmethod
    def create(cls, lock: Path) -> "SharedCounts":
        """Create an empty table; workers inherit its descriptor."""
        descriptor = shared_memory("mailauth-failures", _SIZE)
        os.pwrite(descriptor, secrets.token_bytes(8 * _KEY_CELLS), 8)
        return cls(descriptor, lock)

    def close(self) -> None:
        """Detach; the memory is freed when all have detached."""
        self._cells.release()
        self._memory.close()
        self.lock.close()
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        with contextlib.suppress(LockHeld):  # a stopped process holds it, so continue without it
            self.lock.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.lock.release()

    def __len__(self) -> int:
        return self._cells[0]

    def __iter__(self) -> Iterator[str]:
        if self._cells[0]:
            for slot, counts in enumerate(self._cells[_HEADER_CELLS::_CELLS]):
                if counts:
                    cell = _HEADER_CELLS + slot * _CELLS
                    yield _written(self._cells[cell + 1], self._cells[cell + 2])

    def __getitem__(self, block: str) -> Count:
        halves = _halves(block)
        cell = self._find(*halves)
        if cell is not None:
            count = Count(self._cells[cell + 3], self._cells[cell + 4] / _MICROSECONDS)
            if self._holds(cell, *halves):  # check again: another process may have replaced it
                return count
        raise KeyError(block)

    def __setitem__(self, block: str, count: Count) -> None:
        halves = _halves(block)
        last_attempt = int(count.last_attempt * _MICROSECONDS)
        cell = self._find(*halves)
        if cell is None:
            cell = self._make_room(*halves)
            self._cells[0] += 1
            self._cells[cell + 1], self._cells[cell + 2] = halves
            self._cells[cell + 3] = count.failures
            self._cells[cell + 4] = last_attempt
            self._cells[cell] = 1
        else:
            self._cells[cell + 4] = last_attempt
            self._cells[cell + 3] = count.failures

    def __delitem__(self, block: str) -> None:
        cell = self._find(*_halves(block))
        if cell is None:
            raise KeyError(block)
        self._empty(cell)

    def _find(self, high: int, low: int) -> int | None:
        for cell in self._slots(high, low):
            if self._holds(cell, high, low):
                return cell
        return None

    def _holds(self, cell: int, high: int, low: int) -> bool:
        cells = self._cells
        return cells[cell] == 1 and cells[cell + 1] == high and cells[cell + 2] == low

    def _make_room(self, high: int, low: int) -> int:
        slots = self._slots(high, low)
        cell = min(slots, key=lambda cell: (self._cells[cell], self._cells[cell + 4]))
        if self._cells[cell]:
            self._empty(cell)
        return cell

    def _empty(self, cell: int) -> None:
        self._cells[cell] = 0
        self._cells[0] -= 1

    def _slots(self, high: int, low: int) -> range:
        """Return the first cells of the slots in which a block can be."""
        digest = hmac.digest(self._key, b"%d %d" % (high, low), "sha256")
        first = _HEADER_CELLS + int.from_bytes(digest[:4], "big") % SETS * SLOTS * _CELLS
        return range(first, first + SLOTS * _CELLS, _CELLS)


def _halves(block: str) -> tuple[int, int]:
    """Return a block as two cells. Raises `KeyError` if it is not valid."""
    address, _, prefix = block.partition("/")
    try:
        if not prefix and ":" not in address:
            return 0, _IPV4 | int.from_bytes(socket.inet_pton(socket.AF_INET, address), "big")
        if prefix == str(IPV6_PREFIX):
            octets = socket.inet_pton(socket.AF_INET6, address)
            return int.from_bytes(octets[:8], "big"), 0
    except OSError:
        pass
    raise KeyError(block)


def _written(high: int, low: int) -> str:
    if low:
        return socket.inet_ntop(socket.AF_INET, (low & 0xFFFFFFFF).to_bytes(4, "big"))
    address = socket.inet_ntop(socket.AF_INET6, high.to_bytes(8, "big") + bytes(8))
    return f"{address}/{IPV6_PREFIX}"
