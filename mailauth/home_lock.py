"""The lock by which one server holds a home. The kernel lets go of it when the server is gone."""

import fcntl
import os
from pathlib import Path

STATE_DIRECTORY = ".mailauth"


class HomeInUse(OSError):
    """Another server runs on this home; the message is for the operator."""


def state_directory(home: Path) -> Path:
    """Return where locks, sockets and caches of a home live, made where it is missing."""
    state = home / STATE_DIRECTORY
    state.mkdir(mode=0o700, exist_ok=True)
    return state


class HomeLock:
    """Holds a home from its making until `release`. Raises `HomeInUse`."""

    def __init__(self, home: Path) -> None:
        path = state_directory(home) / "serve.lock"
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise HomeInUse(f"{home}: another mailauth serves this home") from None

    def release(self) -> None:
        """Let another server have the home."""
        os.close(self._descriptor)
