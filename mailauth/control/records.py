"""Reading records over the control socket, and waiting for new ones: `mailauth expect`."""

from collections.abc import Awaitable, Callable

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from mailauth.control.line import Failed, Handlers, Reply
from mailauth.events.feed import Feed
from mailauth.events.selection import Selection
from mailauth.login.authority import Authority
from mailauth.login.event import LoginEvent
from mailauth.net.awaiting import arrival
from mailauth.wire.pending import Pending

log = Logger()

MAX_RECORDS = 100  # of one answer, which must fit into a line
MAX_WAIT = 60.0  # seconds

_ALL = Selection()


class ReadRecords(msgspec.Struct, frozen=True, tag="read-records"):
    """Which records follow this number? If there are none, wait this many seconds for one.

    Everything that reached the server before the request is recorded first.
    """

    after: int
    wait: float


class Records(msgspec.Struct, frozen=True, tag="records"):
    """The first records after the number, and the number from which to continue.

    `started` is the number of the last record from before the server's start.
    """

    records: list[LoginEvent]
    cursor: int
    started: int


class RecordHandlers:
    """The handler of this request; created before the first login."""

    def __init__(
        self, authority: Authority, feed: Feed, settled: Callable[[], Awaitable[None]]
    ) -> None:
        self._settled = settled
        self._authority = authority
        self._feed = feed
        self._started = feed.newest

    def table(self) -> Handlers:
        """Return the handler of the request."""
        return {ReadRecords: self._read}

    def _read(self, request: ReadRecords) -> Reply:
        answer: Pending[msgspec.Struct] = Pending()

        def failed(failure: Failure) -> None:
            log.failure("The records could not be read", failure)
            answer.resolve(Failed("the record cannot be read; the server's diagnostics say why"))

        Deferred.fromCoroutine(self._records(request)).addCallbacks(answer.resolve, failed)
        return answer

    async def _records(self, request: ReadRecords) -> Records:
        await self._settled()
        await arrival(self._authority.exposure.drained())
        seconds = min(max(request.wait, 0), MAX_WAIT)
        drained = self._authority.exposure.drained
        batch = await self._feed.wait(request.after, MAX_RECORDS, _ALL, seconds, drained)
        return Records(batch.events, batch.cursor, self._started)
