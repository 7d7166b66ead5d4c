"""A bound on the memory that all connections use for partly received messages."""

from mailauth.mailbox.errors import StoreUnavailable

UNCOUNTED_OCTETS = 256 * 1024  # of one connection: most messages are never counted


class Intake:
    """The bound, and how much of it is left."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def portion(self) -> "Portion":
        """Return the portion of one connection, empty at first."""
        return Portion(self)

    def take(self, octets: int) -> bool:
        """Take the octets if they are available; a negative number gives them back."""
        if octets > self._left:
            return False
        self._left -= octets
        return True


class Portion:
    """The portion of one connection."""

    __slots__ = ("_counted", "_intake")

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._counted = 0

    def resize(self, octets: int) -> None:
        """Set the number of octets kept; raises `StoreUnavailable`, and keeps none, if too many."""
        wanted = octets if octets > UNCOUNTED_OCTETS else 0
        if wanted == self._counted:
            return
        if not self._intake.take(wanted - self._counted):
            self.resize(0)
            raise StoreUnavailable("The server is receiving too much mail; try again later")
        self._counted = wanted
