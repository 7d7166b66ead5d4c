"""How much room is left for the logs: the last of it is for logins that succeed."""

import os
from pathlib import Path

RESERVE_OCTETS = 16 * 1024 * 1024  # 25,000 logins
RESERVE_SHARE = 0.05  # of a file system that is smaller than that would be


def is_scarce(directory: Path) -> bool:
    """Say whether less than the reserve is left on the file system of a directory."""
    try:
        status = os.statvfs(directory)
    except OSError:
        return False  # the next record finds out what is wrong
    free, size = status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize
    return free < min(RESERVE_OCTETS, RESERVE_SHARE * size)
