"""Viewers, and what each kind of viewer may see."""

import enum
import hmac

import msgspec
from twisted.logger import Logger

from mailauth.login.accounts import Account, Role
from mailauth.login.authority import Authority
from mailauth.tokens.api import ApiTokens, ApiTokensError, Scope
from mailauth.web.http.message import HttpError, Request
from mailauth.web.session.login import BASIC_CHALLENGE, authorized, scheme_of
from mailauth.web.session.sessions import Sessions

log = Logger()

OPERATOR = "operator"


class Access(enum.Enum):
    """Which of the authenticated viewers may use a route."""

    USER = "user"
    ADMIN = "admin"


class Viewer(msgspec.Struct, frozen=True):
    """An authenticated viewer. The operator, by link or token, does not have an account.

    `scope` is what a token permits.
    """

    role: Role
    account: Account | None = None
    scope: Scope = Scope.ADMIN

    @property
    def name(self) -> str:
        """The name shown on pages."""
        return self.account.name if self.account is not None else OPERATOR

    @property
    def is_admin(self) -> bool:
        """Whether the viewer sees all sign-ins, not only its own."""
        return self.role is Role.ADMIN

    @property
    def only_user(self) -> str | None:
        """The only account whose sign-ins the viewer may see, or `None` for all."""
        return None if self.is_admin or self.account is None else self.account.name


THE_OPERATOR = Viewer(role=Role.ADMIN)


class Doorkeeper:
    """Authenticates viewers: in the console by session, in the API by token or login."""

    def __init__(
        self, authority: Authority, sessions: Sessions, api_token: str, api_tokens: ApiTokens
    ) -> None:
        self._authority = authority
        self._sessions = sessions
        self._api_token = api_token.encode("ascii")
        self._api_tokens = api_tokens

    def in_session(self, request: Request) -> Viewer | None:
        """Return the viewer of the request's session; this is not a login."""
        session = self._sessions.find(request)
        if session is None:
            return None
        return _viewer(session.account) if session.account is not None else THE_OPERATOR

    def token_scope(self, request: Request) -> Scope | None:
        """Return the scope of the request's API token, if it has one; this is not a login.

        The token of the ready line has every scope.
        """
        scheme, credentials = scheme_of(request.field(b"authorization") or b"")
        if scheme != b"bearer":
            return None
        if hmac.compare_digest(credentials, self._api_token):
            return Scope.ADMIN
        try:
            return self._api_tokens.scope_of(credentials)
        except (ApiTokensError, OSError) as error:
            log.error("the API tokens cannot be read: {error}", error=error)  # noqa: TRY400
            return None

    async def at_the_api(self, request: Request) -> Viewer:
        """Return the viewer with an API token or a login; raises `HttpError`."""
        scope = self.token_scope(request)
        if scope is not None:
            return msgspec.structs.replace(THE_OPERATOR, scope=scope)
        return _viewer(await authorized(request, self._authority))

    async def either_way(self, request: Request) -> Viewer:
        """Return the viewer by credentials, or without them by session; raises `HttpError`."""
        if request.field(b"authorization") is not None:
            return await self.at_the_api(request)
        viewer = self.in_session(request)
        if viewer is None:
            raise HttpError(401, "A session or credentials are required.", BASIC_CHALLENGE)
        return viewer

    def is_still_let_in(self, request: Request, viewer: Viewer) -> bool:
        """Return whether a viewer who was authenticated by `either_way` still is."""
        if request.field(b"authorization") is None:
            return self.in_session(request) is not None
        known = viewer.account
        if known is None:
            return self.token_scope(request) is not None
        current = self._authority.accounts.find(known.name.encode())
        return current is not None and not current.disabled and current.secret == known.secret


def scope_needed(method: str) -> Scope:
    """Return the scope that a method requires; safe methods only need to read."""
    return Scope.READ if method in ("GET", "HEAD") else Scope.ADMIN


def require(viewer: Viewer, access: Access, method: str) -> None:
    """Raise `HttpError` if this viewer may not use the route."""
    needed = scope_needed(method)
    if not viewer.scope.covers(needed):
        raise HttpError(
            403, f"This token has the scope {viewer.scope.value}; {needed.value} is required."
        )
    if access is Access.ADMIN and not viewer.is_admin:
        raise HttpError(403, "Only an administrator may do this.")


def _viewer(account: Account) -> Viewer:
    return Viewer(role=account.role, account=account)
