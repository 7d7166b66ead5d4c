"""The console's pages of cases and of insecure clients: who, since when, and what to do."""

from collections.abc import Callable, Iterable, Mapping

from mailauth.login.event import Service
from mailauth.report.advice import advice, insecure_advice
from mailauth.report.rows import Case, Insecure
from mailauth.setup.services import WELL_KNOWN_TLS_PORTS
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
    ports_at = _ports_at(console)
    return await show_list(
        console,
        request,
        viewer,
        "insecure.html",
        Insecure,
        lambda rows: {
            "advised": [(row, insecure_advice(row, ports_at(row.listener), moment)) for row in rows]
        },
    )


def with_advice(console: Console, found: Iterable[Case]) -> list[tuple[Case, str]]:
    """Return cases, each with advice."""
    ports_at = _ports_at(console)
    return [(case, advice(case, ports_at(case.listener), moment)) for case in found]


def _ports_at(console: Console) -> Callable[[str | None], Mapping[Service, int]]:
    """Return a function that maps a listener to its server's ports where TLS begins at once.

    What has a reporter's name is another server's login.
    """
    own, reporters = console.tls_ports(), {each.name for each in console.operations.reporters()}
    return lambda listener: WELL_KNOWN_TLS_PORTS if listener in reporters else own
