"""What a server records while a test looks."""

from mailauth.login.event import LoginEvent
from mailauth.record.line import LoginLine
from mailauth.testing import RunningServer


class Watched:
    """A running server, and what it has recorded since the test began."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self._lines = len(server.lines())
        self._events = len(server.events())

    def port(self, name: str) -> int:
        """Return the port of the listener of that name."""
        return self.server.port(name)

    def logins(self) -> list[LoginLine]:
        """Return what stands in `SuccessfulLogins.log` since then."""
        return self.server.logins()[self._lines :]

    def events(self) -> list[LoginEvent]:
        """Return what stands in the journal since then."""
        return self.server.events()[self._events :]
