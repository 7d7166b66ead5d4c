"""The socket pair between the parent and a worker; each end is told when the other is closed."""

import socket
from collections.abc import Callable
from typing import cast

from twisted.internet import fdesc
from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import IReactorFDSet
from twisted.internet.main import CONNECTION_LOST
from twisted.internet.posixbase import PosixReactorBase
from twisted.python.failure import Failure

_SEGMENT = 65536


class Line(FileDescriptor):
    """Sends and receives lines; `heard` is called for each, and `ended` at the end."""

    def __init__(
        self,
        end: socket.socket,
        reactor: PosixReactorBase,
        heard: Callable[[bytes], None],
        ended: Callable[[], None],
    ) -> None:
        super().__init__(cast(IReactorFDSet, reactor))
        end.setblocking(False)
        self._end = end
        self._heard = heard
        self._ended = ended
        self._begun = b""  # of an incomplete line
        self.connected = True
        self.startReading()

    def say(self, line: bytes) -> None:
        """Send a line, unless the other end has closed."""
        if self.connected:
            self.write(line)

    def take(self, read: bytes) -> None:
        """Process data that was already read."""
        *lines, self._begun = (self._begun + read).split(b"\n")
        for line in lines:
            self._heard(line)

    # Called by the reactor.

    def fileno(self) -> int:
        """The descriptor."""
        return self._end.fileno()

    def doRead(self) -> Exception | None:
        """Read what has arrived."""
        try:
            read = self._end.recv(_SEGMENT)
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if not read:
            return CONNECTION_LOST
        self.take(read)
        return None

    def writeSomeData(self, data: bytes) -> int | Exception:
        """Send as much as possible."""
        return cast(int | Exception, fdesc.writeToFD(self.fileno(), data))

    def connectionLost(self, reason: Failure) -> None:
        """The other end has been closed, or ours has."""
        super().connectionLost(reason)
        self._end.close()
        self._ended()
