"""Giving up root's privileges before the first octet of a log is read (credentials(7)).

What remains is an ordinary user with the groups that may read the logs. A rotated log is opened
with these, so it is checked at the start that they suffice.
"""

import ctypes
import grp
import os
import pwd
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mailauth.home.directories import PRIVATE

JOURNAL_GROUP = "systemd-journal"
NEEDED = (Path(os.__file__), Path(__file__))  # by the user: Python, and mailauth
_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS (prctl(2))


class CannotDrop(Exception):
    """The privileges cannot be given up; the message says why."""


def drop(user: str, files: Iterable[Path], home: Path, *, journal: bool) -> None:
    """Become a user who can read these files, and the journal, by groups. Raises `CannotDrop`.

    A home that does not exist is created for the user.
    """
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise CannotDrop(f"there is no user {user}") from None
    if account.pw_uid == 0:
        raise CannotDrop(f"{user} has all privileges, too")
    groups = set(os.getgrouplist(user, account.pw_gid))
    for file in files:
        groups |= set(_groups_of(file))
    if journal:
        with suppress(KeyError):  # then journalctl reports what it cannot read
            groups.add(grp.getgrnam(JOURNAL_GROUP).gr_gid)
    if not home.exists():
        home.mkdir(mode=PRIVATE)
        os.chown(home, account.pw_uid, account.pw_gid, follow_symlinks=False)
    os.setgroups(sorted(groups - {0}))
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    os.environ["HOME"] = account.pw_dir
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    for needed in NEEDED:
        if not os.access(needed, os.R_OK):
            raise CannotDrop(f"{user} cannot read {needed}: install mailauth where this user can")
    if capabilities():
        raise CannotDrop(f"{user} still has capabilities after giving up root")


def capabilities() -> int:
    """Return the effective and permitted capabilities as a bit mask; 0 if unknown."""
    try:
        status = Path("/proc/self/status").read_bytes()
    except OSError:
        return 0
    held = [
        line.split()[1] for line in status.splitlines() if line.startswith((b"CapEff", b"CapPrm"))
    ]
    return max((int(each, 16) for each in held), default=0)


def _groups_of(file: Path) -> Iterable[int]:
    """Yield the groups that may read a file and enter its directory."""
    for path, bit in ((file, stat.S_IRGRP), (file.parent, stat.S_IXGRP)):
        try:
            status = path.stat()
        except OSError:
            continue
        if status.st_mode & bit:
            yield status.st_gid
