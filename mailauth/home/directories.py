"""Directories of a home, made with the permissions they shall have whatever the umask lets pass."""

import os
import shutil
from pathlib import Path

OPEN = 0o755  # for others to look into; what must not be read says so itself
PRIVATE = 0o700


def made(directory: Path, mode: int = OPEN) -> Path:
    """Return the directory, made where it is missing; what is missing above it is made as well.

    One that is there stays as it is. Raises `OSError`.
    """
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=mode, exist_ok=True)
    directory.mkdir(mode=mode, exist_ok=True)  # raises where something else is in the way
    return directory


def emptied(directory: Path) -> Path:
    """Return a private directory in which there is nothing. Raises `OSError`."""
    if os.path.lexists(directory):
        shutil.rmtree(directory)
    directory.mkdir(mode=PRIVATE)
    return directory
