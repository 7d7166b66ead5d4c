"""Signing in to the console by its form, and out."""

from mailauth.login.authority import Authority
from mailauth.login.outcome import Answer
from mailauth.sasl import PasswordClaim
from mailauth.web.access import Access, Viewer
from mailauth.web.forms import TOKEN_FIELD, FormTokens, read_form
from mailauth.web.http.message import Request, Response, see_other
from mailauth.web.pages import Pages
from mailauth.web.routes import AnyRoute, Door, OpenRoute, Route
from mailauth.web.session.login import form_login, refusal
from mailauth.web.session.sessions import Sessions, drop_cookie

HOME = "/"
FORM = "/sign-in"


class SignIn:
    """The sign-in form, and its submission."""

    def __init__(
        self, authority: Authority, sessions: Sessions, tokens: FormTokens, pages: Pages
    ) -> None:
        self._authority = authority
        self._sessions = sessions
        self._tokens = tokens
        self._pages = pages

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes of the form."""
        return (
            OpenRoute("GET", FORM, self.show),
            OpenRoute("POST", FORM, self.submit),
            Route(Door.SESSION, "POST", "/sign-out", Access.USER, self.sign_out),
        )

    def show(self, request: Request) -> Response:
        """Show the form."""
        return self._form(request, destination(request.query.get("next", HOME)))

    async def submit(self, request: Request) -> Response:
        """Try the form's credentials: redirect into the console, or show the form again."""
        form = read_form(request)
        claim = PasswordClaim(authcid=form.get("username", b""), password=form.get("password", b""))
        onward = destination(form.get("next", b"").decode("utf-8", "replace"))
        is_ours = self._tokens.visitor_sent(request, form)
        outcome = await form_login(request, self._authority, claim, form_is_ours=is_ours)
        if outcome.account is not None:
            return see_other(onward, self._sessions.begin(request, outcome.account))
        error = refusal(outcome.answer, request, 403)
        message = error.message
        if outcome.answer is Answer.MALFORMED:
            message = "The form had expired. Please sign in again."
        return self._form(
            request,
            onward,
            status=error.status,
            message=message,
            name=claim.authcid.decode("utf-8", "replace"),
            close=error.close,
        )

    def sign_out(self, request: Request, _: Viewer) -> Response:
        """End the session."""
        self._tokens.session_form(request)
        self._sessions.end(request)
        return see_other(HOME, drop_cookie(request))

    def _form(
        self,
        request: Request,
        onward: str,
        *,
        status: int = 200,
        message: str | None = None,
        name: str = "",
        close: bool = False,
    ) -> Response:
        token, cookies = self._tokens.for_visitor(request)
        page = self._pages.render(
            "sign_in.html",
            action=FORM,
            token_field=TOKEN_FIELD,
            token=token,
            onward=onward,
            message=message,
            name=name,
            secure=request.hop.secure,
        )
        return Response(status=status, body=page, headers=cookies, close=close)


def destination(wanted: str) -> str:
    """Return the path to continue at: the requested one, if it is a path of this server."""
    printable = wanted.isascii() and wanted.isprintable() and " " not in wanted
    if not printable or not wanted.startswith("/") or wanted[1:2] in ("/", "\\"):
        return HOME
    return wanted
