"""Commands of the AUTHORIZATION state (RFC 1939 §4 and §7, RFC 2595 §4, RFC 5034, RFC 6856 §2).

USER, PASS, APOP and AUTH are accepted in the TRANSACTION state, too, where the login session
refuses and records a second login.
"""

from typing import assert_never

from mailauth.login import dialogue
from mailauth.login.ended import Ended, with_bytes
from mailauth.login.outcome import Answer, Challenge, Outcome, Step
from mailauth.login.policy import APOP
from mailauth.pop3.multiline import listed
from mailauth.pop3.replies import BadCommand, Pop3Error, err, login_refused, ok
from mailauth.pop3.session import Pop3Session
from mailauth.pop3.timers import AUTOLOGOUT_SECONDS
from mailauth.sasl import PasswordClaim, encode_challenge
from mailauth.wire.effects import Await, Close, Deadline, Effect, StartTls, Write
from mailauth.wire.pending import Pending

USER_PASS = "USER-PASS"  # the mechanism's name in the journal


def user(session: Pop3Session, argument: bytes) -> list[Effect]:
    """USER: the reply does not depend on the name; a refused name is kept for PASS."""
    if not argument:
        raise BadCommand("USER requires a name")
    session.user = argument
    if session.login.account is not None:
        return [login_refused(Answer.ALREADY_AUTHENTICATED)]
    if session.login.cleartext_refused:
        return [login_refused(Answer.CLEARTEXT_REFUSED)]
    if not session.login.takes_passwords:
        return [login_refused(Answer.MECHANISM_UNKNOWN)]
    return [ok("Send the password")]


def pass_(session: Pop3Session, argument: bytes) -> list[Effect]:
    """PASS: the password is everything after the first space, including further spaces."""
    name, session.user = session.user, None
    if name is None:
        raise BadCommand("Send USER first")
    if not argument:
        return answer(session, session.login.malformed("no password", USER_PASS))
    claim = PasswordClaim(authcid=name, password=argument)
    return answer(session, session.login.password(USER_PASS, claim))


def apop(session: Pop3Session, argument: bytes) -> list[Effect]:
    """APOP: a name, and a digest of the greeting's timestamp and the password."""
    if session.timestamp is None:
        raise BadCommand("APOP is not offered")
    name, _, digest = argument.rpartition(b" ")
    if not name or not digest:
        return answer(session, session.login.malformed("APOP needs a name and a digest", APOP))
    return answer(session, session.login.apop(name, digest, session.timestamp))


def auth(session: Pop3Session, argument: bytes) -> list[Effect]:
    """AUTH: a SASL exchange; without an argument, it lists the mechanisms for some clients."""
    if not argument:
        return [ok("The supported mechanisms follow"), listed(session.login.offered)]
    mechanism, space, rest = argument.partition(b" ")
    initial_response = rest if space else None
    return answer(session, dialogue.begin(session.login, mechanism, initial_response))


def respond(session: Pop3Session, line: bytes) -> list[Effect]:
    """Take a SASL response, or `*`."""
    return answer(session, dialogue.respond(session.login, line))


def stls(session: Pop3Session, argument: bytes) -> list[Effect]:
    """STLS; pipelined cleartext is discarded, and its sender disconnected."""
    if argument:
        raise BadCommand("STLS takes no argument")
    if session.login.hop.secure:
        raise Pop3Error("TLS is already active")
    if not session.tls_available:
        raise Pop3Error("TLS is not available on this port")
    pipelined = session.input.discard()
    if pipelined:
        session.login.ended(with_bytes(Ended.PIPELINED_BEHIND_STARTTLS, pipelined))
        return [err("Commands were sent in the clear after STLS; wait for its reply"), Close()]
    return [ok("Begin TLS negotiation"), StartTls()]


def utf8(session: Pop3Session, argument: bytes) -> list[Effect]:
    """UTF8: the client accepts UTF-8 in header fields."""
    if argument:
        raise BadCommand("UTF8 takes no argument")
    session.utf8 = True
    return [ok("UTF-8 mode")]


def answer(session: Pop3Session, step: Step) -> list[Effect]:
    """Turn a step of the login into effects: a challenge, a wait, or the final reply."""
    session.in_exchange = False
    match step:
        case Challenge(data):
            session.in_exchange = True
            return [Write(b"+ " + encode_challenge(data) + b"\r\n")]
        case Pending():
            return [Await(step, lambda outcome: _conclude(session, outcome))]
        case Outcome():
            return _conclude(session, step)
        case _:
            assert_never(step)


def _conclude(session: Pop3Session, outcome: Outcome) -> list[Effect]:
    if outcome.answer is Answer.SUCCESS:
        drop = session.maildrop
        said = ok(f"Logged in, {drop.count} messages ({drop.octets} octets)")
        return [Deadline(AUTOLOGOUT_SECONDS), said]
    refusal = login_refused(outcome.answer)
    if session.login.exhausted:
        return [refusal, err("Too many failed logins"), Close()]
    return [refusal]
