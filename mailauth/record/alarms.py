"""Tells the operator when a problem begins and when it ends, not at every login."""

from twisted.logger import Logger

log = Logger()


class Alarms:
    """The current problems."""

    def __init__(self) -> None:
        self._present: set[str] = set()

    def raise_(self, what: str, error: object) -> None:
        """Report a problem, unless it is already known."""
        if what not in self._present:
            self._present.add(what)
            log.critical("{what}: {error}", what=what, error=error)

    def clear(self, what: str) -> None:
        """Report that a problem is over, if there was one."""
        if what in self._present:
            self._present.remove(what)
            log.warn("{what}: resolved", what=what)
