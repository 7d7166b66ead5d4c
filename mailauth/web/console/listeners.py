"""The console's page of the listeners, on which a cut-off can be tried and taken back."""

from collections import Counter

from mailauth.login.policy import Cleartext
from mailauth.web.access import Access, Viewer
from mailauth.web.administration import Administration
from mailauth.web.forms import FormTokens, text
from mailauth.web.http.message import Request, Response, see_other
from mailauth.web.operations import Operations
from mailauth.web.pages import Pages
from mailauth.web.routes import AnyRoute, Door, Route
from mailauth.web.selection import choice
from mailauth.web.session.sign_in import destination

_PAGE = "/listeners"


class Listeners:
    """`/listeners`."""

    def __init__(
        self,
        operations: Operations,
        administration: Administration,
        tokens: FormTokens,
        pages: Pages,
    ) -> None:
        self._operations = operations
        self._administration = administration
        self._tokens = tokens
        self._pages = pages

    def routes(self) -> tuple[AnyRoute, ...]:
        """List what it answers."""
        return (
            Route(Door.SESSION, "GET", _PAGE, Access.ADMIN, self.show),
            Route(Door.SESSION, "POST", "/cleartext", Access.ADMIN, self.set_cleartext),
        )

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """Show the listeners as they stand."""
        return self._pages.page(
            request,
            viewer,
            "listeners.html",
            services=self._operations.services(),
            open_now=Counter(one.listener for one in await self._operations.connections()),
        )

    async def set_cleartext(self, request: Request, _: Viewer) -> Response:
        """Permit or refuse cleartext logins on a listener; go `back` to the page of the form."""
        form = self._tokens.session_form(request)
        cleartext = choice({"cleartext": text(form, "cleartext")}, "cleartext", Cleartext)
        assert cleartext is not None
        await self._administration.set_cleartext(text(form, "listener"), cleartext)
        back = form.get("back", _PAGE.encode()).decode("utf-8", "replace")
        return see_other(destination(back))
