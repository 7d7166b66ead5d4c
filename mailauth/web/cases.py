"""The console's pages of cases and of insecure clients: who, since when, and what to do."""

from collections.abc import Callable
from typing import TypeVar

from mailauth.report.advice import advice, insecure_advice
from mailauth.report.period import Wanted
from mailauth.report.rows import Case, Insecure, Row
from mailauth.web.access import Access, Viewer
from mailauth.web.filters import PAGE, Filters, given, page_of
from mailauth.web.instants import moment
from mailauth.web.message import Request, Response
from mailauth.web.operations import Operations
from mailauth.web.pages import Pages
from mailauth.web.reports import Reports, RowsOf
from mailauth.web.routes import AnyRoute, Door, Route
from mailauth.web.services import tls_ports

R = TypeVar("R", bound=Row)


class CasePages:
    """`/cases` and `/insecure`."""

    def __init__(
        self, reports: Reports, filters: Filters, operations: Operations, pages: Pages
    ) -> None:
        self._reports = reports
        self._filters = filters
        self._operations = operations
        self._pages = pages

    def routes(self) -> tuple[AnyRoute, ...]:
        """List what they answer."""
        return (
            Route(Door.SESSION, "GET", "/cases", Access.ADMIN, self.cases),
            Route(Door.SESSION, "GET", "/insecure", Access.ADMIN, self.insecure),
        )

    async def cases(self, request: Request, viewer: Viewer) -> Response:
        """Show the cases, the open ones first."""
        ports = tls_ports(self._operations.services())
        return await self._show(
            request, viewer, "cases.html", Case, lambda case: advice(case, ports, moment)
        )

    async def insecure(self, request: Request, viewer: Viewer) -> Response:
        """Show who logged in insecurely with which client."""
        ports = tls_ports(self._operations.services())
        return await self._show(
            request,
            viewer,
            "insecure.html",
            Insecure,
            lambda row: insecure_advice(row, ports, moment),
        )

    async def _show(
        self,
        request: Request,
        viewer: Viewer,
        template: str,
        kind: type[R],
        advise: Callable[[R], str],
    ) -> Response:
        query = given(request.query)
        page = page_of(query)
        wanted: Wanted = self._filters.wanted(query, viewer)
        rows = await self._reports.answer(
            RowsOf(kind=kind, wanted=wanted, limit=PAGE + 1, offset=page.offset)
        )
        return self._pages.page(
            request,
            viewer,
            template,
            query=query,
            page=page.number,
            has_more=len(rows) > PAGE,
            advised=[(row, advise(row)) for row in rows[:PAGE]],
        )
