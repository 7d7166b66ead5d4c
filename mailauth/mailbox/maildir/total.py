"""The total size of the mail of all accounts, shared by all processes.

The size of each account is stored in its directory, and the sum beside the accounts. Both change
under one lock, which is taken after all other locks and held for a few microseconds.
"""

from pathlib import Path

from mailauth.mailbox.maildir.files import locked, replace

PART = "mailauth-size"


class Total:
    """The sum, stored in the directory of all accounts."""

    def __init__(self, directory: Path) -> None:
        self._lock = directory / ".lock-size"
        self._sum = directory / ".size"

    def recount(self, accounts: list[Path]) -> None:
        """Recompute the sum, since other programs may have added or removed accounts."""
        with locked(self._lock):
            self._put(self._sum, sum(_number(account / PART) for account in accounts))

    def update(self, account: Path, size: int) -> int:
        """Let an account's part be `size`, and return the sum of all."""
        with locked(self._lock):
            total = _number(self._sum)
            before = _number(account / PART)
            if size != before:
                total = max(total + size - before, 0)
                self._put(account / PART, size)
                self._put(self._sum, total)
            return total

    @staticmethod
    def _put(file: Path, number: int) -> None:
        replace(file, b"%d\n" % number)


def _number(file: Path) -> int:
    try:
        return int(file.read_bytes())
    except (FileNotFoundError, ValueError):  # not counted yet
        return 0
