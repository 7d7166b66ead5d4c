"""A page shown while the logs are being read: it shows the progress, and reloads itself.

A large log takes time when the console is opened for the first time. The answer continues to be
prepared, and is shown when the browser asks again.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from mailauth.report.progress import Reading
from mailauth.web.reports import Question, Reports

PATIENCE_SECONDS = 1.0  # before the progress is shown
LOOK_SECONDS = 0.25
AGAIN_SECONDS = 2  # between reloads

T = TypeVar("T")


class ImpatientReports:
    """Reports for pages: `answer` does not wait for logs that take long to read."""

    def __init__(self, reports: Reports, clock: IReactorTime) -> None:
        self.now = reports.now
        self._reports = reports
        self._clock = clock

    async def answer(self, question: Question[T], *, remember: bool = True) -> T:
        """Return the answer of `Reports.answer`, or raise `StillReading`."""
        reading = self._reports.reading()
        if reading is not None and reading.is_long:
            raise StillReading(reading)  # a question now would only delay it
        answer = self._reports.answer(question, remember=remember)
        return await unless_reading(answer, self._clock, self._reports.reading)


class StillReading(Exception):
    """The logs are still being read; `reading` is the progress."""

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self.reading = reading


async def unless_reading(
    answer: Awaitable[T], clock: IReactorTime, reading: Callable[[], Reading | None]
) -> T:
    """Wait for an answer, but not for logs that take long. Raises `StillReading`."""
    given_up: list[Reading] = []
    waiting = Deferred.fromCoroutine(_awaited(answer))
    begun = clock.seconds()

    def look() -> None:
        now = reading()
        if now is not None and now.is_long and clock.seconds() - begun >= PATIENCE_SECONDS:
            given_up.append(now)
            waiting.cancel()

    looking = LoopingCall(look)
    looking.clock = clock
    looking.start(LOOK_SECONDS, now=False).addErrback(waiting.errback)
    try:
        return await waiting
    except CancelledError:
        if given_up:
            raise StillReading(given_up[0]) from None
        raise
    finally:
        if looking.running:
            looking.stop()


async def _awaited(answer: Awaitable[T]) -> T:
    return await answer
