"""One log file, appended to in whole lines, and the directory that one server holds for life."""

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from twisted.logger import Logger

from mailauth.home.directories import made

log = Logger()

FILE_MODE = 0o640
# What is not a regular file is refused; until that is known, opening it must not wait (FIFO).
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_BLOCK = 65536


class Identity(NamedTuple):
    """What tells a file from every other that is open: its device and inode."""

    device: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Identity":
        """Return the identity of a file by its status."""
        return cls(status.st_dev, status.st_ino)


class OpenFile(NamedTuple):
    """A log file opened for appending, ending in a whole line."""

    descriptor: int
    identity: Identity
    length: int


class DirectoryInUse(OSError):
    """Another server holds the log directory; the message is for the operator."""


class NotALog(OSError):
    """What stands at a log's path is not a regular file; the message is for the operator."""


class LogDirectory:
    """The directory of the logs, made where it is missing, and locked against a second server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def hold(self) -> None:
        """Take the directory that stands at the path now, unless it is held already.

        Raises `DirectoryInUse`, and `OSError` where it cannot be made or opened.
        """
        self.make()
        if self._descriptor is not None and os.path.samestat(
            os.fstat(self._descriptor), self.path.stat()
        ):
            return
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EAGAIN, errno.EACCES):
                raise DirectoryInUse(f"{self.path}: another server writes its logs here") from None
            raise
        self.release()
        self._descriptor = descriptor

    def make(self) -> None:
        """Make the directory where it is missing."""
        made(self.path)

    def release(self) -> None:
        """Let another server have it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class LogFile:
    """One log file. `length` is how much of it is committed, always whole lines.

    `is_whole` says whether a last line that has no ending lacks nothing else. Methods raise
    `OSError` when the system does not let them.
    """

    __slots__ = ("_descriptor", "_is_whole", "identity", "length", "path")

    def __init__(self, path: Path, is_whole: Callable[[bytes], bool] = lambda _: False) -> None:
        self.path = path
        self._is_whole = is_whole
        self.identity = Identity(0, 0)
        self.length = 0
        self._descriptor = -1

    def opened(self) -> OpenFile:
        """Open the file that stands at the path now; a torn last line is cut off it.

        A last line that only lacks its ending gets one: another program has written it, and ends
        its lines when the next one comes. A missing file is made, with the permissions of the one
        before it. Raises `NotALog` for what is not a regular file: a link is not followed.
        """
        descriptor = self._open_or_make()
        try:
            status = os.fstat(descriptor)
            _check_kind(self.path, status)
            length = _end_of_last_line(descriptor, status.st_size)
            if length < status.st_size:
                length = self._mended(descriptor, length, status.st_size)
        except OSError:
            os.close(descriptor)
            raise
        return OpenFile(descriptor, Identity.of(status), length)

    def use(self, opened: OpenFile) -> None:
        """Go on with this file, and close the one before it."""
        self.close()
        self._descriptor, self.identity, self.length = opened

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def duplicate(self) -> int:
        """Return a descriptor of one's own for the file."""
        return os.dup(self._descriptor)

    @property
    def replaced(self) -> bool:
        """Whether another file, or none, stands at the path."""
        try:
            status = self.path.lstat()
        except OSError:
            return True
        return Identity.of(status) != self.identity

    def settle(self) -> bool:
        """Make the file as long as what is committed; say whether it still has a name.

        What lies beyond was not committed and is cut; a shorter file was truncated by somebody
        and is accepted.
        """
        status = os.fstat(self._descriptor)
        if status.st_size != self.length:
            if status.st_size > self.length:
                os.ftruncate(self._descriptor, self.length)
                log.warn(
                    "{path}: {octets} octets that were not committed were removed",
                    path=str(self.path),
                    octets=status.st_size - self.length,
                )
            else:
                log.warn("{path}: another program truncated the file", path=str(self.path))
                length = _end_of_last_line(self._descriptor, status.st_size)
                os.ftruncate(self._descriptor, length)
                self.length = length
        return status.st_nlink > 0

    def append(self, data: bytes) -> None:
        """Write `data` in one piece; it is committed only when `length` has been advanced."""
        written = os.write(self._descriptor, data)
        if written != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def cut_back(self) -> None:
        """Cut what was appended and not committed."""
        os.ftruncate(self._descriptor, self.length)

    def _open_or_make(self) -> int:
        try:
            _check_kind(self.path, self.path.lstat())  # to open a device may be more than to look
            return os.open(self.path, _FLAGS)
        except FileNotFoundError:
            descriptor = os.open(self.path, _FLAGS | os.O_CREAT, FILE_MODE)
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):  # a courtesy: the log is no worse without it
                os.fchmod(descriptor, stat.S_IMODE(os.fstat(self._descriptor).st_mode))
        return descriptor

    def _mended(self, descriptor: int, end: int, size: int) -> int:
        """End the last line if it is whole, cut it off if it is torn; return where it ends then."""
        rest = os.pread(descriptor, size - end, end) if size - end <= _BLOCK else b""
        if rest and self._is_whole(rest):
            if os.write(descriptor, b"\n") != 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            log.warn("{path}: the last line had no line ending; it was added", path=str(self.path))
            return size + 1
        os.ftruncate(descriptor, end)
        log.warn(
            "{path}: an incomplete line of {octets} octets was removed",
            path=str(self.path),
            octets=size - end,
        )
        return end


_KINDS = (
    (stat.S_ISLNK, "a symbolic link, which is not followed"),
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


def _check_kind(path: Path, status: os.stat_result) -> None:
    for is_kind, kind in _KINDS:
        if is_kind(status.st_mode):
            raise NotALog(f"{path} is {kind}: a log must be a regular file")


def _end_of_last_line(descriptor: int, size: int) -> int:
    """Return where the last line feed before `size` ends, 0 where there is none."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        position = os.pread(descriptor, end - start, start).rfind(b"\n")
        if position >= 0:
            return start + position + 1
        end = start
    return 0
