"""Reports, made in a thread, one at a time, and again only if the log has grown.

DuckDB has a thread of its own. It is loaded only for the first report.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from mailauth.net.awaiting import arrival
from mailauth.report.period import Expected, Wanted
from mailauth.report.progress import Reading
from mailauth.report.rows import Row, Totals
from mailauth.web.http.message import HttpError
from mailauth.web.turns import Turn, at_once
from mailauth.wire.pending import Pending

if TYPE_CHECKING:
    from mailauth.report.home import HomeLogs
    from mailauth.report.logs import Logs

log = Logger()

WAITING = 32  # questions at a time; further ones are answered with 503
REMEMBERED = 128  # answers

R = TypeVar("R", bound=Row)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Question(Protocol[T_co]):
    """A question to the logs. Equal questions have equal answers until the log grows."""

    def ask(self, logs: "Logs") -> T_co:
        """Ask the logs. Blocks."""

    def __hash__(self) -> int: ...


class RowsOf(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """The rows of a report after the first `offset`, at most `limit`."""

    kind: type[R]
    wanted: Wanted
    limit: int
    offset: int = 0
    expected: Expected | None = None

    def ask(self, logs: "Logs") -> list[R]:
        """Ask the logs. Blocks."""
        return logs.rows(
            self.kind,
            self.wanted,
            expected=self.expected,
            limit=self.limit,
            offset=self.offset,
        )


class Slice(msgspec.Struct, Generic[R], frozen=True):
    """Some rows of a report, and their total number."""

    rows: list[R]
    total: int


class SliceOf(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """The rows of a report after the first `offset`, at most `limit`, and their total number."""

    kind: type[R]
    wanted: Wanted
    limit: int
    offset: int = 0
    expected: Expected | None = None

    def ask(self, logs: "Logs") -> Slice[R]:
        """Ask the logs; rows are counted separately unless these are the last. Blocks."""
        rows = logs.rows(
            self.kind,
            self.wanted,
            expected=self.expected,
            limit=self.limit + 1,
            offset=self.offset,
        )
        if len(rows) <= self.limit and (rows or not self.offset):
            return Slice(rows, self.offset + len(rows))
        total = logs.count(self.kind, self.wanted, expected=self.expected)
        return Slice(rows[: self.limit], total)


class TotalsOf(msgspec.Struct, frozen=True):
    """The number of logins in a period, and of their accounts."""

    wanted: Wanted

    def ask(self, logs: "Logs") -> Totals:
        """Ask the logs. Blocks."""
        return logs.totals(self.wanted)


class _Failed(msgspec.Struct, frozen=True):
    failure: Failure


class Answering(Protocol):
    """Answers questions for pages: `Reports`, or `ImpatientReports`."""

    @property
    def now(self) -> Callable[[], datetime]:
        """The current time in the zone of the log."""

    async def answer(self, question: Question[T], *, remember: bool = True) -> T:
        """Return the answer. Raises `HttpError`."""


class Reports:
    """Answers questions to the logs of a server.

    `open_logs` and questions are called in a thread, by `in_thread`; `newest` returns the number of
    the last record; `now` returns the time in the zone of the log.
    """

    def __init__(
        self,
        open_logs: "Callable[[], HomeLogs]",
        in_thread: Callable[[Callable[[], Any]], Deferred[Any]],
        newest: Callable[[], int],
        now: Callable[[], datetime],
        checked: Callable[[], Pending[None]],
        turn: Turn = at_once,
    ) -> None:
        self.now = now
        self._turn = turn
        self._open_logs = open_logs
        self._in_thread = in_thread
        self._newest = newest
        self._checked = checked
        self._logs: HomeLogs | None = None
        self._answers: dict[Question[Any], Pending[Any]] = {}
        self._answers_are_of = -1
        self._waiting = 0

    def reading(self) -> Reading | None:
        """The progress of reading the logs, if a reader waits for it."""
        return self._logs.reading if self._logs is not None else None

    async def answer(self, question: Question[T], *, remember: bool = True) -> T:
        """Return the answer of the logs as they are now. Raises `HttpError`.

        It first waits for unfinished password checks, which show whether a password was exposed.
        With `remember=False`, for large and rare questions, the answer is not cached.
        """
        await arrival(self._checked())
        newest = self._newest()
        if newest != self._answers_are_of or len(self._answers) >= REMEMBERED:
            self._answers = {}
            self._answers_are_of = newest
        pending = self._answers.get(question)
        if pending is None:
            pending = self._asked(question)
            if remember:
                self._answers[question] = pending
        outcome = await arrival(pending)
        await self._turn()  # many readers may have waited for the same answer
        if isinstance(outcome, _Failed):
            self._forget(question, pending)
            if isinstance(outcome.failure.value, OSError):
                raise HttpError(503, "The log files cannot be read at the moment.")
            outcome.failure.raiseException()
        return cast(T, outcome)

    def close(self) -> None:
        """Interrupt the current question."""
        if self._logs is not None:
            self._logs.close()

    def _asked(self, question: Question[T]) -> "Pending[T | _Failed]":
        if self._waiting >= WAITING:
            raise HttpError(503, "Too many reports are being requested.", (b"Retry-After", b"5"))
        self._waiting += 1
        pending: Pending[T | _Failed] = Pending()

        def done(outcome: T | Failure) -> None:
            self._waiting -= 1
            if isinstance(outcome, Failure):
                log.error("a report failed: {failure.value!r}", failure=outcome)
                pending.resolve(_Failed(outcome))
            else:
                pending.resolve(outcome)

        self._in_thread(lambda: self._ask(question)).addBoth(done)
        return pending

    def _ask(self, question: Question[T]) -> T:
        if self._logs is None:
            self._logs = self._open_logs()
        return question.ask(self._logs)

    def _forget(self, question: Question[Any], pending: Pending[Any]) -> None:
        if self._answers.get(question) is pending:
            del self._answers[question]
