"""Forms: parsing them, and the token that proves that a form was ours (CSRF)."""

import hmac
import secrets
from collections.abc import Mapping

from mailauth.web.http import percent
from mailauth.web.http.message import Header, HttpError, Request
from mailauth.web.session.sessions import COOKIE, cookie_name, set_cookie

MAX_FIELDS = 32

TOKEN_FIELD = "csrf_token"
_VISITOR_COOKIE = COOKIE + b"-form"


def read_form(request: Request) -> Mapping[str, bytes]:
    """Return a form's fields, the first of each name, undecoded. Raises `HttpError`."""
    form: dict[str, bytes] = {}
    for name, value in form_fields(request):
        form.setdefault(name, value)
    return form


def form_fields(request: Request) -> list[tuple[str, bytes]]:
    """Return a form's fields in order, undecoded. Raises `HttpError`."""
    content_type, _, _ = (request.field(b"content-type") or b"").partition(b";")
    if content_type.strip().lower() != b"application/x-www-form-urlencoded":
        raise HttpError(415, "A form must be sent as application/x-www-form-urlencoded.")
    fields = request.body.split(b"&")
    if len(fields) > MAX_FIELDS:
        raise HttpError(400, "The form has too many fields.")
    pairs = [field.replace(b"+", b" ").partition(b"=") for field in fields]
    return [
        (percent.decoded(name).decode("utf-8", "replace"), percent.decoded(value))
        for name, _, value in pairs
    ]


def text(form: Mapping[str, bytes], name: str) -> str:
    """Return a field's text. Raises `HttpError` if it is missing."""
    value = form.get(name)
    if value is None:
        raise HttpError(400, f"The field {name} is missing.")
    return value.decode("utf-8", "replace")


class FormTokens:
    """Tokens that a page of another site cannot know, since they depend on a cookie.

    In a session, that is the session's cookie; before sign-in, one that only serves this purpose.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def for_session(self, request: Request) -> str:
        """Return the token for the forms of the request's session."""
        return self._token(b"session", request.cookies.get(cookie_name(request), b""))

    def for_visitor(self, request: Request) -> tuple[str, tuple[Header, ...]]:
        """Return the token for a sign-in form, and the cookie to set if there is none yet."""
        cookie = request.cookies.get(cookie_name(request, _VISITOR_COOKIE))
        if cookie:
            return self._token(b"visitor", cookie), ()
        cookie = secrets.token_urlsafe(16).encode("ascii")
        header = set_cookie(request, cookie, _VISITOR_COOKIE)
        return self._token(b"visitor", cookie), (header,)

    def visitor_sent(self, request: Request, form: Mapping[str, bytes]) -> bool:
        """Return whether a sign-in form was given to this visitor."""
        cookie = request.cookies.get(cookie_name(request, _VISITOR_COOKIE))
        return bool(cookie) and self._matches(self._token(b"visitor", cookie or b""), form)

    def session_form(self, request: Request) -> Mapping[str, bytes]:
        """Read a form of the request's session. Raises `HttpError` if it is not ours."""
        form = read_form(request)
        if not self._matches(self.for_session(request), form):
            raise HttpError(403, "This form has expired. Go back, reload the page and try again.")
        return form

    def _matches(self, token: str, form: Mapping[str, bytes]) -> bool:
        return hmac.compare_digest(token.encode("ascii"), form.get(TOKEN_FIELD, b""))

    def _token(self, kind: bytes, cookie: bytes) -> str:
        return hmac.digest(self._key, kind + b" " + cookie, "sha256").hex()
