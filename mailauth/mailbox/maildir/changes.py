"""The changes that one operation makes to files, undone if the operation fails."""

import errno
import os
import shutil
import time
from types import TracebackType

_NO_LINK = (errno.EPERM, errno.EMLINK, errno.ENOTSUP)
QUICK = 20_000_000  # nanoseconds


class Changes:
    """A context in which changes to files are made; they are undone in reverse if it raises."""

    def __init__(self) -> None:
        self._undo: list[tuple[str, str | None]] = []  # the current path, and the previous one
        self._started = time.monotonic_ns()
        self._left: list[str] = []  # the paths of files renamed or removed

    def __enter__(self) -> "Changes":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            return
        for now, before in reversed(self._undo):
            if before is not None:
                os.rename(now, before)
            elif os.path.exists(now):
                os.unlink(now)

    def __bool__(self) -> bool:
        return bool(self._undo or self._left)

    def took_from(self, directory: str) -> bool:
        """Whether files in a directory were renamed or removed."""
        inside = f"{directory}/"
        return any(path.startswith(inside) for path in self._left)

    @property
    def quick(self) -> bool:
        """Whether it was so quick that other programs are unlikely to have interfered."""
        return time.monotonic_ns() - self._started < QUICK

    def write(self, draft: str, file: str, octets: bytes, date: float) -> None:
        """Write a file and its date atomically, by way of a draft elsewhere."""
        self._undo.append((draft, None))
        with open(draft, "wb", buffering=0) as written:
            if written.write(octets) < len(octets):
                raise OSError(errno.ENOSPC, "No space left for the message")
        os.utime(draft, (date, date))
        os.rename(draft, file)
        self._undo.append((file, None))

    def link(self, file: str, copy: str) -> None:
        """Link a file to a new name, or copy it if links are not supported."""
        try:
            os.link(file, copy)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            shutil.copy2(file, copy)
        self._undo.append((copy, None))

    def remove(self, file: str) -> None:
        """Remove a file; this cannot be undone."""
        os.unlink(file)
        self._left.append(file)

    def rename(self, file: str, to: str) -> None:
        """Rename a file."""
        os.rename(file, to)
        self._undo.append((to, file))
        self._left.append(file)
