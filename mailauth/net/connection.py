"""A mail client's connection: drives a protocol core, and applies the effects that it returns.

While an effect takes time (a pending result, a client that does not read), nothing more is read. So
a client occupies one segment of input, and output up to the transport's limit.
"""

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any, TypeVar, TypeVarTuple, assert_never

import msgspec
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IPushProducer,
    IReactorTime,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mailauth.login.ended import Ended, Ending, with_bytes
from mailauth.login.hop import Hop
from mailauth.login.session import LoginSession
from mailauth.net.connection_state import (
    AWAITING,
    GONE,
    IDLE,
    SHAKING_HANDS,
    Inbox,
    Pouring,
    State,
)
from mailauth.net.deadlines import DeadlineWheel
from mailauth.net.link import Link
from mailauth.wire.effects import Await, Close, Core, Deadline, Effect, StartTls, Stream, Write

log = Logger()

T = TypeVar("T")
U = TypeVar("U")
Ts = TypeVarTuple("Ts")

BATCH_OCTETS = 32 * 1024  # of a stream in one write
UNWATCHED_OCTETS = 16 * 1024  # of output, after which a connection asks whether it has been sent

_NO_ATTEMPT = Ending(Ended.NO_ATTEMPT)


class SessionAndCore(msgspec.Struct, frozen=True):
    """A core, and the login session that it uses."""

    session: LoginSession
    core: Core


