"""The console's pages of logins: successful ones, their countries, and absent accounts."""

from collections.abc import Iterable

from mailauth.login.accounts import Account
from mailauth.report.period import ABSENT_DAYS, Expected
from mailauth.report.rows import Absent, Country, Login
from mailauth.web.access import Viewer
from mailauth.web.console.console import Console
from mailauth.web.console.listing import show_list
from mailauth.web.filters import MAX_DAYS, given
from mailauth.web.http.message import Request, Response
from mailauth.web.reports import Answering
from mailauth.web.selection import number


async def logins(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show the logins, newest first."""
    return await show_list(
        console,
        request,
        viewer,
        "logins.html",
        Login,
        lambda rows: {"logins": rows},
        newest_first=True,
    )


async def countries(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show where each account logs in from, the most frequent country first."""
    return await show_list(
        console, request, viewer, "countries.html", Country, lambda rows: {"rows": rows}
    )


async def absent(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show accounts that never logged in SECURE, or not at all for some days."""
    expected = expected_now(
        console.expected(),
        console.reports,
        number(given(request.query), "days", ABSENT_DAYS, MAX_DAYS),
    )
    return await show_list(
        console,
        request,
        viewer,
        "absent.html",
        Absent,
        lambda rows: {"rows": rows, "days": expected.days},
        expected=expected,
    )


def expected_now(accounts: Iterable[Account], reports: Answering, days: int) -> Expected:
    """Return the expected accounts, by the minute so that answers can be cached."""
    return Expected(
        now=reports.now().replace(second=0, microsecond=0),
        accounts=tuple(account.name for account in accounts),
        days=days,
    )
