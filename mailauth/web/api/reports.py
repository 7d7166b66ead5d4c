"""The reports in the API: the rows that the pages show, as JSON or CSV."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from mailauth.login.accounts import Account
from mailauth.login.event import Service
from mailauth.report.period import ABSENT_DAYS, Expected
from mailauth.report.rows import Absent, Case, Country, Cutoff, Exposure, Insecure, Row
from mailauth.web.access import Access, Viewer
from mailauth.web.console.logins import expected_now
from mailauth.web.exports import FileOf, Format, format_of, written
from mailauth.web.filters import MAX_DAYS, Filters
from mailauth.web.http.message import Header, HttpError, Request, Response, json
from mailauth.web.reports import Reports, SliceOf
from mailauth.web.routes import Door, EventualResponse, Parameter, Route
from mailauth.web.selection import number

MAX_ROWS = 1000  # of one answer
USUAL_ROWS = 100
MAX_OFFSET = 10_000_000

_PERIOD = (
    Parameter("since", str, "from this time on, in the zone of the log, such as 2026-11-23T16:12"),
    Parameter("until", str, "before this time"),
    Parameter("user", str, "an account's name"),
    Parameter("protocol", Service, "the service"),
    Parameter(
        "limit",
        Annotated[int, Meta(ge=1, le=MAX_ROWS)],
        f"the maximum number of rows (default: {USUAL_ROWS}); the field Link has the address"
        " of the next ones",
    ),
    Parameter("offset", Annotated[int, Meta(ge=0, le=MAX_OFFSET)], "how many rows to skip"),
    Parameter("format", Format, "JSON or CSV (default: what the field Accept prefers)"),
)
_PARTS = {
    "account_part": Parameter("account", str, "a part of the account's name, in any letter case"),
    "client": Parameter("client", str, "a part of what the client calls itself"),
    "address": Parameter("address", str, "a part of the address"),
    "listener": Parameter("listener", str, "a part of the listener's name"),
}
_DAYS = Parameter(
    "days",
    Annotated[int, Meta(ge=0, le=MAX_DAYS)],
    "after how many days without a login an account is absent",
)


class ApiReports:
    """The reports by their names. Times are in the zone of the log and without an offset."""

    def __init__(
        self, expected: Callable[[], Iterable[Account]], reports: Reports, filters: Filters
    ) -> None:
        self._expected = expected
        self._reports = reports
        self._filters = filters

    def routes(self) -> tuple[Route, ...]:
        """Return the routes of the reports."""
        return (
            _route(Access.USER, self.cases, Case),
            _route(Access.USER, self.insecure, Insecure),
            _route(Access.USER, self.exposures, Exposure),
            _route(Access.USER, self.countries, Country),
            _route(Access.ADMIN, self.cutoff, Cutoff),
            _route(Access.ADMIN, self.absent, Absent, _DAYS),
        )

    async def cases(self, request: Request, viewer: Viewer) -> Response:
        """List the cases, open ones first: the UNSECURE logins of an account to a service."""
        return await self._rows(request, viewer, Case)

    async def insecure(self, request: Request, viewer: Viewer) -> Response:
        """List the clients that logged in insecurely."""
        return await self._rows(request, viewer, Insecure)

    async def exposures(self, request: Request, viewer: Viewer) -> Response:
        """List the passwords that crossed a network in the clear and are still in use."""
        return await self._rows(request, viewer, Exposure)

    async def countries(self, request: Request, viewer: Viewer) -> Response:
        """List the countries from which accounts logged in."""
        return await self._rows(request, viewer, Country)

    async def cutoff(self, request: Request, viewer: Viewer) -> Response:
        """List the clients that would fail if cleartext were refused today."""
        return await self._rows(request, viewer, Cutoff)

    async def absent(self, request: Request, viewer: Viewer) -> Response:
        """List the accounts that have never logged in SECURE, or not at all for some days."""
        days = number(request.query, "days", ABSENT_DAYS, MAX_DAYS)
        expected = expected_now(self._expected(), self._reports, days)
        return await self._rows(request, viewer, Absent, expected)

    async def _rows(
        self, request: Request, viewer: Viewer, kind: type[Row], expected: Expected | None = None
    ) -> Response:
        query = {name: value for name, value in request.query.items() if name != "days"}
        possible = {_PARTS[name].name for name in kind.filters()}
        for parameter in _PARTS.values():
            if parameter.name in query and parameter.name not in possible:
                raise HttpError(
                    400, f"{parameter.name}: the report {kind.report} cannot be filtered by this."
                )
        wanted = self._filters.wanted(query, viewer)
        limit = number(query, "limit", USUAL_ROWS, MAX_ROWS, at_least=1)
        offset = number(query, "offset", 0, MAX_OFFSET)
        wished = format_of(request)
        question: SliceOf[Row] = SliceOf(
            kind=kind, wanted=wanted, limit=limit, offset=offset, expected=expected
        )
        found = await self._reports.answer(question)
        headers = _headers(request, found.total, offset, limit)
        if wished is Format.JSON:
            return json(found.rows, headers=headers)
        file = FileOf(
            kind=kind, wanted=wanted, format=wished, limit=limit, offset=offset, expected=expected
        )
        return await written(self._reports, file, *headers)


def _headers(request: Request, total: int, offset: int, limit: int) -> tuple[Header, ...]:
    """Return headers with the number of rows, and links to the rows before and after (RFC 8288)."""
    links = []
    if offset:
        links.append(_link(request, max(0, offset - limit), "prev"))
    if offset + limit < total and offset + limit <= MAX_OFFSET:
        links.append(_link(request, offset + limit, "next"))
    counted: tuple[Header, ...] = (
        (b"X-Total-Count", b"%d" % total),
        (b"Vary", b"Accept"),
    )
    return (*counted, (b"Link", b", ".join(links))) if links else counted


def _link(request: Request, offset: int, relation: str) -> bytes:
    there = msgspec.structs.replace(request, query={**request.query, "offset": str(offset)})
    return f'<{there.target}>; rel="{relation}"'.encode("ascii")


def _route(
    access: Access,
    handler: Callable[[Request, Viewer], EventualResponse],
    row: Any,
    *parameters: Parameter,
) -> Route:
    path = f"/api/v1/{row.report}"
    every = (*_PERIOD, *(_PARTS[name] for name in row.filters()), *parameters)
    return Route(
        Door.API, "GET", path, access, handler, list[row], every, formats=("text/csv",), paged=True
    )
