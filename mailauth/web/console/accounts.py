"""The console's pages of all accounts, and of one account with everything known about it."""

from typing import TYPE_CHECKING

import msgspec

from mailauth.login.accounts import Account
from mailauth.report.period import Wanted
from mailauth.report.rows import Case, Country, Exposure, Insecure, Login, Totals
from mailauth.web.access import Viewer
from mailauth.web.console.cases import with_advice
from mailauth.web.console.confirming import Doubt, ask, is_confirmed
from mailauth.web.console.console import Console
from mailauth.web.console.listing import Listing
from mailauth.web.filters import PAGE, given, page_of
from mailauth.web.forms import text
from mailauth.web.http.message import HttpError, Request, Response, see_other

if TYPE_CHECKING:
    from mailauth.report.logs import Logs

_PAGE = "/accounts"

LOGINS = 50  # of one account, on its page
ROWS = 200  # of each other kind there


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What the logs contain about one account."""

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


def show(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show the accounts whose names contain the search text."""
    query = given(request.query)
    page = page_of(query)
    part = query.get("user", "").casefold()
    accounts = [each for each in console.authority.accounts if not part or _has(each, part)]
    shown = accounts[page.offset : page.offset + PAGE]
    listing = Listing(
        query=query,
        page=page.number,
        shown=len(shown),
        total=len(accounts),
        filters=frozenset(),
    )
    return console.pages.page(
        request, viewer, "accounts.html", accounts=shown, query=query, listing=listing
    )


async def one(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show one account: its cases, clients, exposures, countries and logins.

    It may be an account that is only in the logs.
    """
    name = request.query.get("name", "")
    account = console.authority.accounts.find(name.encode("utf-8", "surrogatepass"))
    story = await console.reports.answer(StoryOf(account.name if account is not None else name))
    if account is None and not (story.totals.logins or story.exposures):
        raise HttpError(404, "There is no such account.")
    return console.pages.page(
        request,
        viewer,
        "account.html",
        name=account.name if account is not None else name,
        account=account,
        story=story,
        advised=with_advice(console, story.cases),
    )


async def disable(console: Console, request: Request, viewer: Viewer) -> Response:
    """Disable an account after confirmation, but not the viewer's own."""
    form = console.form_tokens.session_form(request)
    name = text(form, "account")
    account = console.administration.account(name)
    if viewer.account is not None and account == viewer.account:
        raise HttpError(403, "You cannot disable the account that you are signed in with.")
    if not is_confirmed(form):
        doubt = Doubt(
            title="Disable the account?",
            about=account.name,
            consequence="Nobody can log in to it until it is enabled again or the server is"
            " restarted. Its sessions in this console end.",
            label="Disable",
            action="/disable",
            fields={"account": name},
            back=_PAGE,
        )
        return ask(console, request, viewer, doubt)
    await console.administration.set_disabled(name, disabled=True)
    return see_other(_PAGE)


async def enable(console: Console, request: Request, _: Viewer) -> Response:
    """Enable an account again."""
    name = text(console.form_tokens.session_form(request), "account")
    await console.administration.set_disabled(name, disabled=False)
    return see_other(_PAGE)


def _has(account: Account, part: str) -> bool:
    return any(part in name.casefold() for name in (account.name, *account.aliases))
