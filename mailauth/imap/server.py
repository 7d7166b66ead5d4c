"""The IMAP server's side of one connection, sans-io: bytes in, effects out."""

import re
from collections.abc import Callable
from datetime import datetime

from mailauth.imap import any_state, append
from mailauth.imap.capability import capabilities
from mailauth.imap.command import Command
from mailauth.imap.commands import COMMANDS
from mailauth.imap.errors import Bad, StatusError, refusal
from mailauth.imap.grammar import Parser
from mailauth.imap.login import LOGIN, answer
from mailauth.imap.parsed import ParsedMessages
from mailauth.imap.reader import (
    AFTER_LOGIN,
    BEFORE_LOGIN,
    Announced,
    Assembled,
    CommandReader,
    Continue,
    Refused,
    TooLong,
)
from mailauth.imap.responses import bye, status
from mailauth.imap.session import ImapSession
from mailauth.imap.timers import AUTOLOGOUT_SECONDS, LOGIN_SECONDS
from mailauth.imap.updates import leave_deleted
from mailauth.login.session import LoginSession
from mailauth.mailbox.errors import MailboxError
from mailauth.mailbox.store import MailStore
from mailauth.sasl import MalformedResponse, decode_response
from mailauth.wire.effects import Close, Deadline, Effect, Write
from mailauth.wire.http import HTTP
from mailauth.wire.turn import take_turn

MAX_BAD_COMMANDS = 20  # in a row, after which the server closes the connection

_TAG = re.compile(rb'([^\x00-\x20(){%*"\\+\x7f-\xff]{1,100}) ')
_NAME = re.compile(rb"(?:UID )?[A-Z]+(?= |\Z)", re.IGNORECASE)


def _nobody_listens() -> None:
    """Do nothing, for a connection that ignores changes."""


