"""A log file that is followed through rotation: renamed, copied and truncated, or recreated.

The file is checked regularly. One that was replaced is read until it has not grown for a minute,
since its writer may notice the rotation late, and as long as nothing is written to the new one.
"""

import errno
import os
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
from twisted.logger import Logger

from mailauth.report.packing import DAMAGED, is_packed, opened
from mailauth.watch.cursor import Place, SourceCursor
from mailauth.watch.siblings import HEAD_OCTETS, Sibling, file_of, head_of, is_at, siblings
from mailauth.watch.source import LOOK_BACK_OCTETS, PIECE_OCTETS, Piece, Start, text_of

LATE_SECONDS = 60.0
_WAITING_FILES = 8  # that are kept open until something is written to the new one
TRIES = 10  # to open files that are being renamed
_FOREVER = 1 << 63  # nanoseconds

Now = Callable[[], float]

log = Logger()


class NotAFile(OSError):
    """The path is not a regular file; the message is for the operator."""


class Beginning(msgspec.Struct, frozen=True):
    """Where a piece begins: the number of its file, in the order of reading, and the offset."""

    number: int
    place: Place


class _Open:
    """One file that is being read.

    If it `is_complete`, it is compressed and no longer written. One that was `replaced_at` a time
    may still be written for a while.
    """

    def __init__(self, number: int, path: Path, offset: int, replaced_at: float | None) -> None:
        self.number = number
        self.path = path  # at which it was opened
        self.offset = offset
        self.replaced_at = replaced_at
        self._file = _regular(path)
        status = os.fstat(self._file.fileno())
        self.device, self.inode = status.st_dev, status.st_ino
        self.is_complete = is_packed(path)
        if self.is_complete:
            self._file.close()
            self._file = opened(path)
        self._at_end: tuple[int, int] | None = None  # its state when it was last read to its end
        self._is_skipping = False
        self._head = self._at(0, HEAD_OCTETS)

    @property
    def place(self) -> Place:
        """The place of the next line."""
        head = head_of(self._head) if self._head else ""
        return Place(self.device, self.inode, self.offset, len(self._head), head)

    def last_modified(self) -> int:
        """When it was last written, in nanoseconds."""
        return os.fstat(self._file.fileno()).st_mtime_ns

    def was_truncated(self) -> bool:
        """Return whether what was read is no longer there."""
        if self.is_complete:
            return False
        state = self._state()
        return state[0] < self.offset or (
            state != self._at_end and self._at(0, len(self._head)) != self._head
        )

    def begin_anew(self) -> None:
        """Continue at the beginning of a truncated file."""
        self.offset = 0
        self._head, self._at_end, self._is_skipping = self._at(0, HEAD_OCTETS), None, False

    def look_back(self) -> str:
        """Return the lines before the next one, up to a limit."""
        start = max(0, self.offset - LOOK_BACK_OCTETS)
        octets = self._at(start, self.offset - start)
        return text_of(octets.partition(b"\n")[2] if start else octets)

    def to_end(self) -> None:
        """Continue after the last whole line."""
        end = os.fstat(self._file.fileno()).st_size
        while end > 0:
            start = max(0, end - PIECE_OCTETS)
            whole = self._at(start, end - start).rfind(b"\n") + 1
            end = start + whole
            if whole:
                break
        self.offset = end

    def read(self) -> Piece[Beginning] | None:
        """Return the next whole lines, and at the end of a complete file the rest."""
        state = self._state()
        while self.is_complete or state != self._at_end:
            data = self._at(self.offset, PIECE_OCTETS)
            cut = data.rfind(b"\n") + 1
            if not cut and len(data) < PIECE_OCTETS:
                cut = len(data) if self.is_complete else 0
                if not cut:
                    self._at_end = state
                    return None
            beginning = Beginning(self.number, self.place)
            lines = data[:cut].partition(b"\n")[2] if self._is_skipping else data[:cut]
            self._is_skipping = not cut  # a line that is longer than a piece cannot be a login
            self.offset += cut or len(data)
            if len(self._head) < HEAD_OCTETS:
                self._head = self._at(0, HEAD_OCTETS)
            if lines:
                return Piece(text_of(lines), beginning)
        return None

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _state(self) -> tuple[int, int]:
        status = os.fstat(self._file.fileno())
        return status.st_size, status.st_mtime_ns

    def _at(self, offset: int, octets: int) -> bytes:
        self._file.seek(offset)
        read = b""
        while len(read) < octets and (block := self._file.read(octets - len(read))):
            read += block
        return read


