"""The progress of reading logs, shared across threads."""

import msgspec

LONG_OCTETS = 16 * 1024 * 1024  # octets that take too long to read without showing progress


class Reading(msgspec.Struct, frozen=True):
    """How many octets were read, of approximately how many."""

    done: int
    expected: int

    @property
    def is_long(self) -> bool:
        """Whether the progress is worth showing."""
        return self.expected >= LONG_OCTETS

    @property
    def percent(self) -> int:
        """The percentage, below 100, since something remains to be done at the end."""
        return min(99, 100 * self.done // self.expected) if self.expected else 99
