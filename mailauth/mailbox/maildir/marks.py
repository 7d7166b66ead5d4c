"""Marks of unfinished copies: files in the folder, locked by the copying process.

The keys of the copy's files begin with the name of its mark. While the mark exists, such a file is
not a message unless the journal lists it. A mark that is not locked was left by a killed process.
"""

import fcntl
import os
from collections.abc import Iterable

PREFIX = "mailauth-copying-"


def without_copies(folder: str, keys: list[str]) -> list[str]:
    """Return the keys, unknown to the journal, that do not belong to an unfinished copy."""
    marks = _marks(folder) if keys else []
    if not marks:
        return keys
    return [key for key in keys if key.rpartition("-")[0] not in marks]


def left_behind(folder: str) -> list[str]:
    """Return the marks left by ended processes. The account's lock must be held."""
    return [mark for mark in _marks(folder) if _is_free(f"{folder}/{PREFIX}{mark}")]


def of_copy(mark: str, keys: Iterable[str]) -> list[str]:
    """Return the keys that belong to one copy."""
    return [key for key in keys if key.rpartition("-")[0] == mark]


def unmark(folder: str, mark: str) -> None:
    """Remove a mark, so that the files of its copy become ordinary files."""
    os.unlink(f"{folder}/{PREFIX}{mark}")


def _marks(folder: str) -> list[str]:
    return [name[len(PREFIX) :] for name in os.listdir(folder) if name.startswith(PREFIX)]


def marked(file: str) -> int:
    """Create a mark and lock it; return its descriptor."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _is_free(file: str) -> bool:
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
