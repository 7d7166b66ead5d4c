"""Sessions of the console. One that began with TLS is not valid without it, and the reverse."""

import hashlib
import secrets
from collections.abc import Callable

import msgspec

from mailauth.login.accounts import Account, Accounts
from mailauth.web.http.message import Header, Request

LIFETIME_SECONDS = 12 * 3600  # since the session was last used
SESSIONS_EACH = 32  # of one account; further ones replace the oldest

COOKIE = b"mailauth"


def cookie_name(request: Request, name: bytes = COOKIE) -> bytes:
    """Return a cookie's name; with TLS, a prefix limits it to this host (RFC 6265bis §4.1.3.2)."""
    return b"__Host-" + name if request.hop.secure else name


def set_cookie(request: Request, value: bytes, name: bytes = COOKIE) -> Header:
    """Return the field that sets a cookie until the browser is closed."""
    secure = b"; Secure" if request.hop.secure else b""
    return b"Set-Cookie", b"%s=%s; Path=/; HttpOnly; SameSite=Lax%s" % (
        cookie_name(request, name),
        value,
        secure,
    )


def drop_cookie(request: Request) -> Header:
    """Return the field that deletes the session's cookie."""
    name, value = set_cookie(request, b"")
    return name, value + b"; Max-Age=0"


class Session(msgspec.Struct):
    """A session of an account, or of the operator (`None`)."""

    account: Account | None
    secure: bool
    last_used: float


class Sessions:
    """The sessions of this server, in memory, so that a restart ends them all.

    `now` is in seconds. Only digests of the ids are kept.
    """

    def __init__(self, now: Callable[[], float], accounts: Callable[[], Accounts]) -> None:
        self._now = now
        self._accounts = accounts
        self._owners: dict[str | None, dict[bytes, Session]] = {}
        self._by_id: dict[bytes, str | None] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def begin(self, request: Request, account: Account | None) -> Header:
        """Begin a session that replaces the request's own, if any; return its cookie."""
        self.end(request)
        owner = account.name if account is not None else None
        sessions = self._owners.setdefault(owner, {})
        while len(sessions) >= SESSIONS_EACH:
            self._drop(next(iter(sessions)))
        value = secrets.token_urlsafe(32).encode("ascii")
        known = _digest(value)
        self._by_id[known] = owner
        self._owners.setdefault(owner, sessions)[known] = Session(
            account, request.hop.secure, self._now()
        )
        return set_cookie(request, value)

    def find(self, request: Request) -> Session | None:
        """Return the request's session, if it is still valid, with the account's current state."""
        known = self._known(request)
        if known is None:
            return None
        session = self._owners[self._by_id[known]][known]
        if session.secure is not request.hop.secure:
            return None
        if self._now() - session.last_used > LIFETIME_SECONDS or not self._renewed(session):
            self._drop(known)
            return None
        session.last_used = self._now()
        return session

    def end(self, request: Request) -> None:
        """End the request's session, if it has one."""
        known = self._known(request)
        if known is not None:
            self._drop(known)

    def _renewed(self, session: Session) -> bool:
        """Update the account; a changed password or a disabled account ends the session."""
        if session.account is None:
            return True
        current = self._accounts().find(session.account.name.encode())
        if current is None or current.disabled or current.secret != session.account.secret:
            return False
        session.account = current
        return True

    def _known(self, request: Request) -> bytes | None:
        value = request.cookies.get(cookie_name(request))
        if value is None:
            return None
        known = _digest(value)
        return known if known in self._by_id else None

    def _drop(self, known: bytes) -> None:
        owner = self._by_id.pop(known)
        sessions = self._owners[owner]
        del sessions[known]
        if not sessions:
            del self._owners[owner]


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()
