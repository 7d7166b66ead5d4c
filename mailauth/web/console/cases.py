"""The console's pages of cases and of insecure clients: who, since when, and what to do."""

from collections.abc import Iterable

from mailauth.report.advice import advice, insecure_advice
from mailauth.report.rows import Case, Insecure
from mailauth.web.access import Viewer
from mailauth.web.console.console import Console
from mailauth.web.console.listing import show_list
from mailauth.web.http.message import Request, Response
from mailauth.web.instants import moment


async def cases(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show the cases, the open ones first."""
    return await show_list(
        console,
        request,
        viewer,
        "cases.html",
        Case,
        lambda rows: {"advised": with_advice(console, rows)},
    )


async def insecure(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show who logged in insecurely with which client."""
    ports = console.tls_ports()
    return await show_list(
        console,
        request,
        viewer,
        "insecure.html",
        Insecure,
        lambda rows: {"advised": [(row, insecure_advice(row, ports, moment)) for row in rows]},
    )


def with_advice(console: Console, found: Iterable[Case]) -> list[tuple[Case, str]]:
    """Return cases, each with advice."""
    ports = console.tls_ports()
    return [(case, advice(case, ports, moment)) for case in found]
