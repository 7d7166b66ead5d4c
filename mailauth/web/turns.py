"""Turns: long work is done in small steps, so that logins can be served in between.

A page or a long list takes milliseconds of the only thread. A thousand clients that ask at once
would occupy it for seconds; here they wait for each other, and do not delay other clients.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from time import perf_counter

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

AT_ONCE_SECONDS = 0.002  # of work, after which others are served for as long

Turn = Callable[[], Awaitable[None]]


class Turns:
    """Requests that wait for their turn, in order."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._waiting: deque[Deferred[None]] = deque()
        self._is_taken = False

    async def turn(self) -> None:
        """Return when it is the caller's turn, which lasts until it waits for something."""
        if self._is_taken:
            mine: Deferred[None] = Deferred()
            self._waiting.append(mine)
            await mine
        else:
            self._is_taken = True
            self._clock.callLater(0, self._give_turns)

    def _give_turns(self) -> None:
        """Let the next ones have their turn; others have been served since the last time."""
        begun = perf_counter()
        while self._waiting:
            took = perf_counter() - begun
            if took > AT_ONCE_SECONDS:
                self._clock.callLater(took, self._give_turns)
                return
            mine = self._waiting.popleft()
            if not mine.called:  # else the one who waited has gone
                mine.callback(None)
        self._is_taken = False


async def at_once() -> None:
    """Return at once, since nobody else is waiting."""
