"""Our own epoll inside the reactor's, for clients' sockets.

The reactor sees one descriptor, which is readable when any socket has an event. Our sockets then
need only a function call for an event, send written data at once, and close without waiting for the
next turn of the loop. In Twisted's own transports, these steps take as long as the rest of a
cleartext login. epoll exists only on Linux; on other systems Twisted's transports are used.
"""

import select
import socket
from typing import Protocol

from twisted.internet.interfaces import IReactorFDSet, IReactorTime, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

log = Logger()

EVENTS_AT_ONCE = 64  # before other descriptors of the reactor have their turn

is_available = hasattr(select, "epoll")


class Watched(Protocol):
    """A socket that a poller watches."""

    def happened(self, event: int) -> None:
        """These bits of epoll are set."""

    def failed(self, error: Exception) -> None:
        """`happened` has raised an error: it has a bug, or the protocol that it serves has one."""


class Closed(Protocol):
    """An ended connection, to be closed after all events of a turn."""

    def close(self) -> None:
        """Close the descriptor, and report the reason."""


@implementer(IReadDescriptor)
class Poller:
    """Watches sockets for a reactor."""

    def __init__(self, reactor: IReactorFDSet, clock: IReactorTime) -> None:
        self.clock = clock
        self._reactor = reactor
        self._epoll = select.epoll()
        self._watched: dict[int, Watched] = {}
        self._ended: list[Closed] = []
        self._is_turning = False
        reactor.addReader(self)

    def watch(self, descriptor: int, watched: Watched, events: int) -> None:
        """Call `watched` for these events, and for errors."""
        self._watched[descriptor] = watched
        self._epoll.register(descriptor, events)

    def change(self, descriptor: int, events: int) -> None:
        """Change the events to watch for."""
        self._epoll.modify(descriptor, events)

    def forget(self, descriptor: int) -> None:
        """Stop watching."""
        if self._watched.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def close(self, connected: socket.socket) -> None:
        """Close a socket that no other process has; epoll removes it automatically."""
        self._watched.pop(connected.fileno(), None)
        connected.close()

    def ended(self, over: Closed) -> None:
        """Close this one soon, when no call about it is in progress."""
        if not self._ended and not self._is_turning:
            self.clock.callLater(0, self._close_ended)
        self._ended.append(over)

    def stop(self) -> None:
        """Stop watching all sockets."""
        self._reactor.removeReader(self)
        self._watched.clear()
        self._epoll.close()

    # Called by the reactor.

    def fileno(self) -> int:
        """Return the descriptor that is readable when there is an event."""
        return -1 if self._epoll.closed else self._epoll.fileno()

    def logPrefix(self) -> str:
        """Return the name for logging."""
        return "sockets"

    def doRead(self) -> None:
        """Handle all events; only then are descriptors closed, and can be used again."""
        self._is_turning = True
        for descriptor, event in self._epoll.poll(0, EVENTS_AT_ONCE):
            watched = self._watched.get(descriptor)
            if watched is None:
                continue
            try:
                watched.happened(event)
            except Exception as error:  # noqa: BLE001
                log.failure("a bug in what a socket serves")
                watched.failed(error)
        self._is_turning = False
        self._close_ended()

    def connectionLost(self, reason: Failure) -> None:
        """The reactor has stopped."""
        self._epoll.close()

    def _close_ended(self) -> None:
        while self._ended:
            ended, self._ended = self._ended, []
            for over in ended:
                over.close()
