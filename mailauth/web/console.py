"""The console's pages."""

from mailauth.web.access import Access, Viewer
from mailauth.web.forms import TOKEN_FIELD, FormTokens
from mailauth.web.message import Request, Response
from mailauth.web.pages import Pages
from mailauth.web.routes import PageRoute, Route


class Console:
    """What somebody sees who has signed in."""

    def __init__(self, tokens: FormTokens, pages: Pages) -> None:
        self._tokens = tokens
        self._pages = pages

    def routes(self) -> tuple[Route, ...]:
        """List the pages."""
        return (PageRoute("GET", "/", Access.USER, self.home),)

    def home(self, request: Request, viewer: Viewer) -> Response:
        """Say who has signed in, and how."""
        page = self._pages.render(
            "home.html",
            viewer=viewer,
            hop=request.hop,
            token_field=TOKEN_FIELD,
            token=self._tokens.for_session(request),
        )
        return Response(body=page)
