"""The token endpoint of OAuth 2.0 (RFC 6749 §3.2), and revocation (RFC 7009).

Clients need not be registered, and what they say about themselves is ignored. A request is a login
of its own, with a line: the account's password, or its refresh token, has authenticated it, and has
crossed the client's hop. Uses of the issued token are further logins.
"""

import contextlib
from collections.abc import Mapping
from typing import Protocol, assert_never

import msgspec

from mailauth.login.authority import Authority
from mailauth.login.outcome import Answer, Outcome
from mailauth.login.session import LoginSession
from mailauth.sasl import PasswordClaim, TokenVerdict
from mailauth.tokens import AUDIENCE, LIFETIME, REFRESH_AUDIENCE, REFRESH_LIFETIME
from mailauth.web.forms import form_fields
from mailauth.web.http.message import HttpError, Request, Response, json
from mailauth.web.routes import AnyRoute, OpenRoute
from mailauth.web.session.login import MAX_CREDENTIAL_OCTETS, concluded, login_session
from mailauth.wire.pending import Pending

PASSWORD_GRANT = "OAUTH-PASSWORD"  # the mechanisms' names in the journal
REFRESH_GRANT = "OAUTH-REFRESH"

_NO_CACHE = ((b"Pragma", b"no-cache"),)


class Issuer(Protocol):
    """Issues and verifies tokens; `tokens.TokenIssuer` is one."""

    def issue(self, user: str, lifetime: float, audience: str) -> str: ...
    def verify(self, token: bytes, audience: str) -> TokenVerdict: ...
    def revoke(self, token: bytes) -> None: ...


class Granted(msgspec.Struct, frozen=True):
    """A successful response (RFC 6749 §5.1)."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"
    expires_in: int = int(LIFETIME)
    scope: str = AUDIENCE


class Refusal(msgspec.Struct, frozen=True):
    """An error response (RFC 6749 §5.2)."""

    error: str
    error_description: str


class Refused(Exception):
    """A request that is refused with an error; `code` is one of RFC 6749's."""

    def __init__(self, code: str, description: str, status: int = 400, *, close: bool = False):
        super().__init__(description)
        self.response = msgspec.structs.replace(
            json(Refusal(code, description), status=status, headers=_NO_CACHE), close=close
        )


class Tokens:
    """`/token` and `/revoke`."""

    def __init__(self, authority: Authority, issuer: Issuer) -> None:
        self._authority = authority
        self._issuer = issuer

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes of the endpoint."""
        return (
            OpenRoute("POST", "/token", self.grant),
            OpenRoute("POST", "/revoke", self.revoke),
        )

    async def grant(self, request: Request) -> Response:
        """Return tokens, or an error."""
        session = login_session(request, self._authority)
        parameters: Mapping[str, bytes] = {}
        try:
            fields = _fields(request)
            parameters = dict(reversed(fields))
            _check(fields)
            step = self._log_in(session, parameters)
        except Refused as refused:
            _record_password(session, parameters, str(refused))
            request.connection.failures += session.failures
            return refused.response
        outcome = await concluded(request, session, step)
        if outcome.account is None:
            return _refused(outcome.answer, close=request.connection.exhausted).response
        name = outcome.account.name
        audience = parameters.get("audience", AUDIENCE.encode()).decode("utf-8", "replace")
        granted = Granted(
            access_token=self._issuer.issue(name, LIFETIME, audience),
            refresh_token=self._issuer.issue(name, REFRESH_LIFETIME, REFRESH_AUDIENCE),
        )
        return json(granted, headers=_NO_CACHE)

    async def revoke(self, request: Request) -> Response:
        """Revoke a token; one that is not this server's is already invalid (RFC 7009 §2.2)."""
        try:
            fields = _fields(request)
            _check(fields)
            token = _needed(dict(fields), "token")
        except Refused as refused:
            return refused.response
        with contextlib.suppress(ValueError):
            self._issuer.revoke(token)
        return json({}, headers=_NO_CACHE)

    def _log_in(
        self, session: LoginSession, parameters: Mapping[str, bytes]
    ) -> Outcome | Pending[Outcome]:
        match _needed(parameters, "grant_type"):
            case b"password":  # RFC 6749 §4.3.2
                name, password = _needed(parameters, "username"), _needed(parameters, "password")
                if max(len(name), len(password)) > MAX_CREDENTIAL_OCTETS:
                    return session.line_too_long(PASSWORD_GRANT)
                return session.password(PASSWORD_GRANT, PasswordClaim(name, password))
            case b"refresh_token":  # RFC 6749 §6
                token = _needed(parameters, "refresh_token")
                if len(token) > MAX_CREDENTIAL_OCTETS:
                    return session.line_too_long(REFRESH_GRANT)
                verdict = self._issuer.verify(token, REFRESH_AUDIENCE)
                return session.token(REFRESH_GRANT, token, verdict)
            case _:
                raise Refused(
                    "unsupported_grant_type",
                    "the supported grant types are password and refresh_token",
                )


def _fields(request: Request) -> list[tuple[str, bytes]]:
    """Parse the parameters; an empty one counts as absent (RFC 6749 §3.2)."""
    try:
        return [(name, value) for name, value in form_fields(request) if value]
    except HttpError as error:
        raise Refused("invalid_request", error.message) from None


def _check(fields: list[tuple[str, bytes]]) -> None:
    if len(dict(fields)) != len(fields):
        raise Refused("invalid_request", "a parameter is repeated")


def _record_password(session: LoginSession, parameters: Mapping[str, bytes], mistake: str) -> None:
    """Record a password in a request in which it is not tried."""
    name, password = parameters.get("username"), parameters.get("password")
    if password is None:
        return
    if name is None:
        session.malformed(mistake, PASSWORD_GRANT)
    else:
        session.misplaced(PASSWORD_GRANT, PasswordClaim(name, password), mistake)


def _needed(parameters: Mapping[str, bytes], name: str) -> bytes:
    value = parameters.get(name)
    if value is None:
        raise Refused("invalid_request", f"{name} is missing")
    return value


def _refused(answer: Answer, *, close: bool) -> Refused:
    """Return the error for a failed login: blocked and disabled look like a wrong password."""
    match answer:
        case Answer.BAD_CREDENTIALS | Answer.DENIED:
            return Refused(
                "invalid_grant", "the name, the password or the token is wrong", close=close
            )
        case Answer.CLEARTEXT_REFUSED:
            return Refused("invalid_request", "tokens need TLS here", close=close)
        case Answer.MALFORMED | Answer.CANCELLED | Answer.MECHANISM_UNKNOWN | Answer.LINE_TOO_LONG:
            return Refused("invalid_request", "the credentials are malformed", close=close)
        case Answer.UNAVAILABLE | Answer.MAILDROP_LOCKED:
            return Refused("temporarily_unavailable", "try again later", 503, close=close)
        case Answer.SUCCESS | Answer.ALREADY_AUTHENTICATED:
            raise AssertionError(f"{answer} does not refuse only this request")
        case _:
            assert_never(answer)
