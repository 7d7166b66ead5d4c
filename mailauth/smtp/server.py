"""The SMTP server's side of one connection, sans-io: bytes in, effects out."""

from collections.abc import Callable
from datetime import datetime

from mailauth.login import dialogue
from mailauth.login.accounts import Accounts
from mailauth.login.session import LoginSession
from mailauth.mailbox.errors import StoreUnavailable
from mailauth.mailbox.store import MailStore
from mailauth.sasl import MECHANISMS
from mailauth.smtp import any_state
from mailauth.smtp.commands import COMMANDS
from mailauth.smtp.limits import AUTH_OCTETS, COMMAND_OCTETS, ERRORS, OCTETS, PATIENCE_SECONDS
from mailauth.smtp.login import answer
from mailauth.smtp.replies import SmtpError, reply
from mailauth.smtp.session import SmtpSession
from mailauth.wire.effects import Close, Deadline, Effect
from mailauth.wire.http import HTTP
from mailauth.wire.lines import TooLong
from mailauth.wire.turn import take_turn


class SmtpServer:
    """A `wire.effects.Core` that speaks SMTP. It accepts mail for its accounts and never relays.

    With `authentication_required` it is a submission server (RFC 6409 §4.3); without, it accepts
    mail for the accounts from anyone.
    """

    def __init__(
        self,
        login: LoginSession,
        store: MailStore,
        *,
        accounts: Callable[[], Accounts],
        now: Callable[[], datetime],
        hostname: str = "localhost",
        tls_available: bool = False,
        authentication_required: bool = True,
    ) -> None:
        self._session = SmtpSession(
            login,
            store,
            accounts=accounts,
            now=now,
            hostname=hostname,
            tls_available=tls_available,
            authentication_required=authentication_required,
        )
        self._portion = store.intake.portion()
        self._errors = 0

    # Called by the connection.

    def connected(self) -> list[Effect]:
        """Greet the client."""
        greeting = f"{self._session.hostname} ESMTP mailauth ready"
        return [Deadline(PATIENCE_SECONDS), reply(220, None, greeting)]

    def receive(self, data: bytes) -> list[Effect]:
        """Execute the complete commands, up to one whose result must be awaited."""
        self._session.input.feed(data)
        effects = take_turn(self._step)
        if effects:
            effects.insert(0, Deadline(PATIENCE_SECONDS))
        self._mind_memory()
        return effects

    def tls_established(self) -> list[Effect]:
        """Start over without a greeting; forget everything received in the clear."""
        self._session.forget()
        return [Deadline(PATIENCE_SECONDS)]

    def notified(self) -> list[Effect]:
        """SMTP has no unsolicited replies."""
        return []

    def timed_out(self) -> list[Effect]:
        """The client was silent for too long."""
        return [reply(421, "4.4.2", "The connection was idle for too long"), Close()]

    def shutting_down(self) -> list[Effect]:
        """The server is shutting down."""
        return [reply(421, "4.3.2", "The server is shutting down"), Close()]

    def failed(self) -> list[Effect]:
        """Reply that the server has a bug."""
        return [reply(451, "4.3.0", "Internal server error"), Close()]

    def lost(self) -> None:
        """The connection is lost; drop an incomplete message."""
        self._session.forget()
        self._portion.resize(0)

    def _mind_memory(self) -> None:
        """Refuse a partly received message when there is not enough memory for it."""
        transaction = self._session.transaction
        collected = transaction.collected if transaction is not None else None
        try:
            self._portion.resize(collected.kept if collected is not None else 0)
        except StoreUnavailable:
            assert collected is not None, "nothing is kept"
            collected.refuse()

    # One step: a command, or input that a command has asked for.

    def _step(self) -> list[Effect] | None:
        session = self._session
        try:
            if session.continuation is not None:
                effects = session.continuation.step()
            else:
                effects = self._command()
        except SmtpError as error:
            return self._answer_error(error)
        if effects and not all(isinstance(effect, Deadline) for effect in effects):
            self._errors = 0  # a command is complete, not only part of a chunk
        return effects

    def _command(self) -> list[Effect] | None:
        session = self._session
        line = session.lines.line(AUTH_OCTETS)
        if line is None:
            return None
        if isinstance(line, TooLong):
            return self._too_long(line.beginning)
        verb, _, argument = line.rstrip(b"\r\n").partition(b" ")
        verb = verb.upper()
        if len(line) > OCTETS.get(verb, COMMAND_OCTETS):
            return self._too_long(line)
        if not line.endswith(b"\r\n"):
            if verb == b"AUTH":  # the line may contain a password
                return answer(session, session.login.malformed("bare line feed", _named(argument)))
            error = SmtpError(500, "5.5.2", "A line must end with CRLF, not with a bare LF")
            if verb == b"BDAT":  # what follows is content
                return [error.reply, Close()]
            raise error
        command = COMMANDS.get(verb)
        if command is None:
            dialogue.sent_anyway(session.login, line[:-2])
            raise SmtpError(500, "5.5.1", "Unknown command")
        session.login.evidence.note_command(verb.decode("ascii"))
        return command(session, argument.rstrip(b" "))

    def _too_long(self, beginning: bytes) -> list[Effect]:
        """Refuse a line; an overlong login command still counts as an attempt."""
        session = self._session
        verb, _, argument = beginning.partition(b" ")
        if verb.upper() == b"AUTH":
            return answer(session, session.login.line_too_long(_named(argument)))
        if verb.upper() in HTTP:
            return any_state.http(session, argument)
        error = SmtpError(500, "5.5.2", "The line is too long")
        if verb.upper() == b"BDAT":  # what follows is content
            return [error.reply, Close()]
        raise error

    def _answer_error(self, error: SmtpError) -> list[Effect]:
        self._errors += 1
        if self._errors >= ERRORS:
            return [error.reply, reply(421, "4.7.0", "Too many errors"), Close()]
        return [error.reply]


def _named(argument: bytes) -> str | None:
    """Return the mechanism that an AUTH command names, if we know it."""
    name = argument.partition(b" ")[0].strip().decode("ascii", "replace").upper()
    return name if name in MECHANISMS else None
