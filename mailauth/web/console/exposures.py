"""The console's page of exposed passwords, which can be marked as changed."""

from mailauth.report.rows import Exposure
from mailauth.web.access import Viewer
from mailauth.web.console.confirming import Doubt, ask, is_confirmed
from mailauth.web.console.console import Console
from mailauth.web.console.listing import show_list
from mailauth.web.forms import text
from mailauth.web.http.message import Request, Response, see_other

_PAGE = "/exposures"


async def show(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show the passwords that crossed a network in the clear and are still in use."""
    return await show_list(
        console, request, viewer, "exposures.html", Exposure, lambda rows: {"exposures": rows}
    )


async def mark_as_changed(console: Console, request: Request, viewer: Viewer) -> Response:
    """Record, after confirmation, that an account's password has been changed."""
    form = console.form_tokens.session_form(request)
    name = text(form, "account")
    if not is_confirmed(form):
        doubt = Doubt(
            title="Mark the password as changed?",
            about=console.administration.account(name).name,
            consequence="A record in the journal closes its exposures, which cannot be undone. The"
            " password itself is not changed here.",
            label="Mark as changed",
            action="/password-changed",
            fields={"account": name},
            back=_PAGE,
        )
        return ask(console, request, viewer, doubt)
    await console.administration.password_changed(name)
    return see_other(_PAGE)
