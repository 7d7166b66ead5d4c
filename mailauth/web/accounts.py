"""The console's page of the accounts, on which one can be disabled."""

from mailauth.login.authority import Authority
from mailauth.web.access import Access, Viewer
from mailauth.web.administration import Administration
from mailauth.web.forms import FormTokens, text
from mailauth.web.message import HttpError, Request, Response, see_other
from mailauth.web.pages import Pages
from mailauth.web.routes import AnyRoute, Door, Route

_PAGE = "/accounts"


class AccountPages:
    """`/accounts`."""

    def __init__(
        self,
        authority: Authority,
        administration: Administration,
        tokens: FormTokens,
        pages: Pages,
    ) -> None:
        self._authority = authority
        self._administration = administration
        self._tokens = tokens
        self._pages = pages

    def routes(self) -> tuple[AnyRoute, ...]:
        """List what it answers."""
        return (
            Route(Door.SESSION, "GET", _PAGE, Access.ADMIN, self.show),
            Route(Door.SESSION, "POST", "/disable", Access.ADMIN, self.disable),
            Route(Door.SESSION, "POST", "/enable", Access.ADMIN, self.enable),
        )

    def show(self, request: Request, viewer: Viewer) -> Response:
        """Show the accounts."""
        return self._pages.page(
            request, viewer, "accounts.html", accounts=list(self._authority.accounts)
        )

    async def disable(self, request: Request, viewer: Viewer) -> Response:
        """Disable an account, though not one's own: nobody could take it back."""
        name = text(self._tokens.session_form(request), "account")
        if viewer.account is not None and self._administration.account(name) == viewer.account:
            raise HttpError(403, "You cannot disable the account that you are signed in with.")
        await self._administration.set_disabled(name, disabled=True)
        return see_other(_PAGE)

    async def enable(self, request: Request, _: Viewer) -> Response:
        """Enable an account again."""
        name = text(self._tokens.session_form(request), "account")
        await self._administration.set_disabled(name, disabled=False)
        return see_other(_PAGE)
