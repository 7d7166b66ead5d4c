"""Whether logins can be recorded now, found out without recording one."""

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from mailauth.record.recorder import FileRecorder

LOOK_SECONDS = 1.0  # seconds for which a result is reused
FAILED_SECONDS = 5.0  # seconds after a failed record for which recording counts as failing
ROOM_OCTETS = 16_384  # for a few records


class Readiness:
    """Finds out what prevents the next record. `now` is a clock in seconds."""

    def __init__(self, recorder: FileRecorder, directory: Path, now: Callable[[], float]) -> None:
        self._recorder = recorder
        self._directory = directory
        self._now = now
        self._looked: float | None = None
        self._trouble: str | None = None
        self._failures = 0
        self._failed: float | None = None

    def trouble(self) -> str | None:
        """Return the problem in a few words, without a path, or `None` if there is none."""
        now = self._now()
        if self._looked is None or now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._trouble = self._look(now)
        return self._trouble

    def _look(self, now: float) -> str | None:
        if self._recorder.failures != self._failures:
            self._failures = self._recorder.failures
            self._failed = now
        try:
            self._recorder.check()
            _write_aside(self._directory)
        except OSError as error:
            return error.strerror or "the logs cannot be written"
        if self._failed is not None and now - self._failed < FAILED_SECONDS:
            return "a record could not be written"
        return None


def _write_aside(directory: Path) -> None:
    """Write to a nameless file beside the logs. Raises `OSError` if that fails."""
    try:
        with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
            room = bytes(ROOM_OCTETS)
            if file.write(room) != len(room):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except PermissionError:  # the logs may be ours though their directory is not
        status = os.statvfs(directory)
        if status.f_flag & os.ST_RDONLY:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS)) from None
        if not status.f_bavail:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
