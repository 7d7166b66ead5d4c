"""The home of a server: its state directory, lock, keys, and what processes share."""

from pathlib import Path

from mailauth.home.directories import PRIVATE

STATE_DIRECTORY = ".mailauth"
_OTHERS_WRITE = 0o022


class NotPrivate(OSError):
    """Others can write where a home's state is; the message is for the operator."""


def state_directory(home: Path) -> Path:
    """Return where locks, sockets, keys and caches of a home live, made where it is missing.

    Raises `NotPrivate` where others can write there: what they have put there would be believed, so
    it is not mended behind the operator's back.
    """
    state = home / STATE_DIRECTORY
    state.mkdir(mode=PRIVATE, exist_ok=True)
    if (mode := state.stat().st_mode & 0o777) & _OTHERS_WRITE:
        raise NotPrivate(
            f"{state}: other users can write to this directory (mode {mode:04o}), and its contents"
            f" are trusted; inspect them, then run `chmod 700 {state}`"
        )
    return state
