"""The pages of the console by method and path, and who may open each."""

from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from mailauth.web.access import Access, Viewer
from mailauth.web.console import (
    accounts,
    autoconfig,
    cases,
    connections,
    cutoff,
    exposures,
    listeners,
    live,
    log_pages,
    logins,
    overview,
    setup,
)
from mailauth.web.console.console import Console
from mailauth.web.http.message import Request, Response
from mailauth.web.routes import AnyRoute, Door, EventualResponse, OpenRoute, Route


class Page(msgspec.Struct, frozen=True):
    """A page for permitted viewers, or the target of its form."""

    method: str
    path: str
    access: Access
    handler: Callable[[Console, Request, Viewer], EventualResponse]


class OpenPage(msgspec.Struct, frozen=True):
    """A page for everybody."""

    method: str
    path: str
    handler: Callable[[Console, Request], Response]


PAGES: tuple[Page, ...] = (
    Page("GET", "/", Access.USER, overview.show),
    Page("GET", "/live", Access.ADMIN, live.show),
    Page("GET", "/cases", Access.ADMIN, cases.cases),
    Page("GET", "/insecure", Access.ADMIN, cases.insecure),
    Page("GET", "/exposures", Access.ADMIN, exposures.show),
    Page("POST", "/password-changed", Access.ADMIN, exposures.mark_as_changed),
    Page("GET", "/cutoff", Access.ADMIN, cutoff.show),
    Page("GET", "/logins", Access.ADMIN, logins.logins),
    Page("GET", "/countries", Access.ADMIN, logins.countries),
    Page("GET", "/absent", Access.ADMIN, logins.absent),
    Page("GET", "/accounts", Access.ADMIN, accounts.show),
    Page("GET", "/account", Access.ADMIN, accounts.one),
    Page("POST", "/disable", Access.ADMIN, accounts.disable),
    Page("POST", "/enable", Access.ADMIN, accounts.enable),
    Page("GET", "/connections", Access.ADMIN, connections.show),
    Page("POST", "/unblock", Access.ADMIN, connections.unblock),
    Page("GET", "/listeners", Access.ADMIN, listeners.show),
    Page("POST", "/cleartext", Access.ADMIN, listeners.set_cleartext),
    Page("GET", "/log", Access.ADMIN, log_pages.show),
    Page("GET", "/records/{number}", Access.USER, log_pages.record),
)

OPEN_PAGES: tuple[OpenPage, ...] = (
    OpenPage("GET", "/setup", setup.show),
    OpenPage("GET", "/ca.pem", setup.ca_for_programs),
    OpenPage("GET", "/ca.crt", setup.ca_for_devices),
    *(OpenPage("GET", path, autoconfig.thunderbird) for path in autoconfig.THUNDERBIRD),
    *(OpenPage("POST", path, autoconfig.outlook) for path in autoconfig.OUTLOOK),
)


def routes(console: Console) -> Iterator[AnyRoute]:
    """Return the routes of a console's pages."""
    for page in PAGES:
        handler = partial(page.handler, console)
        yield Route(Door.SESSION, page.method, page.path, page.access, handler)
    for open_page in OPEN_PAGES:
        yield OpenRoute(open_page.method, open_page.path, partial(open_page.handler, console))
