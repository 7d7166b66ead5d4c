"""A feed of recorded events, for readers that continue from a number or wait for the next event.

The newest events are kept in memory; older ones are read from the journal in a thread. Publishing
an event costs the login path only an append: listeners are called later, for many events at once.
"""

from bisect import bisect_right
from collections.abc import Callable
from itertools import islice
from typing import Protocol

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import deferToThread

from mailauth.events.selection import Batch, Selection
from mailauth.login.event import LoginEvent
from mailauth.net.awaiting import arrival
from mailauth.wire.pending import Pending

KEPT = 4096  # events in memory; at most twice as many
READERS = 2  # threads reading the journal; more would slow down logins
COUNTED_SECONDS = 5.0  # between checks of counted events, while a reader waits
NEWS_SECONDS = 0.01  # from an event to the call of the listeners


class History(Protocol):
    """The events of the journal."""

    def between(self, after: int, until: int, limit: int, wanted: Selection) -> Batch:
        """Read events after one number up to another. Blocks.

        It may return fewer than `limit` after reading for long; the cursor says how far it got.
        """


def _is_told_at_once() -> None:
    """Do nothing: if one process records everything, the feed is up to date."""


class Feed:
    """The events of this server; a sink of the recorder.

    `newest` is initially the number of the last event in the journal. `catch_up` publishes the
    events of other processes, so that a reader never sees less than the journal has.
    """

    def __init__(
        self,
        clock: IReactorTime,
        history: History,
        newest: int = 0,
        catch_up: Callable[[], None] = _is_told_at_once,
    ) -> None:
        self._newest = newest
        self._catch_up = catch_up
        self._clock = clock
        self._history = history
        self._events: list[LoginEvent] = []
        self._before = newest  # the number of the last event that is not in memory
        self._listeners: list[Callable[[], None]] = []
        self._is_telling = False
        self._readers = DeferredSemaphore(READERS)

    @property
    def newest(self) -> int:
        """The number of the last event."""
        self._catch_up()
        return self._newest

    def publish(self, event: LoginEvent) -> None:
        """Add an event that was recorded."""
        self._events.append(event)
        self._newest = event.seq
        if len(self._events) > 2 * KEPT:
            self._before = self._events[-KEPT - 1].seq
            del self._events[:-KEPT]
        if self._listeners and not self._is_telling:
            self._is_telling = True
            self._clock.callLater(NEWS_SECONDS, self._tell)

    def recent(self, after: int, limit: int, wanted: Selection) -> Batch | None:
        """Return events after a number from memory; `None` if memory does not reach back so far."""
        newest = self.newest
        if after < self._before:
            return None
        start = bisect_right(self._events, after, key=lambda event: event.seq)
        found: list[LoginEvent] = []
        for index in range(start, len(self._events)):
            event = self._events[index]
            if wanted.wants(event):
                found.append(event)
                if len(found) == limit:
                    return Batch(found, event.seq)
        return Batch(found, max(after, newest))

    def newest_first(self, limit: int, wanted: Selection) -> list[LoginEvent]:
        """Return the latest events from memory, newest first."""
        self._catch_up()
        matching = (event for event in reversed(self._events) if wanted.wants(event))
        return list(islice(matching, limit))

    async def read(self, after: int, limit: int, wanted: Selection) -> Batch:
        """Return the first events after a number, from memory or from the journal."""
        batch = self.recent(after, limit, wanted)
        if batch is not None:
            return batch
        between = self._history.between
        return await self._readers.run(deferToThread, between, after, self.newest, limit, wanted)

    async def wait(
        self,
        after: int,
        limit: int,
        wanted: Selection,
        seconds: float,
        drained: Callable[[], Pending[None]] | None = None,
    ) -> Batch:
        """Return the first events after a number; if there are none, wait for `seconds`.

        `drained` is called from time to time to have counted events recorded.
        """
        deadline = self._clock.seconds() + seconds
        while True:
            batch = await self.read(after, limit, wanted)
            remaining = deadline - self._clock.seconds()
            if batch.events or remaining <= 0:
                return batch
            after = batch.cursor
            if after >= self.newest:
                await self._news(min(remaining, COUNTED_SECONDS))
                if after >= self.newest and drained is not None:
                    await arrival(drained())

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` soon after events are published; return a function that ends this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def _news(self, seconds: float) -> None:
        news: Deferred[None] = Deferred()

        def told() -> None:
            if not news.called:
                news.callback(None)

        stop = self.listen(told)
        timeout = self._clock.callLater(seconds, told)
        try:
            await news
        finally:
            stop()
            if timeout.active():
                timeout.cancel()

    def _tell(self) -> None:
        self._is_telling = False
        for listener in tuple(self._listeners):
            listener()
