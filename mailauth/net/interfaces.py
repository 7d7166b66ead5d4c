"""What a link stands on, what stands on a link, and what links share."""

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
    """What speaks to the client: every Twisted protocol does.

    One that provides `IHalfCloseableProtocol` hears when the client will send nothing more; for
    another the connection is closed then.
    """

    def makeConnection(self, transport: Any) -> None: ...
    def dataReceived(self, data: bytes) -> None: ...
    def connectionLost(self, reason: Failure) -> None: ...


@runtime_checkable
class Recording(Protocol):
    """What speaks to the client, and keeps the record of how its connection ends."""

    def ended(self, ending: Ending) -> None:
        """Record the end, if there is nothing better to be said of the connection."""


class Patience(msgspec.Struct, frozen=True):
    """How many seconds a client has for what it owes the link."""

    header: float = 30
    handshake: float = 30
    closing: float = 30  # to take in what was sent to it
    linger: float = 5  # to stop sending after our last word
