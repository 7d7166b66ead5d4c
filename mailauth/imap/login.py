"""Commands of the not authenticated state: STARTTLS, AUTHENTICATE, LOGIN (RFC 9051 §6.2)."""

from typing import assert_never

from mailauth.imap.capability import capabilities
from mailauth.imap.command import Command
from mailauth.imap.errors import Bad, No, ParseError, StatusError
from mailauth.imap.responses import bye, status
from mailauth.imap.session import ImapSession, State
from mailauth.imap.timers import AUTOLOGOUT_SECONDS
from mailauth.login import dialogue
from mailauth.login.ended import Ended, with_bytes
from mailauth.login.outcome import Answer, Challenge, Outcome, Step
from mailauth.sasl import PasswordClaim, encode_challenge
from mailauth.wire.effects import Await, Close, Deadline, Effect, StartTls, Write
from mailauth.wire.pending import Pending

LOGIN = "IMAP-LOGIN"  # the mechanism's name in the journal


def starttls(session: ImapSession, command: Command) -> list[Effect]:
    """STARTTLS; pipelined cleartext is discarded, and its sender disconnected."""
    command.arguments.end()
    if session.state is not State.NOT_AUTHENTICATED:
        raise Bad("Already logged in")
    if session.login.hop.secure:
        raise Bad("TLS is already active")
    if not session.tls_available:
        raise Bad("TLS is not available on this port")
    pipelined = session.input.discard()
    if pipelined:
        session.login.ended(with_bytes(Ended.PIPELINED_BEHIND_STARTTLS, pipelined))
        refusal = status(command.tag, b"BAD", "Wait for the response to STARTTLS")
        return [Write(refusal + bye("Commands were sent in the clear after STARTTLS")), Close()]
    return [Write(command.ok("Begin TLS negotiation now")), StartTls()]


def login(session: ImapSession, command: Command) -> list[Effect]:
    """LOGIN: a name and a password in the clear."""
    try:
        command.arguments.sp()
        userid = command.arguments.astring()
        command.arguments.sp()
        password = command.arguments.astring()
        command.arguments.end()
    except ParseError as error:
        return answer(session, command, session.login.malformed(str(error), LOGIN))
    claim = PasswordClaim(authcid=userid, password=password)
    return answer(session, command, session.login.password(LOGIN, claim))


def authenticate(session: ImapSession, command: Command) -> list[Effect]:
    """AUTHENTICATE: a SASL exchange, with or without an initial response (RFC 4959)."""
    command.arguments.sp()
    mechanism = command.arguments.atom()
    initial_response = None
    if not command.arguments.at_end():
        command.arguments.sp()
        initial_response = command.arguments.initial_resp()
    return answer(session, command, dialogue.begin(session.login, mechanism, initial_response))


class Authentication:
    """A SASL exchange that is waiting for the client's response."""

    __slots__ = ("_command", "_session")

    def __init__(self, session: ImapSession, command: Command) -> None:
        self._session = session
        self._command = command

    def notified(self) -> list[Effect]:
        """No mailbox is selected yet."""
        return []

    def line(self, line: bytes) -> list[Effect]:
        """Take a response, or `*`."""
        step = dialogue.respond(self._session.login, line)
        return answer(self._session, self._command, step)

    def line_too_long(self) -> list[Effect]:
        """The response is longer than 12,288 octets."""
        return answer(self._session, self._command, self._session.login.line_too_long())


def answer(session: ImapSession, command: Command, step: Step) -> list[Effect]:
    """Turn a step of the login into effects: a challenge, a wait, or the tagged response."""
    session.continuation = None
    match step:
        case Challenge(data):
            session.continuation = Authentication(session, command)
            return [Write(b"+ " + encode_challenge(data) + b"\r\n")]
        case Pending():
            return [Await(step, lambda outcome: _conclude(session, command, outcome))]
        case Outcome():
            return _conclude(session, command, step)
        case _:
            assert_never(step)


def _conclude(session: ImapSession, command: Command, outcome: Outcome) -> list[Effect]:
    if outcome.answer is Answer.SUCCESS:
        code = f"CAPABILITY {capabilities(session)}"
        return [Deadline(AUTOLOGOUT_SECONDS), Write(command.ok("Logged in", code))]
    refusal = refused(outcome.answer)
    said = status(command.tag, refusal.condition, refusal.text, refusal.code)
    if session.login.exhausted:
        return [Write(said + bye("Too many failed logins")), Close()]
    return [Write(said)]


def refused(answer: Answer) -> StatusError:
    """Return the response to a login that did not succeed (RFC 9051 §6.2.2, RFC 5530 §3)."""
    match answer:
        case Answer.BAD_CREDENTIALS:
            return No("Authentication failed", "AUTHENTICATIONFAILED")
        case Answer.DENIED:
            return No("You are not authorized to act for this user", "AUTHORIZATIONFAILED")
        case Answer.CLEARTEXT_REFUSED:
            return No("TLS is required to log in", "PRIVACYREQUIRED")
        case Answer.MECHANISM_UNKNOWN:
            return No("This mechanism is not offered", "CANNOT")
        case Answer.MALFORMED:
            return Bad("Malformed authentication exchange")
        case Answer.CANCELLED:
            return Bad("Login cancelled")
        case Answer.LINE_TOO_LONG:
            return Bad("The line is too long")
        case Answer.ALREADY_AUTHENTICATED:
            return Bad("Already logged in")
        case Answer.MAILDROP_LOCKED:
            return No("The mailbox is in use", "INUSE")
        case Answer.UNAVAILABLE:
            return No("Login is temporarily unavailable; try again later", "UNAVAILABLE")
        case Answer.SUCCESS:
            raise AssertionError("a success is not refused")
        case _:
            assert_never(answer)
