"""Creates the directories of a home with given permissions."""

import os
import shutil
from pathlib import Path

OPEN = 0o755  # readable by others; private files have their own mode
PRIVATE = 0o700


def made(directory: Path, mode: int = OPEN) -> Path:
    """Return the directory, creating it and its missing parents.

    An existing directory is not changed. Raises `OSError`.
    """
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=mode, exist_ok=True)
    directory.mkdir(mode=mode, exist_ok=True)  # raises if the path is not a directory
    return directory


def emptied(directory: Path) -> Path:
    """Return an empty private directory, deleting what was there. Raises `OSError`."""
    if os.path.lexists(directory):
        shutil.rmtree(directory)
    directory.mkdir(mode=PRIVATE)
    return directory
