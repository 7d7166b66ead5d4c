"""Where the control socket is: in a home, whose path may be longer than a socket's may be.

`sun_path` holds 108 octets (unix(7)); so the socket is reached through its open directory.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

SOCKET_NAME = "control.sock"

_DESCRIPTORS = Path("/proc/self/fd")


class SocketPlace:
    """An open directory, and the short path of the socket in it; good until `close`."""

    def __init__(self, directory: Path) -> None:
        self._descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        short = _DESCRIPTORS / str(self._descriptor)
        self.path = str((short if short.exists() else directory) / SOCKET_NAME)

    def close(self) -> None:
        """Let go of the directory; the path means nothing then."""
        os.close(self._descriptor)

    def clear(self) -> None:
        """Remove what a server that was killed has left."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(SOCKET_NAME, dir_fd=self._descriptor)


@contextlib.contextmanager
def socket_place(directory: Path) -> Iterator[str]:
    """Give the short path of the socket in a directory for a while; raises `OSError`."""
    place = SocketPlace(directory)
    try:
        yield place.path
    finally:
        place.close()
