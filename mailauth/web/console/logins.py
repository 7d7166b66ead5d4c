"""The console's pages of logins: those that succeeded, where they come from, and who is absent."""

from mailauth.login.authority import Authority
from mailauth.report.period import ABSENT_DAYS, Expected
from mailauth.report.rows import Absent, Country, Login
from mailauth.web.access import Access, Viewer
from mailauth.web.console.listing import Lists
from mailauth.web.filters import MAX_DAYS, given
from mailauth.web.http.message import Request, Response
from mailauth.web.reports import Answering
from mailauth.web.routes import AnyRoute, Door, Route
from mailauth.web.selection import number


class Logins:
    """`/logins`, `/countries` and `/absent`."""

    def __init__(self, authority: Authority, reports: Answering, lists: Lists) -> None:
        self._authority = authority
        self._reports = reports
        self._lists = lists

    def routes(self) -> tuple[AnyRoute, ...]:
        """List what they answer."""
        return (
            Route(Door.SESSION, "GET", "/logins", Access.ADMIN, self.logins),
            Route(Door.SESSION, "GET", "/countries", Access.ADMIN, self.countries),
            Route(Door.SESSION, "GET", "/absent", Access.ADMIN, self.absent),
        )

    async def logins(self, request: Request, viewer: Viewer) -> Response:
        """Show the logins, the newest first."""
        return await self._lists.show(
            request,
            viewer,
            "logins.html",
            Login,
            lambda rows: {"logins": rows},
            newest_first=True,
        )

    async def countries(self, request: Request, viewer: Viewer) -> Response:
        """Show where each account logs in from, the busiest country first."""
        return await self._lists.show(
            request, viewer, "countries.html", Country, lambda rows: {"rows": rows}
        )

    async def absent(self, request: Request, viewer: Viewer) -> Response:
        """Show who was never seen SECURE, and who was not seen for some days."""
        expected = expected_now(
            self._authority,
            self._reports,
            number(given(request.query), "days", ABSENT_DAYS, MAX_DAYS),
        )
        return await self._lists.show(
            request,
            viewer,
            "absent.html",
            Absent,
            lambda rows: {"rows": rows, "days": expected.days},
            expected=expected,
        )


def expected_now(authority: Authority, reports: Answering, days: int) -> Expected:
    """Return who should be there; the time goes by minutes, so that answers can be remembered."""
    return Expected(
        now=reports.now().replace(second=0, microsecond=0),
        accounts=tuple(account.name for account in authority.accounts),
        days=days,
    )
