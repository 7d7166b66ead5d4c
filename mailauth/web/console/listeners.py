"""The console's page of the listeners, on which a cut-off can be tried and undone."""

from collections import Counter

from mailauth.login.policy import Cleartext
from mailauth.web.access import Viewer
from mailauth.web.console.console import Console
from mailauth.web.forms import text
from mailauth.web.http.message import Request, Response, see_other
from mailauth.web.selection import choice
from mailauth.web.session.sign_in import destination

_PAGE = "/listeners"


async def show(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show the listeners and their current state."""
    return console.pages.page(
        request,
        viewer,
        "listeners.html",
        services=console.operations.services(),
        reporters=console.operations.reporters(),
        open_now=Counter(one.listener for one in await console.operations.connections()),
    )


async def set_cleartext(console: Console, request: Request, _: Viewer) -> Response:
    """Allow or refuse cleartext logins on a listener; go `back` to the page of the form."""
    form = console.form_tokens.session_form(request)
    cleartext = choice({"cleartext": text(form, "cleartext")}, "cleartext", Cleartext)
    assert cleartext is not None
    await console.administration.set_cleartext(text(form, "listener"), cleartext)
    back = form.get("back", _PAGE.encode()).decode("utf-8", "replace")
    return see_other(destination(back))
