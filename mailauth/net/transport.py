"""A client's socket for our own poller, in place of Twisted's `tcp.Server`."""

import select
import socket
from collections.abc import Callable
from time import perf_counter
from typing import Protocol

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IProducer, IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure

from mailauth.net.poller import Poller

log = Logger()

READ_OCTETS = 65_536  # at a time
LEAST_READ_OCTETS = 1024
FIRST_READ_OCTETS = 4096
TURN_SECONDS = 0.002  # that one client's input may use before others have their turn
_AT_ONCE = socket.MSG_DONTWAIT  # for each call; a socket's mode would cost one more
_WITH_THE_END = socket.MSG_DONTWAIT | socket.MSG_MORE
UNSENT_OCTETS = 16_384  # after which a producer is paused

_DONE = Failure(ConnectionDone())  # type: ignore[no-untyped-call]


class Served(Protocol):
    """The protocol on a transport."""

    def makeConnection(self, transport: "ClientSocket") -> None: ...
    def dataReceived(self, data: bytes) -> None: ...
    def readConnectionLost(self) -> None: ...
    def writeConnectionLost(self) -> None: ...
    def connectionLost(self, reason: Failure) -> None: ...


class ClientSocket:
    """A connected socket (`net.interfaces.Socket`), with the flow control of Twisted's transports.

    The protocol may call it during every call that it receives. It reads limited amounts from a
    client, which can be processed quickly, and nothing while much output is unsent: that output may
    come from TLS itself, which a producer cannot pause.
    """

    __slots__ = (
        "_closing",
        "_events",
        "_input_over",
        "_poller",
        "_portion",
        "_producer",
        "_producer_paused",
        "_reading",
        "_reason",
        "_served",
        "_socket",
        "_unsent",
        "_write_closing",
    )

    def __init__(self, connected: socket.socket, served: Served, poller: Poller) -> None:
        self._socket = connected
        self._served = served
        self._poller = poller
        self._unsent: bytearray | None = None
        self._producer: IPushProducer | None = None
        self._producer_paused = False
        self._reading = True
        self._portion = FIRST_READ_OCTETS
        self._input_over = False
        self._closing = False
        self._write_closing = False
        self._reason: Failure | None = None  # why the connection has ended, if it has
        self._events = select.EPOLLIN
        poller.watch(connected.fileno(), self, select.EPOLLIN)
        self._guarded(served.makeConnection, self)

    # Called by the poller.

    def happened(self, event: int) -> None:
        """The socket can be read or written, or has failed."""
        if self._reason is not None:
            return
        if event & select.EPOLLIN:
            if self._wants_input:
                self._read()
            else:
                self._mind_events()
        elif event & (select.EPOLLHUP | select.EPOLLERR):
            self._lost(OSError(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)))
        if event & select.EPOLLOUT and self._reason is None:
            self._send_on()

    def failed(self, error: Exception) -> None:
        """End only this connection after a bug."""
        self._over(_failure(error))

    def close(self) -> None:
        """Close the socket, and report the reason."""
        assert self._reason is not None, "the connection is over"
        self._poller.close(self._socket)
        self._unsent = None
        producer, self._producer = self._producer, None
        if producer is not None:
            self._guarded(producer.stopProducing)
        served = self._served
        del self._served  # objects that refer to each other are not freed at once
        self._guarded(served.connectionLost, self._reason)

    # Called by the protocol.

    def write(self, data: bytes) -> None:
        """Send as much as the socket accepts at once, and the rest later."""
        self._write(data, _AT_ONCE)

    def write_last(self, data: bytes) -> None:
        """Send data in one segment with the end of the connection, which must follow at once."""
        self._write(data, _WITH_THE_END)

    def _write(self, data: bytes, flags: int) -> None:
        if self._reason is not None or self._write_closing:
            return
        if self._unsent is None:
            try:
                sent = self._socket.send(data, flags)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                self._lost(error)
                return
            if sent == len(data):
                return
            self._unsent = bytearray(memoryview(data)[sent:])
            self._mind_events()
        else:
            self._unsent += data
        producer = self._producer
        if producer is not None and not self._producer_paused and len(self._unsent) > UNSENT_OCTETS:
            self._producer_paused = True
            producer.pauseProducing()

    def loseConnection(self) -> None:
        """Send what was written, and what a paused producer adds, then close."""
        if self._reason is None and not self._closing:
            self._closing = True
            self._reading = False
            if self._unsent is None:
                self._over(_DONE)
            else:
                self._mind_events()

    def loseWriteConnection(self) -> None:
        """Send what was written, then end our side of the connection."""
        if self._reason is None and not self._write_closing:
            self._write_closing = True
            if self._unsent is None:
                self._close_writing()
            else:
                self._mind_events()

    def abortConnection(self) -> None:
        """Close at once, with a reset."""
        if self._reason is None:
            off_at_once = b"\1\0\0\0\0\0\0\0"  # struct linger: on, for no second
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, off_at_once)
            self._over(_failure(ConnectionAborted()))

    def pauseProducing(self) -> None:
        """Pause reading; the poller is told at the next event."""
        self._reading = False

    def resumeProducing(self) -> None:
        """Read again."""
        if self._reason is None and not (self._closing or self._input_over):
            self._reading = True
            if not self._events & select.EPOLLIN:
                self._mind_events()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Pause a producer while the client does not keep up."""
        assert streaming, "only what pushes"
        assert self._producer is None, "there is a producer already"
        if self._reason is not None:
            producer.stopProducing()
            return
        self._producer = IPushProducer(producer)
        self._producer_paused = False

    def unregisterProducer(self) -> None:
        """Forget the producer."""
        self._producer = None

    def getHost(self) -> IPv4Address | IPv6Address:
        """Return our address."""
        host, port, *_ = self._socket.getsockname()
        kind = IPv6Address if self._socket.family == socket.AF_INET6 else IPv4Address
        return kind("TCP", host, port)

    def getHandle(self) -> socket.socket:
        """Return the socket."""
        return self._socket

    # Reading and writing.

    @property
    def _wants_input(self) -> bool:
        """Whether to read now; after our last data nothing is answered any more."""
        if self._unsent is None or self._write_closing:
            return self._reading
        return self._reading and len(self._unsent) <= UNSENT_OCTETS

    def _read(self) -> None:
        portion = self._portion
        try:
            data = self._socket.recv(portion, _AT_ONCE)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        if len(data) == portion:
            self._receive_much(data)
            return
        if data:
            self._served.dataReceived(data)
            return
        self._reading = False
        self._input_over = True
        self._mind_events()
        self._served.readConnectionLost()

    def _receive_much(self, data: bytes) -> None:
        """Take as much as was asked for, and see from how long that takes how much to ask for."""
        begun = perf_counter()
        self._served.dataReceived(data)
        if perf_counter() - begun <= TURN_SECONDS:
            self._portion = min(2 * len(data), READ_OCTETS)
        else:
            self._portion = max(len(data) // 2, LEAST_READ_OCTETS)

    def _send_on(self) -> None:
        unsent = self._unsent
        if unsent is None:
            self._mind_events()
            return
        try:
            sent = self._socket.send(unsent, _AT_ONCE)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        del unsent[:sent]
        if unsent:
            return
        self._unsent = None
        self._mind_events()
        if self._producer is not None and self._producer_paused:
            self._producer_paused = False
            self._producer.resumeProducing()
        if self._unsent is None:
            if self._closing:
                self._over(_DONE)
            elif self._write_closing:
                self._close_writing()

    def _mind_events(self) -> None:
        """Have the poller tell what is wanted now, if that is not what it tells."""
        if self._reason is not None:
            return
        events = select.EPOLLIN if self._wants_input else 0
        if self._unsent is not None:
            events |= select.EPOLLOUT
        if events != self._events:
            self._events = events
            self._poller.change(self._socket.fileno(), events)

    # Ends.

    def _close_writing(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._lost(error)
        else:
            self._served.writeConnectionLost()

    def _lost(self, error: OSError) -> None:
        self._over(_failure(ConnectionLost(error.strerror or str(error))))

    def _over(self, reason: Failure) -> None:
        if self._reason is None:
            self._reason = reason
            self._poller.ended(self)

    def _guarded(self, tell: Callable[..., object], *arguments: object) -> None:
        """Tell what is served at its beginning and end, where more than this is going on."""
        try:
            tell(*arguments)
        except Exception as error:  # noqa: BLE001
            log.failure("a bug in what a socket serves")
            self.failed(error)


def _failure(error: Exception) -> Failure:
    return Failure(error)  # type: ignore[no-untyped-call]
