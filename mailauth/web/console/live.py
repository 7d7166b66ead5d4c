"""The console's live page: records as they are written."""

from urllib.parse import urlencode

from mailauth.web.access import Viewer
from mailauth.web.console.console import Console
from mailauth.web.http.message import Request, Response
from mailauth.web.selection import selection

SHOWN = 100  # events on the page

_FILTERS = ("kind", "result", "protocol", "secure", "user")


def show(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show the newest events, newest first."""
    wanted = selection(request.query, viewer)
    chosen = {name: request.query[name] for name in _FILTERS if name in request.query}
    return console.pages.page(
        request,
        viewer,
        "live.html",
        events=console.feed.newest_first(SHOWN, wanted),
        chosen=chosen,
        stream="/events?" + urlencode(chosen | {"after": console.feed.newest}),
    )
