"""What one operation does to files: made undone when the operation fails."""

import errno
import os
import shutil
import time
from pathlib import Path
from types import TracebackType

_NO_LINK = (errno.EPERM, errno.EMLINK, errno.ENOTSUP)
QUICK = 20_000_000  # nanoseconds


class Changes:
    """Changes to files, undone in reverse when the block they are made in raises."""

    def __init__(self) -> None:
        self._undo: list[tuple[Path, Path | None]] = []  # what is there now, and where it was
        self._started = time.monotonic_ns()

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
            if before is None:
                now.unlink(missing_ok=True)
            else:
                now.rename(before)

    @property
    def quick(self) -> bool:
        """Whether it all took so little time that nobody else will have done anything meanwhile."""
        return time.monotonic_ns() - self._started < QUICK

    def write(self, draft: Path, file: Path, octets: bytes, date: float) -> None:
        """Write a file with its date, by way of a draft elsewhere, so that it is there whole."""
        self._undo.append((draft, None))
        draft.write_bytes(octets)
        os.utime(draft, (date, date))
        draft.rename(file)
        self._undo.append((file, None))

    def link(self, file: Path, copy: Path) -> None:
        """Let a file have one more name or, where there are no links, a copy."""
        try:
            os.link(file, copy)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            shutil.copy2(file, copy)
        self._undo.append((copy, None))

    def rename(self, file: Path, to: Path) -> None:
        """Rename a file."""
        file.rename(to)
        self._undo.append((to, file))
