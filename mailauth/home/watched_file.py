"""A file that is looked at now and then, to see whether somebody has changed it."""

from pathlib import Path


class WatchedFile:
    """Knows the file as it was when it was last looked at; a missing file is a state, too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = self._look()

    def has_changed(self) -> bool:
        """Say whether the file has changed since the last look."""
        before, self._state = self._state, self._look()
        return self._state != before

    def _look(self) -> tuple[int, ...] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
