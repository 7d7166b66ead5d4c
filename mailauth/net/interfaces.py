"""The interfaces around a link: the socket below it, the application on it, and timeouts."""

import socket
from typing import Any, Protocol, runtime_checkable

import msgspec
from twisted.internet.interfaces import IAddress, IProducer
from twisted.python.failure import Failure

from mailauth.login.ended import Ending


class Socket(Protocol):
    """A connected socket, as Twisted offers it."""

    def write(self, data: bytes) -> None: ...
    def loseConnection(self) -> None: ...
    def loseWriteConnection(self) -> None: ...
    def abortConnection(self) -> None: ...
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def registerProducer(self, producer: IProducer, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...
    def getHost(self) -> IAddress: ...
    def getHandle(self) -> socket.socket: ...


class Application(Protocol):
    """The protocol on a link; every Twisted protocol is one.

    If it provides `IHalfCloseableProtocol`, it is told that the client will send nothing more;
    otherwise the connection is then closed.
    """

    def makeConnection(self, transport: Any) -> None: ...
    def dataReceived(self, data: bytes) -> None: ...
    def connectionLost(self, reason: Failure) -> None: ...


@runtime_checkable
class Recording(Protocol):
    """A protocol on a link that records how its connection ends."""

    def ended(self, ending: Ending) -> None:
        """Record the end, unless something more important was recorded."""


class Patience(msgspec.Struct, frozen=True):
    """How many seconds a client has for what the link expects."""

    header: float = 30
    handshake: float = 30
    closing: float = 30  # to receive what was sent to it
    linger: float = 5  # to stop sending after our last data
