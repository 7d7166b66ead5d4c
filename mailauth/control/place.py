"""The path of the control socket in a home, whose own path may be too long for a socket.

`sun_path` has 108 octets (unix(7)), so the socket is reached through its open directory.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

SOCKET_NAME = "control.sock"

_DESCRIPTORS = Path("/proc/self/fd")


class SocketPlace:
    """An open directory, and the short path of the socket in it; valid until `close`."""

    def __init__(self, directory: Path) -> None:
        self._descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        short = _DESCRIPTORS / str(self._descriptor)
        self.path = str((short if short.exists() else directory) / SOCKET_NAME)

    def close(self) -> None:
        """Close the directory; the path becomes invalid."""
        os.close(self._descriptor)

    def clear(self) -> None:
        """Remove the socket of a server that was killed."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(SOCKET_NAME, dir_fd=self._descriptor)


@contextlib.contextmanager
def socket_place(directory: Path) -> Iterator[str]:
    """Return the short path of the socket in a directory. Raises `OSError`."""
    place = SocketPlace(directory)
    try:
        yield place.path
    finally:
        place.close()
