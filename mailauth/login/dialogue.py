"""The SASL dialogue of the line-based protocols: from words and base64 to steps of the session."""

import contextlib

from mailauth.login.outcome import Step
from mailauth.login.session import LoginSession
from mailauth.sasl import (
    CANCEL,
    MECHANISMS,
    MalformedResponse,
    decode_initial_response,
    decode_response,
)


def begin(session: LoginSession, mechanism: bytes, initial_response: bytes | None) -> Step:
    """Begin an exchange with the arguments of an AUTH or AUTHENTICATE command.

    `initial_response` is still encoded; `None` means that there is none, `=` that it is empty.
    """
    name = mechanism.decode("utf-8", "surrogateescape")
    if initial_response is None:
        return session.begin(name, None)
    try:
        return session.begin(name, decode_initial_response(initial_response))
    except MalformedResponse as error:
        if name.upper() in session.offered:
            return session.malformed(str(error), name.upper())
        return session.begin(name, None)  # refused or unknown, whatever was sent with it


def out_of_turn(
    session: LoginSession, mechanism: bytes, initial_response: bytes | None, reason: str
) -> None:
    """Record an exchange that must not begin now, since a secret may have been sent with it."""
    name = mechanism.decode("utf-8", "surrogateescape")
    if name.upper() not in MECHANISMS:
        session.begin(name, initial_response)  # is recorded as unknown
        return
    try:
        response = None if initial_response is None else decode_initial_response(initial_response)
    except MalformedResponse:
        session.malformed(reason, name.upper())
    else:
        session.out_of_turn(name, response, reason)


def sent_anyway(session: LoginSession, line: bytes) -> None:
    """Check a line that is not a command: it may be the response of a refused exchange."""
    if session.account is None:
        with contextlib.suppress(MalformedResponse):
            session.sent_anyway(decode_response(line))


def respond(session: LoginSession, line: bytes) -> Step:
    """Continue with the client's line, without its ending: a response, or `*` to cancel."""
    if line == CANCEL:
        return session.cancel()
    try:
        return session.respond(decode_response(line))
    except MalformedResponse as error:
        return session.malformed(str(error))
