"""The console's page of who is connected, and who is blocked."""

from mailauth.login.authority import Authority
from mailauth.web.access import Access, Viewer
from mailauth.web.administration import Administration
from mailauth.web.forms import FormTokens, text
from mailauth.web.http.message import Request, Response, see_other
from mailauth.web.instants import instant
from mailauth.web.operations import Operations
from mailauth.web.pages import Pages
from mailauth.web.routes import AnyRoute, Door, Route

_PAGE = "/connections"


class Connections:
    """`/connections`."""

    def __init__(
        self,
        authority: Authority,
        operations: Operations,
        administration: Administration,
        tokens: FormTokens,
        pages: Pages,
    ) -> None:
        self._authority = authority
        self._operations = operations
        self._administration = administration
        self._tokens = tokens
        self._pages = pages

    def routes(self) -> tuple[AnyRoute, ...]:
        """List what it answers."""
        return (
            Route(Door.SESSION, "GET", _PAGE, Access.ADMIN, self.show),
            Route(Door.SESSION, "POST", "/unblock", Access.ADMIN, self.unblock),
        )

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """Show the connections that are open now, the oldest first, and the blocked addresses."""
        return self._pages.page(
            request,
            viewer,
            "connections.html",
            connections=sorted(await self._operations.connections(), key=lambda one: one.since),
            blocked=[(one, instant(one.until)) for one in self._authority.blocking.blocked()],
        )

    async def unblock(self, request: Request, _: Viewer) -> Response:
        """Let an address try again."""
        form = self._tokens.session_form(request)
        await self._administration.unblock(text(form, "address"))
        return see_other(_PAGE)
