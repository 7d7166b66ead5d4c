"""The console's page of open connections and blocked addresses."""

from mailauth.web.access import Viewer
from mailauth.web.console.console import Console
from mailauth.web.forms import text
from mailauth.web.http.message import Request, Response, see_other
from mailauth.web.instants import instant

_PAGE = "/connections"


async def show(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show the open connections, oldest first, and the blocked addresses."""
    return console.pages.page(
        request,
        viewer,
        "connections.html",
        connections=sorted(await console.operations.connections(), key=lambda one: one.since),
        blocked=[(one, instant(one.until)) for one in console.authority.blocking.blocked()],
    )


async def unblock(console: Console, request: Request, _: Viewer) -> Response:
    """Unblock an address."""
    form = console.form_tokens.session_form(request)
    await console.administration.unblock(text(form, "address"))
    return see_other(_PAGE)
