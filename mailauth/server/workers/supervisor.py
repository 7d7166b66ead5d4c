"""The workers as the parent sees them: started, asked, replaced when they die, and stopped."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.posixbase import PosixReactorBase
from twisted.logger import Logger

from mailauth.home.lock import WORKERS_MAIN
from mailauth.server.workers.orders import (
    Answered,
    Beat,
    Begin,
    Drain,
    Failed,
    Leave,
    Look,
    Numbered,
    Order,
    Ready,
    WorkerAnswer,
    answer_in,
    read_line,
    written,
)
from mailauth.server.workers.pipe import Line

log = Logger()

START_SECONDS = 60.0  # for a worker to accept connections
ANSWER_SECONDS = 5.0
LEAVE_SECONDS = 8.0  # in which a worker says goodbye to its clients
BEAT_SECONDS = 1.0  # between questions whether a worker is running
BEATS = 10  # that a worker may miss; then it is stopped, or hangs together with its clients
BEATS_LEAVING = 3  # when the parent waits for it to end
REAP_SECONDS = 0.02  # between looks whether a killed process is gone
GONE_SECONDS = 2.0  # for a killed process to be gone
STABLE_SECONDS = 1.0  # for which a worker must serve to count as started
FIRST_PAUSE = 0.1  # before the next start otherwise; it doubles each time
LONGEST_PAUSE = 10.0

_BLOCKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_BEGIN = 0  # the number of the first order

_NOT_GONE = "The worker with pid {pid} was killed but has not ended: the system still keeps it"


class WorkerFailed(OSError):
    """A worker cannot serve; the message is for the operator."""


class _Hired(msgspec.Struct, eq=False):
    """One worker process, and its unanswered orders."""

    process: subprocess.Popen[bytes]
    line: Line | None = None
    unanswered: dict[int, Deferred[WorkerAnswer | None]] = msgspec.field(default_factory=dict)
    late: IDelayedCall | None = None
    beat: int | None = None  # the number of the unanswered question whether it is running
    beats_missed: int = 0
    is_killed: bool = False
    ready_since: float | None = None  # when it began to accept connections


class _Seat(msgspec.Struct, eq=False):
    """The place of one worker, and of its replacements."""

    number: int
    hired: _Hired | None = None
    pause: float = 0.0  # before the next start
    next: IDelayedCall | None = None


class Supervisor:
    """Runs this many workers. `begin` makes the first order, with the current state.

    They inherit the descriptors `inherited`. `ended` is called with the number of each that has
    ended.
    """

    def __init__(
        self,
        reactor: PosixReactorBase,
        count: int,
        begin: Callable[[], Begin],
        inherited: Sequence[int],
        ended: Callable[[int], None],
    ) -> None:
        self._reactor = reactor
        self._begin = begin
        self._inherited = tuple(inherited)
        self._ended = ended
        self._seats = [_Seat(number) for number in range(1, count + 1)]
        self._numbers = _BEGIN
        self._leaving = False
        self._given_up = False  # waiting for killed processes that are not gone yet
        self._gone: list[Deferred[None]] = []

    def start(self) -> None:
        """Start all, and return when all accept connections. Raises `WorkerFailed`."""
        started = [(seat, *self._hire(seat)) for seat in self._seats]
        for seat, _, end in started:
            end.settimeout(START_SECONDS)
            with _failing(seat):
                end.sendall(self._first_order())
        for seat, hired, end in started:
            with _failing(seat):
                answer = answer_in(read_line(end)[0]).answer
            if isinstance(answer, Failed):
                raise WorkerFailed(answer.message)
            hired.ready_since = self._reactor.seconds()
            self._attend(seat, hired, end)

    async def ask(self, order: Order) -> dict[int, WorkerAnswer]:
        """Send an order to all, and return the answers by place when all have arrived.

        A worker that dies, or does not answer within `ANSWER_SECONDS`, has no answer. One that is
        starting receives a change before its first client, and does not answer a question.
        """
        is_question = isinstance(order, Look | Drain)
        sent = {
            seat: self._send(seat, seat.hired, order)
            for seat in self._seats
            if seat.hired is not None
        }
        asked = {
            seat.number: answer
            for seat, answer in sent.items()
            if seat.hired is not None and (seat.hired.ready_since is not None or not is_question)
        }
        answers = await gatherResults(asked.values())
        return {
            number: answer
            for number, answer in zip(asked, answers, strict=True)
            if answer is not None
        }

    async def leave(self) -> None:
        """Let all say goodbye to their clients, and return when they have ended."""
        self._leaving = True
        for seat in self._seats:
            if seat.next is not None:
                seat.next.cancel()
                seat.next = None
            if seat.hired is not None and seat.hired.line is not None:
                self._numbers += 1
                seat.hired.line.say(written(Numbered(self._numbers, Leave())))
        deadline = self._reactor.callLater(LEAVE_SECONDS, self._insist)
        while any(seat.hired is not None for seat in self._seats) and not self._given_up:
            gone: Deferred[None] = Deferred()
            self._gone.append(gone)
            await gone
        if deadline.active():
            deadline.cancel()

    def close(self) -> None:
        """Kill those that are still running."""
        self._leaving = True
        hired = [seat.hired for seat in self._seats if seat.hired is not None]
        for each in hired:
            each.process.kill()
        seconds = GONE_SECONDS
        for each in hired:
            try:
                each.process.wait(seconds)
            except subprocess.TimeoutExpired:
                seconds = 0.0
                log.critical(_NOT_GONE, pid=each.process.pid)

    def processes(self) -> list[int]:
        """Return the current process ids."""
        return [seat.hired.process.pid for seat in self._seats if seat.hired is not None]

    def end(self, process: int, why: str) -> None:
        """Kill a worker, and say why; it will be replaced.

        It is not asked to end: a stopped process reacts only to SIGKILL.
        """
        for seat in self._seats:
            hired = seat.hired
            if hired is not None and hired.process.pid == process and not hired.is_killed:
                hired.is_killed = True
                log.critical(
                    "Worker {number} (pid {pid}) {why}; it will be killed",
                    number=seat.number,
                    pid=process,
                    why=why,
                )
                hired.process.kill()

    def beat(self) -> None:
        """Ask each worker whether it is running, and kill those that do not answer in time.

        Questions are counted, not seconds, so that nothing happens if all processes were stopped.
        """
        for seat in self._seats:
            hired = seat.hired
            if hired is None or hired.line is None or hired.ready_since is None:
                continue
            if hired.beat is None:
                self._numbers += 1
                hired.beat = self._numbers
                hired.line.say(written(Numbered(hired.beat, Beat())))
                continue
            hired.beats_missed += 1
            if hired.beats_missed >= (BEATS_LEAVING if self._leaving else BEATS):
                self.end(hired.process.pid, f"has not answered for {hired.beats_missed} s")

    def _insist(self) -> None:
        """Kill those that do not leave, and do not wait forever for the system to end them."""
        for process in self.processes():
            self.end(process, "does not stop")
        self._reactor.callLater(GONE_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._given_up = True
        for process in self.processes():
            log.critical(_NOT_GONE, pid=process)
        self._tell_who_waits()

    def _tell_who_waits(self) -> None:
        gone, self._gone = self._gone, []
        for each in gone:
            each.callback(None)

    def _hire(self, seat: _Seat) -> tuple[_Hired, socket.socket]:
        """Start a process, with a socket pair on which nothing has been sent."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = _spawn(theirs.fileno(), self._inherited)
        seat.hired = _Hired(process)
        return seat.hired, ours

    def _first_order(self) -> bytes:
        return written(Numbered(_BEGIN, self._begin()))

    def _attend(self, seat: _Seat, hired: _Hired, end: socket.socket) -> None:
        """Listen to a worker from now on."""
        hired.line = Line(
            end,
            self._reactor,
            lambda line: self._heard(seat, hired, answer_in(line)),
            lambda: self._lost(seat, hired),
        )

    def _send(self, seat: _Seat, hired: _Hired, order: Order) -> Deferred[WorkerAnswer | None]:
        self._numbers += 1
        number = self._numbers
        answered: Deferred[WorkerAnswer | None] = Deferred()
        hired.unanswered[number] = answered

        def give_up() -> None:
            if hired.ready_since is not None:
                log.warn("Worker {number} does not answer", number=seat.number)
            hired.unanswered.pop(number).callback(None)

        late = self._reactor.callLater(ANSWER_SECONDS, give_up)

        def in_time(answer: WorkerAnswer | None) -> WorkerAnswer | None:
            if late.active():
                late.cancel()
            return answer

        answered.addCallback(in_time)
        assert hired.line is not None, "a hired worker has a line"
        hired.line.say(written(Numbered(number, order)))
        return answered

    def _heard(self, seat: _Seat, hired: _Hired, message: Answered) -> None:
        if isinstance(message.answer, Failed):
            log.error(
                "Worker {number}: {message}", number=seat.number, message=message.answer.message
            )
        if isinstance(message.answer, Ready):
            hired.ready_since = self._reactor.seconds()
            if hired.late is not None:
                hired.late.cancel()
                hired.late = None
        hired.beats_missed = 0
        if message.number == hired.beat:
            hired.beat = None
        waiting = hired.unanswered.pop(message.number, None)
        if waiting is not None:
            waiting.callback(message.answer)

    def _lost(self, seat: _Seat, hired: _Hired) -> None:
        """The socket pair of a worker has ended; when the worker has too, replace it."""
        hired.process.kill()  # in case it has only closed the socket
        code = hired.process.poll()
        if code is None:
            self._reactor.callLater(REAP_SECONDS, self._lost, seat, hired)
            return
        if hired.late is not None:
            hired.late.cancel()
        seat.hired = None
        self._ended(seat.number)
        unanswered, hired.unanswered = hired.unanswered, {}
        for waiting in unanswered.values():
            waiting.callback(None)
        if self._leaving:
            self._tell_who_waits()
            return
        now = self._reactor.seconds()
        if hired.ready_since is not None and now - hired.ready_since >= STABLE_SECONDS:
            seat.pause = 0.0
        log.error(
            "Worker {number} (pid {pid}) {end}; it will be replaced",
            number=seat.number,
            pid=hired.process.pid,
            end=f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}",
        )
        seat.next = self._reactor.callLater(seat.pause, self._replace, seat)
        seat.pause = min(max(FIRST_PAUSE, 2 * seat.pause), LONGEST_PAUSE)

    def _replace(self, seat: _Seat) -> None:
        seat.next = None
        hired, end = self._hire(seat)
        self._attend(seat, hired, end)
        hired.late = self._reactor.callLater(START_SECONDS, hired.process.kill)
        assert hired.line is not None
        hired.line.say(self._first_order())


@contextmanager
def _failing(seat: _Seat) -> Iterator[None]:
    """Name the worker in errors during its start."""
    try:
        yield
    except OSError as error:
        raise WorkerFailed(f"worker {seat.number} did not start: {error}") from None


def _spawn(line: int, inherited: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start a worker, which takes orders only from us.

    Signals that a terminal or a supervisor sends to the process group are blocked in it from the
    first instruction on.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
    try:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", WORKERS_MAIN, str(line)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(line, *inherited),
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
