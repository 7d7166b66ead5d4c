"""The console's live page: what is recorded, as it comes."""

from urllib.parse import urlencode

from mailauth.events.feed import Feed
from mailauth.web.access import Access, Viewer
from mailauth.web.http.message import Request, Response
from mailauth.web.pages import Pages
from mailauth.web.routes import AnyRoute, Door, Route
from mailauth.web.selection import selection

SHOWN = 100  # events on the page

_FILTERS = ("kind", "result", "protocol", "secure", "user")


class Live:
    """`/live`; the newest events, which the page's script goes on with."""

    def __init__(self, feed: Feed, pages: Pages) -> None:
        self._feed = feed
        self._pages = pages

    def routes(self) -> tuple[AnyRoute, ...]:
        """List what it answers."""
        return (Route(Door.SESSION, "GET", "/live", Access.ADMIN, self.show),)

    def show(self, request: Request, viewer: Viewer) -> Response:
        """Show the newest events, the last one first."""
        wanted = selection(request.query, viewer)
        chosen = {name: request.query[name] for name in _FILTERS if name in request.query}
        return self._pages.page(
            request,
            viewer,
            "live.html",
            events=self._feed.newest_first(SHOWN, wanted),
            chosen=chosen,
            stream="/events?" + urlencode(chosen | {"after": self._feed.newest}),
        )
