"""A file that is checked for changes now and then."""

from pathlib import Path


class WatchedFile:
    """Remembers the state of a file at the last check; a missing file is a state, too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = self._look()

    def has_changed(self) -> bool:
        """Return whether the file has changed since the last check."""
        before, self._state = self._state, self._look()
        return self._state != before

    def _look(self) -> tuple[int, ...] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
