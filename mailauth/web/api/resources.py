"""The API, `/api/v1`, in JSON, for requests with a token or a login."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from mailauth.config import TlsMode
from mailauth.events.feed import Feed
from mailauth.events.selection import Selection
from mailauth.faults import Fault
from mailauth.login.accounts import Role
from mailauth.login.authority import Authority
from mailauth.login.event import Kind, LoginEvent, Result, Service
from mailauth.login.hop import Security
from mailauth.login.policy import Cleartext
from mailauth.net.awaiting import arrival
from mailauth.net.open_connections import OpenConnection
from mailauth.record.journal import encode
from mailauth.web.access import Access, Viewer
from mailauth.web.administration import Administration
from mailauth.web.api.openapi import described
from mailauth.web.api.reports import ApiReports
from mailauth.web.http.message import HttpError, Request, Response, json
from mailauth.web.instants import instant
from mailauth.web.offers import Offers, everything
from mailauth.web.operations import Operations
from mailauth.web.routes import AnyRoute, Door, EventualResponse, OpenRoute, Parameter, Route
from mailauth.web.selection import MAX_NUMBER, Verdict, decimal, number, selection, truth
from mailauth.web.turns import Turn, at_once

MAX_EVENTS = 1000  # of one answer
MAX_WAIT_SECONDS = 60


class Me(msgspec.Struct, frozen=True):
    """The viewer; `user` is null for the token."""

    user: str | None
    role: Role
    secure: bool
    security: Security


class Logins(msgspec.Struct, frozen=True):
    """Successful logins, and the number from which to continue."""

    logins: Sequence[LoginEvent]
    cursor: int


class Attempts(msgspec.Struct, frozen=True):
    """Records of every kind, and the number from which to continue."""

    attempts: Sequence[LoginEvent]
    cursor: int


class Cursor(msgspec.Struct, frozen=True):
    """The number of the last record."""

    cursor: int


class Block(msgspec.Struct, frozen=True):
    """A blocked address (IPv6: its /64), and when the block ends."""

    address: str
    failures: int
    last_attempt: datetime
    until: datetime


class AccountState(msgspec.Struct, frozen=True):
    """An account."""

    name: str
    aliases: tuple[str, ...]
    role: Role
    disabled: bool


class ListenerState(msgspec.Struct, frozen=True):
    """A listener and its current state."""

    name: str
    protocol: Service
    tls: TlsMode
    port: int
    cleartext: Cleartext
    connections: int
    faults: tuple[Fault, ...]


class ListenerFaults(msgspec.Struct, frozen=True):
    """The faults of a listener."""

    listener: str
    faults: tuple[Fault, ...]


_EVENTS = (
    Parameter(
        "after",
        Annotated[int, Meta(ge=0, le=MAX_NUMBER)],
        "return only records after this number",
    ),
    Parameter("limit", Annotated[int, Meta(ge=1, le=MAX_EVENTS)], "the maximum number of records"),
    Parameter(
        "wait",
        Annotated[float, Meta(ge=0, le=MAX_WAIT_SECONDS)],
        "how many seconds to wait for a record if there is none, such as 30 or 0.25",
    ),
    Parameter(
        "settle",
        bool,
        "first process what clients have sent until now, such as the end of a connection;"
        " only for those who may see all records",
    ),
    Parameter("user", str, "an account's name"),
    Parameter("protocol", Service, "the service"),
    Parameter("secure", Verdict, "the verdict; unknown is only for other servers' logs"),
)
_KINDS = (
    Parameter("kind", Kind, "what a record is about"),
    Parameter("result", Result, "how an attempt ended"),
)


_MAIL = Parameter(
    "mail",
    bool,
    "also reset every account's mail to its initial state; mail in Maildirs is not changed",
)
_ALL_FAULTS = "listeners/{name}/fault"
_FAULT = f"{_ALL_FAULTS}/{{fault}}"


class Api:
    """The resources of the API."""

    def __init__(
        self,
        authority: Authority,
        feed: Feed,
        operations: Operations,
        administration: Administration,
        reports: ApiReports,
        turn: Turn = at_once,
        offers: Offers = everything,
    ) -> None:
        self._turn = turn
        self._offers = offers
        self._authority = authority
        self._feed = feed
        self._operations = operations
        self._administration = administration
        self._reports = reports

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes of the resources."""
        every = (
            msgspec.structs.replace(_route("GET", "me", Access.USER, self.me, Me), brief=True),
            _route("GET", "logins", Access.USER, self.logins, Logins, *_EVENTS),
            _route("GET", "attempts", Access.USER, self.attempts, Attempts, *_EVENTS, *_KINDS),
            _route("GET", "blocks", Access.ADMIN, self.blocks, list[Block]),
            _route("DELETE", "blocks/{address}", Access.ADMIN, self.unblock, Cursor),
            _route("GET", "accounts", Access.ADMIN, self.accounts, list[AccountState]),
            _route("GET", "listeners", Access.ADMIN, self.listeners, list[ListenerState]),
            _route("PUT", _FAULT, Access.ADMIN, self.add_fault, ListenerFaults),
            _route("DELETE", _FAULT, Access.ADMIN, self.end_fault, ListenerFaults),
            _route("DELETE", _ALL_FAULTS, Access.ADMIN, self.end_faults, ListenerFaults),
            _route("GET", "connections", Access.ADMIN, self.connections, list[OpenConnection]),
            _route("POST", "reset", Access.ADMIN, self.reset, Cursor, _MAIL),
            *self._reports.routes(),
        )
        routes = tuple(route for route in every if self._offers(route.path))
        description = json(described(routes))
        openapi = OpenRoute("GET", "/api/v1/openapi.json", lambda _: description)
        return (*routes, openapi)

    def me(self, request: Request, viewer: Viewer) -> Response:
        """Return the viewer."""
        user = viewer.account.name if viewer.account is not None else None
        return json(Me(user, viewer.role, request.hop.secure, request.hop.security))

    async def logins(self, request: Request, viewer: Viewer) -> Response:
        """Return the successful logins after a cursor."""
        wanted = msgspec.structs.replace(
            selection(request.query, viewer), kind=Kind.LOGIN, result=Result.SUCCESS
        )
        return json(await self._read(request, viewer, "logins", wanted))

    async def attempts(self, request: Request, viewer: Viewer) -> Response:
        """Return the records after a cursor, whatever their result."""
        wanted = selection(request.query, viewer)
        return json(await self._read(request, viewer, "attempts", wanted))

    def blocks(self, _: Request, __: Viewer) -> Response:
        """List the blocked addresses."""
        return json(
            [
                Block(one.address, one.failures, instant(one.last_attempt), instant(one.until))
                for one in self._authority.blocking.blocked()
            ]
        )

    async def unblock(self, request: Request, _: Viewer) -> Response:
        """Unblock an address; for IPv6, name the blocked /64."""
        await self._administration.unblock(request.path[-1])
        return json(Cursor(self._feed.newest))

    def accounts(self, _: Request, __: Viewer) -> Response:
        """List the accounts."""
        return json(
            [
                AccountState(account.name, account.aliases, account.role, account.disabled)
                for account in self._authority.accounts
            ]
        )

    async def listeners(self, _: Request, __: Viewer) -> Response:
        """List the listeners and their current state."""
        open_now = Counter(one.listener for one in await self._operations.connections())
        return json(
            [
                ListenerState(
                    service.name,
                    service.protocol,
                    service.tls,
                    service.port,
                    service.cleartext,
                    open_now[service.name],
                    service.faults,
                )
                for service in self._operations.services()
            ]
        )

    async def add_fault(self, request: Request, _: Viewer) -> Response:
        """Turn on a fault of a listener, for connections made from now on."""
        name, fault = _named_fault(request)
        return json(ListenerFaults(name, await self._administration.add_fault(name, fault)))

    async def end_fault(self, request: Request, _: Viewer) -> Response:
        """Turn off a fault of a listener."""
        name, fault = _named_fault(request)
        return json(ListenerFaults(name, await self._administration.end_fault(name, fault)))

    async def end_faults(self, request: Request, _: Viewer) -> Response:
        """Turn off all faults of a listener."""
        name = request.path[-2]
        return json(ListenerFaults(name, await self._administration.end_faults(name)))

    async def connections(self, _: Request, __: Viewer) -> Response:
        """List the connections that are currently open."""
        return json(list(await self._operations.connections()))

    async def reset(self, request: Request, _: Viewer) -> Response:
        """Forget blocks, failures and faults; return the cursor. The logs are not changed."""
        await self._operations.settled()
        await arrival(self._authority.exposure.drained())
        self._authority.blocking.clear()
        await self._operations.forget_repeats()
        await self._operations.clear_faults()
        if truth(request.query, "mail"):
            await self._operations.reset_mail()
        return json(Cursor(self._feed.newest))

    async def _read(
        self, request: Request, viewer: Viewer, name: str, wanted: Selection
    ) -> dict[str, object]:
        after = number(request.query, "after", 0, MAX_NUMBER)
        limit = number(request.query, "limit", 100, MAX_EVENTS, at_least=1)
        seconds = decimal(request.query, "wait", MAX_WAIT_SECONDS)
        if truth(request.query, "settle") and viewer.only_user is None:
            await self._operations.settled()
        await arrival(self._authority.exposure.drained())
        drained = self._authority.exposure.drained
        batch = await self._feed.wait(after, limit, wanted, seconds, drained)
        await self._turn()
        return {
            name: [msgspec.Raw(encode(event)) for event in batch.events],
            "cursor": batch.cursor,
        }


def _named_fault(request: Request) -> tuple[str, Fault]:
    """Return the listener's name and the fault from a path."""
    name, _, wanted = request.path[-3:]
    for fault in Fault:
        if fault.value == wanted:
            return name, fault
    known = ", ".join(fault.value for fault in Fault)
    raise HttpError(404, f"Unknown fault. Known faults: {known}.")


def _route(
    method: str,
    path: str,
    access: Access,
    handler: Callable[[Request, Viewer], EventualResponse],
    answers: Any,
    *parameters: Parameter,
) -> Route:
    return Route(Door.API, method, f"/api/v1/{path}", access, handler, answers, parameters)
