"""A home that exists as long as its owner.

The owner locks the directory, so that other processes do not touch its home. If the owner is
killed, the kernel releases the lock, and the next home to be created removes this one.
"""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from mailauth.home.lock import is_served

PREFIX = "mailauth-home-"


class TemporaryHome:
    """A new private directory in the temporary folder, until `remove`."""

    def __init__(self) -> None:
        sweep()
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
            self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            if _is_at(self._lock, self.path):
                return
            os.close(self._lock)  # another process took it for an abandoned one

    def remove(self) -> None:
        """Remove the directory with all its contents."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.remove()


def sweep() -> None:
    """Remove homes of this user whose owners are gone, and in which no server runs."""
    for entry in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        _sweep(entry)


def _sweep(home: Path) -> None:
    try:
        lock = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return  # it belongs to another user, or has just been removed
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_ours = os.fstat(lock).st_uid == os.geteuid()
        if is_ours and _is_at(lock, home) and not is_served(home):
            shutil.rmtree(home, ignore_errors=True)
    except BlockingIOError:
        return  # its owner is alive
    finally:
        os.close(lock)


def _is_at(descriptor: int, path: Path) -> bool:
    """Return whether the directory is still at this path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False
