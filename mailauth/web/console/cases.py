"""The console's pages of cases and of insecure clients: who, since when, and what to do."""

from mailauth.report.advice import advice, insecure_advice
from mailauth.report.rows import Case, Insecure
from mailauth.setup.services import tls_ports
from mailauth.web.access import Access, Viewer
from mailauth.web.console.listing import Lists
from mailauth.web.http.message import Request, Response
from mailauth.web.instants import moment
from mailauth.web.operations import Operations
from mailauth.web.routes import AnyRoute, Door, Route


class CasePages:
    """`/cases` and `/insecure`."""

    def __init__(self, lists: Lists, operations: Operations) -> None:
        self._lists = lists
        self._operations = operations

    def routes(self) -> tuple[AnyRoute, ...]:
        """List what they answer."""
        return (
            Route(Door.SESSION, "GET", "/cases", Access.ADMIN, self.cases),
            Route(Door.SESSION, "GET", "/insecure", Access.ADMIN, self.insecure),
        )

    async def cases(self, request: Request, viewer: Viewer) -> Response:
        """Show the cases, the open ones first."""
        ports = tls_ports(self._operations.services())
        return await self._lists.show(
            request,
            viewer,
            "cases.html",
            Case,
            lambda rows: {"advised": [(case, advice(case, ports, moment)) for case in rows]},
        )

    async def insecure(self, request: Request, viewer: Viewer) -> Response:
        """Show who logged in insecurely with which client."""
        ports = tls_ports(self._operations.services())
        return await self._lists.show(
            request,
            viewer,
            "insecure.html",
            Insecure,
            lambda rows: {"advised": [(row, insecure_advice(row, ports, moment)) for row in rows]},
        )
