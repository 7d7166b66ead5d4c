"""The gate of an account: the lock for all operations on it, and its edition."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailauth.mailbox.errors import StoreUnavailable
from mailauth.mailbox.maildir.files import locked


class Gate:
    """The gate of the account in a directory."""

    def __init__(self, path: Path) -> None:
        self._file = path / "mailauth.lock"
        self._editions = str(path / "mailauth-edition")
        self._held = 0

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Exclude other processes. Raises `StoreUnavailable` for errors of the file system."""
        if self._held:
            yield
            return
        try:
            with locked(self._file):
                self._held += 1
                try:
                    yield
                finally:
                    self._held -= 1
        except OSError as error:
            raise StoreUnavailable("The mail store cannot do this now") from error

    def edition(self) -> int:
        """A number that grows when folders are created, moved or removed, or journals replaced.

        Inodes do not show that reliably, because a new file may reuse the number of an old one.
        """
        try:
            return os.stat(self._editions).st_size
        except FileNotFoundError:
            return 0

    def amend(self) -> None:
        """Increase `edition` before such a change. The lock must be held."""
        with open(self._editions, "ab") as file:
            file.write(b".")
