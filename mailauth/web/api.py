"""The API, `/api/v1`: JSON, for whoever brings the API token or logs in."""

import msgspec

from mailauth.login.accounts import Role
from mailauth.login.event import Kind, LoginEvent, Result
from mailauth.login.hop import Security
from mailauth.web.access import Access, Viewer
from mailauth.web.feed import Feed
from mailauth.web.message import Request, Response, json
from mailauth.web.routes import ApiRoute, Route
from mailauth.web.selection import Selection, number, selection

MAX_EVENTS = 1000  # of one answer
MAX_NUMBER = 2**53 - 1  # what every reader of JSON can hold


class Me(msgspec.Struct, frozen=True):
    """Who is asking; `user` is null for the token."""

    user: str | None
    role: Role
    secure: bool
    security: Security


class Logins(msgspec.Struct, frozen=True):
    """Successful logins, and the number to read on from."""

    logins: list[LoginEvent]
    cursor: int


class Attempts(msgspec.Struct, frozen=True):
    """Records of every kind, and the number to read on from."""

    attempts: list[LoginEvent]
    cursor: int


class Api:
    """The resources of the API."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def routes(self) -> tuple[Route, ...]:
        """List what the API answers."""
        return (
            ApiRoute("GET", "/api/v1/me", Access.USER, self.me),
            ApiRoute("GET", "/api/v1/logins", Access.USER, self.logins),
            ApiRoute("GET", "/api/v1/attempts", Access.USER, self.attempts),
        )

    def me(self, request: Request, viewer: Viewer) -> Response:
        """Say who is asking."""
        user = viewer.account.name if viewer.account is not None else None
        return json(Me(user, viewer.role, request.hop.secure, request.hop.security))

    def logins(self, request: Request, viewer: Viewer) -> Response:
        """Read the successful logins behind a cursor."""
        wanted = msgspec.structs.replace(
            selection(request.query, viewer), kind=Kind.LOGIN, result=Result.SUCCESS
        )
        return json(Logins(*self._read(request, wanted)))

    def attempts(self, request: Request, viewer: Viewer) -> Response:
        """Read the records behind a cursor, whatever came of them."""
        return json(Attempts(*self._read(request, selection(request.query, viewer))))

    def _read(self, request: Request, wanted: Selection) -> tuple[list[LoginEvent], int]:
        after = number(request.query, "after", 0, MAX_NUMBER)
        limit = number(request.query, "limit", 100, MAX_EVENTS)
        batch = self._feed.after(after, limit, wanted)
        return batch.events, batch.cursor
