"""A protocol of our own for tests: one line a command, LOGIN, STARTTLS, BIG, ECHO, BUG, QUIT."""

from collections.abc import Iterator

from mailauth.login.ended import Ended, Ending, with_bytes
from mailauth.login.outcome import Answer, Outcome
from mailauth.login.session import LoginSession
from mailauth.sasl import PasswordClaim
from mailauth.wire.effects import Await, Close, Deadline, Effect, StartTls, Stream, Write
from mailauth.wire.lines import LineBuffer, LineTooLong
from mailauth.wire.pending import Pending

LINE_LIMIT = 1024


class ToyServer:
    """Speaks the toy protocol; `patience` is the deadline it sets."""

    def __init__(
        self, session: LoginSession, *, tls_available: bool = True, patience: float = 60
    ) -> None:
        self._session = session
        self._tls_available = tls_available
        self._patience = patience
        self._input = LineBuffer()
        self.lives = True

    def connected(self) -> list[Effect]:
        return [Write(b"HELLO\r\n"), Deadline(self._patience)]

    def receive(self, data: bytes) -> list[Effect]:
        self._input.feed(data)
        effects: list[Effect] = []
        while not (effects and isinstance(effects[-1], Await | Stream | StartTls | Close)):
            try:
                line = self._input.line(LINE_LIMIT)
            except LineTooLong:
                return [*effects, Write(b"TOO LONG\r\n"), Close()]
            if line is None:
                break
            effects += self._command(line.rstrip(b"\r\n"))
        return effects

    def tls_established(self) -> list[Effect]:
        return [Deadline(self._patience)]

    def notified(self) -> list[Effect]:
        return [Write(b"NEWS\r\n")]

    def timed_out(self) -> list[Effect]:
        self._session.ended(Ending(Ended.TIMEOUT))
        return [Write(b"TIMEOUT\r\n"), Close()]

    def shutting_down(self) -> list[Effect]:
        return [Write(b"STOPPING\r\n"), Close()]

    def failed(self) -> list[Effect]:
        return [Write(b"OUR FAULT\r\n"), Close()]

    def lost(self) -> None:
        self.lives = False

    def _command(self, line: bytes) -> list[Effect]:
        verb, _, argument = line.partition(b" ")
        match verb:
            case b"LOGIN":
                name, _, password = argument.partition(b" ")
                outcome = self._session.password("TOY", PasswordClaim(name, password))
                if isinstance(outcome, Pending):
                    return [Await(outcome, self._answer)]
                return self._answer(outcome)
            case b"STARTTLS" if self._tls_available:
                if pipelined := self._input.discard():
                    ending = with_bytes(Ended.PIPELINED_BEHIND_STARTTLS, pipelined)
                    self._session.ended(ending)
                    return [Write(b"PIPELINED\r\n"), Close()]
                return [Write(b"GO\r\n"), StartTls()]
            case b"ECHO":
                return [Write(argument + b"\r\n")]
            case b"BIG":
                return [Stream(self._big(int(argument))), Write(b"END\r\n")]
            case b"BUG":
                raise RuntimeError("a bug in the toy")
            case b"QUIT":
                return [Write(b"BYE\r\n"), Close()]
            case _:
                return [Write(b"WHAT?\r\n")]

    def _answer(self, outcome: Outcome) -> list[Effect]:
        return [Write(b"IN\r\n" if outcome.answer is Answer.SUCCESS else b"NO\r\n")]

    def _big(self, chunks: int) -> Iterator[bytes]:
        for _ in range(chunks):
            yield b"x" * 65534 + b"\r\n"
