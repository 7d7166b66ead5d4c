"""Sending responses as fast as their clients read them.

Only a part of a response at a time is given to the transport, which encrypts it; the rest stays in
the backlog. The next request of a connection is answered only after its last response was read. A
client that does not read is eventually disconnected.
"""

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from zope.interface import implementer

from mailauth.web.http.backlog import Backlog

PIECE_OCTETS = 16_384
PATIENCE_SECONDS = 60  # with a client that does not read; longer for a long response
OCTETS_A_SECOND = 4096


class Channel(Protocol):
    """A connection on which responses are sent."""

    @property
    def is_full(self) -> bool:
        """Whether the client has not yet read what was sent."""

    def callLater(self, period: float, func: Callable[[], None]) -> IDelayedCall: ...
    def write(self, data: bytes) -> None: ...
    def forceAbortClient(self) -> None: ...


class Transaction(Protocol):
    """A request, with what is needed to send its response."""

    @property
    def channel(self) -> Channel:
        """Its connection."""

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...
    def write(self, data: bytes) -> None: ...
    def finish(self) -> None: ...


@implementer(IPushProducer)
class Rest:
    """Content that the client has not read yet, which is in the backlog."""

    def __init__(
        self, transaction: Transaction, content: bytes, backlog: Backlog, reader: str
    ) -> None:
        """Raise `HttpError` if the backlog is full."""
        if content:
            backlog.hold(reader, len(content))
        self._transaction = transaction
        self._content = memoryview(content)
        self._sent = 0
        self._backlog = backlog
        self._reader = reader
        self._deadline: IDelayedCall | None = None
        self._is_over = False

    def send(self) -> None:
        """Send what the client accepts now, and the rest later."""
        self._transaction.registerProducer(self, True)
        self.resumeProducing()
        if not self._is_over:
            channel = self._transaction.channel
            seconds = PATIENCE_SECONDS + len(self._content) / OCTETS_A_SECOND
            self._deadline = channel.callLater(seconds, channel.forceAbortClient)

    def resumeProducing(self) -> None:
        """Send until the client does not keep up."""
        while not self._is_over and not self._transaction.channel.is_full:
            if self._sent == len(self._content):
                self.drop()
                self._transaction.unregisterProducer()
                self._transaction.finish()
            else:
                piece = self._content[self._sent : self._sent + PIECE_OCTETS]
                self._sent += len(piece)
                self._transaction.channel.write(bytes(piece))

    def pauseProducing(self) -> None:
        """The client does not keep up; the channel notes it."""

    def stopProducing(self) -> None:
        """The connection is being closed."""
        self.drop()

    def drop(self) -> None:
        """Release the content."""
        if self._is_over:
            return
        self._is_over = True
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        if self._content:
            self._backlog.release(self._reader, len(self._content))
            self._content = memoryview(b"")


@implementer(IPushProducer)
class Outlet:
    """A response that is sent in pieces (`web.http.message.Outlet`)."""

    def __init__(self, transaction: Transaction) -> None:
        self.closed = False
        self._transaction = transaction
        self._waiting: list[Deferred[None]] = []

    @property
    def full(self) -> bool:
        """Whether the client has not yet read what was sent."""
        return not self.closed and self._transaction.channel.is_full

    async def drained(self) -> None:
        """Return when it is no longer full, or has ended."""
        if self.full:
            waiting: Deferred[None] = Deferred()
            self._waiting.append(waiting)
            await waiting

    def write(self, data: bytes) -> None:
        """Send a piece."""
        if not self.closed:
            self._transaction.write(data)

    def finish(self) -> None:
        """End the response."""
        if not self.closed:
            self.drop()
            self._transaction.unregisterProducer()
            self._transaction.finish()

    def abort(self) -> None:
        """End the connection and thereby the response."""
        if not self.closed:
            channel = self._transaction.channel
            self.drop()
            channel.forceAbortClient()

    def pauseProducing(self) -> None:
        """The client does not keep up; the channel notes it."""

    def resumeProducing(self) -> None:
        """The client has received what was sent."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(None)

    def stopProducing(self) -> None:
        """The connection is being closed."""
        self.drop()

    def drop(self) -> None:
        """Send nothing more."""
        self.closed = True
        self.resumeProducing()
