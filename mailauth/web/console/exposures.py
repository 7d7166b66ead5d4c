"""The console's page of exposed passwords, on which one is marked as changed."""

from mailauth.report.rows import Exposure
from mailauth.web.access import Access, Viewer
from mailauth.web.administration import Administration
from mailauth.web.console.confirming import Doubt, ask, is_confirmed
from mailauth.web.console.listing import Lists
from mailauth.web.forms import FormTokens, text
from mailauth.web.http.message import Request, Response, see_other
from mailauth.web.pages import Pages
from mailauth.web.routes import AnyRoute, Door, Route

_PAGE = "/exposures"


class Exposures:
    """`/exposures`."""

    def __init__(
        self,
        lists: Lists,
        administration: Administration,
        tokens: FormTokens,
        pages: Pages,
    ) -> None:
        self._lists = lists
        self._administration = administration
        self._tokens = tokens
        self._pages = pages

    def routes(self) -> tuple[AnyRoute, ...]:
        """List what it answers."""
        return (
            Route(Door.SESSION, "GET", _PAGE, Access.ADMIN, self.show),
            Route(Door.SESSION, "POST", "/password-changed", Access.ADMIN, self.mark_as_changed),
        )

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """Show the passwords that crossed a network in clear and are still in use."""
        return await self._lists.show(
            request, viewer, "exposures.html", Exposure, lambda rows: {"exposures": rows}
        )

    async def mark_as_changed(self, request: Request, viewer: Viewer) -> Response:
        """Record that an account's password has been changed, once that is confirmed."""
        form = self._tokens.session_form(request)
        name = text(form, "account")
        if not is_confirmed(form):
            doubt = Doubt(
                title="Mark the password as changed?",
                about=self._administration.account(name).name,
                consequence="Its exposures are closed by a record in the journal, which stays. The"
                " password itself is not changed here.",
                label="Mark as changed",
                action="/password-changed",
                fields={"account": name},
                back=_PAGE,
            )
            return ask(self._pages, request, viewer, doubt)
        await self._administration.password_changed(name)
        return see_other(_PAGE)
