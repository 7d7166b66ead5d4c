"""Following a log as it grows, across rotation, compression and truncation.

The file is checked regularly instead of waiting for the kernel's notification: this works on every
file system, and cannot miss a change.
"""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import BinaryIO, cast

from mailauth.record.archive import archived
from mailauth.report.packing import opened

BEGIN_OCTETS = 4 * 1024 * 1024
LINE_OCTETS = 65536  # octets kept of a longer line
_BLOCK = 1024 * 1024

_Age = tuple[date, int]


class Follower:
    """Reads the end of a log, at most `BEGIN_OCTETS`, and then what is appended.

    Methods raise `OSError` if the log cannot be read, and decompression errors if a rotated file is
    damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""
        self._older = self._archives()
        self._open()
        self._begin()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def poll(self) -> Iterator[bytes]:
        """Yield the new whole lines, without their endings."""
        if self._file is not None:
            if not self._is_replaced():
                yield from self._read_on()
                return
            yield from self._read_on()  # to the end: nobody writes to it any more
            missed = self._rotated_since(os.fstat(self._file.fileno()).st_ino)
            self.close()
            if self._rest:
                yield self._rest
                self._rest = b""
            for path in missed:
                with opened(path) as file:
                    yield from self._lines(file)
        self._older = self._archives()
        self._open()
        yield from self._read_on()

    def _open(self) -> None:
        try:
            self._file = cast(BinaryIO, self._path.open("rb", buffering=0))
        except FileNotFoundError:
            self._file = None

    def _begin(self) -> None:
        if self._file is not None:
            size = os.fstat(self._file.fileno()).st_size
            self._file.seek(max(0, size - BEGIN_OCTETS - 1))
            while size > BEGIN_OCTETS and self._file.read(1) not in (b"\n", b""):
                pass  # to the beginning of a line

    def _is_replaced(self) -> bool:
        """Whether the path has another file; while it has none, the old file may still grow."""
        assert self._file is not None, "a file is open"
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return False
        return not os.path.samestat(status, os.fstat(self._file.fileno()))

    def _read_on(self) -> Iterator[bytes]:
        if self._file is None:
            return
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            self._file.seek(0)  # truncated: its content is new
            self._rest = b""
        yield from self._lines(self._file)

    def _lines(self, file: BinaryIO) -> Iterator[bytes]:
        while block := file.read(_BLOCK):
            *lines, rest = (self._rest + block).split(b"\n")
            self._rest = rest[:LINE_OCTETS]
            for line in lines:
                yield line.removesuffix(b"\r")

    def _archives(self) -> dict[_Age, Path]:
        return {(older.day, older.number): older.path for older in archived(self._path)}

    def _rotated_since(self, inode: int) -> list[Path]:
        """Return the files that were rotated after the one that was read, and that one."""
        new = {age: path for age, path in self._archives().items() if age not in self._older}
        ages = sorted(new)
        ours = next((age for age in ages if new[age].stat().st_ino == inode), None)
        if ours is None and ages:
            ours = ages[0]  # it has been compressed
        return [new[age] for age in ages if ours is not None and age > ours]
