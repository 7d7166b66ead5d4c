"""The server's side of the control socket.

A client that can connect may do everything. Only the owner can: the socket's mode is 0600 in a
directory of mode 0700, and the kernel's credentials of the other process are checked as well.
"""

import os
import socket
import struct
from pathlib import Path
from typing import cast

import msgspec
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IListeningPort,
    IReactorTime,
    IReactorUNIX,
)
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from mailauth.control.line import (
    MAX_OCTETS,
    Failed,
    Handlers,
    NotUnderstood,
    Reply,
    decode,
    encode,
)
from mailauth.control.place import SocketPlace
from mailauth.net.interfaces import Socket
from mailauth.wire.lines import LineBuffer, LineTooLong
from mailauth.wire.pending import then

log = Logger()

MAX_CONNECTIONS = 32
MAX_REQUESTS = 100  # of one connection, which bounds the memory for a client that does not read
REQUEST_SECONDS = 10.0  # for a client to finish its line, and to read the answer

_PEER = struct.Struct("3i")  # struct ucred: pid, uid, gid (unix(7), SO_PEERCRED)


class ControlService(ServerFactory):
    """Answers requests, each with the handler of its type. `listen` starts it, `stop` ends it."""

    noisy = False

    def __init__(self, handlers: Handlers, clock: IReactorTime) -> None:
        self.handlers = handlers
        self.clock = clock
        self.connections: set[ControlConnection] = set()
        self._place: SocketPlace
        self._port: IListeningPort

    def listen(self, reactor: IReactorUNIX, directory: Path) -> None:
        """Listen in a directory of our own, and replace the socket of a killed server.

        Raises `OSError`.
        """
        self._place = SocketPlace(directory)
        try:
            self._place.clear()
            self._port = reactor.listenUNIX(self._place.path, self, mode=0o600)
        except CannotListenError as error:
            self._place.close()
            raise OSError(f"{directory}: cannot listen here: {error.socketError}") from None
        except OSError:
            self._place.close()
            raise

    async def stop(self) -> None:
        """Remove the socket and disconnect all clients."""
        await maybeDeferred(self._port.stopListening)
        self._place.close()
        for connection in list(self.connections):
            connection.abort()

    def buildProtocol(self, addr: IAddress | None) -> "ControlConnection | None":
        """Accept a client; `None` closes the connection."""
        if len(self.connections) >= MAX_CONNECTIONS:
            return None
        return ControlConnection(self)


class ControlConnection(Protocol):
    """A client, whose requests are answered in order, one at a time."""

    transport: Socket  # type: ignore[assignment]

    def __init__(self, service: ControlService) -> None:
        self._service = service
        self._input = LineBuffer()
        self._busy = False
        self._requests = 0
        self._deadline: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Check which user the client is."""
        self._service.connections.add(self)
        if not _is_ours(self.transport.getHandle()):
            log.warn("a process of another user connected to the control socket")
            self.abort()
            return
        self._wait()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The client has disconnected; its requests are still carried out."""
        self._service.connections.discard(self)
        self._stop_waiting()

    def dataReceived(self, data: bytes) -> None:
        """Take input; while a request is being answered, reading is paused."""
        self._input.feed(data)
        self._take_up()

    def abort(self) -> None:
        """Close at once."""
        self._stop_waiting()
        self.transport.abortConnection()

    def _take_up(self) -> None:
        if self._busy or not self.connected or self._requests >= MAX_REQUESTS:
            return
        try:
            line = self._input.line(MAX_OCTETS)
        except LineTooLong:
            self._fail("the request is too long")
            return
        if line is None:
            return
        try:
            request = decode(line, tuple(self._service.handlers))
        except NotUnderstood as error:
            self._fail(str(error))
            return
        self._stop_waiting()
        self._busy = True
        self._requests += 1
        self.transport.pauseProducing()
        then(self._handle(request), self._answered)

    def _handle(self, request: msgspec.Struct) -> Reply:
        try:
            return self._service.handlers[type(request)](request)
        except Exception:  # noqa: BLE001 (the client shall hear that it is our fault)
            log.failure("A request on the control socket failed")
            return Failed("internal error; the server's diagnostics say more")

    def _answered(self, answer: msgspec.Struct) -> None:
        self._busy = False
        if self.connected:
            self.transport.write(encode(answer))
            self._wait()
            if self._requests >= MAX_REQUESTS:
                self.transport.loseConnection()
                return
            self.transport.resumeProducing()
            self._service.clock.callLater(0, self._take_up)  # a loop would recurse

    def _fail(self, message: str) -> None:
        self.transport.write(encode(Failed(message)))
        self.transport.loseConnection()

    def _wait(self) -> None:
        self._deadline = self._service.clock.callLater(REQUEST_SECONDS, self.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()


def _is_ours(connection: socket.socket) -> bool:
    """Return whether the other process runs as our user or as root."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # then the modes of the socket and its directory must suffice
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    uid = cast(int, _PEER.unpack(credentials)[1])
    return uid in (0, os.geteuid())
