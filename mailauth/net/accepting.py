"""A listening socket for our own poller, in place of Twisted's `tcp.Port`."""

import errno
import select
import socket
from collections.abc import Callable

from twisted.logger import Logger

from mailauth.net.poller import Poller
from mailauth.net.transport import ClientSocket, Served

log = Logger()

ACCEPTED_AT_ONCE = 16
PATIENCE_SECONDS = 1.0  # before accepting is tried again after a lack of descriptors or memory

_SHORT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class ListeningSocket:
    """Accepts clients; `serve` makes the protocol for each address (host and port)."""

    def __init__(
        self, listening: socket.socket, serve: Callable[[str, int], Served], poller: Poller
    ) -> None:
        self._socket = listening
        self._serve = serve
        self._poller = poller
        poller.watch(listening.fileno(), self, select.EPOLLIN)

    def happened(self, event: int) -> None:
        """Accept the clients that have connected."""
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connected, address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _SHORT_OF:
                    self._wait(error)
                    return
                continue  # it has disconnected again
            self._begin(connected, address[0], address[1])

    def failed(self, error: Exception) -> None:
        """Continue with the next client."""

    def stopListening(self) -> None:
        """Stop accepting clients."""
        if self._socket.fileno() >= 0:
            self._poller.forget(self._socket.fileno())
            self._socket.close()

    def _begin(self, connected: socket.socket, host: str, port: int) -> None:
        try:
            served = self._serve(host, port)
        except BaseException:
            connected.close()
            raise
        ClientSocket(connected, served, self._poller)

    def _wait(self, error: OSError) -> None:
        """Leave clients in the kernel's queue until there may be room for them."""
        log.error("connections wait: {error}", error=error.strerror)
        self._poller.change(self._socket.fileno(), 0)
        self._poller.clock.callLater(PATIENCE_SECONDS, self._resume)

    def _resume(self) -> None:
        if self._socket.fileno() >= 0:
            self._poller.change(self._socket.fileno(), select.EPOLLIN)
