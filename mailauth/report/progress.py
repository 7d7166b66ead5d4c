"""How far logs have been read, told across threads."""

import msgspec

LONG_OCTETS = 16 * 1024 * 1024  # take longer to be read than somebody likes to wait


class Reading(msgspec.Struct, frozen=True):
    """Octets that were read, of about so many that there are to read."""

    done: int
    expected: int

    @property
    def is_long(self) -> bool:
        """Whether it is worth being told of."""
        return self.expected >= LONG_OCTETS

    @property
    def percent(self) -> int:
        """How far it is; under a hundred, for something remains to be done at the end."""
        return min(99, 100 * self.done // self.expected) if self.expected else 99
