"""The console's pages of the accounts, and of one with all that is known of it."""

from typing import TYPE_CHECKING

import msgspec

from mailauth.login.accounts import Account
from mailauth.login.authority import Authority
from mailauth.report.advice import advice
from mailauth.report.period import Wanted
from mailauth.report.rows import Case, Country, Exposure, Insecure, Login, Totals
from mailauth.setup.services import tls_ports
from mailauth.web.access import Access, Viewer
from mailauth.web.administration import Administration
from mailauth.web.console.confirming import Doubt, ask, is_confirmed
from mailauth.web.console.listing import Listing
from mailauth.web.filters import PAGE, given, page_of
from mailauth.web.forms import FormTokens, text
from mailauth.web.http.message import HttpError, Request, Response, see_other
from mailauth.web.instants import moment
from mailauth.web.operations import Operations
from mailauth.web.pages import Pages
from mailauth.web.reports import Answering
from mailauth.web.routes import AnyRoute, Door, Route

if TYPE_CHECKING:
    from mailauth.report.logs import Logs

_PAGE = "/accounts"

LOGINS = 50  # of one account, on its page
ROWS = 200  # of another kind there


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What the logs know of one account."""

    totals: Totals
    cases: list[Case]
    clients: list[Insecure]
    exposures: list[Exposure]
    countries: list[Country]
    logins: list[Login]


class StoryOf(msgspec.Struct, frozen=True):
    """The story of the account with this name."""

    name: str

    def ask(self, logs: "Logs") -> Story:
        """Ask the logs. Blocks."""
        wanted = Wanted(account=self.name)
        newest = msgspec.structs.replace(wanted, newest_first=True)
        return Story(
            totals=logs.totals(wanted),
            cases=logs.rows(Case, wanted, limit=ROWS),
            clients=logs.rows(Insecure, wanted, limit=ROWS),
            exposures=logs.rows(Exposure, wanted, limit=ROWS),
            countries=logs.rows(Country, wanted, limit=ROWS),
            logins=logs.rows(Login, newest, limit=LOGINS),
        )


class AccountPages:
    """`/accounts` and `/account`."""

    def __init__(
        self,
        authority: Authority,
        reports: Answering,
        operations: Operations,
        administration: Administration,
        tokens: FormTokens,
        pages: Pages,
    ) -> None:
        self._authority = authority
        self._reports = reports
        self._operations = operations
        self._administration = administration
        self._tokens = tokens
        self._pages = pages

    def routes(self) -> tuple[AnyRoute, ...]:
        """List what they answer."""
        return (
            Route(Door.SESSION, "GET", _PAGE, Access.ADMIN, self.show),
            Route(Door.SESSION, "GET", "/account", Access.ADMIN, self.one),
            Route(Door.SESSION, "POST", "/disable", Access.ADMIN, self.disable),
            Route(Door.SESSION, "POST", "/enable", Access.ADMIN, self.enable),
        )

    def show(self, request: Request, viewer: Viewer) -> Response:
        """Show the accounts whose names have what was asked for in them."""
        query = given(request.query)
        page = page_of(query)
        part = query.get("user", "").casefold()
        accounts = [each for each in self._authority.accounts if not part or _has(each, part)]
        shown = accounts[page.offset : page.offset + PAGE]
        listing = Listing(
            query=query,
            page=page.number,
            shown=len(shown),
            total=len(accounts),
            filters=frozenset(),
        )
        return self._pages.page(
            request, viewer, "accounts.html", accounts=shown, query=query, listing=listing
        )

    async def one(self, request: Request, viewer: Viewer) -> Response:
        """Show one account: its cases, clients, exposures, countries and logins.

        It may be one that is only in the logs.
        """
        name = request.query.get("name", "")
        account = self._authority.accounts.find(name.encode("utf-8", "surrogatepass"))
        story = await self._reports.answer(StoryOf(account.name if account is not None else name))
        if account is None and not (story.totals.logins or story.exposures):
            raise HttpError(404, "There is no such account.")
        ports = tls_ports(self._operations.services())
        return self._pages.page(
            request,
            viewer,
            "account.html",
            name=account.name if account is not None else name,
            account=account,
            story=story,
            advised=[(case, advice(case, ports, moment)) for case in story.cases],
        )

    async def disable(self, request: Request, viewer: Viewer) -> Response:
        """Disable an account once that is confirmed, though not one's own."""
        form = self._tokens.session_form(request)
        name = text(form, "account")
        account = self._administration.account(name)
        if viewer.account is not None and account == viewer.account:
            raise HttpError(403, "You cannot disable the account that you are signed in with.")
        if not is_confirmed(form):
            doubt = Doubt(
                title="Disable the account?",
                about=account.name,
                consequence="Nobody can log in with it until it is enabled again or the server is"
                " restarted. Its sessions in this console end.",
                label="Disable",
                action="/disable",
                fields={"account": name},
                back=_PAGE,
            )
            return ask(self._pages, request, viewer, doubt)
        await self._administration.set_disabled(name, disabled=True)
        return see_other(_PAGE)

    async def enable(self, request: Request, _: Viewer) -> Response:
        """Enable an account again."""
        name = text(self._tokens.session_form(request), "account")
        await self._administration.set_disabled(name, disabled=False)
        return see_other(_PAGE)


def _has(account: Account, part: str) -> bool:
    return any(part in name.casefold() for name in (account.name, *account.aliases))
