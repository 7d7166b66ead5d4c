"""One log file, appended to in whole lines, and the directory that one server holds for life."""

import errno
import fcntl
import os
from pathlib import Path
from typing import NamedTuple

from twisted.logger import Logger

log = Logger()

FILE_MODE = 0o640
_BLOCK = 65536


class Identity(NamedTuple):
    """What tells a file from every other that is open: its device and inode."""

    device: int
    inode: int


class DirectoryInUse(OSError):
    """Another server holds the log directory; the message is for the operator."""


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
        self.path.mkdir(parents=True, exist_ok=True)

    def release(self) -> None:
        """Let another server have it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class LogFile:
    """One log file. `length` is how much of it is committed, always whole lines.

    Methods raise `OSError` when the system does not let them.
    """

    __slots__ = ("_descriptor", "identity", "length", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.identity = Identity(0, 0)
        self.length = 0
        self._descriptor = -1

    def open(self) -> None:
        """Open the file that stands at the path, made if need be; a torn last line is cut off."""
        descriptor = os.open(
            self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE_MODE
        )
        try:
            status = os.fstat(descriptor)
            length = _end_of_last_line(descriptor, status.st_size)
            if length < status.st_size:
                os.ftruncate(descriptor, length)
                log.warn(
                    "{path}: a torn line of {octets} octets was cut off",
                    path=str(self.path),
                    octets=status.st_size - length,
                )
        except OSError:
            os.close(descriptor)
            raise
        self.close()
        self._descriptor = descriptor
        self.identity = Identity(status.st_dev, status.st_ino)
        self.length = length

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @property
    def replaced(self) -> bool:
        """Whether another file, or none, stands at the path."""
        try:
            status = self.path.stat()
        except OSError:
            return True
        return (status.st_dev, status.st_ino) != self.identity

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
                    "{path}: {octets} octets that were not committed were cut off",
                    path=str(self.path),
                    octets=status.st_size - self.length,
                )
            else:
                log.warn("{path}: somebody truncated it", path=str(self.path))
                self.length = _end_of_last_line(self._descriptor, status.st_size)
                os.ftruncate(self._descriptor, self.length)
        return status.st_nlink > 0

    def append(self, data: bytes) -> None:
        """Write `data` in one piece; it is committed only when `length` has been advanced."""
        written = os.write(self._descriptor, data)
        if written != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def cut_back(self) -> None:
        """Cut what was appended and not committed."""
        os.ftruncate(self._descriptor, self.length)


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
