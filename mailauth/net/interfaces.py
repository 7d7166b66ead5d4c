"""What a link stands on, what stands on a link, and what links share."""

import socket
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import msgspec
from twisted.internet.interfaces import IAddress, IProducer
from twisted.python.failure import Failure

from mailauth.login.client import Client
from mailauth.net.deadlines import DeadlineWheel
from mailauth.net.preamble import Ends
from mailauth.net.tls import TlsSession
from mailauth.origin.networks import Network

if TYPE_CHECKING:
    from mailauth.net.link import Link


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


class Upper(Protocol):
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

    def ended(self, reason: str) -> None:
        """Record the end, if there is nothing better to be said of the connection."""


class Patience(msgspec.Struct, frozen=True):
    """How many seconds a client has for what it owes the link."""

    header: float = 30
    handshake: float = 30
    closing: float = 30  # to take in what was sent to it
    linger: float = 5  # to stop sending after our last word


class Shared(Protocol):
    """What the links of one listener share."""

    implicit_tls: bool
    proxy_from: tuple[Network, ...]
    patience: Patience
    wheel: DeadlineWheel

    def tls_session(self) -> TlsSession:
        """Begin to speak TLS, as it is spoken now."""

    def client(self, ends: Ends) -> Client:
        """Name the client for the record."""

    def stand_on(self, link: "Link") -> Upper:
        """Make what speaks to the client."""

    def ended(self, link: "Link", reason: str, *, heard: bool) -> None:
        """Take note that the link came to nothing; `heard` is whether a byte came at all."""

    def opened(self, link: "Link") -> None:
        """There is a link more."""

    def closed(self, link: "Link") -> None:
        """There is a link less."""
