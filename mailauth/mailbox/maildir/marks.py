"""What marks a copy that is on its way: a file in the folder, held locked by who copies.

The keys of the copy's files begin with the name of its mark. While that is there, such a file is no
message unless the journal says so. A mark that nobody holds was left by a process that was killed.
"""

import fcntl
import os
from collections.abc import Iterable

PREFIX = "mailauth-copying-"


def without_copies(folder: str, keys: list[str]) -> list[str]:
    """Those of the keys, which the journal has not, that are not of an unfinished copy."""
    marks = _marks(folder) if keys else []
    if not marks:
        return keys
    return [key for key in keys if key.rpartition("-")[0] not in marks]


def left_behind(folder: str) -> list[str]:
    """The marks of copies whose process is no more. The account's lock is held."""
    return [mark for mark in _marks(folder) if _is_free(f"{folder}/{PREFIX}{mark}")]


def of_copy(mark: str, keys: Iterable[str]) -> list[str]:
    """The keys of one copy's files."""
    return [key for key in keys if key.rpartition("-")[0] == mark]


def unmark(folder: str, mark: str) -> None:
    """Let the files of a copy be files like others."""
    os.unlink(f"{folder}/{PREFIX}{mark}")


def _marks(folder: str) -> list[str]:
    return [name[len(PREFIX) :] for name in os.listdir(folder) if name.startswith(PREFIX)]


def marked(file: str) -> int:
    """Make a mark and hold it locked; return its descriptor."""
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
