"""What a test's server has recorded since the last reset, and waiting for more.

A wait blocks the thread, and with it an event loop that runs there. So each wait has an async
version, which asks the server from another thread in short steps, so that it can be cancelled.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import NoReturn, Protocol

from mailauth.login.event import LoginEvent
from mailauth.testing.api import Attempts
from mailauth.testing.recorded import listed

_SLICE_SECONDS = 0.5  # of one step in the other thread, which a cancellation does not end


class Ask(Protocol):
    """Requests the records after a number, and waits for one if there are none.

    With `settle`, the server first processes everything that clients have sent.
    """

    def __call__(self, after: int, wait: float, *, settle: bool) -> Attempts: ...


class ServerRecord:
    """The record of a server, read as far as needed."""

    def __init__(self, ask: Ask, cursor: int) -> None:
        self._ask = ask
        self._read_to = cursor
        self._events: list[LoginEvent] = []
        self._reading = threading.Lock()

    def events(self) -> list[LoginEvent]:
        """Return everything that was recorded so far."""
        while self.read_on(0, settle=True):
            pass
        return self._events

    def read_on(self, wait: float, *, settle: bool = False) -> bool:
        """Read what follows the last record, and return whether there was anything."""
        with self._reading:
            answer = self._ask(self._read_to, wait, settle=settle)
            self._events += answer.attempts
            went_on = answer.cursor > self._read_to
            self._read_to = answer.cursor
        return went_on

    async def read_on_async(self, wait: float) -> bool:
        """Read on without blocking the event loop."""
        deadline = time.monotonic() + wait
        before = self._read_to
        while True:
            remaining = max(deadline - time.monotonic(), 0)
            await self._read_a_while(remaining)
            if self._read_to > before or remaining <= 0:
                return self._read_to > before

    async def _read_a_while(self, wait: float) -> None:
        """Read on in a thread; after a cancelled wait, an earlier thread may still be reading."""
        await asyncio.to_thread(self.read_on, min(wait, _SLICE_SECONDS))

    def awaited(
        self, matches: Callable[[LoginEvent], bool], what: str, timeout: float
    ) -> LoginEvent:
        """Return the first matching record as soon as it exists, or fail."""
        __tracebackhide__ = True
        search = _Search(self._events, matches, timeout)
        while search.found is None:
            went_on = self.read_on(search.remaining)
            if not search.goes_on() and not went_on:
                self.fail(f"no {what} within {timeout:g} s{_blocked_loop()}")
        return search.found

    async def awaited_async(
        self, matches: Callable[[LoginEvent], bool], what: str, timeout: float
    ) -> LoginEvent:
        """Do the same while other tasks of the event loop run."""
        __tracebackhide__ = True
        search = _Search(self._events, matches, timeout)
        while search.found is None:
            known = len(self._events)
            await self._read_a_while(search.remaining)
            if not search.goes_on() and len(self._events) == known:
                self.fail(f"no {what} within {timeout:g} s")
        return search.found

    def fail(self, what: str) -> NoReturn:
        """Fail, and show what was recorded."""
        __tracebackhide__ = True  # the test's own line is shown as the place of the failure
        raise AssertionError(f"{what}; recorded:\n{listed(self.events())}")


class _Search:
    """Searches the existing records for a match, and then new ones until the time is over."""

    def __init__(
        self, events: list[LoginEvent], matches: Callable[[LoginEvent], bool], timeout: float
    ) -> None:
        self._events = events
        self._matches = matches
        self._deadline = time.monotonic() + timeout
        self._looked_at = 0
        self.found: LoginEvent | None = None
        self._look()

    @property
    def remaining(self) -> float:
        """The number of seconds that are left."""
        return max(self._deadline - time.monotonic(), 0)

    def goes_on(self) -> bool:
        """Check the new records; return whether the search should continue."""
        self._look()
        return self.found is not None or self.remaining > 0

    def _look(self) -> None:
        for event in self._events[self._looked_at :]:
            if self._matches(event):
                self.found = event
                break
        self._looked_at = len(self._events)


def _blocked_loop() -> str:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return ""
    return (
        " (an event loop runs in this thread, and none of its tasks could run meanwhile:"
        " await the method of the same name with _async at its end)"
    )
