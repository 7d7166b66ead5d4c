"""How much disk space is left for the logs: the last of it is for successful logins."""

import os
from pathlib import Path

RESERVE_OCTETS = 16 * 1024 * 1024  # 25,000 logins
RESERVE_SHARE = 0.05  # of a small file system


def is_scarce(directory: Path) -> bool:
    """Return whether less than the reserve is left on the file system of a directory."""
    try:
        status = os.statvfs(directory)
    except OSError:
        return False  # the next record reports what is wrong
    free, size = status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize
    return free < min(RESERVE_OCTETS, RESERVE_SHARE * size)
