"""The console's page of exposed passwords, on which one is marked as changed."""

from mailauth.report.rows import Exposure
from mailauth.web.access import Access, Viewer
from mailauth.web.administration import Administration
from mailauth.web.filters import PAGE, Filters, given, page_of
from mailauth.web.forms import FormTokens, text
from mailauth.web.message import Request, Response, see_other
from mailauth.web.pages import Pages
from mailauth.web.reports import Reports, RowsOf
from mailauth.web.routes import AnyRoute, Door, Route

_PAGE = "/exposures"


class Exposures:
    """`/exposures`."""

    def __init__(
        self,
        reports: Reports,
        filters: Filters,
        administration: Administration,
        tokens: FormTokens,
        pages: Pages,
    ) -> None:
        self._reports = reports
        self._filters = filters
        self._administration = administration
        self._tokens = tokens
        self._pages = pages

    def routes(self) -> tuple[AnyRoute, ...]:
        """List what it answers."""
        return (
            Route(Door.SESSION, "GET", _PAGE, Access.ADMIN, self.show),
            Route(Door.SESSION, "POST", "/password-changed", Access.ADMIN, self.mark_as_changed),
        )

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """Show the passwords that crossed a network in clear and are still in use."""
        query = given(request.query)
        page = page_of(query)
        rows = await self._reports.answer(
            RowsOf(
                kind=Exposure,
                wanted=self._filters.wanted(query, viewer),
                limit=PAGE + 1,
                offset=page.offset,
            )
        )
        return self._pages.page(
            request,
            viewer,
            "exposures.html",
            query=query,
            page=page.number,
            has_more=len(rows) > PAGE,
            exposures=rows[:PAGE],
        )

    async def mark_as_changed(self, request: Request, _: Viewer) -> Response:
        """Record that an account's password has been changed: its exposures are closed."""
        await self._administration.password_changed(
            text(self._tokens.session_form(request), "account")
        )
        return see_other(_PAGE)
