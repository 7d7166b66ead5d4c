"""Sending responses as fast as their clients take them, and no faster.

Only a little of a response is handed to the transport at a time, which encrypts it; the rest is in
the backlog. The next request on a connection is not answered before the last response has been
taken. A client that takes nothing is disconnected in the end.
"""

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from zope.interface import implementer

from mailauth.web.http.backlog import Backlog

PIECE_OCTETS = 16_384
PATIENCE_SECONDS = 60  # with a client that takes nothing; and so long for what is long:
OCTETS_A_SECOND = 4096


class Channel(Protocol):
    """A connection, to which a response is sent."""

    @property
    def is_full(self) -> bool:
        """Whether the client has yet to take what was sent."""

    def callLater(self, period: float, func: Callable[[], None]) -> IDelayedCall: ...
    def write(self, data: bytes) -> None: ...
    def forceAbortClient(self) -> None: ...


class Transaction(Protocol):
    """A request, as far as its response is sent by it."""

    @property
    def channel(self) -> Channel:
        """The connection that it came on."""

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...
    def write(self, data: bytes) -> None: ...
    def finish(self) -> None: ...


@implementer(IPushProducer)
class Rest:
    """Content whose client has yet to take it; it is in the backlog meanwhile."""

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
        """Send what the client takes now, and later what it takes later."""
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
        """The client does not keep up; the channel remembers it."""

    def stopProducing(self) -> None:
        """The connection is being closed."""
        self.drop()

    def drop(self) -> None:
        """Hold the content no longer."""
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
    """A transaction's response, sent piece by piece (`web.http.message.Outlet`)."""

    def __init__(self, transaction: Transaction) -> None:
        self.closed = False
        self._transaction = transaction
        self._waiting: list[Deferred[None]] = []

    @property
    def full(self) -> bool:
        """Whether the client has yet to take what was sent."""
        return not self.closed and self._transaction.channel.is_full

    async def drained(self) -> None:
        """Return when it is not full any more, or has ended."""
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
        """End the connection, which ends the response."""
        if not self.closed:
            channel = self._transaction.channel
            self.drop()
            channel.forceAbortClient()

    def pauseProducing(self) -> None:
        """The client does not keep up; the channel remembers it."""

    def resumeProducing(self) -> None:
        """The client has taken what was sent."""
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
