"""A login over HTTP: credentials become a claim, and its outcome a status (RFC 9110 §11, §15)."""

import base64
import binascii
import re
from typing import assert_never

from mailauth.login.accounts import Account
from mailauth.login.authority import Authority
from mailauth.login.outcome import Answer, Outcome
from mailauth.login.session import LoginSession
from mailauth.net.awaiting import value_of
from mailauth.sasl import PasswordClaim
from mailauth.web.http.message import Header, HttpError, Request
from mailauth.web.http.user_agent import product
from mailauth.wire.pending import Pending

MAX_CREDENTIAL_OCTETS = 12_288  # as for SASL (RFC 4954 §4)

BASIC_CHALLENGE: Header = (b"WWW-Authenticate", b'Basic realm="mailauth", charset="UTF-8"')
BEARER_CHALLENGE: Header = (
    b"WWW-Authenticate",
    b'Bearer realm="mailauth", error="invalid_token"',  # RFC 6750 §3
)

_TOKEN68 = re.compile(rb"[A-Za-z0-9\-._~+/]+=*")
_CONTROLS = re.compile(rb"[\x00-\x1f\x7f]")


class MalformedCredentials(Exception):
    """The credentials do not have their scheme's form; the message never quotes them."""


def login_session(request: Request, authority: Authority) -> LoginSession:
    """Begin a login for the request's client."""
    session = LoginSession(request.client, authority, request.connection.policy, hop=request.hop)
    session.client_named(*product(request.field(b"user-agent")))
    return session


async def form_login(
    request: Request, authority: Authority, claim: PasswordClaim, *, form_is_ours: bool
) -> Outcome:
    """Log in with the credentials of a form; if the form is not ours, they are not tried."""
    session = login_session(request, authority)
    step: Outcome | Pending[Outcome]
    if max(len(claim.authcid), len(claim.password)) > MAX_CREDENTIAL_OCTETS:
        step = session.line_too_long("HTTP-FORM")
    elif not form_is_ours:
        step = session.misplaced("HTTP-FORM", claim, "the form's token is missing or has lapsed")
    else:
        step = session.password("HTTP-FORM", claim)
    return await concluded(request, session, step)


async def authorized(request: Request, authority: Authority) -> Account:
    """Log in with the Authorization field, or reuse an earlier login. Raises `HttpError`.

    The same credentials of one client on one connection are one login.
    """
    authorization = request.field(b"authorization")
    if authorization is None:
        raise HttpError(401, "Credentials are required.", BASIC_CHALLENGE)
    session = login_session(request, authority)
    connection, accounts = request.connection, authority.accounts
    scheme, credentials = scheme_of(authorization)
    known = connection.recall(request.client, request.hop, authorization, accounts)
    if (
        known is not None
        and not session.cleartext_refused
        and (scheme != b"bearer" or authority.verify_token(credentials).valid)
    ):
        return known
    match scheme:
        case b"basic":
            outcome = await _basic(request, session, credentials)
            challenge = BASIC_CHALLENGE
        case b"bearer":
            outcome = await _bearer(request, session, credentials, authority)
            challenge = BEARER_CHALLENGE
        case _:
            raise HttpError(401, "Basic or Bearer credentials are required.", BASIC_CHALLENGE)
    if outcome.account is None:
        raise refusal(outcome.answer, request, 401, challenge)
    connection.remember(request.client, request.hop, authorization, outcome.account, accounts)
    return outcome.account


def scheme_of(authorization: bytes) -> tuple[bytes, bytes]:
    """Split an Authorization field into its scheme, in lower case, and the credentials."""
    scheme, _, credentials = authorization.partition(b" ")
    return scheme.lower(), credentials.strip(b" ")


def refusal(answer: Answer, request: Request, unauthorized: int, *headers: Header) -> HttpError:
    """Return the error for a failed login; `unauthorized` is the status for bad credentials."""
    close = request.connection.exhausted
    match answer:
        case Answer.BAD_CREDENTIALS:
            message = "The name or the password is wrong."
            return HttpError(unauthorized, message, *headers, close=close)
        case Answer.DENIED:
            return HttpError(403, "This account is not allowed to do that.", close=close)
        case Answer.CLEARTEXT_REFUSED:
            message = "Signing in without TLS is refused here: use the https address."
            return HttpError(403, message, close=close)
        case Answer.MALFORMED | Answer.CANCELLED | Answer.MECHANISM_UNKNOWN:
            return HttpError(400, "The credentials are malformed.", close=close)
        case Answer.LINE_TOO_LONG:
            return HttpError(431, "The credentials are too long.", close=close)
        case Answer.UNAVAILABLE | Answer.MAILDROP_LOCKED:
            retry = (b"Retry-After", b"5")
            return HttpError(503, "Signing in is not possible at the moment.", retry, close=close)
        case Answer.SUCCESS | Answer.ALREADY_AUTHENTICATED:
            raise AssertionError(f"{answer} does not refuse only this request")
        case _:
            assert_never(answer)


async def concluded(
    request: Request, session: LoginSession, step: Outcome | Pending[Outcome]
) -> Outcome:
    """Wait for the recorded outcome, and count it on its connection."""
    outcome = await value_of(step)
    request.connection.failures += session.failures
    return outcome


async def _basic(request: Request, session: LoginSession, credentials: bytes) -> Outcome:
    """Basic (RFC 7617 §2)."""
    step: Outcome | Pending[Outcome]
    if len(credentials) > MAX_CREDENTIAL_OCTETS:
        step = session.line_too_long("HTTP-BASIC")
    else:
        try:
            step = session.password("HTTP-BASIC", basic_claim(credentials))
        except MalformedCredentials as error:
            step = session.malformed(str(error), "HTTP-BASIC")
    return await concluded(request, session, step)


async def _bearer(
    request: Request, session: LoginSession, token: bytes, authority: Authority
) -> Outcome:
    """Bearer (RFC 6750 §2.1)."""
    if len(token) > MAX_CREDENTIAL_OCTETS:
        step: Outcome | Pending[Outcome] = session.line_too_long("HTTP-BEARER")
    elif _TOKEN68.fullmatch(token) is None:
        step = session.malformed("a bearer token has other characters", "HTTP-BEARER")
    else:
        step = session.token("HTTP-BEARER", token, authority.verify_token(token))
    return await concluded(request, session, step)


def basic_claim(credentials: bytes) -> PasswordClaim:
    """Decode base64 of `user-id ":" password` (RFC 7617 §2). Raises `MalformedCredentials`."""
    try:
        pair = base64.b64decode(credentials, validate=True)
    except binascii.Error:
        raise MalformedCredentials("Basic credentials are not base64") from None
    user_id, colon, password = pair.partition(b":")
    if not colon:
        raise MalformedCredentials("Basic credentials have no colon")
    if _CONTROLS.search(pair):
        raise MalformedCredentials("Basic credentials have control characters")
    return PasswordClaim(authcid=user_id, password=password)
