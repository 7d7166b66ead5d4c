"""The usage of an account, including copies that are being prepared."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mailauth.mailbox.maildir.total import Total
from mailauth.mailbox.room import Used, check_room
from mailauth.mailbox.store import Counts, Limits


class Usage:
    """The usage of the account in a directory; `counts` are those of its mailboxes, as they are."""

    def __init__(
        self, path: Path, limits: Limits, total: Total, counts: Callable[[], Sequence[Counts]]
    ) -> None:
        self._path = path
        self._limits = limits
        self._total = total
        self._counts = counts
        self._size = 0
        self._reserved_messages = 0
        self._reserved_size = 0

    def update(self) -> Used:
        """Recount the account, and return its usage and the total of all accounts."""
        counts = self._counts()
        size = sum(count.size for count in counts)
        self._size = size
        total = self._total.update(self._path, size)
        messages = sum(count.messages for count in counts) + self._reserved_messages
        return Used(messages, size + self._reserved_size, total + self._reserved_size)

    def check(self, sizes: Sequence[int]) -> None:
        """Raises `OverQuota` or `MessageTooBig` unless messages of these sizes fit."""
        check_room(self._limits, self.update(), sizes)

    def reserve(self, messages: int, size: int) -> None:
        """Reserve room for prepared copies; negative numbers release it."""
        self._reserved_messages += messages
        self._reserved_size += size

    def count(self, octets: int) -> None:
        """Count octets added since `update`; the lock must have been held since then."""
        self._size += octets
        self._total.update(self._path, self._size)
