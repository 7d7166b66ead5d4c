"""The POP3 server's side of one connection, sans-io: bytes in, effects out."""

from mailauth.login import dialogue
from mailauth.login.policy import APOP
from mailauth.login.session import LoginSession
from mailauth.pop3 import any_state
from mailauth.pop3.commands import COMMANDS
from mailauth.pop3.login import USER_PASS, answer, respond
from mailauth.pop3.maildrop import Maildrop
from mailauth.pop3.replies import SYS_TEMP, BadCommand, Pop3Error, err, ok
from mailauth.pop3.session import Pop3Session, State
from mailauth.pop3.timers import AUTOLOGOUT_SECONDS, LOGIN_SECONDS
from mailauth.sasl import MECHANISMS
from mailauth.wire.effects import Close, Deadline, Effect
from mailauth.wire.http import HTTP
from mailauth.wire.lines import LineReader, TooLong
from mailauth.wire.turn import take_turn

COMMAND_OCTETS = 255  # RFC 2449 §4, line ending included
AUTH_OCTETS = 12_288 + 2  # RFC 5034 §4, RFC 4954 §4
MAX_BAD_COMMANDS = 20  # in a row, after which the server closes the connection


class Pop3Server:
    """A `wire.effects.Core` that speaks POP3. `maildrop` is also the admission of `login`."""

    def __init__(
        self,
        login: LoginSession,
        maildrop: Maildrop,
        *,
        hostname: str = "localhost",
        tls_available: bool = False,
    ) -> None:
        self._session = Pop3Session(login, maildrop, hostname=hostname, tls_available=tls_available)
        self._lines = LineReader(self._session.input)
        self._bad_commands = 0

    # Called by the connection.

    def connected(self) -> list[Effect]:
        """Greet the client, with a timestamp when APOP is offered."""
        timestamp = self._session.timestamp
        suffix = f" {timestamp.decode('ascii')}" if timestamp is not None else ""
        return [Deadline(LOGIN_SECONDS), ok(f"{self._session.hostname} ready{suffix}")]

    def receive(self, data: bytes) -> list[Effect]:
        """Execute the complete commands, up to one whose result must be awaited."""
        self._session.input.feed(data)
        effects = take_turn(self._step)
        if effects and self._session.state is State.TRANSACTION:
            effects.insert(0, Deadline(AUTOLOGOUT_SECONDS))
        return effects

    def tls_established(self) -> list[Effect]:
        """Start over without a greeting; forget everything received in the clear."""
        session = self._session
        session.input.discard()
        session.user = None
        session.in_exchange = session.utf8 = False
        return [Deadline(LOGIN_SECONDS)]

    def notified(self) -> list[Effect]:
        """A maildrop does not change while it is open."""
        return []

    def timed_out(self) -> list[Effect]:
        """The client was idle for too long: close without a reply or an update (RFC 1939 §3)."""
        return [Close()]

    def shutting_down(self) -> list[Effect]:
        """The server is shutting down; no message is removed."""
        return [err("The server is shutting down", SYS_TEMP), Close()]

    def failed(self) -> list[Effect]:
        """Reply that the server has a bug."""
        return [err("Internal server error", SYS_TEMP), Close()]

    def lost(self) -> None:
        """The connection is lost: release the maildrop."""
        self._session.maildrop.close()

    # One step: a command, or a response that AUTH has asked for.

    def _step(self) -> list[Effect] | None:
        line = self._lines.line(AUTH_OCTETS)
        if line is None:
            return None
        try:
            effects = self._too_long(line) if isinstance(line, TooLong) else self._line(line)
        except BadCommand as error:
            return self._answer_bad(error)
        except Pop3Error as error:
            effects = [err(error.text, error.code)]
        self._bad_commands = 0
        return effects

    def _line(self, line: bytes) -> list[Effect]:
        session = self._session
        stripped = line.removesuffix(b"\n").removesuffix(b"\r")
        if session.in_exchange:
            return respond(session, stripped)
        keyword, _, argument = stripped.partition(b" ")
        keyword = keyword.upper()
        if len(line) > COMMAND_OCTETS and keyword != b"AUTH":
            return self._too_long(TooLong(line))
        command = COMMANDS.get(keyword)
        if command is None:
            dialogue.sent_anyway(session.login, stripped)
            raise BadCommand("Unknown command")
        if session.state not in command.states:
            raise BadCommand("This command is not allowed in the current state")
        session.login.evidence.note_command(keyword.decode("ascii"))
        return command.handler(session, argument)

    def _too_long(self, line: TooLong) -> list[Effect]:
        """Refuse a line; an overlong login command still counts as an attempt."""
        session = self._session
        if session.in_exchange:
            return answer(session, session.login.line_too_long())
        keyword, _, rest = line.beginning.partition(b" ")
        match keyword.upper():
            case b"AUTH":
                name = rest.partition(b" ")[0].decode("ascii", "replace").upper()
                mechanism = name if name in MECHANISMS else None
                return answer(session, session.login.line_too_long(mechanism))
            case b"PASS":
                session.user = None
                return answer(session, session.login.line_too_long(USER_PASS))
            case b"APOP":
                return answer(session, session.login.line_too_long(APOP))
            case method if method in HTTP:
                return any_state.http(session, rest)
            case _:
                raise BadCommand("The line is too long")

    def _answer_bad(self, error: BadCommand) -> list[Effect]:
        said = err(error.text, error.code)
        self._bad_commands += 1
        if self._bad_commands >= MAX_BAD_COMMANDS:
            return [said, err("Too many bad commands"), Close()]
        return [said]
