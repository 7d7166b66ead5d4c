"""How much of messages that have come in part all connections together may keep in memory."""

from mailauth.mailbox.errors import StoreUnavailable

UNCOUNTED_OCTETS = 256 * 1024  # of one connection: most messages never count


class Intake:
    """The bound, and what is left of it."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def portion(self) -> "Portion":
        """What one connection keeps: nothing so far."""
        return Portion(self)

    def take(self, octets: int) -> bool:
        """Take so many octets (or, negative, give them back), if there are as many."""
        if octets > self._left:
            return False
        self._left -= octets
        return True


class Portion:
    """What one connection keeps."""

    __slots__ = ("_counted", "_intake")

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._counted = 0

    def keep(self, octets: int) -> None:
        """Keep so many octets from now on, in all; raises `StoreUnavailable`, and keeps none."""
        wanted = octets if octets > UNCOUNTED_OCTETS else 0
        if wanted == self._counted:
            return
        if not self._intake.take(wanted - self._counted):
            self.keep(0)
            raise StoreUnavailable("The server is receiving too much mail; try again later")
        self._counted = wanted
