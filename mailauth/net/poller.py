"""An epoll of our own within the reactor's, for clients' sockets.

To the reactor all of them are one descriptor that is readable when something has happened. An event
is a call then, what is written is sent at once and a close waits for no turn of the loop: Twisted's
own transports take as long for that as the rest of a login in the clear does. Only Linux has epoll;
elsewhere Twisted's transports serve.
"""

import select
import socket
from typing import Protocol

from twisted.internet.interfaces import IReactorFDSet, IReactorTime, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

log = Logger()

EVENTS_AT_ONCE = 64  # before others of the reactor have their turn

is_available = hasattr(select, "epoll")


class Watched(Protocol):
    """What a poller watches."""

    def happened(self, event: int) -> None:
        """These bits of epoll are set."""

    def failed(self, error: Exception) -> None:
        """That has raised an error: there is a bug in it, or in what it serves."""


class Closed(Protocol):
    """What is over, and is closed behind all that happens in a turn."""

    def close(self) -> None:
        """Close the descriptor, and say why."""


@implementer(IReadDescriptor)
class Poller:
    """Watches sockets on behalf of a reactor."""

    def __init__(self, reactor: IReactorFDSet, clock: IReactorTime) -> None:
        self.clock = clock
        self._reactor = reactor
        self._epoll = select.epoll()
        self._watched: dict[int, Watched] = {}
        self._ended: list[Closed] = []
        self._is_turning = False
        reactor.addReader(self)

    def watch(self, descriptor: int, watched: Watched, events: int) -> None:
        """Tell `watched` of these events, and of errors."""
        self._watched[descriptor] = watched
        self._epoll.register(descriptor, events)

    def change(self, descriptor: int, events: int) -> None:
        """Tell of these events from now on."""
        self._epoll.modify(descriptor, events)

    def forget(self, descriptor: int) -> None:
        """Watch no more."""
        if self._watched.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def close(self, connected: socket.socket) -> None:
        """Close a socket that no other process has: epoll forgets it by itself."""
        self._watched.pop(connected.fileno(), None)
        connected.close()

    def ended(self, over: Closed) -> None:
        """Close this one soon: when nobody is in the middle of a call about it."""
        if not self._ended and not self._is_turning:
            self.clock.callLater(0, self._close_ended)
        self._ended.append(over)

    def stop(self) -> None:
        """Watch nothing any more."""
        self._reactor.removeReader(self)
        self._watched.clear()
        self._epoll.close()

    # What the reactor asks.

    def fileno(self) -> int:
        """Return the descriptor that is readable when something has happened."""
        return -1 if self._epoll.closed else self._epoll.fileno()

    def logPrefix(self) -> str:
        """Name what is going on."""
        return "sockets"

    def doRead(self) -> None:
        """Something has happened. Descriptors are closed, and so used again, behind all of it."""
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
