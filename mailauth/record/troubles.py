"""Troubles are told to the operator when they begin and when they end, not at every login."""

from twisted.logger import Logger

log = Logger()


class Troubles:
    """What is wrong at present."""

    def __init__(self) -> None:
        self._present: set[str] = set()

    def begun(self, what: str, error: object) -> None:
        """Tell what is wrong, unless it is known."""
        if what not in self._present:
            self._present.add(what)
            log.critical("{what}: {error}", what=what, error=error)

    def over(self, what: str) -> None:
        """Tell that it is no longer so, if it was."""
        if what in self._present:
            self._present.remove(what)
            log.warn("{what}: resolved", what=what)
