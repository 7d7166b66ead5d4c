"""Who is asking, and what each kind of asker may see."""

import enum
import hmac

import msgspec

from mailauth.login.accounts import Account, Role
from mailauth.login.session import Authority
from mailauth.web.login import authorized, scheme_of
from mailauth.web.message import HttpError, Request
from mailauth.web.sessions import Sessions

OPERATOR = "operator"


class Access(enum.Enum):
    """Who may use a route."""

    ANYBODY = "anybody"
    USER = "user"
    ADMIN = "admin"


class Viewer(msgspec.Struct, frozen=True):
    """Somebody who is let in; the operator, by link or token, is no account."""

    role: Role
    account: Account | None = None

    @property
    def name(self) -> str:
        """What the page calls them."""
        return self.account.name if self.account is not None else OPERATOR

    @property
    def is_admin(self) -> bool:
        """Whether they see everybody's sign-ins, not theirs alone."""
        return self.role is Role.ADMIN

    def may(self, access: Access) -> bool:
        """Say whether a route is for them."""
        return access is not Access.ADMIN or self.is_admin


def viewer_of(account: Account) -> Viewer:
    """Return an account as a viewer."""
    return Viewer(role=account.role, account=account)


THE_OPERATOR = Viewer(role=Role.ADMIN)


class Doorkeeper:
    """Finds out who is asking: in the console by its session, in the API by token or login."""

    def __init__(self, authority: Authority, sessions: Sessions, api_token: str) -> None:
        self._authority = authority
        self._sessions = sessions
        self._api_token = api_token.encode("ascii")

    def in_session(self, request: Request) -> Viewer | None:
        """Return whose session the request belongs to; no login happens."""
        session = self._sessions.find(request)
        if session is None:
            return None
        return THE_OPERATOR if session.account is None else viewer_of(session.account)

    def has_token(self, request: Request) -> bool:
        """Say whether the request brings the API token, which is no login."""
        scheme, credentials = scheme_of(request.field(b"authorization") or b"")
        return scheme == b"bearer" and hmac.compare_digest(credentials, self._api_token)

    async def at_the_api(self, request: Request) -> Viewer:
        """Return who shows the API token or logs in; raises `HttpError`."""
        if self.has_token(request):
            return THE_OPERATOR
        return viewer_of(await authorized(request, self._authority))


def require(viewer: Viewer, access: Access) -> None:
    """Raise `HttpError` when the route is not for this viewer."""
    if not viewer.may(access):
        raise HttpError(403, "Only an administrator may see this.")
