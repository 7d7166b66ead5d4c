"""The failures of each address, in memory that all processes of a server share.

A table without pointers, like a processor's cache: an address has its place in one set of a few
slots, and when a set is full, the one gives way that has been quiet for longest. So a flood of
addresses costs no more than the table, and nobody can aim at a slot: places depend on a secret.

Writers take turns; readers do not wait for them. A writer that is stopped in its turn is not waited
for either: that a count may be short by one then is better than a login that hangs. A slot counts
when its first cell is set, which a writer does last, so that a killed one leaves a slot as it was,
or empty.
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
_CELLS = 5  # of a slot: whether it counts, the block's two halves, failures, last attempt
_KEY_CELLS = 4
_HEADER_CELLS = 1 + _KEY_CELLS  # how many slots count, never too few; the secret
_SIZE = 8 * (_HEADER_CELLS + SETS * SLOTS * _CELLS)

_IPV4 = 0xFFFF << 32  # IPv4-mapped (RFC 4291 §2.5.5.2)
_MICROSECONDS = 1_000_000


class SharedCounts(Counts):
    """The counts behind an inherited descriptor; `lock` is the file that all lock."""

    def __init__(self, descriptor: int, lock: Path) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _SIZE)
        self._cells = memoryview(self._memory).cast("Q")
        self._key = bytes(self._memory[8 : 8 * _HEADER_CELLS])
        self.lock = ProcessLock(lock)

    @classmethod
    def create(cls, lock: Path) -> "SharedCounts":
        """Make an empty table; its descriptor is for workers to inherit."""
        descriptor = shared_memory("mailauth-failures", _SIZE)
        os.pwrite(descriptor, secrets.token_bytes(8 * _KEY_CELLS), 8)
        return cls(descriptor, lock)

    def close(self) -> None:
        """Detach; the memory goes with the last who is attached."""
        self._cells.release()
        self._memory.close()
        self.lock.close()
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        with contextlib.suppress(LockHeld):  # by one that is stopped, and so does not count
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
            if self._holds(cell, *halves):  # still: it has not given way meanwhile
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
        """Return where the slots begin in which a block can be."""
        digest = hmac.digest(self._key, b"%d %d" % (high, low), "sha256")
        first = _HEADER_CELLS + int.from_bytes(digest[:4], "big") % SETS * SLOTS * _CELLS
        return range(first, first + SLOTS * _CELLS, _CELLS)


def _halves(block: str) -> tuple[int, int]:
    """Return a block in two cells; raises `KeyError` for what is none."""
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