class ImapServer:
    """A `wire.effects.Core` that speaks IMAP.

    `parsed` should be shared by all connections. `changed` is called when the mailbox of an idling
    client has changed, at most once between calls of `notified`.
    """

    def __init__(
        self,
        login: LoginSession,
        store: MailStore,
        *,
        now: Callable[[], datetime],
        parsed: ParsedMessages,
        hostname: str = "localhost",
        tls_available: bool = False,
        changed: Callable[[], None] = _nobody_listens,
    ) -> None:
        self._session = ImapSession(
            login,
            store,
            hostname=hostname,
            tls_available=tls_available,
            now=now,
            parsed=parsed,
            changed=changed,
        )
        self._reader = CommandReader(self._session.input)
        self._portion = store.intake.portion()
        self._tag: bytes | None = None  # of the command in progress
        self._bad_commands = 0

    # Called by the connection.

    def connected(self) -> list[Effect]:
        """Greet the client."""
        session = self._session
        code = f"CAPABILITY {capabilities(session)}"
        greeting = status(b"*", b"OK", f"{session.hostname} ready", code)
        return [Deadline(LOGIN_SECONDS), Write(greeting)]

    def receive(self, data: bytes) -> list[Effect]:
        """Execute the complete commands, up to one whose result must be awaited."""
        self._session.input.feed(data)
        self._tag = None
        effects = take_turn(self._next)
        if effects and self._session.login.account is not None:
            effects.insert(0, Deadline(AUTOLOGOUT_SECONDS))
        return effects

    def tls_established(self) -> list[Effect]:
        """Start over without a greeting; forget everything received in the clear."""
        self._session.input.discard()
        return [Deadline(LOGIN_SECONDS)]

    def notified(self) -> list[Effect]:
        """Report the changes of other sessions to an idling client."""
        continuation = self._session.continuation
        return [] if continuation is None else continuation.notified()

    def timed_out(self) -> list[Effect]:
        """The client was silent for too long."""
        return [Write(bye("The connection was idle for too long")), Close()]

    def shutting_down(self) -> list[Effect]:
        """The server is shutting down."""
        return [Write(bye("The server is shutting down")), Close()]

    def failed(self) -> list[Effect]:
        """Reply that the server has a bug (RFC 5530 §3: SERVERBUG)."""
        said = bye("Internal server error", "SERVERBUG")
        if self._tag is not None:
            said = status(self._tag, b"NO", "Internal server error", "SERVERBUG") + said
        return [Write(said), Close()]

    def lost(self) -> None:
        """The connection is lost: release what it holds."""
        self._session.unselect()
        self._session.changed = _nobody_listens  # break the reference cycle
        self._reader.forget()
        self._portion.resize(0)

    # One step: a command, or a line that a command has asked for.

    def _next(self) -> list[Effect] | None:
        step = self._step()
        if step is None:
            try:
                self._portion.resize(self._reader.kept)
            except MailboxError as error:
                self._reader.refuse(refusal(error))
                return self._step()
        return step

    def _step(self) -> list[Effect] | None:
        reader, session = self._reader, self._session
        reader.limits = BEFORE_LOGIN if session.login.account is None else AFTER_LOGIN
        if session.continuation is not None:
            line = reader.line()
            if line is None:
                return None
            if isinstance(line, TooLong):
                return session.continuation.line_too_long()
            return session.continuation.line(line)
        match reader.read(self._admit_literal):
            case Assembled(data):
                return self._run(data)
            case Continue():
                return [Write(b"+ OK\r\n")]
            case Refused(command, error, fatal):
                return self._refuse(command, error, fatal=fatal)
            case TooLong(beginning):
                return self._refuse(beginning, Bad("The line is too long"), fatal=False)
            case None:
                return None

    def _run(self, data: bytes) -> list[Effect]:
        match = _TAG.match(data)
        if match is None:
            self._look_for_a_response(data)
            return self._answer_bad(b"*", Bad("A command must begin with a tag and a space"))
        self._tag = tag = match[1]
        try:
            effects = self._execute(tag, data, match.end())
        except Bad as error:
            return self._answer_bad(tag, error)
        except StatusError as error:
            effects = [Write(status(tag, error.condition, error.text, error.code))]
        except MailboxError as error:
            refused = refusal(error)
            effects = [Write(status(tag, refused.condition, refused.text, refused.code))]
        self._bad_commands = 0
        return effects

    def _execute(self, tag: bytes, data: bytes, start: int) -> list[Effect]:
        name = _NAME.match(data, start)
        entry = COMMANDS.get(name[0].upper()) if name else None
        if name is None or entry is None:
            if tag.upper() in HTTP:
                return any_state.http(self._session)
            raise Bad("Unknown command")
        if self._session.state not in entry.states:
            raise Bad("This command is not allowed in the current state")
        selection = self._session.selection
        if selection is not None and selection.mailbox.removed:
            return leave_deleted()
        command = Command(
            tag, name[0].decode("ascii").upper(), Parser(data, name.end(), utf8=self._session.utf8)
        )
        self._session.login.evidence.note_command(command.name)
        return entry.handler(self._session, command)

    def _look_for_a_response(self, line: bytes) -> None:
        """Check a line that may be a SASL response sent after AUTHENTICATE was refused."""
        if self._session.login.account is None:
            try:
                self._session.login.sent_anyway(decode_response(line))
            except MalformedResponse:
                return

    def _refuse(self, beginning: bytes, error: StatusError, *, fatal: bool) -> list[Effect]:
        """Refuse an incomplete command; an overlong login command still counts as an attempt."""
        match = _TAG.match(beginning)
        tag = match[1] if match else b"*"
        if fatal:
            said = status(tag, error.condition, error.text, error.code)
            return [
                Write(said + bye("The command cannot be skipped", error.code)),
                Close(),
            ]
        login = self._session.login
        verb, _, rest = beginning[len(tag) + 1 :].partition(b" ")
        if tag.upper() in HTTP and verb.upper() not in COMMANDS:
            return any_state.http(self._session)
        command = Command(tag, verb.decode("ascii", "replace").upper(), Parser(b""))
        if command.name == "LOGIN":
            return answer(self._session, command, login.line_too_long(LOGIN))
        if command.name == "AUTHENTICATE":
            mechanism = rest.partition(b" ")[0].decode("ascii", "replace").upper()
            known = mechanism if mechanism in login.offered else None
            return answer(self._session, command, login.line_too_long(known))
        return self._answer_bad(tag, error)

    def _answer_bad(self, tag: bytes, error: StatusError) -> list[Effect]:
        said = status(tag, error.condition, error.text, error.code)
        self._bad_commands += 1
        if self._bad_commands >= MAX_BAD_COMMANDS:
            return [Write(said + bye("Too many bad commands")), Close()]
        return [Write(said)]

    def _admit_literal(self, announced: Announced) -> None:
        """Only the message of an APPEND may exceed the limit for literals."""
        tag = _TAG.match(announced.command)
        name = _NAME.match(announced.command, tag.end()) if tag else None
        if self._session.login.account is None or name is None or name[0].upper() != b"APPEND":
            raise Bad("The literal is too long", "TOOBIG")
        parser = Parser(announced.command, name.end(), utf8=self._session.utf8)
        try:
            append.admit(self._session, parser, announced.size)
        except MailboxError as error:
            raise refusal(error) from None
