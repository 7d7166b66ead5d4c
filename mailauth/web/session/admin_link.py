"""The one-time link that opens the console for its operator, and is not a login."""

import hashlib
import secrets
from collections.abc import Callable

from mailauth.web.http.forwarded import FIELDS
from mailauth.web.http.message import HttpError, Request, Response, see_other
from mailauth.web.session.sessions import Sessions
from mailauth.wire.networks import Network, parse_address, parse_network, within

LIFETIME_SECONDS = 600
_OUTSTANDING = 16

# The header fields by which a forwarded request can be recognized.
_SIGNS_OF_A_PROXY = (
    *FIELDS,
    b"via",
    b"x-real-ip",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"x-forwarded-server",
    b"x-client-ip",
    b"x-cluster-client-ip",
    b"x-original-forwarded-for",
    b"true-client-ip",
    b"cf-connecting-ip",
    b"fastly-client-ip",
    b"x-envoy-external-address",
)

_LOOPBACK: tuple[Network, ...] = (parse_network("127.0.0.0/8"), parse_network("::1"))


class AdminLinks:
    """The links that have not been used yet. `now` is in seconds."""

    def __init__(self, now: Callable[[], float], sessions: Sessions) -> None:
        self._now = now
        self._sessions = sessions
        self._until: dict[bytes, float] = {}

    def issue(self) -> str:
        """Make a link; return its path."""
        while len(self._until) >= _OUTSTANDING:
            del self._until[next(iter(self._until))]
        token = secrets.token_urlsafe(24)
        self._until[_digest(token)] = self._now() + LIFETIME_SECONDS
        return f"/open/{token}"

    def open(self, request: Request) -> Response:
        """Begin the operator's session. Raises `HttpError` unless the link is valid here."""
        if request.method != "GET":
            raise HttpError(405, "The link must be opened with GET.", (b"Allow", b"GET"))
        if not _from_this_machine(request):
            raise HttpError(403, "This link works only on the server's own machine.")
        until = self._until.pop(_digest(request.path[-1]), None)
        if until is None or self._now() > until:
            raise HttpError(403, "This link has been used, or is older than ten minutes.")
        return see_other(
            "/", self._sessions.begin(request, None), (b"Referrer-Policy", b"no-referrer")
        )


def _from_this_machine(request: Request) -> bool:
    """Return whether the request comes from this machine, and not through a proxy."""
    if any(name in request.fields for name in _SIGNS_OF_A_PROXY):
        return False
    addresses = [request.client.ip, request.client.peer or request.client.ip]
    return all(within(parse_address(address), _LOOPBACK) for address in addresses)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
