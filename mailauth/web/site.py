"""The web site: authentication of requests, the routes that answer them, and error pages."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, tzinfo
from functools import partial
from http import HTTPStatus
from inspect import isawaitable
from typing import assert_never

import msgspec
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from mailauth.events.feed import Feed
from mailauth.login.accounts import Account, Accounts
from mailauth.login.authority import Authority
from mailauth.login.ended import Ending
from mailauth.login.policy import Policy
from mailauth.login.session import LoginSession
from mailauth.report.progress import Reading
from mailauth.setup.services import WELL_KNOWN_TLS_PORTS, tls_ports
from mailauth.tokens.api import ApiTokens
from mailauth.web.access import OPERATOR, Access, Doorkeeper, Viewer, require
from mailauth.web.administration import Administration
from mailauth.web.api.metrics import Gauges, Metrics
from mailauth.web.api.reports import ApiReports
from mailauth.web.api.resources import Api
from mailauth.web.api.streams import EventStreams
from mailauth.web.console import autoconfig
from mailauth.web.console.console import Console
from mailauth.web.console.reading import AGAIN_SECONDS, ImpatientReports, StillReading
from mailauth.web.console.routes import routes
from mailauth.web.filters import Filters
from mailauth.web.forms import FormTokens
from mailauth.web.http.backlog import Backlog
from mailauth.web.http.channel import Channel
from mailauth.web.http.connection import Connection, Facts
from mailauth.web.http.forwarded import MalformedForwarded, resolve
from mailauth.web.http.message import (
    TEXT,
    Header,
    HttpError,
    Request,
    Response,
    json,
    plain,
    see_other,
)
from mailauth.web.http.origins import Origins
from mailauth.web.instants import Clockface
from mailauth.web.offers import everything, of_watched_server
from mailauth.web.operations import Operations
from mailauth.web.pages import Pages, StaticFiles
from mailauth.web.raw_logs import LogFiles
from mailauth.web.readers import Readers
from mailauth.web.reports import Reports
from mailauth.web.routes import Door, EventualResponse, OpenRoute, Route, Routes, TokenRoute
from mailauth.web.selection import MAX_NUMBER, number, selection
from mailauth.web.session.admin_link import AdminLinks
from mailauth.web.session.login import BEARER_CHALLENGE
from mailauth.web.session.sessions import Sessions
from mailauth.web.session.sign_in import FORM, HOME, SignIn
from mailauth.web.session.tokens import Issuer, Tokens
from mailauth.web.turns import Turn, at_once
from mailauth.wire.networks import Network

log = Logger()

# A page loads and runs only our own files, and cannot be framed (CSP Level 3).
CONTENT_SECURITY_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

FIELDS_OF_EVERY_RESPONSE: tuple[Header, ...] = (
    (b"Content-Security-Policy", CONTENT_SECURITY_POLICY),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Referrer-Policy", b"same-origin"),
    (b"Cross-Origin-Opener-Policy", b"same-origin"),
    (b"Cross-Origin-Resource-Policy", b"same-origin"),
    (b"Cache-Control", b"no-store"),
)


class WebSite:
    """The HTTP service of all its listeners.

    `clock` keeps the deadlines of connections. `now` is the clock that stamps the record, and
    `lasting` the one by which sessions and links end. `zone` is that of the log; `None` is the
    machine's own. `trouble` returns what keeps logins from being recorded, if anything. Long work
    waits for its `turn`. If the record is another server's (`is_watched`), its accounts are not
    those of this console, and the server cannot be changed here.
    """

    def __init__(
        self,
        *,
        authority: Authority,
        clock: IReactorTime,
        now: Callable[[], float],
        lasting: Callable[[], float],
        feed: Feed,
        api_token: str,
        api_tokens: ApiTokens,
        operations: Operations,
        tokens: Issuer,
        metrics: Metrics,
        logs: LogFiles,
        reports: Reports,
        forwarded_from: tuple[Network, ...] = (),
        hosts: tuple[str, ...] = (),
        trouble: Callable[[], str | None] = lambda: None,
        zone: tzinfo | None = UTC,
        turn: Turn = at_once,
        is_watched: bool = False,
    ) -> None:
        offers = of_watched_server if is_watched else everything
        self.stopping = False  # whether the server is stopping
        self.backlog = Backlog()
        self._readers = Readers(turn, self.backlog)
        self._authority = authority
        self._operations = operations
        self._clock = clock
        self._forwarded_from = forwarded_from
        self._trouble = trouble
        self._origins = Origins(
            authority.hostname,
            hosts,
            forwarded_from,
            autoconfig.PATHS,
            lambda: _domains(authority.accounts),
        )
        self._connection_key = secrets.token_bytes(32)
        sessions = Sessions(lasting, lambda: authority.accounts)
        form_tokens = FormTokens(secrets.token_bytes(32))
        static = StaticFiles()
        self._pages = Pages(static, form_tokens, Clockface(now, zone), offers)
        administration = Administration(authority, operations)
        filters = Filters(authority, reports.now)
        self._streams = EventStreams(feed, clock, turn)
        metrics.watch(self._look)
        self._links = AdminLinks(lasting, sessions)
        self._doorkeeper = Doorkeeper(authority, sessions, api_token, api_tokens)
        self._sign_in = SignIn(authority, sessions, form_tokens, self._pages)

        def expected() -> Iterable[Account]:
            return () if is_watched else authority.accounts

        console = Console(
            authority=authority,
            operations=operations,
            administration=administration,
            reports=ImpatientReports(reports, clock),
            filters=filters,
            feed=feed,
            log_files=logs,
            form_tokens=form_tokens,
            pages=self._pages,
            viewer_of=self._doorkeeper.in_session,
            expected=expected,
            tls_ports=(
                (lambda: WELL_KNOWN_TLS_PORTS)
                if is_watched
                else (lambda: tls_ports(operations.services()))
            ),
        )
        self.routes = Routes(
            route
            for route in (
                OpenRoute("GET", "/healthz", self._healthy, brief=True),
                OpenRoute("GET", "/static/{name}", static.serve),
                OpenRoute("GET", "/open/{token}", self._links.open, brief=True),
                *self._sign_in.routes(),
                *routes(console),
                *Tokens(authority, tokens).routes(),
                *Api(
                    authority,
                    feed,
                    operations,
                    administration,
                    ApiReports(expected, reports, filters),
                    turn,
                    offers,
                ).routes(),
                TokenRoute("GET", "/metrics", metrics.serve),
                Route(Door.EITHER, "GET", "/events", Access.USER, self._events, brief=True),
            )
            if offers(route.path)
        )

    def channel(self, policy: Callable[[], Policy]) -> Channel:
        """Return the protocol for a new connection; `policy` is its listener's."""

        def connection_of(transport: Facts) -> Connection:
            client, hop = transport.client_facts()
            return Connection(client, hop, policy, key=self._connection_key)

        return Channel(self, connection_of, self._clock)

    def admin_link(self) -> str:
        """Make a one-time link that opens the console as operator; return its path."""
        return self._links.issue()

    def close(self) -> None:
        """End the event streams, since the server stops."""
        self._streams.close()

    # Called by the channel (`web.http.channel.Application`).

    async def answer(self, request: Request) -> Response:
        """Answer a request, even if that fails."""
        try:
            response = await self._answer(request)
        except HttpError as error:
            response = self._error(request, error)
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001
            log.failure("{request!r} could not be answered", request=request)
            response = self._error(
                request, HttpError(500, "Internal error: the server could not answer this request.")
            )
        return _secured(response)

    def refusal(self, error: HttpError) -> Response:
        """Answer a request that is not valid, in plain text."""
        return _secured(plain(error, close=True))

    def ended(self, connection: Connection, ending: Ending) -> None:
        """Record a connection that ended without a request."""
        LoginSession(
            connection.client, self._authority, connection.policy, hop=connection.hop
        ).ended(ending)

    async def _answer(self, request: Request) -> Response:
        self._origins.check(request)
        request = self._as_the_client(request)
        viewer: Viewer | None = None
        route = self.routes.find(request)
        make: Callable[[], EventualResponse]
        is_bounded = False
        match route:
            case OpenRoute():
                make, reader = partial(route.handler, request), request.client.ip
            case TokenRoute():
                if self._doorkeeper.token_scope(request) is None:
                    raise HttpError(401, "The API token is required.", BEARER_CHALLENGE)
                make, reader = partial(route.handler, request), OPERATOR
            case Route():
                viewer = await self._let_in(request, route.door)
                if viewer is None:
                    return self._to_sign_in(request)
                require(viewer, route.access, route.method)
                make, reader = partial(route.handler, request, viewer), viewer.name
                is_bounded = viewer.only_user is not None
            case _:
                assert_never(route)
        try:
            if route.method == "GET" and not route.brief:
                return await self._readers.answer(reader, make, is_bounded=is_bounded)
            answer = make()
            return await answer if isawaitable(answer) else answer
        except StillReading as still:
            return self._still_reading(request, viewer, still.reading)

    def _still_reading(self, request: Request, viewer: Viewer | None, reading: Reading) -> Response:
        """Show how far the logs have been read; the browser asks again by itself."""
        page = self._pages.page(request, viewer, "reading.html", percent=reading.percent)
        again = b"%d" % AGAIN_SECONDS
        headers = ((b"Refresh", again), (b"Retry-After", again))
        return msgspec.structs.replace(page, status=503, headers=(*page.headers, *headers))

    def _events(self, request: Request, viewer: Viewer) -> Response:
        """Stream the events that the viewer may see, continuing after the last one seen."""
        last = request.field(b"last-event-id")
        query = {"after": last.decode("latin-1")} if last is not None else request.query
        after = number(query, "after", 0, MAX_NUMBER) if "after" in query else None
        return self._streams.response(
            selection(request.query, viewer),
            after,
            lambda: self._doorkeeper.is_still_let_in(request, viewer),
            viewer.only_user,
        )

    def _healthy(self, _: Request) -> Response:
        """Report whether logins can be recorded, for a load balancer."""
        trouble = "the server is stopping" if self.stopping else self._trouble()
        if trouble is not None:
            return Response(status=503, body=f"{trouble}\n".encode(), content_type=TEXT)
        return Response(body=b"ok\n", content_type=TEXT)

    async def _look(self) -> Gauges:
        open_now = Counter(one.listener for one in await self._operations.connections())
        return Gauges(
            connections_by_listener=open_now,
            blocked_addresses=len(self._authority.blocking.blocked()),
            event_streams=len(self._streams),
            record_times=await self._operations.record_times(),
        )

    async def _let_in(self, request: Request, door: Door) -> Viewer | None:
        match door:
            case Door.SESSION:
                return self._doorkeeper.in_session(request)
            case Door.API:
                return await self._doorkeeper.at_the_api(request)
            case Door.EITHER:
                return await self._doorkeeper.either_way(request)
            case _:
                assert_never(door)

    def _as_the_client(self, request: Request) -> Request:
        """Replace the client by the one that the trusted proxies report."""
        try:
            client, hop = resolve(request.client, request.hop, request.fields, self._forwarded_from)
        except MalformedForwarded as error:
            raise HttpError(400, f"The proxy sent {error}.") from None
        return msgspec.structs.replace(request, client=client, hop=hop)

    def _to_sign_in(self, request: Request) -> Response:
        """Show a visitor the sign-in form, which then continues to the requested page."""
        if request.method == "POST":
            return see_other(FORM)
        if request.target == HOME:
            return self._sign_in.show(request)
        return see_other(f"{FORM}?next={request.target}")

    def _error(self, request: Request, error: HttpError) -> Response:
        if request.path[0] in ("api", "events", "metrics", "token", "revoke"):
            answer = json({"error": error.message}, status=error.status, headers=error.headers)
            return msgspec.structs.replace(answer, close=error.close)
        try:
            page = self._pages.render(
                "error.html",
                status=error.status,
                phrase=HTTPStatus(error.status).phrase,
                message=error.message,
            )
        except Exception:  # noqa: BLE001
            log.failure("the page for an error could not be made")
            return plain(error, close=error.close)
        return Response(status=error.status, body=page, headers=error.headers, close=error.close)


def _domains(accounts: Accounts) -> Iterator[str]:
    for account in accounts:
        for name in (account.name, *account.aliases):
            yield name.rpartition("@")[2]


def _secured(response: Response) -> Response:
    """Add the fields of every response, unless it sets them itself."""
    if not response.headers:
        return msgspec.structs.replace(response, headers=FIELDS_OF_EVERY_RESPONSE)
    said = {name for name, _ in response.headers}
    more = tuple(field for field in FIELDS_OF_EVERY_RESPONSE if field[0] not in said)
    return msgspec.structs.replace(response, headers=response.headers + more)
