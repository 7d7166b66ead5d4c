"""AUTH (RFC 4954) and STARTTLS (RFC 3207)."""

from typing import assert_never

from mailauth.login import dialogue
from mailauth.login.ended import Ended, with_bytes
from mailauth.login.outcome import Answer, Challenge, Outcome, Step
from mailauth.sasl import encode_challenge
from mailauth.smtp.limits import AUTH_OCTETS
from mailauth.smtp.replies import SmtpError, bad_sequence, bad_syntax, login_refused, reply
from mailauth.smtp.session import SmtpSession
from mailauth.wire.effects import Await, Close, Effect, StartTls, Write
from mailauth.wire.lines import TooLong
from mailauth.wire.pending import Pending

BEFORE_EHLO = "AUTH before EHLO"  # in the journal
DURING_TRANSACTION = "AUTH during a mail transaction"
_REPLIES = {
    BEFORE_EHLO: "Send EHLO first",
    DURING_TRANSACTION: "AUTH is not allowed during a mail transaction",
}


def auth(session: SmtpSession, argument: bytes) -> list[Effect]:
    """AUTH: a SASL exchange, with or without an initial response."""
    if not argument:
        raise bad_syntax("AUTH requires a mechanism")
    mechanism, space, rest = argument.partition(b" ")
    initial_response = rest if space else None
    reason = _out_of_turn(session)
    if reason is None:
        return answer(session, dialogue.begin(session.login, mechanism, initial_response))
    dialogue.out_of_turn(session.login, mechanism, initial_response, reason)
    return _ended_if_exhausted(session, bad_sequence(_REPLIES[reason]).reply)


def _out_of_turn(session: SmtpSession) -> str | None:
    """Return why AUTH is not allowed now, if it is not (RFC 4954 §3 and §4)."""
    if session.login.account is not None or session.login.cleartext_refused:
        return None  # it is refused in any case
    if not session.extended:
        return BEFORE_EHLO
    return None if session.transaction is None else DURING_TRANSACTION


class Authentication:
    """A SASL exchange that is waiting for the client's response."""

    __slots__ = ("_session",)

    def __init__(self, session: SmtpSession) -> None:
        self._session = session

    def step(self) -> list[Effect] | None:
        """Take a response, or `*`."""
        session = self._session
        line = session.lines.line(AUTH_OCTETS)
        if line is None:
            return None
        if isinstance(line, TooLong):
            return answer(session, session.login.line_too_long())
        if not line.endswith(b"\r\n"):
            return answer(session, session.login.malformed("bare line feed"))
        return answer(session, dialogue.respond(session.login, line[:-2]))


def starttls(session: SmtpSession, argument: bytes) -> list[Effect]:
    """STARTTLS; pipelined cleartext is discarded, and its sender disconnected."""
    if argument:
        raise bad_syntax("STARTTLS takes no argument")
    if session.login.account is not None:
        raise bad_sequence("Already logged in")
    if session.login.hop.secure:
        raise bad_sequence("TLS is already active")
    if not session.tls_available:
        raise SmtpError(502, "5.5.1", "TLS is not available on this port")
    pipelined = session.input.discard()
    if pipelined:
        session.login.ended(with_bytes(Ended.PIPELINED_BEHIND_STARTTLS, pipelined))
        text = "Commands were sent in the clear after STARTTLS; wait for its reply"
        return [reply(501, "5.5.1", text), Close()]
    return [reply(220, "2.0.0", "Begin TLS negotiation"), StartTls()]


def answer(session: SmtpSession, step: Step) -> list[Effect]:
    """Turn a step of the login into effects: a challenge, a wait, or the final reply."""
    session.continuation = None
    match step:
        case Challenge(data):
            session.continuation = Authentication(session)
            return [Write(b"334 " + encode_challenge(data) + b"\r\n")]
        case Pending():
            return [Await(step, lambda outcome: _conclude(session, outcome))]
        case Outcome():
            return _conclude(session, step)
        case _:
            assert_never(step)


def _conclude(session: SmtpSession, outcome: Outcome) -> list[Effect]:
    if outcome.answer is Answer.SUCCESS:
        return [reply(235, "2.7.0", "Logged in")]
    return _ended_if_exhausted(session, login_refused(outcome.answer).reply)


def _ended_if_exhausted(session: SmtpSession, refusal: Write) -> list[Effect]:
    if session.login.exhausted:
        return [refusal, reply(421, "4.7.0", "Too many failed logins"), Close()]
    return [refusal]