class FollowedFile:
    """The source of one log file. It continues at its `cursor`, or else at `start`.

    `saved` is the time of the cursor, in seconds since 1970; `now` is a monotonic clock. Raises
    `OSError` for a file that cannot be opened.
    """

    def __init__(
        self, path: Path, start: Start, cursor: SourceCursor | None, saved: float, now: Now
    ) -> None:
        self.name = str(path)
        self._path = path
        self._now = now
        self._files: list[_Open] = []
        self._number = 0
        if cursor is not None:
            self._read_on(cursor.places, saved)
        elif self._open(path) and start is Start.END:
            self._files[0].to_end()
        self.modified = datetime.fromtimestamp(
            path.stat().st_mtime if path.exists() else time.time(), UTC
        )

    def look_back(self) -> str:
        """Return some lines from before the first that is read."""
        return self._files[0].look_back() if self._files else ""

    def read(self) -> Piece[Beginning] | None:
        """Return the next lines of the files in order."""
        for file in list(self._files):
            if file.was_truncated():
                self._begin_anew(file)
                return self.read()
            try:
                piece = file.read()
            except DAMAGED as error:
                self._tell_damaged(file.path, error)
                file.is_complete, piece = True, None
            if piece is not None:
                if file.replaced_at is not None:
                    file.replaced_at = self._now()
                return piece
            self._let_go(file)
        return self.read() if self._is_replaced() else None

    def cursor(self, undecided: Iterable[Beginning]) -> SourceCursor:
        """Return where to continue: at the first undecided piece of each file, else here."""
        places: dict[int, Place] = {}
        for beginning in undecided:
            places.setdefault(beginning.number, beginning.place)
        for file in self._files:
            places.setdefault(file.number, file.place)
        return SourceCursor(places=tuple(places[number] for number in sorted(places)))

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()
        self._files.clear()

    def _open(self, path: Path, offset: int = 0, sibling: Sibling | None = None) -> bool:
        """Open a file after the others; return whether it exists, and is still that sibling."""
        replaced_at = None if path == self._path else self._now()
        try:
            file = _Open(self._number, path, offset, replaced_at)
        except FileNotFoundError:
            return False
        except DAMAGED as error:
            self._tell_damaged(path, error)
            return True
        if sibling is not None and (file.device, file.inode) != (sibling.device, sibling.inode):
            file.close()
            return False
        self._number += 1
        self._files.append(file)
        return True

    def _tell_damaged(self, path: Path, error: Exception) -> None:
        log.warn(
            "{path} is damaged, so what follows in it is lost: {error}", path=str(path), error=error
        )

    def _read_on(self, places: Sequence[Place], saved: float) -> None:
        """Open the files of the cursor, those rotated after them, and the log."""
        paths: dict[Path, int] = {}
        for place in places:
            path = file_of(place, self._path)
            if path is not None:
                paths.setdefault(path, place.offset)  # two places may be in a copy and its original
        newest = max((path.stat().st_mtime_ns for path in paths), default=int(saved * 1e9))
        for path, offset in paths.items():
            self._open(path, offset)
        if not paths and any(place.offset for place in places):
            log.warn(
                "{path}: the file that was read last is not there any more; what was written to"
                " its end is lost",
                path=self.name,
            )
        if self._path not in paths:
            self._open_written(newest)
            self._open(self._path)

    def _open_written(self, since: int, until: int = _FOREVER) -> None:
        """Open unread older files of the log that were last written in this period."""
        for _ in range(TRIES):
            written = [
                sibling
                for sibling in siblings(self._path)
                if since <= sibling.modified <= until and not self._is_known(sibling)
            ]
            if all(self._open(each.path, sibling=each) for each in written):
                return
        raise OSError(errno.EBUSY, "is being rotated", self.name)

    def _is_known(self, sibling: Sibling) -> bool:
        return any(
            (file.device, file.inode) == (sibling.device, sibling.inode)
            or is_at(file.place, sibling.path)
            for file in self._files
        )

    def _begin_anew(self, file: _Open) -> None:
        """Read the rest of a truncated file from its copy, if there is one, and then the file."""
        place, before = file.place, len(self._files)
        file.begin_anew()
        try:
            for copy in reversed(siblings(self._path)):
                if is_at(place, copy.path) and self._open(copy.path, place.offset, copy):
                    self._open_written(copy.modified, file.last_modified())
                    break
        finally:
            index, copies = self._files.index(file), self._files[before:]
            self._files[:] = [*self._files[:index], *copies, *self._files[index:before]]
            file.number = self._number
            self._number += 1

    def _is_replaced(self) -> bool:
        """Check whether the log was rotated, and open the new files."""
        current = self._files[-1] if self._files else None
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return False  # a new one will come; until then the old one may grow
        if current is None:
            return self._open(self._path)
        if (current.device, current.inode) == (status.st_dev, status.st_ino):
            return False
        before = len(self._files)
        try:
            self._open_written(current.last_modified())
            self._open(self._path)
        except OSError:
            for file in self._files[before:]:  # they are opened again with the log
                file.close()
            del self._files[before:]
            raise
        current.replaced_at = self._now()
        return len(self._files) > before

    def _let_go(self, file: _Open) -> None:
        """Close a file that was read to its end and is no longer written."""
        if file.is_complete:
            self._files.remove(file)
            file.close()
        elif (
            file.replaced_at is not None
            and self._now() - file.replaced_at > LATE_SECONDS
            and (self._files[-1].offset > 0 or len(self._files) > _WAITING_FILES)
        ):
            file.is_complete = True  # a last line without an ending counts


def _regular(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotAFile(f"{path} is not a regular file, so it cannot be followed")
    return os.fdopen(descriptor, "rb", buffering=0)
