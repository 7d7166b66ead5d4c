"""The line between the parent and one worker: a socket pair, whose end is the end of the other."""

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
    """Lines to and from the other process; `heard` takes each, `ended` is called at the end."""

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
        self._begun = b""  # of a line that has not ended yet
        self.connected = True
        self.startReading()

    def say(self, line: bytes) -> None:
        """Send a line; one that has ended takes no more."""
        if self.connected:
            self.write(line)

    def take(self, read: bytes) -> None:
        """Go on with what somebody else has read."""
        *lines, self._begun = (self._begun + read).split(b"\n")
        for line in lines:
            self._heard(line)

    # What the reactor asks.

    def fileno(self) -> int:
        """The descriptor."""
        return self._end.fileno()

    def doRead(self) -> Exception | None:
        """Something has come."""
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
        """Send what there is room for."""
        return cast(int | Exception, fdesc.writeToFD(self.fileno(), data))

    def connectionLost(self, reason: Failure) -> None:
        """The other has gone, or has been let go."""
        super().connectionLost(reason)
        self._end.close()
        self._ended()
