"""What an account uses of the room there is, with what copies on their way to it will use."""

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
        """What the account has, and all accounts; what there was to count is counted."""
        counts = self._counts()
        size = sum(count.size for count in counts)
        self._size = size
        total = self._total.update(self._path, size)
        messages = sum(count.messages for count in counts) + self._reserved_messages
        return Used(messages, size + self._reserved_size, total + self._reserved_size)

    def check(self, sizes: Sequence[int]) -> None:
        """Raises `OverQuota` or `MessageTooBig` when messages of these sizes cannot be added."""
        check_room(self._limits, self.update(), sizes)

    def reserve(self, messages: int, size: int) -> None:
        """Let so much more (or, negative, less) be used by copies that are on their way here."""
        self._reserved_messages += messages
        self._reserved_size += size

    def count(self, octets: int) -> None:
        """Count what has come since `update`, the lock being held all the while."""
        self._size += octets
        self._total.update(self._path, self._size)
