"""One log file, to which whole lines are appended, and the directory, which one server locks."""

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
# What is not a regular file is refused. Until that is known, opening must not block (FIFO).
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_BLOCK = 65536


class Identity(NamedTuple):
    """The device and inode, which identify an open file."""

    device: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Identity":
        """Return the identity of a file from its status."""
        return cls(status.st_dev, status.st_ino)


class OpenFile(NamedTuple):
    """A log file opened for appending; it ends in a whole line."""

    descriptor: int
    identity: Identity
    length: int


class DirectoryInUse(OSError):
    """Another server uses the log directory; the message is for the operator."""


class NotALog(OSError):
    """The path of a log is not a regular file; the message is for the operator."""


class LogDirectory:
    """The directory of the logs, created if it is missing, and locked against a second server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def hold(self) -> None:
        """Lock the directory that is now at the path, unless it is already locked.

        Raises `DirectoryInUse`, and `OSError` if it cannot be created or opened.
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
        """Create the directory if it is missing."""
        made(self.path)

    def release(self) -> None:
        """Unlock the directory for another server."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class LogFile:
    """One log file. Its first `length` octets are committed, always whole lines.

    `is_whole` says whether a last line without a line ending is complete otherwise. Methods raise
    `OSError`.
    """

    __slots__ = ("_descriptor", "_is_whole", "identity", "length", "path")

    def __init__(self, path: Path, is_whole: Callable[[bytes], bool] = lambda _: False) -> None:
        self.path = path
        self._is_whole = is_whole
        self.identity = Identity(0, 0)
        self.length = 0
        self._descriptor = -1

    def opened(self) -> OpenFile:
        """Open the file that is now at the path, and remove an incomplete last line.

        A last line that lacks only its ending gets one: it was written by a program that ends a
        line when the next one begins. A missing file is created with the permissions of its
        predecessor. Raises `NotALog` if it is not a regular file; links are not followed.
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
        """Use this file from now on, and close the previous one."""
        self.close()
        self._descriptor, self.identity, self.length = opened

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def duplicate(self) -> int:
        """Return a duplicate of the file's descriptor."""
        return os.dup(self._descriptor)

    @property
    def replaced(self) -> bool:
        """Whether the path has another file or none."""
        try:
            status = self.path.lstat()
        except OSError:
            return True
        return Identity.of(status) != self.identity

    def reconcile(self) -> bool:
        """Adjust the file to the committed length; return whether it still has a name.

        Anything beyond that was not committed, and is removed. A shorter file was truncated by
        another program, which is accepted.
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
        """Append `data` in one write; it is committed only when `length` is advanced."""
        written = os.write(self._descriptor, data)
        if written != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def cut_back(self) -> None:
        """Remove what was appended and not committed."""
        os.ftruncate(self._descriptor, self.length)

    def _open_or_make(self) -> int:
        try:
            _check_kind(self.path, self.path.lstat())  # opening a device can have side effects
            return os.open(self.path, _FLAGS)
        except FileNotFoundError:
            descriptor = os.open(self.path, _FLAGS | os.O_CREAT, FILE_MODE)
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):  # only a convenience: the log is complete without it
                os.fchmod(descriptor, stat.S_IMODE(os.fstat(self._descriptor).st_mode))
        return descriptor

    def _mended(self, descriptor: int, end: int, size: int) -> int:
        """End the last line if it is whole, else remove it; return the new size."""
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
    """Return the offset after the last line feed before `size`, or 0."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        position = os.pread(descriptor, end - start, start).rfind(b"\n")
        if position >= 0:
            return start + position + 1
        end = start
    return 0
