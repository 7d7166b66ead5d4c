"""The home of a server: its state directory, lock and keys, and memory shared by processes."""

from pathlib import Path

from mailauth.home.directories import PRIVATE

STATE_DIRECTORY = ".mailauth"
WATCH_CURSOR = "watch.json"  # in the state directory of a home of `mailauth watch`
_OTHERS_WRITE = 0o022


class NotPrivate(OSError):
    """Other users can write to the state directory; the message is for the operator."""


def is_watch_home(home: Path) -> bool:
    """Return whether a home is one of `mailauth watch`: its record is another server's."""
    return (home / STATE_DIRECTORY / WATCH_CURSOR).exists()


def state_directory(home: Path) -> Path:
    """Return the directory of a home's locks, sockets, keys and caches, creating it if needed.

    Raises `NotPrivate` if other users can write to it. The permissions are not corrected silently,
    since the directory may already contain files that cannot be trusted.
    """
    state = home / STATE_DIRECTORY
    state.mkdir(mode=PRIVATE, exist_ok=True)
    if (mode := state.stat().st_mode & 0o777) & _OTHERS_WRITE:
        raise NotPrivate(
            f"{state}: other users can write to this directory (mode {mode:04o}), and its contents"
            f" are trusted; inspect them, then run `chmod 700 {state}`"
        )
    return state
