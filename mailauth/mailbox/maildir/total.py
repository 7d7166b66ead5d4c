"""How much mail all accounts have together, known to all processes.

An account's part stands in its own directory, and the sum of all parts beside them. Both change
under one lock, which is taken last of all and held for a few microseconds.
"""

from pathlib import Path

from mailauth.mailbox.maildir.files import locked, replace

PART = "mailauth-size"


class Total:
    """The sum, in the directory that has all accounts."""

    def __init__(self, directory: Path) -> None:
        self._lock = directory / ".lock-size"
        self._sum = directory / ".size"

    def recount(self, accounts: list[Path]) -> None:
        """Add the parts up anew: accounts may have come and gone by other hands."""
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
    except (FileNotFoundError, ValueError):  # not yet counted
        return 0