@implementer(IHalfCloseableProtocol, IPushProducer)
class MailConnection:
    """Drives one core. `speak` makes it from the function to call when there is news."""

    __slots__ = (
        "__provides__",
        "_clock",
        "_core",
        "_full",
        "_inbox",
        "_is_processing",
        "_link",
        "_patience",
        "_paused",
        "_state",
        "_unwatched",
        "_wheel",
        "due",
        "session",
        "slot",
    )

    def __init__(
        self,
        link: Link,
        speak: Callable[[Callable[[], None]], SessionAndCore],
        wheel: DeadlineWheel,
        clock: IReactorTime,
    ) -> None:
        self.due: float | None = None
        self.slot: int | None = None
        spoken = speak(self._changed)
        self.session = spoken.session
        self._core = spoken.core
        self._link = link
        self._wheel = wheel
        self._clock = clock
        self._patience: float | None = None  # the core's last deadline, in seconds
        self._unwatched: int | None = 0  # octets sent; None when the link reports their progress
        self._state: State = IDLE
        self._inbox = Inbox()
        self._is_processing = False  # the inbox
        self._full = False  # the client does not keep up
        self._paused = False  # reading is paused

    # Called by the link.

    def makeConnection(self, transport: object) -> None:
        """The connection is ready."""
        self._ask(self._core.connected)

    def dataReceived(self, data: bytes) -> None:
        """A segment has arrived."""
        self._inbox.arrived += data
        self._process_inbox()

    def readConnectionLost(self) -> None:
        """The client will send nothing more: answer what it has sent, then close."""
        self._inbox.input_ended = True
        self._process_inbox()

    def writeConnectionLost(self) -> None:
        """The link is closing; it will report the end."""

    def connectionLost(self, reason: Failure) -> None:
        """The link has ended."""
        if self._state is not GONE:
            self._leave()

    def pauseProducing(self) -> None:
        """The client does not keep up."""
        self._full = True

    def resumeProducing(self) -> None:
        """The client has received what was sent."""
        self._full = False
        if self._state is GONE:
            return
        if self._patience is not None and self._state is not SHAKING_HANDS:
            self._wheel.set(self, self._patience)
        self._resume_stream()
        self._process_inbox()

    def stopProducing(self) -> None:
        """The link is about to end; it will report that."""

    def deadline_passed(self) -> None:
        """The core's deadline has passed."""
        if self._state is AWAITING:  # the client waits for us
            self._wheel.set(self, self._patience or 1)
        elif self._full:  # so nobody would read a farewell
            self._leave(Ending(Ended.TIMEOUT, "the client does not read"))
            self._link.abortConnection()
        else:
            self.ended(Ending(Ended.TIMEOUT))
            self._ask(self._core.timed_out)

    # Called by the listener.

    def ended(self, ending: Ending) -> None:
        """Record how the connection ends, unless there was a login attempt."""
        self._guarded(partial(self.session.ended, ending), None)

    def stop(self) -> None:
        """Stop, since the server stops: say goodbye as soon as the core can be asked."""
        self._inbox.stopping = True
        self._process_inbox()

    # Asking the core, and applying its effects.

    def _changed(self) -> None:
        """The core has news; it may be busy, so ask it later."""
        if not self._inbox.news:
            self._inbox.news = True
            self._clock.callLater(0, self._process_inbox)

    def _process_inbox(self) -> None:
        """Let the core process the inbox, as far as it can be asked now."""
        if self._is_processing:
            return  # the loop below continues by itself, however many results are available
        self._is_processing = True
        while self._state is IDLE and not (self._full or self._inbox.is_empty()):
            self._ask(self._inbox.tell, self._core)
        self._is_processing = False
        self._mind_reading()

    def _mind_reading(self) -> None:
        """Pause reading while the core cannot be asked."""
        state = self._state
        pause = self._full or (state is not IDLE and state is not SHAKING_HANDS)
        if pause is not self._paused and not (state is GONE or self._inbox.input_ended):
            self._paused = pause
            if pause:
                self._link.pauseProducing()
            else:
                self._link.resumeProducing()

    def _ask(self, question: Callable[[*Ts], list[Effect]], *arguments: *Ts) -> None:
        self._carry_out(self._answer(question, *arguments))

    def _answer(self, question: Callable[[*Ts], list[Effect]], *arguments: *Ts) -> list[Effect]:
        """Ask the core; a bug in it ends only this connection."""
        try:
            return question(*arguments)
        except Exception:  # noqa: BLE001
            self._report_bug()
        self._guarded(self.session.failed, None)
        fallback: list[Effect] = [Close()]
        return self._guarded(self._core.failed, fallback)

    def _guarded(self, question: Callable[[], T], otherwise: U) -> T | U:
        try:
            return question()
        except Exception:  # noqa: BLE001
            self._report_bug()
            return otherwise

    def _report_bug(self) -> None:
        log.failure("a bug in {core}", core=type(self._core).__name__)

    def _carry_out(self, effects: list[Effect]) -> None:
        said: list[bytes] = []
        is_patient = False
        for position, effect in enumerate(effects):
            if isinstance(effect, Write):  # most are, and a `match` is slower
                said.append(effect.data)
                continue
            if isinstance(effect, Deadline):
                self._patience = effect.seconds
                is_patient = True
                continue
            if isinstance(effect, Close):
                self._close(b"".join(said))
                return
            self._say(said)
            said = []
            if is_patient and self._patience is not None:
                self._wheel.set(self, self._patience)
                is_patient = False
            match effect:
                case Stream(chunks):
                    self._inbox.resumed = True
                    if not self._pour(chunks):
                        if self._state is GONE:
                            self._drop(chunks)
                        else:
                            self._state = Pouring(chunks, effects[position + 1 :])
                        return
                case Await(pending, resume):
                    self._inbox.resumed = True
                    self._state = AWAITING
                    pending.listen(partial(self._resume, resume))
                case StartTls() if arrived := self._inbox.arrived:
                    self._leave(with_bytes(Ended.PIPELINED_BEHIND_STARTTLS, len(arrived)))
                    self._link.loseConnection()
                case StartTls():
                    self._state = SHAKING_HANDS
                    self._wheel.cancel(self)
                    self._link.start_tls(self._tls_established)
                case _:
                    assert_never(effect)
        self._say(said)
        if is_patient and self._patience is not None:
            self._wheel.set(self, self._patience)

    def _resume(self, resume: Callable[[Any], list[Effect]], value: object) -> None:
        """Continue with a result; a core whose client has gone is told, too."""
        if self._state is AWAITING:
            self._state = IDLE
        effects = self._answer(resume, value)
        if self._state is GONE:
            self._guarded(self._core.lost, None)
        else:
            self._carry_out(effects)
            self._process_inbox()

    def _tls_established(self, hop: Hop) -> None:
        self._state = IDLE
        self.session.tls_established(hop)
        self._ask(self._core.tls_established)
        self._process_inbox()

    def _pour(self, chunks: Iterator[bytes]) -> bool:
        """Send a stream as fast as the client reads; return whether all of it was sent."""
        batch: list[bytes] = []
        octets = 0
        try:
            while not (self._full or self._state is GONE):
                chunk = next(chunks, None)
                if chunk:
                    batch.append(chunk)
                    octets += len(chunk)
                if not chunk or octets >= BATCH_OCTETS:
                    self._say(batch)
                    batch, octets = [], 0
                if chunk is None:
                    return True
                if not chunk:
                    self._clock.callLater(0, self._resume_stream)
                    return False
        except Exception:  # noqa: BLE001
            log.failure("a bug in an answer of {core}", core=type(self._core).__name__)
            self._leave()
            self._link.abortConnection()
        return False

    def _resume_stream(self) -> None:
        """Continue a stream, if there still is one."""
        pouring = self._state
        if isinstance(pouring, Pouring):
            self._state = IDLE
            self._carry_out([Stream(pouring.chunks), *pouring.effects])
            self._process_inbox()

    def _drop(self, chunks: Iterator[bytes]) -> None:
        """Tell a stream that the rest is not needed, so that it undoes unfinished work."""
        if isinstance(chunks, Generator):
            self._guarded(chunks.close, None)

    def _say(self, pieces: list[bytes]) -> None:
        if not pieces:
            return
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if self._unwatched is not None:
            self._unwatched += len(data)
            if self._unwatched > UNWATCHED_OCTETS:
                self._unwatched = None
                self._link.registerProducer(self, streaming=True)
        self._link.write(data)

    def _close(self, last: bytes = b"") -> None:
        self._leave()
        self._link.loseConnection(last)

    def _leave(self, ending: Ending = _NO_ATTEMPT) -> None:
        """Finish with the client; a pending result still arrives."""
        self.ended(ending)
        state, self._state = self._state, GONE
        if isinstance(state, Pouring):
            self._drop(state.chunks)
        self._wheel.cancel(self)
        if self._unwatched is None:
            self._link.unregisterProducer()
        if state is not AWAITING:
            self._guarded(self._core.lost, None)
