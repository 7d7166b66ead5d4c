"""The console's pages."""

from mailauth.web.access import Access, Viewer
from mailauth.web.message import Request, Response
from mailauth.web.pages import Pages
from mailauth.web.routes import AnyRoute, Door, Route


class Console:
    """What somebody sees who has signed in."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def routes(self) -> tuple[AnyRoute, ...]:
        """List the pages."""
        return (Route(Door.SESSION, "GET", "/", Access.USER, self.home),)

    def home(self, request: Request, viewer: Viewer) -> Response:
        """Say who has signed in, and how."""
        return self._pages.page(request, viewer, "home.html")
