"""The console's page of the logins that succeeded, filtered, the newest first."""

import msgspec

from mailauth.report.rows import Login
from mailauth.web.access import Access, Viewer
from mailauth.web.filters import PAGE, Filters, given, page_of
from mailauth.web.message import Request, Response
from mailauth.web.pages import Pages
from mailauth.web.reports import Reports, RowsOf
from mailauth.web.routes import AnyRoute, Door, Route


class Logins:
    """`/logins`."""

    def __init__(self, reports: Reports, filters: Filters, pages: Pages) -> None:
        self._reports = reports
        self._filters = filters
        self._pages = pages

    def routes(self) -> tuple[AnyRoute, ...]:
        """List what it answers."""
        return (Route(Door.SESSION, "GET", "/logins", Access.ADMIN, self.show),)

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """Show one page of them."""
        query = given(request.query)
        page = page_of(query)
        wanted = msgspec.structs.replace(self._filters.wanted(query, viewer), newest_first=True)
        rows = await self._reports.answer(
            RowsOf(kind=Login, wanted=wanted, limit=PAGE + 1, offset=page.offset)
        )
        return self._pages.page(
            request,
            viewer,
            "logins.html",
            query=query,
            page=page.number,
            has_more=len(rows) > PAGE,
            logins=rows[:PAGE],
        )
